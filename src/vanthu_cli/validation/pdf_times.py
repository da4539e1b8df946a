"""Which revision of a PDF is proven to have existed when, and what its signatures are worth then (recipe, steps 5 to 8).

The signatures and document time stamps (ISO 32000-2, 12.8.5) are taken from the last to the first, as each vouches for what
came before it (EN 319 102-1, 5.6.3). A trusted time stamp on a signature that holds proves, through that signature's digest,
the revision it covers, and so every earlier signature: the number strip under a time stamped seal needs no stamp of its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from vanthu_cli.validation.cms_checks import Token
from vanthu_cli.validation.pdf_checks import document_token, examine, frames_its_contents, padded, signature_tokens
from vanthu_cli.validation.proof import Case, Standing, distrust, earliest, standing
from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.signed_pdf import Entry
from vanthu_cli.validation.stretch import Stretch

Proof = tuple[int, datetime]
"""A revision and a time at which a trusted time stamp proves it to have existed."""


@dataclass(frozen=True, slots=True)
class Times:
    """What the time stamps of a file prove. `document`: by document time stamps alone; `tokens`: these stamps, trusted or not.

    `standings`: what each signature is worth, by its name and place; the exception where its bytes made a parser raise one.
    """

    proofs: list[Proof] = field(default_factory=list)
    document: list[Proof] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    standings: dict[int, Standing | Exception] = field(default_factory=dict)

    def stamped(self, revision: int) -> datetime | None:
        """Return the earliest time for which a document time stamp proves the revision."""
        return min((time for covered, time in self.document if covered >= revision), default=None)


def times_of(case: Case, pdf: Stretch, listed: Sequence[Entry]) -> Times:
    """(Recipe, step 5.) Judge every time stamp and, by their light, every signature's certificate."""
    times = Times()
    for place, entry in reversed(list(enumerate(listed))):
        if entry.embedded is None:
            continue
        if entry.is_timestamp:
            _document_stamp(case, pdf, entry, times)
            continue
        try:
            _signature(case, pdf, entry, place, times)
        except Exception as error:  # noqa: BLE001  whatever its bytes make a parser raise concerns this one alone
            times.standings[place] = error
    return times


def _document_stamp(case: Case, pdf: Stretch, entry: Entry, times: Times) -> None:
    if entry.embedded is None:
        return
    revision = int(entry.embedded.signed_revision)
    token = document_token(entry.embedded) if frames_its_contents(entry.embedded, pdf) else None
    if token is None or padded(entry.embedded):
        times.reasons.append(Reason("timestamp-broken", entry.name))
    elif not token.sound:
        times.reasons.append(Reason("document-timestamp-broken", entry.name))
    elif problem := distrust(case, token, proven_time(case, revision, times.proofs), entry.name):
        times.reasons.append(problem)
    else:
        times.proofs.append((revision, token.time))
        times.document.append((revision, token.time))
    if token:
        times.tokens.append(token)


def _signature(case: Case, pdf: Stretch, entry: Entry, place: int, times: Times) -> None:
    if entry.embedded is None:
        return
    examined = examine(entry.embedded, pdf)
    revision = int(entry.embedded.signed_revision)
    tokens = list(signature_tokens(entry.embedded))
    found = standing(case, examined, tokens, entry.name, proven_time(case, revision, times.proofs))
    times.standings[place] = found
    if found.stamp is not None and examined.integrity and examined.covers != "partial":
        times.proofs.append((revision, found.stamp))


def proven_time(case: Case, revision: int, proofs: Iterable[Proof]) -> datetime | None:
    """Return the earliest time at which `revision` is proven to have existed, None if nothing proves it."""
    return earliest(case, (time for covered, time in proofs if covered >= revision))
