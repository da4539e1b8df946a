"""The clerk's words for states, verdicts and flags: the decree's where it has one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from vanthu_cli.document.life import state_word
from vanthu_cli.locale import _
from vanthu_cli.register.documents import Document
from vanthu_cli.rules.deadlines import VIETNAM

if TYPE_CHECKING:
    from vanthu_cli.validation.findings import Judgement

__all__ = [
    "answer_word",
    "check_word",
    "day_shown",
    "delivery_word",
    "event_word",
    "flag_words",
    "form_sentence",
    "form_word",
    "indication_word",
    "reason_word",
    "role_word",
    "state_of",
    "state_word",
    "stored_sentence",
    "verdict_sentence",
    "verdict_word",
    "why",
]


def day_shown(day: str | None) -> str:
    """Return an ISO day as it is written on documents: 22/11/2026."""
    return "/".join(reversed(day.split("-"))) if day else ""


def moment_shown(stored: str) -> str:
    """Return a stored time as it is shown: +07:00, to the minute."""
    return f"{datetime.fromisoformat(stored).astimezone(VIETNAM):%d/%m/%Y %H:%M}"


def sender_shown(document: Document) -> str:
    """Return who sent it: the agency on the page only where a signature vouches for it, else the address it came from."""
    vouched = document.agency if document.verdict == "valid" else None
    return vouched or document.sender or document.agency or "?"


def state_of(document: Document) -> str:
    """Return the state of a document; a copy is finished once it is signed."""
    return _("copy, signed") if document.copy and document.state == "sealed" else state_word(document.state)


def verdict_word(verdict: str | None) -> str:
    return {
        "valid": _("VALID"),
        "invalid": _("INVALID"),
        "unknown": _("UNKNOWN"),
        "unsigned": _("UNSIGNED"),
    }.get(verdict or "", "–")


def verdict_sentence(judgement: "Judgement") -> str:
    """Say what a clerk makes of a verdict, and does next."""
    from vanthu_cli.validation.findings import as_json

    return stored_sentence(as_json(judgement))


def stored_sentence(judgement: Mapping[str, Any]) -> str:
    """Say it of a judgement as the register keeps it (JSON)."""
    verdict = judgement.get("verdict")
    if verdict == "valid":
        return _valid_sentence(judgement)
    if verdict == "invalid":
        return _("Do not accept it: it was changed after signing, or a signature is false. Return it to the sender.")
    if any(text.partition(": ")[0] == "file-unreadable" for text in judgement.get("reasons", ())):
        return _("There is no such file, or it may not be read.")
    if verdict == "unsigned":
        return _("It bears no signature: without one it has no legal value. Ask the sender for the signed document.")
    return _("It cannot be established whether it is right. A person must look; see the reasons.")


def _valid_sentence(judgement: Mapping[str, Any]) -> str:
    strangers = [each["signer"] or "?" for each in judgement["signatures"] if each["role"] == "unknown"]
    if strangers and judgement["person_signed"] is not None:
        return _(
            "Every signature is right, but nobody here has confirmed whose it is: {names}. Compare the certificate, then “vanthu directory”."
        ).format(names="; ".join(dict.fromkeys(strangers)))
    if judgement["format"] == "pdf" and judgement["person_signed"] is False:
        return _("Every signature is right, but no authorised person has signed, only the organisation.")
    if judgement["format"] == "pdf" and judgement["organisation_signed"] is False:
        return _("Every signature is right, but the organisation has not signed, only a person.")
    return _("Every signature is right and nothing was changed since. It may be accepted.")


def form_sentence(code: str, detail: str) -> str:
    """Return what the form check of a page has found (`rules.form`)."""
    return {
        "no-text": _("its text cannot be read: look yourself whether number, date, title and name are there"),
        "no-number-line": _("no number line (“Số      -CV/TU”) was found"),
        "no-date": _("no date line (“…, ngày      tháng      năm …”) was found"),
        "no-agency": _("no issuing agency was found above the number"),
        "no-title": _("no title was found above the signer's name"),
        "no-name": _("no signer's name was found"),
        "other-name": _("the name on the page is not that of the certificate: {detail}"),
        "other-agency": _("the issuing agency on the page is not this office: {detail}"),
        "annex-not-attached": _("the page mentions “{detail}”, but nothing is attached"),
        "not-numbered": _("its number is still blank: sign-send is what numbers, seals and registers it"),
        "numbered-already": _(
            "it bears a number already ({detail}): sign-send will refuse it, the register gives the number"
        ),
        "foreign-symbol": _("the symbol {detail} is not this office's: sign-send will refuse it"),
        "unknown-number": _("the register knows no document {detail}"),
        "hybrid": _(
            "Word's older kind of PDF: receivers' programs may call it unknown; better exported again as PDF/A"
        ),
        "covers-text": _("the place named lies on something printed, or off the page"),
        "scan-too-coarse": _("the scan has {detail} dpi; at least 200 are asked for (Decree 30/2020, Annex I)"),
        "scan-not-coloured": _("the scan is not in colour, as Decree 30/2020, Annex I asks for"),
    }[code].format(detail=detail)


def form_word(code: str) -> str:
    return {
        "no-text": _("no text"),
        "no-number-line": _("no number line"),
        "no-date": _("no date"),
        "no-agency": _("no agency"),
        "no-title": _("no title"),
        "no-name": _("no name"),
        "other-name": _("other name"),
        "other-agency": _("other agency"),
        "annex-not-attached": _("annex not attached"),
        "not-numbered": _("not numbered"),
        "numbered-already": _("numbered already"),
        "foreign-symbol": _("foreign symbol"),
        "unknown-number": _("unknown number"),
        "hybrid": _("hybrid PDF"),
        "covers-text": _("covers text"),
        "scan-too-coarse": _("coarse scan"),
        "scan-not-coloured": _("not coloured"),
    }[code]


def indication_word(indication: str | None) -> str:
    return {
        "TOTAL-PASSED": _("passed"),
        "TOTAL-FAILED": _("FAILED"),
        "INDETERMINATE": _("cannot be established"),
    }.get(indication or "", "?")


def event_word(kind: str) -> str:
    return {
        "arrive": _("arrived"),
        "accept": _("registered"),
        "refuse": _("returned"),
        "quarantine": _("quarantined"),
        "correct-fields": _("fields corrected"),
        "number": _("numbered"),
        "seal": _("sealed"),
        "sign": _("signed"),
        "queue": _("addressed"),
        "send": _("sent"),
        "paper-owed": _("paper original owed"),
        "delivery-readdressed": _("sent to another address"),
        "delivery-later": _("the server said: later"),
        "delivery-carried": _("put into the folder that is carried"),
        "paper-settled": _("paper original handed over"),
        "renew": _("archive time stamp renewed"),
        "recall": _("recalled"),
        "recall-asked": _("recall asked for"),
        "recall-agreed": _("recall agreed"),
        "recall-declined": _("recall declined"),
        "enter": _("brought in from an older book"),
        "issue-on-paper": _("issued on paper"),
        "amend": _("amended"),
        "void": _("number void"),
        "link": _("linked to another document"),
        "print": _("printed as paper original"),
        "post": _("given to the post"),
        "lend": _("lent"),
        "give-back": _("given back"),
        "view": _("looked at"),
        "save": _("taken out"),
        "dossier-add": _("put into a dossier"),
        "dossier-remove": _("taken out of a dossier"),
        "dossier-new": _("opened"),
        "dossier-amend": _("amended"),
        "dossier-close": _("closed"),
        "dossier-reopen": _("opened again"),
        "dossier-export": _("written out"),
        "dossier-hand-over": _("handed over to the archive"),
        "backup": _("backed up"),
        "restore": _("restored from a backup"),
        "paper-withdrawn": _("paper original no longer expected"),
    }.get(kind) or delivery_word(kind.removeprefix("delivery-"))


def check_word(name: str) -> str:
    """Return the name of a check of `doctor`; of keys and channels, their own name stays."""
    kind, _space, which = name.partition(" ")
    word = {
        "config": _("configuration"),
        "register": _("register"),
        "cabinet": _("cabinet"),
        "closings": _("closed days"),
        "disk": _("disk"),
        "backup": _("backup"),
        "batch": _("run without a person"),
        "fonts": _("fonts"),
        "clock": _("clock"),
        "directory": _("directory"),
        "trust": _("trust"),
        "tsa": _("time stamp authority"),
        "tokens": _("tokens"),
        "key": _("key"),
        "channel": _("channel"),
    }.get(kind, kind)
    return f"{word} {which}".strip()


def step_word(name: str) -> str:
    """Return the name of a step of `batch`."""
    return {
        "fetch": _("fetching mail"),
        "send": _("sending"),
        "remind": _("reminding"),
        "close-day": _("closing the day"),
        "check": _("checking the cabinet"),
        "report": _("mailing the report"),
    }.get(name, name)


def answer_word(answer: str | None) -> str:
    """Return what stands for an answer: a server's own words as they are, our notes translated."""
    return {
        "traced-in-sent": _("found in the Sent folder"),
        "sent-again": _("sent again by decision of a person"),
        "own-document": _("our own document has come back"),
        "told-by-person": _("noted by a person"),
    }.get(answer or "", answer or "")


def role_word(role: str) -> str:
    return {"person": _("person"), "organisation": _("organisation")}.get(role, _("role unknown"))


def delivery_word(state: str) -> str:
    return {
        "queued": _("waiting to be sent"),
        "sending": _("being handed over"),
        "handed-over": _("handed to the server"),
        "delivered": _("delivered"),
        "acknowledged": _("receipt acknowledged"),
        "bounced": _("undeliverable"),
        "refused": _("refused"),
        "unsure": _("UNSURE whether it left"),
        "recalled": _("recalled before it left"),
    }.get(state, state)


def flag_words(flags: Sequence[str]) -> str:
    words = {
        "duplicate": _("came again"),
        "same-number": _("same number, other content: replacement or forgery"),
        "secret-mark": _("bears a secrecy mark"),
        "sender-mismatch": _("signer and sender are not the same known agency"),
        "unsigned": _("not signed: no legal value"),
        "low-confidence": _("fields need checking"),
        "no-document": _("no document in the message"),
        "manifest-mismatch": _("the letter's data and the page contradict each other"),
        "attachment-type": _("a kind of file that this office does not take"),
        "attachment-shut": _("a file in it could not be opened: encrypted, broken or too large"),
        "recalled": _("recalled by its issuer, destroyed here"),
    }
    return "; ".join(words.get(flag, flag) for flag in flags)


def why(document: Document) -> str:
    """Say why a document waits: its flags, and what its signatures lack (NĐ 30/2020 Đ5: person and organisation)."""
    lacks = {
        "person_signed": _("no authorised person's signature"),
        "organisation_signed": _("not signed by the organisation"),
    }
    missing = [word for key, word in lacks.items() if document.judgement.get(key) is False]
    if document.state != "waiting" or document.verdict in {"unsigned", None}:
        missing = []
    if document.verdict == "invalid":
        missing = [_("changed after signing, or a false signature")]
    return "; ".join([*filter(None, [flag_words(document.flags)]), *missing])


def reason_word(reason: str | None) -> str:
    return {
        "duplicate": _("known already"),
        "dossier": _("for the dossier"),
        "own-document": _("our own document has come back"),
        "receipt-for-nothing-known": _("answers something that was not sent to who writes"),
        "renumbered": _("known already"),
        "secret-again": _("known already"),
        "recall": _("asks a document back"),
        "recall-not-signed": _("asks a document back, without a valid signature of who issued it: not obeyed"),
        "recall-for-nothing-known": _("asks a document back that is not here"),
        "recalled": _("a document that was recalled and destroyed here came again: not taken in"),
        "secret-mark": _("bears a secrecy mark"),
        "package-not-xml": _("it is no XML, or was cut off"),
        "package-not-edxml": _("it is no edXML package"),
        "package-dtd": _("it has a document type declaration, which could change what it means from outside"),
        "package-too-large": _("it has more parts than a package can have"),
        "package-ambiguous": _("it says something twice, so that two readers would understand it differently"),
        "package-attachment-missing": _("a file that it lists is not inside"),
        "package-attachment-unlisted": _("a file is inside that it does not list"),
        "package-attachment-twice": _("two files inside have the same name"),
        "package-attachment-broken": _("a file inside cannot be decoded"),
        "package-not-addressed": _("it is not addressed to this office"),
        "package-changed": _("its signature is INVALID: it was changed after it was signed"),
        "session": _("session paper"),
        "exception": _("exception class"),
    }.get(reason or "", reason or "")
