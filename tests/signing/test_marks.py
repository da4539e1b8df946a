"""What is seen on the page: text extraction does not notice spread letters or lost transparency, pixels do."""

import datetime as dt
import unicodedata
from io import BytesIO
from typing import Any

import pypdfium2 as pdfium
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops
from pyhanko.pdf_utils.reader import PdfFileReader
from reportlab.pdfgen.canvas import Canvas
from tests.signing import practice

from vanthu_cli.document.places import MM, Blank, Box, Places
from vanthu_cli.errors import MisuseError
from vanthu_cli.signing import fonts, marks, pades
from vanthu_cli.signing.files import Page, open_pdf
from vanthu_cli.signing.keys import SigningKey
from vanthu_cli.signing.stamps import Text, picture

SCALE = 4
DAY = dt.date(2026, 4, 28)


def render(pdf: bytes) -> Image.Image:
    with pdfium.PdfDocument(pdf) as document:
        document.init_forms()
        image: Image.Image = document[0].render(scale=SCALE).to_pil().convert("RGB")
        return image


def added(before: bytes, after: bytes, *window: float) -> tuple[float, ...] | None:
    """Where, in points of default user space, the later file shows something else within the rectangle."""
    x0, y0, x1, y1 = window
    change = ImageChops.difference(render(before), render(after)).convert("L").point([0] * 40 + [255] * 216)
    high = change.height
    box = change.crop((int(x0 * SCALE), int(high - y1 * SCALE), int(x1 * SCALE), int(high - y0 * SCALE))).getbbox()
    if box is None:
        return None
    left, top, right, bottom = (value / SCALE for value in box)
    return x0 + left, y1 - bottom, x0 + right, y1 - top


def appearance(pdf: bytes, field: str) -> Any:
    signatures = PdfFileReader(BytesIO(pdf)).embedded_signatures
    return next(one for one in signatures if one.field_name == field).sig_field["/AP"]["/N"]


def test_the_number_stands_unspread_in_the_middle_of_its_blank(draft: tuple[bytes, Places], office: SigningKey) -> None:
    pdf, places = draft
    blank = places.number
    assert blank is not None
    numbered = pades.number_and_date(pdf, office, number=145, day=DAY, places=places)
    box = added(pdf, numbered, blank.x0 - 20, blank.baseline - 8, blank.x1 + 60, blank.baseline + 16)
    assert box is not None
    left, bottom, right, top = box
    assert 17 < right - left < 21  # three digits of 7 pt each; spread twofold they would be 40
    assert (left + right) / 2 == pytest.approx((blank.x0 + blank.x1) / 2, abs=1)
    assert bottom == pytest.approx(blank.baseline, abs=0.8)
    assert 8 < top - bottom < 11


def test_digits_are_500_wide_in_the_embedded_fonts(draft: tuple[bytes, Places], office: SigningKey) -> None:
    numbered = pades.number_and_date(draft[0], office, number=145, day=DAY, places=draft[1])
    found = appearance(numbered, "SoVaNgay")["/Resources"]["/Font"]
    assert set(found) == {"/Regular", "/Italic"}
    for font in found.values():
        descendant = font.get_object()["/DescendantFonts"][0]
        widths = [width for run in descendant["/W"] if isinstance(run, list) for width in run]
        assert widths
        assert set(widths) == {500}
        assert "/FontFile2" in descendant["/FontDescriptor"]


@pytest.mark.parametrize(
    ("number", "day", "expected"),
    [
        (5, dt.date(2026, 2, 3), ["05", "03", "02"]),
        (10, dt.date(2026, 3, 10), ["10", "10", "3"]),
        (1145, dt.date(2026, 12, 9), ["1145", "09", "12"]),
    ],
)
def test_small_numbers_days_and_the_first_months_get_a_zero(
    draft: tuple[bytes, Places], number: int, day: dt.date, expected: list[str]
) -> None:
    strip = draft[1].strip
    assert strip is not None
    assert [item.text for item in texts(marks.number_and_date(number, day, draft[1], strip))] == expected


def test_what_is_printed_already_is_not_drawn_and_a_blank_year_is(draft: tuple[bytes, Places]) -> None:
    year = Blank(500, 540, 745, 14, italic=True)
    places = Places(None, None, None, year, draft[1].strip, None, None)
    (item,) = texts(marks.number_and_date(145, DAY, places, Box(0, 85, 740, 560, 760)))
    assert (item.text, item.face) == ("2026", "Italic")


@given(number=st.integers(1, 99_999), width=st.floats(1, 60), size=st.floats(9, 16))
def test_a_number_fits_its_blank_at_a_readable_size_or_is_refused(number: int, width: float, size: float) -> None:
    blank = Blank(100, 100 + width, 745, size)
    places = Places(blank, None, None, None, Box(0, 90, 740, 200, 760), None, None)
    if fonts.width(f"{number:02d}", min(11, size), "Regular") > width - 1:
        with pytest.raises(MisuseError) as caught:
            marks.number_and_date(number, DAY, places, Box(0, 90, 740, 200, 760))
        assert caught.value.code == "signing.number_too_wide"
        return
    (item,) = texts(marks.number_and_date(number, DAY, places, Box(0, 90, 740, 200, 760)))
    assert min(11, size) <= item.size <= size
    assert item.x >= 10
    assert item.x + fonts.width(item.text, item.size, item.face) <= 10 + width


def texts(items: list[Any]) -> list[Text]:
    return [item for item in items if isinstance(item, Text)]


def test_the_seal_is_36_mm_whatever_rim_its_picture_has(draft: tuple[bytes, Places], office: SigningKey) -> None:
    pdf, places = draft
    seal = places.seal
    assert seal is not None
    sealed = pades.seal(pdf, office, image=practice.seal_png(), places=places)
    box = added(pdf, sealed, 200, 200, 450, 400)
    assert box is not None
    assert box == pytest.approx((seal.x0, seal.y0, seal.x1, seal.y1), abs=0.6)
    assert box[2] - box[0] == pytest.approx(36 * MM, abs=0.8)


def palette_png() -> bytes:
    image = Image.new("P", (200, 200), 0)
    image.putpalette([255, 255, 255, 200, 0, 0])
    image.paste(1, (50, 50, 150, 150))
    return practice.png(image, transparency=0)


@pytest.mark.parametrize("image", [practice.seal_png(), palette_png()], ids=["rgba", "palette"])
def test_transparency_survives(draft: tuple[bytes, Places], office: SigningKey, image: bytes) -> None:
    sealed = pades.seal(draft[0], office, image=image, places=draft[1])
    (xobject,) = appearance(sealed, "ConDau")["/Resources"]["/XObject"].values()
    assert "/SMask" in xobject.get_object()


def test_a_palette_seal_leaves_the_text_beneath_it_visible(draft: tuple[bytes, Places], office: SigningKey) -> None:
    pdf, places = draft
    over = Places(None, None, None, None, None, None, Box(0, 85, 600, 185, 700))
    ring = Image.new("RGBA", (200, 200), (0, 0, 0, 0))
    ring.paste((200, 0, 0, 255), (0, 0, 200, 4))
    ring.paste((200, 0, 0, 255), (0, 196, 200, 200))
    sealed = pades.seal(pdf, office, image=practice.png(ring), places=over)
    assert added(pdf, sealed, 90, 610, 180, 690) is None
    assert added(pdf, sealed, 80, 595, 190, 705) is not None
    assert places.seal is not None


@pytest.mark.parametrize("mode", ["1", "I;16", "L", "RGB"])
def test_an_opaque_or_unreadable_picture_is_refused(mode: str) -> None:
    with pytest.raises(MisuseError) as caught:
        picture(practice.png(Image.new(mode, (50, 50))), 100, 100)
    assert caught.value.code == "signing.image_opaque"
    for junk in (b"", b"\x89PNG\r\n\x1a\n", practice.seal_png()[:300]):
        with pytest.raises(MisuseError) as caught:
            picture(junk, 100, 100)
        assert caught.value.code == "signing.image_unreadable"


def test_the_arrival_stamp_looks_for_free_paper_and_keeps_off_other_fields(
    draft: tuple[bytes, Places], receiver: SigningKey
) -> None:
    prepared = pades.prepare(*draft)
    pdf = prepared
    for number in (1, 2):
        stamped = pades.arrival_stamp(pdf, receiver, agency="Đảng ủy xã Thanh Miện", number=number, day=DAY)
        pades.check_result(pdf, stamped, 1)
        pdf = stamped
    rects = open_pdf(pdf).widgets(0)
    assert len(rects) == 5
    stamps = rects[3:]
    assert all(right - left == pytest.approx(50 * MM, abs=0.1) for left, _, right, _ in stamps)
    assert all(bottom - top == pytest.approx(35 * MM, abs=0.1) for _, top, _, bottom in stamps)
    for stamp in stamps:
        assert not any(meet(stamp, other) for other in rects if other is not stamp)
    before = render(prepared).crop(tuple(int(SCALE * value) for value in stamps[0]))  # type: ignore[arg-type]  # four of them
    assert before.getextrema() == ((255, 255), (255, 255), (255, 255))


def meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def sheet(width: float, height: float, rotate: int) -> bytes:
    """An empty page that its reader sees `width` by `height`, however it is stored."""
    out = BytesIO()
    canvas = Canvas(out, pagesize=(width, height))
    canvas.setPageRotation(rotate)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_marks_stand_upright_on_a_turned_page(rotate: int, receiver: SigningKey) -> None:
    def stamped(turn: int) -> Image.Image:
        pdf = sheet(600, 400, turn)
        box = Box(0, *open_pdf(pdf).page(0).box(40, 30, 142, 100))
        arrived = pades.arrival_stamp(pdf, receiver, agency="Xã Thanh Miện", number=7, day=DAY, box=box)
        return render(pades.text_mark(arrived, receiver, lines=["SAO Y"], field="BanSao"))

    upright = stamped(0)
    turned = stamped(rotate)
    difference = ImageChops.difference(upright, turned).convert("L").point([0] * 128 + [1] * 128)
    assert sum(difference.getdata()) < 0.02 * sum(upright.convert("L").point([1] * 128 + [0] * 128).getdata())


@given(
    rotate=st.sampled_from([0, 90, 180, 270]),
    corner=st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
    place=st.tuples(st.floats(0, 100), st.floats(0, 100), st.floats(1, 100), st.floats(1, 100)),
)
def test_a_place_seen_and_a_place_in_the_file_are_each_others_opposite(
    rotate: int, corner: tuple[float, float], place: tuple[float, float, float, float]
) -> None:
    page = Page(corner[0], corner[1], corner[0] + 300, corner[1] + 400, rotate)
    left, top, width, height = place
    assert page.seen(*page.box(*place)) == pytest.approx((left, top, left + width, top + height), abs=1e-6)


def test_text_marks_stand_in_the_upper_right_corner_in_black(draft: tuple[bytes, Places], receiver: SigningKey) -> None:
    pdf = draft[0]
    lines = ["145-CV/TU", "2021-04-28T09:30:15+07:00"]
    marked = pades.text_mark(pdf, receiver, lines=lines, field="PhuLuc")
    box = added(pdf, marked, 0, 0, 595, 841)
    assert box is not None
    left, bottom, right, top = box
    assert right == pytest.approx(595.3 - 15 * MM, abs=3)
    assert right - left == pytest.approx(fonts.width(lines[1], 10, "Regular"), abs=3)
    assert bottom > 841.9 - 20 * MM
    assert top < 841.9
    again = pades.text_mark(marked, receiver, lines=lines, field="PhuLuc")
    assert [one.field_name for one in open_pdf(again).signatures] == ["PhuLuc", "PhuLuc_2"]


@pytest.mark.parametrize("text", ["Tỉnh ủy Hải Dương", "Đặng Thị Ngọc Ẩn", "Ưỡn ẹo Ộ ữ"])
def test_every_vietnamese_letter_is_in_the_fonts_composed_or_not(text: str) -> None:
    loose = unicodedata.normalize("NFD", text)
    assert fonts.width(loose, 10, "Bold") == fonts.width(text, 10, "Bold")
    assert all(ord(letter) in fonts._advances("Bold") for letter in text)
