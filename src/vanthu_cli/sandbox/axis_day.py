"""A day on the national document axis, simulated: two offices run by commands and a ministry. What `vanthu demo --axis` shows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from vanthu_cli.channels.edxml import ALONE, Header
from vanthu_cli.config.load import load
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.rules.deadlines import VIETNAM, today
from vanthu_cli.sandbox import correspondents
from vanthu_cli.sandbox.axis import Axis, serve_axis
from vanthu_cli.sandbox.axis_offices import (
    DEPARTMENT,
    MINISTRY,
    PARTY,
    Peer,
    build_pki_of_three,
    furnish,
    members,
    ministry,
    signed_by_ministry,
)
from vanthu_cli.sandbox.documents import make_pdf
from vanthu_cli.sandbox.office import PracticeOffice, ports_taken

Vanthu = Callable[[PracticeOffice, list[str]], int]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Scene:
    """Who plays, when (Viet Nam's time), and how a command is run and something said."""

    party: PracticeOffice
    department: PracticeOffice
    ministry: Peer
    axis: Axis
    now: datetime
    vanthu: Vanthu
    say: Say


def live(folder: Path, *, now: datetime, language: str, vanthu: Vanthu, say: Say) -> None:
    """Build both offices, the ministry and the simulator, and live one day on the axis."""
    if folder.exists() and any(folder.iterdir()):
        raise MisuseError(
            "demo.exists", _("The folder {path} is not empty.").format(path=folder), _("Name another folder.")
        )
    folder.mkdir(parents=True, exist_ok=True)
    say(
        _(
            "1. Two practice offices, a ministry and a SIMULATOR of the axis are built. The real axis has not been tried: it cannot "
            "be had without being registered there."
        )
    )
    build_pki_of_three(folder, now)
    with serve_axis(folder / "axis", members()) as axis:
        made = now - timedelta(hours=1)
        party = furnish(folder, PARTY, axis.url, now=made, language=language)
        department = furnish(folder, DEPARTMENT, axis.url, now=made, language=language)
        local = now.astimezone(VIETNAM)
        scene = _Scene(party, department, ministry(folder, axis.url), axis, local, vanthu, say)
        for act in (_new, _incoming, _recalled, _faulty, _by_hand):
            act(scene)
    for name in ("thuc-hanh-1.pdf", "thuc-hanh-2.pdf"):  # to go on with
        page = correspondents.own_page(subject=f"Văn bản thực hành {name[-5]}", year=scene.now.year)
        (party.papers / name).write_bytes(make_pdf(page))


def _new(scene: _Scene) -> None:
    scene.say(
        _("2. The Party office issues a document; the directory says that both receivers are reached through the axis.")
    )
    draft = scene.party.papers / "cong-van.pdf"
    page = correspondents.own_page(subject="Gửi, nhận văn bản qua trục liên thông", year=scene.now.year)
    draft.write_bytes(make_pdf(page))
    scene.vanthu(scene.party, ["sign-send", str(draft), "--person", "leader", "--to", "SNV", "--to", "BNV", "--yes"])
    scene.say(
        _(
            "3. The department takes it in and registers it (status 03), and later has dealt with it (06). The ministry refuses it (02)."
        )
    )
    scene.vanthu(scene.department, ["fetch"])
    scene.vanthu(scene.department, ["register", "amend", "1", "--done", today(scene.now).isoformat()])
    scene.ministry.answer("02", "Văn bản không thuộc thẩm quyền của Bộ", scene.now)
    scene.vanthu(scene.party, ["fetch"])
    scene.vanthu(scene.party, ["status"])


def _incoming(scene: _Scene) -> None:
    scene.say(
        _("4. The ministry sends a document of its own. Its signatures are good: it is registered without a person.")
    )
    header = Header("88", "BNV-VP", today(scene.now).isoformat(), "Hà Nội", "Công văn", "Hướng dẫn công tác văn thư")
    scene.ministry.send(PARTY, header, [("88-BNV-VP.pdf", _document(scene.ministry, header, scene.now))], scene.now)
    scene.vanthu(scene.party, ["fetch"])


def _document(ministry_: Peer, header: Header, now: datetime) -> bytes:
    page = correspondents.state_page(
        "SNV", "Đỗ Văn Mẫu", number=int(header.number), symbol=header.symbol, day=today(now), subject=header.subject
    )
    return signed_by_ministry(ministry_, replace(page, agency=MINISTRY.name.upper(), parent="", place="Hà Nội"))


def _recalled(scene: _Scene) -> None:
    scene.say(
        _(
            "5. The Party office takes its document back. A person at the department agrees: it is destroyed there (status 15)."
        )
    )
    scene.vanthu(scene.party, ["recall", "1", "--reason", "Sai số liệu", "--yes"])
    scene.vanthu(scene.department, ["fetch"])
    scene.vanthu(scene.department, ["inbox", "accept", "r1", "--yes"])
    scene.vanthu(scene.party, ["fetch"])
    scene.vanthu(scene.party, ["register", "show", "1"])


def faulty_packages(ministry_: Peer, now: datetime) -> Iterator[tuple[str, bytes]]:
    """Yield packages that must not be taken in, each with what is wrong with it."""
    header = Header("89", "BNV-VP", today(now).isoformat(), "Hà Nội", "Công văn", "Gói tin hỏng")
    files = [("89-BNV-VP.pdf", b"%PDF-1.7 " + bytes(range(200)) * 20)]
    head, tail = ministry_.package(PARTY, header, files, now)
    whole = head + tail
    plain = b"".join(ministry_.package(PARTY, header, files, now, signed=False))
    listed = plain.index(b"<edXML:Reference>"), plain.index(b"</edXML:edXMLManifest>")
    yield "truncated", whole[: len(whole) // 2]
    yield "changed after signing", whole.replace("Gói tin hỏng".encode(), "Gói tin khác".encode())
    yield "not addressed to us", plain.replace(b"<edXML:OrganId>H23.01<", b"<edXML:OrganId>H99.99<")
    yield "base64 broken", plain.replace(b"<ContentTransferEncoded>", b"<ContentTransferEncoded>!!!")
    yield (
        "attachment missing",
        head[: head.index(b"<Signature")]
        + head[head.index(b"</Signature>") + 12 :]
        + (
            b"<AttachmentEncoded><Attachment><ContentId>cid:khac</ContentId><ContentTransferEncoded>QUJD</ContentTransferEncoded>"
            b"</Attachment></AttachmentEncoded>" + ALONE
        ),
    )
    yield "attachment not listed", plain[: listed[0]] + plain[listed[1] :]
    yield "entity bomb", plain.replace(b"<edXML ", b'<!DOCTYPE edXML [<!ENTITY a "a"><!ENTITY b "&a;&a;">]><edXML ', 1)
    yield "no edXML", b"<html>502 Bad Gateway</html>"
    twice = plain.index(b"<edXML:MessageHeader>"), plain.index(b"</edXML:MessageHeader>") + 22
    yield "two headers", plain[: twice[1]] + plain[twice[0] : twice[1]] + plain[twice[1] :]
    foreign = plain[plain.index(b"<edXML:MessageHeader>") : plain.index(b"</edXML:MessageHeader>") + 22]
    outer = whole.index(b"<edXML ")
    yield "signed one wrapped", whole[:outer] + b'<goi xmlns:edXML="urn:la">' + foreign + whole[outer:] + b"</goi>"
    yield "wrong encoding", plain.replace(b'encoding="UTF-8"', b'encoding="x-nothing"')


def _wrong(name: str) -> str:
    return {
        "truncated": _("truncated"),
        "changed after signing": _("changed after signing"),
        "not addressed to us": _("not addressed to us"),
        "base64 broken": _("base64 broken"),
        "attachment missing": _("attachment missing"),
        "attachment not listed": _("attachment not listed"),
        "entity bomb": _("entity bomb"),
        "no edXML": _("no edXML"),
        "two headers": _("two headers"),
        "signed one wrapped": _("signed one wrapped"),
        "wrong encoding": _("wrong encoding"),
    }.get(name, name)


def _faulty(scene: _Scene) -> None:
    scene.say(
        _(
            "6. Packages that are not in order: none is taken in, each lies in quarantine, and the axis is told that it failed."
        )
    )
    names = {}
    for name, package in faulty_packages(scene.ministry, scene.now):
        names[scene.axis.put(MINISTRY.axis or "", PARTY.axis or "", package)] = name
    scene.vanthu(scene.party, ["fetch"])
    told = {each.doc_id: each.status for each in scene.axis.lying()}
    scene.say("\n".join(f"   {_wrong(name):<30} {told[doc_id]}" for doc_id, name in names.items()))


def _by_hand(scene: _Scene) -> None:
    scene.say(_("7. Packages by hand: one of them, as it lies on the axis."))
    largest = max(scene.axis.folder.glob("*.edxml"), key=lambda file: file.stat().st_size)
    scene.vanthu(scene.party, ["edxml", "show", str(largest)])
    scene.vanthu(scene.party, ["edxml", "check", str(largest)])


@contextmanager
def serve_again(folder: Path) -> Iterator[Axis]:
    """Run the simulator of a folder that was lived in, where its offices look for it."""
    url = load(folder / "VPTU" / "config.toml").channels["axis"].url
    try:
        with serve_axis(folder / "axis", members(), int(url.rsplit(":", 1)[1].partition("/")[0])) as axis:
            yield axis
    except OSError as error:
        raise ports_taken(error) from error
