"""A verification report: what a leader or a court reads about judged files, as a story that HTML and PDF tell in the same words.

Everything in it but our own sentences is hostile text: the writers escape it, and what drives a terminal or turns the
direction of writing is made visible here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from vanthu_cli.document.text import shown
from vanthu_cli.locale import _
from vanthu_cli.reports.words import indication_word, role_word, verdict_sentence, verdict_word
from vanthu_cli.rules.deadlines import VIETNAM
from vanthu_cli.validation.findings import Change, Comparison, Judgement, Link, SignatureFinding, Verdict
from vanthu_cli.validation.reasons import Reason, sentence

_LONGEST = 600
"""Characters of one text: a name of ten thousand is an attack on the reader."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One judged file; `comparisons` are pages as signed and as today."""

    file: str
    sha256: str | None
    size: int | None
    judgement: Judgement
    comparisons: tuple[Comparison, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What was judged, by whom, when, and by what; `judged_at` is None for the time of making, `trust` names the anchors."""

    office: str | None
    made_at: datetime
    judged_at: datetime | None
    trust: tuple[str, ...]
    revocation: str
    offline: bool
    exhibits: tuple[Exhibit, ...]
    version: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1 to 3; a section of level 1 begins a page of its own, but for the first."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Box:
    """The verdict in large letters, and the sentence that goes with it."""

    verdict: Verdict
    word: str
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; small print is `small`."""

    text: str
    small: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list, an item a line."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; without `headings` the first column names what the second holds."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Pictures:
    """Two pages side by side (PNG), with what is written under them; `alarming`: something shows that nobody has signed."""

    left: bytes
    right: bytes
    captions: tuple[str, str]
    alarming: bool


Block = Heading | Box | Paragraph | Items | Table | Pictures
Kind = Literal["valid", "invalid", "unknown", "unsigned"]


def story(report: Report) -> Iterator[Block]:
    """Tell the report from top to bottom."""
    yield Heading(1, _("Verification of electronic signatures"))
    made = _("Made {time} by {office} with vanthu {version}.").format(
        time=moment(report.made_at), office=text(report.office or _("an office not named")), version=report.version
    )
    yield Paragraph(made)
    if len(report.exhibits) > 1:
        yield from _overview(report.exhibits)
    for each in report.exhibits:
        yield from _exhibit(each, alone=len(report.exhibits) == 1)
    yield from _method(report)


def _overview(exhibits: Sequence[Exhibit]) -> Iterator[Block]:
    rows = tuple(
        (
            verdict_word(each.judgement.verdict),
            text(each.file),
            ", ".join(dict.fromkeys(_common_name(found.signer) for found in each.judgement.signatures)) or "–",
            verdict_sentence(each.judgement),
        )
        for each in exhibits
    )
    yield Table((_("Verdict"), _("File"), _("Signed by"), _("What follows")), rows)


def _exhibit(exhibit: Exhibit, *, alone: bool) -> Iterator[Block]:
    judgement = exhibit.judgement
    yield Heading(2 if alone else 1, text(exhibit.file))
    yield Box(judgement.verdict, verdict_word(judgement.verdict), verdict_sentence(judgement))
    facts = [
        (_("File"), text(exhibit.file)),
        ("SHA-256", exhibit.sha256 or _("the file could not be read")),
        (_("Size"), _("{count} bytes").format(count=exhibit.size) if exhibit.size is not None else "–"),
        (_("Signed by an authorised person"), _yes(judgement.person_signed)),
        (_("Signed by the organisation"), _yes(judgement.organisation_signed)),
    ]
    facts += [(_("Document time stamp"), moment(each)) for each in judgement.stamps]
    yield Table((), tuple(facts))
    if judgement.reasons:
        yield Items(tuple(_reason(each) for each in judgement.reasons))
    if judgement.signatures:
        headings = (_("Signature"), _("Signed by"), _("Role"), _("Time"), _("Result"))
        yield Table(headings, tuple(_row(each) for each in judgement.signatures))
    for found in judgement.signatures:
        yield from _signature(found, [each for each in exhibit.comparisons if each.signature == found.id])


def _row(found: SignatureFinding) -> tuple[str, ...]:
    when = found.timestamp or found.claimed_time
    return (
        text(found.id),
        text(_common_name(found.signer)),
        role_word(found.role),
        moment(when) if when else "–",
        indication_word(found.indication),
    )


def _signature(found: SignatureFinding, comparisons: Sequence[Comparison]) -> Iterator[Block]:
    yield Heading(3, _("Signature {name}").format(name=text(found.id)))
    result = indication_word(found.indication) + f" ({found.indication}"
    result += f", {found.sub_indication})" if found.sub_indication else ")"
    rows = [
        (_("Result"), result),
        (_("Signed by"), text(found.signer or "?")),
        (_("Issued by"), text(found.issuer or "?")),
        (_("Agency"), text(found.agency or _("not in the directory"))),
        (_("Role"), role_word(found.role)),
        (_("Level"), _level(found)),
        (_("Time by the signer's clock"), moment(found.claimed_time) if found.claimed_time else "–"),
        (_("Time stamp"), moment(found.timestamp) if found.timestamp else _("none of its own that this office trusts")),
        (_("Covers"), _covers(found)),
        (_("Revocation"), _revocation(found)),
    ]
    if found.judged_for is not None:
        rows.append((_("Certificate judged for"), _judged_for(found)))
    if found.weak:
        rows.append((_("Weak methods"), ", ".join(map(text, found.weak))))
    yield Table((), tuple(rows))
    if found.reasons:
        yield Items(tuple(_reason(each) for each in found.reasons))
    if found.chain:
        headings = (_("Certificate"), "SHA-256", _("In force from"), _("In force until"), _("Not revoked by"))
        yield Table(headings, tuple(_link(each) for each in found.chain))
    yield Paragraph(_("What came after this signature:"))
    yield Items(tuple(map(_change, found.changes)) or (_("Nothing."),))
    for each in comparisons:
        yield _pictures(each)


def _pictures(comparison: Comparison) -> Pictures:
    page = comparison.page + 1
    today = (
        _("Page {page} today; green: the marks of later signatures")
        if comparison.permitted
        else _("Page {page} today; red: what nobody has signed looks otherwise")
    )
    return Pictures(
        comparison.signed,
        comparison.today,
        (_("Page {page} as it was signed").format(page=page), today.format(page=page)),
        not comparison.permitted,
    )


def _method(report: Report) -> Iterator[Block]:
    """Say how it was judged, so that another can do it again."""
    yield Heading(2, _("How this was judged"))
    rows = [
        (_("Procedure"), "ETSI EN 319 102-1"),
        (_("As of"), moment(report.judged_at or report.made_at)),
        (_("Revocation policy"), report.revocation),
        (_("Network"), _("nobody was asked") if report.offline else _("authorities were asked where data was missing")),
        (_("Program"), f"vanthu {report.version}"),
    ]
    yield Table((), tuple(rows))
    yield Paragraph(_("Authorities that this office believes, with the fingerprints of their certificates:"))
    yield Items(tuple(map(text, report.trust)) or (_("None: no signature can be valid."),))
    yield Paragraph(_("What the verdicts mean:"))
    yield Items(
        (
            f"{verdict_word('valid')}: "
            + _(
                "every signature holds, leads to a believed authority, and nothing was changed that it does not permit."
            ),
            f"{verdict_word('invalid')}: "
            + _("a check failed, something signed was changed, or a certificate had been revoked before signing."),
            f"{verdict_word('unknown')}: "
            + _("nothing was proven against it, but trust, time, revocation or form could not be established."),
            f"{verdict_word('unsigned')}: " + _("it bears no signature."),
        )
    )
    when = (report.judged_at or report.made_at).isoformat(timespec="seconds")
    how = _(
        "To check this report: compare the SHA-256 of the file (sha256sum FILE), then judge it again as of this time: {command}"
    )
    yield Paragraph(how.format(command=f"vanthu verify --at {when} FILE"), small=True)


def moment(time: datetime) -> str:
    """Return a time as people here read it, with its offset."""
    return f"{time.astimezone(VIETNAM):%d/%m/%Y %H:%M:%S} (+07:00)"


def text(value: str) -> str:
    """Return hostile text with what is invisible made visible, cut where it would fill pages."""
    plain = shown(" ".join(str(value).split()))
    return plain if len(plain) <= _LONGEST else plain[:_LONGEST] + "…"


def _reason(reason: Reason) -> str:
    return f"{text(sentence(reason))} [{reason.code}]"


def _common_name(subject: str | None) -> str:
    return (subject or "?").partition(",")[0].removeprefix("CN=")


def _yes(value: bool | None) -> str:
    return {True: _("yes"), False: _("no"), None: _("not known: no directory of signers")}[value]


def _level(found: SignatureFinding) -> str:
    if found.level == "legacy":
        return _("an older kind, not AdES")
    return f"{found.level} (ETSI AdES)"


def _covers(found: SignatureFinding) -> str:
    return {
        "whole-file": _("the whole file"),
        "revision": _("the file as it was when signed; something was added later"),
        "partial": _("only a part"),
    }[found.covers]


def _revocation(found: SignatureFinding) -> str:
    return {"good": _("not revoked"), "revoked": _("REVOKED"), "unknown": _("unknown")}[found.revocation]


def _judged_for(found: SignatureFinding) -> str:
    if found.judged_for is None:
        return "–"
    as_of = [link.as_of for link in found.chain if link.as_of]
    if not as_of:
        return moment(found.judged_for)
    return _("{time}, with revocation data of {data}").format(time=moment(found.judged_for), data=moment(max(as_of)))


def _link(link: Link) -> tuple[str, ...]:
    voucher = {
        "crl": _("revocation list"),
        "ocsp": _("answer of the authority (OCSP)"),
        "anchor": _("believed by this office"),
        "": _("not known"),
    }[link.revocation]
    if link.as_of:
        voucher += f", {moment(link.as_of)}"
    return text(link.subject), link.fingerprint, moment(link.not_before), moment(link.not_after), voucher


def _change(change: Change) -> str:
    what = {
        "added": _("added"),
        "altered": _("ALTERED"),
        "removed": _("REMOVED"),
        "signed": _("a later signature or time stamp"),
        "filled": _("filled in"),
        "content": _("CONTENT OF THE PAGE CHANGED"),
        "other": _("other objects of the file"),
    }[change.kind]
    where = _("page {page}").format(page=change.page + 1) if change.page is not None else ""
    name = "" if change.kind == "content" else text(change.what)
    return ", ".join(part for part in (f"{what}: {name}" if name else what, where) if part)
