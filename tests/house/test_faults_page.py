"""The page of faults is complete, and every test that it names is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = re.findall(r"^\| ([FSA]\d+) \|(.*)\|$", (ROOT / "docs" / "faults.md").read_text("utf-8"), re.MULTILINE)
TESTS = set(
    re.findall(
        r"^\s*def (test_\w+)", "\n".join(f.read_text("utf-8") for f in (ROOT / "tests").rglob("*.py")), re.MULTILINE
    )
)


def test_every_fault_has_its_row() -> None:
    wanted = {"F": 35, "S": 20, "A": 20}
    assert [name for name, _rest in ROWS] == [f"{letter}{n}" for letter in wanted for n in range(1, wanted[letter] + 1)]


def test_every_test_that_is_named_exists() -> None:
    named = {test for _name, rest in ROWS for test in re.findall(r"`(test_\w+)`", rest)}
    assert named - TESTS == set()
    assert all("`test_" in rest or "soak" in rest for _name, rest in ROWS)
