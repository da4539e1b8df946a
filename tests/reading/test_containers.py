import io
import struct
import subprocess
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from asn1crypto import cms
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reading.test_kinds import EXE, LETTER, armoured, office, signed, zipped

from vanthu_cli.reading import containers
from vanthu_cli.reading.containers import FAULTS, FREE, MAX_NAME, MAX_RATIO, Member, Opened, opened
from vanthu_cli.reading.marks import MAX_MEMBERS, MAX_UNPACKED, secret_mark_in_file

NAME = "Công văn số 145-CV/TU Ủy ban.pdf"
NOTHING = Opened((), None)
MAPI_UTF16, MAPI_BYTES, MAPI_BINARY, MAPI_OBJECT, MAPI_SHORT = 0x1F, 0x1E, 0x102, 0x0D, 0x02
LONG_NAME, SHORT_NAME, SHOWN_NAME, CONTENT_OBJECT, BODY, BODY_HTML, BODY_RTF = (
    *(0x3707, 0x3704, 0x3001, 0x3701),
    *(0x1000, 0x1013, 0x1009),
)
MESSAGE_ID = bytes.fromhex("0703020000000000c000000000000046")


TONES = "\u0300\u0301\u0303\u0309\u0323"


def windows_1258(text: str) -> bytes:
    """As Windows writes it: the tone is a letter of its own, behind the vowel."""
    out = b""
    for letter in text:
        apart = unicodedata.normalize("NFD", letter)
        vowel = unicodedata.normalize("NFC", "".join(c for c in apart if c not in TONES))
        out += vowel.encode("cp1258") + "".join(c for c in apart if c in TONES).encode("cp1258")
    return out


# ZIP by hand: what zipfile would never write.


@dataclass(frozen=True)
class Entry:
    """One member; `at` is where the list of members says it stands, None where it does."""

    name: bytes
    packed: bytes
    fields: bytes
    extra: bytes
    at: int | None

    def local(self) -> bytes:
        return b"PK\x03\x04\x14\0" + self.fields + struct.pack("<2H", len(self.name), 0) + self.name + self.packed

    def listed(self, at: int) -> bytes:
        numbers = struct.pack("<5H2I", len(self.name), len(self.extra), *[0] * 4, at if self.at is None else self.at)
        return b"PK\x01\x02\x14\0\x14\0" + self.fields + numbers + self.name + self.extra


def entry(name: bytes, content: bytes, *, flags: int = 0, method: int = 8, extra: bytes = b"", **lies: int) -> Entry:
    """Make a member; `lies` may be size, packed, crc, at."""
    packer = zlib.compressobj(9, wbits=-15)
    packed = packer.compress(content) + packer.flush() if method == zipfile.ZIP_DEFLATED else content
    sizes = lies.get("packed", len(packed)), lies.get("size", len(content))
    fields = struct.pack("<4H3I", flags, method, 0, 0x5A21, lies.get("crc", zlib.crc32(content)), *sizes)
    return Entry(name, packed, fields, extra, lies.get("at"))


def archive(*entries: Entry) -> bytes:
    whole, listed = b"", b""
    for one in entries:
        listed += one.listed(len(whole))
        if one.at is None:
            whole += one.local()
    return (
        whole
        + listed
        + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, len(entries), len(entries), len(listed), len(whole), 0)
    )


def unicode_path(raw: bytes, name: str) -> bytes:
    content = struct.pack("<BI", 1, zlib.crc32(raw)) + name.encode()
    return struct.pack("<HH", 0x7075, len(content)) + content


# TNEF (MS-OXTNEF): objects of level, id, type, length, bytes, checksum; lists of MAPI properties in two of them.


def tnef_object(level: int, sort: int, content: bytes, length: int | None = None) -> bytes:
    head = struct.pack("<BII", level, sort, len(content) if length is None else length)
    return head + content + struct.pack("<H", sum(content) & 0xFFFF)


def mapi(*values: tuple[int, int, bytes]) -> bytes:
    whole = struct.pack("<I", len(values))
    for sort, name, value in values:
        if sort == MAPI_SHORT:
            whole += struct.pack("<HH4s", sort, name, value)
        else:
            whole += struct.pack("<HHII", sort, name, 1, len(value)) + value + bytes(-len(value) % 4)
    return whole


def wide(text: str) -> bytes:
    return f"{text}\0".encode("utf-16-le")


def attached(content: bytes | None, title: bytes, *values: tuple[int, int, bytes]) -> bytes:
    whole = tnef_object(2, 0x00069002, bytes(14)) + tnef_object(2, 0x00018010, title + b"\0")
    if content is not None:
        whole += tnef_object(2, 0x0006800F, content)
    return whole + (tnef_object(2, 0x00069005, mapi(*values)) if values else b"")


def winmail(*attachments: bytes, values: Sequence[tuple[int, int, bytes]] = (), code_page: int | None = 1258) -> bytes:
    whole = struct.pack("<IH", 0x223E9F78, 1) + tnef_object(1, 0x00089006, struct.pack("<I", 0x10000))
    if code_page is not None:
        whole += tnef_object(1, 0x00069007, struct.pack("<II", code_page, 0))
    whole += tnef_object(1, 0x00078008, b"IPM.Microsoft Mail.Note\0") + tnef_object(1, 0x00018004, b"145-CV/TU\0")
    return whole + (tnef_object(1, 0x00069003, mapi(*values)) if values else b"") + b"".join(attachments)


def packed_rtf(content: bytes) -> bytes:
    """Compressed RTF (MS-OXRTFCP) that uses no run, as 3.2 of it permits."""
    out = b""
    for at in range(0, len(content), 8):
        out += b"\0" + content[at : at + 8]
    end = (207 + len(content)) % 4096
    last = struct.pack(">H", end << 4)
    if len(content) % 8:
        cut = len(content) // 8 * 9
        out = out[:cut] + bytes([1 << len(content) % 8]) + out[cut + 1 :] + last
    else:
        out += b"\1" + last
    return struct.pack("<4I", len(out) + 12, len(content), 0x75465A4C, 0) + out


TNEF = winmail(
    attached(b"%PDF-1", b"CONGVA~1.PDF", (MAPI_SHORT, 0x1234, b"\1\0\0\0"), (MAPI_UTF16, LONG_NAME, wide(NAME))),
    attached(b"two\0\0", windows_1258("Tờ trình.doc")),
    attached(b"three", b"3", (MAPI_BYTES, LONG_NAME, "Phụ lục.xls\0".encode())),
    values=[(MAPI_UTF16, BODY, wide("Kính gửi Tỉnh ủy"))],
)


# ZIP


def test_files_come_out_as_they_went_in_and_folders_do_not() -> None:
    packed = zipped(("a/", b""), ("a/145.pdf", b"%PDF-1"), (NAME, b"two"), ("rong.txt", b""), ("b\\", b""))
    assert opened("goi.zip", packed) == Opened(
        (Member("a/145.pdf", b"%PDF-1"), Member(NAME, b"two"), Member("rong.txt", b"")), None
    )


def test_names_are_kept_however_wicked() -> None:
    names = ["/etc/passwd", "../../a.pdf", "C:\\a.pdf", "a\0.exe", "con", "145.pdf/", "a", "a"]
    packed = archive(*(entry(name.encode(), b"x") for name in names), entry(b"", b"x"))
    assert opened("goi.zip", packed) == Opened((*(Member(name, b"x") for name in names), Member("", b"x")), None)


@pytest.mark.parametrize(
    ("raw", "flags", "extra", "name"),
    [
        (NAME.encode(), 0x800, b"", NAME),
        (NAME.encode(), 0, b"", NAME),
        (unicodedata.normalize("NFD", NAME).encode(), 0x800, b"", NAME),
        (windows_1258(NAME), 0, b"", NAME),
        (b"S\xf4\xec 145.pdf", 0, b"", "Số 145.pdf"),
        (b"S\xf4\xec 145.pdf", 0x800, b"", "Số 145.pdf"),
        (b"S\x8d 145.pdf", 0, b"", "Sì 145.pdf"),
        (b"S? 145.pdf", 0, unicode_path(b"S? 145.pdf", "Số 145.pdf"), "Số 145.pdf"),
        (b"S? 145.pdf", 0, struct.pack("<HH", 1, 0) + unicode_path(b"S? 145.pdf", "Số 145.pdf"), "Số 145.pdf"),
        (b"S? 145.pdf", 0, unicode_path(b"S! 145.pdf", "Số 145.pdf"), "S? 145.pdf"),
    ],
)
def test_names_are_read_as_they_were_meant(raw: bytes, flags: int, extra: bytes, name: str) -> None:
    assert opened("goi.zip", archive(entry(raw, b"x", flags=flags, extra=extra))) == Opened((Member(name, b"x"),), None)


def test_one_name_that_is_not_the_utf8_it_claims_hides_nothing() -> None:
    packed = archive(entry(b"S\xf4\xec.pdf", b"x", flags=0x800), entry(NAME.encode(), b"y", flags=0x800))
    assert opened("goi.zip", packed) == Opened((Member("Số.pdf", b"x"), Member(NAME, b"y")), None)
    marked = archive(entry(b"S\xf4\xec.pdf", b"x", flags=0x800), entry("12 (MẬT).pdf".encode(), b"y", flags=0x800))
    assert secret_mark_in_file("goi.zip", marked) == "MẬT"


def test_inner_archives_give_way_to_their_members_two_deep() -> None:
    packed = zipped(("goi.zip", zipped(("trong.zip", zipped(("145.pdf", b"x"))))), ("146.pdf", b"y"))
    assert opened("a.zip", packed) == Opened((Member("goi.zip/trong.zip/145.pdf", b"x"), Member("146.pdf", b"y")), None)


def test_what_lies_deeper_stays_packed() -> None:
    deep = zipped(("145.pdf", b"x"))
    packed = zipped(("1.zip", zipped(("2.zip", zipped(("3.zip", deep), ("146.pdf", b"y"))))))
    found = opened("a.zip", packed)
    assert found.fault == "too-deep"
    assert Member("1.zip/2.zip/3.zip", deep) in found.members
    assert Member("1.zip/2.zip/146.pdf", b"y") in found.members
    assert not any(member.name.endswith("145.pdf") for member in found.members)


def test_a_detached_signature_at_the_last_depth_is_just_a_file() -> None:
    packed = zipped(("1.zip", zipped(("2.zip", zipped(("145.pdf.p7s", signed_detached()))))))
    assert opened("a.zip", packed) == Opened((Member("1.zip/2.zip/145.pdf.p7s", signed_detached()),), None)


def test_office_files_and_programs_are_not_opened() -> None:
    word = office("word/document.xml")
    assert opened("a.docx", word) == NOTHING
    assert opened("a.zip", zipped(("a.docx", word))) == Opened((Member("a.docx", word),), None)
    assert opened("a.exe", EXE + zipped(("a", b"x"))) == NOTHING


@pytest.mark.parametrize("data", [b"", b"%PDF-1", LETTER, b"Mau", EXE])
def test_what_is_no_container_holds_nothing(data: bytes) -> None:
    assert opened("a.bin", data) == NOTHING


def test_a_locked_member_hides_no_other() -> None:
    packed = archive(entry(b"1.pdf", b"x", flags=1), entry(b"2.pdf", b"y"), entry(b"3.pdf", b"z", flags=1, method=99))
    assert opened("goi.zip", packed) == Opened((Member("2.pdf", b"y"),), "locked")


@pytest.mark.parametrize("method", [1, 9, zipfile.ZIP_BZIP2, 93, 97, 0xFFFF])
def test_an_unknown_way_of_packing_hides_no_other(method: int) -> None:
    packed = archive(entry(b"1.pdf", b"x", method=method), entry(b"2.pdf", b"y"))
    assert opened("goi.zip", packed) == Opened((Member("2.pdf", b"y"),), "broken")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_every_way_of_packing_that_can_be_counted_is_unpacked(method: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as packed:
        packed.writestr("145.pdf", b"Mau" * 5000)
    assert opened("goi.zip", out.getvalue()) == Opened((Member("145.pdf", b"Mau" * 5000),), None)


@pytest.mark.parametrize(
    "broken",
    [
        entry(b"1.pdf", b"x" * 99, crc=1),
        entry(b"1.pdf", b"x" * 99, size=9),
        entry(b"1.pdf", b"x" * 99, packed=1),
        entry(b"1.pdf", b"x" * 99, at=5),
        entry(b"1.pdf", b"x" * 99, at=0x7FFFFFFF),
    ],
)
def test_a_damaged_member_hides_no_other(broken: Entry) -> None:
    assert opened("goi.zip", archive(entry(b"0.pdf", b"y"), broken, entry(b"2.pdf", b"z"))) == Opened(
        (Member("0.pdf", b"y"), Member("2.pdf", b"z")), "broken"
    )


def test_an_archive_cut_short_is_broken() -> None:
    packed = zipped(("145.pdf", b"x" * 1000))
    assert opened("goi.zip", packed[:-10]) == Opened((), "broken")
    outer = zipped(("trong.zip", packed[:-10]), ("2.pdf", b"y"))
    assert opened("goi.zip", outer) == Opened((Member("trong.zip", packed[:-10]), Member("2.pdf", b"y")), "broken")


def test_a_broken_inner_archive_stays_before_what_could_be_read() -> None:
    inner = archive(entry(b"1.pdf", b"x", flags=1), entry(b"2.pdf", b"y"))
    assert opened("goi.zip", zipped(("trong.zip", inner))) == Opened(
        (Member("trong.zip", inner), Member("trong.zip/2.pdf", b"y")), "locked"
    )


def test_an_empty_inner_archive_does_not_vanish() -> None:
    assert opened("goi.zip", zipped(("trong.zip", zipped()))) == Opened((Member("trong.zip", zipped()),), None)


def test_zip64_is_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed, packed.open("145.pdf", "w", force_zip64=True) as member:
        member.write(b"Mau")
    whole = out.getvalue()
    at = whole.rindex(b"PK\x05\x06")
    size, start = struct.unpack_from("<2I", whole, at + 12)
    end64 = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, size, start)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, at, 1)
    large = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert opened("goi.zip", whole[:at] + end64 + locator + large) == Opened((Member("145.pdf", b"Mau"),), None)


# Bombs: what comes out is counted, not what the list of members says.


def test_a_member_that_grows_a_thousand_times_is_left_out() -> None:
    packed = zipped(("1.pdf", b"x"), ("2.pdf", bytes(5 * FREE)), ("3.pdf", b"y"))
    assert opened("goi.zip", packed) == Opened((Member("1.pdf", b"x"),), "too-large")


def test_growth_below_a_million_bytes_harms_nobody() -> None:
    packed = zipped(("1.pdf", bytes(FREE)))
    assert len(packed) * MAX_RATIO < FREE
    assert opened("goi.zip", packed) == Opened((Member("1.pdf", bytes(FREE)),), None)


@pytest.mark.parametrize("told", [1, 1000, 0x7FFFFFFF])
def test_a_size_in_a_header_is_not_believed(told: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "MAX_UNPACKED", 10_000)
    found = opened("goi.zip", archive(entry(b"0.pdf", b"x"), entry(b"1.pdf", bytes(500_000), size=told)))
    assert found.members == (Member("0.pdf", b"x"),)
    assert found.fault == ("too-large" if told > 10_000 else "broken")


def test_all_members_together_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "MAX_UNPACKED", 10_000)
    packed = zipped(*((f"{number}.pdf", bytes(3_000)) for number in range(9)))
    assert opened("goi.zip", packed) == Opened(tuple(Member(f"{n}.pdf", bytes(3_000)) for n in range(3)), "too-large")


def test_members_that_share_their_bytes_are_counted_each_time() -> None:
    """A bomb after David Fifield, the simple sort: a thousand entries name one and the same member."""
    kernel = entry(b"a", bytes(100_000))
    shared = [entry(b"a", bytes(100_000), at=0) for _ in range(1000)]
    bomb = archive(kernel, *shared)
    found = opened("goi.zip", bomb)
    assert len(bomb) * 1000 < 100_000 * 1001
    assert found.fault in {"too-large", "broken"}  # later versions of zipfile refuse overlapping members themselves
    assert sum(len(member.data) for member in found.members) <= max(FREE, MAX_RATIO * len(bomb))


def test_a_bomb_of_bombs_is_counted_on_all_levels() -> None:
    """As 42.zip: 16 archives of 16 archives of 16 files."""
    layer = zipped(*((f"{n:x}.dll", bytes(2_000_000)) for n in range(16)))
    for _ in range(2):
        layer = zipped(*((f"{n:x}.zip", layer) for n in range(16)))
    found = opened("42.zip", layer)
    assert found.fault == "too-large"
    assert sum(len(member.data) for member in found.members) <= MAX_UNPACKED


def test_an_archive_that_holds_itself_ends_at_the_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Like a quine, without its art: the reader is made to see the same archive in each archive."""
    whole = archive(entry(b"r.zip", b"self", method=0))
    monkeypatch.setitem(containers._READERS, "zip", lambda _data, _unpacking: iter([Member("r.zip", whole)]))
    found = opened("r.zip", whole)
    assert found.fault == "too-deep"
    assert found.members == tuple(Member("/".join(["r.zip"] * depth), whole) for depth in (1, 2, 3))


def test_ten_thousand_members_are_read_and_no_more() -> None:
    names = [b"%d" % number for number in range(MAX_MEMBERS + 1)]
    entries = [entry(name, b"", method=0) for name in names]
    assert opened("goi.zip", archive(*entries[:-1])).fault is None
    found = opened("goi.zip", archive(*entries))
    assert (len(found.members), found.fault) == (MAX_MEMBERS, "too-many")


def test_members_of_all_archives_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "MAX_MEMBERS", 10)
    inner = zipped(*((f"{number}", b"x") for number in range(4)))
    found = opened("goi.zip", zipped(*((f"{number}.zip", inner) for number in range(9))))
    assert found.fault == "too-many"
    assert len(found.members) <= 10


def test_a_name_without_end_is_left_out() -> None:
    packed = archive(entry(b"a" * (MAX_NAME + 1), b"x"), entry(b"b" * MAX_NAME, b"y"))
    assert opened("goi.zip", packed) == Opened((Member("b" * MAX_NAME, b"y"),), "too-large")


def test_a_list_of_members_without_end_is_not_read() -> None:
    assert opened("goi.zip", zipped(("a", b"x")) + b"PK\x01\x02" * 100_001) == Opened((), "too-many")


# TNEF


def test_outlooks_attachments_come_out_with_their_long_names_and_the_text() -> None:
    assert opened("winmail.dat", TNEF) == Opened(
        (
            Member("body.txt", "Kính gửi Tỉnh ủy".encode()),
            Member(NAME, b"%PDF-1"),
            Member("Tờ trình.doc", b"two\0\0"),
            Member("Phụ lục.xls", b"three"),
        ),
        None,
    )


@pytest.mark.parametrize("code_page", [None, 1200, 0, 0xFFFFFFFF, 65001])
def test_a_code_page_that_is_none_hides_nothing(code_page: int | None) -> None:
    mail = winmail(attached(b"x", "Số.pdf".encode()), values=[(MAPI_BYTES, BODY, b"Mau\0")], code_page=code_page)
    assert opened("winmail.dat", mail) == Opened((Member("body.txt", b"Mau"), Member("Số.pdf", b"x")), None)


def test_an_attachment_without_a_name_gets_one() -> None:
    mail = winmail(attached(b"x", b""), attached(b"y", b"", (MAPI_UTF16, SHOWN_NAME, wide("Mẫu"))))
    assert opened("winmail.dat", mail) == Opened((Member("attachment-1", b"x"), Member("Mẫu", b"y")), None)


def test_a_message_within_a_message_is_opened() -> None:
    inner = MESSAGE_ID + TNEF
    mail = winmail(attached(None, b"Chuyen tiep", (MAPI_OBJECT, CONTENT_OBJECT, inner)))
    found = opened("winmail.dat", mail)
    assert (found.members[1], found.fault) == (Member(f"Chuyen tiep/{NAME}", b"%PDF-1"), None)
    assert len(found.members) == 4


@pytest.mark.parametrize(
    "body",
    [
        (MAPI_BINARY, BODY_HTML, "<html><p>Tờ trình</p></html>".encode()),
        (MAPI_BINARY, BODY_RTF, packed_rtf(rb"{\rtf1\ansi T\u7901? tr\u236?nh}")),
        (MAPI_BINARY, BODY_RTF, packed_rtf(rb"{\rtf1\ansi T\u7901? tr\u236?nh }")),
        (MAPI_BINARY, BODY_RTF, struct.pack("<4I", 12 + 32, 32, 0x414C454D, 0) + rb"{\rtf1\ansi T\u7901? tr\u236?nh}"),
    ],
)
def test_the_text_of_a_message_is_read_in_every_form(body: tuple[int, int, bytes]) -> None:
    assert opened("winmail.dat", winmail(values=[body])) == Opened((Member("body.txt", "Tờ trình".encode()),), None)


def test_compressed_rtf_with_runs_is_read() -> None:
    """The two examples of MS-OXRTFCP 4.1.1 and 4.1.2: words of the dictionary, and a run that crosses the write position."""
    simple = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    crossing = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    for packed, text in ((simple, "hello world"), (crossing, "WXYZWXYZWXYZWXYZWXYZ")):
        found = opened("winmail.dat", winmail(values=[(MAPI_BINARY, BODY_RTF, packed)]))
        assert [member.data.decode().strip() for member in found.members] == [text]


def test_containers_within_outlooks_are_opened() -> None:
    mail = winmail(attached(zipped(("145.pdf", b"x")), b"goi.zip"))
    assert opened("winmail.dat", mail) == Opened((Member("goi.zip/145.pdf", b"x"),), None)


@pytest.mark.parametrize(
    "hostile",
    [
        tnef_object(1, 0x00069003, b"\xff\xff\xff\xff"),
        tnef_object(1, 0x00069003, struct.pack("<I2HI", 1, 0x1003, 0x1234, 0xFFFFFFFF)),
        tnef_object(1, 0x00069003, struct.pack("<I2HI", 1, 0x101E, 0x1234, 0xFFFFFFFF) + b"\xff" * 40),
        tnef_object(1, 0x00069003, mapi((0x33, 0x1000, b""))),
        tnef_object(1, 0x00069003, b""),
        tnef_object(2, 0x00069005, b"\xff\xff\xff\xff"),
        tnef_object(1, 0x00069003, mapi((MAPI_BINARY, BODY_RTF, b"no rtf"))),
        tnef_object(1, 0x00069003, mapi((MAPI_BINARY, BODY_RTF, packed_rtf(b"{rtf1}")[:-3]))),
    ],
)
def test_counts_that_lie_cost_their_own_object_only(hostile: bytes) -> None:
    """Stock tnefparse 1.4.0 counts to 4,294,967,295 on the first two of these."""
    found = opened("winmail.dat", winmail(attached(b"x", b"1.pdf"), hostile, attached(b"y", b"2.pdf")))
    assert found == Opened((Member("1.pdf", b"x"), Member("2.pdf", b"y")), "broken")


def test_what_stands_before_the_break_is_read() -> None:
    mail = winmail(attached(b"x", b"1.pdf"), attached(b"y" * 100, b"2.pdf"))
    assert opened("winmail.dat", mail[:-50]) == Opened((Member("1.pdf", b"x"), Member("2.pdf", b"")), "broken")


def test_values_are_counted_in_all_lists_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "_MOST_CUTS", 10)
    named = attached(b"x", b"1", (MAPI_UTF16, LONG_NAME, wide("long")))
    found = opened("winmail.dat", winmail(*[named] * 20))
    assert found.fault == "broken"
    assert [member.name for member in found.members] == ["long"] * 10 + ["1"] * 10


def test_objects_without_end_are_not_read() -> None:
    mail = winmail(attached(b"x", b"1.pdf"), tnef_object(1, 0x8888, b"") * 100_001)
    assert opened("winmail.dat", mail) == Opened((Member("1.pdf", b"x"),), "too-many")


def test_messages_within_messages_end_at_the_depth() -> None:
    mail = TNEF
    for _ in range(400):
        mail = winmail(attached(None, b"a", (MAPI_OBJECT, CONTENT_OBJECT, MESSAGE_ID + mail)))
    assert opened("winmail.dat", mail).fault == "too-deep"


# CMS


def signed_detached() -> bytes:
    data = {
        "version": "v1",
        "digest_algorithms": [],
        "encap_content_info": {"content_type": "data"},
        "signer_infos": [],
    }
    return cms.ContentInfo({"content_type": "signed_data", "content": data}).dump()  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key, its certificate and what `openssl cms` makes of a letter with them: a file for each form."""
    here = tmp_path_factory.mktemp("cms")
    (here / "letter").write_bytes(LETTER)
    sign = ["-sign", "-signer", "cert", "-inkey", "key", "-binary", "-nodetach"]
    for command in (
        [
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            "key",
            "-out",
            "cert",
            "-subj",
            "/CN=Mau",
        ],
        ["cms", *sign, "-in", "letter", "-outform", "DER", "-out", "der"],
        ["cms", *sign, "-in", "letter", "-outform", "PEM", "-out", "pem"],
        ["cms", *sign, "-in", "letter", "-outform", "DER", "-stream", "-out", "ber"],
        [
            "cms",
            "-sign",
            "-signer",
            "cert",
            "-inkey",
            "key",
            "-binary",
            "-in",
            "letter",
            "-outform",
            "DER",
            "-out",
            "detached",
        ],
        ["cms", "-encrypt", "-aes128", "-in", "letter", "-outform", "DER", "-out", "enveloped", "cert"],
        ["cms", "-encrypt", "-aes-128-gcm", "-in", "letter", "-outform", "DER", "-out", "authenveloped", "cert"],
        [
            "cms",
            "-EncryptedData_encrypt",
            "-aes128",
            "-secretkey",
            "00" * 16,
            "-in",
            "letter",
            "-outform",
            "PEM",
            "-out",
            "encrypted",
        ],
    ):
        subprocess.run(["openssl", *command], cwd=here, check=True, capture_output=True)  # noqa: S607  openssl of the machine
    return here


@pytest.mark.parametrize("form", ["der", "pem", "ber"])
def test_a_signed_letter_is_taken_out_of_its_envelope(made: Path, form: str) -> None:
    assert opened("smime.p7m", (made / form).read_bytes()) == Opened((Member("smime.eml", LETTER),), None)


def in_pieces(content: bytes, size: int, *, tag: int = 4) -> bytes:
    """Signed-data of indefinite length (BER) as programs write it that sign a stream."""
    data, signed_data = bytes.fromhex("06092a864886f70d010701"), bytes.fromhex("06092a864886f70d010702")
    cut = [content[at : at + size] for at in range(0, len(content), size)]
    octets = b"".join(bytes([tag, 0x82]) + len(piece).to_bytes(2, "big") + piece for piece in cut)
    inside = b"\x30\x80" + data + b"\xa0\x80\x24\x80" + octets + bytes(6)
    return b"\x30\x80" + signed_data + b"\xa0\x80\x30\x80\x02\x01\x01\x31\0" + inside + b"\x31\0" + bytes(6)


def test_a_large_letter_in_pieces_is_put_together_in_reasonable_time() -> None:
    """The library's own way takes minutes here."""
    letter = LETTER * 500_000
    assert opened("smime.p7m", in_pieces(letter, 1000)) == Opened((Member("smime.eml", letter),), None)
    assert opened("smime.p7m", in_pieces(LETTER, 10, tag=0x24)) == Opened((), "broken")


def test_a_detached_signature_holds_nothing(made: Path) -> None:
    assert opened("145.pdf.p7s", (made / "detached").read_bytes()) == NOTHING


@pytest.mark.parametrize("form", ["enveloped", "authenveloped", "encrypted"])
def test_what_is_encrypted_is_told(made: Path, form: str) -> None:
    assert opened("smime.p7m", (made / form).read_bytes()) == Opened((), "encrypted")


def test_a_signed_letter_in_an_archive_stays_beside_what_it_holds(made: Path) -> None:
    letter = (made / "der").read_bytes()
    assert opened("goi.zip", zipped(("smime.p7m", letter))) == Opened(
        (Member("smime.p7m", letter), Member("smime.p7m/smime.eml", LETTER)), None
    )


def test_what_is_signed_but_no_data_is_not_taken_for_a_letter() -> None:
    data, digested = bytes.fromhex("2a864886f70d010701"), bytes.fromhex("2a864886f70d010705")
    assert opened("a.p7m", signed(b"0").replace(data, digested)) == NOTHING


def compressed(content: bytes) -> bytes:
    inside = {"content_type": "data", "content": content}
    data = {"version": "v0", "compression_algorithm": {"algorithm": "zlib"}, "encap_content_info": inside}
    return cms.ContentInfo({"content_type": "compressed_data", "content": data}).dump()  # type: ignore[no-any-return]


def test_a_compressed_letter_is_unpacked_within_limits() -> None:
    assert opened("smime.p7m", compressed(zlib.compress(LETTER))) == Opened((Member("smime.eml", LETTER),), None)
    assert opened("smime.p7m", compressed(zlib.compress(bytes(FREE + 1)))) == Opened((), "too-large")
    assert opened("smime.p7m", compressed(zlib.compress(LETTER)[:-8])) == Opened((), "broken")


@pytest.mark.parametrize("cut", [30, 60])
def test_a_torso_of_cms_is_broken(made: Path, cut: int) -> None:
    letter = (made / "der").read_bytes()
    assert opened("smime.p7m", letter[:cut]) == Opened((), "broken")
    assert opened("smime.p7m", armoured(letter[:cut])) == Opened((), "broken")


# Anything at all

FEW, LITTLE = 12, 20_000
WHOLE = [
    zipped(("1.pdf", b"x" * 100), ("goi.zip", zipped((NAME, b"y" * 50)))),
    archive(entry(b"a", bytes(3000)), *(entry(b"a", bytes(3000), at=0) for _ in range(20))),
    TNEF,
    winmail(attached(None, b"a", (MAPI_OBJECT, CONTENT_OBJECT, MESSAGE_ID + TNEF))),
    signed(LETTER),
    compressed(zlib.compress(bytes(3000))),
]


def holds(name: str, data: bytes) -> None:
    found = opened(name, data)
    assert found.fault is None or found.fault in FAULTS
    assert len(found.members) <= FEW
    assert sum(len(member.data) for member in found.members) <= LITTLE
    assert all(len(member.name) <= 3 * MAX_NAME + 2 for member in found.members)


@pytest.fixture(scope="module")
def _small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(containers, "MAX_UNPACKED", LITTLE)
        patch.setattr(containers, "MAX_MEMBERS", FEW)
        yield


@pytest.mark.usefixtures("_small")
@given(st.text(max_size=9), st.sampled_from([b"", *(whole[:4] for whole in WHOLE)]), st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_no_bytes_make_it_raise(name: str, start: bytes, data: bytes) -> None:
    holds(name, start + data)


@pytest.mark.usefixtures("_small")
@given(st.sampled_from(WHOLE), st.lists(st.tuples(st.integers(0, 1400), st.binary(min_size=1, max_size=4)), max_size=4))
@settings(max_examples=300, deadline=None)
def test_no_damage_makes_it_raise(whole: bytes, damages: list[tuple[int, bytes]]) -> None:
    damaged = bytearray(whole)
    for at, noise in damages:
        damaged[at % len(whole) : at % len(whole) + len(noise)] = noise
    holds("a", bytes(damaged))
    holds("a.zip", zipped(("a", bytes(damaged))))
