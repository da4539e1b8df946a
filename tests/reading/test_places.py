import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from pypdf import PdfWriter, Transformation
from pypdf.generic import DictionaryObject, NameObject, RectangleObject
from tests.reading.packed import recognised
from tests.reading.pages import (
    HEIGHT,
    LEFT_COLUMN,
    RIGHT_COLUMN,
    WIDTH,
    Text,
    centred,
    dispatch_145,
    make_pdf,
    party_header,
    scan,
    scanned,
    signer,
    state_header,
    width,
    with_annotation,
)

from vanthu_cli.document.places import Blank, Box, Places, SignerPlace
from vanthu_cli.errors import MisuseError
from vanthu_cli.reading.page import open_pdf
from vanthu_cli.reading.places import SEAL_SIDE, find_places, printed_month_year

NUMBER = "Số         -CV/TU"
DATE = "Hải Dương, ngày        tháng 4 năm 2021"
DRAFT = party_header(NUMBER, DATE) + signer(400)
JOINT_LEFT = [
    centred(175, 400, "GIÁM ĐỐC", "b"),
    centred(175, 417, "SỞ GIÁO DỤC VÀ ĐÀO TẠO", "b"),
    centred(175, 520, "Nguyễn Thị Hoa", "b"),
]
JOINT_RIGHT = [
    centred(430, 400, "KT. BÍ THƯ TỈNH ĐOÀN", "b"),
    centred(430, 417, "PHÓ BÍ THƯ", "b"),
    centred(430, 520, "Trần Văn Bình", "b"),
]
UNDER = [
    centred(RIGHT_COLUMN, 530, "KT. GIÁM ĐỐC SỞ NỘI VỤ", "b"),
    centred(RIGHT_COLUMN, 547, "PHÓ GIÁM ĐỐC", "b"),
    centred(RIGHT_COLUMN, 643, "Trần Văn Bình", "b"),
]


def lowered(texts: list[Text], by: float) -> list[Text]:
    return [replace(text, y=text.y + by) for text in texts]


def only(places: Places) -> SignerPlace:
    (place,) = places.signers
    return place


def who(places: Places) -> list[tuple[str, str | None]]:
    return [(place.name, place.title) for place in places.signers]


def start(centre: float, line: str, before: str, face: str = "", size: float = 14) -> float:
    """Return where the text after `before` begins on a centred line."""
    return centre - width(line, size, face) / 2 + width(before, size, face)


@pytest.mark.parametrize(("nfd", "scrambled"), [(False, False), (True, False), (False, True)])
def test_the_blanks_of_a_party_dispatch_are_measured_between_their_neighbours(nfd: bool, scrambled: bool) -> None:
    places = find_places(make_pdf(*dispatch_145(NUMBER, DATE), nfd=nfd, scrambled=scrambled), "Lê Văn Hiệu")
    number, day = places.number, places.day
    assert number
    assert number.x0 == pytest.approx(start(170, NUMBER, "Số"), abs=1.5)
    assert number.x1 == pytest.approx(start(170, NUMBER, "Số         "), abs=1.5)
    assert (number.y0, number.y1) == pytest.approx((HEIGHT - 96, HEIGHT - 96))
    assert number.size == pytest.approx(14)
    assert not number.italic
    assert day
    assert day.x0 == pytest.approx(start(RIGHT_COLUMN, DATE, "Hải Dương, ngày", "i"), abs=1.5)
    assert day.x1 == pytest.approx(start(RIGHT_COLUMN, DATE, "Hải Dương, ngày        ", "i"), abs=1.5)
    assert day.italic
    assert (places.month, places.year) == (None, None)
    assert places.strip
    assert places.strip.page == 0
    assert places.strip.x0 <= number.x0 < day.x1 <= places.strip.x1


def test_a_printed_number_and_date_leave_no_blank() -> None:
    places = find_places(make_pdf(*dispatch_145()))
    assert (places.number, places.day, places.month, places.year, places.strip) == (None,) * 5


def test_the_state_form_with_day_month_and_year_open() -> None:
    header = state_header("Số:          /QĐ-SNV", "Hải Dương, ngày      tháng      năm")
    places = find_places(make_pdf(header))
    assert places.number
    assert places.number.x0 == pytest.approx(start(165, "Số:          /QĐ-SNV", "Số:", size=13), abs=1.5)
    assert places.day
    assert places.month
    assert places.year
    assert places.day.x1 < places.month.x0 < places.month.x1 < places.year.x0
    assert places.year.room >= width("2026", 13, "i")


def test_dotted_and_very_wide_blanks_are_blanks() -> None:
    dotted = find_places(make_pdf(party_header("Số ........ -CV/TU", "Hải Dương, ngày ..... tháng ..... năm 2021")))
    assert dotted.number
    assert dotted.day
    assert dotted.month
    wide = find_places(make_pdf(state_header(f"Số:{' ' * 22}/QĐ-SNV")))
    assert wide.number
    assert wide.number.room > 60


def test_a_space_between_two_words_is_no_blank() -> None:
    places = find_places(make_pdf(party_header("Số -CV/TU", "Hải Dương, ngày tháng 4 năm 2021")))
    assert (places.number, places.day, places.strip) == (None, None, None)


def test_a_number_that_a_signature_shows_is_not_written_twice() -> None:
    assert find_places(make_pdf(party_header(NUMBER), fields=[(137, 96, "145")])).number is None


@pytest.mark.parametrize("date", ["Hải Dương, ngày tháng 4 năm 2021", "Hải Dương, ngày        tháng 4 năm 20…", ""])
def test_no_blank_is_offered_where_the_date_could_not_be_completed(date: str) -> None:
    places = find_places(make_pdf(party_header(NUMBER, date)))
    assert (places.number, places.day, places.month, places.year, places.strip) == (None,) * 5


def test_no_blank_is_offered_where_something_else_is_shown_in_it() -> None:
    assert find_places(make_pdf(party_header(NUMBER, DATE), fields=[(137, 96, "no")])).strip is None


@pytest.mark.parametrize(
    ("date", "printed"),
    [
        (DATE, (4, 2021)),
        ("Hải Dương, ngày ….. tháng 04 năm 2021", (4, 2021)),
        ("Hải Dương, ngày        tháng        năm 2021", (None, 2021)),
        ("Hải Dương, ngày        tháng        năm", (None, None)),
        ("Hải Dương, ngày        tháng 4 năm 20…", (4, 20)),
        ("Hải Dương, ngày 28 tháng 4 năm 2021", (None, None)),
        ("", (None, None)),
    ],
)
def test_month_and_year_are_known_while_the_day_is_blank(date: str, printed: tuple[int | None, int | None]) -> None:
    body = [Text(85, 300, "Hà Nội, ngày        tháng 9 năm 2020")]
    assert printed_month_year(make_pdf(party_header(NUMBER, date) + body)) == printed


def test_a_year_wrapped_to_the_next_line_is_printed() -> None:
    wrapped = party_header(NUMBER, "Thành phố Hải Dương, ngày        tháng        năm")
    pdf = make_pdf([*wrapped, centred(RIGHT_COLUMN, 114, "2026", "i")])
    places = find_places(pdf)
    assert places.day
    assert places.month
    assert places.year is None
    assert printed_month_year(pdf) == (None, 2026)


def test_a_scan_prints_no_month() -> None:
    assert printed_month_year(scan()) == (None, None)


def test_signature_and_seal_stand_on_the_last_page_between_title_and_name() -> None:
    place = only(find_places(make_pdf(*dispatch_145(NUMBER, DATE))))
    box, seal = place.box, place.seal
    assert (place.name, place.title) == ("Lê Văn Hiệu", "PHÓ BÍ THƯ THƯỜNG TRỰC")
    assert box
    assert seal
    assert (box.page, seal.page) == (1, 1)
    title, name = HEIGHT - 357, HEIGHT - 453
    assert name + 9 < box.y0 < box.y1 < title
    assert (box.x0 + box.x1) / 2 == pytest.approx(RIGHT_COLUMN, abs=3)
    assert box.height <= 60
    assert box.width <= 140
    assert seal.width == pytest.approx(SEAL_SIDE)
    assert seal.height == pytest.approx(102.05, abs=0.01)
    assert seal.x1 == pytest.approx(box.x0 + box.width / 3)
    assert (seal.y0 + seal.y1) / 2 == pytest.approx((box.y0 + box.y1) / 2)


def seen_upright(
    place: Box | Blank, rotate: int, origin: tuple[float, float], size: tuple[float, float]
) -> list[float]:
    """Take a place back to the page as it was drawn, before it was stored turned, by the definition of /Rotate."""
    wide, high = size
    corners = [(place.x0 - origin[0], place.y0 - origin[1]), (place.x1 - origin[0], place.y1 - origin[1])]
    drawn: dict[int, Callable[[float, float], tuple[float, float]]] = {
        0: lambda x, y: (x, y),
        90: lambda x, y: (y, high - x),
        180: lambda x, y: (wide - x, high - y),
        270: lambda x, y: (wide - y, x),
    }
    (xa, ya), (xb, yb) = (drawn[rotate](*corner) for corner in corners)
    return [xa, ya, xb, yb] if isinstance(place, Blank) else [min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb)]


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize(
    ("landscape", "origin", "margin"),
    [
        (False, (0.0, 0.0), 0.0),
        (True, (0.0, 0.0), 0.0),
        (False, (100.0, 200.0), 0.0),
        (True, (50.0, 30.0), 40.0),
    ],
)
def test_a_page_stored_turned_cut_or_moved_has_the_same_places(
    rotate: int, landscape: bool, origin: tuple[float, float], margin: float
) -> None:
    """Number, date, signature and seal lie where they lie on the plain page; a blank runs in reading direction."""
    size = (HEIGHT, WIDTH) if landscape else (WIDTH, HEIGHT)
    plain = find_places(make_pdf(DRAFT, size=size))
    stored = find_places(make_pdf(DRAFT, size=size, rotate=rotate, origin=origin, margin=margin))
    corner = origin[0] + margin, origin[1] + margin
    assert plain.strip
    pairs = [(getattr(plain, name), getattr(stored, name)) for name in ("number", "day", "strip")]
    pairs += [(getattr(only(plain), name), getattr(only(stored), name)) for name in ("box", "seal")]
    for there, here in pairs:
        assert here
        assert seen_upright(here, rotate, corner, size) == pytest.approx(
            [there.x0, there.y0, there.x1, there.y1], abs=0.01
        )
    assert stored.month is None
    assert stored.number
    assert stored.number.room == pytest.approx(plain.number.room if plain.number else 0)


def test_a_page_laid_out_in_landscape_has_its_places() -> None:
    wide = [replace(text, x=text.x * HEIGHT / WIDTH) for text in DRAFT]
    places = find_places(make_pdf(wide, size=(HEIGHT, WIDTH)))
    box, seal = only(places).box, only(places).seal
    assert places.number
    assert places.day
    assert box
    assert seal
    assert (box.x0 + box.x1) / 2 == pytest.approx(RIGHT_COLUMN * HEIGHT / WIDTH, abs=3)
    assert 0 < box.y0 < box.y1 < WIDTH - 417


def test_a_media_box_that_does_not_begin_at_the_origin_moves_the_places() -> None:
    writer = PdfWriter(clone_from=io.BytesIO(make_pdf(DRAFT)))
    page = writer.pages[0]
    page.add_transformation(Transformation().translate(-1000, 500))
    page.mediabox = RectangleObject((-1000, 500, WIDTH - 1000, HEIGHT + 500))
    out = io.BytesIO()
    writer.write(out)
    plain, moved = find_places(make_pdf(DRAFT)), find_places(out.getvalue())
    for there, here in ((plain.strip, moved.strip), (only(plain).box, only(moved).box)):
        assert there
        assert here
        assert (here.x0, here.y1) == pytest.approx((there.x0 - 1000, there.y1 + 500), abs=0.01)


@pytest.mark.parametrize("rotate", [0, 90])
def test_what_would_not_lie_wholly_on_the_page_is_not_offered(rotate: int) -> None:
    block = [
        Text(text.x - 320, text.y, text.text, text.face, text.size, text.centred) for text in signer(400, recipients=())
    ]
    place = only(find_places(make_pdf(block, size=(260, HEIGHT), rotate=rotate)))
    assert place.box
    assert place.seal is None


def test_only_the_name_asked_for_counts() -> None:
    pdf = make_pdf(party_header() + signer(400))
    assert only(find_places(pdf, "LÊ VĂN HIỆU")).box
    assert find_places(pdf, "Trần Văn Bình").signers == ()


def test_a_name_repeated_in_the_body_is_not_the_signer() -> None:
    body = [Text(85, 300, "Đồng chí Lê Văn Hiệu chủ trì."), Text(85, 330, "Lê Văn Hiệu")]
    assert find_places(make_pdf(party_header() + body), "Lê Văn Hiệu").signers == ()


@pytest.mark.parametrize("rotate", [0, 270])
def test_two_signers_side_by_side_have_each_their_place(rotate: int) -> None:
    pdf = make_pdf(party_header(NUMBER, DATE) + JOINT_LEFT + JOINT_RIGHT, rotate=rotate)
    places = find_places(pdf)
    assert who(places) == [("Nguyễn Thị Hoa", "GIÁM ĐỐC SỞ GIÁO DỤC VÀ ĐÀO TẠO"), ("Trần Văn Bình", "PHÓ BÍ THƯ")]
    assert places.strip
    with open_pdf(pdf) as sheets:
        page = sheets.page(0)
    for place, centre in zip(places.signers, (175, 430), strict=True):
        assert place.box
        assert place.seal
        x0, _y0, x1, _y1 = page.seen(place.box)
        assert (x0 + x1) / 2 - page.x0 == pytest.approx(centre, abs=3)
        assert page.seen(place.seal)[2] == pytest.approx(x0 + (x1 - x0) / 3)
    assert find_places(pdf, "Trần Văn Bình").signers == places.signers[1:]


def test_columns_so_close_that_they_read_as_one_line_are_parted() -> None:
    titles = [
        Text(60, 400, "GIÁM ĐỐC SỞ NÔNG NGHIỆP", "b"),
        Text(60 + width("GIÁM ĐỐC SỞ NÔNG NGHIỆP", 14, "b") + 11, 400, "CHỦ TỊCH LIÊN ĐOÀN LAO ĐỘNG", "b"),
    ]
    names = [centred(157, 500, "Đại tá Nguyễn Thị Hoa", "b"), centred(395, 500, "Trần Văn Bình", "b")]
    places = find_places(make_pdf(party_header() + titles + names))
    assert who(places) == [
        ("Đại tá Nguyễn Thị Hoa", "GIÁM ĐỐC SỞ NÔNG NGHIỆP"),
        ("Trần Văn Bình", "CHỦ TỊCH LIÊN ĐOÀN LAO ĐỘNG"),
    ]


def test_names_at_different_heights_are_still_side_by_side() -> None:
    places = find_places(make_pdf(party_header() + JOINT_RIGHT + lowered(JOINT_LEFT, 17)))
    assert [name for name, _title in who(places)] == ["Nguyễn Thị Hoa", "Trần Văn Bình"]


def test_two_signers_one_under_the_other_have_each_their_place() -> None:
    places = find_places(make_pdf(party_header() + signer(400) + UNDER))
    assert who(places) == [("Lê Văn Hiệu", "PHÓ BÍ THƯ THƯỜNG TRỰC"), ("Trần Văn Bình", "PHÓ GIÁM ĐỐC")]
    upper, lower = (place.box for place in places.signers)
    assert upper
    assert lower
    assert upper.y0 > HEIGHT - 513 > HEIGHT - 547 > lower.y1 > lower.y0 > HEIGHT - 643


def test_a_block_above_the_text_is_no_joint_signer() -> None:
    between = [Text(300, 530, "Một dòng chữ của nội dung nằm giữa hai khối.")]
    places = find_places(make_pdf(party_header() + signer(390) + between + lowered(UNDER, 25)))
    assert who(places) == [("Trần Văn Bình", "PHÓ GIÁM ĐỐC")]


def test_three_signers_two_above_and_one_below_are_in_reading_order() -> None:
    third = [*lowered(UNDER[:2], 20), centred(RIGHT_COLUMN, 663, "Phạm Văn Cường", "b")]
    places = find_places(make_pdf(party_header() + JOINT_LEFT + JOINT_RIGHT + third))
    assert [name for name, _title in who(places)] == ["Nguyễn Thị Hoa", "Trần Văn Bình", "Phạm Văn Cường"]


def test_nothing_is_put_over_text_or_into_too_small_a_gap() -> None:
    crowded = [*signer(400), centred(RIGHT_COLUMN, 465, "(Đã ký)", "i")]
    assert only(find_places(make_pdf(party_header() + crowded))).box is None
    tight = only(find_places(make_pdf(party_header() + signer(400, gap=36))))
    assert (tight.box, tight.seal) == (None, None)
    assert tight.name == "Lê Văn Hiệu"


@pytest.mark.parametrize("grey", [0, 0.6])
def test_nothing_is_put_over_a_picture_though_no_text_is_there(grey: float) -> None:
    for x, covered in ((380, True), (520, False)):
        place = only(find_places(make_pdf(DRAFT, boxes=[(x, 450, 30, 20)], grey=grey)))
        assert (place.box is None) == covered
        assert place.seal


def test_the_tone_of_the_paper_is_no_ink() -> None:
    assert find_places(make_pdf(DRAFT, boxes=[(0, 0, WIDTH, HEIGHT)], grey=0.85)) == find_places(make_pdf(DRAFT))
    assert only(find_places(make_pdf(DRAFT, boxes=[(300, 430, 240, 80)], grey=0.3))).box is None


def test_the_seal_may_touch_a_line_but_not_hide_it() -> None:
    beside = make_pdf([*DRAFT, Text(240, 460, "Lưu: Văn thư")])
    hidden = make_pdf([*DRAFT, Text(300, 460, "Lưu: VT")])
    assert only(find_places(beside)).seal
    assert only(find_places(hidden)).seal is None


@pytest.mark.parametrize("signed", [True, False])
def test_a_field_is_free_until_it_is_signed(signed: bool) -> None:
    """An empty prepared field may take the signature it was made for; a signed one shows nothing here, and yet is taken."""
    box = only(find_places(make_pdf(DRAFT))).box
    assert box
    rect = box.x0, box.y0, box.x1, box.y1
    value = {"V": DictionaryObject({NameObject("/Type"): NameObject("/Sig")})} if signed else {}
    pdf = with_annotation(make_pdf(DRAFT), rect, Subtype="/Widget", FT="/Sig", **value)
    place = only(find_places(pdf))
    assert place.box == (None if signed else box)
    assert place.seal == only(find_places(make_pdf(DRAFT))).seal


def test_nothing_is_put_over_what_an_annotation_shows() -> None:
    assert only(find_places(make_pdf(DRAFT, fields=[(RIGHT_COLUMN - 10, 470, "x")]))).box is None


def test_a_scan_with_its_text_recognised_has_its_places() -> None:
    """The text layer is invisible, the picture has grain and specks: blanks, box and seal are where the plain page has them."""
    plain, scanned_places = find_places(make_pdf(DRAFT)), find_places(scanned(DRAFT))
    assert scanned_places == plain
    assert plain.strip
    assert only(plain).box
    assert find_places(scanned(DRAFT, layer="none")) == Places()


def test_text_recognised_in_letters_without_shape_has_its_places() -> None:
    plain, seen = find_places(make_pdf(DRAFT)), find_places(recognised(scanned(DRAFT, layer="none"), DRAFT))
    assert who(seen) == who(plain)
    pairs = [(plain.number, seen.number), (plain.day, seen.day), (only(plain).box, only(seen).box)]
    for there, here in pairs:
        assert there
        assert here
        assert (here.x0, here.y0, here.x1, here.y1) == pytest.approx((there.x0, there.y0, there.x1, there.y1), abs=2)
    crowded = [*DRAFT, centred(RIGHT_COLUMN, 465, "(Đã ký)", "i")]
    assert only(find_places(recognised(scanned(DRAFT, layer="none"), crowded))).box is None


def test_what_a_pen_wrote_on_the_paper_is_seen_in_the_picture() -> None:
    signed = only(find_places(scanned(DRAFT, written=[Text(385, 470, "Hiệu", "i", 40)])))
    assert signed.box is None
    assert signed.seal == only(find_places(make_pdf(DRAFT))).seal
    numbered = find_places(scanned(DRAFT, written=[Text(142, 95, "145", "i", 15)]))
    assert numbered.strip is None
    assert only(numbered).box


def test_dots_on_a_scan_are_still_a_blank() -> None:
    dotted = party_header("Số ........ -CV/TU", "Hải Dương, ngày ..... tháng ..... năm 2021")
    places = find_places(scanned(dotted))
    assert places.number
    assert places.day
    assert places.month


def test_title_and_name_on_different_pages_are_no_place() -> None:
    block = signer(780)
    places = find_places(make_pdf(party_header() + block[:-1], [centred(RIGHT_COLUMN, 60, "Lê Văn Hiệu", "b")]))
    assert places.signers == ()


def test_a_scan_without_text_has_no_places() -> None:
    assert find_places(scan()) == Places()


def test_minutes_are_signed_by_chair_and_secretary() -> None:
    block = [
        *(centred(x, 400, title, "b") for x, title in ((LEFT_COLUMN, "THƯ KÝ"), (RIGHT_COLUMN, "CHỦ TRÌ"))),
        *(centred(x, 490, name, "b") for x, name in ((LEFT_COLUMN, "Lê Văn An"), (RIGHT_COLUMN, "Lê Văn Bình"))),
    ]
    assert who(find_places(make_pdf(party_header() + block))) == [("Lê Văn An", "THƯ KÝ"), ("Lê Văn Bình", "CHỦ TRÌ")]


def test_what_is_no_pdf_is_refused() -> None:
    with pytest.raises(MisuseError):
        find_places(b"no pdf")
