"""Packages for the national document axis: what letters are for mailboxes. And how packages name us, others and a document.

A package goes to one agency, so that one whom the axis does not know keeps the document from nobody; what follows the envelope, the
files, is the same in all of a document's packages and stands in the cabinet once. The office signs each (XAdES over all of it).
"""

import hashlib
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vanthu_cli.channels.axis import letter_id
from vanthu_cli.channels.edxml import (
    ALONE,
    Enclosed,
    Header,
    Kind,
    Party,
    digest,
    document_head,
    document_id,
    document_tail,
    status_xml,
    with_signature,
)
from vanthu_cli.channels.letter import Letter
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.routes import Recipient
from vanthu_cli.register import documents, keeping
from vanthu_cli.register.documents import Document
from vanthu_cli.rules.deadlines import VIETNAM

_SLICE = 1 << 20


@dataclass(frozen=True, slots=True)
class Contents:
    """The files of a package: as its manifest lists them, and where in the cabinet what follows the envelope lies."""

    files: tuple[Enclosed, ...] = ()
    tail: Path | None = None

    def pieces(self) -> Iterator[bytes]:
        if self.tail is None:
            yield ALONE
            return
        with self.tail.open("rb") as file:
            while piece := file.read(_SLICE):
                yield piece


def own_party(desk: Desk, channel: str = "") -> Party:
    """Return how packages name this office; on the axis by its identifier there."""
    settings = desk.config.channels.get(channel)
    there = settings.address if settings is not None and settings.kind == "axis" else ""
    return Party(there or desk.own.axis or desk.own.identifier or desk.own.code, desk.own.name)


def party(recipient: Recipient) -> Party:
    agency = recipient.agency
    return Party(agency.axis or agency.identifier or agency.code, agency.name)


def header_of(desk: Desk, document: Document, files: Sequence[tuple[str, str]] = ()) -> Header:
    """Return what packages say of a document of ours."""
    read = document.fields.get("fields") or {}
    return Header(
        number=str(document.number or ""),
        symbol=document.symbol or "",
        day=document.day or "",
        place=desk.config.office.place,
        doc_type=document.doc_type or "",
        subject=document.subject or "",
        authority=read.get("authority") or "",
        signer_title=read.get("signer_title") or "",
        signer_name=document.signer or "",
        urgency=document.urgency or "",
        recipients=tuple(read.get("recipients") or ()),
        files=tuple(files),
        pages=document.pages or 0,
    )


def purpose_of(desk: Desk, document: Document, identifier: str) -> tuple[Kind, str]:
    """Return what a package brings of a document of ours: something new, or in the place or correction of (DocumentId) another."""
    for kind, link in (("replacement", "replaces"), ("update", "corrects")):
        for row in keeping.links(desk.book, document.id):
            if row["document"] == document.id and row["kind"] == link:
                other = header_of(desk, documents.get(desk.book, row["other"]))
                return ("replacement" if kind == "replacement" else "update"), document_id(identifier, other)
    return "new", ""


def key_name(desk: Desk, channel: str) -> str:
    """Return the name of the key that signs packages on a channel, empty: on none; `MisuseError` "key.which" if it must be named."""
    from vanthu_cli.procedures.keys import only_key  # 0.3 s that fetching need not pay

    settings = desk.config.channels.get(channel)
    return (settings.key if settings else "") or only_key(desk, "organisation")


def check_package_keys(desk: Desk, recipients: Sequence[Recipient]) -> None:
    """Refuse, before a number is taken, what could not be sent through the axis for lack of a key that stands."""
    from vanthu_cli.procedures.keys import check_key, find_key

    for name in dict.fromkeys(each.channel for each in recipients):
        if desk.config.channels[name].kind == "axis":
            check_key(desk, find_key(desk, key_name(desk, name), "organisation"))


def contents(desk: Desk, document: Document) -> Contents:
    """Put what follows the envelope of a document's packages into the cabinet."""
    listed = [(document.sha256 or "", f"{document.name.replace('/', '-')}.pdf", "Văn bản chính")]
    listed += [(sha256, name, "Phụ lục") for sha256, name in documents.attachments(desk.book, document.id)]
    files = []
    for sha256, name, what in listed:
        desk.cabinet.check(sha256)
        files.append(Enclosed(name, desk.cabinet.path(sha256), str(uuid.uuid4()), _kind(name), what))
    return Contents(tuple(files), desk.cabinet.path(desk.cabinet.put_pieces(document_tail(files))))


def document_letters(
    desk: Desk, document: Document, recipients: Sequence[Recipient], with_paper: Collection[str]
) -> list[Letter]:
    """Write the package of a document for each agency; `with_paper`: codes of those that get an original on paper too."""
    inside = contents(desk, document) if recipients else Contents()
    return [
        _letter(
            desk,
            document,
            each,
            inside,
            paper=each.agency.code in with_paper,
        )
        for each in recipients
    ]


def recall_letter(desk: Desk, document: Document, recipient: Recipient, reason: str, key: str) -> Letter:
    """Write the notice that asks a document back; it bears a time stamp where the office has an authority for that."""
    return _letter(desk, document, recipient, Contents(), kind="recall", reason=reason, key=key)


def _letter(
    desk: Desk,
    document: Document,
    recipient: Recipient,
    inside: Contents,
    *,
    kind: Kind | None = None,
    paper: bool = False,
    reason: str = "",
    key: str = "",
) -> Letter:
    channel = recipient.channel
    to = [Party(recipient.address, recipient.agency.name)]
    office, named = own_party(desk, channel), key or key_name(desk, channel)
    head = signed_head(desk, document, to, inside, office=office, key=named, kind=kind, paper=paper, reason=reason)
    return finished(desk, channel, recipient.address, head, inside)


def signed_head(
    desk: Desk,
    document: Document,
    to: Sequence[Party],
    inside: Contents,
    *,
    office: Party,
    key: str,
    kind: Kind | None = None,
    paper: bool = False,
    reason: str = "",
) -> bytes:
    """Write and sign a package up to the end of its envelope; `kind` None: what the document's links say."""
    from vanthu_cli.procedures.keys import open_key, proof
    from vanthu_cli.signing.xades import package_signature

    brings, about = purpose_of(desk, document, office.identifier)
    head = document_head(
        header_of(desk, document),
        kind=kind or brings,
        office=office,
        to=to,
        moment=desk.now.astimezone(VIETNAM),
        letter_id=str(uuid.uuid4()),
        paper=paper,
        reason=reason,
        about="" if kind else about,
        files=inside.files,
    )
    stamper = proof(desk).time_stamper if kind == "recall" else None
    return with_signature(
        head, package_signature(digest(head, inside.pieces()), open_key(desk, key), time_stamper=stamper)
    )


def finished(desk: Desk, channel: str, to: str, head: bytes, inside: Contents) -> Letter:
    """Make a letter of a package; its identity is made of its bytes."""
    made = hashlib.sha256(head)
    for piece in inside.pieces():
        made.update(piece)
    own = desk.config.channels[channel].address
    body = ALONE if inside.tail is None else b""
    return Letter(letter_id(made.hexdigest(), to), own, to, head, body, file=inside.tail)


def answered_by(document: Document) -> Header:
    """Return how a status names a document that came: as its sender did, where a package said so."""
    return Header(
        number=str(document.number or ""),
        symbol=document.symbol or "",
        day=document.day or "",
        document_id=document.fields.get("document_id") or "",
    )


def status_letter(desk: Desk, channel: str, to: str, *, code: str, description: str, answered: Header) -> Letter:
    """Write the package that tells a status of a document that came."""
    whole = status_xml(
        code=code,
        description=description,
        answered=answered,
        office=own_party(desk, channel),
        asked_by=to,
        moment=desk.now.astimezone(VIETNAM),
    )
    return finished(desk, channel, to, whole.removesuffix(ALONE), Contents())


def _kind(name: str) -> str:
    """Return the MIME type that a package tells of a file: the SDK knows few, so readers must look at the file itself."""
    suffix = name.rpartition(".")[2].lower()
    return {
        "pdf": "application/pdf",
        "docx": "application/docx",
        "doc": "application/doc",
        "xlsx": "application/xlsx",
        "xls": "application/xls",
    }.get(suffix, "application/zip")
