"""How a verification report says single things: times, hostile names, what a certificate rests on, what came after."""

import re
import unicodedata
from datetime import datetime

from vanthu_cli.document.text import shown
from vanthu_cli.locale import _
from vanthu_cli.rules.deadlines import VIETNAM
from vanthu_cli.validation.findings import Change, Changes, Link, SignatureFinding, Verdict
from vanthu_cli.validation.reasons import Reason, sentence

_LONGEST = 600
"""Characters of one text: a name of ten thousand is an attack on the reader."""
_LONGEST_DETAIL = 240
"""Characters of a detail within a sentence: what to do, which stands behind it, must not be pushed out."""
_BRIEF = 50
_MOST_MARKS = 2
"""Marks that Vietnamese sets on one letter; hundreds would blot out the lines around."""
_MOST_LISTED = 60
_COMMON_NAME = re.compile(r"CN=((?:\\.|[^\\,+])*)", re.DOTALL)


def moment(time: datetime) -> str:
    """Return a time as people here read it, with its offset."""
    here = local(time)
    return f"{here:%d/%m/%Y %H:%M:%S} ({here.isoformat()[-6:]})"


def local(time: datetime) -> datetime:
    """Return a time as Vietnam's clocks show it; as it is where the calendar ends less than seven hours away.

    99991231235959Z is how a certificate names no end (RFC 5280, 4.1.2.5), and a signer may claim any time.
    """
    try:
        return time.astimezone(VIETNAM)
    except OverflowError:
        return time


def text(value: str, longest: int = _LONGEST) -> str:
    """Return hostile text with what is invisible made visible, cut where it would fill pages."""
    plain = _unstacked(shown(re.sub(r"[ \t\r\n]+", " ", value).strip()))
    return plain if len(plain) <= longest else plain[:longest] + "…"


def brief(value: str) -> str:
    """Return hostile text short enough for a heading or a narrow column: its beginning, and its end, by which files differ."""
    plain = text(value)
    return plain if len(plain) <= 2 * _BRIEF else f"{plain[:_BRIEF]}…{text(value[-_BRIEF:])}"


def _unstacked(value: str) -> str:
    kept, stacked = [], 0
    for letter in value:
        stacked = stacked + 1 if unicodedata.category(letter) in {"Mn", "Me"} else 0
        kept.append(letter if stacked <= _MOST_MARKS else "�")
    return "".join(kept)


def common_name(subject: str | None) -> str:
    """Return the common name out of "CN=…,O=…" (RFC 4514: a comma within it is escaped), or all there is."""
    found = _COMMON_NAME.match(subject or "")
    return brief(re.sub(r"\\([^0-9A-Fa-f])", r"\1", found[1]) if found else subject or "?")


def reason_line(reason: Reason) -> str:
    return text(f"{sentence(Reason(reason.code, text(reason.detail, _LONGEST_DETAIL)))} [{reason.code}]", 2 * _LONGEST)


def yes(value: bool | None) -> str:
    return {True: _("yes"), False: _("no"), None: _("not known: no directory of signers")}[value]


def tone(found: SignatureFinding) -> Verdict:
    """Return the verdict in whose colour a signature's result is written."""
    return "invalid" if found.failed else "valid" if found.passed else "unknown"


def level(found: SignatureFinding) -> str:
    return _("an older kind, not AdES") if found.level == "legacy" else f"{found.level} (ETSI AdES)"


def when(found: SignatureFinding) -> str:
    """Return the time of a signature and whose word it is."""
    if found.timestamp:
        return f"{moment(found.timestamp)}, " + _("time stamped")
    return f"{moment(found.claimed_time)}, " + _("by the signer's clock") if found.claimed_time else "–"


def covers(found: SignatureFinding) -> str:
    if found.integrity is None and found.covers == "partial":
        return _("could not be established")
    words = {
        "whole-file": _("the whole file"),
        "revision": _("the file as it was when signed; something was added later"),
        "partial": _("only a part"),
    }[found.covers]
    if found.covers == "revision" and found.signed_bytes:
        words += ". " + _("As signed: its first {count} bytes (head -c {count} FILE)").format(count=found.signed_bytes)
    return words


def integrity(value: bool | None) -> str:
    return {
        True: _("what was signed is unchanged"),
        False: _("WHAT WAS SIGNED HAS BEEN CHANGED, or the signature is false"),
        None: _("could not be established"),
    }[value]


def trust(found: SignatureFinding) -> str:
    return {
        "trusted": _("leads to an authority that this office believes"),
        "untrusted": _("leads to no authority that this office believes"),
        "unknown": _("could not be established"),
    }[found.trust]


def revocation(found: SignatureFinding) -> str:
    return {"good": _("not revoked"), "revoked": _("REVOKED"), "unknown": _("unknown")}[found.revocation]


def judged_for(found: SignatureFinding) -> str:
    """Return the moment for which the certificate was judged, and how old the oldest word on its revocation is."""
    if found.judged_for is None:
        return "–"
    as_of = [link.as_of for link in found.chain if link.as_of]
    if not as_of:
        return moment(found.judged_for)
    return _("{time}, with revocation data of {data}").format(time=moment(found.judged_for), data=moment(min(as_of)))


def voucher(link: Link) -> str:
    """Return what says that a certificate was not revoked."""
    words = {
        "crl": _("revocation list"),
        "ocsp": _("answer of the authority (OCSP)"),
        "anchor": _("believed by this office"),
        "": _("not known"),
    }[link.revocation]
    return f"{words}, {moment(link.as_of)}" if link.as_of else words


def policy(revocation: str) -> str:
    words = {
        "ignore": _("revocation is not asked for"),
        "when-available": _("revocation counts where it is known; where it is not, the report says so"),
        "require": _("without proof that it was not revoked, no certificate is valid"),
    }.get(revocation, "")
    return f"{revocation}: {words}" if words else text(revocation)


def permitted(changes: Changes) -> str:
    """Return how what came after a signature stands to it."""
    return {
        "none": _("Nothing came after it."),
        "ltv": _("Only data came after it by which signatures can be verified later (time stamps, revocation data)."),
        "form-filling": _("What came after it, it permits: further signatures, or fields filled in."),
        "annotations": _("Notes were put on the document after it; nobody has signed them."),
        "other": _("What came after it goes beyond what it permits, or could not be explained:"),
    }[changes]


def after(found: SignatureFinding) -> tuple[str, tuple[str, ...]]:
    """Return in a sentence, and as a list, what came after a signature; never "nothing" for what could not be told."""
    lines = [_change(each) for each in found.changes[:_MOST_LISTED]]
    if more := len(found.changes) - len(lines):
        lines.append(_("and {count} more").format(count=more))
    if not lines and found.changes_after == "other":
        return _("What came after it could not be established."), ()
    if lines and found.changes_after == "none":
        return _("Only this came after it:"), tuple(lines)
    return permitted(found.changes_after), tuple(lines)


def _change(change: Change) -> str:
    what = {
        "added": _("added"),
        "altered": _("ALTERED"),
        "removed": _("REMOVED"),
        "signed": _("a later signature or time stamp"),
        "content": _("CONTENT OF THE PAGE CHANGED"),
        "other": _("other objects of the file"),
    }[change.kind]
    where = _("page {page}").format(page=change.page + 1) if change.page is not None else ""
    name = "" if change.kind == "content" else text(change.what, _LONGEST_DETAIL)
    return ", ".join(part for part in (f"{what}: {name}" if name else what, where) if part)
