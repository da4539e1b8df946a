"""The documents of the corpus: what is true of them and how they were typed, read from the TOML files beside this one.

Keys of a document: `kind` ("state" unless said; "party", "youth", "none": whose title stands above, if any), `agency` and
`parent` (a line or lines), `num` ("145 CV/TU"; "-" for a blank number), `printed` (the number line where it is not the
usual one), `at` (place and date as printed), `place` (where it is not what stands before the date), `type`, `subject`,
`issuer` (lines in capitals below the subject that are no part of it), `legal` (begins with its legal basis), `to`
(Kính gửi), `sign` (authority with | between lines, title, name as printed), `signer` (the bare name), `partner` (who signs
on the left), `recipients`, `secrecy`, `urgency`, `pages` (at least so many), `flags`.
"""

import datetime as dt
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Kind = Literal["party", "state", "youth", "none"]
Truth = dict[str, Any]
_DAY = re.compile(r", ngày (\d{1,2}) tháng (\d{1,2}) năm (\d{4})$")


@dataclass(frozen=True)
class Signer:
    """`authority` by lines ("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH"); empty strings where nothing is printed."""

    authority: tuple[str, ...]
    title: str
    printed: str

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(line for line in (*self.authority, self.title) if line)


@dataclass(frozen=True)
class Doc:
    """One document. Lines are as typed; `flags` say how it was typed and what comes behind it."""

    key: str
    kind: Kind
    agency: tuple[str, ...]
    parent: tuple[str, ...]
    number: int | None
    symbol: str
    number_line: str
    at: str
    place: str
    doc_type: str
    subject: str
    issuer: tuple[str, ...]
    legal: bool
    to: tuple[str, ...]
    signer: Signer
    signer_name: str
    partner: Signer | None
    recipients: tuple[str, ...]
    secrecy: str | None
    urgency: str | None
    pages: int
    flags: frozenset[str]

    @property
    def letter(self) -> bool:
        return self.doc_type == "Công văn"

    @property
    def day(self) -> dt.date | None:
        found = _DAY.search(self.at)
        return dt.date(int(found[3]), int(found[2]), int(found[1])) if found else None

    @property
    def title(self) -> tuple[str, ...]:
        """Return the lines at the top right."""
        state = ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc")
        tops = {"party": ("ĐẢNG CỘNG SẢN VIỆT NAM",), "youth": ("ĐOÀN TNCS HỒ CHÍ MINH",), "state": state}
        return tops.get(self.kind, ())

    @property
    def typed_type(self) -> str:
        """Return the type's name as typed ("QUYẾT ĐỊNH", "Q U Y Ế T   Đ Ị N H", "Kết luận")."""
        if {"title-type", "smallcaps"} & self.flags:
            return self.doc_type
        capitals = self.doc_type.upper()
        return "   ".join(" ".join(word) for word in capitals.split()) if "spaced-type" in self.flags else capitals

    @property
    def listed(self) -> tuple[str, ...]:
        """Return the recipients as printed, with dashes and stops; the Party ends them with commas."""
        mark = "," if self.kind == "party" else ";"
        last = len(self.recipients) - 1
        return tuple(f"- {item}{'.' if index == last else mark}" for index, item in enumerate(self.recipients))

    @property
    def truth(self) -> Truth:
        return {
            "number": self.number,
            "symbol": self.symbol,
            "date": self.day,
            "place": self.place,
            "agency": " ".join(self.agency),
            "parent_agency": " ".join(self.parent) or None,
            "doc_type": self.doc_type,
            "subject": self.subject or None,
            "signer_name": self.signer_name,
            "signer_title": self.signer.title or None,
            "authority": " ".join(self.signer.authority) or None,
            "secrecy": self.secrecy,
            "urgency": self.urgency,
            "recipients": self.recipients,
        }


@cache
def documents() -> tuple[Doc, ...]:
    found: list[Doc] = []
    for name in ("party", "state", "others"):
        text = (files(__package__) / f"{name}.toml").read_text("utf-8")
        found += [_document(key, entry) for key, entry in tomllib.loads(text).items()]
    return tuple(found)


def _document(key: str, entry: dict[str, Any]) -> Doc:
    number, symbol = entry["num"].split(" ", 1)
    signer = _signer(entry["sign"])
    at = entry["at"]
    return Doc(
        key=key,
        kind=entry.get("kind", "state"),
        agency=_lines(entry["agency"]),
        parent=_lines(entry.get("parent", ())),
        number=None if number == "-" else int(number),
        symbol=symbol,
        number_line=entry.get("printed") or _number_line(int(number), symbol),
        at=at,
        place=entry.get("place") or at.split(", ngày")[0],
        doc_type=entry["type"],
        subject=entry.get("subject", ""),
        issuer=tuple(entry.get("issuer", ())),
        legal=entry.get("legal", False),
        to=tuple(entry.get("to", ())),
        signer=signer,
        signer_name=entry.get("signer") or signer.printed,
        partner=_signer(entry["partner"]) if "partner" in entry else None,
        recipients=tuple(entry["recipients"]),
        secrecy=entry.get("secrecy"),
        urgency=entry.get("urgency"),
        pages=entry.get("pages", 1),
        flags=frozenset(entry.get("flags", ())),
    )


def _number_line(number: int, symbol: str) -> str:
    party = "/" in symbol and not symbol[0].isdigit()
    return f"Số {number:02d}-{symbol}" if party else f"Số: {number:02d}/{symbol}"


def _signer(entry: list[str]) -> Signer:
    authority, title, name = entry
    return Signer(tuple(authority.split("|")) if authority else (), title, name)


def _lines(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
