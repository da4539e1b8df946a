"""Any file: which judge it goes to. What cannot be judged here is unknown, and said so, never "no signature"."""

import zipfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from vanthu_cli.validation.findings import Judgement
from vanthu_cli.validation.pdf import judge_pdf
from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.stretch import open_stretch
from vanthu_cli.validation.trust import Signatory, Trust

_ZIP = b"PK\x03\x04"
_OFFICE = "[Content_Types].xml"
_SIGNATURES = "_xmlsignatures/"


def judge_file(
    data: bytes | Path,
    trust: Trust,
    signatories: Mapping[str, Signatory] | None,
    *,
    now: datetime,
    at: datetime | None = None,
    known_since: datetime | None = None,
    password: str | None = None,
) -> Judgement:
    """Judge a file by its content, not by its name. Word and Excel files: only whether there is a signature at all.

    A path is read in slices, never as a whole. The rest as for `judge_pdf`.
    """
    with suppress(OSError), open_stretch(data) as stretch:
        if bytes(stretch[: len(_ZIP)]) == _ZIP:
            return _package(stretch.file, known=signatories is not None)
    return judge_pdf(data, trust, signatories, now=now, at=at, known_since=known_since, password=password)


def _package(file: BinaryIO, *, known: bool) -> Judgement:
    """Look into the package's list of members only: nothing is unpacked."""
    try:
        names = zipfile.ZipFile(file).namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return Judgement("unknown", "unknown", None, None, (), (Reason("format-not-judged"),))
    if _OFFICE not in names:
        return Judgement("unknown", "unknown", None, None, (), (Reason("format-not-judged"),))
    if any(name.lower().startswith(_SIGNATURES) for name in names):
        return Judgement("ooxml", "unknown", None, None, (), (Reason("format-not-judged"),))
    nobody = False if known else None
    return Judgement("ooxml", "unsigned", nobody, nobody, (), ())
