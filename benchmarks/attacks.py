"""Every forgery of the tests before three judges: vanthu, pyHanko as it comes, and pdfsig (poppler-utils), if installed.

One line a variant: the verdict of `judge_pdf`; pyHanko's `bottom_line` for each signature (default policy, with the difference
analysis) or the exception's name; pdfsig's word for each signature, by its text, as its exit code says nothing. pdfsig knows the
anchors where `certutil` is there to tell it; in files of three and more signatures it takes some for untrusted all the same. "valid" is what a clerk would take for good: for the peers all signatures good and
at least one; pdfsig's trust counts only where it knows the anchors.

    .venv/bin/python benchmarks/attacks.py [PART OF A NAME]...
    .venv/bin/python benchmarks/attacks.py --write FOLDER
"""

import logging
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

sys.path[:0] = [str(Path(__file__).parent.parent)]

from tests.validation.conftest import NOW, Pki, practice_pki  # noqa: E402  found by the line above
from tests.validation.forgeries import VARIANTS  # noqa: E402
from tests.validation.forgeries.kinds import VALID  # noqa: E402

from vanthu_cli.validation.pdf import judge_pdf  # noqa: E402

Answer = tuple[str, bool]
"""What a judge says, and whether that is "good"."""
Judge = Callable[[Path], Answer]
_LIMIT = 20
"""Seconds that pdfsig may take."""


def ours(pki: Pki) -> Judge:
    def ask(file: Path) -> Answer:
        verdict = judge_pdf(file, pki.trust(), pki.signatories, now=NOW).verdict
        return verdict, verdict == "valid"

    return ask


def stock(pki: Pki) -> Judge:
    def ask(file: Path) -> Answer:
        try:
            reader = PdfFileReader(BytesIO(file.read_bytes()))
            lines = [
                validate_pdf_signature(
                    signature,
                    ValidationContext(trust_roots=[pki.root.asn1], other_certs=[pki.sub.asn1]),
                    skip_diff=False,
                ).bottom_line
                for signature in reader.embedded_regular_signatures
            ]
        except Exception as error:  # noqa: BLE001  that it raises is the answer
            return type(error).__name__, False
        return " ".join("good" if line else "bad" for line in lines) or "none", bool(lines) and all(lines)

    return ask


def anchored(folder: Path, pki: Pki) -> list[str]:
    """Return pdfsig's options: a store of certificates with our anchors, or no look at certificates at all."""
    certutil = shutil.which("certutil")
    if certutil is None:
        return ["-nocert"]
    store = f"sql:{folder}"
    folder.mkdir()
    subprocess.run([certutil, "-N", "-d", store, "--empty-password"], check=True, capture_output=True)
    for name, holder in (("root", pki.root), ("sub", pki.sub)):
        command = [certutil, "-A", "-d", store, "-n", name, "-t", "C,C,C"]
        subprocess.run(command, input=holder.der, check=True, capture_output=True)
    return ["-nssdir", store]


def pdfsig(program: str, options: list[str]) -> Judge:
    def ask(file: Path) -> Answer:
        try:
            run = subprocess.run([program, *options, str(file)], capture_output=True, timeout=_LIMIT, check=False)
        except subprocess.TimeoutExpired:
            return "timeout", False
        if run.returncode < 0:
            return f"signal {-run.returncode}", False
        text = run.stdout.decode("utf-8", "replace")
        parts = re.split(r"^Signature #\d+:", text, flags=re.MULTILINE)[1:]
        words = [_word(part, trusted="-nocert" in options) for part in parts]
        return " ".join(words) or "none", "good" in words and set(words) <= {"good", "unchecked"}

    return ask


def _word(part: str, *, trusted: bool) -> str:
    """Put what pdfsig prints about one signature into a word. Kinds it does not know (document time stamps) it says so of."""
    if "Signature Type: unknown" in part and "has not yet been verified" in part:
        return "unchecked"
    if "Signature is Valid." not in part:
        return "bad"
    return "good" if trusted or "Certificate is Trusted." in part else "untrusted"


def write(folder: Path) -> None:
    """Write every variant as a file, and the anchors into ca/, for `vanthu verify FOLDER --trust FOLDER/ca`."""
    pki = practice_pki()
    (folder / "ca").mkdir(parents=True)
    for name, holder in (("root", pki.root), ("sub", pki.sub)):
        (folder / "ca" / f"{name}.crt").write_bytes(holder.der)
    for number, variant in enumerate(VARIANTS):
        name = re.sub(r"[^a-z0-9]+", "-", variant.id.lower())[:80]
        (folder / f"{number:03d}-{name}.pdf").write_bytes(variant.file(pki))


def main() -> None:
    if sys.argv[1:2] == ["--write"]:
        write(Path(sys.argv[2]))
        return
    logging.disable(logging.CRITICAL)
    wanted = sys.argv[1:]
    pki = practice_pki()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        judges = {"vanthu": ours(pki), "pyHanko": stock(pki)}
        if program := shutil.which("pdfsig"):
            judges["pdfsig"] = pdfsig(program, anchored(folder / "nss", pki))
        else:
            print("pdfsig is not installed (Debian: poppler-utils): left out", file=sys.stderr)
        fooled, accused, total = Counter[str](), Counter[str](), Counter[str]()
        for variant in VARIANTS:
            if wanted and not any(part in variant.id for part in wanted):
                continue
            file = folder / "file.pdf"
            file.write_bytes(variant.file(pki))
            answers = {judge: ask(file) for judge, ask in judges.items()}
            honest = variant.allowed == VALID
            kind = "honest" if honest else "harmless" if "valid" in variant.allowed else "attack"
            total[kind] += 1
            for judge, (_words, good) in answers.items():
                fooled[judge] += kind == "attack" and good
                accused[judge] += honest and not good
            words = "  ".join(f"{answers[judge][0]:<20}" for judge in judges)
            print(f"{kind:<9} {variant.id:<78} {words}".rstrip(), flush=True)
    print(f"\n{'':<10}" + "".join(f"{judge:>10}" for judge in judges))
    for what, counts, kind in (("let through", fooled, "attack"), ("accused", accused, "honest")):
        print(f"{what:<12}" + "".join(f"{counts[judge]:>10}" for judge in judges) + f"   of {total[kind]} ({kind})")


if __name__ == "__main__":
    main()
