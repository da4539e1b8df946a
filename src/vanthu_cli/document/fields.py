"""What can be read from a document's page, and how sure the reader is (contract.md, `inspect`)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


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
class Reading:
    """One document's first and last page, read. `confidence` is 0..1 per field that was read."""

    fields: Fields = Fields()
    confidence: Mapping[str, float] = field(default_factory=dict)
    needs_ocr: bool = False
