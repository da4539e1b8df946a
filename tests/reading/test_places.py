import pytest
from tests.reading.pages import (
    HEIGHT,
    RIGHT_COLUMN,
    Text,
    centred,
    dispatch_145,
    make_pdf,
    party_header,
    scan,
    signer,
    state_header,
    width,
)

from vanthu_cli.document.places import Places
from vanthu_cli.errors import MisuseError
from vanthu_cli.reading.places import SEAL_SIDE, find_places, printed_month_year

NUMBER = "Số         -CV/TU"
DATE = "Hải Dương, ngày        tháng 4 năm 2021"
NOWHERE = Places(number=None, day=None, month=None, year=None, strip=None, signer=None, seal=None)


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
    assert number.baseline == pytest.approx(HEIGHT - 96)
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
    assert places.year.x1 - places.year.x0 >= width("2026", 13, "i")


def test_dotted_and_very_wide_blanks_are_blanks() -> None:
    dotted = find_places(make_pdf(party_header("Số ........ -CV/TU", "Hải Dương, ngày ..... tháng ..... năm 2021")))
    assert dotted.number
    assert dotted.day
    assert dotted.month
    wide = find_places(make_pdf(state_header(f"Số:{' ' * 22}/QĐ-SNV")))
    assert wide.number
    assert wide.number.x1 - wide.number.x0 > 60


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
    places = find_places(make_pdf(*dispatch_145(NUMBER, DATE)))
    box, seal = places.signer, places.seal
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


def test_a_visible_page_that_does_not_begin_at_the_origin_needs_no_correction() -> None:
    plain = find_places(make_pdf(party_header(NUMBER, DATE) + signer(400)))
    moved = find_places(make_pdf(party_header(NUMBER, DATE) + signer(400), origin=(100, 200)))
    assert plain.number
    assert moved.number
    assert moved.number.x0 == pytest.approx(plain.number.x0 + 100, abs=0.01)
    assert moved.number.x1 == pytest.approx(plain.number.x1 + 100, abs=0.01)
    assert moved.number.baseline == pytest.approx(plain.number.baseline + 200, abs=0.01)
    assert plain.seal
    assert moved.seal
    assert moved.seal.y0 == pytest.approx(plain.seal.y0 + 200, abs=0.01)


def test_only_the_name_asked_for_counts() -> None:
    pdf = make_pdf(party_header() + signer(400))
    assert find_places(pdf, "LÊ VĂN HIỆU").signer
    assert find_places(pdf, "Trần Văn Bình").signer is None
    assert find_places(pdf, "Trần Văn Bình").seal is None


def test_a_name_repeated_in_the_body_is_not_the_signer() -> None:
    body = [Text(85, 300, "Đồng chí Lê Văn Hiệu chủ trì."), Text(85, 330, "Lê Văn Hiệu")]
    assert find_places(make_pdf(party_header() + body), "Lê Văn Hiệu").signer is None


def test_nothing_is_put_over_text_or_into_too_small_a_gap() -> None:
    crowded = [*signer(400), centred(RIGHT_COLUMN, 465, "(Đã ký)", "i")]
    assert find_places(make_pdf(party_header() + crowded)).signer is None
    tight = find_places(make_pdf(party_header() + signer(400, gap=36)))
    assert (tight.signer, tight.seal) == (None, None)


def test_title_and_name_on_different_pages_are_no_place() -> None:
    block = signer(780)
    places = find_places(make_pdf(party_header() + block[:-1], [centred(RIGHT_COLUMN, 60, "Lê Văn Hiệu", "b")]))
    assert (places.signer, places.seal) == (None, None)


def test_a_turned_page_and_a_scan_have_no_places() -> None:
    assert find_places(make_pdf(party_header(NUMBER, DATE) + signer(400), rotate=90)) == NOWHERE
    assert find_places(scan()) == NOWHERE


def test_what_is_no_pdf_is_refused() -> None:
    with pytest.raises(MisuseError):
        find_places(b"no pdf")
