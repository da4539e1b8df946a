"""Polyglots and files glued together, and references that lead elsewhere than the signer's reader went."""

import re
import zipfile
from io import BytesIO

from tests.validation.forgeries.coverage import EVIL
from tests.validation.forgeries.hand import (
    CONTENT,
    CONTENTS,
    FONT,
    NEW,
    OBJECTS,
    PAGE,
    body_of,
    longer,
    look,
    pack,
    packed_table,
    read,
    revise,
    rewrite,
    root_of,
    stream,
    written,
)
from tests.validation.forgeries.kinds import HARMLESS, ROLLED_BACK, Change, Variant, keyless

_EVIL_FILE = written({**OBJECTS, CONTENTS: EVIL})
_SYMBOL = b"<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>"


def zipped() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "999")
    return out.getvalue()


def starts(pdf: bytes) -> list[int]:
    """The offsets behind every startxref."""
    return [int(number) for number in re.findall(rb"startxref\s+(\d+)", pdf)]


def ending(offset: int) -> bytes:
    return b"startxref\n%d\n%%%%EOF\n" % offset


def zip_around(pdf: bytes) -> bytes:
    """A ZIP archive that has the PDF, unpacked, as its first member."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.pdf", pdf)
    return out.getvalue()


def commented(pdf: bytes) -> bytes:
    """The changed page hides behind the last %%EOF, within what looks like a comment of a ZIP archive."""
    return pdf + revise(pdf, {CONTENTS: EVIL})[len(pdf) :].replace(b"%%EOF\n", b"")


def evil_with_offset(pdf: bytes) -> bytes:
    """A whole other file behind the signed one, its offsets counted from its own beginning."""
    return pdf + _EVIL_FILE


def evil_moved(pdf: bytes) -> bytes:
    """A whole other file behind the signed one, its offsets put right; nothing leads back to the signed one."""
    shift = len(pdf)
    moved = re.sub(rb"\d{10}(?= 00000 n)", lambda found: b"%010d" % (int(found.group()) + shift), _EVIL_FILE)
    return pdf + re.sub(rb"(?<=startxref\n)\d+", lambda found: b"%d" % (int(found.group()) + shift), moved)


def linearized_lie(pdf: bytes) -> bytes:
    return revise(pdf, {NEW: b"<< /Linearized 1 /L %d /H [0 0] /O 3 /E 100 /N 1 /T 100 >>" % len(pdf), CONTENTS: EVIL})


POLYGLOTS: tuple[Variant, ...] = (
    *keyless(
        "polyglot",
        {
            "ZIP behind": lambda pdf: pdf + zipped(),
            "ZIP around": zip_around,
            "ZIP in front": lambda pdf: zipped() + pdf,
            "HTML in front": lambda pdf: b"<html><script>document.write('999')</script><!-- " + pdf,
            "HTML behind": lambda pdf: pdf + b"<html><body>999</body></html>",
            "HTML in a comment behind": lambda pdf: pdf + b"%<html><body>999</body></html>\n",
            "script in front": lambda pdf: b"#!/bin/sh\necho 999\n" + pdf,
            "one byte in front": lambda pdf: b"\n" + pdf,
            "one byte behind": lambda pdf: pdf + b"x",
            "zero bytes behind": lambda pdf: pdf + b"\0" * 64,
            "blanks behind": lambda pdf: pdf + b" \n" * 20,
            "header far inside": lambda pdf: b"x" * 1000 + pdf,
            "header beyond reach": lambda pdf: b"x" * 2000 + pdf,
            "evil file in front": lambda pdf: _EVIL_FILE + pdf,
            "evil file behind": evil_with_offset,
            "evil file behind, offsets right": evil_moved,
            "itself twice": lambda pdf: pdf + pdf,
            "other header": lambda pdf: b"%PDF-2.0" + pdf[8:],
            "last byte gone": lambda pdf: pdf[:-1] + b"" if pdf.endswith(b"%%EOF") else pdf[:-2],
            "changed page without an end": commented,
            "claims to be linearised": linearized_lie,
        },
        allowed=ROLLED_BACK,
    ),
    *keyless(
        "end of file",
        {
            "second %%EOF": lambda pdf: pdf + b"%%EOF\n",
            "second startxref, same": lambda pdf: pdf + ending(starts(pdf)[-1]),
            "startxref to the first revision": lambda pdf: pdf + ending(starts(pdf)[0]),
            "startxref to the leader's revision": lambda pdf: pdf + ending(starts(pdf)[2]),
            "startxref to zero": lambda pdf: pdf + ending(0),
            "startxref to the end": lambda pdf: pdf + ending(len(pdf)),
            "startxref beyond": lambda pdf: pdf + ending(10**9),
            "startxref negative": lambda pdf: pdf + b"startxref\n-5\n%%EOF\n",
            "startxref without a number": lambda pdf: pdf + b"startxref\n%%EOF\n",
            "%%EOF missing": lambda pdf: revise(pdf, {CONTENTS: EVIL}).removesuffix(b"%%EOF\n"),
            "startxref a little off": lambda pdf: (
                revise(pdf, {CONTENTS: EVIL})[: -len(ending(starts(revise(pdf, {CONTENTS: EVIL}))[-1]))]
                + ending(starts(revise(pdf, {CONTENTS: EVIL}))[-1] - 3)
            ),
            "update in a comment": lambda pdf: (
                pdf + b"%" + revise(pdf, {CONTENTS: EVIL})[len(pdf) :].replace(b"\n", b"\r")
            ),
        },
        allowed=ROLLED_BACK,
    ),
)


def at(pdf: bytes, number: int) -> int:
    """The offset of an object's header."""
    found = list(re.finditer(rb"(?<![0-9])%d 0 obj" % number, pdf))
    return found[-1].start()


def entry(number: int, to: int, *, shift: int = 0, generation: int = 0, kind: bytes = b"n") -> Change:
    """A table that leads object `number` to the header of `to`."""
    return lambda pdf: revise(pdf, {}, entries={number: (at(pdf, to) + shift, generation, kind)})


def new_and_entry(number: int, body: bytes) -> Change:
    """A new object, and a table that leads another number to it."""
    return lambda pdf: revise(pdf, {NEW: body}, entries={number: (len(pdf), 0, b"n")})


def other_generation(pdf: bytes) -> bytes:
    changed = revise(pdf, {CONTENTS: EVIL}, generation=1)
    return rewrite(changed, PAGE, {"/Contents": b"4 1 R"})


def hybrid(pdf: bytes) -> bytes:
    """A classic table whose trailer names a cross-reference stream that says something else."""
    place = len(pdf)
    body = b"%d 0 obj\n%s\nendobj\n" % (CONTENTS, EVIL)
    start = place + len(body)
    section = packed_table({CONTENTS: (place, 0, b"n")}, b"/Size 23 /Root %d 0 R" % root_of(pdf), start, NEW + 5)
    section = section[: section.index(b"startxref")]
    return revise(pdf + body + section, {NEW: b"null"}, extra=b"/XRefStm %d" % start, prev=starts(pdf)[-1])


def stream_after_table(pdf: bytes) -> bytes:
    return revise(pdf, {CONTENTS: EVIL}, table=False)


def table_after_stream(pdf: bytes) -> bytes:
    return revise(pdf, {CONTENTS: EVIL}, table=True)


def packed_overrides(pdf: bytes) -> bytes:
    """A font in an object stream takes the place of one that stands on its own."""
    return revise(pdf, {NEW: pack({FONT: _SYMBOL})}, entries={FONT: (NEW, 0, b"c")}, table=False)


def pack_in_pack(pdf: bytes) -> bytes:
    inner = {NEW: b"<< /Type /ObjStm >>", FONT: _SYMBOL}
    return revise(pdf, {NEW + 1: pack(inner)}, entries={FONT: (NEW, 0, b"c"), NEW: (NEW + 1, 0, b"c")}, table=False)


def wrong_index(pdf: bytes) -> bytes:
    """The table's index leads to another object of the stream than its number."""
    return revise(
        pdf, {NEW: pack({FONT: body_of(pdf, FONT), NEW + 1: _SYMBOL})}, entries={FONT: (NEW, 1, b"c")}, table=False
    )


def pack_twice(pdf: bytes) -> bytes:
    """The stream lists one number twice."""
    header = b"5 0 5 60 "
    body = (body_of(pdf, FONT)).ljust(59)[:59] + b" " + _SYMBOL
    both = stream(header + body, b"/Type /ObjStm /N 2 /First %d" % len(header))
    return revise(pdf, {NEW: both}, entries={FONT: (NEW, 0, b"c")}, table=False)


def extends(pdf: bytes) -> bytes:
    """The genuine object stream replaced by one that extends another."""
    body = pack({FONT: _SYMBOL}).replace(b"/Type /ObjStm", b"/Type /ObjStm /Extends 30 0 R")
    return revise(pdf, {NEW: body}, entries={FONT: (NEW, 0, b"c")}, table=False)


def two_sections(pdf: bytes) -> bytes:
    """The table lists object 4 twice: as it was, and changed."""
    place = len(pdf)
    changed = revise(pdf, {CONTENTS: EVIL})
    row = b"4 1\n%010d 00000 n \n" % place
    assert changed.count(row) == 1
    return changed.replace(row, b"4 1\n%010d 00000 n \n" % at(pdf, CONTENTS) + row)[
        : -len(ending(starts(changed)[-1]))
    ] + ending(starts(changed)[-1])


def previous(offset_of: "str") -> Change:
    """/Prev that leads round in a circle, nowhere, or past the signatures."""

    def change(pdf: bytes) -> bytes:
        changed = revise(pdf, {CONTENTS: EVIL})
        prev = {"itself": starts(changed)[-1], "nowhere": 7, "first": starts(pdf)[0], "beyond": 10**8}[offset_of]
        return revise(pdf, {CONTENTS: EVIL}, prev=prev)

    return change


_TRICKY = EVIL.replace(b"(Noi dung", b"(endobj\n4 0 obj\n<< >>\nendobj) Tj (Noi dung")

REFERENCES: tuple[Variant, ...] = (
    *keyless(
        "references",
        {
            "entry to another object": entry(CONTENTS, 8),
            "entry into an object": entry(CONTENTS, 4, shift=2),
            "entry to a new object of another number": new_and_entry(CONTENTS, EVIL),
            "entry to nowhere": lambda pdf: revise(pdf, {}, entries={CONTENTS: (5, 0, b"n")}),
            "entry beyond the end": lambda pdf: revise(pdf, {}, entries={CONTENTS: (10**9, 0, b"n")}),
            "entry of another generation": entry(CONTENTS, 4, generation=3),
            "entry of another kind": entry(CONTENTS, 4, kind=b"f"),
            "object of another generation": other_generation,
            "free entry with an offset": entry(8, 4, kind=b"f"),
            "page entry to page 2": entry(PAGE, 7),
            "two entries for one object": two_sections,
            "cross-reference stream after tables": stream_after_table,
            "hybrid": hybrid,
            "packed object over an unpacked one": packed_overrides,
            "object stream within an object stream": pack_in_pack,
            "/Prev to itself": previous("itself"),
            "/Prev to nowhere": previous("nowhere"),
            "/Prev beyond the end": previous("beyond"),
            "/Size too small": lambda pdf: revise(pdf, {CONTENTS: EVIL}, size=5),
            "/Size too large": lambda pdf: revise(pdf, {CONTENTS: EVIL}, size=9_000_000),
            "/Root to a page": lambda pdf: revise(pdf, {CONTENTS: EVIL}, root=PAGE),
            "/Root nowhere": lambda pdf: revise(pdf, {CONTENTS: EVIL}, root=7000),
            "/Encrypt added": lambda pdf: revise(
                pdf, {CONTENTS: EVIL}, extra=b"/Encrypt << /Filter /Standard /V 1 /R 2 >>"
            ),
            "/Info other": lambda pdf: revise(
                pdf, {NEW: b"<< /Title (Khac) >>", CONTENTS: EVIL}, extra=b"/Info %d 0 R" % NEW
            ),
            "endobj in a string": lambda pdf: revise(pdf, {CONTENTS: _TRICKY}),
            "endstream too early": lambda pdf: revise(
                pdf, {CONTENTS: EVIL.replace(b"ET", b"ET\nendstream\nendobj\n", 1)}
            ),
            "length too small": lambda pdf: revise(pdf, {CONTENTS: re.sub(rb"/Length \d+", b"/Length 30", EVIL)}),
            "length too large": lambda pdf: revise(pdf, {CONTENTS: re.sub(rb"/Length \d+", b"/Length 99999", EVIL)}),
            "length elsewhere": lambda pdf: revise(
                pdf, {CONTENTS: re.sub(rb"/Length \d+", b"/Length %d 0 R" % NEW, EVIL), NEW: b"%d" % len(CONTENT)}
            ),
            "comment before the object": lambda pdf: revise(pdf, {CONTENTS: b"% endobj\n" + EVIL}),
            "reference of a reference": lambda pdf: revise(pdf, {CONTENTS: b"%d 0 R" % NEW, NEW: EVIL}),
            "reference to itself": lambda pdf: revise(pdf, {CONTENTS: b"4 0 R"}),
            "key written with #": lambda pdf: rewrite(pdf, PAGE, {"/Cont#65nts": b"%d 0 R" % NEW}, {NEW: EVIL}),
            "key twice": lambda pdf: revise(
                pdf, {PAGE: body_of(pdf, PAGE).replace(b"<<", b"<< /Contents %d 0 R " % NEW, 1), NEW: EVIL}
            ),
            "key twice, later": lambda pdf: revise(
                pdf, {PAGE: body_of(pdf, PAGE)[:-2] + b"/Contents %d 0 R >>" % NEW, NEW: EVIL}
            ),
            "filter added": lambda pdf: rewrite(pdf, CONTENTS, {"/Filter": b"/ASCIIHexDecode"}),
            "external stream": lambda pdf: rewrite(pdf, CONTENTS, {"/F": b"(other.txt)"}),
            "catalog freed": lambda pdf: revise(pdf, {}, free=[root_of(pdf)]),
            "everything freed": lambda pdf: revise(pdf, {}, free=range(3, 23)),
            "object null": lambda pdf: revise(pdf, {8: b"null"}),
            "page tree a loop": lambda pdf: rewrite(pdf, 2, {"/Kids": b"[3 0 R 2 0 R 7 0 R]"}),
        },
        base="approval",
    ),
    *keyless("references", {"entry before an object": entry(CONTENTS, 4, shift=-1)}, base="approval", allowed=HARMLESS),
    *keyless("references", {"/Prev past the signatures": previous("first")}, allowed=ROLLED_BACK),
    *keyless(
        "references, object streams",
        {
            "table after streams": table_after_stream,
            "packed object over a packed one": packed_overrides,
            "wrong index": wrong_index,
            "one number twice": pack_twice,
            "extends": extends,
            "object stream within an object stream": pack_in_pack,
            "index of another object": lambda pdf: revise(pdf, {}, entries={PAGE: (30, 4, b"c")}),
            "unpacked over a packed one": lambda pdf: revise(pdf, {FONT: _SYMBOL}),
            "object stream freed": lambda pdf: revise(pdf, {}, free=[30]),
            "object stream emptied": lambda pdf: revise(pdf, {30: pack({})}),
            "object stream no stream": lambda pdf: revise(pdf, {30: b"<< >>"}),
            "entry in a stream that is none": lambda pdf: revise(pdf, {}, entries={FONT: (CONTENTS, 0, b"c")}),
            "entry in a stream of itself": lambda pdf: revise(pdf, {}, entries={30: (30, 0, b"c")}),
            "annotation added": lambda pdf: rewrite(
                pdf,
                PAGE,
                {"/Annots": longer(read(pdf, PAGE)["/Annots"], b"%d 0 R" % NEW)},
                {
                    NEW: b"<< /Type /Annot /Subtype /Stamp /Rect [60 720 200 740] /AP << /N %d 0 R >> >>" % (NEW + 1),
                    NEW + 1: look(b"999"),
                },
            ),
        },
        base="packed",
    ),
)
VARIANTS = (*POLYGLOTS, *REFERENCES)
