"""How much is read right: every fact of facts.py, by three producers, counted per field (pytest -s shows the table)."""

from collections import Counter
from collections.abc import Iterable, Mapping

from tests.reading.facts import FIELDS, Case, draft, drawn, pages
from tests.reading.tables import counted
from tests.reading.writer import Written

from vanthu_cli.document.fields import Reading
from vanthu_cli.reading.fields import read
from vanthu_cli.reading.look import Look
from vanthu_cli.sandbox.documents import make_pdf

NEVER_WRONG = ("number", "symbol", "date")
MOSTLY_RIGHT = ("agency", "subject", "doc_type")
LEAST = 0.95


def laid_out() -> list[tuple[Case, bytes]]:
    """Pages by reportlab, laid out or drawn word by word."""
    made = []
    for index, page in enumerate(pages()):
        for name, one in (("page", page), ("draft", draft(page))):
            if name == "page" or index % 3 == 0:
                nfd, scrambled = index % 2 == 0, index % 3 == 1
                made.append((Case(f"layout-{name}-{index}", Written(one)), make_pdf(one)))
                made.append((Case(f"drawn-{name}-{index}", Written(one)), drawn(one, nfd=nfd, scrambled=scrambled)))
    return made


def measure(made: Iterable[tuple[Case, Reading]]) -> Mapping[str, Counter[str]]:
    return counted("field", (pair for case, reading in made for pair in case.judge(reading).items()))


def check(table: Mapping[str, Counter[str]]) -> None:
    for name in FIELDS:
        assert table[name]["wrong"] == 0 or name not in NEVER_WRONG, name
        right = table[name]["right"] / table[name].total()
        assert right >= LEAST or name not in MOSTLY_RIGHT, name


def test_pages_by_reportlab_are_read_right() -> None:
    made = laid_out()
    assert len(made) >= 60
    check(measure((case, read(pdf)) for case, pdf in made))


def test_pages_by_writer_are_read_right(writer_looks: list[tuple[Case, Look]]) -> None:
    check(measure((case, look.reading or Reading()) for case, look in writer_looks))


def test_names_of_one_look_lower_what_is_read_but_nothing_is_wrong() -> None:
    """Producers whose fonts don't say "bold", and drafting units that print everything in bold."""
    for weight in ("", "b"):
        table = measure((Case("alike", Written(page)), read(drawn(page, weight=weight))) for page in pages())
        assert table["agency"]["wrong"] == 0
        assert table["agency"]["right"] / table["agency"].total() > 0.8
