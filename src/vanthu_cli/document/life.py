"""The life cycle of a document: one table and one function. Delivery states likewise.

House rule: a state that is not reached by a row of MOVES is never reached.
"""

from collections.abc import Mapping
from typing import Literal

from vanthu_cli.errors import ForbiddenError
from vanthu_cli.locale import _

State = Literal[
    "numbered", "sealed", "queued", "sent", "recalled", "waiting", "accepted", "refused", "quarantined", "voided"
]
Event = Literal[
    "number",
    "seal",
    "queue",
    "send",
    "recall",
    "arrive",
    "accept",
    "refuse",
    "quarantine",
    "enter",
    "issue-on-paper",
    "void",
]

MOVES: Mapping[tuple[State | None, Event], State] = {
    # Outgoing. The number is the point of no return (contract.md): from then on only forward.
    (None, "number"): "numbered",
    ("numbered", "seal"): "sealed",
    ("sealed", "queue"): "queued",
    ("queued", "queue"): "queued",
    ("queued", "send"): "sent",
    ("sent", "queue"): "queued",
    ("queued", "recall"): "recalled",
    ("sent", "recall"): "recalled",
    # On paper: by hand, in one step. A number given by mistake is void for ever (never reused).
    (None, "issue-on-paper"): "sent",
    (None, "enter"): "accepted",
    ("numbered", "void"): "voided",
    ("sealed", "void"): "voided",
    ("sent", "void"): "voided",
    ("accepted", "void"): "voided",
    # Incoming.
    (None, "arrive"): "waiting",
    ("waiting", "accept"): "accepted",
    ("waiting", "refuse"): "refused",
    # Asked back by who issued it, and destroyed here (NĐ 30/2020 Đ18.4.b).
    ("waiting", "recall"): "recalled",
    ("accepted", "recall"): "recalled",
    ("refused", "recall"): "recalled",
    # A secret may be noticed late: by whom it was registered or returned does not matter then.
    ("waiting", "quarantine"): "quarantined",
    ("accepted", "quarantine"): "quarantined",
    ("refused", "quarantine"): "quarantined",
}

DeliveryState = Literal[
    "queued", "handed-over", "delivered", "acknowledged", "bounced", "refused", "unsure", "sending", "recalled"
]

# How strong the evidence of a delivery state is; weaker evidence that comes later changes nothing.
STRENGTH: Mapping[str, int] = {
    "queued": 0,
    "sending": 1,
    "unsure": 2,
    "handed-over": 3,
    "delivered": 4,
    "bounced": 5,
    "acknowledged": 6,
    "refused": 7,
    "recalled": 8,
}


def move(state: State | None, event: Event) -> State:
    """Return the next state; `ForbiddenError` "document.state" if the event is not possible in this one."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise ForbiddenError(
            "document.state",
            _("The document is in the state “{state}”: this cannot be done with it.").format(
                state=state_word(state or "")
            ),
        ) from None


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
        "recalled": _("recalled"),
        "voided": _("void"),
    }.get(state, state)
