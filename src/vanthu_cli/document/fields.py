"""What can be read from a document's page, and how sure the reader is (contract.md, `inspect`)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from vanthu_cli.document.places import Box

LEAST = 0.5
"""Confidence from which on a value is told as the field's own."""
DOUBTFUL = 0.8
"""A value less sure than that is marked: a person looks at the page."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The elements of form of NĐ 30/2020 Phụ lục I and of the Party's guide, as read; absent = None.

    `number` is None on a page whose number blank is still empty (a draft); `number_text` is the number line as
    printed; `symbol` is canonical ("CV/TU", "QĐ-UBND"); `secrecy` and `urgency` are the marks in capitals.
    """

    number: int | None = None
    number_text: str | None = None
    symbol: str | None = None
    date: dt.date | None = None
    place: str | None = None
    agency: str | None = None
    parent_agency: str | None = None
    doc_type: str | None = None
    subject: str | None = None
    signer_name: str | None = None
    signer_title: str | None = None
    authority: str | None = None
    secrecy: str | None = None
    urgency: str | None = None
    recipients: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the fields as contract.md writes them."""
        date = self.date.isoformat() if self.date else None
        return asdict(self) | {"date": date, "recipients": list(self.recipients)}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value that may be a field's, how sure that is (0..1), and where it stands; None if nothing printed says it."""

    value: Any
    confidence: float
    place: Box | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it with `page` counting from 1 and `box` as x0, y0, x1, y1 in points of default user space."""
        value = self.value.isoformat() if isinstance(self.value, dt.date) else self.value
        box = (
            [round(edge, 1) for edge in (self.place.x0, self.place.y0, self.place.x1, self.place.y1)]
            if self.place
            else None
        )
        page = self.place.page + 1 if self.place else None
        return {
            "value": list(value) if isinstance(value, tuple) else value,
            "confidence": round(self.confidence, 2),
            "page": page,
            "box": box,
        }


@dataclass(frozen=True, slots=True)
class Reading:
    """One document's first and last page, read. `confidence` is 0..1 per field that was read.

    `candidates`: for every field all that was found, the surest first; where none is sure enough, or two contend, the
    field is None and a person chooses. `notices`: what a person should know of how it was read ("tcvn3", "vni": letters
    of an old font were converted; "number-blank", "date-blank": a draft; "several-signers"; "no-head"; "ocr").
    """

    fields: Fields = Fields()
    confidence: Mapping[str, float] = field(default_factory=dict)
    needs_ocr: bool = False
    candidates: Mapping[str, tuple[Candidate, ...]] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
