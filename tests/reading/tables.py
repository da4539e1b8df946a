"""Counting what was read right, left empty or read wrong; `pytest -s` shows the tables."""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping


def counted(title: str, verdicts: Iterable[tuple[str, str]]) -> Mapping[str, Counter[str]]:
    """Count (field, "right" | "empty" | "wrong") by field, and print the table."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for name, verdict in verdicts:
        table[name][verdict] += 1
    sys.stdout.write(f"\n{title:<15}{'right':>7}{'empty':>7}{'wrong':>7}\n")
    for name, counts in table.items():
        sys.stdout.write(f"{name:<15}{counts['right']:>7}{counts['empty']:>7}{counts['wrong']:>7}\n")
    return table
