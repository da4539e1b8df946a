"""Servers and lines that fail at the worst moment: the channel says so in a sentence or keeps the right state; it never hangs."""

import os
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.channels.benches import Bench
from tests.channels.contract import Calls, letter, message, verbs, waiting
from tests.channels.liar import Imap, Line, Smtp, liar
from tests.channels.proxy import Fault, proxy

from vanthu_cli.channels.channel import Answered
from vanthu_cli.channels.letter import Letter
from vanthu_cli.channels.mail import MailChannel, tls_context
from vanthu_cli.config.settings import Channel, Server
from vanthu_cli.errors import MisuseError, UnreachableError, VanthuError
from vanthu_cli.sandbox.certificates import make_certificate, new_key, subject
from vanthu_cli.sandbox.pki import PracticePki

USER = "vanthu@tuhaiduong"
SECRET = "Secret-1"
SHORT = 0.25
Tls = Literal["implicit", "starttls"]


def serving(pki: PracticePki, certificate: Path | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate or pki.tls_certificate, pki.tls_key)
    return context


def channel_to(
    pki: PracticePki, *, imap: int = 1, smtp: int = 1, tls: Tls = "implicit", timeout: float = 5
) -> MailChannel:
    """Return a channel to made-up servers; port 1 has nobody."""
    servers = [Server("127.0.0.1", port, USER, tls) for port in (imap, smtp)]
    settings = Channel("mail", "wan", USER, servers[0], servers[1], "file:none")
    contexts = [tls_context(server, pki.tls_ca) for server in servers]
    return MailChannel(
        "wan",
        settings,
        servers[0],
        servers[1],
        contexts[0],
        contexts[1],
        lambda: SECRET,
        connect_timeout=timeout,
        read_timeout=timeout,
    )


def read_until_failure(channel: MailChannel) -> tuple[list[bytes], VanthuError | None]:
    """Read what waits; return what came and why no more did."""
    got = list[bytes]()
    try:
        for each in waiting(channel):
            came = each.fetch()
            assert isinstance(came, bytes)
            got.append(came)
    except UnreachableError as error:
        return got, error
    finally:
        channel.close()
    return got, None


# -- lines that break while mail is read ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Full:
    """A mailbox whose messages are large enough for every kind of cut."""

    bench: Bench = field(repr=False)
    address: str
    delivered: list[bytes] = field(repr=False)


@pytest.fixture(scope="module")
def full(practice: Bench) -> Full:
    address = practice.account()
    delivered = [message(number, os.urandom(60_000)) for number in range(3)]
    for raw in delivered:
        practice.drop(address, raw)
    return Full(practice, address, delivered)


def through(bench: Bench, address: str, port: int, timeout: float = 5) -> MailChannel:
    channel = bench.channel(address, tls="implicit")
    server = Server("127.0.0.1", port, address, "implicit")
    channel.imap = channel.smtp = server
    channel.connect_timeout = channel.read_timeout = timeout
    return channel


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(after=st.integers(0, 190_000), fault=st.sampled_from(["close", "reset"]))
def test_a_cut_line_loses_no_message_and_makes_none_up(full: Full, after: int, fault: Fault) -> None:
    bench, address, delivered = full.bench, full.address, full.delivered
    with proxy(bench.imaps, fault, after) as between:
        got, error = read_until_failure(through(bench, address, between.port))
        assert got == delivered[: len(got)]
        assert error is None or ("127.0.0.1" in error.message and error.hint)
        assert error is not None or got == delivered
        between.after = None
        channel = through(bench, address, between.port)  # the next run
        assert [each.fetch() for each in waiting(channel)] == delivered
        channel.close()


@pytest.mark.parametrize("after", [0, 1500, 5000, 70_000])
def test_a_line_that_stalls_is_given_up(full: Full, after: int) -> None:
    bench, address, delivered = full.bench, full.address, full.delivered
    with proxy(bench.imaps, "stall", after) as between:
        begun = time.monotonic()
        got, error = read_until_failure(through(bench, address, between.port, SHORT))
    assert error is not None
    assert "no answer came in time" in error.message
    assert got == delivered[: len(got)]
    assert time.monotonic() - begun < 6 * SHORT


def test_a_large_message_cut_between_its_slices_is_not_taken(practice: Bench) -> None:
    address = practice.account()
    practice.drop(address, message(1, b"x" * (9 * 2**20)))
    with proxy(practice.imaps, "close", 3 * 2**20) as between:
        channel = through(practice, address, between.port)
        (only,) = waiting(channel)
        with pytest.raises(UnreachableError, match="cut"):
            only.fetch()


def test_a_connection_the_server_closed_meanwhile_is_made_again(practice: Bench) -> None:
    address = practice.account()
    practice.drop(address, message(1))
    with proxy(practice.imaps) as between:
        channel = through(practice, address, between.port)
        (first,) = waiting(channel)
        between.break_all()
        assert [each.identity for each in waiting(channel)] == [first.identity]
        assert first.fetch() == message(1)
        channel.close()


# -- IMAP servers that talk nonsense -------------------------------------------------------------------------------

NO_FACTS = b'* 1 FETCH (UID 1)\r\n* 3 FETCH (UID 3 INTERNALDATE "99-Foo-0000 99:99:99 +9999" RFC822.SIZE 9)\r\n'
FACTS = b'* 1 FETCH (UID 1 RFC822.SIZE 20 INTERNALDATE "01-Apr-2026 10:00:00 +0700")\r\n'


def test_messages_without_facts_wait_all_the_same(pki: PracticePki) -> None:
    with liar(Imap({"UID FETCH": NO_FACTS}), serving(pki)) as server:
        channel = channel_to(pki, imap=server.port)
        assert {each.identity for each in waiting(channel)} == {"5.1", "5.3"}
        channel.close()


@pytest.mark.parametrize(
    "said", [b"", b"* 1 FETCH (UID 1 BODY[] NIL)\r\n* 1 EXPUNGE\r\n", b"* 9 FETCH (UID 9 BODY[] {1}\r\nx)\r\n"]
)
def test_a_message_gone_between_search_and_fetch_is_passed_over(pki: PracticePki, said: bytes) -> None:
    with liar(Imap({"UID FETCH 1,2,3": FACTS, "UID FETCH 1 ": said}), serving(pki)) as server:
        channel = channel_to(pki, imap=server.port)
        (only,) = waiting(channel)
        assert (only.identity, only.received_at) == ("5.1", "2026-04-01T03:00:00+00:00")
        with pytest.raises(UnreachableError) as failure:
            only.fetch()
        assert failure.value.code == "mail.expunged"
        channel.close()


def test_mail_is_looked_at_in_a_way_that_cannot_mark_it(pki: PracticePki) -> None:
    facts = FACTS.replace(b"SIZE 20", b"SIZE 9000000")
    body = b"* 1 FETCH (UID 1 BODY[] {2}\r\nab)\r\n"
    for rule in (FACTS, facts):
        with liar(Imap({"UID FETCH 1,2,3": rule, "UID FETCH 1 ": body}), serving(pki)) as server:
            assert read_until_failure(channel_to(pki, imap=server.port)) == ([b"ab"], None)
        said = [line.split(b" ", 1)[1] for line in server.heard]
        assert b'EXAMINE "INBOX"' in said
        assert not [
            line
            for line in said
            if line.startswith((b"SELECT", b"UID STORE")) or b" BODY[" in line or b"(BODY[" in line
        ]


def test_a_renumbered_mailbox_gives_no_message_under_an_old_number(pki: PracticePki) -> None:
    """The connection breaks; when it is made again the server has numbered anew."""
    epochs = iter((5, 6, 6))

    def examine(line: Line, tag: bytes) -> None:
        line.say("* 1 EXISTS", f"* OK [UIDVALIDITY {next(epochs)}]", tag + b" OK done")

    def hang_up(line: Line, _tag: bytes) -> None:
        line.say("* BYE idle for too long")
        raise EOFError

    rules: dict[str, bytes | Callable[[Line, bytes], None]] = {
        "EXAMINE": examine,
        "UID FETCH 1,2,3": FACTS,
        "UID FETCH": hang_up,
    }
    with liar(Imap(rules), serving(pki)) as server:
        channel = channel_to(pki, imap=server.port)
        (only,) = waiting(channel)
        for code in ("mail.unreachable", "mail.expunged"):
            with pytest.raises(UnreachableError) as failure:
                only.fetch()
            assert failure.value.code == code
        channel.close()


@pytest.mark.parametrize(
    "said",
    [
        b"* BYE shutting down\r\n",
        b"\r\n",
        b"* 1 FETCH (UID 1 BODY[] {5}\r\nab",
        b"* 1 FETCH (UID 1 BODY[] {99999999999999}\r\nab",
        b"* 1 FETCH (UID 1 BODY[] {-1}\r\nab)\r\n",
        b"* 1 FETCH (UID x BODY[] abc)\r\n",
        b"* 1 FETCH " + b"(" * 5000 + b"\r\n",
        b"* 1 FETCH (UID 1 BODY[] \xff\xfe\r\n",
        b"* 1 FETCH\r\n",
        b"* OK " + b"x" * 1_000_100 + b"\r\n",
        b"\x16\x03\x01\x02\x00",
        b"T999 OK done\r\n",
    ],
)
def test_nonsense_is_a_sentence_and_never_a_crash(pki: PracticePki, said: bytes) -> None:
    for command in ("UID FETCH", "UID SEARCH", "EXAMINE", "LOGIN", "CAPABILITY"):

        def speak(line: Line, tag: bytes) -> None:
            line.send(said)
            line.say(tag + b" OK done")

        with liar(Imap({command: speak}), serving(pki)) as server:
            got, error = read_until_failure(channel_to(pki, imap=server.port, timeout=SHORT))
            assert not any(got)
            if error:
                assert error.message.startswith("IMAP server 127.0.0.1") or error.code == "mail.expunged"
                assert error.message.isprintable()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    said=st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.sampled_from(
                [b"* 1 FETCH (", b"UID 1 ", b"BODY[] ", b"{3}\r\n", b")", b"\r\n", b'"', b"* SEARCH ", b"NIL "]
            ),
        ),
        max_size=8,
    )
)
def test_any_bytes_from_the_server_end_in_an_answer_or_a_sentence(pki: PracticePki, said: list[bytes]) -> None:
    def speak(line: Line, tag: bytes) -> None:
        line.send(b"".join(said) + b"\r\n")
        line.say(tag + b" OK done")
        raise EOFError

    with liar(Imap({"UID": speak}), serving(pki)) as server:
        read_until_failure(channel_to(pki, imap=server.port))


def test_a_mailbox_of_two_hundred_thousand_messages_is_listed(pki: PracticePki) -> None:
    def search(line: Line, tag: bytes) -> None:
        first, last = (int(each) if each != b"*" else 200_000 for each in line.heard[-1].split()[-1].split(b":"))
        line.say(b"* SEARCH " + b" ".join(b"%d" % (4_000_000_000 + uid) for uid in range(first, last + 1)))
        line.say(tag + b" OK done")

    rules: dict[str, bytes | Callable[[Line, bytes], None]] = {
        "EXAMINE": b"* 200000 EXISTS\r\n* OK [UIDVALIDITY 5]\r\n",
        "UID SEARCH": search,
        "UID FETCH": b'* 9 FETCH (UID 4000200000 RFC822.SIZE 20 INTERNALDATE "01-Apr-2026 10:00:00 +0700")\r\n',
    }
    known = {f"5.{4_000_000_000 + uid}": "2026-04-01T03:00:00+00:00" for uid in range(1, 200_000)}
    with liar(Imap(rules), serving(pki)) as server:
        channel = channel_to(pki, imap=server.port)
        assert [each.identity for each in channel.waiting(known)] == ["5.4000200000"]
        channel.close()


def test_a_server_that_keeps_no_keywords_is_asked_for_none(pki: PracticePki) -> None:
    rules: dict[str, bytes | Callable[[Line, bytes], None]] = {
        "SELECT": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 5]\r\n* OK [PERMANENTFLAGS (\\Seen)]\r\n"
    }
    with liar(Imap(rules), serving(pki)) as server:
        channel = channel_to(pki, imap=server.port)
        channel.acknowledge(["5.1", "5.2"])
        channel.close()
        stored = [line for line in server.heard if b"STORE" in line]
    assert [line.split(b" ", 1)[1] for line in stored] == [b"UID STORE 1,2,3 +FLAGS.SILENT (\\Seen)"]


# -- submission that breaks ----------------------------------------------------------------------------------------


def cut(line: Line) -> None:
    line.reset()


def close(_line: Line) -> None:
    raise EOFError


def stall(line: Line) -> None:
    """Say nothing until the client is gone."""
    while line.hear():
        pass


def garbage(line: Line) -> None:
    line.send(b"\xff\x00what?\r\n")


def endless(line: Line) -> None:
    line.send(b"250-" + b"x" * 20_000 + b"\r\n")


def taken_then_cut(line: Line) -> None:
    """The letter is in the queue, the answer is lost."""
    line.reset()


def half(line: Line) -> None:
    line.say("354 go on")
    line.take(1_000_000)
    line.reset()


def silent_reader(line: Line) -> None:
    line.say("354 go on")
    time.sleep(2 * SHORT)


FAILURES = [
    ("MAIL", cut, "later", 0),
    ("MAIL", stall, "later", 0),
    ("MAIL", garbage, "later", 0),
    ("MAIL", endless, "later", 0),
    ("MAIL", "421 4.3.2 shutting down", "later", 0),
    ("MAIL", "552 5.3.4 too large", "refused", 0),
    ("RCPT", cut, "later", 0),
    ("RCPT", "421 4.7.0 too many", "later", 0),
    ("RCPT", "452 4.2.2 full", "later", 0),
    ("RCPT", "550 5.1.1 unknown \x1b[31m", "refused", 0),
    ("DATA", cut, "later", 1),
    ("DATA", close, "later", 1),
    ("DATA", stall, "later", 1),
    ("DATA", garbage, "later", 1),
    ("DATA", "250 what", "later", 1),
    ("DATA", "421 4.3.2 shutting down", "later", 1),
    ("DATA", "451 4.3.0 disk full", "later", 1),
    ("DATA", "554 5.5.1 no", "refused", 1),
    ("DATA", half, "later", 1),
    ("DATA", silent_reader, "later", 1),
    (".", taken_then_cut, "unsure", 1),
    (".", close, "unsure", 1),
    (".", stall, "unsure", 1),
    (".", garbage, "unsure", 1),
    (".", endless, "unsure", 1),
    (".", "354 again", "unsure", 1),
    (".", "421 4.3.2 shutting down", "later", 1),
    (".", "452 4.3.1 queue full", "later", 1),
    (".", "554 5.7.1 spam", "refused", 1),
    (".", "250 2.0.0 queued", "handed-over", 1),
]


@pytest.mark.parametrize(("verb", "fault", "state", "called"), FAILURES)
def test_each_failure_of_a_submission_leaves_the_right_state(
    pki: PracticePki, verb: str, fault: str | Callable[[Line], None], state: str, called: int
) -> None:
    with liar(Smtp({verb: fault}), serving(pki)) as server:
        channel = channel_to(pki, smtp=server.port, timeout=SHORT)
        about_to = Calls()
        size = 9 * 2**20 if fault in {half, silent_reader} else 100  # more than the buffers on the way hold
        answered = channel.hand_over(letter(USER, "a@tuhaiduong", size=size), about_to)
        assert answered.state == state
        assert about_to.count == called
        assert answered.words
        assert "\x1b" not in answered.words
        channel.close()


def test_after_421_and_after_a_cut_the_next_letter_goes_by_a_new_connection(pki: PracticePki) -> None:
    for fault in ("421 4.3.2 closing", cut):
        faults = iter([fault])

        def once(line: Line, faults: "object" = faults) -> None:
            said = next(faults, "250 2.1.0 ok")  # type: ignore[call-overload]  # an iterator, bound early
            said(line) if callable(said) else line.say(said)
            if said != "250 2.1.0 ok":
                raise EOFError

        with liar(Smtp({"MAIL": once}), serving(pki)) as server:
            channel = channel_to(pki, smtp=server.port)
            states = [channel.hand_over(letter(USER, "a@tuhaiduong"), Calls()).state for _again in range(3)]
            assert states == ["later", "handed-over", "handed-over"]
            assert server.connections == 2
            channel.close()


def test_a_letter_survives_the_smtp_dots_whatever_it_ends_with(pki: PracticePki) -> None:
    for raw in (b".\r\n..\r\na\r\n.\r\n", b"no end", b""):
        with liar(Smtp(), serving(pki)) as server:
            channel = channel_to(pki, smtp=server.port)
            answered = channel.hand_over(Letter("<a@b>", USER, "a@tuhaiduong", b"", raw), Calls())
            assert answered == Answered("handed-over", "250 2.0.0 queued")
            channel.close()
            begun = server.heard.index(b"DATA") + 1
            got = server.heard[begun : server.heard.index(b".", begun)]
        assert [line[1:] if line.startswith(b".") else line for line in got] == raw.removesuffix(b"\r\n").split(b"\r\n")


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
@pytest.mark.parametrize(("reports", "wish"), [(True, b"NOTIFY=SUCCESS,FAILURE,DELAY"), (False, b"NOTIFY=FAILURE")])
def test_the_envelope_says_what_is_wished(pki: PracticePki, tls: Tls, reports: bool, wish: bytes) -> None:
    context = serving(pki)
    talk = Smtp(starttls=None if tls == "implicit" else context)
    with liar(talk, context if tls == "implicit" else None) as server:
        channel = channel_to(pki, smtp=server.port, tls=tls)
        sent = letter(USER, "a@tuhaiduong", reports=reports)
        assert channel.hand_over(sent, Calls()).state == "handed-over"
        channel.close()
    identity = sent.message_id.strip("<>").encode()
    assert b"MAIL FROM:<%s> SIZE=%d RET=HDRS ENVID=%s" % (USER.encode(), len(sent.raw), identity) in [
        line.replace(b"mail", b"MAIL", 1) for line in server.heard
    ]
    assert b"RCPT TO:<a@tuhaiduong> " + wish in [line.replace(b"rcpt", b"RCPT", 1) for line in server.heard]


@pytest.mark.parametrize(("verb", "said"), [("MAIL", "552 5.3.4 too large"), ("RCPT", "550 5.1.1 unknown")])
def test_commands_sent_together_have_their_answers_told_apart(pki: PracticePki, verb: str, said: str) -> None:
    """RFC 2920: the answers come in the order of the commands, whatever the first of them was."""
    features = ("SIZE 31457280", "AUTH PLAIN", "PIPELINING")
    with liar(Smtp({verb: said}, features), serving(pki)) as server:
        channel = channel_to(pki, smtp=server.port)
        about_to = Calls()
        assert channel.hand_over(letter(USER, "a@tuhaiduong"), about_to) == Answered("refused", said)
        assert about_to.count == 0
        channel.close()
    assert [line.split(b":")[0] for line in server.heard if line.startswith((b"MAIL", b"RCPT"))] == [
        b"MAIL FROM",
        b"RCPT TO",
    ]


@pytest.mark.parametrize("taken", [True, False])
def test_an_address_with_diacritics_goes_only_where_it_is_taken(pki: PracticePki, taken: bool) -> None:
    features = ("SIZE 31457280", "AUTH PLAIN", *(["SMTPUTF8", "8BITMIME"] if taken else []))
    with liar(Smtp(features=features), serving(pki)) as server:
        channel = channel_to(pki, smtp=server.port)
        answered = channel.hand_over(letter(USER, "văn.thư@hảidương.vn"), Calls())
        assert answered.state == ("handed-over" if taken else "refused")
        assert channel.hand_over(letter(USER, "vanthu@hảidương.vn"), Calls()).state == "handed-over"
        channel.close()
    domain = "hảidương.vn".encode("idna")
    recipients = [line for line in server.heard if line.startswith(b"RCPT")]
    expected = ["văn.thư@".encode()] if taken else []
    assert recipients == [b"RCPT TO:<" + local + domain + b">" for local in [*expected, b"vanthu@"]]
    assert any(b"SMTPUTF8" in line for line in server.heard if line.startswith(b"MAIL")) is taken


def test_a_copy_that_cannot_be_filed_changes_nothing_about_the_letter(pki: PracticePki) -> None:
    def full(line: Line, tag: bytes) -> None:
        line.say(tag + b" NO [OVERQUOTA] the mailbox is full")

    with liar(Imap({"APPEND": full}), serving(pki)) as imap, liar(Smtp(), serving(pki)) as smtp:
        channel = channel_to(pki, imap=imap.port, smtp=smtp.port)
        assert channel.hand_over(letter(USER, "a@tuhaiduong"), Calls()).state == "handed-over"
        assert channel.hand_over(letter(USER, "a@tuhaiduong"), Calls()).state == "handed-over"
        channel.close()
    assert any(b"APPEND" in line for line in imap.heard)


# -- a server restored from a backup --------------------------------------------------------------------------------


def test_a_restored_mailbox_that_gives_numbers_twice_hides_no_message(pki: PracticePki) -> None:
    """Numbers 2 and 3 are other messages now than when we took them; the server does not say so."""

    def moments(line: Line, tag: bytes) -> None:
        asked = [int(uid) for uid in line.heard[-1].split()[3].split(b",")]
        days = {1: 1, 2: 20, 3: 21}
        for uid in asked:
            line.say(
                b'* %d FETCH (UID %d RFC822.SIZE 20 INTERNALDATE "%02d-Apr-2026 10:00:00 +0700")'
                % (uid, uid, days[uid])
            )
        line.say(tag + b" OK done")

    known = {f"5.{uid}": f"2026-04-0{uid}T03:00:00+00:00" for uid in (1, 2, 3)}
    with liar(Imap({"UID FETCH": moments}), serving(pki)) as server:
        channel = channel_to(pki, imap=server.port)
        found = [(each.identity.partition("~")[0], each.received_at) for each in channel.waiting(known)]
        assert found == [("5", "2026-04-20T03:00:00+00:00"), ("5", "2026-04-21T03:00:00+00:00")]
        taken = {each.identity: each.received_at for each in channel.waiting(known)}
        assert {identity.rpartition(".")[2] for identity in taken} == {"2", "3"}
        assert list(channel.waiting(known | taken)) == []
        channel.acknowledge(list(taken))
        channel.close()
    assert any(b"STORE" in line for line in server.heard)


# -- who is not to be trusted --------------------------------------------------------------------------------------


def test_nobody_there_is_said_at_once_and_once(pki: PracticePki) -> None:
    channel = channel_to(pki)
    for verb in verbs(channel):
        with pytest.raises(UnreachableError, match=r"nothing listens there") as failure:
            verb()
        assert failure.value.code == "mail.unreachable"
    channel.close()


@pytest.fixture
def expired(pki: PracticePki, tmp_path: Path) -> Path:
    """The practice server's certificate, as it would be had nobody renewed it; signed by a CA of its own in the file."""
    old = x509.load_pem_x509_certificate(pki.tls_certificate.read_bytes())
    key = load_pem_private_key(pki.tls_key.read_bytes(), password=None)
    now = datetime.now(UTC)
    authority = new_key("p-256")
    validity = (now - timedelta(days=30), now - timedelta(days=1))
    extensions = [(each.value, each.critical) for each in old.extensions if each.oid != x509.AuthorityKeyIdentifier.oid]
    extensions = [each for each in extensions if not isinstance(each[0], x509.SubjectKeyIdentifier)]
    root = make_certificate(
        subject("CA", "CA"),
        authority.public_key(),
        None,
        authority,
        validity=(validity[0], now + timedelta(1)),
        extensions=[(x509.BasicConstraints(ca=True, path_length=0), True)],
    )
    own = make_certificate(old.subject, key.public_key(), root, authority, validity=validity, extensions=extensions)  # type: ignore[arg-type]  # an EC key
    (tmp_path / "expired.crt").write_bytes(own.public_bytes(Encoding.PEM))
    (tmp_path / "ca.crt").write_bytes(root.public_bytes(Encoding.PEM))
    return tmp_path / "expired.crt"


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_an_expired_certificate_gets_no_password(pki: PracticePki, expired: Path, tls: Tls) -> None:
    context = serving(pki, expired)
    late = None if tls == "implicit" else context
    early = context if tls == "implicit" else None
    with liar(Imap(starttls=late), early) as imap, liar(Smtp(starttls=late), early) as smtp:
        channel = channel_to(pki, imap=imap.port, smtp=smtp.port, tls=tls)
        for server, way in ((channel.imap, "imap_tls"), (channel.smtp, "smtp_tls")):
            setattr(channel, way, tls_context(server, expired.with_name("ca.crt")))
        for verb in verbs(channel):
            with pytest.raises(UnreachableError, match="it has expired") as failure:
                verb()
            assert failure.value.code == "mail.certificate"
    assert (imap.connections, smtp.connections) == (1, 1)
    assert not [line for line in imap.heard + smtp.heard if b"LOGIN" in line.upper() or b"AUTH" in line.upper()]


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_certificate_of_strangers_gets_no_password(pki: PracticePki, expired: Path, tls: Tls) -> None:
    context = serving(pki, expired)
    late = None if tls == "implicit" else context
    early = context if tls == "implicit" else None
    with liar(Imap(starttls=late), early) as imap, liar(Smtp(starttls=late), early) as smtp:
        channel = channel_to(pki, imap=imap.port, smtp=smtp.port, tls=tls)
        for verb in verbs(channel):
            with pytest.raises(UnreachableError, match="its issuer is not one that this office believes"):
                verb()
    assert not [line for line in imap.heard + smtp.heard if b"LOGIN" in line.upper() or b"AUTH" in line.upper()]


def test_a_stripped_starttls_gets_no_password(pki: PracticePki) -> None:
    with liar(Imap()) as imap, liar(Smtp()) as smtp:
        channel = channel_to(pki, imap=imap.port, smtp=smtp.port, tls="starttls")
        for verb in verbs(channel):
            with pytest.raises(UnreachableError, match="does not offer encryption") as failure:
                verb()
            assert failure.value.code == "mail.no_tls"
            assert "No password was sent" in failure.value.hint
        channel.close()
    said = b"\n".join(imap.heard + smtp.heard)
    assert SECRET.encode() not in said
    assert b"LOGIN" not in said
    assert b"AUTH" not in said


def test_a_preauthenticated_greeting_does_not_talk_us_out_of_tls(pki: PracticePki) -> None:
    with liar(Imap(greeting="* PREAUTH welcome", starttls=serving(pki))) as imap:
        channel = channel_to(pki, imap=imap.port, tls="starttls")
        with pytest.raises(UnreachableError):
            waiting(channel)
        channel.close()
    assert not [line for line in imap.heard if b"EXAMINE" in line or b"LOGIN" in line]


@pytest.mark.parametrize("offer", ["AUTH PLAIN LOGIN CRAM-MD5", "AUTH LOGIN", "AUTH LOGIN PLAIN"])
def test_a_refused_login_is_not_tried_by_another_mechanism(pki: PracticePki, offer: str) -> None:
    def refuse(line: Line) -> None:
        while line.heard[-1].upper() == b"AUTH LOGIN" or len(line.heard[-1].split()) == 1:
            line.say("334 UGFzc3dvcmQ6")
            line.hear()
            if line.heard[-2].upper().split()[0] != b"AUTH":
                break
        line.say("535 5.7.8 no")

    with liar(Smtp({"AUTH": refuse}, features=(offer,)), serving(pki)) as smtp:
        channel = channel_to(pki, smtp=smtp.port)
        for _again in range(2):
            with pytest.raises(MisuseError) as failure:
                channel.hand_over(letter(USER, "a@tuhaiduong"), Calls())
            assert failure.value.code == "mail.login"
    assert len([line for line in smtp.heard if line.upper().startswith(b"AUTH")]) == 1


@pytest.mark.parametrize(
    ("imap_says", "smtp_says"),
    [
        ("NO [UNAVAILABLE] directory is down", "454 4.7.0 temporary"),
        ("NO [LIMIT] too many connections", "421 4.7.0 wait"),
    ],
)
def test_a_login_that_fails_for_now_is_not_called_a_wrong_password(
    pki: PracticePki, imap_says: str, smtp_says: str
) -> None:
    rules: dict[str, bytes | Callable[[Line, bytes], None]] = {
        "LOGIN": lambda line, tag: line.say(tag + f" {imap_says}".encode())
    }
    with liar(Imap(rules), serving(pki)) as imap, liar(Smtp({"AUTH": smtp_says}), serving(pki)) as smtp:
        channel = channel_to(pki, imap=imap.port, smtp=smtp.port)
        for verb in verbs(channel):
            with pytest.raises(UnreachableError) as failure:
                verb()
            assert failure.value.code == "mail.unreachable"


def test_a_line_cut_while_logging_in_is_not_called_a_wrong_password(pki: PracticePki) -> None:
    def hang_up(_line: Line, _tag: bytes) -> None:
        raise EOFError

    with liar(Imap({"LOGIN": hang_up}), serving(pki)) as imap, liar(Smtp({"AUTH": close}), serving(pki)) as smtp:
        channel = channel_to(pki, imap=imap.port, smtp=smtp.port)
        for verb in verbs(channel):
            with pytest.raises(UnreachableError, match="cut"):
                verb()


def test_a_server_without_any_login_we_know_is_named(pki: PracticePki) -> None:
    with liar(Smtp(features=("AUTH GSSAPI",)), serving(pki)) as smtp:
        with pytest.raises(VanthuError) as failure:
            channel_to(pki, smtp=smtp.port).hand_over(letter(USER, "a@tuhaiduong"), Calls())
        assert failure.value.code == "mail.no_login"


def test_a_ca_file_that_is_none_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("không phải chứng thư")
    for path in (tmp_path / "ca.pem", tmp_path / "missing.pem"):
        with pytest.raises(MisuseError, match="cannot be read"):
            tls_context(Server("mail.tuhaiduong", 993, USER), path)


def test_a_server_s_own_certificate_may_be_pinned(practice: Bench, tmp_path: Path) -> None:
    channel = practice.channel(practice.account())
    channel.imap_tls, channel.smtp_tls = (
        tls_context(each, practice.pki.tls_certificate) for each in (channel.imap, channel.smtp)
    )
    channel.check()
    channel.close()
    stranger, key, now = tmp_path / "other.crt", new_key("p-256"), datetime.now(UTC)
    validity = (now - timedelta(1), now + timedelta(1))
    other = make_certificate(subject("Khác", "Khác"), key.public_key(), None, key, validity=validity, extensions=[])
    stranger.write_bytes(other.public_bytes(Encoding.PEM))
    channel = practice.channel(practice.account())
    channel.imap_tls = channel.smtp_tls = tls_context(channel.imap, stranger)
    with pytest.raises(UnreachableError):
        channel.check()
