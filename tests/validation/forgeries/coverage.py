"""Universal signature forgery and signature wrapping: odd /ByteRange, odd /Contents, parts moved."""

import re

from tests.validation.forgeries.hand import (
    CONTENT,
    CONTENTS,
    NEW,
    field_number,
    read,
    revise,
    rewrite,
    signature_number,
    stream,
    with_entries,
)
from tests.validation.forgeries.kinds import INVALID, Change, Variant, keyless

EVIL = stream(CONTENT.replace(b"so 12", b"so 92"))
_RANGE = re.compile(rb"/ByteRange \[[^\]]*\]")
_HEX = re.compile(rb"/Contents <[0-9a-fA-F]{512,}>")


def range_of(pdf: bytes) -> list[int]:
    """The seal's /ByteRange; the seal is the last signature."""
    return [int(number) for number in _RANGE.findall(pdf)[-1][12:-1].split()]


def in_place(pattern: re.Pattern[bytes], new: bytes) -> Change:
    """Overwrite the last match without moving anything."""

    def change(pdf: bytes) -> bytes:
        last = list(pattern.finditer(pdf))[-1]
        assert len(new) <= len(last.group())
        return pdf[: last.start()] + new.ljust(last.end() - last.start()) + pdf[last.end() :]

    return change


def redefined(entries: dict[str, bytes | None], *, evil: bool = True) -> Change:
    """The seal's dictionary once more, with other entries, in a revision that also changes the page."""

    def change(pdf: bytes) -> bytes:
        return rewrite(pdf, signature_number(pdf, "ConDau"), entries, {CONTENTS: EVIL} if evil else {})

    return change


def ranged(write: str) -> Change:
    """The seal redefined with a /ByteRange of `write`, in which {b}, {c} and {d} are the true numbers, {e} the end."""

    def change(pdf: bytes) -> bytes:
        _a, b, c, d = range_of(pdf)
        value = write.format(b=b, c=c, d=d, e=len(pdf), plus=d + 200).encode()
        return rewrite(pdf, signature_number(pdf, "ConDau"), {"/ByteRange": value}, {CONTENTS: EVIL})

    return change


def in_gap(insert: bytes) -> Change:
    """Shorten the hex string by its zero padding and write other keys into the bytes that no digest covers."""

    def change(pdf: bytes) -> bytes:
        _a, start, stop, _d = range_of(pdf)
        gap = pdf[start:stop]
        digits = gap[1:-1].rstrip(b"0")
        digits += b"0" * (len(digits) % 2)
        new = b"<" + digits + b">" + insert
        assert len(new) <= len(gap)
        return pdf[:start] + new.ljust(len(gap)) + pdf[stop:]

    return change


def padding(fill: bytes, tail: bytes = b"") -> Change:
    """Other digits in place of the zero padding behind the CMS."""

    def change(pdf: bytes) -> bytes:
        _a, start, stop, _d = range_of(pdf)
        gap = pdf[start + 1 : stop - 1]
        digits = gap.rstrip(b"0")
        digits += b"00" + b"0" * (len(digits) % 2)
        rest = (fill * len(gap))[: len(gap) - len(digits) - len(tail)] + tail
        return pdf[: start + 1] + digits + rest + pdf[stop - 1 :]

    return change


def second_part_moved(pdf: bytes) -> bytes:
    """Wrapping: what follows /Contents stands at the end once more, and the dictionary claims it is signed there."""
    _a, b, c, d = range_of(pdf)
    evil = revise(pdf, {CONTENTS: EVIL})
    number = signature_number(pdf, "ConDau")
    body = with_entries(read(pdf, number), {"/ByteRange": b"[0 %d %d %d]" % (b, len(evil), d)})
    return revise(evil + pdf[c : c + d], {number: body, CONTENTS: EVIL})


def second_part_moved_away(pdf: bytes) -> bytes:
    """The same without the original second part: bytes of our own stand in its place."""
    _a, _b, c, d = range_of(pdf)
    return pdf[:c] + b" >>\nendobj\n%d 0 obj\n" % CONTENTS + EVIL + b"\nendobj\n" + pdf[c : c + d]


def range_in_gap(pdf: bytes) -> bytes:
    """A second /ByteRange where no digest sees it; the second part stands at the end once more."""
    _a, b, _c, d = range_of(pdf)
    wrapped = in_gap(b" /ByteRange [0 %d %d %d]" % (b, len(pdf), d))(pdf)
    return wrapped + pdf[-d:]


def contents_elsewhere(pdf: bytes) -> bytes:
    number = signature_number(pdf, "ConDau")
    body = with_entries(read(pdf, number), {"/Contents": b"%d 0 R" % NEW})
    value = re.search(rb"/Contents (<[0-9a-fA-F]+>)", with_entries(read(pdf, number), {}))
    assert value
    return revise(pdf, {number: body, NEW: value.group(1), CONTENTS: EVIL})


def leaders_contents(pdf: bytes) -> bytes:
    """The seal with the leader's range and CMS: both are genuine."""
    leader = read(pdf, signature_number(pdf, "LanhDao"))
    number = signature_number(pdf, "ConDau")
    return revise(pdf, {number: with_entries(leader, {}), CONTENTS: EVIL})


VARIANTS: tuple[Variant, ...] = (
    *keyless(
        "universal forgery, /ByteRange",
        {
            "missing": redefined({"/ByteRange": None}),
            "null": redefined({"/ByteRange": b"null"}),
            "empty": redefined({"/ByteRange": b"[]"}),
            "a name": redefined({"/ByteRange": b"/All"}),
            "a string": redefined({"/ByteRange": b"(0 10 20 30)"}),
            "a number": redefined({"/ByteRange": b"0"}),
            "a dictionary": redefined({"/ByteRange": b"<< >>"}),
            "nulls": redefined({"/ByteRange": b"[null null null null]"}),
            "nested": redefined({"/ByteRange": b"[[0 10] [20 30]]"}),
            "negative start": ranged("[-1 {b} {c} {d}]"),
            "negative length": ranged("[0 -{b} {c} {d}]"),
            "negative rest": ranged("[0 {b} {c} -{d}]"),
            "overlapping": ranged("[0 {c} {b} {d}]"),
            "all zero": ranged("[0 0 0 0]"),
            "zero lengths": ranged("[0 0 {c} 0]"),
            "zero rest": ranged("[0 {b} {c} 0]"),
            "first part only": ranged("[0 {b}]"),
            "one pair for all": ranged("[0 {e}]"),
            "beginning left out": ranged("[100 {b} {c} {d}]"),
            "beyond the end": ranged("[0 {b} {c} 99999999]"),
            "huge numbers": ranged("[0 {b} {c} 99999999999999999999]"),
            "five numbers": ranged("[0 {b} {c} {d} 0]"),
            "six numbers": ranged("[0 {b} {c} {d} {e} 0]"),
            "floats": ranged("[0.0 {b}.0 {c}.0 {d}.0]"),
            "strings": ranged("[(0) ({b}) ({c}) ({d})]"),
            "as it was": redefined({}),
            "indirect": lambda pdf: rewrite(
                pdf,
                signature_number(pdf, "ConDau"),
                {"/ByteRange": b"%d 0 R" % NEW},
                {NEW: str(range_of(pdf)).encode(), CONTENTS: EVIL},
            ),
            "indirect numbers": lambda pdf: rewrite(
                pdf,
                signature_number(pdf, "ConDau"),
                {"/ByteRange": b"[0 %d 0 R %d 0 R %d 0 R]" % (NEW, NEW + 1, NEW + 2)},
                {CONTENTS: EVIL, **{NEW + index: str(value).encode() for index, value in enumerate(range_of(pdf)[1:])}},
            ),
            "lost in place": in_place(_RANGE, b""),
            "all zero in place": in_place(_RANGE, b"/ByteRange [0 0 0 0]"),
            "null in place": in_place(_RANGE, b"/ByteRange null"),
            "renamed in place": in_place(re.compile(rb"/ByteRange "), b"/ByteRangX "),
        },
        base="approval",
    ),
    *keyless(
        "universal forgery, /Contents",
        {
            "missing": redefined({"/Contents": None}),
            "null": redefined({"/Contents": b"null"}),
            "empty": redefined({"/Contents": b"<>"}),
            "a number": redefined({"/Contents": b"0"}),
            "a name": redefined({"/Contents": b"/Seal"}),
            "an array": redefined({"/Contents": b"[]"}),
            "zeros": redefined({"/Contents": b"<" + b"00" * 64 + b">"}),
            "odd hex": redefined({"/Contents": b"<30820>"}),
            "an empty sequence": redefined({"/Contents": b"<3000>"}),
            "an endless length": redefined({"/Contents": b"<3084ffffffff>"}),
            "zeros in place": in_place(_HEX, b"/Contents <00>"),
            "empty in place": in_place(_HEX, b"/Contents <>"),
            "lost in place": in_place(_HEX, b""),
            "null in place": in_place(_HEX, b"/Contents null"),
            "odd hex in place": lambda pdf: in_gap(b"")(pdf).replace(b"00>", b"0 >"),
            "other /SubFilter": redefined({"/SubFilter": b"/adbe.x509.rsa_sha1"}),
            "no /SubFilter": redefined({"/SubFilter": None}),
            "time stamp /SubFilter": redefined({"/SubFilter": b"/ETSI.RFC3161"}),
            "type of a time stamp": redefined({"/Type": b"/DocTimeStamp"}),
            "other /Filter": redefined({"/Filter": b"/Nobody"}),
            "/V null": lambda pdf: rewrite(pdf, _seal(pdf), {"/V": b"null"}, {CONTENTS: EVIL}),
            "/V a string": lambda pdf: rewrite(pdf, _seal(pdf), {"/V": b"(signed)"}, {CONTENTS: EVIL}),
            "/V empty": lambda pdf: rewrite(pdf, _seal(pdf), {"/V": b"<< >>"}, {CONTENTS: EVIL}),
            "/V a loop": lambda pdf: rewrite(pdf, _seal(pdf), {"/V": b"%d 0 R" % _seal(pdf)}, {CONTENTS: EVIL}),
            "/V nowhere": lambda pdf: rewrite(pdf, _seal(pdf), {"/V": b"5000 0 R"}, {CONTENTS: EVIL}),
        },
        base="approval",
    ),
    *keyless(
        "signature wrapping",
        {
            "second part moved": second_part_moved,
            "second part moved away": second_part_moved_away,
            "range in the gap": range_in_gap,
            "contents as an object of its own": contents_elsewhere,
            "contents duplicated in the gap": in_gap(b" /Contents <00>"),
            "reason in the gap": in_gap(b" /Reason (Dong y)"),
            "comment in the gap": in_gap(b" % <>"),
            "empty string in the gap": in_gap(b" /Note <>"),
        },
        base="approval",
    ),
    *keyless("signature wrapping", {"the leader's range and contents": leaders_contents}),
    *keyless(
        "signature wrapping, padding",
        {
            "digits behind the CMS": padding(b"a7"),
            "a PDF header behind the CMS": padding(b"255044462d312e37"),
            "blanks behind the CMS": padding(b"  "),
            "line ends behind the CMS": padding(b"\r\n"),
            "one digit behind the CMS": padding(b"0", b"1"),
        },
        base="approval",
    ),
    *keyless(
        "signed bytes",
        {
            "text": lambda pdf: pdf.replace(b"van so 12", b"van so 92"),
            "number": lambda pdf: pdf.replace(b"(145)", b"(146)"),
            "image": lambda pdf: pdf.replace(b"\x80\x00\x00" * 4, b"\x00\x00\x80" * 4),
            "a blank made a line end": lambda pdf: pdf.replace(b"BT /F1 12 Tf 60 725", b"BT\n/F1 12 Tf 60 725"),
        },
        allowed=INVALID,
    ),
)


def _seal(pdf: bytes) -> int:
    return field_number(pdf, "ConDau")
