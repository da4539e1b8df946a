"""The clerk's words for states, verdicts and flags: the decree's where it has one."""

from collections.abc import Sequence

from vanthu_cli.locale import _
from vanthu_cli.register.documents import Document


def day_shown(day: str | None) -> str:
    """Return an ISO day as it is written on documents: 22/11/2026."""
    return "/".join(reversed(day.split("-"))) if day else ""


def verdict_word(verdict: str | None) -> str:
    return {
        "valid": _("VALID"),
        "invalid": _("INVALID"),
        "unknown": _("UNKNOWN"),
        "unsigned": _("UNSIGNED"),
    }.get(verdict or "", "–")


def state_word(state: str) -> str:
    return {
        "waiting": _("waiting for a person"),
        "accepted": _("registered"),
        "refused": _("returned"),
        "quarantined": _("quarantined"),
        "numbered": _("numbered, not sealed"),
        "sealed": _("sealed, not addressed"),
        "queued": _("being sent"),
        "sent": _("sent"),
    }.get(state, state)


def delivery_word(state: str) -> str:
    return {
        "queued": _("waiting to be sent"),
        "sending": _("being handed over"),
        "handed-over": _("handed to the mail server"),
        "delivered": _("delivered"),
        "acknowledged": _("receipt acknowledged"),
        "bounced": _("undeliverable"),
        "refused": _("refused"),
        "unsure": _("UNSURE whether it left"),
    }.get(state, state)


def flag_words(flags: Sequence[str]) -> str:
    words = {
        "duplicate": _("came again"),
        "same-number": _("same number, other content: replacement or forgery"),
        "secret-mark": _("bears a secrecy mark"),
        "sender-mismatch": _("signer and sender are different agencies"),
        "unsigned": _("not signed: no legal value"),
        "low-confidence": _("fields need checking"),
        "no-document": _("no document in the message"),
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
        "own-document": _("our own document has come back"),
        "receipt-for-nothing-known": _("answers something that is not ours"),
        "secret-mark": _("bears a secrecy mark"),
        "session": _("session paper"),
        "exception": _("exception class"),
    }.get(reason or "", reason or "")
