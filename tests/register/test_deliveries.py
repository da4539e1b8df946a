"""Letters, recipient by recipient: evidence only ever gets stronger."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.register.entries import NOW, message, number, sha

from vanthu_cli.document.life import STRENGTH, DeliveryState
from vanthu_cli.register import deliveries
from vanthu_cli.register.book import Book, history, open_book
from vanthu_cli.register.deliveries import Delivery

STATES: tuple[DeliveryState, ...] = get_args(DeliveryState)


def queue(book: Book, document: int, name: str = "1") -> Delivery:
    deliveries.queue(
        book,
        "document",
        document,
        agency="SNV",
        channel="wan",
        address="a@b",
        message_id=f"<{name}@x>",
        head=b"",
        letter=sha(name),
    )
    found = deliveries.by_message_id(book, f"<{name}@x>")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return open_book(tmp_path_factory.mktemp("shelf") / "register.sqlite", who="x", now=NOW)


@given(st.sampled_from(STATES), st.lists(st.tuples(st.sampled_from(STATES), st.booleans()), max_size=8))
def test_an_answer_never_weakens_what_is_known(
    shelf: Book, first: DeliveryState, answers: list[tuple[DeliveryState, bool]]
) -> None:
    """Even when it is judged by what the delivery was some time ago."""
    shelf.connection.execute("BEGIN")
    try:
        stale = fresh = queue(shelf, number(shelf, "a"))
        deliveries.record(shelf, stale.id, first)
        expected = first
        for turn, (state, current) in enumerate(answers):
            fresh = deliveries.by_message_id(shelf, "<1@x>") or fresh
            deliveries.receive(
                shelf, fresh if current else stale, message(shelf, str(turn)), kind="reply", state=state, detail=None
            )
            expected = max(expected, state, key=STRENGTH.__getitem__)
            found = deliveries.by_message_id(shelf, "<1@x>")
            assert found is not None
            assert found.state == expected
    finally:
        shelf.connection.execute("ROLLBACK")


def test_the_same_answer_twice_is_entered_once(book: Book) -> None:
    with book.step():
        delivery = queue(book, number(book, "a"))
        answer = message(book, "m")
        for _turn in range(2):
            deliveries.receive(book, delivery, answer, kind="status", state="acknowledged", detail="03 \ud800")
    assert book.connection.execute("SELECT COUNT(*) FROM receipt").fetchone()[0] == 1
    kinds = [row["kind"] for row in history(book, f"document:{delivery.document}")]
    assert kinds == ["number", "delivery-acknowledged"]
    found = deliveries.of_document(book, delivery.document)[0]
    assert (found.state, found.answer) == ("acknowledged", "03 �")


def test_the_servers_words_stay_until_there_are_others(book: Book) -> None:
    with book.step():
        delivery = queue(book, number(book, "a"))
        deliveries.record(book, delivery.id, "sending", "250 ok")
        deliveries.record(book, delivery.id, "unsure")
    assert deliveries.of_document(book, delivery.document)[0].answer == "250 ok"


def test_letters_are_found_by_state_and_purpose(book: Book) -> None:
    with book.step():
        document = number(book, "a")
        first, second = queue(book, document, "1"), queue(book, document, "2")
        deliveries.queue(
            book,
            "answer",
            document,
            agency=None,
            channel="wan",
            address="a@b",
            message_id="<3@x>",
            head=b"",
            letter=sha("3"),
        )
        deliveries.record(book, first.id, "unsure")
    assert [each.id for each in deliveries.in_states(book, "queued", "unsure")] == [1, 2, 3]
    assert [each.id for each in deliveries.in_states(book, "queued", purpose="document")] == [second.id]
    assert [each.message_id for each in deliveries.of_document(book, document, "answer")] == ["<3@x>"]
    assert deliveries.in_states(book) == []


def test_a_corrected_address_keeps_the_old_one_in_the_history(book: Book) -> None:
    with book.step():
        delivery = queue(book, number(book, "a"))
        deliveries.record(book, delivery.id, "bounced", "550")
        deliveries.readdress(
            book, delivery.id, channel="net", address="c@d", message_id="<2@x>", head=b"", letter=sha("other")
        )
    found = deliveries.of_document(book, delivery.document)[0]
    assert (found.state, found.address, found.answer) == ("queued", "c@d", None)
    assert '"address":"a@b"' in history(book, f"document:{delivery.document}")[-1]["data"]


def test_paper_is_owed_once(book: Book) -> None:
    with book.step():
        document, other = number(book, "a"), number(book, "b")
        for _turn in range(2):
            deliveries.owe_paper(book, document, "VPTU", 1, "session")
        deliveries.owe_paper(book, other, "SNV", 1, "exception")
    assert [row["agency"] for row in deliveries.paper_owed(book)] == ["VPTU", "SNV"]
    assert [row["agency"] for row in deliveries.paper_owed(book, other)] == ["SNV"]
    assert [row["kind"] for row in history(book, f"document:{document}")] == ["number", "paper-owed"]
