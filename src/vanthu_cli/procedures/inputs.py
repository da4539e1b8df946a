"""Files that are to be signed: can they be read, what kind are they, may they be signed at all, what will the result be called."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from vanthu_cli.errors import ForbiddenError, MisuseError, os_words
from vanthu_cli.locale import _
from vanthu_cli.procedures.examine import FATAL, LOCKED
from vanthu_cli.signing.damage import claims_signature
from vanthu_cli.signing.files import open_pdf

WRITER = {".docx", ".doc", ".odt", ".rtf"}
XML = {".xml", ".edxml"}


def check_input(file: Path, output: Path) -> None:
    """`MisuseError` for a file that is not there or a folder that the output cannot go to."""
    if not output.absolute().parent.is_dir():
        raise MisuseError("sign.no_folder", _("There is no folder {path}.").format(path=output.absolute().parent))
    try:
        with file.open("rb") as opened:
            begin = opened.read(1024)
    except OSError as error:
        raise MisuseError(
            "file.unreadable", _("{path} cannot be read: {why}").format(path=file, why=os_words(error))
        ) from error
    if not begin or (file.suffix.lower() == ".pdf" and b"%PDF-" not in begin):
        raise MisuseError(
            "sign.not_pdf",
            _("{file} is empty.").format(file=file.name)
            if not begin
            else _("{file} is no PDF, whatever its name says.").format(file=file.name),
            _("Export the document to PDF again; a signature on this file would be worth nothing."),
        )


def refuse_unreadable(file: Path, fault: str | None, password: str) -> None:
    """Refuse before the secret what could not be signed after it; damage that can be repaired is not refused."""
    refuse_unexamined(file, fault)
    if not fault:
        return
    with file.open("rb") as source:
        try:
            open_pdf(source, password)
        except MisuseError as error:
            if error.code != "signing.unreadable" or claims_signature(source):
                raise


def refuse_unexamined(file: Path, fault: str | None) -> None:
    """Refuse a file of which nothing is known, not even whether it bears a mark of secrecy."""
    if fault in FATAL:
        raise MisuseError("sign.unreadable", _("{file} could not be examined: {why}").format(file=file.name, why=fault))
    if fault == LOCKED:
        raise ForbiddenError(
            "sign.locked",
            _("{file} is locked with a password, so nobody can tell whether it is secret.").format(file=file.name),
            _("Sign it unlocked; a PDF may be opened with --password-from."),
        )


def is_pdf(file: Path) -> bool:
    with file.open("rb") as opened:
        return b"%PDF-" in opened.read(1024)


def output_name(role: str, file: Path, *, detached: bool) -> str:
    """Return the name of the result: a PDF for what is or becomes one, XML for XML, else a signature beside the file."""
    suffix = file.suffix.lower()
    if detached or suffix not in {".pdf", *WRITER, *XML}:
        return f"{file.name}.p7s"
    if role == "copy":
        return f"{file.stem}.copy.pdf"
    return f"{file.stem}.signed{file.suffix if suffix in XML else '.pdf'}"


@contextlib.contextmanager
def as_pdf(file: Path, *, detached: bool) -> Iterator[Path]:
    """Give the file itself, or the PDF that LibreOffice makes of a Word or Writer file; that one goes with the block."""
    if detached or file.suffix.lower() not in WRITER:
        yield file
        return
    from vanthu_cli.procedures.convert import to_pdf

    with tempfile.TemporaryDirectory(prefix="vanthu-") as folder:
        yield to_pdf(file, Path(folder))


def refuse_secret(name: str, mark: str | None) -> None:
    if mark:
        raise ForbiddenError(
            "sign.secret",
            _("{file} bears the mark {mark}: it must not be signed with this program.").format(file=name, mark=mark),
            _("Hand it to the officer in charge of secret documents (Law 117/2025/QH15)."),
        )
