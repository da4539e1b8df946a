"""What is seen on the page: text extraction does not notice spread letters or lost transparency, pixels do."""

import datetime as dt
from dataclasses import replace
from io import BytesIO
from typing import Any

import pypdfium2 as pdfium
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from reportlab.pdfgen.canvas import Canvas
from tests.signing import practice
from tests.signing.practice import SEAL, SIGNER, added, appearance, differing, done, refused, render

from vanthu_cli.document.places import MM, Blank, Box, Places
from vanthu_cli.errors import MisuseError
from vanthu_cli.signing import fonts, marks, pades
from vanthu_cli.signing.files import open_pdf
from vanthu_cli.signing.keys import SigningKey
from vanthu_cli.signing.pages import Page
from vanthu_cli.signing.stamps import Text, picture

DAY = dt.date(2026, 4, 28)
A4 = Page(0, 0, practice.WIDTH, practice.HEIGHT, 0)
STRIP = Box(0, 90, 740, 560, 760)
TURNS = pytest.mark.parametrize("rotate", [0, 90, 180, 270])


@TURNS
def test_the_number_stands_unspread_in_the_middle_of_its_blank(rotate: int, office: SigningKey) -> None:
    pdf, places = practice.dispatch(rotate=rotate)
    blank = practice.dispatch()[1].number
    assert blank is not None
    numbered = done(pades.number_and_date, pdf, office, number=145, day=DAY, places=places)
    box = added(pdf, numbered, blank.x0 - 20, blank.y0 - 8, blank.x1 + 60, blank.y0 + 16)
    assert box is not None
    left, bottom, right, top = box
    assert 17 < right - left < 21  # three digits of 7 pt each; spread twofold they would be 40
    assert (left + right) / 2 == pytest.approx((blank.x0 + blank.x1) / 2, abs=1)
    assert bottom == pytest.approx(blank.y0, abs=0.8)
    assert 8 < top - bottom < 11


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_an_issued_document_looks_the_same_however_its_page_is_stored(
    rotate: int, leader: SigningKey, office: SigningKey
) -> None:
    def issued(turn: int) -> tuple[Image.Image, Image.Image]:
        pdf, places = practice.dispatch(rotate=turn)
        (signer,) = places.signers
        one = done(pades.sign_person, pdf, leader, image=practice.signature_png(), box=signer.box)
        two = done(pades.number_and_date, one, office, number=145, day=DAY, places=places)
        image = practice.seal_png()
        sealed = done(pades.seal, two, office, image=image, size=marks.seal_size(image, 36), box=signer.seal)
        return render(pdf), render(sealed)

    draft, upright = issued(0)
    _, turned = issued(rotate)
    assert differing(upright, turned) < 0.002 * differing(draft, upright)


@given(
    corner=st.tuples(st.integers(0, 400), st.integers(0, 700)),
    extent=st.tuples(st.integers(30, 190), st.integers(20, 120)),
    seal=st.integers(60, 110),
    rotate=st.sampled_from([90, 180, 270]),
)
def test_the_seal_covers_the_left_third_that_the_reader_sees_however_the_page_is_stored(
    corner: tuple[int, int], extent: tuple[int, int], seal: int, rotate: int
) -> None:
    (x, y), (width, height) = corner, extent
    signature, size = Box(0, x, y, x + width, y + height), (float(seal), float(seal))
    upright = pades.over_left_third(signature, size, 0)
    assert upright.x1 == pytest.approx(x + width / 3)
    stored = pades.over_left_third(practice.turned(signature, rotate), size, rotate)
    expected = practice.turned(upright, rotate)
    assert (stored.x0, stored.y0, stored.x1, stored.y1) == pytest.approx(
        (expected.x0, expected.y0, expected.x1, expected.y1)
    )


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
    assert [item.text for item in texts(marks.number_and_date(number, day, draft[1], A4, STRIP))] == expected


def test_what_is_printed_already_is_not_drawn_and_a_blank_year_is(draft: tuple[bytes, Places]) -> None:
    year = Blank(500, 745, 540, 745, 14, italic=True)
    (item,) = texts(marks.number_and_date(145, DAY, Places(year=year, strip=draft[1].strip), A4, STRIP))
    assert (item.text, item.face) == ("2026", "Italic")
    assert item.x == pytest.approx(520 - STRIP.x0 - fonts.width("2026", 14, "Italic") / 2)


@given(number=st.integers(1, 99_999), width=st.floats(1, 60), size=st.floats(9, 16))
def test_a_number_fits_its_blank_at_a_readable_size_or_is_refused(number: int, width: float, size: float) -> None:
    places = Places(number=Blank(100, 745, 100 + width, 745, size), strip=STRIP)
    if fonts.width(f"{number:02d}", min(11, size), "Regular") > width - 1:
        with pytest.raises(MisuseError) as caught:
            marks.number_and_date(number, DAY, places, A4, STRIP)
        assert caught.value.code == "signing.number_too_wide"
        return
    (item,) = texts(marks.number_and_date(number, DAY, places, A4, STRIP))
    assert min(11, size) <= item.size <= size
    assert item.x >= 10
    assert item.x + fonts.width(item.text, item.size, item.face) <= 10 + width


def texts(items: list[Any]) -> list[Text]:
    return [item for item in items if isinstance(item, Text)]


def test_the_seal_is_36_mm_whatever_rim_its_picture_has(draft: tuple[bytes, Places], office: SigningKey) -> None:
    sealed = done(pades.seal, draft[0], office, image=practice.seal_png(), size=None, box=SEAL)
    box = added(draft[0], sealed, 200, 200, 450, 400)
    assert box is not None
    assert box == pytest.approx((SEAL.x0, SEAL.y0, SEAL.x1, SEAL.y1), abs=0.6)
    assert box[2] - box[0] == pytest.approx(36 * MM, abs=0.8)


def ring(wide: int = 420, high: int = 420, **options: Any) -> bytes:
    """A red seal without star, its ink exactly so many pixels, in a transparent rim of 20."""
    image = Image.new("RGBA", (wide + 40, high + 40), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((20, 20, wide + 19, high + 19), outline=(220, 0, 0, 255), width=12)
    return practice.png(image, **options)


@pytest.mark.parametrize(
    ("image", "configured", "expected"),
    [
        (ring(), 0, (36, 36)),
        (ring(), 30, (30, 30)),
        (ring(dpi=(300, 300)), 0, (420 / 300 * 25.4, 420 / 300 * 25.4)),
        (ring(dpi=(300, 300)), 30, (30, 30)),
        (ring(dpi=(600, 600)), 0, (420 / 600 * 25.4, 420 / 600 * 25.4)),
        (ring(dpi=(72, 72)), 0, (36, 36)),  # 148 mm: what a screen says of itself, no seal
        (ring(dpi=(1200, 1200)), 0, (36, 36)),  # 9 mm
        (ring(420, 210), 40, (40, 20)),
        (ring(210, 420, dpi=(300, 300)), 0, (210 / 300 * 25.4, 420 / 300 * 25.4)),
    ],
)
def test_the_seal_is_as_large_as_configured_or_as_its_picture_says_or_36_mm(
    image: bytes, configured: float, expected: tuple[float, float], draft: tuple[bytes, Places], office: SigningKey
) -> None:
    size = marks.seal_size(image, configured)
    assert (size[0] / MM, size[1] / MM) == pytest.approx(expected, abs=0.1)
    room = Box(0, 60, 30, 60 + 45 * MM, 30 + 45 * MM)
    sealed = done(pades.seal, draft[0], office, image=image, size=size, box=room)
    box = added(draft[0], sealed, 0, 0, 300, 230)
    assert box is not None
    assert ((box[2] - box[0]) / MM, (box[3] - box[1]) / MM) == pytest.approx(expected, abs=0.4)


def blue_png() -> bytes:
    """A signature much narrower than the room it gets: drawn 36 pt wide in the field of 140 × 60."""
    image = Image.new("RGBA", (300, 500), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((0, 0, 299, 499), outline=(0, 0, 220, 255), width=20)
    return practice.png(image)


@pytest.mark.parametrize(("millimetres", "drop"), [(36, 0.0), (30, 15.0)])
def test_the_seal_covers_the_left_third_of_the_picture_that_the_leader_really_has(
    millimetres: float, drop: float, draft: tuple[bytes, Places], leader: SigningKey, office: SigningKey
) -> None:
    size = marks.seal_size(ring(), millimetres)
    room = replace(SIGNER, y0=SIGNER.y0 - drop, y1=SIGNER.y1 - drop)
    signed = done(pades.sign_person, draft[0], leader, image=blue_png(), box=room)
    blue = added(draft[0], signed, 320, 180, 480, 330)
    assert blue is not None
    assert blue[2] - blue[0] == pytest.approx(36, abs=0.6)
    stream = BytesIO(signed)
    shown = pades.seal(stream, office, image=ring(), size=size, box=SEAL)
    red = added(signed, stream.getvalue(), 200, 180, 480, 400)
    assert red is not None
    assert red[2] == pytest.approx(blue[0] + 12, abs=0.6)
    assert red[2] - red[0] == pytest.approx(millimetres * MM, abs=0.8)
    assert (red[1] + red[3]) / 2 == pytest.approx((blue[1] + blue[3]) / 2, abs=0.6)
    assert (shown.x0, shown.y0, shown.x1, shown.y1) == pytest.approx(red, abs=0.6)


def test_a_smaller_seal_in_a_larger_field_keeps_its_size_and_leans_on_the_signature(
    draft: tuple[bytes, Places], leader: SigningKey, office: SigningKey
) -> None:
    field = Box(0, 290, 220, 430, 340)
    ready = done(pades.prepare, *draft, sealed_at=field)
    signed = done(pades.sign_person, ready, leader, image=blue_png(), box=None)
    blue = added(ready, signed, 320, 240, 480, 320)
    assert blue is not None
    sealed = done(pades.seal, signed, office, image=ring(), size=marks.seal_size(ring(), 30), box=None)
    red = added(signed, sealed, 200, 180, 480, 400)
    assert red is not None
    assert red[2] - red[0] == pytest.approx(30 * MM, abs=0.8)
    assert red[2] == pytest.approx(blue[0] + 12, abs=0.6)
    assert (red[1] + red[3]) / 2 == pytest.approx(280, abs=0.6)


@TURNS
def test_a_smaller_seal_stands_at_the_right_in_the_middle_of_a_field_where_nobody_has_signed(
    rotate: int, office: SigningKey
) -> None:
    pdf, places = practice.dispatch(rotate=rotate)
    ready = done(pades.prepare, pdf, places, sealed_at=practice.turned(Box(0, 40, 30, 200, 170), rotate))
    sealed = done(pades.seal, ready, office, image=ring(), size=marks.seal_size(ring(), 30), box=None)
    red = added(ready, sealed, 0, 0, 300, 220)
    assert red == pytest.approx((200 - 30 * MM, 100 - 15 * MM, 200, 100 + 15 * MM), abs=0.6)


def test_a_seal_larger_than_its_prepared_field_is_refused_and_says_both_sizes(
    draft: tuple[bytes, Places], office: SigningKey
) -> None:
    ready = done(pades.prepare, *draft, sealed_at=SEAL)
    forty = marks.seal_size(ring(), 40)
    error = refused("signing.seal_too_large", pades.seal, ready, office, image=ring(), size=forty, box=None)
    assert "40 mm" in error.message
    assert "36 mm" in error.message


@pytest.mark.parametrize(
    "box",
    [
        Box(0, -20, 100, 120, 160),
        Box(0, 500, 100, 640, 160),
        Box(0, 100, -20, 240, 60),
        Box(0, 100, 800, 240, 860),
        Box(0, 700, 100, 840, 160),
    ],
)
def test_a_mark_is_never_put_off_the_page(box: Box, draft: tuple[bytes, Places], office: SigningKey) -> None:
    pdf = draft[0]
    refused("signing.off_page", pades.sign_person, pdf, office, image=None, box=box)
    refused("signing.off_page", pades.seal, pdf, office, image=ring(), size=(60, 60), box=box)
    refused("signing.off_page", pades.text_mark, pdf, office, lines=["SAO Y"], field="BanSao", box=box)
    refused("signing.off_page", pades.arrival_stamp, pdf, office, agency="Xã", number=1, day=DAY, box=box)


def test_a_page_cut_smaller_is_what_counts_for_lying_off_it(office: SigningKey) -> None:
    out = BytesIO()
    canvas = Canvas(out, pagesize=(600, 800))
    canvas.setCropBox((100, 100, 500, 700))
    canvas.showPage()
    canvas.save()
    edge = Box(0, 60, 300, 160, 340)
    refused("signing.off_page", pades.sign_person, out.getvalue(), office, image=None, box=edge)
    done(pades.sign_person, out.getvalue(), office, image=None, box=replace(edge, x0=100, x1=200))


def palette_png() -> bytes:
    image = Image.new("P", (200, 200), 0)
    image.putpalette([255, 255, 255, 200, 0, 0])
    image.paste(1, (50, 50, 150, 150))
    return practice.png(image, transparency=0)


@pytest.mark.parametrize("image", [practice.seal_png(), palette_png()], ids=["rgba", "palette"])
def test_transparency_survives(draft: tuple[bytes, Places], office: SigningKey, image: bytes) -> None:
    sealed = done(pades.seal, draft[0], office, image=image, size=None, box=SEAL)
    (xobject,) = appearance(sealed, "ConDau")["/Resources"]["/XObject"].values()
    assert "/SMask" in xobject.get_object()


def test_a_seal_leaves_the_text_beneath_it_visible(draft: tuple[bytes, Places], office: SigningKey) -> None:
    bars = Image.new("RGBA", (200, 200), (0, 0, 0, 0))
    bars.paste((200, 0, 0, 255), (0, 0, 200, 4))
    bars.paste((200, 0, 0, 255), (0, 196, 200, 200))
    over = Box(0, 85, 600, 185, 700)
    sealed = done(pades.seal, draft[0], office, image=practice.png(bars), size=None, box=over)
    assert added(draft[0], sealed, 90, 610, 180, 690) is None
    assert added(draft[0], sealed, 80, 595, 190, 705) is not None


def test_of_a_half_transparent_picture_the_paper_shows_through(draft: tuple[bytes, Places], office: SigningKey) -> None:
    tint = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    tint.paste((255, 0, 0, 128), (10, 10, 90, 90))
    sealed = done(pades.seal, draft[0], office, image=practice.png(tint), size=None, box=Box(0, 100, 50, 180, 130))
    red, green, blue = (int(value) for value in render(sealed).getpixel((140 * 4, int((practice.HEIGHT - 90) * 4))))  # type: ignore[union-attr]  # an RGB picture
    assert red > 250
    assert 110 < green < 145
    assert 110 < blue < 145


@pytest.mark.parametrize("mode", ["1", "I;16", "L", "RGB"])
def test_an_opaque_or_unreadable_picture_is_refused(mode: str) -> None:
    with pytest.raises(MisuseError) as caught:
        picture(practice.png(Image.new(mode, (50, 50))), 100, 100)
    assert caught.value.code == "signing.image_opaque"
    for junk in (b"", b"\x89PNG\r\n\x1a\n", practice.seal_png()[:300]):
        with pytest.raises(MisuseError) as caught:
            picture(junk, 100, 100)
        assert caught.value.code == "signing.image_unreadable"


def test_a_picture_finer_than_600_dpi_is_made_coarser_and_keeps_its_shape() -> None:
    drawn = picture(ring(2000, 1000), 72, 72)
    assert (drawn.width, drawn.height) == pytest.approx((72, 36), abs=0.01)
    assert drawn.ink.width == 600
    assert drawn.ink.height == pytest.approx(300, abs=1)


def test_the_arrival_mark_is_50_by_35_mm_and_says_what_the_decree_wants(
    draft: tuple[bytes, Places], receiver: SigningKey
) -> None:
    facts = {"agency": "Đảng ủy xã Thanh Miện", "number": 7, "day": DAY, "passed_to": "VP", "file_code": "12-HS"}
    stamped = done(pades.arrival_stamp, draft[0], receiver, box=Box(0, 400, 60, 420, 170), **facts)
    box = added(draft[0], stamped, 380, 40, 595, 200)
    assert box is not None
    assert (box[2] - box[0], box[3] - box[1]) == pytest.approx((50 * MM, 35 * MM), abs=1.5)
    assert (box[0], box[3]) == pytest.approx((400, 170), abs=1)
    drawn = [item.text for item in texts(marks.arrival("Đảng ủy xã Thanh Miện", 7, DAY, "VP", "12-HS"))]
    assert drawn == [
        "ĐẢNG ỦY XÃ THANH MIỆN",
        "ĐẾN",
        "Số: 07",
        "Ngày: 28/04/2026",
        "Chuyển: VP",
        "Số và ký hiệu HS: 12-HS",
    ]


@given(
    agency=st.text("ĐẢNGỦYXÃ ẾƯỜW", min_size=1, max_size=90),
    number=st.integers(1, 10**7),
    passed_to=st.text("ABCĐ w", max_size=60),
    file_code=st.text("HS-/0189", max_size=60),
)
def test_nothing_in_the_arrival_mark_runs_over_its_frame(
    agency: str, number: int, passed_to: str, file_code: str
) -> None:
    for item in texts(marks.arrival(agency, number, DAY, passed_to, file_code)):
        assert item.x > 0
        assert item.x + fonts.width(item.text, item.size, item.face) < marks.ARRIVAL_WIDTH
        assert 0 < item.y < marks.ARRIVAL_HEIGHT


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
        page = open_pdf(pdf).page(0)
        there, corner = (Box(0, *page.box(*place)) for place in ((40, 30, 142, 100), (480, 20, 100, 24)))
        arrived = done(pades.arrival_stamp, pdf, receiver, agency="Xã Thanh Miện", number=7, day=DAY, box=there)
        return render(done(pades.text_mark, arrived, receiver, lines=["SAO Y", "VPTU"], field="BanSao", box=corner))

    upright, turned = stamped(0), stamped(rotate)
    assert differing(upright, turned) < 0.005 * differing(upright, Image.new("RGB", upright.size, "white"))


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


def test_text_marks_begin_at_the_upper_left_of_their_box_in_black_of_10_pt(
    draft: tuple[bytes, Places], receiver: SigningKey
) -> None:
    pdf = draft[0]
    lines = ["145-CV/TU", "2021-04-28T09:30:15+07:00"]
    wide, high = marks.text_size(lines)
    corner = Box(0, 430, 800, 430 + wide, 800 + high)
    marked = done(pades.text_mark, pdf, receiver, lines=lines, field="PhuLuc", box=corner)
    box = added(pdf, marked, 0, 0, 595, 841)
    assert box is not None
    left, bottom, right, top = box
    assert left == pytest.approx(corner.x0, abs=1)
    assert right - left == pytest.approx(fonts.width(lines[1], 10, "Regular"), abs=1.5)
    assert corner.y0 < bottom < top < corner.y1
    black = render(marked).crop((int(left * 4), int((841.9 - top) * 4), int(right * 4), int((841.9 - bottom) * 4)))
    assert [low for low, _high in black.getextrema()] == [0, 0, 0]  # type: ignore[misc]  # a band each
    again = done(pades.text_mark, marked, receiver, lines=lines, field="PhuLuc", box=corner)
    assert [one.field_name for one in open_pdf(again).signatures] == ["PhuLuc", "PhuLuc_2"]


def test_without_a_picture_the_signers_name_and_the_time_of_signing_are_shown(
    draft: tuple[bytes, Places], leader: SigningKey
) -> None:
    signed = done(pades.sign_person, draft[0], leader, image=None, box=SIGNER)
    with pdfium.PdfDocument(signed) as document:
        pdfium.raw.FPDFPage_Flatten(document[0], pdfium.raw.FLAT_NORMALDISPLAY)
        shown = document[0].get_textpage().get_text_bounded(SIGNER.x0, SIGNER.y0, SIGNER.x1, SIGNER.y1)
    name, moment = shown.split("\r\n")[:2]
    assert name == "Lê Văn Hiệu"
    assert abs(dt.datetime.fromisoformat(moment) - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=5)
    assert moment.endswith("+07:00")


@given(lines=st.lists(st.text("Tỉnh ủy0-:", min_size=1, max_size=60), min_size=1, max_size=5))
def test_text_marks_fit_the_size_they_ask_for_at_10_pt_and_a_smaller_box_when_they_must(lines: list[str]) -> None:
    wide, high = marks.text_size(lines)
    assert {item.size for item in texts(marks.lines_of_text(lines, wide, high))} == {10}
    for item in texts(marks.lines_of_text(lines, wide / 2, high / 2)):
        assert item.x + fonts.width(item.text, item.size, "Regular") <= wide / 2 + 0.01
        assert 0 < item.y < high / 2
