"""Dossiers read out and handed over: whole or not at all, byte for byte, and no stranger's file does harm on the way."""

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import bagit
import pikepdf
import pypdfium2 as pdfium
import pytest
from lxml import etree
from pikepdf import Array, Dictionary, Name, Stream
from tests import offices
from tests.cli import assets

from vanthu_cli.errors import ForbiddenError, MisuseError, UnreachableError, VanthuError
from vanthu_cli.procedures import dossier as filing
from vanthu_cli.procedures import dossier_export, hand_over
from vanthu_cli.procedures.aside import Aside
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.dossier import Wish
from vanthu_cli.procedures.dossier_contents import File, archive_name
from vanthu_cli.procedures.dossier_export import export
from vanthu_cli.procedures.merged import Plain, make_plain
from vanthu_cli.register import documents, dossiers
from vanthu_cli.register.book import Book, check_chain, history
from vanthu_cli.register.dossiers import Dossier
from vanthu_cli.rules.deadlines import today
from vanthu_cli.sandbox import correspondents
from vanthu_cli.sandbox.documents import make_pdf
from vanthu_cli.sandbox.office import PracticeOffice


@pytest.fixture
def desk(template: PracticeOffice, tmp_path: Path) -> Iterator[Desk]:
    with offices.desk_of(assets.quiet(template, tmp_path / "office")) as opened:
        yield opened


def page(number: int) -> Any:
    day = today(offices.NOW)
    return correspondents.party_page(
        "TUCL", "Phạm Văn Mẫu", number=number, symbol="CV/TUCL", day=day, subject="Lịch làm việc"
    )


def registered(desk: Desk, number: int, data: bytes | None, *, name: str = "", **values: object) -> int:
    """Enter an accepted document with these bytes."""
    sha256 = desk.cabinet.put(data) if data is not None else None
    with desk.book.step():
        identity = documents.add(
            desk.book, "in", "arrive", arrived_at=desk.book.at, number=number, symbol="CV/TUCL", day="2026-11-20",
            agency="THÀNH ỦY CHÍ LINH", agency_code="TUCL", doc_type="Công văn", subject="V/v lịch làm việc",
            file=name or f"{number}.pdf", sha256=sha256, **values,
        )  # fmt: skip
        documents.advance(desk.book, identity, "accept", {})
    return identity


def attached(desk: Desk, identity: int, name: str, data: bytes) -> str:
    sha256 = desk.cabinet.put(data)
    with desk.book.step():
        documents.attach(desk.book, identity, [(sha256, name)])
    return sha256


def filled(desk: Desk, *identities: int, closed: bool = True) -> Dossier:
    made = filing.new(desk, Wish("01.TCCB", "Hội nghị lần thứ 15"))
    for each in identities:
        filing.add(desk, made, documents.get(desk.book, each))
    return filing.close(desk, made, None) if closed else made


@pytest.fixture(scope="module")
def signed_28(template: PracticeOffice) -> bytes:
    return correspondents.signed(template, page(28), "TUCL")


@pytest.fixture
def dossier(desk: Desk, signed_28: bytes) -> Dossier:
    """Give a closed dossier: a signed document with an annex and a table, and one without signature."""
    signed = registered(desk, 28, signed_28)
    attached(desk, signed, "phụ lục.pdf", make_pdf(page(29)))
    attached(desk, signed, "../../bảng <1>.xlsx", b"PK\x05\x06" + bytes(18))
    return filled(desk, signed, registered(desk, 30, make_pdf(page(30))))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def files_in(folder: Path) -> dict[str, bytes]:
    return {each.relative_to(folder).as_posix(): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def test_the_package_is_a_bag_that_others_accept_and_holds_the_originals(
    desk: Desk, dossier: Dossier, tmp_path: Path
) -> None:
    out = tmp_path / "nop-luu"
    done = hand_over.hand_over(desk, dossier, out)
    bag = bagit.Bag(str(out))
    assert bag.validate()
    found = files_in(out)
    assert bag.info["External-Identifier"].endswith(".2026.01.TCCB")
    payload = [data for name, data in found.items() if name.startswith("data/")]
    assert bag.info["Payload-Oxum"] == f"{sum(map(len, payload))}.{len(payload)}"
    assert (done.files, done.manifest) == (len(payload), sha256(found["manifest-sha256.txt"]))
    originals = {name.rpartition("/")[2]: data for name, data in found.items() if "/rep1/" in name}
    assert sorted(originals) == [
        "001-01-phu-luc.pdf", "001-02-bang-1.xlsx", "001-28-cv-tucl.pdf", "002-30-cv-tucl.pdf",
    ]  # fmt: skip
    kept = {each for each in documents.files(desk.book) if each}
    assert {sha256(data) for data in originals.values()} <= kept
    assert done.verdicts == {"valid": 1, "unsigned": 1}
    now = dossiers.get(desk.book, dossier.id)
    assert now.state == "handed-over"
    last = history(desk.book, now.subject)[-1]
    assert (last["kind"], json.loads(last["data"])) == ("dossier-hand-over", {"manifest": done.manifest})
    assert check_chain(desk.book) is None
    assert not list(tmp_path.glob(".nop-luu*"))


def test_beside_each_document_lies_what_proves_it(desk: Desk, dossier: Dossier, tmp_path: Path) -> None:
    out = tmp_path / "nop-luu"
    hand_over.hand_over(desk, dossier, out)
    papers = out / "data" / "documentation"
    certificates = {each.stem for each in (papers / "certificates").iterdir()}
    assert all(sha256((papers / "certificates" / f"{name}.cer").read_bytes()) == name for name in certificates)
    judgement = desk.examine("28.pdf", (out / "data/representations/rep1/data/001-28-cv-tucl.pdf"), "judge").judgement
    assert judgement is not None
    assert {
        link.fingerprint.replace(":", "").lower() for each in judgement.signatures for link in each.chain
    } <= certificates
    assert list((papers / "revocation").glob("*.crl"))
    with pdfium.PdfDocument(papers / "verification" / "001.pdf") as report:
        text = report[0].get_textpage().get_text_range()
    assert "HỢP LỆ" in text
    events = [json.loads(line) for line in (papers / "events" / "001.jsonl").read_text("utf-8").splitlines()]
    assert [each["kind"] for each in events] == ["accept"]
    assert "01.TCCB" in (papers / "DOC-TRUOC.txt").read_text("utf-8")
    schema = etree.XMLSchema(etree.parse(out / "data/schemas/dossier.xsd"))
    schema.assertValid(etree.parse(out / "data/metadata/descriptive/dossier.xml"))
    mets = etree.parse(out / "data/METS.xml")
    listed = {each.get("{http://www.w3.org/1999/xlink}href") for each in mets.iter() if each.get("LOCTYPE")}
    assert listed == {name for name in files_in(out / "data") if name != "METS.xml"}
    with pdfium.PdfDocument(out / "bien-ban-giao-nhan.pdf") as minutes:
        assert sha256((out / "manifest-sha256.txt").read_bytes()) in minutes[0].get_textpage().get_text_range()


def test_as_a_zip_it_is_one_folder_and_the_same_bag(desk: Desk, dossier: Dossier, tmp_path: Path) -> None:
    out = tmp_path / "nop-luu.zip"
    hand_over.hand_over(desk, dossier, out)
    with zipfile.ZipFile(out) as archive:
        assert {name.partition("/")[0] for name in archive.namelist()} == {"nop-luu"}
        archive.extractall(tmp_path / "unpacked")
    assert bagit.Bag(str(tmp_path / "unpacked" / "nop-luu")).validate()
    assert [each.name for each in tmp_path.glob("*nop-luu*")] == ["nop-luu.zip"]


@pytest.mark.parametrize("name", ["nop-luu", "nop-luu.zip"])
def test_nothing_is_written_over(desk: Desk, dossier: Dossier, tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    out.write_bytes(b"mine")
    for write in (hand_over.hand_over, export):
        with pytest.raises(MisuseError):
            write(desk, dossier, out)
    assert out.read_bytes() == b"mine"
    assert dossiers.get(desk.book, dossier.id).state == "closed"


def test_only_a_closed_dossier_that_is_whole_is_handed_over(desk: Desk, tmp_path: Path) -> None:
    opened = filled(desk, closed=False)
    with pytest.raises(ForbiddenError) as error:
        hand_over.check_ready(desk, opened)
    assert error.value.code == "dossier.not_closed"
    closed = filing.close(desk, opened, None)
    with pytest.raises(ForbiddenError) as error:
        hand_over.check_ready(desk, closed)
    assert error.value.code == "dossier.empty"
    identity = registered(desk, 28, make_pdf(page(28)))
    again = filing.reopen(desk, closed, "thiếu văn bản")
    filing.add(desk, again, documents.get(desk.book, identity))
    whole = filing.close(desk, again, None)
    place = desk.cabinet.path(documents.get(desk.book, identity).sha256 or "")
    place.write_bytes(place.read_bytes() + b"!")
    with pytest.raises(MisuseError) as changed:
        hand_over.hand_over(desk, whole, tmp_path / "nop-luu")
    assert changed.value.code == "cabinet.missing"
    place.unlink()
    with pytest.raises(MisuseError) as missing:
        hand_over.hand_over(desk, whole, tmp_path / "nop-luu")
    assert missing.value.code == "cabinet.missing"
    with desk.book.step():
        documents.advance(desk.book, identity, "quarantine")
        documents.blank(desk.book, identity)
    with pytest.raises(ForbiddenError) as secret:
        hand_over.check_ready(desk, whole)
    assert secret.value.code == "dossier.unfit"
    assert not list(tmp_path.glob("*nop-luu*"))


def test_what_changes_while_the_package_is_made_refuses_it(
    desk: Desk, dossier: Dossier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reopened(_root: Path) -> None:
        filing.reopen(desk, dossier, "nhầm")

    monkeypatch.setattr(hand_over, "_check", reopened)
    with pytest.raises(ForbiddenError) as error:
        hand_over.hand_over(desk, dossier, tmp_path / "nop-luu")
    assert error.value.code == "dossier.changed"
    assert not list(tmp_path.glob("*nop-luu*"))


class AtHand:
    """Does the work in this process: what is tested is what happens here."""

    def __init__(self, work: Callable[..., Any]) -> None:
        self.work = work

    def __call__(self, *asked: object) -> Any:
        return self.work(*asked)

    def close(self) -> None: ...


def failing_at(last: int, door: Callable[..., Any]) -> tuple[Callable[..., Any], list[int]]:
    ticks: list[int] = []

    def wrapped(*args: Any, **named: Any) -> Any:
        ticks.append(1)
        if len(ticks) == last:
            raise OSError(28, "No space left on device")
        return door(*args, **named)

    return wrapped, ticks


@pytest.mark.parametrize(
    ("name", "owner", "door"),
    [
        (name, owner, door)
        for name in ("nop-luu", "nop-luu.zip")
        for owner, door in ((os, "fsync"), (Book, "event"), (Book, "finish"), (Path, "rename"), (os, "link"))
        if (name, door) != ("nop-luu", "link")
    ],
)
def test_a_failure_at_any_step_leaves_nothing_half_done(
    desk: Desk, dossier: Dossier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, name: str, owner: Any, door: str
) -> None:
    monkeypatch.setattr(hand_over, "Aside", AtHand)
    out, before = tmp_path / name, check_chain(desk.book)
    original, last, failed = getattr(owner, door), 1, True
    while failed:
        wrapped, ticks = failing_at(last, original)
        monkeypatch.setattr(owner, door, wrapped)
        failed = False
        try:
            hand_over.hand_over(desk, dossier, out)
        except (OSError, VanthuError):
            failed = True
            assert not list(tmp_path.glob("*nop-luu*")), last
            assert dossiers.get(desk.book, dossier.id).state == "closed", last
        monkeypatch.setattr(owner, door, original)
        last += max(1, len(ticks) // 4) if door == "fsync" else 1
    assert dossiers.get(desk.book, dossier.id).state == "handed-over"
    assert check_chain(desk.book) == before


_KILLED = """
import os, signal, sys
from pathlib import Path
from tests import offices
from vanthu_cli.procedures import hand_over
from vanthu_cli.register import dossiers
from vanthu_cli.sandbox.office import PracticeOffice
folder, out, what, last = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
owner = {"fsync": os, "rename": Path, "link": os, "record": hand_over}[what]
door, ticks = "_record" if what == "record" else what, [0]
original = getattr(owner, door)
def wrapped(*args, **named):
    ticks[0] += 1
    if what == "record":
        os.kill(os.getpid(), signal.SIGKILL)
    result = original(*args, **named)
    if ticks[0] == last:
        os.kill(os.getpid(), signal.SIGKILL)
    return result
setattr(owner, door, wrapped)
with offices.desk_of(PracticeOffice(Path(folder))) as desk:
    hand_over.hand_over(desk, dossiers.find(desk.book, "01.TCCB"), out)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal: POSIX only")
@pytest.mark.parametrize(
    ("name", "what", "last"),
    [("nop-luu", "fsync", 12), ("nop-luu", "rename", 1), ("nop-luu", "record", 1), ("nop-luu.zip", "record", 1)],
)  # fmt: skip
def test_killed_and_run_again_the_dossier_is_handed_over_once(
    desk: Desk, dossier: Dossier, tmp_path: Path, *, name: str, what: str, last: int
) -> None:
    out = tmp_path / name
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(desk.config.file.parent), str(out), what, str(last)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == -9, done.stderr
    assert dossiers.get(desk.book, dossier.id).state == "closed"
    named = out.exists()
    assert named is (what != "fsync")
    package = hand_over.hand_over(desk, dossier, out)
    assert package.found is named
    assert dossiers.get(desk.book, dossier.id).state == "handed-over"
    manifest = json.loads(history(desk.book, dossier.subject)[-1]["data"])["manifest"]
    assert manifest == package.manifest
    assert [each.name for each in tmp_path.glob("*nop-luu*")] == [name]


def test_a_package_of_an_earlier_state_or_a_changed_one_is_not_taken_for_it(
    desk: Desk, dossier: Dossier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "nop-luu"

    def dies(*_args: object) -> None:
        os.rename(out, tmp_path / "kept")  # noqa: PTH104  Path.rename is not what is meant here
        raise UnreachableError("x", "x")

    monkeypatch.setattr(hand_over, "_record", dies)
    with pytest.raises(UnreachableError):
        hand_over.hand_over(desk, dossier, out)
    monkeypatch.undo()
    (tmp_path / "kept").rename(out)
    letter = out / "data" / "documentation" / "DOC-TRUOC.txt"
    whole = letter.read_bytes()
    letter.write_bytes(whole + b"!")
    with pytest.raises(MisuseError):
        hand_over.hand_over(desk, dossier, out)
    letter.write_bytes(whole)
    (out / "data" / "thua.txt").write_bytes(b"")
    with pytest.raises(MisuseError):
        hand_over.hand_over(desk, dossier, out)
    (out / "data" / "thua.txt").unlink()
    again = filing.close(desk, filing.reopen(desk, dossier, "sửa"), None)
    with pytest.raises(MisuseError):
        hand_over.hand_over(desk, again, out)
    assert dossiers.get(desk.book, dossier.id).state == "closed"


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd.pdf", "CON.pdf", "a\x00b\u202efdp.exe", "." * 300, "ă" * 300 + ".pdf", "", "…", "-rf *.pdf", "x.P7S\n"],
)  # fmt: skip
def test_hostile_names_become_plain_ones(desk: Desk, name: str) -> None:
    document = documents.get(desk.book, registered(desk, 28, make_pdf(page(28))))
    made = archive_name(7, 3, File(document, name, "ab" * 32, own=False))
    assert made.startswith("007-03-")
    assert made.isascii()
    assert len(made) < 90
    assert not set(made) - set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert not made.endswith(".")


# Reading copies.


def hostile_pdf() -> bytes:
    """A page with number and seal as an annotation, and everything that a reading copy must not carry."""
    with pikepdf.new() as pdf:
        sheet = pdf.add_blank_page(page_size=(200, 200))
        script = Dictionary(Type=Name.Action, S=Name.JavaScript, JS=pikepdf.String("app.alert('evil')"))
        launch = Dictionary(S=Name.Launch, F=pikepdf.String("evil.exe"))
        inside = Stream(pdf, b"evil payload", Type=Name.EmbeddedFile)
        file = pdf.make_indirect(
            Dictionary(Type=Name.Filespec, F="evil.exe", EF=Dictionary(F=pdf.make_indirect(inside)))
        )
        look = Stream(pdf, b"1 0 0 rg 0 0 50 50 re f", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 50, 50])
        picture = Stream(pdf, b"\0", Type=Name.XObject, Subtype=Name.Image, Width=1, Height=1, BitsPerComponent=8)
        picture.ColorSpace, picture.AF, picture.Metadata = Name.DeviceGray, Array([file]), inside
        sheet.Resources = Dictionary(
            XObject=Dictionary(F=pdf.make_indirect(picture)),
            Properties=Dictionary(JS=Dictionary(AF=Array([file])), MC0=Dictionary(A=script)),
        )
        sheet.Contents = Stream(pdf, b"q 20 0 0 20 100 100 cm /F Do Q")
        sheet.AA, sheet.AF = Dictionary(O=script), Array([file])
        sheet.Annots = Array(
            [
                pdf.make_indirect(
                    Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Sig, T="Dau", Rect=[10, 10, 60, 60], F=4,
                               AP=Dictionary(N=pdf.make_indirect(look)), A=launch)
                ),
                Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], A=launch),
                Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, Rect=[0, 0, 9, 9], FS=file),
            ]
        )  # fmt: skip
        pdf.Root.OpenAction, pdf.Root.AA = script, Dictionary(WC=script)
        pdf.Root.Names = Dictionary(
            JavaScript=Dictionary(Names=Array(["x", script])), EmbeddedFiles=Dictionary(Names=Array(["x", file]))
        )
        pdf.Root.AcroForm = Dictionary(Fields=Array([sheet.Annots[0]]), NeedAppearances=True, XFA=inside)
        out = BytesIO()
        pdf.save(out)
        return out.getvalue()


def locked_pdf() -> bytes:
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        out = BytesIO()
        pdf.save(out, encryption=pikepdf.Encryption(user="khoá", owner="khoá"))
        return out.getvalue()


_EVIL = (
    b"JavaScript",
    b"Launch",
    b"EmbeddedFile",
    b"Filespec",
    b"evil",
    b"OpenAction",
    b"AcroForm",
    b"/AA ",
    b"/Annots",
    b"XFA",
)


def laid_open(file: Path) -> bytes:
    """Return a PDF's bytes with nothing compressed."""
    with pikepdf.open(file) as pdf:
        out = BytesIO()
        pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable, compress_streams=False, qdf=True)
        return out.getvalue()


def test_a_plain_copy_shows_what_the_page_showed_and_acts_no_more(tmp_path: Path) -> None:
    source, target = tmp_path / "a.pdf", tmp_path / "b.pdf"
    source.write_bytes(hostile_pdf())
    assert make_plain(source, target, 10) == Plain(1)
    opened = laid_open(target)
    assert [word for word in _EVIL if word in opened] == []
    with pdfium.PdfDocument(target) as pdf:
        picture = pdf[0].render(scale=1).to_pil().convert("RGB")
    assert picture.getpixel((30, 170)) == (255, 0, 0)  # what the signature field showed
    assert picture.getpixel((110, 90)) == (0, 0, 0)  # the picture, whose name in the resources is "F"


def layered_pdf(*, off: bool = False, base: Name = Name.ON, usage: Name = Name.ON, policy: Name | None = None) -> bytes:
    """A page on whose layer something red is drawn, and what says whether that is shown."""
    with pikepdf.new() as pdf:
        sheet = pdf.add_blank_page(page_size=(100, 100))
        layer = pdf.make_indirect(
            Dictionary(Type=Name.OCG, Name="Bản nháp", Usage=Dictionary(View=Dictionary(ViewState=usage)))
        )
        named = Dictionary(Type=Name.OCMD, OCGs=layer, P=policy) if policy else layer
        sheet.Resources = Dictionary(Properties=Dictionary(L=named))
        sheet.Contents = Stream(pdf, b"/OC /L BDC 1 0 0 rg 0 0 100 100 re f EMC")
        shown = Dictionary(BaseState=base, OFF=Array([layer] if off else []))
        pdf.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=shown)
        out = BytesIO()
        pdf.save(out)
        return out.getvalue()


@pytest.mark.parametrize(
    ("how", "hidden"),
    [({}, False), ({"policy": Name.AllOn}, False), ({"off": True}, True), ({"base": Name.OFF}, True),
     ({"usage": Name.OFF}, True), ({"policy": Name.AllOff}, True)],
)  # fmt: skip
def test_layers_are_told_of_where_they_were_hidden_and_the_copy_shows_them(
    tmp_path: Path, how: dict[str, Any], hidden: bool
) -> None:
    source, target = tmp_path / "a.pdf", tmp_path / "b.pdf"
    source.write_bytes(layered_pdf(**how))
    assert make_plain(source, target, 10) == Plain(1, hidden)
    with pdfium.PdfDocument(target) as pdf:
        picture = pdf[0].render(scale=1).to_pil().convert("RGB")
    assert picture.getpixel((50, 50)) == (255, 0, 0)  # the same in every viewer


def test_hidden_layers_stand_in_the_index_of_the_copy(desk: Desk, tmp_path: Path) -> None:
    hiding, showing = registered(desk, 28, layered_pdf(off=True)), registered(desk, 29, layered_pdf())
    done = export(desk, filled(desk, hiding, showing), tmp_path / "a.pdf")
    assert [(each.layers, each.failed) for each in done.parts] == [(True, False), (False, False)]
    with pdfium.PdfDocument(tmp_path / "a.pdf") as pdf:
        text = " ".join(pdf[0].get_textpage().get_text_range().split())
    assert text.count("có lớp ẩn") == 1


def test_a_pdf_without_a_page_or_with_a_loop_is_broken_and_no_more(tmp_path: Path) -> None:
    with pikepdf.new() as pdf:
        pdf.save(tmp_path / "none.pdf")
        pdf.add_blank_page()
        pdf.Root.Pages.Kids.append(pdf.Root.Pages)
        pdf.save(tmp_path / "loop.pdf")
    for name in ("none.pdf", "loop.pdf"):
        assert make_plain(tmp_path / name, tmp_path / "out.pdf", 10) in {"broken", Plain(1)}
    assert make_plain(tmp_path / "none.pdf", tmp_path / "out.pdf", 10) == "broken"


def test_what_a_stranger_calls_a_certificate_is_not_handed_on_as_one(
    desk: Desk, tmp_path: Path, signed_28: bytes
) -> None:
    with pikepdf.open(BytesIO(signed_28)) as pdf:
        junk = [pdf.make_indirect(Stream(pdf, data)) for data in (b"", b"0\x80", bytes(500), b"\x30\x03\x02\x01\x05")]
        pdf.Root.DSS = Dictionary(Certs=Array(junk), CRLs=Array(junk), OCSPs=Array(junk))
        pdf.save(tmp_path / "dss.pdf")
    found = filled(desk, registered(desk, 28, (tmp_path / "dss.pdf").read_bytes()))
    hand_over.hand_over(desk, found, tmp_path / "nop-luu")
    papers = tmp_path / "nop-luu/data/documentation"
    assert all(each.stat().st_size > 500 for each in (papers / "certificates").iterdir())
    assert all(each.stat().st_size > 100 for each in (papers / "revocation").iterdir())


def test_the_reading_copy_holds_all_pages_in_order_with_bookmarks(desk: Desk, tmp_path: Path, signed_28: bytes) -> None:
    first = registered(desk, 28, signed_28)
    attached(desk, first, "phụ lục.pdf", make_pdf(page(29)))
    attached(desk, first, "bảng.xlsx", b"PK\x05\x06" + bytes(18))
    evil, locked = registered(desk, 30, hostile_pdf()), registered(desk, 31, locked_pdf())
    broken = registered(desk, 32, b"%PDF-1.7\n" + bytes(500))
    paper = registered(desk, 33, None)
    found = filled(desk, first, evil, locked, broken, paper, closed=False)
    out = tmp_path / "a.pdf"
    done = export(desk, found, out)
    faults = [(each.file.document.id, each.fault) for each in done.parts]
    assert faults == [
        (first, ""), (first, ""), (first, "not-pdf"), (evil, ""), (locked, "locked"), (broken, "broken"), (paper, "no-file"),
    ]  # fmt: skip
    assert [each.failed for each in done.parts] == [False, False, False, False, True, True, False]
    assert (done.pages, done.documents) == (3, 5)
    assert [word for word in _EVIL if word in laid_open(out)] == []
    with pikepdf.open(out) as pdf, pdf.open_outline() as outline:
        ahead = len(pdf.pages) - 3
        assert [each.title.partition(" – ")[0] for each in outline.root] == ["Mục lục văn bản", "1", "2"]
        assert [each.title for each in outline.root[1].children] == ["phụ lục.pdf"]
        assert str(pdf.Root.PageLabels.Nums[2]) == str(ahead)
    with pdfium.PdfDocument(out) as pdf:
        texts = [" ".join(sheet.get_textpage().get_text_range().split()) for sheet in pdf]
    assert texts[0].startswith("MỤC LỤC VĂN BẢN, TÀI LIỆU")
    whole = " ".join(texts[:ahead])
    assert sha256(signed_28) in whole.replace(" ", "")
    assert "KHÔNG ghép được: tệp có mật khẩu" in whole
    assert "KHÔNG ghép được: tệp hỏng" in whole
    assert "Chữ ký số không còn trong bản ghép" in whole
    assert "28-CV/TUCL" in texts[ahead]
    assert "29-CV/TUCL" in texts[ahead + 1]
    last = history(desk.book, found.subject)[-1]
    assert json.loads(last["data"]) == {"form": "pdf", "sha256": sha256(out.read_bytes())}


def test_a_folder_holds_the_three_forms_and_the_originals(desk: Desk, dossier: Dossier, tmp_path: Path) -> None:
    out = tmp_path / "ho-so"
    done = export(desk, dossier, out)
    found = files_in(out)
    assert sorted(name.rpartition(".")[2] for name in found if "/" not in name) == ["SHA256SUMS", "pdf", "xlsx", "xml"]
    for line in found["SHA256SUMS"].decode().splitlines():
        digest, _blanks, name = line.partition("  ")
        assert sha256(found[name]) == digest
    assert len(found["SHA256SUMS"].splitlines()) == len(found) - 1
    assert done.sha256 == sha256(found["SHA256SUMS"])
    assert {sha256(data) for name, data in found.items() if name.startswith("van-ban/")} <= set(
        documents.files(desk.book)
    )
    assert not list(tmp_path.glob(".ho-so*"))


def test_one_that_turned_out_to_be_secret_is_nowhere_in_what_is_read_out(desk: Desk, tmp_path: Path) -> None:
    kept, secret = registered(desk, 28, make_pdf(page(28))), registered(desk, 29, make_pdf(page(29)))
    found = filled(desk, kept, secret)
    with desk.book.step():
        documents.advance(desk.book, secret, "quarantine")
        documents.blank(desk.book, secret)
    for name in ("a.pdf", "a.xml", "a.xlsx", "a"):
        assert export(desk, found, tmp_path / name).secret == 1
    assert b"<DocTotal>1<" in (tmp_path / "a.xml").read_bytes()


def sleeping(_seconds: float) -> int:
    import time

    time.sleep(_seconds)
    return 1


def dying(code: int) -> int:
    os._exit(code)


def test_a_file_that_takes_too_long_or_kills_its_process_costs_only_itself() -> None:
    slow = Aside(sleeping)
    assert slow(0.0) == 1  # the process is there: what is slow on this machine is not its start
    slow.seconds = 1
    assert slow(60.0) == "too-slow"
    slow.seconds = 60
    assert slow(0.0) == 1
    slow.close()
    fatal = Aside(dying)
    assert fatal(9) == "broken"
    fatal.close()


def test_too_many_pages_are_told(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pikepdf.new() as pdf:
        for _each in range(5):
            pdf.add_blank_page()
        pdf.save(tmp_path / "five.pdf")
    data = (tmp_path / "five.pdf").read_bytes()
    found = filled(desk, registered(desk, 28, data), registered(desk, 29, data + b"\n"))
    monkeypatch.setattr(dossier_export, "_MOST_TOTAL", 8)
    done = export(desk, found, tmp_path / "a.pdf")
    assert [(each.pages, each.fault) for each in done.parts] == [(5, ""), (0, "too-long")]


def test_after_a_failure_there_is_no_output(
    desk: Desk, dossier: Dossier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_named: object) -> None:
        raise OSError(28, "No space left on device")

    for name, door in (("a.pdf", "bind"), ("a.xlsx", "index_xlsx"), ("a", "publish")):
        with monkeypatch.context() as broken:
            broken.setattr(dossier_export, door, full)
            with pytest.raises((OSError, VanthuError)):
                export(desk, dossier, tmp_path / name)
        assert not list(tmp_path.glob(".a*"))
        assert not (tmp_path / name).exists()
    assert [row["kind"] for row in history(desk.book, dossier.subject)][-1] == "dossier-close"
