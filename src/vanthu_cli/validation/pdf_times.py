"""Document time stamps (ISO 32000-2, 12.8.5): which revision of a PDF is proven to have existed when (recipe, step 5)."""

from collections.abc import Iterable
from datetime import datetime

from vanthu_cli.validation.cms_checks import Token
from vanthu_cli.validation.pdf_checks import document_token, frames_its_contents, padded
from vanthu_cli.validation.proof import Case, earliest, token_trusted
from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.signed_pdf import Entry
from vanthu_cli.validation.stretch import Stretch

Proof = tuple[int, datetime]
"""A revision and a time at which a trusted document time stamp proves it to have existed."""


def document_time_stamps(
    case: Case, pdf: Stretch, listed: Iterable[Entry]
) -> tuple[tuple[Proof, ...], tuple[Token, ...], tuple[Reason, ...]]:
    """Judge the stamps from the latest to the earliest, as each vouches for those before it (EN 319 102-1, 5.6.3)."""
    proofs: list[Proof] = []
    tokens: list[Token] = []
    reasons: list[Reason] = []
    for entry in reversed(list(listed)):
        if not (entry.is_timestamp and entry.embedded):
            continue
        revision = int(entry.embedded.signed_revision)
        token = document_token(entry.embedded) if frames_its_contents(entry.embedded, pdf) else None
        if token is None or padded(entry.embedded):
            reasons.append(Reason("timestamp-broken", entry.name))
        elif not token.sound:
            reasons.append(Reason("document-timestamp-broken", entry.name))
        elif not token_trusted(case, token, proven_time(case, revision, proofs)):
            reasons.append(Reason("timestamp-untrusted", entry.name))
        else:
            proofs.append((revision, token.time))
        tokens += [token] if token else []
    return tuple(proofs), tuple(tokens), tuple(reasons)


def proven_time(case: Case, revision: int, proofs: Iterable[Proof]) -> datetime | None:
    """Return the earliest time at which `revision` is proven to have existed, None if nothing proves it."""
    return earliest(case, (time for covered, time in proofs if covered >= revision))
