"""How much is read right of pages whose truth was written apart from the reader (`python -m tests.reading.corpus`).

"tune" was looked at while the reader was made, "held" only measures. `pytest -s` shows the tables. A joint document's
signer counts as empty: there the reader takes none of the signers for the one.
"""

import os
from collections.abc import Iterator

import pytest
from tests.reading.corpus import CorpusCase, cases
from tests.reading.corpus.writer import WRITTEN
from tests.reading.tables import counted
from tests.reading.writer import SOFFICE

from vanthu_cli.document.fields import Reading
from vanthu_cli.reading.fields import read

FIELDS = (
    "number", "symbol", "date", "place", "agency", "parent_agency", "doc_type", "subject", "signer_name", "signer_title",
    "authority", "secrecy", "urgency", "recipients",
)  # fmt: skip
LEAST_RIGHT = {
    "number": 0.98,
    "symbol": 0.98,
    "date": 0.98,
    "agency": 0.95,
    "doc_type": 0.95,
    "subject": 0.95,
    "signer_name": 0.9,
}
NEVER_WRONG = ("number", "symbol", "date", "secrecy", "urgency")
SURE = 0.9


def readable() -> Iterator[CorpusCase]:
    assert SOFFICE or os.environ.get("CI") != "true", "soffice (libreoffice-writer-nogui) must be there in CI"
    yield from (case for case in cases() if SOFFICE or case.layout not in WRITTEN)


@pytest.fixture(scope="module")
def seen() -> list[tuple[CorpusCase, Reading]]:
    return [(case, read(case.make())) for case in readable()]


def verdict(case: CorpusCase, reading: Reading, name: str) -> str:
    found = getattr(reading.fields, name) or None
    return "right" if found == (case.truth[name] or None) else "empty" if found is None else "wrong"


@pytest.mark.parametrize("part", ["tune", "held"])
def test_fields_are_read_right_or_left_empty(part: str, seen: list[tuple[CorpusCase, Reading]]) -> None:
    pages = [(case, reading) for case, reading in seen if case.part == part and not case.needs_ocr]
    table = counted(part, ((name, verdict(case, reading, name)) for case, reading in pages for name in FIELDS))
    for name, least in LEAST_RIGHT.items():
        assert table[name]["right"] >= least * table[name].total(), name
    assert all(table[name]["wrong"] == 0 for name in NEVER_WRONG)


def test_what_is_told_as_sure_is_right(seen: list[tuple[CorpusCase, Reading]]) -> None:
    told = [
        (case.name, name, verdict(case, reading, name))
        for case, reading in seen
        for name, sure in reading.confidence.items()
        if sure >= SURE and name in FIELDS
    ]
    wrong = [one for one in told if one[2] == "wrong"]
    assert len(told) > 1000
    assert len(wrong) <= 0.005 * len(told), wrong


def test_of_a_scan_nothing_is_invented(seen: list[tuple[CorpusCase, Reading]]) -> None:
    scans = [reading for case, reading in seen if case.needs_ocr]
    assert len(scans) >= 5
    assert all(reading.needs_ocr and not reading.confidence for reading in scans)
    assert not any(reading.needs_ocr for case, reading in seen if not case.needs_ocr)
