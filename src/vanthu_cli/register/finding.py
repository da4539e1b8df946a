"""Finding documents: the books page by page, and by any words. Newest first, so that an answer never waits for all of a register."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vanthu_cli.document.text import storable
from vanthu_cli.register.book import Book
from vanthu_cli.register.documents import COLUMNS, SELECT, Direction, Document
from vanthu_cli.register.indexing import questions, words_of


@dataclass(frozen=True, slots=True)
class Filter:
    """What a document must be. `since` and `until` (stored times) are of arrival or issue; `symbol` as canonical; `agency` a code.

    `booked` leaves out letters that were only taken note of: they stand in no book.
    """

    direction: Direction | None = None
    states: Sequence[str] = ()
    since: str | None = None
    until: str | None = None
    booked: bool = False
    symbol: str = ""
    doc_type: str = ""
    agency: str = ""

    def where(self) -> tuple[list[str], dict[str, object]]:
        where, values = list[str](), dict[str, object]()
        for name, condition in (
            ("direction", "d.direction = :direction"),
            ("since", "d.arrived_at >= :since"),
            ("until", "d.arrived_at < :until"),
            ("symbol", "d.symbol = :symbol"),
            ("doc_type", "d.doc_type = :doc_type"),
            ("agency", "d.agency_code = :agency"),
        ):
            value = getattr(self, name)
            if value:
                where.append(condition)
                values[name] = value
        if self.states:
            where.append(f"d.state IN ({', '.join(f':s{place}' for place in range(len(self.states)))})")
            values |= {f"s{place}": state for place, state in enumerate(self.states)}
        if self.booked:
            where.append("(d.state <> 'accepted' OR d.arrival_number IS NOT NULL)")
        return where, values


def listing(book: Book, wanted: Filter = Filter(), *, limit: int = -1) -> list[Document]:
    """Return documents, newest first."""
    where, values = wanted.where()
    rows = book.connection.execute(
        f"{SELECT} WHERE {' AND '.join(where) or '1 = 1'} ORDER BY d.id DESC LIMIT :limit", values | {"limit": limit}
    )
    return [Document(*row) for row in rows]


def due(book: Book, day: str) -> list[Document]:
    """Return what came, was not dealt with yet and must be by a day (ISO), the most pressing first."""
    # "|| ''" keeps SQLite from going through all that was ever accepted: few documents have a day.
    rows = book.connection.execute(
        f"{SELECT} WHERE due IS NOT NULL AND due <= ? AND direction || '' = 'in' AND state || '' = 'accepted' AND done_on IS NULL"
        " ORDER BY due, id",
        (day,),
    )
    return [Document(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search has found. `together`: the words stand together as they were asked for; others, where they stand apart, are not among them."""

    documents: list[Document]
    together: bool


def search(
    book: Book,
    text: str,
    wanted: Filter = Filter(),
    *,
    agency: str = "",
    column: str = "",
    apart: bool = False,
    limit: int = -1,
    relevance: bool = False,
) -> Found:
    """Find documents by words, with or without diacritics, the newest first or the most relevant (indexing.py, `questions`).

    `agency`: code or words of the agency's name; `column`: where the words must stand ("name", "agency", "field", "body").
    """
    if not agency and not words_of(text):  # signs only are in no document; nothing at all is the whole book
        return Found([] if text.strip() else listing(book, wanted, limit=limit), together=False)
    where, values = wanted.where()
    where += _range(book, wanted, values)
    order = "words.rank" if relevance else "words.rowid DESC"

    def known(term: str) -> bool:
        return (
            book.connection.execute("SELECT 1 FROM words WHERE words MATCH ? LIMIT 1", (term,)).fetchone() is not None
        )

    for question, together in questions(storable(text), known, agency=agency, column=column, apart=apart):
        rows = book.connection.execute(
            f"SELECT {COLUMNS} FROM words CROSS JOIN document d ON d.id = words.rowid"
            f" WHERE {' AND '.join(['words MATCH :question', *where])} ORDER BY {order} LIMIT :limit",
            values | {"question": question, "limit": limit},
        ).fetchall()
        if rows:
            return Found([Document(*row) for row in rows], together)
    return Found([], together=False)


def _range(book: Book, wanted: Filter, values: Mapping[str, object]) -> list[str]:
    """Narrow the index to the ids of a period: ids grow with time, nearly, and the index skips what is outside."""
    if not (wanted.since or wanted.until):
        return []
    where = [
        part for part, given in (("arrived_at >= :since", wanted.since), ("arrived_at < :until", wanted.until)) if given
    ]
    row = book.connection.execute(
        f"SELECT MIN(id), MAX(id) FROM document WHERE {' AND '.join(where)}",
        {name: values[name] for name in ("since", "until") if name in values},
    ).fetchone()
    return [f"words.rowid BETWEEN {int(row[0])} AND {int(row[1])}"] if row[0] is not None else ["1 = 0"]
