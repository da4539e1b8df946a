"""Judging against pyHanko as it comes, in one run: medians, and the ratio that issue C asks for beside each.

large    two signatures on 5 MB of text in 4,000 objects: stock `validate_pdf_signature` with difference analysis for both
         against `judge_pdf`, without and with the comparison of page pictures, which the peer does not make
many     1,000 one-page files with two signatures: one worker process against two
memory   of one process (RSS) after 200 and after 2,000 one-page files with two signatures

Processor time of this process: other programs on the machine disturb it less than they do the clock.
"""

import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

sys.path[:0] = [str(Path(__file__).parent.parent)]

from tests.validation.conftest import LEADER_BOX, NOW, SEAL_BOX, Pki, practice_pki, prepare, sign  # noqa: E402  found by the line above

from vanthu_cli.procedures.lookup import Lookup  # noqa: E402
from vanthu_cli.procedures.verify import Bench, Wish, verify  # noqa: E402
from vanthu_cli.register.verdicts import open_verdicts  # noqa: E402
from vanthu_cli.validation import pdf as judging  # noqa: E402

_PAGES = 1_000
_PACKED = 200
"""Objects in one object stream."""
_RUNS = 5
_MANY = 1_000
_HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_LINE = b"BT /F1 10 Tf 60 %d Td (Trang %d, dong %d: Doc lap - Tu do - Hanh phuc) Tj ET\n"


def bodies(pages: int, lines: int = 70) -> dict[int, bytes]:
    """Return the objects of a text file: four to a page, and two."""
    found = {1: b"<< /Type /Catalog /Pages 2 0 R >>"}
    for page in range(pages):
        first = 4 * page + 3
        text = b"".join(_LINE % (800 - 11 * line, page + 1, line + 1) for line in range(lines))
        found[first] = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources %d 0 R >>" % (
            first + 1,
            first + 2,
        )
        found[first + 1] = b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text)
        found[first + 2] = b"<< /Font << /F1 %d 0 R >> /ProcSet [ /PDF /Text ] >>" % (first + 3)
        found[first + 3] = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    kids = b" ".join(b"%d 0 R" % (4 * page + 3) for page in range(pages))
    found[2] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (pages, kids)
    return dict(sorted(found.items()))


def plain(objects: Mapping[int, bytes]) -> bytes:
    out, rows = BytesIO(_HEADER), [b"0000000000 65535 f \n"]
    out.seek(0, 2)
    for number, body in objects.items():
        rows.append(b"%010d 00000 n \n" % out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start, size = out.tell(), len(rows)
    out.write(b"xref\n0 %d\n%strailer\n<< /Size %d /Root 1 0 R >>\n" % (size, b"".join(rows), size))
    out.write(b"startxref\n%d\n%%%%EOF\n" % start)
    return out.getvalue()


def packed(objects: Mapping[int, bytes]) -> bytes:
    """Return the same file with everything that is no stream in object streams."""
    out, rows, number = BytesIO(_HEADER), {0: (0, 0, 65535)}, max(objects) + 1
    out.seek(0, 2)

    def put(number: int, entries: bytes, data: bytes) -> None:
        rows[number] = (1, out.tell(), 0)
        out.write(
            b"%d 0 obj\n<< %s /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (number, entries, len(data), data)
        )

    small = [each for each, body in objects.items() if b"endstream" not in body]
    for each in objects.keys() - set(small):
        put(each, b"", objects[each].partition(b"stream\n")[2].removesuffix(b"\nendstream"))
    for begin in range(0, len(small), _PACKED):
        part, header, body = small[begin : begin + _PACKED], b"", b""
        for index, each in enumerate(part):
            header += b"%d %d " % (each, len(body))
            body += objects[each] + b"\n"
            rows[each] = (2, number, index)
        entries = b"/Type /ObjStm /Filter /FlateDecode /N %d /First %d" % (len(part), len(header))
        put(number, entries, zlib.compress(header + body))
        number += 1
    start = out.tell()
    rows[number] = (1, start, 0)
    table = b"".join(
        b"%c%s%s" % (kind, place.to_bytes(4, "big"), more.to_bytes(2, "big"))
        for kind, place, more in (rows[each] for each in range(number + 1))
    )
    entries = b"/Type /XRef /W [1 4 2] /Filter /FlateDecode /Size %d /Root 1 0 R" % (number + 1)
    put(number, entries, zlib.compress(table))
    return out.getvalue() + b"startxref\n%d\n%%%%EOF\n" % start


def twice_signed(pdf: bytes, pki: Pki, *, prepared: bool) -> bytes:
    if prepared:
        return sign(sign(prepare(pdf), pki.leader, "LanhDao"), pki.office, "ConDau")
    return sign(sign(pdf, pki.leader, "LanhDao", LEADER_BOX), pki.office, "ConDau", SEAL_BOX)


def seconds(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def large(pki: Pki, folder: Path) -> None:
    objects = bodies(_PAGES)
    cases = {
        "fields made beforehand": twice_signed(plain(objects), pki, prepared=True),
        "seal in a new field": twice_signed(plain(objects), pki, prepared=False),
        "object streams": twice_signed(packed(objects), pki, prepared=True),
    }
    with_pictures = judging.compared
    for name, pdf in cases.items():
        file = folder / "large.pdf"
        file.write_bytes(pdf)

        def peer(pdf: bytes = pdf) -> None:
            context = ValidationContext(trust_roots=[pki.root.asn1], other_certs=[pki.sub.asn1])
            found = PdfFileReader(BytesIO(pdf)).embedded_regular_signatures
            if not all(validate_pdf_signature(each, context, skip_diff=False).bottom_line for each in found):
                raise ValueError("stock pyHanko does not take it for valid")

        def ours(file: Path = file) -> None:
            if judging.judge_pdf(file, pki.trust(), pki.signatories, now=NOW).verdict != "valid":
                raise ValueError("we do not take it for valid")

        judging.compared = lambda _opened, judged: (list(judged), ())
        pairs = [(seconds(peer), seconds(ours)) for _run in range(_RUNS + 1)][1:]
        judging.compared = with_pictures
        pictures = seconds(ours)
        stock, own = (1000 * statistics.median(column) for column in zip(*pairs, strict=True))
        print(
            f"large, {name}: {len(pdf) / 1e6:.1f} MB, pyHanko {stock:.0f} ms, ours {own:.0f} ms: {stock / own:.1f} x"
            f" (at least 2, better 4); with pictures of {_PAGES} pages {1000 * pictures:.0f} ms"
        )


def resident() -> int:
    """Return the RSS of this process in bytes."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) << 10


def memory(pki: Pki) -> None:
    files = [twice_signed(plain(bodies(1, lines)), pki, prepared=True) for lines in range(10, 30)]
    found = {}
    for count in range(1, 2_001):
        judging.judge_pdf(files[count % len(files)], pki.trust(), pki.signatories, now=NOW)
        if count in (200, 2_000):
            found[count] = resident()
    grown = found[2_000] / found[200]
    print(
        f"memory: {found[200] >> 20} MB after 200 files, {found[2_000] >> 20} MB after 2,000: {grown:.2f} x (flat is 1)"
    )


def many(pki: Pki, folder: Path) -> None:
    """Judge 1,000 files in one worker process and in two, by the clock; starting them is paid once in each run."""
    files = []
    for number in range(_MANY):
        file = folder / f"{number}.pdf"
        file.write_bytes(twice_signed(plain(bodies(1, 10 + number % 20)), pki, prepared=True))
        files.append(file)
    took = {}
    for jobs in (1, 2):
        bench = Bench(Lookup(pki.trust(), None, frozenset()), pki.signatories, {}, open_verdicts(None, NOW))
        start = time.perf_counter()
        verdicts = {each.judgement.verdict for each in verify(bench, files, Wish(NOW, "en", jobs=jobs))}
        took[jobs] = time.perf_counter() - start
        if verdicts != {"valid"}:
            raise ValueError(f"not all valid: {verdicts}")
    print(f"{_MANY} files: one process {took[1]:.1f} s, two {took[2]:.1f} s: {took[1] / took[2]:.2f} x (at least 1.7)")


def main() -> None:
    pki = practice_pki()
    with tempfile.TemporaryDirectory() as folder:
        many(pki, Path(folder))
    memory(pki)
    with tempfile.TemporaryDirectory() as folder:
        large(pki, Path(folder))


if __name__ == "__main__":
    main()
