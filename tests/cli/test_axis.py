"""The national axis from the clerk's chair: issued, answered, recalled, refused; what arrives by two roads; what is not in order."""

import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from tests import offices
from tests.cli.commands import Clerk
from tests.offices import NOW
from tests.on_axis import IDS, OFFICE, join, on_axis, peer_of
from tests.signing import practice

from vanthu_cli.channels.edxml import ALONE, Header, Package, Party, status_xml
from vanthu_cli.channels.edxml_reading import open_file
from vanthu_cli.procedures.batch import batch
from vanthu_cli.procedures.fetch import fetch
from vanthu_cli.procedures.post import settle
from vanthu_cli.register import deliveries, directory, documents, finding, keeping, messages
from vanthu_cli.rules.deadlines import VIETNAM, today
from vanthu_cli.sandbox import correspondents
from vanthu_cli.sandbox.axis import Axis
from vanthu_cli.sandbox.axis_day import faulty_packages
from vanthu_cli.sandbox.axis_offices import Peer
from vanthu_cli.sandbox.mailboxes import mailbox
from vanthu_cli.sandbox.office import PracticeOffice

LOCAL = NOW.astimezone(VIETNAM)
DAY = today(NOW)


@pytest.fixture
def clerk(template: PracticeOffice, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Clerk:
    office = offices.copy(template, tmp_path / "office")
    join(office)
    return Clerk(office, capsys)


@pytest.fixture
def axis(clerk: Clerk) -> Iterator[Axis]:
    with on_axis(clerk.office) as running:
        yield running


@pytest.fixture
def snv(clerk: Clerk, axis: Axis) -> Iterator[Peer]:
    peer = peer_of(clerk.office, "SNV", axis)
    yield peer
    peer.channel.close()


class Nowhere:
    def write(self, data: bytes, /) -> object:
        return len(data)


def received(peer: Peer) -> list[Package]:
    """Take what waits for a correspondent on the axis."""
    found = []
    for waiting in list(peer.channel.waiting({})):
        came = waiting.fetch()
        if isinstance(came, Path):
            package = open_file(came, lambda _number: Nowhere())[0].package
            assert package is not None
            found.append(package)
            peer.channel.acknowledge([waiting.identity])
    return found


def tells(peer: Peer, code: str, number: str = "1", words: str = "vì thế") -> None:
    """Have a correspondent tell a status about a document of the office."""
    answered = Header(number, "CV/TU", DAY.isoformat())
    whole = status_xml(
        code=code, description=words, answered=answered, office=Party(peer.agency.axis or "", peer.agency.name),
        asked_by=IDS["VPTU"], moment=LOCAL,
    )  # fmt: skip
    assert peer.hand_over(IDS["VPTU"], whole.removesuffix(ALONE), ALONE).state == "handed-over"


def report(clerk: Clerk, number: int = 15) -> bytes:
    page = correspondents.state_page(
        "SNV", "Lê Thị Mẫu", number=number, symbol="SNV-VP", day=DAY, subject="Báo cáo cải cách hành chính"
    )
    return correspondents.signed(clerk.office, page, "SNV")


def header(number: int = 15, **more: Any) -> Header:
    said = Header(str(number), "SNV-VP", DAY.isoformat(), "Hải Dương", "Công văn", "Báo cáo cải cách hành chính")
    return replace(said, **more)


def issued(clerk: Clerk, *to: str) -> dict[str, Any]:
    words = [word for code in to or ("SNV",) for word in ("--to", code)]
    code, answer = clerk.asks("sign-send", str(clerk.draft()), "--person", "leader", *words, "--yes")
    assert code == 0, answer
    return answer


def states(clerk: Clerk, identity: str) -> dict[str, str]:
    found = clerk.asks("register", "show", identity)[1]
    return {each["agency"]: each["state"] for each in found["deliveries"]}


def test_a_document_goes_to_each_agency_in_a_package_of_its_own(
    clerk: Clerk, axis: Axis, snv: Peer, tmp_path: Path
) -> None:
    annex = clerk.office.papers / "biểu.pdf"
    annex.write_bytes(clerk.draft("biểu.pdf").read_bytes())
    answer = issued(clerk, "SNV", "H23.21")
    assert [(each["to"], each["channel"], each["state"]) for each in answer["deliveries"]] == [
        ("H23.20", "axis", "handed-over"), ("H23.21", "axis", "handed-over")
    ]  # fmt: skip
    files = [axis.package(each.doc_id) for each in axis.lying()]
    for file, to in zip(files, ("H23.20", "H23.21"), strict=True):
        code, seen = clerk.asks("edxml", "check", str(file))
        assert (code, seen["files"][0]["verdict"], seen["files"][0]["notes"]) == (0, "valid", [])
        package = seen["files"][0]["package"]
        assert [each["identifier"] for each in package["to"]] == [to]
        assert package["sender"]["identifier"] == "H23.01"
        assert [each["sha256"] for each in seen["files"][0]["attachments"]] == [answer["document"]["sha256"]]
        assert xmlsec_accepts(file, clerk.office, tmp_path)
        tree = etree.parse(file)
        text = tree.findtext(".//{*}DocumentId")
        assert text == f"H23.01,{DAY:%Y/%m/%d},1/CV/TU"
    tails = {file.read_bytes().partition(b"</edXML:edXMLEnvelope>")[2] for file in files}
    assert len(tails) == 1
    assert [each.kind for each in received(snv)] == ["new"]


def xmlsec_accepts(file: Path, office: PracticeOffice, folder: Path) -> bool:
    """Ask a judge that shares no code with us."""
    if shutil.which("xmlsec1") is None:
        practice.left_out("xmlsec1 is not installed: no second opinion on packages")
    trust = office.folder / "pki" / "trust"
    command = f"xmlsec1 --verify --trusted-pem {trust}/root.crt --untrusted-pem {trust}/party.crt --id-attr:Id"
    command += f" http://uri.etsi.org/01903/v1.3.2#:SignedProperties {file}"
    done = subprocess.run(command.split(), cwd=folder, capture_output=True, check=False)
    return done.returncode == 0 and b"(ok/all): 2/2" in done.stdout + done.stderr


def test_statuses_move_the_delivery_in_the_order_that_is_possible(clerk: Clerk, axis: Axis, snv: Peer) -> None:
    identity = issued(clerk)["document"]["id"]
    for code, state in (("01", "delivered"), ("03", "acknowledged"), ("05", "acknowledged"), ("06", "acknowledged")):
        tells(snv, code)
        receipts = clerk.asks("fetch")[1]["receipts"]
        assert [(each["kind"], each["state"]) for each in receipts if each["kind"] == "status"] == [("status", state)]
        assert states(clerk, identity) == {"SNV": state}
    tells(snv, "02")  # what was done cannot be refused any more
    clerk.asks("fetch")
    assert states(clerk, identity) == {"SNV": "acknowledged"}
    with offices.desk_of(clerk.office) as desk:
        (letter,) = deliveries.of_document(desk.book, int(identity))
        evidence = [row["detail"][:2] for row in deliveries.receipts(desk.book, letter.id) if row["kind"] == "status"]
        assert evidence == ["01", "03", "05", "06", "02"]
    assert {each.status for each in axis.lying() if each.kind == "status"} == {"done"}


def test_the_office_s_own_table_of_statuses_goes_first(clerk: Clerk, axis: Axis, snv: Peer) -> None:
    text = clerk.office.config.read_text("utf-8")
    clerk.office.config.write_text(text + '\n[exchange.transitions]\n"06" = ["02"]\n', "utf-8")
    identity = issued(clerk)["document"]["id"]
    for code in ("06", "02"):
        tells(snv, code)
    clerk.asks("fetch")
    assert states(clerk, identity) == {"SNV": "refused"}
    del axis


def test_only_the_receiver_answers_for_itself(clerk: Clerk, axis: Axis) -> None:
    identity = issued(clerk)["document"]["id"]
    stranger = peer_of(clerk.office, "STC", axis)
    tells(stranger, "02")
    assert [each["reason"] for each in clerk.asks("fetch")[1]["other"]] == ["receipt-for-nothing-known"]
    assert states(clerk, identity) == {"SNV": "handed-over"}
    stranger.channel.close()


def test_what_arrives_is_registered_by_rule_and_its_sender_is_told_each_step(
    clerk: Clerk, axis: Axis, snv: Peer
) -> None:
    snv.send(OFFICE, header(document_id="mã riêng của Sở"), [("15.pdf", report(clerk)), ("biểu.xlsx", b"PK")], LOCAL)
    code, answer = clerk.asks("fetch")
    (document,) = answer["documents"]
    assert (code, document["state"], document["verdict"], document["flags"]) == (0, "accepted", "valid", [])
    assert (document["from"], document["file"], document["message_id"]) == ("H23.20", "15.pdf", "mã riêng của Sở")
    assert [each.status for each in axis.lying() if each.kind == "edoc"] == ["done"]
    with offices.desk_of(clerk.office) as desk:
        assert [name for _sha256, name in documents.attachments(desk.book, int(document["id"]))] == ["biểu.xlsx"]
    assert clerk.types("register", "amend", document["id"], "--passed-on", DAY.isoformat()) == 0, clerk.said
    assert clerk.types("register", "amend", document["id"], "--done", DAY.isoformat()) == 0, clerk.said
    told = received(snv)
    assert [each.status for each in told] == ["03", "05", "06"]
    assert {each.about for each in told} == {"mã riêng của Sở"}
    assert {each.answers for each in told} == {"15/SNV-VP"}


def test_what_a_person_returns_goes_back_with_the_reason(clerk: Clerk, axis: Axis, snv: Peer) -> None:
    unsigned = correspondents.state_page("SNV", "Lê Thị Mẫu", number=16, symbol="SNV-VP", day=DAY, subject="Báo cáo")
    from vanthu_cli.sandbox.documents import make_pdf

    snv.send(OFFICE, header(16, subject="Báo cáo"), [("16.pdf", make_pdf(unsigned))], LOCAL)
    (document,) = clerk.asks("fetch")[1]["documents"]
    assert document["state"] == "waiting"
    assert clerk.asks("inbox", "refuse", document["id"], "--reason", "Thiếu chữ ký số")[0] == 0
    assert [(each.status, each.description) for each in received(snv)][-1] == ("02", "Thiếu chữ ký số")
    del axis


def test_by_mail_and_by_the_axis_it_is_one_document_and_each_is_answered_by_its_own_road(
    template: PracticeOffice, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    office = offices.copy(template, tmp_path / "office")
    join(office)
    with offices.served(office), on_axis(office, mail=True) as axis:
        clerk, snv = Clerk(office, capsys), peer_of(office, "SNV", axis)
        pdf = report(clerk)
        correspondents.send(office, "SNV", "Báo cáo", [("15.pdf", pdf)], LOCAL)
        snv.send(OFFICE, header(), [("15.pdf", pdf)], LOCAL)
        answer = clerk.asks("fetch")[1]
        assert len({each["id"] for each in answer["documents"]}) == 1
        with offices.desk_of(office) as desk:
            (document,) = finding.listing(desk.book)
            assert [row["channel"] for row in messages.of_document(desk.book, document.id)] == ["internet", "axis"]
        assert [each.status for each in received(snv)] == ["03"]
        assert sum(b"status.edxml" in raw for raw in mailbox(office.folder, "vanthu.snv@haiduong.gov.vn")) == 1
        snv.channel.close()


def test_packages_that_are_not_in_order_are_kept_apart_and_the_axis_is_told(
    clerk: Clerk, axis: Axis, snv: Peer
) -> None:
    bad = dict(faulty_packages(replace(snv, agency=replace(snv.agency, axis="H23.20")), LOCAL))
    bad["a letter"] = b"From: a@b\r\nSubject: x\r\n\r\nxin chao\r\n"
    names = {axis.put("H23.20", "H23.01", data): name for name, data in bad.items()}
    good = axis.put("H23.20", "H23.01", b"".join(snv.package(OFFICE, header(), [("15.pdf", report(clerk))], LOCAL)))
    code, answer = clerk.asks("fetch")
    assert code == 0
    apart = [each for each in answer["documents"] if each["state"] == "quarantined"]
    reasons = Counter(each["reason"].removeprefix("package-") for each in apart)
    several = {"not-xml": 3, "ambiguous": 2}
    single = (
        "changed",
        "not-addressed",
        "attachment-broken",
        "attachment-missing",
        "attachment-unlisted",
        "dtd",
        "not-edxml",
    )
    assert reasons == several | dict.fromkeys(single, 1)
    told = {each.doc_id: each.status for each in axis.lying() if each.kind == "edoc"}
    assert {names[doc_id]: status for doc_id, status in told.items() if doc_id in names} == dict.fromkeys(bad, "fail")
    assert told[good] == "done"
    with offices.desk_of(clerk.office) as desk:
        assert [each.number for each in finding.listing(desk.book)] == [15]
        assert not list((desk.cabinet.root / "intake").iterdir())
    quarantine = clerk.office.folder / "data" / "quarantine"
    assert {file.read_bytes() for file in quarantine.iterdir()} == set(bad.values())
    assert clerk.asks("fetch")[1]["documents"] == []
    assert clerk.types("inbox", "list") == 0
    assert clerk.said.count("Ask for it to be sent again") == len(bad)


def test_a_secret_on_the_axis_is_read_by_nobody_and_told_to_nobody(clerk: Clerk, axis: Axis, snv: Peer) -> None:
    snv.send(OFFICE, header(subject="MẬT Kế hoạch diễn tập"), [("15.pdf", report(clerk))], LOCAL)
    (found,) = clerk.asks("fetch")[1]["documents"]
    assert (found["state"], found["flags"], found["fields"], found["sha256"]) == (
        "quarantined",
        ["secret-mark"],
        None,
        None,
    )
    assert [each.status for each in axis.lying()] == ["initial"]
    assert clerk.asks("fetch")[1]["documents"] == []


def test_a_recall_goes_out_signed_and_what_they_decide_comes_back(clerk: Clerk, axis: Axis, snv: Peer) -> None:
    identity = issued(clerk)["document"]["id"]
    received(snv)
    code, answer = clerk.asks("recall", identity, "--reason", "Sai số liệu", "--yes")
    assert (code, [each["state"] for each in answer["notices"]]) == (0, ["handed-over"])
    (package,) = received(snv)
    assert (package.kind, package.description, package.signed) == ("recall", "Sai số liệu", True)
    assert package.about == f"H23.01,{DAY:%Y/%m/%d},1/CV/TU"
    tells(snv, "15")
    clerk.asks("fetch")
    again = clerk.asks("recall", identity, "--reason", "Sai số liệu", "--yes")[1]
    assert [each["state"] for each in again["notices"]] == ["acknowledged"]
    del axis


@pytest.mark.parametrize("agree", [True, False])
def test_a_recall_asked_of_us_is_decided_by_a_person(clerk: Clerk, axis: Axis, snv: Peer, agree: bool) -> None:
    snv.send(OFFICE, header(), [("15.pdf", report(clerk))], LOCAL)
    clerk.asks("fetch")
    received(snv)
    snv.send(OFFICE, header(), [], LOCAL, kind="recall", reason="Nhầm", signed=False)
    assert [each["reason"] for each in clerk.asks("fetch")[1]["other"]] == ["recall-not-signed"]
    snv.send(OFFICE, header(), [], LOCAL, kind="recall", reason="Nhầm")
    (asked,) = clerk.asks("fetch")[1]["other"]
    assert asked["recall"] == "r1"
    words = ("accept", "r1", "--yes") if agree else ("refuse", "r1", "--reason", "Đã thực hiện")
    assert clerk.types("inbox", *words) == 0, clerk.said
    assert [each.status for each in received(snv)] == ["15" if agree else "16"]
    del axis


def test_a_package_whose_fate_is_unknown_is_looked_for_and_never_sent_twice(clerk: Clerk, axis: Axis) -> None:
    axis.trouble = lambda call: "lose" if call == "sendEdoc" else ""
    code, answer = clerk.asks("sign-send", str(clerk.draft()), "--person", "leader", "--to", "SNV", "--yes")
    assert (code, answer["deliveries"][0]["state"]) == (7, "unsure")
    axis.trouble = lambda _call: ""
    assert clerk.asks("send", answer["document"]["id"])[1]["deliveries"][0]["state"] == "handed-over"
    assert len(axis.lying()) == 1


def test_a_package_that_the_axis_never_had_is_sent_once_that_is_certain(clerk: Clerk, axis: Axis) -> None:
    identity = int(issued(clerk)["document"]["id"])
    axis.clear()
    with offices.desk_of(clerk.office) as desk:
        (letter,) = deliveries.of_document(desk.book, identity)
        with desk.book.step():
            deliveries.record(desk.book, letter.id, "sending")
        assert settle(desk) == []
        assert deliveries.of_document(desk.book, identity)[0].state == "unsure"
    with offices.desk_of(clerk.office, NOW + timedelta(hours=1)) as desk:
        settle(desk)
        assert deliveries.of_document(desk.book, identity)[0].state == "queued"
        fetch(desk)
        assert deliveries.of_document(desk.book, identity)[0].state == "handed-over"
    assert len(axis.lying()) == 1


def test_who_is_not_on_the_axis_is_told_and_the_number_stays(clerk: Clerk, axis: Axis) -> None:
    del axis.members["H23.20"]
    code, answer = clerk.asks(
        "sign-send", str(clerk.draft()), "--person", "leader", "--to", "SNV", "--to", "STC", "--yes"
    )
    assert code == 3
    assert {each["agency"]: each["state"] for each in answer["deliveries"]} == {"SNV": "refused", "STC": "handed-over"}
    assert answer["deliveries"][0]["answer"].startswith("18 ")
    assert clerk.types("status") == 0
    assert "--axis" in clerk.said


def test_that_a_receiver_s_system_could_not_read_it_is_reported(clerk: Clerk, axis: Axis, snv: Peer) -> None:
    identity = issued(clerk)["document"]["id"]
    (waiting,) = snv.channel.waiting({})
    snv.channel.acknowledge([], [waiting.identity])
    (receipt,) = clerk.asks("fetch")[1]["receipts"]
    assert (receipt["kind"], receipt["state"]) == ("dsn", "bounced")
    assert states(clerk, identity) == {"SNV": "bounced"}
    assert clerk.asks("fetch")[1]["receipts"] == []
    del axis


def test_a_package_that_lies_there_twice_is_one_document_with_two_arrivals(clerk: Clerk, axis: Axis, snv: Peer) -> None:
    whole = b"".join(snv.package(OFFICE, header(), [("15.pdf", report(clerk))], LOCAL))
    for _time in range(2):
        axis.put("H23.20", "H23.01", whole)
    answer = clerk.asks("fetch")[1]
    assert (answer["channels"][0]["messages"], answer["channels"][0]["duplicates"]) == (2, 1)
    with offices.desk_of(clerk.office) as desk:
        assert len(finding.listing(desk.book)) == 1


def test_the_road_is_the_wan_between_party_offices_then_the_axis_then_the_internet(
    template: PracticeOffice, tmp_path: Path
) -> None:
    from vanthu_cli.procedures.routes import route

    office = offices.copy(template, tmp_path / "office")
    join(office)
    with on_axis(office, mail=True), offices.desk_of(office) as desk:
        asked = ("TUCL", "SNV", "MTTQ", "h23.21", "vanthu.stc@haiduong.gov.vn")
        roads = {each: route(desk, [each], (), day=DAY, session=False)[0] for each in asked}
        assert [(each, road.channel, road.address) for each, road in roads.items()] == [
            ("TUCL", "wan", "chilinh@tuhaiduong"),
            ("SNV", "axis", "H23.20"),
            ("MTTQ", "internet", "vanthu.mttq@haiduong.gov.vn"),
            ("h23.21", "axis", "H23.21"),
            ("vanthu.stc@haiduong.gov.vn", "internet", "vanthu.stc@haiduong.gov.vn"),
        ]


def test_what_replaces_or_corrects_another_says_so(clerk: Clerk, axis: Axis, snv: Peer) -> None:
    first = issued(clerk)["document"]["id"]
    for option in ("--replaces", "--corrects"):
        draft = clerk.draft(f"{option}.pdf", subject=f"Văn bản {option}")
        words = ("sign-send", str(draft), "--person", "leader", "--to", "SNV", option, first, "--yes")
        code, answer = clerk.asks(*words)
        assert code == 0, answer
    about = f"H23.01,{DAY:%Y/%m/%d},1/CV/TU"
    assert [(each.kind, each.about) for each in received(snv)] == [
        ("new", ""),
        ("replacement", about),
        ("update", about),
    ]
    del axis


def test_what_came_is_linked_to_what_it_answers_and_replaces(clerk: Clerk, axis: Axis, snv: Peer) -> None:
    ours = issued(clerk)["document"]["id"]
    snv.send(OFFICE, header(15), [("15.pdf", report(clerk))], LOCAL)
    head, tail = snv.package(
        OFFICE, header(16), [("16.pdf", report(clerk, 16))], LOCAL, kind="replacement", signed=False,
        about=f"H23.20,{DAY:%Y/%m/%d},15/SNV-VP",
    )  # fmt: skip
    answers = (
        b"<edXML:ResponseFor><edXML:OrganId>H23.01</edXML:OrganId><edXML:Code>01/CV/TU</edXML:Code></edXML:ResponseFor>"
    )
    axis.put("H23.20", "H23.01", head.replace(b"<edXML:SteeringType>", answers + b"<edXML:SteeringType>") + tail)
    found = {each["fields"]["number"]: each["id"] for each in clerk.asks("fetch")[1]["documents"]}
    with offices.desk_of(clerk.office) as desk:
        links = {(row["kind"], row["other"]) for row in keeping.links(desk.book, int(found[16]))}
        assert links == {("answers", int(ours)), ("replaces", int(found[15]))}


def test_a_wrong_secret_is_tried_once_and_doctor_says_what_to_do(clerk: Clerk, axis: Axis) -> None:
    (clerk.office.folder / "secrets" / "axis").write_text("sai\n", "utf-8")
    assert clerk.asks("fetch")[0] == 2
    before = len(axis.calls)
    code, answer = clerk.asks("fetch")
    assert (code, len(axis.calls)) == (2, before)
    assert answer["channels"][0]["errors"][0].startswith("mail.paused")
    clerk.types("doctor")
    assert "axis" in clerk.said
    assert "Correct system and secret" in clerk.said
    (clerk.office.folder / "secrets" / "axis").write_text("bi-mat-VPTU\n", "utf-8")
    clerk.types("doctor")
    assert clerk.asks("fetch")[0] == 0


def test_an_office_that_the_axis_does_not_know_keeps_its_package_queued(clerk: Clerk, axis: Axis) -> None:
    text = clerk.office.config.read_text("utf-8")
    clerk.office.config.write_text(text.replace('address = "H23.01"', 'address = "H23.09"'), "utf-8")
    code, answer = clerk.asks("sign-send", str(clerk.draft()), "--person", "leader", "--to", "SNV", "--yes")
    assert (code, answer["deliveries"][0]["state"]) == (3, "queued")
    assert "does not know this office" in answer["deliveries"][0]["answer"]
    assert axis.lying() == []


def test_a_silent_adapter_is_6_and_nothing_is_lost(clerk: Clerk, axis: Axis) -> None:
    axis.trouble = lambda _call: "500"
    assert clerk.asks("fetch")[0] == 6
    code, answer = clerk.asks("sign-send", str(clerk.draft()), "--person", "leader", "--to", "SNV", "--yes")
    assert (code, answer["deliveries"][0]["state"]) == (7, "unsure")  # an error page is no word on whether it was taken
    axis.trouble = lambda _call: ""
    with offices.desk_of(clerk.office, NOW + timedelta(hours=1)) as desk:
        batch(desk, clock=lambda: NOW + timedelta(hours=1))
        assert deliveries.of_document(desk.book, int(answer["document"]["id"]))[0].state == "handed-over"
    assert len(axis.lying()) == 1


def test_packages_on_a_stick_are_fetched_like_letters(clerk: Clerk, axis: Axis, snv: Peer) -> None:
    stick = clerk.office.folder / "usb"
    stick.mkdir()
    (stick / "15.edxml").write_bytes(b"".join(snv.package(OFFICE, header(), [("15.pdf", report(clerk))], LOCAL)))
    (stick / "ghi-chu.txt").write_text("không phải gói tin", "utf-8")
    answer = clerk.asks("fetch", "--folder", str(stick))[1]
    assert [(each["state"], each["file"]) for each in answer["documents"]] == [("accepted", "15.pdf")]
    assert clerk.asks("fetch")[0] == 0  # the answer goes on the axis, where the sender is reached
    assert [each.status for each in received(snv)] == ["03"]
    del axis


def test_a_package_made_by_hand_is_what_the_axis_would_have_carried(clerk: Clerk, axis: Axis, tmp_path: Path) -> None:
    identity = issued(clerk, "SNV")["document"]["id"]
    out = tmp_path / "goi.edxml"
    code, answer = clerk.asks("edxml", "make", identity, "--to", "SNV", "--to", "STC", "--out", str(out))
    assert clerk.types("edxml", "make", identity, "--to", "STC", "--dry-run") == 0
    assert "! STC is not among those to whom" in clerk.said
    assert (code, answer["to"], answer["file"]) == (0, ["SNV", "STC"], str(out))
    code, seen = clerk.asks("edxml", "check", str(out))
    assert (code, seen["files"][0]["verdict"]) == (0, "valid")
    assert [each["identifier"] for each in seen["files"][0]["package"]["to"]] == ["H23.20", "H23.21"]
    assert xmlsec_accepts(out, clerk.office, tmp_path)
    before = out.read_bytes()
    assert clerk.asks("edxml", "make", identity, "--out", str(out))[0] == 2
    assert out.read_bytes() == before
    assert clerk.asks("edxml", "make", identity, "--to", "NOBODY", "--out", str(tmp_path / "x"))[0] == 5
    assert clerk.asks("edxml", "make", identity, "--dry-run", "--out", str(tmp_path / "x"))[0] == 0
    assert clerk.asks("recall", identity, "--reason", "Sai", "--yes")[0] == 0
    assert clerk.asks("edxml", "make", identity, "--out", str(tmp_path / "x"))[0] == 5
    assert not (tmp_path / "x").exists()
    del axis


def test_files_are_taken_out_of_a_package_under_safe_names_and_never_over_others(
    clerk: Clerk, axis: Axis, snv: Peer
) -> None:
    files = [("../../a.pdf", b"mot"), ("A.PDF", b"hai"), ("con", b"ba")]
    package = clerk.office.papers / "goi.edxml"
    package.write_bytes(b"".join(snv.package(OFFICE, header(), files, LOCAL)))
    out = clerk.office.papers / "ra"
    code, seen = clerk.asks("edxml", "show", str(package), "--out", str(out))
    assert code == 0, seen
    assert sorted(file.read_bytes() for file in out.iterdir()) == sorted(data for _name, data in files)
    assert len({file.name.lower() for file in out.iterdir()}) == 3
    assert {Path(each["saved"]).parent for each in seen["attachments"]} == {out}
    assert clerk.asks("edxml", "show", str(package), "--out", str(out))[0] == 2
    assert not (clerk.office.folder.parent / "a.pdf").exists()
    del axis


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda data: data[:-300], 3),
        (lambda _data: b"khong phai XML", 3),
        (lambda data: data.replace("Báo cáo".encode(), "Báo cá0".encode(), 1), 4),
    ],
)
def test_what_is_wrong_with_a_package_is_said_and_is_the_exit_code(
    clerk: Clerk, axis: Axis, snv: Peer, spoil: Callable[[bytes], bytes], code: int
) -> None:
    package = clerk.office.papers / "goi.edxml"
    package.write_bytes(spoil(b"".join(snv.package(OFFICE, header(), [("15.pdf", b"x")], LOCAL))))
    found, answer = clerk.asks("edxml", "check", str(package))
    assert (found, bool(answer["error"]["message"])) == (code, True)
    assert clerk.types("edxml", "check", str(package)) == code
    assert "INVALID" in clerk.said or "!" in clerk.said
    out = clerk.office.papers / "ra"
    assert clerk.types("edxml", "show", str(package), "--out", str(out)) == (
        0 if code == 4 else 3
    )  # it judges no signature
    del axis


def test_a_secret_package_is_not_taken_apart(clerk: Clerk, axis: Axis, snv: Peer) -> None:
    package, out = clerk.office.papers / "goi.edxml", clerk.office.papers / "ra"
    package.write_bytes(b"".join(snv.package(OFFICE, header(subject="TỐI MẬT Phương án"), [("15.pdf", b"x")], LOCAL)))
    assert clerk.asks("edxml", "show", str(package), "--out", str(out))[0] == 5
    assert "Phương án" not in clerk.said
    assert not out.exists()
    assert clerk.asks("edxml", "show", str(clerk.office.papers / "khong-co"))[0] == 2
    del axis


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('address = "vanthu@tuhaiduong"', "identifier"),
        ('url = "http://truc.example.vn/vdxp"', "https"),
        ('url = "ftp://127.0.0.1/"', "adapter"),
        ('system = ""', "system"),
        ('key = "leader"', "key of the axis"),
    ],
)
def test_a_channel_that_cannot_be_is_refused_with_its_line(clerk: Clerk, axis: Axis, line: str, words: str) -> None:
    name = line.partition(" ")[0]
    head, table = clerk.office.config.read_text("utf-8").split("[channels.axis]")
    table = re.sub(rf"(?m)^{name} = .*\n", "", table)
    clerk.office.config.write_text(f"{head}[channels.axis]\n{line}{table}", "utf-8")
    assert clerk.types("status") == 2
    assert words in clerk.said
    del axis


def test_an_address_on_the_axis_belongs_to_one_agency_and_travels_with_the_directory(clerk: Clerk, axis: Axis) -> None:
    assert clerk.types("directory", "add", "MTTQ", "--axis", "H23.20") == 5
    assert "SNV" in clerk.said
    assert clerk.types("directory", "add", "MTTQ", "--axis", "khong hop le") == 2
    assert clerk.types("directory", "add", "MTTQ", "--axis", "000.00.40.H23") == 0, clerk.said
    out = clerk.office.folder / "danh-ba.csv"
    assert clerk.types("directory", "export", str(out)) == 0
    with offices.desk_of(clerk.office) as desk:
        again = directory.from_csv(out.read_text("utf-8"))
        assert again == directory.agencies(desk.book)
        assert directory.by_address(desk.book, "000.00.40.h23") == directory.agency(desk.book, "MTTQ")
    del axis


def test_the_day_on_the_axis_is_lived_to_its_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from vanthu_cli.__main__ import main

    folder = tmp_path / "thuc-hanh"
    assert main(["--lang", "en", "demo", str(folder), "--axis"]) == 0
    said = capsys.readouterr().out
    for words in (
        "SIMULATOR",
        "registered",
        "refused",
        "is destroyed here",
        "attachment not listed          fail",
        "VALID",
    ):
        assert words in said
    assert "exit code" not in said
    assert main(["--lang", "en", "demo", str(folder), "--axis"]) == 2
    assert json.loads((folder / "axis" / next(f.name for f in (folder / "axis").glob("*.json"))).read_text())["doc_id"]


def test_documents_issued_before_are_found_by_number_and_symbol(clerk: Clerk, axis: Axis) -> None:
    issued(clerk)
    with offices.desk_of(clerk.office) as desk:
        assert [each.number for each in documents.issued(desk.book, "01", "cv/tu")] == [1]
        assert documents.issued(desk.book, "1a", "CV/TU") == []
    del axis


def test_what_was_recalled_is_sent_to_nobody_again_and_a_declined_recall_is_settled_by_people(
    clerk: Clerk, axis: Axis, snv: Peer
) -> None:
    identity = issued(clerk, "SNV", "STC")["document"]["id"]
    stc = peer_of(clerk.office, "STC", axis)
    tells(stc, "02")
    clerk.asks("fetch")
    clerk.types("status")
    assert "H23.21: " in clerk.said
    assert f"vanthu send {identity} --again" in clerk.said
    clerk.asks("recall", identity, "--reason", "Sai số liệu", "--yes")
    lying = len(axis.lying())
    code, answer = clerk.asks("send", identity, "--again")
    assert (code, answer["error"]["code"], len(axis.lying())) == (5, "send.recalled", lying)
    tells(snv, "16", words="Đã thi hành")
    clerk.asks("fetch")
    clerk.types("status")
    assert "--again" not in clerk.said
    assert (
        f"does not confirm the recall: refused (16 Đã thi hành). Settle it with them, then: vanthu send {identity} --received SNV"
        in clerk.said.replace("\n  ", " ")
    )
    assert clerk.asks("send", identity, "--received", "SNV")[0] == 0
    clerk.types("status")
    assert "does not confirm" not in clerk.said
    stc.channel.close()


def test_what_was_queued_under_a_wrong_identifier_goes_under_the_right_one(clerk: Clerk, axis: Axis, snv: Peer) -> None:
    settings = clerk.office.config.read_text("utf-8")
    clerk.office.config.write_text(settings.replace('address = "H23.01"', 'address = "H23.09"'), "utf-8")
    clerk.types("doctor")
    assert "H23.09; the directory says H23.01" in clerk.said
    ours = clerk.asks("sign-send", str(clerk.draft()), "--person", "leader", "--to", "SNV", "--yes")[1]["document"][
        "id"
    ]
    snv.send(OFFICE, header(), [("15.pdf", report(clerk))], LOCAL)
    theirs = clerk.asks("fetch")[1]["documents"][0]["id"]
    clerk.office.config.write_text(settings, "utf-8")
    assert clerk.asks("send", ours, "--again")[0] == 0
    assert clerk.asks("send", theirs, "--again")[0] == 0
    assert [(each.kind, each.sender.identifier) for each in received(snv)] == [("new", "H23.01"), ("status", "H23.01")]
    assert clerk.asks("send", ours, "--again")[0] == 0  # what has gone does not go twice
    assert received(snv) == []
    del axis


def test_a_file_on_a_stick_that_only_claims_to_be_a_package_is_named_and_the_others_come_in(
    clerk: Clerk, axis: Axis, snv: Peer
) -> None:
    stick = clerk.office.folder / "usb"
    stick.mkdir()
    (stick / "0.edxml").write_bytes(b"")
    (stick / "1.edxml").write_bytes(b"%PDF-1.7")
    (stick / "2.edxml").write_bytes(b"".join(snv.package(OFFICE, header(), [("15.pdf", report(clerk))], LOCAL)))
    code, answer = clerk.asks("fetch", "--folder", str(stick))
    assert code != 0
    assert "0.edxml is no edXML package" in json.dumps(answer, ensure_ascii=False)
    assert [each["file"] for each in answer["documents"]] == ["15.pdf"]
    clerk.types("register", "show", answer["documents"][0]["id"])
    assert "The sender wrote" not in clerk.said
    del axis


def test_programs_stay_inside_and_an_unsigned_package_is_7(clerk: Clerk, axis: Axis, snv: Peer) -> None:
    package, out = clerk.office.papers / "goi.edxml", clerk.office.papers / "ra"
    files = [("a.pdf", b"MZ" + bytes(200)), ("b.html", b"mot"), ("c.pdf", b"%PDF-1.7")]
    package.write_bytes(b"".join(snv.package(OFFICE, header(), files, LOCAL, signed=False)))
    code, seen = clerk.asks("edxml", "show", str(package), "--out", str(out))
    assert code == 0
    assert [each["withheld"] for each in seen["attachments"]] == ["program", "html", None]
    assert [file.name for file in out.iterdir()] == ["c.pdf"]
    code, checked = clerk.asks("edxml", "check", str(package))
    assert (code, checked["files"][0]["verdict"]) == (7, "unsigned")
    wide = clerk.office.papers / "rong.edxml"
    wide.write_bytes(package.read_text("utf-8").replace("UTF-8", "UTF-16").encode("utf-16"))
    assert clerk.asks("edxml", "show", str(wide))[1]["notes"] == seen["notes"]
    del axis
