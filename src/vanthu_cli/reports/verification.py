"""A verification report: what a leader or a court reads about judged files, as a story that HTML and PDF tell in the same words.

Everything in it but our own sentences is hostile text: the writers escape it, and what drives a terminal or turns the
direction of writing is made visible in `verification_words`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from vanthu_cli.locale import _
from vanthu_cli.reports import verification_words as words
from vanthu_cli.reports.verification_words import brief, common_name, local, moment, text
from vanthu_cli.reports.words import indication_word, role_word, verdict_sentence, verdict_word
from vanthu_cli.validation.findings import Comparison, Judgement, Link, SignatureFinding, Verdict

_NAMED_ON_PAGES = frozenset({"added", "altered", "removed", "filled", "content"})
"""Changes that a picture should show."""


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
    """A heading of level 1 to 4; a section of level 1 begins a page of its own, but for the first."""

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
    """Rows of cells; without `headings` the first column names what the second holds.

    `widths` are the columns' shares in hundredths; `tones` give the first cell of each row the colour of a verdict.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...] = (30, 70)
    tones: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True)
class Pictures:
    """Two pages side by side (PNG), with what is written under them; `alarming`: something shows that nobody has signed."""

    left: bytes
    right: bytes
    captions: tuple[str, str]
    alarming: bool


Block = Heading | Box | Paragraph | Items | Table | Pictures


def story(report: Report) -> Iterator[Block]:
    """Tell the report from top to bottom."""
    yield Heading(1, title())
    made = _("Made {time} by {office} with vanthu {version}.").format(
        time=moment(report.made_at), office=text(report.office or _("an office not named")), version=report.version
    )
    yield Paragraph(made)
    if len(report.exhibits) > 1:
        yield _overview(report.exhibits)
    for each in report.exhibits:
        yield from _exhibit(each, alone=len(report.exhibits) == 1)
    yield from _method(report)


def title() -> str:
    return _("Verification of electronic signatures")


def _overview(exhibits: Sequence[Exhibit]) -> Table:
    rows = tuple(
        (
            verdict_word(each.judgement.verdict),
            brief(each.file),
            ", ".join(dict.fromkeys(common_name(found.signer) for found in each.judgement.signatures)) or "–",
            verdict_sentence(each.judgement),
        )
        for each in exhibits
    )
    headings = (_("Verdict"), _("File"), _("Signed by"), _("What follows"))
    return Table(headings, rows, (16, 26, 20, 38), tuple(each.judgement.verdict for each in exhibits))


def _exhibit(exhibit: Exhibit, *, alone: bool) -> Iterator[Block]:
    judgement = exhibit.judgement
    yield Heading(2 if alone else 1, brief(exhibit.file))
    yield Box(judgement.verdict, verdict_word(judgement.verdict), verdict_sentence(judgement))
    facts = [
        (_("File"), text(exhibit.file)),
        ("SHA-256", exhibit.sha256 or _("the file could not be read")),
        (_("Size"), _("{count} bytes").format(count=exhibit.size) if exhibit.size is not None else "–"),
        (_("Signed by an authorised person"), words.yes(judgement.person_signed)),
        (_("Signed by the organisation"), words.yes(judgement.organisation_signed)),
    ]
    facts += [(_("Document time stamp"), moment(each)) for each in judgement.stamps]
    yield Table((), tuple(facts))
    if judgement.reasons:
        yield Items(tuple(map(words.reason_line, judgement.reasons)))
    if judgement.signatures:
        yield _signatures(judgement.signatures)
    for found in judgement.signatures:
        yield from _signature(found, [each for each in exhibit.comparisons if each.signature == found.id])


def _signatures(signatures: Sequence[SignatureFinding]) -> Table:
    rows = tuple(
        (
            indication_word(found.indication),
            brief(found.id),
            common_name(found.signer),
            role_word(found.role),
            words.when(found),
        )
        for found in signatures
    )
    headings = (_("Result"), _("Signature"), _("Signed by"), _("Role"), _("Time"))
    return Table(headings, rows, (16, 20, 24, 14, 26), tuple(map(words.tone, signatures)))


def _signature(found: SignatureFinding, comparisons: Sequence[Comparison]) -> Iterator[Block]:
    yield Heading(3, _("Signature {name}").format(name=f"{brief(found.id)} – {common_name(found.signer)}"))
    yield Table((), tuple(_facts(found)))
    if found.reasons:
        yield Items(tuple(map(words.reason_line, found.reasons)))
    if found.chain:
        headings = (_("Certificate"), "SHA-256", _("In force from"), _("In force until"), _("Not revoked by"))
        yield Table(headings, tuple(map(_link, found.chain)), (20, 22, 19, 19, 20))
    yield Heading(4, _("What came after this signature:"))
    how, changes = words.after(found)
    yield Paragraph(how)
    if changes:
        yield Items(changes)
    for each in comparisons:
        yield _pictures(each)
    if not comparisons and any(change.kind in _NAMED_ON_PAGES for change in found.changes):
        yield Paragraph(
            _(
                "No pages are shown: they look the same, could not be drawn, or too many files were judged at once (judge this one alone)."
            ),
            small=True,
        )


def _facts(found: SignatureFinding) -> Iterator[tuple[str, str]]:
    codes = ", ".join(filter(None, (found.indication, found.sub_indication)))
    yield _("Result"), f"{indication_word(found.indication)} ({codes})"
    yield _("Signed by"), text(found.signer or "?")
    yield _("Certificate (SHA-256)"), found.fingerprint or "–"
    yield _("Certificate issued by"), text(found.issuer or "?")
    yield _("Trust"), words.trust(found)
    yield _("Agency"), text(found.agency or _("not in the directory"))
    yield _("Role"), role_word(found.role)
    yield _("Level"), words.level(found)
    yield _("Time by the signer's clock"), moment(found.claimed_time) if found.claimed_time else "–"
    yield (
        _("Time stamp"),
        moment(found.timestamp) if found.timestamp else _("none of its own that this office trusts"),
    )
    yield _("Integrity"), words.integrity(found.integrity)
    yield _("Covers"), words.covers(found)
    yield _("Revocation"), words.revocation(found)
    if found.judged_for is not None:
        yield _("Certificate judged for"), words.judged_for(found)
    if found.weak:
        yield _("Weak methods"), ", ".join(map(text, found.weak))


def _link(link: Link) -> tuple[str, ...]:
    return text(link.subject), link.fingerprint, moment(link.not_before), moment(link.not_after), words.voucher(link)


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
        (_("Revocation policy"), words.policy(report.revocation)),
        (_("Network"), _("nobody was asked") if report.offline else _("authorities were asked where data was missing")),
        (_("Program"), f"vanthu {report.version}"),
    ]
    yield Table((), tuple(rows))
    yield Heading(4, _("Authorities that this office believes, with the fingerprints of their certificates:"))
    yield Items(tuple(map(text, report.trust)) or (_("None: no signature can be valid."),))
    yield Heading(4, _("What the verdicts mean:"))
    yield Items(tuple(f"{verdict_word(verdict)}: {meaning}" for verdict, meaning in _meanings()))
    if any(each.comparisons for each in report.exhibits):
        yield Paragraph(
            _(
                "Pages are shown where they look otherwise today than when they were signed; of many, the first ones. Frames mark what changed."
            ),
            small=True,
        )
    yield Heading(4, _("How to check this report:"))
    when = local(report.judged_at or report.made_at).isoformat(timespec="seconds")
    yield Items(
        (
            _("Compare the SHA-256 of the file with the one above: {command}").format(command="sha256sum FILE"),
            _("Judge the file again as of this time: {command}").format(command=f"vanthu verify --at {when} FILE"),
            _(
                "Compare the fingerprints of the authorities with those that they have published, not with those in the file."
            ),
        )
    )


def _meanings() -> tuple[tuple[Verdict, str], ...]:
    return (
        (
            "valid",
            _("every signature holds, leads to a believed authority, and nothing was changed that it does not permit."),
        ),
        (
            "invalid",
            _("a check failed, something signed was changed, or a certificate had been revoked before signing."),
        ),
        (
            "unknown",
            _("nothing was proven against it, but trust, time, revocation or form could not be established."),
        ),
        ("unsigned", _("it bears no signature.")),
    )
