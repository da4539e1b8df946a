import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reading.pages import MIDDLE, Text, centred, dispatch_145, make_pdf, party_header, scan

from vanthu_cli.reading import marks
from vanthu_cli.reading.marks import secret_mark_in_file

WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
TYPES = ("[Content_Types].xml", "<Types/>")
PROSE = "<w:p><w:r><w:t>Công tác bảo vệ bí mật nhà nước; các văn bản MẬT và mật khẩu</w:t></w:r></w:p>"


def zipped(*members: tuple[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def docx(body: str, part: str = "word/document.xml") -> bytes:
    return zipped(TYPES, (part, f'<?xml version="1.0"?><w:document {WORD}><w:body>{body}</w:body></w:document>'))


def odt(body: str, part: str = "content.xml") -> bytes:
    names = 'xmlns:office="urn:o" xmlns:text="urn:t"'
    return zipped(
        ("mimetype", "application/vnd.oasis.opendocument.text"), (part, f"<office:d {names}>{body}</office:d>")
    )


RTF = rb"{\rtf1\ansi{\fonttbl{\f0 Times New Roman;}}\pard\b M\u7852?T\b0\par V\u259?n b\u7843?n\par}"
SPLIT_RUNS = "<w:p><w:r><w:t>M</w:t></w:r><w:r><w:t>Ậ</w:t></w:r><w:r><w:t>T</w:t></w:r></w:p>"
TEXT_BOX = (
    "<w:p><w:r><w:t>TỈNH ỦY</w:t></w:r><w:r><w:pict><w:txbxContent><w:p><w:r><w:t>TỐI MẬT</w:t></w:r></w:p>"
    "</w:txbxContent></w:pict></w:r></w:p>"
)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)

MARKED = [
    ("a.pdf", make_pdf([*party_header(), centred(110, 160, "MẬT", "b")]), "MẬT"),
    ("a.pdf", make_pdf(party_header(), [Text(200, 400, "TUYỆT MẬT", size=40, turned=45)]), "TUYỆT MẬT"),
    ("a.pdf", make_pdf([], *[[] for _ in range(20)], [Text(100, 100, "M Ậ T")]), "MẬT"),
    ("a.pdf", make_pdf(party_header(), fields=[(300, 300, "MAT")]), "MẬT"),
    ("a.pdf", make_pdf(party_header(), title="Báo cáo (MẬT)"), "MẬT"),
    ("12-CV-TU (MAT).pdf", scan(), "MẬT"),
    ("a.docx", docx(SPLIT_RUNS), "MẬT"),
    ("a.docx", docx(TEXT_BOX), "TỐI MẬT"),
    ("a.docx", docx(SPLIT_RUNS, "word/header2.xml"), "MẬT"),
    ("a.docx", docx("<w:p><w:r><w:t>MẬT</w:t><w:br/><w:t>Số 12</w:t></w:r></w:p>"), "MẬT"),
    ("a.xlsx", zipped(TYPES, ("xl/sharedStrings.xml", "<sst><si><t>Họ tên</t></si><si><t>MẬT</t></si></sst>")), "MẬT"),
    (
        "a.xlsx",
        zipped(TYPES, ("xl/worksheets/sheet1.xml", '<w><oddHeader>&amp;C&amp;"Arial"&amp;14MẬT</oddHeader></w>')),
        "MẬT",
    ),
    ("a.odt", odt("<text:p>T<text:span>ỐI</text:span> MẬT</text:p>"), "TỐI MẬT"),
    ("a.odt", odt("<text:p>MẬT</text:p>", "styles.xml"), "MẬT"),
    ("a.txt", "Kính gửi\nMẬT\n".encode(), "MẬT"),
    ("a.txt", "MẬT\r\n".encode("utf-16"), "MẬT"),
    ("a.txt", b"M\xc2\xf2T\n", "MẬT"),
    ("a.html", b"<html><body><p><b>M</b>&#7852;T</p><p>x</p></body></html>", "MẬT"),
    ("a.rtf", RTF, "MẬT"),
    ("a.doc", OLE + "\rTỐI MẬT\rSố 12\r".encode("utf-16-le"), "TỐI MẬT"),
    ("a.zip", zipped(("ho so/12-CV-TU (MAT).pdf", b"x")), "MẬT"),
    ("a.zip", zipped(("b.zip", zipped(("TOI MAT.docx", b"x")))), "TỐI MẬT"),
    ("a.zip", zipped(("broken.zip", b"PK no"), ("b.zip", zipped(("mat_12.pdf", b"x")))), "MẬT"),
]
FREE = [
    ("145-CV-TU.pdf", make_pdf(*dispatch_145())),
    ("bao-mat.pdf", make_pdf([centred(MIDDLE, 100, "TĂNG CƯỜNG BẢO MẬT THÔNG TIN")])),
    ("a.pdf", scan()),
    ("a.docx", docx(PROSE)),
    ("a.odt", odt("<text:p>mật khẩu</text:p><text:p>bí mật</text:p>")),
    ("a.txt", "bảo mật\nđổi mật khẩu\n".encode()),
    ("a.html", "<p>bí <b>mật</b> nhà nước</p>".encode()),
    ("a.zip", zipped(("bao-mat.pdf", b"x"), ("b.zip", zipped(("mat-tran.pdf", b"x"))))),
    ("a.bin", b""),
    ("a.pdf", b"%PDF-1.7 broken"),
    ("a.zip", b"PK\x03\x04 broken"),
    ("a.docx", zipped(TYPES, ("word/document.xml", "<w:p>MẬT"))),
]


@pytest.mark.parametrize(("name", "data", "mark"), MARKED)
def test_a_mark_in_name_or_content_is_seen(name: str, data: bytes, mark: str) -> None:
    assert secret_mark_in_file(name, data) == mark


@pytest.mark.parametrize(("name", "data"), FREE)
def test_a_file_without_a_mark_has_none(name: str, data: bytes) -> None:
    assert secret_mark_in_file(name, data) is None


def test_what_stands_before_a_fault_in_a_part_still_counts() -> None:
    assert secret_mark_in_file("a.docx", zipped(TYPES, ("word/document.xml", "<d><p>MẬT</p><p>"))) == "MẬT"


def test_a_bomb_is_unpacked_up_to_the_limit_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "MAX_UNPACKED", 100_000)
    early = docx(SPLIT_RUNS + " " * 1_000_000)
    late = docx(" " * 1_000_000 + SPLIT_RUNS)
    assert secret_mark_in_file("a.docx", early) == "MẬT"
    assert secret_mark_in_file("a.docx", late) is None


def test_no_external_entity_is_opened_and_a_billion_laughs_are_not_laughed(tmp_path: object) -> None:
    secret = f"{tmp_path}/secret"
    with open(secret, "w", encoding="utf-8") as out:  # noqa: PTH123  a plain file for the entity to point at
        out.write("MẬT")
    outside = f'<!DOCTYPE d [<!ENTITY x SYSTEM "file://{secret}">]><d><p>&x;</p></d>'
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))
    bomb = f'<!DOCTYPE d [<!ENTITY l0 "ha">{laughs}]><d><p>&l11;</p></d>'
    for content in (outside, bomb):
        assert secret_mark_in_file("a.docx", zipped(TYPES, ("word/document.xml", content))) is None


@given(st.text(max_size=20), st.binary(max_size=200), st.sampled_from([b"", b"%PDF-1.4\n", b"PK\x03\x04", OLE[:8]]))
@settings(max_examples=100, deadline=None)
def test_no_bytes_make_it_raise(name: str, data: bytes, start: bytes) -> None:
    assert secret_mark_in_file(name, start + data) in {None, "MẬT", "TỐI MẬT", "TUYỆT MẬT"}


@given(st.integers(0, 400), st.binary(min_size=1, max_size=6))
@settings(max_examples=80, deadline=None)
def test_a_damaged_archive_does_not_make_it_raise(at: int, noise: bytes) -> None:
    whole = docx(TEXT_BOX)
    secret_mark_in_file("a.docx", whole[:at] + noise + whole[at + len(noise) :])
