"""A dossier as values: index, XML, METS, printed forms; strangers' texts in them do no harm."""

from dataclasses import replace
from datetime import date
from io import BytesIO
from typing import Any

import openpyxl
import pypdfium2 as pdfium
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from vanthu_cli.register.documents import Document
from vanthu_cli.register.dossiers import Dossier
from vanthu_cli.reports import dossier_pdf
from vanthu_cli.reports.dossier import HEADINGS, alert, deadline, index, index_xlsx
from vanthu_cli.reports.dossier_xml import Cut, dossier_xml, dossier_xsd
from vanthu_cli.reports.mets import Contents, mets_xml

DOSSIER = Dossier(
    1, "01.TCCB", "Hội nghị lần thứ 15", 2026, "Vĩnh viễn", None, "Nguyễn Văn A", "Tiếng Việt", True, "closed", "2026-02-03",
    "2026-06-30", "hội nghị", None,
)  # fmt: skip
FIELDS = {
    "dossier": "FileCode Title Maintenance Rights Creator Language StartDate EndDate DocTotal PageTotal Description",
    "common": "FileCode DocOrdinal TypeName CodeNumber CodeNotation IssuedDate OrganName Subject Language PageAmount Description",
    "out": "SignerInfo To Priority IssuedAmount DueDate",
    "in": "ArrivalDate ArrivalNumber SignerInfo Priority ToPlaces TraceHeaderList DueDate",
}
"""Phụ lục VI Phần II, in order."""


def document(identity: int, **values: Any) -> Document:
    empty = dict.fromkeys(Document._fields)
    given = {
        "id": identity, "direction": "in", "state": "accepted", "number": identity, "symbol": "CV/TU", "day": "2026-03-04",
        "agency": "SỞ NỘI VỤ", "doc_type": "Công văn", "subject": "V/v gửi văn bản", "signer": "Lê Thị B", "pages": 2,
        "arrived_at": "2026-03-04T20:00:00+00:00", "medium": "electronic", "sha256": "ab" * 32, "fields_json": "{}",
        "judgement_json": "{}", "flags_json": "[]",
    }  # fmt: skip
    return Document(**{**empty, **given, **values})


FULL = {
    "signer_title": "Giám đốc", "language": "Tiếng Việt", "note": "khẩn", "due": "2026-04-01", "urgency": "KHẨN", "copies": 3,
    "places": "Phòng Tổng hợp", "progress": "đã giao", "done_on": "2026-03-09", "arrival_number": 12,
}  # fmt: skip


def xml_of(*contents: Document, dossier: Dossier = DOSSIER) -> tuple[Any, tuple[Cut, ...]]:
    recipients = {each.id: [("H23.05", "Sở Xây dựng"), ("BTCTU", "Ban Tổ chức")] for each in contents}
    data, cut = dossier_xml(dossier, index(contents), organ="H23.01", recipients=recipients)
    root = etree.fromstring(data)
    etree.XMLSchema(etree.fromstring(dossier_xsd())).assertValid(root)
    return root, cut


def tags(element: Any) -> list[str]:
    return list(dict.fromkeys(each.tag for each in element))


def test_every_field_of_the_decree_stands_in_its_order() -> None:
    full = replace(DOSSIER, rights="Hạn chế", note="ghi chú")
    root, cut = xml_of(document(1, **FULL), document(2, direction="out", state="sent", **FULL), dossier=full)
    assert cut == ()
    assert tags(root) == [*FIELDS["dossier"].split(), "Documents"]
    came, went = root.find("Documents")
    assert tags(came) == f"{FIELDS['common']} {FIELDS['in']}".split()
    assert tags(went) == f"{FIELDS['common']} {FIELDS['out']}".split()
    assert tags(went.find("FileCode")) == ["OrganId", "FileCatalog", "FileNotation"]
    assert [each.findtext("OrganName") for each in went.iter("To")] == ["Sở Xây dựng", "Ban Tổ chức"]
    assert came.findtext("ArrivalDate") == "05/03/2026"  # 20:00 UTC is the next day here
    assert (root.findtext("StartDate"), root.findtext("EndDate")) == ("03/02/2026", "30/06/2026")
    assert (root.findtext("DocTotal"), root.findtext("PageTotal")) == ("2", "4")
    assert came.findtext("Priority") == "1"


def test_what_is_not_known_has_no_element() -> None:
    root, _cut = xml_of(
        document(1, number=None, symbol=None, day=None, pages=None, signer=None, subject=None, doc_type=None)
    )
    assert root.find("Documents/Document/CodeNumber") is None
    assert root.find("Documents/Document/SignerInfo") is None
    assert root.find("PageTotal") is None


def test_what_is_too_long_is_cut_and_told() -> None:
    root, cut = xml_of(document(7, subject="x" * 501, agency="y" * 200, pages=1000))
    text = root.findtext("Documents/Document/Subject")
    assert (len(text), text[-1]) == (500, "…")
    assert root.findtext("Documents/Document/OrganName") == "y" * 200
    assert set(cut) == {(7, "Subject"), (7, "PageAmount")}


@given(text=st.text(min_size=1, max_size=700))
@settings(max_examples=200, deadline=None)
def test_no_text_of_a_stranger_breaks_the_xml_or_its_lengths(text: str) -> None:
    hostile = dict.fromkeys(
        ("subject", "agency", "doc_type", "symbol", "signer", "note", "places", "progress", "file"), text
    )
    xml_of(document(1, **hostile), document(2, direction="out", **hostile))


def test_the_index_counts_pages_and_says_what_is_special() -> None:
    links: Any = [{"document": 3, "kind": "answers", "other": 1}]
    lines = index(
        [document(1), document(2, pages=None, medium="paper"), document(9, state="quarantined"), document(3, pages=1),
         document(4, state="recalled", note="lưu ý")],
        links=links,
        names={1: "01-CV/TU", 3: "03-CV/TU"},
    )  # fmt: skip
    assert [(each.ordinal, each.where, each.note) for each in lines] == [
        (1, "1–2", "Được trả lời bằng 03-CV/TU"),
        (2, "", "Văn bản giấy"),
        (3, "3", "Trả lời 01-CV/TU"),
        (4, "4–5", "Đã thu hồi; lưu ý"),
    ]
    assert lines[0].cells == (
        "1",
        "01-CV/TU",
        "04/03/2026",
        "Công văn v/v gửi văn bản",
        "SỞ NỘI VỤ",
        "1–2",
        lines[0].note,
    )


@pytest.mark.parametrize(
    ("ended", "day", "expected"),
    [
        ("2026-06-30", date(2027, 5, 30), None),
        ("2026-06-30", date(2027, 5, 31), "soon"),
        ("2026-06-30", date(2027, 6, 30), "soon"),
        ("2026-06-30", date(2027, 7, 1), "overdue"),
        ("2024-02-29", date(2025, 3, 1), "overdue"),
        ("2024-02-29", date(2025, 2, 28), "soon"),
    ],
)
def test_a_year_after_the_work_ended_the_archive_waits(ended: str, day: date, expected: str | None) -> None:
    assert alert(replace(DOSSIER, ended=ended), day) == expected
    assert deadline(replace(DOSSIER, state="open")) is None
    assert deadline(replace(DOSSIER, state="handed-over")) is None


def text_of(data: bytes) -> str:
    with pdfium.PdfDocument(data) as pdf:
        return " ".join(" ".join(page.get_textpage().get_text_range() for page in pdf).split())


def test_the_printed_index_has_the_words_of_the_form_and_no_page_is_lost() -> None:
    out = BytesIO()
    lines = index([document(each, subject="Báo cáo " + "rất dài " * 90) for each in range(1, 40)])
    dossier_pdf.index_pdf(DOSSIER, lines, out)
    text = text_of(out.getvalue())
    assert text.startswith("MỤC LỤC VĂN BẢN, TÀI LIỆU Số, ký hiệu hồ sơ: 01.TCCB Năm 2026")
    for heading in HEADINGS:
        assert heading.replace(" ", "") in text.replace(" ", "")
    with pdfium.PdfDocument(out.getvalue()) as pdf:
        assert f"1/{len(pdf)}" in text
    again = BytesIO()
    dossier_pdf.index_pdf(DOSSIER, lines, again)
    assert again.getvalue() == out.getvalue()


@pytest.mark.parametrize("name", ["<b>&</b>" * 30, "A" * 900, "\u202egnp.exe\x00\ud800", "ก" * 40])
def test_hostile_texts_are_printed_and_not_obeyed(name: str) -> None:
    out = BytesIO()
    dossier_pdf.index_pdf(DOSSIER, index([document(1, subject=name, agency=name, note=name)]), out)
    assert "MỤC LỤC" in text_of(out.getvalue())
    out = BytesIO()
    index_xlsx(DOSSIER, index([document(1, subject=f"=cmd|{name}", agency=name)]), out)
    sheet = openpyxl.load_workbook(out).active
    assert sheet is not None
    assert [each.value for each in sheet[5]] == list(HEADINGS)
    assert sheet.cell(7, 4).data_type == "s"


@pytest.mark.parametrize("party", [True, False])
def test_the_minutes_fit_on_one_sheet_and_name_the_fingerprint(party: bool) -> None:
    out = BytesIO()
    transfer = dossier_pdf.Transfer("03/02/2026", "30/06/2026", 12, "goi", "ef" * 32, "12 văn bản có chữ ký số hợp lệ.")
    office = dossier_pdf.Office("Văn phòng Tỉnh ủy", "Tỉnh ủy Hải Dương", "Hải Dương", party)
    dossier_pdf.minutes_pdf(DOSSIER, transfer, office, out)
    text = text_of(out.getvalue())
    assert "ef" * 32 in text
    assert "BIÊN BẢN Giao nhận hồ sơ, tài liệu" in text
    assert ("ĐẢNG CỘNG SẢN VIỆT NAM" in text) is party
    assert ("Căn cứ Nghị định số 30/2020/NĐ-CP" in text) is not party
    assert "ĐẠI DIỆN BÊN GIAO" in text
    with pdfium.PdfDocument(out.getvalue()) as pdf:
        assert len(pdf) == 1


def test_the_mets_lists_every_file_once_and_points_to_all_groups() -> None:
    entries = {
        "metadata/descriptive/dossier.xml": ("aa" * 32, 1),
        "schemas/dossier.xsd": ("bb" * 32, 2),
        "documentation/muc-luc.pdf": ("cc" * 32, 3),
        "representations/rep1/data/001-145-cv-tu.pdf": ("dd" * 32, 4),
    }
    names = {"representations/rep1/data/001-145-cv-tu.pdf": 'x"<\x01\ud800.pdf'}
    made = Contents(entries, names, "2026-11-22T08:30:00+07:00")
    root = etree.fromstring(mets_xml("H23.2026.01", "Tên & <hồ sơ>", made, organ="H23", office="Văn phòng"))
    spaces = {"m": "http://www.loc.gov/METS/", "x": "http://www.w3.org/1999/xlink"}
    hrefs = [each.get("{http://www.w3.org/1999/xlink}href") for each in root.iter() if each.get("LOCTYPE")]
    assert sorted(str(each) for each in hrefs) == sorted(entries)
    groups = {each.get("ID") for each in root.iterfind(".//m:fileGrp", spaces)}
    assert {each.get("FILEID") for each in root.iterfind(".//m:fptr", spaces)} == groups
    assert len(groups) == 3
