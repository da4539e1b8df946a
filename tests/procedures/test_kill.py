"""A run that dies at any step is taken up by the next one: nothing lost, nothing doubled, no number skipped (house.md).

The only difference allowed to a day without a kill: a letter whose fate nobody can know is UNSURE, with at most one copy sent.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills by signal: POSIX only")


def lives(action: str, folder: Path, stride: int) -> dict[str, Any]:
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tests.procedures.killer", action, str(folder), str(stride)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


# Each goes through the same steps for each of several messages or files: every second, or fewer, is what CI has the time for;
# `python -m tests.procedures.killer ACTION FOLDER 1` goes through all. The soak (tests/exchange) kills programs at any moment.
@pytest.mark.parametrize(
    ("action", "least", "stride"),
    [
        ("fetch", 60, 8),
        ("issue", 40, 8),
        ("carry", 60, 16),
        ("recall", 40, 8),
        ("sign", 20, 3),
        ("copy", 40, 6),
        ("books", 20, 2),
        ("batch", 20, 8),
        ("axis", 60, 8),
    ],
)
def test_killed_at_every_step_and_run_again_the_office_is_as_if_never_killed(
    action: str, least: int, stride: int, tmp_path: Path
) -> None:
    found = lives(action, tmp_path / "lives", stride)
    whole = found["whole"]
    assert found["ticks"] >= least
    # How many folders of the cabinet are new, and so fsynced, varies a little with the random Message-IDs.
    assert all(life["killed"] for life in found["lives"][: -10 // stride])
    assert not whole["intake"]
    assert not whole["missing"]
    assert not [name for name in whole["papers"] if name.startswith(".")]
    for life in found["lives"]:
        seen, tick = life["picture"], life["tick"]
        for key in whole.keys() - {"letters", "inboxes", "messages"}:
            assert seen[key] == whole[key], (tick, key)
        unsure = {address for _purpose, address, state in seen["letters"] if state == "unsure"}
        # A letter cut off within DATA may never have arrived: then no report of its delivery comes back.
        missing = Counter(whole["messages"]) - Counter(seen["messages"])
        assert missing <= Counter(receipt=len(unsure)), tick
        assert not Counter(seen["messages"]) - Counter(whole["messages"]), tick
        assert [row for row in seen["letters"] if row[1] not in unsure] == [
            row for row in whole["letters"] if row[1] not in unsure
        ], tick
        assert len(seen["letters"]) == len(whole["letters"]), tick
        assert len(unsure) <= 1, tick
        for address, count in whole["inboxes"].items():
            assert seen["inboxes"][address] <= count if address in unsure else seen["inboxes"][address] == count, (
                tick,
                address,
            )
