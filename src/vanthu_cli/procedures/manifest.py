"""The machine-readable part of a letter beside the page it speaks of: agreement settles a field, disagreement is a flag.

The page counts: it is what was signed. What the package alone says fills a gap, for a person to look at.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from vanthu_cli.channels.edxml import Header, Package
from vanthu_cli.channels.mime import File, Mail
from vanthu_cli.document.fields import Reading
from vanthu_cli.document.symbol import parse_symbol
from vanthu_cli.document.text import fold
from vanthu_cli.errors import VanthuError

_SETTLED = 0.99
_ALONE = 0.8
"""Confidence in what page and package both say, and in what only the package says."""


def package_about(mail: Mail, file: File) -> Package | None:
    """Return the package that speaks of a file: by Content-ID, by name, or the only one of a letter that names no files."""
    about = [
        each
        for each in mail.packages
        if each.kind in {"new", "update", "replacement"} and (mail.alone or not each.carries)
    ]
    for each in about:
        named = {content_id for content_id, _name in each.header.files} | {name for _id, name in each.header.files}
        if file.content_id in named - {""} or file.name in named:
            return each if not each.header.files or _is_first(each.header, file) else None
    return about[0] if len(about) == 1 and not about[0].header.files else None


def _is_first(header: Header, file: File) -> bool:
    """The document itself stands first among the files that a package names; the others are its annexes."""
    return bool({file.content_id, file.name} & set(header.files[0]) - {""})


def number_and_symbol(said: str) -> tuple[str, str]:
    """Part what a package calls a document by, "145/CV/TU" or "145-CV/TU", into number and symbol; empty if it is neither."""
    found = re.fullmatch(r"\s*([0-9]+)\s*[/-]\s*(\S.*?)\s*", said)
    return (found[1], found[2]) if found else ("", "")


def agreed(reading: Reading, header: Header) -> tuple[Reading, bool]:
    """Return the reading with what the package settles or adds, and whether it contradicts the page."""
    said = _values(header)
    fields, confidence, mismatch = reading.fields, dict(reading.confidence), False
    for name, value in said.items():
        read = getattr(fields, name)
        if read is None:
            fields, confidence[name] = replace(fields, **{name: value}), _ALONE
        elif _same(read, value):
            confidence[name] = max(confidence.get(name, 0.0), _SETTLED)
        else:
            mismatch = True
    return replace(reading, fields=fields, confidence=confidence), mismatch


def _values(header: Header) -> Mapping[str, Any]:
    """Return what a package says in the form of the fields; what is no number, symbol or day is not said."""
    said: dict[str, Any] = {}
    if header.number.isdecimal() and header.number.isascii():
        said["number"] = int(header.number)
    try:
        said["symbol"] = parse_symbol(header.symbol)
        said["date"] = date.fromisoformat(header.day)
    except (VanthuError, ValueError):
        pass
    for name, value in (
        ("subject", header.subject),
        ("doc_type", header.doc_type),
        ("signer_name", header.signer_name),
    ):
        if value.strip():
            said[name] = " ".join(value.split())
    return said


def _same(read: object, said: object) -> bool:
    """Compare as a clerk would: capitals, diacritics and marks between words don't count, nor does a shortened subject."""
    if not isinstance(read, str) or not isinstance(said, str):
        return read == said
    one, other = (re.sub(r"[\W_]+", " ", fold(text)).strip() for text in (read, said))
    return one == other or (len(min(one, other, key=len)) > len("cong van") and (one in other or other in one))
