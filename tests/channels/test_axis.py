"""The national axis as a channel, against the simulator: the four verbs, every error code, and what a line can do."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.on_axis import members
from urllib3 import PoolManager

from vanthu_cli.channels import axis as axis_channel
from vanthu_cli.channels.axis import Adapter, AxisChannel, error_words, letter_id
from vanthu_cli.channels.channel import Waiting
from vanthu_cli.channels.edxml import ALONE, Enclosed, Header, Party, document_head, document_tail, status_xml
from vanthu_cli.channels.letter import Letter
from vanthu_cli.channels.streams import take_data
from vanthu_cli.errors import MisuseError, UnreachableError, VanthuError
from vanthu_cli.rules.deadlines import VIETNAM
from vanthu_cli.sandbox.axis import Axis, serve_axis

US, THEM = "H23.01", "H23.20"
NOW = datetime(2026, 4, 28, 9, 30, tzinfo=VIETNAM)


@pytest.fixture
def axis(tmp_path: Path) -> Iterator[Axis]:
    with serve_axis(tmp_path / "axis", members()) as running:
        yield running


@pytest.fixture
def told() -> list[bool]:
    return []


@pytest.fixture
def ours(axis: Axis, tmp_path: Path, told: list[bool]) -> Iterator[AxisChannel]:
    channel = channel_of(axis, US, tmp_path, told.append)
    yield channel
    channel.close()


@pytest.fixture
def theirs(axis: Axis, tmp_path: Path) -> Iterator[AxisChannel]:
    channel = channel_of(axis, THEM, tmp_path, lambda _good: None)
    yield channel
    channel.close()


def channel_of(axis: Axis, who: str, folder: Path, told: Callable[[bool], None], secret: str = "") -> AxisChannel:
    member, scratch = members()[who], folder / f"scratch-{who}"
    scratch.mkdir(exist_ok=True)
    return AxisChannel("axis", who, Adapter(axis.url, member.system, lambda: secret or member.secret, told), scratch)


def letter(to: str = THEM, sender: str = US, number: str = "145", content: bytes = b"%PDF-1.7") -> Letter:
    files = [Enclosed("a.pdf", content, "a1")]
    head = document_head(
        Header(number, "CV/TU", "2026-04-28", subject="Về việc"), kind="new", office=Party(sender, "Cơ quan"),
        to=[Party(to, "Nơi nhận")], moment=NOW, files=files,
    )  # fmt: skip
    body = b"".join(document_tail(files))
    return Letter(letter_id(hashlib.sha256(head + body).hexdigest(), to), sender, to, head, body)


def status(to: str = THEM, sender: str = US) -> Letter:
    whole = status_xml(
        code="03", description="Đã nhận", answered=Header("1", "SNV", "2026-04-28"), office=Party(sender, "Cơ quan"),
        asked_by=to, moment=NOW,
    )  # fmt: skip
    head = whole.removesuffix(ALONE)
    return Letter(letter_id(hashlib.sha256(whole).hexdigest(), to), sender, to, head, ALONE)


def taken(each: Waiting) -> bytes:
    came = each.fetch()
    if isinstance(came, bytes):
        return came
    raw = came.read_bytes()
    came.unlink()
    return raw


def packages(channel: AxisChannel, known: dict[str, str] | None = None) -> list[Waiting]:
    return [each for each in channel.waiting(known or {}) if each.identity.startswith("a.")]


def test_what_waits_is_what_was_sent_byte_for_byte(axis: Axis, ours: AxisChannel, theirs: AxisChannel) -> None:
    first, second = letter(content=bytes(range(256)) * 5000), status()
    for each in (second, first):
        assert ours.hand_over(each, lambda: None).state == "handed-over"
    waiting = packages(theirs)
    assert [taken(each) for each in waiting] == [first.raw, second.raw]
    assert len({each.identity for each in waiting}) == 2
    assert packages(theirs, {waiting[0].identity: ""})[0].identity == waiting[1].identity
    assert [each.status for each in axis.lying()] == ["initial", "initial"]
    assert not list(theirs.scratch.iterdir())


def test_what_is_ours_is_told_and_waits_no_more(
    axis: Axis, ours: AxisChannel, theirs: AxisChannel, tmp_path: Path
) -> None:
    for number in ("1", "2", "3"):
        ours.hand_over(letter(number=number), lambda: None)
    one, two, _three = (each.identity for each in packages(theirs))
    again = channel_of(axis, THEM, tmp_path, lambda _good: None)  # a run that fetched nothing itself
    again.acknowledge([one], [two])
    again.close()
    assert [each.status for each in axis.lying()] == ["done", "fail", "initial"]
    assert len(packages(theirs)) == 1
    theirs.acknowledge([])
    theirs.acknowledge(["s.0", "a.unknown"])


def test_what_became_of_a_package_of_ours_is_reported_once(axis: Axis, ours: AxisChannel, theirs: AxisChannel) -> None:
    for number in ("1", "2"):
        ours.hand_over(letter(number=number), lambda: None)
    assert list(ours.waiting({})) == []
    one, two = (each.identity for each in packages(theirs))
    theirs.acknowledge([one], [two])
    reports = list(ours.waiting({}))
    said = [json.loads(taken(each))["axis-report"] for each in reports]
    assert [(each["state"], each["notation"], each["toCode"]) for each in said] == [
        ("done", "1/CV/TU", THEM), ("fail", "2/CV/TU", THEM)
    ]  # fmt: skip
    assert [each["docId"] for each in said] == [each.doc_id for each in axis.lying()]
    assert list(ours.waiting({each.identity: "" for each in reports})) == []


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("10", "refused"),
        ("18", "refused"),
        ("22", "refused"),
        ("23", "refused"),
        ("20", "later"),
        ("21", "later"),
        ("99", "refused"),
    ],
)
def test_every_error_code_is_put_where_it_belongs(ours: AxisChannel, code: str, state: str) -> None:
    answered = ours._answered({"status": "FAIL", "ErrorCode": code, "ErrorDesc": "vì thế"})
    assert answered.state == state
    assert answered.words.startswith(f"{code} {error_words(code)} (vì thế)")


def test_who_is_not_there_or_locked_is_refused_and_who_is_not_known_is_ours_to_mend(
    axis: Axis, ours: AxisChannel
) -> None:
    assert ours.hand_over(letter("H99.99"), lambda: None).words.startswith("18 ")
    axis.members[THEM] = replace(axis.members[THEM], locked=True)
    assert ours.hand_over(letter(), lambda: None).words.startswith("23 ")
    with pytest.raises(MisuseError) as refused:
        ours.hand_over(letter(sender="H23.77"), lambda: None)
    assert refused.value.code == "axis.sender"
    broken = letter()
    refusal = ours.hand_over(replace(broken, head=broken.head.replace(b"<edXML:From>", b"<edXML:Form>")), lambda: None)
    assert (refusal.state, refusal.words[:2]) == ("refused", "22")
    axis.largest = 100
    assert ours.hand_over(letter(), lambda: None).words.startswith("10 ")
    odd = letter("H23.20\r\nX-Injected: 1")
    assert ours.hand_over(odd, lambda: None).state == "refused"
    assert axis.lying() == []


def test_a_wrong_secret_is_said_at_once_and_the_secret_never_travels(
    axis: Axis, tmp_path: Path, told: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = channel_of(axis, US, tmp_path, told.append, secret="sai-bi-mat")
    for act in (wrong.check, lambda: wrong.hand_over(letter(), lambda: None), lambda: list(wrong.waiting({}))):
        with pytest.raises(MisuseError) as refused:
            act()
        assert refused.value.code == "axis.login"
    assert False in told
    sent = list[str]()
    request = PoolManager.request

    def watched(pool: PoolManager, method: str, url: str, **named: Any) -> Any:
        sent.append(repr((url, named)))
        return request(pool, method, url, **named)

    monkeypatch.setattr(PoolManager, "request", watched)
    right = channel_of(axis, US, tmp_path, told.append)
    right.check()
    assert told[-1] is True
    assert sent
    assert not [each for each in sent if members()[US].secret in each]


def test_a_line_that_breaks_before_the_end_has_sent_nothing_and_after_it_nobody_knows(
    axis: Axis, ours: AxisChannel
) -> None:
    begun = list[int]()
    axis.trouble = lambda call: "lose" if call == "sendEdoc" else ""
    lost = letter()
    assert ours.hand_over(lost, lambda: begun.append(1)).state == "unsure"
    assert begun == [1]
    axis.trouble = lambda _call: ""
    assert ours.trace(lost.message_id) is True
    assert ours.trace(letter(number="999").message_id) is False
    assert ours.trace("<la@tuhaiduong>") is None

    def refuse() -> None:
        raise OSError("the register does not take it")

    with pytest.raises(VanthuError):  # what cannot be noted is not sent
        ours.hand_over(letter(number="7"), refuse)
    assert len(axis.lying()) == 1


def test_when_nobody_answers_nothing_was_begun(axis: Axis, tmp_path: Path) -> None:
    nobody = AxisChannel("axis", US, Adapter("http://127.0.0.1:1/vdxp", "s", lambda: "x", lambda _good: None), tmp_path)
    begun = list[int]()
    with pytest.raises(UnreachableError) as silent:
        nobody.hand_over(letter(), lambda: begun.append(1))
    assert (silent.value.code, begun) == ("axis.unreachable", [])
    assert "Traceback" not in silent.value.message
    del axis


@pytest.mark.parametrize("trouble", ["500", "garbage", "drop"])
def test_what_is_no_answer_is_not_understood_and_nothing_is_lost(
    axis: Axis, ours: AxisChannel, theirs: AxisChannel, trouble: str
) -> None:
    theirs.hand_over(letter(US, THEM), lambda: None)
    axis.trouble = lambda call: trouble if call in {"getEdoc", "updateStatus"} else ""
    (waiting,) = packages(ours)
    with pytest.raises(UnreachableError):
        waiting.fetch()
    assert not list(ours.scratch.iterdir())
    with pytest.raises(UnreachableError):
        ours.acknowledge([waiting.identity])
    axis.trouble = lambda _call: ""
    assert taken(packages(ours)[0])
    assert axis.lying()[0].status == "initial"


def test_a_package_that_is_gone_or_too_large_stops_no_other(
    axis: Axis, ours: AxisChannel, theirs: AxisChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs.hand_over(letter(US, THEM, content=bytes(3 << 20)), lambda: None)
    (waiting,) = packages(ours)
    monkeypatch.setattr(axis_channel, "LARGEST", 1 << 20)
    with pytest.raises(UnreachableError) as large:
        waiting.fetch()
    assert large.value.code == "axis.too_large"
    assert not list(ours.scratch.iterdir())
    axis.clear()
    with pytest.raises(UnreachableError) as gone:
        waiting.fetch()
    assert gone.value.code == "axis.refused"


@settings(deadline=None)
@given(st.binary(max_size=5000), st.integers(1, 700), st.booleans(), st.text(max_size=20))
def test_a_string_within_json_is_decoded_however_it_is_cut(content: bytes, width: int, first: bool, words: str) -> None:
    import base64

    data = base64.b64encode(content).decode()
    said = {"status": "OK", "ErrorDesc": words}
    answer = {"data": data, **said} if first else {**said, "data": data}
    raw = json.dumps(answer).replace("=", "\\u003d").replace("/", "\\/").encode()
    out = BytesIO()
    assert take_data((raw[at : at + width] for at in range(0, len(raw), width)), out) == {**said, "data": ""}
    assert out.getvalue() == content
    with pytest.raises(ValueError, match=r"\w"):
        take_data(iter([raw[: raw.rindex(b'"')]]), BytesIO())


def test_answers_that_are_none_are_refused() -> None:
    for raw in (b'{"data": "AA*="}', b'{"data": "QQ==QQ=="}', b"[1]", b"", b'{"x": "' + b"y" * 100_000 + b'"}'):
        with pytest.raises(ValueError, match=r"\w"):
            take_data(iter([raw]), BytesIO())


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("2026-04-28 09:30:00", "2026-04-28T02:30:00+00:00"),
        ("28/04/2026 09:30:00", "2026-04-28T02:30:00+00:00"),
        ("2026-04-28T09:30:00.123", "2026-04-28T02:30:00+00:00"),
        ("1777343400000", "2026-04-28T02:30:00+00:00"),
        ("1777343400", "2026-04-28T02:30:00+00:00"),
    ],
)
def test_times_are_understood_in_the_forms_that_were_seen(said: str, wanted: str) -> None:
    assert axis_channel._moment(said) == wanted
    now = datetime.fromisoformat(axis_channel._moment("hôm qua"))
    assert abs((now - datetime.now(UTC)).total_seconds()) < 60
