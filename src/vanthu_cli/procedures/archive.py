"""Keeping what is registered provable: which documents can be proved until when, and archive time stamps for those whose time ends.

A renewed copy is a file of its own in the cabinet (bytes before row); the document's own bytes stay what they were.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING

from vanthu_cli.errors import MisuseError, VanthuError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.keys import witness
from vanthu_cli.register import documents, finding
from vanthu_cli.register.documents import Document
from vanthu_cli.register.finding import Filter
from vanthu_cli.validation.findings import Judgement

if TYPE_CHECKING:
    from vanthu_cli.signing.levels import Proof

_KEPT = ("sealed", "queued", "sent", "accepted")


@dataclass(frozen=True, slots=True)
class Held:
    """A registered document as it lies in the cabinet: the file that proves it best, and from when on it no longer does.

    `until` None: it cannot be proved now, for the reasons in `judgement`.
    """

    document: Document
    sha256: str
    judgement: Judgement | None
    until: datetime | None
    fault: str | None = None

    @property
    def level(self) -> str:
        """The level of its last signature, the seal's or a receiver's."""
        return self.judgement.signatures[-1].level if self.judgement and self.judgement.signatures else ""


@dataclass(frozen=True, slots=True)
class Renewed:
    """What became of a renewal; `until` is the new end, `notes` what could not be had, `refused` why nothing was done."""

    document: Document
    until: datetime | None
    notes: tuple[str, ...] = ()
    refused: str = ""


def kept(desk: Desk, names: Sequence[str]) -> list[Document]:
    """Return the registered documents, or those named, that have a file."""
    found = [documents.find(desk.book, name) for name in names] or finding.listing(desk.book, Filter(states=_KEPT))
    without = next((each for each in found if not each.sha256 or each.state not in _KEPT), None)
    if names and without is not None:
        raise MisuseError("archive.no_file", _("{name} is not registered, or has no file.").format(name=without.name))
    return [each for each in found if each.sha256]


def check(desk: Desk, listed: Sequence[Document]) -> Iterator[Held]:
    """Judge each document's best file, by itself and without what only our register knows."""
    renewed = documents.renewed(desk.book)
    for each in listed:
        sha256 = renewed.get(each.id, each.sha256 or "")
        found = desk.examine(each.file or f"{each.id}.pdf", desk.cabinet.path(sha256), "lasting")
        yield Held(each, sha256, found.judgement, found.until, found.fault)


def renew(desk: Desk, held: Sequence[Held]) -> Iterator[Renewed]:
    """Add validation data and an archive time stamp to each; one that cannot be renewed stops no other.

    `MisuseError` `archive.no_tsa` without a time stamp authority.
    """
    from vanthu_cli.signing.levels import Proof
    from vanthu_cli.signing.timestamps import open_time_stamper, probe

    if not desk.config.tsa.url:
        raise MisuseError(
            "archive.no_tsa",
            _("Archive time stamps need a time stamp authority."),
            _("Put its address under [tsa] url in the configuration."),
        )
    stamper = open_time_stamper(desk.config.tsa.url)
    if held:
        probe(stamper)
    proof = Proof("B-LTA", stamper, witness(desk))
    for each in held:
        yield _renew(desk, each, proof)


def _renew(desk: Desk, held: Held, proof: "Proof") -> Renewed:
    from vanthu_cli.signing.levels import renew as stamp

    if held.judgement is None or held.judgement.verdict != "valid":
        return Renewed(held.document, None, refused=_("it cannot be proved now: see “vanthu verify”"))
    if held.judgement.format != "pdf":
        return Renewed(held.document, None, refused=_("only PDF files can be time stamped inside"))
    file = BytesIO(desk.cabinet.get(held.sha256))
    try:
        missing = stamp(file, proof)
    except VanthuError as error:  # an authority that falls silent too: what was renewed before it stays renewed
        return Renewed(held.document, None, refused=error.message)
    data = file.getvalue()
    found = desk.examine(held.document.file or "renewed.pdf", data, "lasting")
    if found.until is None or held.until is None or found.until <= held.until:
        return Renewed(held.document, None, refused=_("the new time stamp would not make it provable for longer"))
    sha256 = desk.cabinet.put(data)
    with desk.book.step():
        documents.renew(desk.book, held.document.id, sha256, desk.now.astimezone(UTC).isoformat())
    return Renewed(held.document, found.until, missing)
