import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vanthu_cli.document.text import fold, is_mailbox, safe_name, shown, storable

RESERVED = ("CON", "prn", "Aux", "NUL", "COM1", "lpt9", "COM¹", "CONIN$")


@given(st.text(max_size=40))
@example("İ")
@example("Å\u0301")
def test_folding_ignores_composition_and_is_done_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Quyết định", "quyet dinh"),
        ("QUYẾT ĐỊNH", "quyet dinh"),
        ("Quyết Ðịnh", "quyet dinh"),
        ("hoà bình, hòa bình", "hoa binh, hoa binh"),
        ("ƯU TIÊN", "uu tien"),
        ("145-CV/TU", "145-cv/tu"),
    ],
)
def test_vietnamese_is_found_without_diacritics_and_capitals(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(max_size=300))
@example("a." + "b" * 300)
@example("e" + "\u200d" + "\u0301")
@example("a" * 199 + " .pdf")
@example("CON.")
@example("x." + "ệ" * 10)
@example("-" * 5 + ".")
@example("a" * 199 + " bbb")
@example("con -.pdf")
@example("con" + " " * 200 + "x.pdf")
def test_a_safe_name_is_safe_on_every_system(text: str) -> None:
    name = safe_name(text)
    assert name
    assert len(name.encode()) <= 200
    assert safe_name(name) == name
    assert unicodedata.is_normalized("NFC", name)
    assert not set(name) & set('\\/:*?"<>|')
    assert not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in name)
    assert name[0] not in " .-"
    assert name[-1] not in " ."
    assert name.partition(".")[0].rstrip().upper() not in {each.upper() for each in RESERVED}


@pytest.mark.parametrize("device", RESERVED)
@pytest.mark.parametrize("tail", ["", ".pdf", " .txt", ".tar.gz"])
def test_devices_of_windows_are_no_file_names(device: str, tail: str) -> None:
    assert safe_name(device + tail) == f"_{device}{tail}"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("145-CV-TU.pdf", "145-CV-TU.pdf"),
        ("../../etc/passwd", "etc-passwd"),
        ("C:\\Windows\\x.exe", "C-Windows-x.exe"),
        ("cv\u202efdp.exe", "cvfdp.exe"),
        ("a\x00b\r\n.pdf", "ab.pdf"),
        ("báo cáo.pdf.", "báo cáo.pdf"),
        ("bao\u0301 ca\u0301o.pdf", "baó cáo.pdf"),
        (".htaccess", "htaccess"),
        ("--help", "help"),
        ("", "file"),
        ("...", "file"),
        ("com10.pdf", "com10.pdf"),
        ("console.pdf", "console.pdf"),
    ],
)
def test_names_that_come_by_mail(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_long_name_keeps_its_suffix() -> None:
    name = safe_name("Quyết định về việc " * 30 + ".pdf")
    assert name.endswith(".pdf")
    assert 190 < len(name.encode()) <= 200


@given(st.text(max_size=60))
@example("\x1b[31mđỏ\x1b[0m")
@example("a\u202eb\u2028c\u009bd\x07")
def test_nothing_shown_can_drive_a_terminal(text: str) -> None:
    assert not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in shown(text))
    assert not set(shown(text)) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")
    assert len(shown(text)) == len(text)


def test_vietnamese_is_shown_as_it_is() -> None:
    text = "Công văn số 145-CV/TU, ngày 28 tháng 4 năm 2021"
    assert shown(text) == text


@given(st.text(st.characters(), max_size=30))
def test_any_text_can_be_stored(text: str) -> None:
    kept = storable(text)
    kept.encode()
    assert "\0" not in kept
    assert len(kept) == len(text)


def test_other_values_are_stored_as_they_are() -> None:
    assert [storable(value) for value in (None, 5, "Tỉnh ủy", "\ud800")] == [None, 5, "Tỉnh ủy", "�"]


@pytest.mark.parametrize("text", ["vanthu@tuhaiduong", "vanthuvptu@haiduong.gov.vn", "a.b+c@x-y.vn", "o'neil@x.vn"])
def test_a_mailbox_needs_no_dot_in_its_domain(text: str) -> None:
    assert is_mailbox(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "vanthu",
        "@x",
        "a@",
        "a b@x",
        "a@b@c",
        "a@x, b@y",
        "<a@x>",
        "a@x\r\nBcc: b@y",
        "a@x;b@y",
        "a\u202e@x",
        "a\x00@x",
    ],
)
def test_what_is_not_one_plain_address_is_no_mailbox(text: str) -> None:
    assert not is_mailbox(text)
