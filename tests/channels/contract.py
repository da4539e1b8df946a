"""What every way in and out must do, whatever stands behind it (channel.py). Run once over each kind of server."""

import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from tests.channels.benches import DOTLESS, DOTTED, PASSWORD, After, Bench

from vanthu_cli.channels.channel import Waiting
from vanthu_cli.channels.letter import Letter, compose, new_message_id
from vanthu_cli.channels.mail import MailChannel
from vanthu_cli.channels.mime import read_mail
from vanthu_cli.errors import MisuseError, UnreachableError

DONE, SEEN = b"$VanThuDone", b"\\Seen"
DONE_FOLDER = "Đã xử lý"


def message(number: int, body: bytes = b"xin ch\xc3\xa0o \xff\r\n.\r\n..hai\r\n \r\n") -> bytes:
    return b"Message-ID: <thu-%d@tuhaiduong>\r\nSubject: th\xc6\xb0 %d\r\n\r\n" % (number, number) + body


def letter(sender: str, recipient: str, *, size: int = 100, reports: bool = False) -> Letter:
    composed = compose(
        message_id=new_message_id(sender),
        sender=("Văn phòng Tỉnh ủy", sender),
        recipient=("Sở Nội vụ", recipient),
        subject="145-CV/TU: Về việc gửi, nhận văn bản điện tử",
        body=".\nmột dòng\n",
        date=datetime.now(UTC),
        files=[("145-CV-TU.pdf", b"%PDF-\xff\x00" + b"x" * size)],
    )
    return replace(composed, reports=reports)


def waiting(channel: MailChannel, *known: Waiting) -> list[Waiting]:
    return list(channel.waiting({each.identity: each.received_at for each in known}))


def verbs(channel: MailChannel) -> list[Callable[[], object]]:
    """Return everything that needs a server, as calls without arguments."""
    own = letter(channel.address, channel.address)
    return [
        partial(waiting, channel),
        partial(channel.acknowledge, ["1.1"]),
        partial(channel.trace, "<a@b>"),
        channel.check,
        partial(channel.hand_over, own, Calls()),
    ]


class Calls:
    """Counts how often it was called, and asks something each time."""

    def __init__(self, ask: Callable[[], None] = lambda: None) -> None:
        self.count, self.ask = 0, ask

    def __call__(self) -> None:
        self.count += 1
        self.ask()


class ChannelContract:
    """The four verbs. A subclass gives the fixture `bench`."""

    # -- waiting -------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("tls", ["starttls", "implicit"])
    def test_what_waits_is_what_was_delivered_byte_for_byte(self, bench: Bench, tls: str) -> None:
        address = bench.account()
        delivered = [message(1), message(2, b""), message(3, bytes(range(128, 256)) * 10 + b"\r\n" + b"x" * 3000)]
        for raw in delivered:
            bench.drop(address, raw)
        channel = bench.channel(address, tls="implicit" if tls == "implicit" else "starttls")
        found = waiting(channel)
        assert [each.fetch() for each in found] == delivered
        assert [each.size for each in found] == [len(raw) for raw in delivered]
        assert all(re.fullmatch(r"\d+\.\d+", each.identity) for each in found)
        moments = [datetime.fromisoformat(each.received_at) for each in found]
        assert all(abs(datetime.now(UTC) - moment) < timedelta(minutes=1) for moment in moments)
        channel.close()

    def test_a_large_message_comes_in_slices_unchanged(self, bench: Bench) -> None:
        address = bench.account()
        raw = message(1, b"QUJD" * 19 * (9 * 2**20 // 78) + b"\r\n" + bytes(range(128, 256)) * 5000)
        raw += b"x" * (-len(raw) % 2**20)  # ends where a slice ends
        assert len(raw) > 9 * 2**20
        for delivered in (raw, raw + b"."):
            bench.drop(address, delivered)
        channel = bench.channel(address)
        assert [each.fetch() for each in waiting(channel)] == [raw, raw + b"."]
        channel.close()

    def test_what_is_known_does_not_wait(self, bench: Bench) -> None:
        address = bench.account()
        for number in (1, 2, 3):
            bench.drop(address, message(number))
        channel = bench.channel(address)
        first, second, third = waiting(channel)
        assert [each.identity for each in waiting(channel, first, third)] == [second.identity]
        assert waiting(channel, first, second, third) == []
        channel.close()

    def test_looking_and_reading_leave_no_trace(self, bench: Bench) -> None:
        address = bench.account()
        bench.drop(address, message(1))
        channel = bench.channel(address)
        for each in waiting(channel):
            each.fetch()
        channel.close()
        assert bench.messages(address) == [(message(1), set())]

    def test_what_somebody_has_read_elsewhere_still_waits(self, bench: Bench) -> None:
        address = bench.account()
        bench.drop(address, message(1))
        with bench.look(address, readonly=False) as client:
            client.add_flags(client.search(), [SEEN])
        channel = bench.channel(address)
        assert len(waiting(channel)) == 1
        channel.close()

    def test_the_oldest_arrival_comes_first_whatever_its_number(self, bench: Bench) -> None:
        address = bench.account()
        days = [datetime(2026, 4, day, 12, tzinfo=UTC) for day in (28, 3, 15)]
        with bench.look(address) as client:
            for number, day in enumerate(days):
                client.append("INBOX", message(number), [], day)
        channel = bench.channel(address)
        found = waiting(channel)
        assert [each.received_at for each in found] == [day.isoformat() for day in sorted(days)]
        assert [each.fetch() for each in found] == [message(1), message(2), message(0)]
        channel.close()

    def test_a_message_can_be_read_after_the_other_verbs_were_used(self, bench: Bench) -> None:
        address = bench.account()
        bench.drop(address, message(1))
        bench.drop(address, message(2))
        channel = bench.channel(address)
        first, second = waiting(channel)
        assert channel.trace("<unknown@tuhaiduong>") is None
        assert first.fetch() == message(1)
        channel.acknowledge([first.identity])
        assert second.fetch() == message(2)
        channel.close()
        assert bench.messages(address)[1] == (message(2), set())

    def test_a_message_that_vanished_is_said_to_have_vanished(self, bench: Bench) -> None:
        address = bench.account()
        for number in (1, 2):
            bench.drop(address, message(number))
        channel = bench.channel(address)
        first, second = waiting(channel)
        with bench.look(address, readonly=False) as client:
            client.delete_messages(client.search()[:1])
            client.expunge()
        with pytest.raises(UnreachableError) as failure:  # Dovecot says OK and gives NIL
            first.fetch()
        assert failure.value.code == "mail.expunged"
        assert second.fetch() == message(2)
        channel.close()

    # -- acknowledge ---------------------------------------------------------------------------------------------

    def test_what_is_ours_is_flagged_and_nothing_else(self, bench: Bench) -> None:
        address = bench.account()
        for number in (1, 2):
            bench.drop(address, message(number))
        channel = bench.channel(address, after="flag")
        first, second = waiting(channel)
        for _again in range(2):
            channel.acknowledge([first.identity])
        assert [each.identity for each in waiting(channel)] == [first.identity, second.identity]
        channel.close()
        assert bench.messages(address) == [(message(1), {SEEN, DONE}), (message(2), set())]

    def test_what_is_ours_is_moved_to_a_folder_of_its_own(self, bench: Bench) -> None:
        address = bench.account()
        for number in (1, 2, 3):
            bench.drop(address, message(number))
        channel = bench.channel(address, after="move")
        first, second, third = waiting(channel)
        channel.acknowledge([first.identity])
        channel.acknowledge([first.identity, third.identity])
        channel.acknowledge([first.identity, third.identity])
        assert [each.identity for each in waiting(channel)] == [second.identity]
        channel.close()
        assert bench.messages(address) == [(message(2), set())]
        assert bench.messages(address, DONE_FOLDER) == [(message(1), {SEEN, DONE}), (message(3), {SEEN, DONE})]
        with bench.look(address) as client:
            assert DONE_FOLDER in [name for _flags, _sign, name in client.list_sub_folders()]

    @pytest.mark.parametrize("after", ["leave", "flag", "move"])
    def test_nothing_is_done_to_a_mailbox_that_is_to_be_left_or_of_which_nothing_is_ours(
        self, bench: Bench, after: After
    ) -> None:
        address = bench.account()
        bench.drop(address, message(1))
        channel = bench.channel(address, after=after)
        (only,) = waiting(channel)
        epoch, uid = only.identity.split(".")
        channel.acknowledge([])
        channel.acknowledge([only.identity] if after == "leave" else [f"{int(epoch) + 1}.{uid}", f"{epoch}.999"])
        channel.close()
        assert bench.messages(address) == [(message(1), set())]

    def test_many_messages_are_acknowledged_at_once(self, bench: Bench) -> None:
        address = bench.account()
        for number in range(450):
            bench.drop(address, message(number))
        channel = bench.channel(address, after="move")
        channel.acknowledge([each.identity for each in waiting(channel)])
        assert waiting(channel) == []
        channel.close()

    def test_after_renumbering_everything_waits_again_and_old_numbers_mark_nothing(self, bench: Bench) -> None:
        address = bench.account()
        bench.drop(address, message(1))
        channel = bench.channel(address)
        (before,) = waiting(channel)
        channel.close()
        bench.renumber(address)
        channel.acknowledge([before.identity])
        (after,) = waiting(channel, before)
        assert after.identity != before.identity
        assert after.fetch() == message(1)
        channel.close()
        assert bench.messages(address) == [(message(1), set())]

    # -- hand over -----------------------------------------------------------------------------------------------

    @pytest.mark.parametrize(("home", "away"), [(DOTLESS, DOTTED), (DOTTED, DOTLESS), (DOTLESS, DOTLESS)])
    def test_a_letter_is_taken_and_arrives_unchanged(self, bench: Bench, home: str, away: str) -> None:
        sender, recipient = bench.account(home), bench.account(away)
        channel, sent, about_to = bench.channel(sender), letter(sender, recipient), Calls()
        answered = channel.hand_over(sent, about_to)
        channel.close()
        assert answered.state == "handed-over"
        assert answered.words.startswith("250 2.0.0 Ok")
        assert about_to.count == 1
        (raw,) = bench.arrived(recipient)
        assert raw.endswith(b"\r\n" + sent.raw)
        added = raw.removesuffix(sent.raw)
        assert {line.partition(b":")[0] for line in added.splitlines() if line[:1].strip()} <= {
            b"Return-Path",
            b"Delivered-To",
            b"Received",
        }
        assert f"Return-Path: <{sender}>".encode() in added
        assert read_mail(raw).sender == sender

    def test_about_to_comes_before_anything_could_be_accepted(self, bench: Bench) -> None:
        sender, recipient = bench.account(), bench.account()

        def stop() -> None:
            raise RuntimeError("the register is full")

        channel = bench.channel(sender)
        with pytest.raises(RuntimeError, match="full"):
            channel.hand_over(letter(sender, recipient), stop)
        assert channel.hand_over(letter(sender, recipient), Calls()).state == "handed-over"
        assert len(bench.arrived(recipient)) == 1
        channel.close()

    @pytest.mark.parametrize(
        ("recipient", "state", "words"),
        [
            ("blocked@tuhaiduong", "refused", "550 5.7.1"),
            ("nobody-here@haiduong.gov.vn", "refused", "550 5.1.1"),
            ("greylist@haiduong.gov.vn", "later", "450 4.2.0"),
            ("Văn thư@tuhaiduong", "refused", "not an address"),
            ("a@b\r\nRCPT TO:<c@tuhaiduong>", "refused", "not an address"),
            ("", "refused", "not an address"),
        ],
    )
    def test_a_refused_envelope_says_why_and_carries_nothing(
        self, bench: Bench, recipient: str, state: str, words: str
    ) -> None:
        sender, good, about_to = bench.account(), bench.account(), Calls()
        channel = bench.channel(sender)
        answered = channel.hand_over(letter(sender, recipient), about_to)
        assert (answered.state, answered.words[: len(words)]) == (state, words)
        assert about_to.count == 0
        assert channel.hand_over(letter(sender, good), about_to).state == "handed-over"
        assert about_to.count == 1
        channel.close()
        assert len(bench.messages(sender, "Sent")) == 1

    def test_a_letter_that_is_too_large_is_refused_before_it_is_sent(self, bench: Bench) -> None:
        sender, recipient, about_to = bench.account(), bench.account(), Calls()
        channel = bench.channel(sender)
        big = Letter("<to@tuhaiduong>", sender, recipient, b"Subject: to\r\n\r\n", b"x\r\n" * (11 * 2**20))
        answered = channel.hand_over(big, about_to)
        assert (answered.state, about_to.count) == ("refused", 0)
        assert "31457280" in answered.words
        channel.close()

    def test_delivery_is_reported_only_to_who_wants_it(self, bench: Bench) -> None:
        sender, recipient = bench.account(), bench.account()
        channel = bench.channel(sender)
        quiet, told = letter(sender, recipient), letter(sender, recipient, reports=True)
        for each in (quiet, told):
            assert channel.hand_over(each, Calls()).state == "handed-over"
        (report,) = [read_mail(raw) for raw in bench.arrived(sender)]
        assert report.answer is not None
        assert (report.answer.kind, report.answer.state) == ("dsn", "delivered")
        assert report.answer.message_ids[0] == told.message_id
        assert report.automatic
        channel.close()
        time.sleep(0.1)
        assert len(bench.messages(sender)) == 1

    def test_a_bounce_is_reported_although_no_reports_were_asked_for(self, bench: Bench) -> None:
        sender = bench.account()
        channel = bench.channel(sender)
        sent = letter(sender, "bounce@haiduong.gov.vn")
        assert channel.hand_over(sent, Calls()).state == "handed-over"
        channel.close()
        report = read_mail(bench.arrived(sender)[0])
        assert report.answer is not None
        assert (report.answer.kind, report.answer.state) == ("dsn", "bounced")
        assert sent.message_id in report.answer.message_ids
        assert "5.1.1" in report.answer.detail
        assert "No such user here" in report.answer.detail

    # -- trace ---------------------------------------------------------------------------------------------------

    def test_what_was_handed_over_can_be_traced_and_nothing_else(self, bench: Bench) -> None:
        sender, recipient = bench.account(), bench.account()
        channel = bench.channel(sender)
        assert channel.trace("<khong-co@tuhaiduong>") is None
        sent, refused = letter(sender, recipient), letter(sender, "blocked@tuhaiduong")
        channel.hand_over(sent, Calls())
        channel.hand_over(refused, Calls())
        assert channel.trace(sent.message_id) is True
        assert channel.trace(refused.message_id) is None
        channel.close()
        assert channel.trace(sent.message_id) is True
        channel.close()
        assert bench.messages(sender, "Sent") == [(sent.raw, {SEEN})]

    # -- login and TLS -------------------------------------------------------------------------------------------

    def test_check_logs_in_both_ways(self, bench: Bench) -> None:
        channel = bench.channel(bench.account())
        channel.check()
        channel.close()
        channel.close()

    def test_a_wrong_password_is_tried_once_whatever_is_asked(self, bench: Bench) -> None:
        for first in ("in", "out"):
            address = bench.account()
            bench.drop(address, message(1))
            channel = bench.channel(address, password="wrong")
            before = bench.logins(address)
            asked = verbs(channel)
            for verb in asked if first == "in" else asked[::-1]:
                with pytest.raises(MisuseError) as failure:
                    verb()
                assert failure.value.code == "mail.login"
                assert address in failure.value.message
                assert "wrong" not in failure.value.message + failure.value.hint
            assert bench.logins(address) == before + 1
            channel.close()

    def test_a_password_with_vietnamese_letters_or_line_ends_is_a_clear_refusal(self, bench: Bench) -> None:
        address = bench.account()
        for password in ("mật khẩu", "a\r\nLOGOUT"):
            channel = bench.channel(address, password=password)
            for verb in verbs(channel):
                with pytest.raises(MisuseError) as failure:
                    verb()
                assert failure.value.code == "mail.password_letters"

    def test_the_certificate_may_bear_another_name_than_the_host(self, bench: Bench) -> None:
        address = bench.account()
        channel = bench.channel(address, tls_name="mail.tuhaiduong")
        channel.check()
        channel.close()

    @pytest.mark.parametrize("tls", ["starttls", "implicit"])
    def test_a_certificate_for_another_name_is_not_believed(self, bench: Bench, tls: str) -> None:
        address = bench.account()
        before = bench.logins(address)
        channel = bench.channel(
            address, tls_name="mail.hanoi", tls="implicit" if tls == "implicit" else "starttls", password=PASSWORD
        )
        for verb in verbs(channel):
            with pytest.raises(UnreachableError) as failure:
                verb()
            assert failure.value.code == "mail.certificate"
            assert "another server name" in failure.value.message
        assert bench.logins(address) == before
