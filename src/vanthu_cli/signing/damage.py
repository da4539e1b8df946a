"""Damaged files: refused, or, where they bear no signature, written anew by qpdf's recovery."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _

_CHUNK = 1 << 20


@contextmanager
def refusing_damage() -> Iterator[None]:
    try:
        yield
    except MisuseError:
        raise
    except Exception as error:  # on hostile input pyHanko raises nearly anything: KeyError, RecursionError, …
        raise MisuseError(
            "signing.unreadable",
            _("The PDF file is damaged, or a signature on it cannot be read; it is not repaired and not signed."),
            _("Export the document to PDF again; if it is signed already, ask the sender for the file once more."),
        ) from error


def claims_signature(pdf: BinaryIO) -> bool:
    """Tell whether the bytes of a file, damaged perhaps, hold anything that looks like a signature."""
    pdf.seek(0)
    tail = b""
    while chunk := pdf.read(_CHUNK):
        if re.search(rb"/ByteRange|/ETSI\.|/adbe\.|/Sig\b", tail + chunk):
            return True
        tail = chunk[-16:]
    return False


def repaired(source: BinaryIO, target: BinaryIO) -> None:
    """Write a damaged, unsigned file anew (qpdf's recovery, through pikepdf).

    `MisuseError` `signing.unreadable` if it can't be, or if something that the file speaks of is not found any more: the
    recovery would leave it out without a word, and a page's text with it.
    """
    import pikepdf

    source.seek(0)
    target.seek(0)
    target.truncate()
    with refusing_damage(), pikepdf.open(source, attempt_recovery=True, suppress_warnings=True) as mended:
        lost = any(each is None for each in mended.objects)
        if lost or not mended.pages or _holds_signature(mended):
            raise ValueError("nothing to repair, or something to lose")
        mended.save(target)


def _holds_signature(mended: Any) -> bool:
    """A signature field may hide in a compressed object, where its bytes cannot be seen."""
    import pikepdf

    return any(isinstance(each, pikepdf.Dictionary) and "/ByteRange" in each for each in mended.objects)
