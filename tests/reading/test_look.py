"""One look at a file answers what the single functions answer, opens large files without reading them, and stops at a mark."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reading.packed import like_word, with_boxes, write_large
from tests.reading.pages import (
    RIGHT_COLUMN,
    Text,
    centred,
    dispatch_145,
    make_pdf,
    paragraphs,
    party_header,
    scanned,
    signer,
)
from tests.reading.test_marks import FREE, MARKED

from vanthu_cli.document.places import Box
from vanthu_cli.reading.fields import read
from vanthu_cli.reading.look import Look, Wish, look
from vanthu_cli.reading.marks import is_locked, secret_mark_in_file
from vanthu_cli.reading.places import find_places, printed_month_year

EVERYTHING = Wish(mark=True, read=True, places=True, scan=True, room=(142, 99), corner=(170, 24))
DRAFT = dispatch_145("Số         -CV/TU", "Hải Dương, ngày        tháng 4 năm 2021")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def test_one_look_says_what_the_single_questions_say(folder: Path) -> None:
    path = folder / "a.pdf"
    path.write_bytes(make_pdf(*DRAFT))
    for pdf in (path, path.read_bytes()):
        seen = look("a.pdf", pdf, EVERYTHING)
        assert (seen.mark, seen.fault, seen.pages) == (None, None, 2)
        assert seen.reading == read(path) == read(path.read_bytes())
        assert seen.places == find_places(path)
        assert seen.places
        assert seen.places.number
        assert seen.printed == printed_month_year(path) == (4, 2021)
        assert seen.scan is False
        assert seen.room
        assert seen.corner


def test_only_what_is_asked_is_answered() -> None:
    pdf = make_pdf(*DRAFT)
    assert look("a.pdf", pdf, Wish()) == Look(pages=2)
    assert look("a.pdf", pdf, Wish(read=True)) == Look(reading=read(pdf), pages=2)
    places = Wish(places=True, signer_name="Trần Văn Bình")
    assert look("a.pdf", pdf, places) == Look(places=find_places(pdf, "Trần Văn Bình"), printed=(4, 2021), pages=2)


def test_the_answers_stop_at_a_mark() -> None:
    secret = make_pdf([*party_header(), centred(110, 160, "MẬT", "b")], *DRAFT)
    assert look("a.pdf", secret, EVERYTHING) == Look(mark="MẬT", pages=3)
    assert look("12-CV-TU (MAT).pdf", make_pdf(*DRAFT), EVERYTHING) == Look(mark="MẬT")
    assert look("a.pdf", secret, Wish(read=True)).reading == read(secret)


@pytest.mark.parametrize(("name", "data", "mark"), [*MARKED, *((name, data, None) for name, data in FREE)])
def test_marks_are_those_of_every_kind_of_file_at_a_path_too(
    name: str, data: bytes, mark: str | None, folder: Path
) -> None:
    path = folder / "file"
    path.write_bytes(data)
    assert look(name, data, Wish(mark=True)).mark == look(name, path, Wish(mark=True)).mark == mark
    assert secret_mark_in_file(name, path) == mark


def test_a_mark_on_the_last_page_of_a_long_file_is_seen() -> None:
    assert look("a.pdf", make_pdf(*[[Text(90, 90, "x")]] * 260, [Text(90, 90, "MẬT")]), Wish(mark=True)).mark == "MẬT"


def test_a_locked_file_is_looked_at_with_its_password_only(folder: Path) -> None:
    path = folder / "a.pdf"
    path.write_bytes(make_pdf(*DRAFT, password="khoá"))
    for password in (None, "khóa"):
        seen = look("a.pdf", path, EVERYTHING, password=password)
        assert seen.fault
        assert seen == Look(fault=seen.fault)
        assert is_locked(path, password=password)
    seen = look("a.pdf", path, EVERYTHING, password="khoá")
    assert seen.reading == read(make_pdf(*DRAFT)) == read(path, password="khoá")
    assert seen.places == find_places(path, password="khoá")
    assert not is_locked(path, password="khoá")
    secret = make_pdf([Text(90, 90, "MẬT")], password="khoá")
    assert secret_mark_in_file("a.pdf", secret) is None
    assert secret_mark_in_file("a.pdf", secret, password="khoá") == "MẬT"
    assert look("a.pdf", secret, EVERYTHING, password="khoá") == Look(mark="MẬT", pages=1)


@pytest.mark.parametrize("data", [b"%PDF-1.7 broken", make_pdf(*DRAFT)[:3000]])
def test_what_cannot_be_opened_is_a_fault(data: bytes) -> None:
    seen = look("a.pdf", data, EVERYTHING)
    assert seen.fault
    assert seen == Look(fault=seen.fault)


def test_what_is_no_pdf_is_asked_for_its_mark_only() -> None:
    assert look("a.txt", b"x", EVERYTHING) == Look()


def test_word_s_way_of_storing_changes_nothing() -> None:
    plain = make_pdf(*DRAFT, fields=[(500, 800, "x")])
    packed = like_word(plain)
    assert b"/XRefStm" in packed
    assert b"/Type /Page" not in packed.replace(b"\n", b" ").split(b"ObjStm")[0]
    assert look("a.pdf", packed, EVERYTHING) == look("a.pdf", plain, EVERYTHING)


def test_annexes_that_the_body_mentions_are_named() -> None:
    body = paragraphs(200, "Ban hành theo Phụ lục I, Phụ lục II (có danh sách kèm theo).")
    annex = [centred(300, 80, "PHỤ LỤC I", "b"), *paragraphs(120, "Xem Phụ lục III.")]
    seen = look("a.pdf", make_pdf(party_header() + body + signer(400), annex), Wish(read=True))
    assert seen.annexes == ("Phụ lục I", "Phụ lục II", "(có danh sách kèm theo)")
    assert look("a.pdf", make_pdf(*DRAFT), Wish(read=True)).annexes == ()


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_a_box_that_the_clerk_names_is_judged(rotate: int) -> None:
    pdf = make_pdf(party_header() + signer(400), rotate=rotate, origin=(50, 70))
    free = find_places(pdf).signers[0].box
    assert free

    def covers(box: Box) -> bool:
        return look("a.pdf", pdf, Wish(at=box)).covers_text

    assert not covers(free)
    up, right = ((0, 60), (60, 0)) if rotate in (0, 180) else ((60, 0), (0, 60))
    for dx, dy in (up, (-up[0], -up[1]), (right[0] * 20, right[1] * 20)):
        assert covers(Box(0, free.x0 + dx, free.y0 + dy, free.x1 + dx, free.y1 + dy))
    assert covers(Box(1, free.x0, free.y0, free.x1, free.y1))
    assert covers(Box(-1, free.x0, free.y0, free.x1, free.y1))


def test_a_box_over_a_picture_covers_something() -> None:
    box = Box(0, RIGHT_COLUMN - 70, 350, RIGHT_COLUMN + 70, 410)
    page = party_header() + signer(400)
    assert not look("a.pdf", scanned(page), Wish(at=box)).covers_text
    signed = scanned(page, written=[Text(385, 470, "Hiệu", "i", 40)])
    assert look("a.pdf", signed, Wish(at=box)).covers_text


def test_a_large_file_at_a_path_is_not_read_into_memory(folder: Path) -> None:
    """2,000 pages and 120 MB cost less than 100 MB: neither the file nor the pages looked at are held.

    The peak is Linux's VmHWM: getrusage's goes on from that of the process that started this one.
    """
    path = folder / "large.pdf"
    write_large(path, pages=2000, pictures=18, side=2700)
    assert path.stat().st_size > 120_000_000
    program = (
        "import sys; from pathlib import Path; from vanthu_cli.reading.look import Wish, look\n"
        "wish = Wish(read=True, places=True, scan=True, room=(142, 99), corner=(170, 24))\n"
        "look('small.pdf', Path(sys.argv[2]), wish)\n"
        "def most(): return int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])\n"
        "before = most(); seen = look('large.pdf', Path(sys.argv[1]), wish)\n"
        "print(seen.pages, seen.reading.fields.secrecy, (most() - before) // 1024)"
    )
    small = folder / "small.pdf"
    small.write_bytes(make_pdf(*DRAFT))
    done = subprocess.run(
        [sys.executable, "-c", program, str(path), str(small)], check=True, capture_output=True, text=True
    )
    pages, secrecy, megabytes = done.stdout.split()
    assert (pages, secrecy) == ("2000", "MẬT")
    assert int(megabytes) < 100


@pytest.mark.parametrize(
    ("media", "entries"),
    [
        ("0 0 0 0", ""),
        ("0 0 0.001 0.001", ""),
        ("0 0 1000000 10", ""),
        ("0 0 1e30 1e30", ""),
        ("0 0 1000000 1000000", "/Rotate 45"),
        ("0 0 595 842", "/CropBox[1000 1000 2000 2000]"),
        ("595 842 0 0", "/Rotate -90"),
    ],
)
def test_a_page_of_any_shape_is_looked_at(media: str, entries: str) -> None:
    seen = look("a.pdf", with_boxes(media, entries), replace(EVERYTHING, at=Box(0, 9, 9, 11, 15)))
    assert (seen.fault, seen.scan, seen.covers_text) == (None, False, True)
    for place, size in ((seen.room, EVERYTHING.room), (seen.corner, EVERYTHING.corner)):
        assert place is None or {round(place.width), round(place.height)} == {round(side) for side in size or ()}


@given(st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_random_bytes_never_make_it_raise(data: bytes) -> None:
    for start in (b"", b"%PDF-1.7\n", b"PK\x03\x04"):
        assert look("a.bin", start + data, EVERYTHING).places is None


WHOLE = make_pdf(*DRAFT, fields=[(137, 96, "145")])


@given(st.integers(0, len(WHOLE) - 1), st.binary(max_size=8))
@settings(max_examples=15, deadline=None)
def test_a_damaged_file_is_looked_at_or_a_fault(at: int, noise: bytes) -> None:
    for damaged in (WHOLE[:at], WHOLE[:at] + noise + WHOLE[at + len(noise) :]):
        seen = look("a.pdf", damaged, EVERYTHING)
        assert seen.fault or seen.mark or seen.pages or b"%PDF-" not in damaged[:1024]
