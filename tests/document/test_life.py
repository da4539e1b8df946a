from typing import get_args

import pytest

from vanthu_cli.document.life import MOVES, STRENGTH, DeliveryState, Event, State, move
from vanthu_cli.errors import ForbiddenError

STATES: tuple[State, ...] = get_args(State)
EVENTS: tuple[Event, ...] = get_args(Event)
FINAL = {"accepted", "refused", "quarantined", "recalled", "voided"}
BEFORE_THE_NUMBER = {None, "waiting", "accepted", "refused", "quarantined"}
LATE = {"quarantine": "quarantined", "recall": "recalled", "void": "voided"}
"""A secret may be noticed late, a document asked back long after it was registered or returned, an entry made by mistake."""


def reachable(start: State | None) -> set[State]:
    seen: set[State] = set()
    waiting = [start]
    while waiting:
        state = waiting.pop()
        for (source, _event), target in MOVES.items():
            if source == state and target not in seen:
                seen.add(target)
                waiting.append(target)
    return seen


def test_every_state_is_reached_and_every_event_is_used() -> None:
    assert reachable(None) == set(STATES)
    assert {event for _state, event in MOVES} == set(EVENTS)


@pytest.mark.parametrize("state", sorted(FINAL))
@pytest.mark.parametrize("event", EVENTS)
def test_there_is_no_way_back_out_of_a_final_state(state: State, event: Event) -> None:
    if event in LATE and (state == "accepted" or (state == "refused" and event != "void")):
        assert move(state, event) == LATE[event]
        return
    with pytest.raises(ForbiddenError) as refused:
        move(state, event)
    assert refused.value.code == "document.state"


def test_only_the_final_states_have_no_way_on() -> None:
    assert set(STATES) - {state for state, event in MOVES if event not in LATE} == FINAL


@pytest.mark.parametrize("state", ["numbered", "sealed", "queued", "sent"])
def test_what_has_a_number_never_becomes_unnumbered(state: State) -> None:
    assert not reachable(state) & BEFORE_THE_NUMBER


def test_a_document_is_numbered_once() -> None:
    assert [source for (source, event) in MOVES if event == "number"] == [None]


def test_what_came_never_goes_out_and_what_goes_out_never_came() -> None:
    incoming = reachable("waiting") | {"waiting"}
    assert incoming & (reachable("numbered") | {"numbered"}) == {"recalled", "voided"}


def test_every_delivery_state_has_its_own_strength() -> None:
    assert set(STRENGTH) == set(get_args(DeliveryState))
    assert len(set(STRENGTH.values())) == len(STRENGTH)
