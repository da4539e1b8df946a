"""Recognising the text of a scan (extra `ocr`): ocrmypdf and tesseract with Vietnamese, on a copy made of pictures alone.

Nothing of the scan's own file reaches them, the document itself stays as it is, and what is read this way is less sure.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from vanthu_cli.document.fields import LEAST, Candidate, Fields, Reading
from vanthu_cli.procedures.programs import ends

_SECONDS = 180
_LESS_SURE = 0.75
_HALF_SURE: Mapping[str, float] = {"subject": 0.5, "recipients": 0.5, "parent_agency": 0.6}
"""Where a field ends is told by type and spacing, which recognition loses."""


@lru_cache(maxsize=1)
def available() -> bool:
    """Tell whether the extra is installed, and tesseract with it, which knows Vietnamese."""
    tesseract = shutil.which("tesseract")
    if tesseract is None or importlib.util.find_spec("ocrmypdf") is None:
        return False
    said = subprocess.run([tesseract, "--list-langs"], capture_output=True, text=True, check=False, timeout=_SECONDS)
    return "vie" in said.stdout.split()


def recognised(copy: bytes) -> bytes | None:
    """Return the copy with a layer of text; None if that fails or takes too long."""
    options = ["--language", "vie", "--output-type", "pdf", "--optimize", "0", "--jobs", "1", "--force-ocr", "--quiet"]
    with tempfile.TemporaryDirectory(prefix="vanthu-") as folder:
        source, target = Path(folder) / "paper.pdf", Path(folder) / "read.pdf"
        source.write_bytes(copy)
        ended = ends([sys.executable, "-m", "ocrmypdf", *options, str(source), str(target)], _SECONDS, os.environ)
        return target.read_bytes() if ended and target.is_file() else None


def less_sure(reading: Reading) -> Reading:
    """Return what was read of recognised text: doubtful at best, and without the places, which are those of the copy."""
    candidates = {
        name: tuple(Candidate(one.value, one.confidence * _HALF_SURE.get(name, _LESS_SURE)) for one in found)
        for name, found in reading.candidates.items()
    }
    told = {name: sure * _HALF_SURE.get(name, _LESS_SURE) for name, sure in reading.confidence.items()}
    told = {name: sure for name, sure in told.items() if sure >= LEAST}
    values: Mapping[str, Any] = {name: getattr(reading.fields, name) for name in told}
    return replace(
        reading,
        fields=Fields(**values),
        confidence=told,
        needs_ocr=True,
        candidates=candidates,
        notices=(*reading.notices, "ocr"),
    )
