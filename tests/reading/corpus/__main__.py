"""`python -m tests.reading.corpus OUTFOLDER`: write OUTFOLDER/{tune,held}/NAME.pdf and, beside each, NAME.json.

And OUTFOLDER/145-CV-TU.pdf: the dispatch of the Hải Dương Party committee that this program was asked for.
"""

import json
import sys
from pathlib import Path

from tests.reading.corpus import cases
from tests.reading.pages import dispatch_145, make_pdf


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "145-CV-TU.pdf").write_bytes(make_pdf(*dispatch_145()))
    for case in cases():
        place = folder / case.part
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{case.name}.pdf").write_bytes(case.make())
        told = {
            "layout": case.layout,
            "needs_ocr": case.needs_ocr,
            "overlays": case.overlays,
            "truth": case.truth,
        }
        text = json.dumps(told, ensure_ascii=False, indent=2, default=str)
        (place / f"{case.name}.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
