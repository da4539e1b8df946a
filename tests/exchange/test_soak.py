"""Runs that are killed at random on real servers leave the office as if nothing had happened; and the judge of that can see."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests import realservers
from tests.exchange.aftermath import Entry, Message, Picture, Sent, deviations

_LIVES, _SEED = 8, 5


@pytest.mark.realserver
def test_lives_with_kills_and_faults_at_random_moments_end_like_an_unharmed_one() -> None:
    reason = realservers.missing()
    if reason:
        assert os.environ.get("CI") != "true", reason
        pytest.skip(reason)
    done = subprocess.run(
        [sys.executable, "-m", "tests.exchange.soak", "--lives", str(_LIVES), "--seed", str(_SEED)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("as if nothing had happened") == _LIVES
    assert done.stdout.count("-9") >= _LIVES // 3


ARRIVED = Entry("a1", "in", "accepted", 28, "valid", (), ("m1",))
ASKED = Entry("a2", "in", "waiting", 7, "unsigned", ("unsigned",), ("m2",))
LETTER = Sent("answer", "a1", "chilinh@tuhaiduong", "handed-over", 1)
WHOLE = Picture(
    entries=(ARRIVED, ASKED),
    arrival_numbers=(1,),
    messages=(
        Message("wan", "m1", "document", None),
        Message("wan", "m2", "document", None),
        Message("wan", None, "quarantined", "secret-mark"),
    ),
    sent=(LETTER,),
    strays=(),
    once_unsure=0,
    next_numbers=(2, 1),
    sound=("ok", None, (), ()),
    quarantine=("m3",),
    rest=(0, ("cv.pdf",)),
    server=(("vanthu@tuhaiduong", "m1", "S"), ("vanthu@tuhaiduong", "m2", "S"), ("vanthu@tuhaiduong", "m3", "")),
)


@pytest.mark.parametrize(
    ("harm", "sorts"),
    [
        (lambda p: replace(p, messages=p.messages[1:]), {"lost"}),
        (lambda p: replace(p, messages=(*p.messages, p.messages[0])), {"doubled"}),
        (lambda p: replace(p, messages=(*p.messages, Message("wan", "m1", "other", "duplicate"))), {"doubled"}),
        (lambda p: replace(p, entries=p.entries[:1]), {"lost"}),
        (lambda p: replace(p, entries=(*p.entries, ASKED)), {"doubled"}),
        (lambda p: replace(p, entries=(ARRIVED, ASKED._replace(flags=()))), {"other"}),
        (lambda p: replace(p, arrival_numbers=(2,)), {"other"}),
        (lambda p: replace(p, arrival_numbers=(1, 1)), {"doubled"}),
        (lambda p: replace(p, next_numbers=(3, 1)), {"other"}),
        (lambda p: replace(p, sent=()), {"lost"}),
        (lambda p: replace(p, sent=(LETTER, LETTER)), {"doubled"}),
        (lambda p: replace(p, sent=(LETTER._replace(copies=2, state="unsure"),)), {"doubled"}),
        (lambda p: replace(p, sent=(LETTER._replace(copies=0),)), {"lost"}),
        (lambda p: replace(p, sent=(LETTER._replace(state="queued"),)), {"other"}),
        (
            lambda p: replace(p, sent=(LETTER._replace(purpose="document", state="unsure"),)),
            {"lost", "doubled", "other"},
        ),
        (lambda p: replace(p, strays=("<x@tuhaiduong>",)), {"doubled"}),
        (lambda p: replace(p, sound=("ok", 7, (), ())), {"other"}),
        (lambda p: replace(p, quarantine=()), {"other"}),
        (lambda p: replace(p, server=p.server[1:]), {"other"}),
        (lambda p: replace(p, server=(*p.server[1:], ("vanthu@tuhaiduong", "m1", "ST"))), {"other"}),
    ],
)
def test_the_judge_sees_what_is_lost_doubled_or_otherwise_wrong(
    harm: Callable[[Picture], Picture], sorts: set[str]
) -> None:
    assert {each.sort for each in deviations(harm(WHOLE), WHOLE)} == sorts


def test_the_judge_allows_what_nobody_can_know_and_what_servers_did() -> None:
    for copies in (0, 1):
        unsure = replace(WHOLE, sent=(LETTER._replace(state="unsure", copies=copies),))
        assert not list(deviations(unsure, WHOLE))
    again = replace(WHOLE, messages=(*WHOLE.messages, Message("wan", "m1", "other", "duplicate")))
    assert not list(deviations(again, WHOLE, renumbered=True))
    gone = replace(
        WHOLE, entries=(ASKED,), arrival_numbers=(), messages=WHOLE.messages[1:], sent=(), server=WHOLE.server[1:]
    )
    assert not list(deviations(gone, WHOLE, gone="m1"))
    assert {each.sort for each in deviations(gone, WHOLE, gone="m2")} == {"lost", "other"}
