"""Fonts from before Unicode: what a reader saw, not what the file holds."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen import canvas
from tests.reading.pages import HEIGHT

from vanthu_cli.reading.fields import read
from vanthu_cli.reading.legacy import Encoding, encoding_of, letter, marked

LETTERS = "àảãáạăằẳẵắặâầẩẫấậđèẻẽéẹêềểễếệìỉĩíịòỏõóọôồổỗốộơờởỡớợùủũúụưừửữứựỳỷỹýỵ"
# From the tables of TCVN 5712:1993 and of VNI Software, typed apart from the reader's own.
TCVN3 = bytes.fromhex(
    "b5b6b7b8b9a8bbbcbdbec6a9c7c8c9cacbaecccecfd0d1aad2d3d4d5d6d7d8dcdddedfe1e2e3e4abe5e6e7e8e9"
    "aceaebecedeeeff1f2f3f4adf5f6f7f8f9fafbfcfdfe"
).decode("latin-1")
VNI = [
    "aø",
    "aû",
    "aõ",
    "aù",
    "aï",
    "aê",
    "aè",
    "aú",
    "aü",
    "aé",
    "aë",
    "aâ",
    "aà",
    "aå",
    "aã",
    "aá",
    "aä",
    "ñ",
    "eø",
    "eû",
    "eõ",
    "eù",
    "eï",
    "eâ",
    "eà",
    "eå",
    "eã",
    "eá",
    "eä",
    "ì",
    "æ",
    "ó",
    "í",
    "ò",
    "oø",
    "oû",
    "oõ",
    "où",
    "oï",
    "oâ",
    "oà",
    "oå",
    "oã",
    "oá",
    "oä",
    "ô",
    "ôø",
    "ôû",
    "ôõ",
    "ôù",
    "ôï",
    "uø",
    "uû",
    "uõ",
    "uù",
    "uï",
    "ö",
    "öø",
    "öû",
    "öõ",
    "öù",
    "öï",
    "yø",
    "yû",
    "yõ",
    "yù",
    "î",
]


def of(encoding: Encoding, text: str) -> str:
    seen = list[str]()
    for char in text:
        joined = marked(seen[-1], char) if seen and encoding == "vni" else None
        seen[-1:] = [joined] if joined else [*seen[-1:], letter(encoding, char)]
    return "".join(seen)


def test_every_letter_of_both_tables() -> None:
    assert of("tcvn3", TCVN3) == LETTERS
    assert of("tcvn3", "¡¢£¤¥¦§") == "ĂÂÊÔƠƯĐ"
    assert of("tcvn3-capitals", TCVN3) == LETTERS.upper()
    assert [of("vni", each) for each in VNI] == list(LETTERS)
    assert [of("vni", each.upper()) for each in VNI] == list(LETTERS.upper())


@given(st.lists(st.integers(0, len(LETTERS) - 1) | st.sampled_from(list("bcdghklmnpqrstvx ABC0123/-")), max_size=30))
def test_words_of_any_letters(found: list[int | str]) -> None:
    seen = "".join(LETTERS[one] if isinstance(one, int) else one for one in found)
    assert of("tcvn3", "".join(TCVN3[one] if isinstance(one, int) else one for one in found)) == seen
    assert of("vni", "".join(VNI[one] if isinstance(one, int) else one for one in found)) == seen


@pytest.mark.parametrize(
    ("font", "encoding"),
    [
        (".VnTime", "tcvn3"),
        ("ABCDEF+.VnTimeH", "tcvn3-capitals"),
        (".VnTimeH,Bold", "tcvn3-capitals"),
        (".VnArial-Bold", "tcvn3"),
        ("ABCDEF+VNI-Times", "vni"),
        ("VNI-Helve-Condense,Bold", "vni"),
        ("TimesNewRomanPSMT", ""),
        ("ABCDEF+VnuniTime", ""),
        ("", ""),
    ],
)
def test_the_font_s_name_tells(font: str, encoding: str) -> None:
    assert encoding_of(font) == encoding


def typed(fonts: dict[str, str], lines: list[tuple[str, float, float, str]]) -> bytes:
    """Set lines (font, x of the centre, y from the top, text) in fonts that call themselves by another name."""
    from importlib.resources import files

    for name, face in fonts.items():
        font = TTFont(name, io.BytesIO((files("vanthu_cli") / "fonts" / f"LiberationSerif-{face}.ttf").read_bytes()))
        font.face.name = font.face.familyName = name.encode()
        pdfmetrics.registerFont(font)
    out = io.BytesIO()
    paper = canvas.Canvas(out, pagesize=A4, invariant=True)
    for name, x, y, text in lines:
        paper.setFont(name, 13)
        paper.drawCentredString(x, HEIGHT - y, text)
    paper.showPage()
    paper.save()
    return out.getvalue()


def test_a_page_in_tcvn3_reads_with_a_notice() -> None:
    pdf = typed(
        {".VnTime": "Regular", ".VnTimeH": "Bold"},
        [
            (".VnTimeH", 420, 60, "®¶ng céng s¶n viÖt nam"),
            (".VnTimeH", 170, 60, "tØnh uû h¶i d\u00ad¬ng"),
            (".VnTime", 170, 95, "Sè 145-CV/TU"),
            (".VnTime", 420, 95, "H¶i D\u00ad¬ng, ngµy 28 th¸ng 4 n¨m 1999"),
            (".VnTime", 170, 112, "V/v göi, nhËn v¨n b¶n"),
            (".VnTime", 300, 200, "KÝnh göi: C¸c huyÖn uû, thÞ uû, thµnh uû vµ c¸c ban x©y dùng §¶ng"),
        ],
    )
    reading = read(pdf)
    fields = reading.fields
    assert (fields.number, fields.symbol, fields.place) == (145, "CV/TU", "Hải Dương")
    assert (fields.agency, fields.subject) == ("TỈNH UỶ HẢI DƯƠNG", "V/v gửi, nhận văn bản")
    assert str(fields.date) == "1999-04-28"
    assert "tcvn3" in reading.notices


def test_a_page_in_vni_reads_with_a_notice() -> None:
    pdf = typed(
        {"VNI-Times": "Regular"},
        [
            ("VNI-Times", 420, 60, "COÄNG HOØA XAÕ HOÄI CHUÛ NGHÓA VIEÄT NAM"),
            ("VNI-Times", 420, 76, "Ñoäc laäp - Töï do - Haïnh phuùc"),
            ("VNI-Times", 160, 60, "UÛY BAN NHAÂN DAÂN"),
            ("VNI-Times", 160, 76, "TÆNH ÑOÀNG NAI"),
            ("VNI-Times", 160, 100, "Soá: 15/QÑ-UBND"),
            ("VNI-Times", 420, 100, "Bieân Hoøa, ngaøy 05 thaùng 3 naêm 2001"),
            ("VNI-Times", 318, 150, "QUYEÁT ÑÒNH"),
            ("VNI-Times", 318, 168, "Veà vieäc ban haønh Quy cheá vaên thö"),
            ("VNI-Times", 300, 220, "Caên cöù Luaät Toå chöùc Hoäi ñoàng nhaân daân vaø UÛy ban nhaân daân"),
        ],
    )
    reading = read(pdf)
    fields = reading.fields
    assert (fields.number, fields.symbol, fields.doc_type) == (15, "QĐ-UBND", "Quyết định")
    assert fields.agency == "ỦY BAN NHÂN DÂN TỈNH ĐỒNG NAI"
    assert (fields.place, str(fields.date)) == ("Biên Hòa", "2001-03-05")
    assert fields.subject == "Về việc ban hành Quy chế văn thư"
    assert reading.notices == ("vni",)
