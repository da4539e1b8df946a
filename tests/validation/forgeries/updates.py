"""Incremental saving attacks: a page changed, added, taken away or replaced in a later revision."""

from tests.validation.conftest import ARRIVAL_BOX, sign
from tests.validation.forgeries.coverage import EVIL
from tests.validation.forgeries.hand import (
    CONTENTS,
    DRAWN,
    ENCODING,
    FONT,
    IMAGE,
    NEW,
    PAGE,
    PAGES,
    SECOND,
    body_of,
    longer,
    look,
    read,
    revise,
    rewrite,
    root_of,
    signature_number,
    stream,
    with_entries,
)
from tests.validation.forgeries.honest import stamped
from tests.validation.forgeries.kinds import INVALID, Change, Variant, keyed, keyless

_RED = stream(b"q 1 0 0 rg 60 500 200 50 re f Q")
_BLUE = stream(
    b"\x00\x00\x80" * 4, b"/Type /XObject /Subtype /Image /Width 2 /Height 2 /BitsPerComponent 8 /ColorSpace /DeviceRGB"
)


def new_page(pdf: bytes) -> bytes:
    kids = longer(read(pdf, PAGES)["/Kids"], b"%d 0 R" % NEW)
    body = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources << >> >>" % (NEW + 1)
    return rewrite(pdf, PAGES, {"/Kids": kids, "/Count": b"3"}, {NEW: body, NEW + 1: _RED})


def other_tree(pdf: bytes) -> bytes:
    tree = b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % (NEW + 1)
    page = with_entries(read(pdf, PAGE), {"/Parent": b"%d 0 R" % NEW, "/Contents": b"%d 0 R" % (NEW + 2)})
    return rewrite(pdf, root_of(pdf), {"/Pages": b"%d 0 R" % NEW}, {NEW: tree, NEW + 1: page, NEW + 2: EVIL})


def other_catalog(pdf: bytes) -> bytes:
    catalog = with_entries(read(pdf, root_of(pdf)), {"/Pages": b"%d 0 R" % (NEW + 1)})
    tree = b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % (NEW + 2)
    page = with_entries(read(pdf, PAGE), {"/Parent": b"%d 0 R" % (NEW + 1), "/Contents": b"%d 0 R" % (NEW + 3)})
    return revise(pdf, {NEW: catalog, NEW + 1: tree, NEW + 2: page, NEW + 3: EVIL}, root=NEW)


def same_catalog_elsewhere(pdf: bytes) -> bytes:
    return revise(pdf, {NEW: body_of(pdf, root_of(pdf)), CONTENTS: EVIL}, root=NEW)


def other_resources(pdf: bytes) -> bytes:
    resources = b"<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Symbol >> >> /XObject << >> >>"
    return rewrite(pdf, PAGE, {"/Resources": resources})


def inherited_resources(pdf: bytes) -> bytes:
    first = rewrite(
        pdf, PAGES, {"/Resources": b"<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Symbol >> >> >>"}
    )
    return rewrite(first, PAGE, {"/Resources": None})


def bare(*, table: bool, trailer: bool, end: bool) -> Change:
    """A changed page without the parts of an update that viewers do without."""

    def change(pdf: bytes) -> bytes:
        update = revise(pdf, {CONTENTS: EVIL})[len(pdf) :]
        body, _xref, rest = update.partition(b"xref\n")
        lines, _trailer, tail = rest.partition(b"trailer\n")
        dictionary, _start, ending = tail.partition(b"startxref\n")
        out = body + (b"xref\n" + lines if table else b"") + (b"trailer\n" + dictionary if trailer else b"")
        return pdf + out + (b"startxref\n" + ending if end else b"")

    return change


def there_and_back(pdf: bytes) -> bytes:
    return revise(revise(pdf, {CONTENTS: EVIL}), {CONTENTS: body_of(pdf, CONTENTS)})


def fake_signature(pdf: bytes) -> bytes:
    """A changed page under a copy of the seal, which its own /ByteRange calls the seal of everything."""
    number = signature_number(pdf, "ConDau")
    evil = revise(pdf, {CONTENTS: EVIL})
    form = read(evil, root_of(evil))["/AcroForm"]
    fields = longer(form["/Fields"], b"%d 0 R" % NEW)
    whole = b"[0 %d %d 10]" % (len(evil) - 20, len(evil) - 10)
    copy = with_entries(read(pdf, number), {"/ByteRange": whole})
    field = b"<< /FT /Sig /T (Moi) /V %d 0 R /Type /Annot /Subtype /Widget /Rect [0 0 0 0] /P 3 0 R >>" % (NEW + 1)
    return rewrite(evil, 9, {"/Fields": fields}, {NEW: field, NEW + 1: copy})


VARIANTS: tuple[Variant, ...] = (
    *keyless(
        "incremental saving",
        {
            "page content replaced": lambda pdf: revise(pdf, {CONTENTS: EVIL}),
            "page content appended": lambda pdf: rewrite(
                pdf, PAGE, {"/Contents": b"[4 0 R %d 0 R]" % NEW}, {NEW: _RED}
            ),
            "page content before": lambda pdf: rewrite(pdf, PAGE, {"/Contents": b"[%d 0 R 4 0 R]" % NEW}, {NEW: _RED}),
            "page content elsewhere": lambda pdf: rewrite(pdf, PAGE, {"/Contents": b"%d 0 R" % NEW}, {NEW: EVIL}),
            "page content gone": lambda pdf: rewrite(pdf, PAGE, {"/Contents": None}),
            "page content freed": lambda pdf: revise(pdf, {}, free=[CONTENTS]),
            "page content null": lambda pdf: revise(pdf, {CONTENTS: b"null"}),
            "second page replaced": lambda pdf: rewrite(pdf, SECOND, {"/Contents": b"4 0 R"}),
            "new page": new_page,
            "page taken away": lambda pdf: rewrite(pdf, PAGES, {"/Kids": b"[3 0 R]", "/Count": b"1"}),
            "page freed": lambda pdf: revise(pdf, {}, free=[SECOND]),
            "pages in other order": lambda pdf: rewrite(pdf, PAGES, {"/Kids": b"[7 0 R 3 0 R]"}),
            "page twice": lambda pdf: rewrite(pdf, PAGES, {"/Kids": b"[3 0 R 7 0 R 3 0 R]", "/Count": b"3"}),
            "other page tree": other_tree,
            "other catalog": other_catalog,
            "same catalog elsewhere": same_catalog_elsewhere,
            "font": lambda pdf: rewrite(pdf, FONT, {"/BaseFont": b"/Symbol", "/Encoding": None}),
            "font's encoding": lambda pdf: rewrite(pdf, ENCODING, {"/Differences": b"[49 /nine /two]"}),
            "font's widths": lambda pdf: rewrite(
                pdf, FONT, {"/FirstChar": b"32", "/LastChar": b"33", "/Widths": b"[900 900]"}
            ),
            "resources": other_resources,
            "resources inherited": inherited_resources,
            "image": lambda pdf: revise(pdf, {IMAGE: _BLUE}),
            "image's mask": lambda pdf: rewrite(pdf, IMAGE, {"/Mask": b"[0 255 0 255 0 255]"}),
            "image's decode array": lambda pdf: rewrite(pdf, IMAGE, {"/Decode": b"[1 0 1 0 1 0]"}),
            "form XObject": lambda pdf: revise(pdf, {DRAWN: look(b"Kinh gui: Nguoi khac")}),
            "form XObject's matrix": lambda pdf: rewrite(pdf, DRAWN, {"/Matrix": b"[1 0 0 1 0 -200]"}),
        },
        base="approval",
        allowed=INVALID,
    ),
    *keyless(
        "incremental saving, object streams",
        {
            "page content replaced": lambda pdf: revise(pdf, {CONTENTS: EVIL}),
            "new page": new_page,
            "other catalog": other_catalog,
            "font": lambda pdf: rewrite(pdf, FONT, {"/BaseFont": b"/Symbol", "/Encoding": None}),
            "font's encoding": lambda pdf: rewrite(pdf, ENCODING, {"/Differences": b"[49 /nine /two]"}),
            "image": lambda pdf: revise(pdf, {IMAGE: _BLUE}),
            "form XObject": lambda pdf: revise(pdf, {DRAWN: look(b"Kinh gui: Nguoi khac")}),
        },
        base="packed",
        allowed=INVALID,
    ),
    *keyless(
        "incremental saving, incomplete",
        {
            "no table": bare(table=False, trailer=True, end=True),
            "no trailer": bare(table=True, trailer=False, end=True),
            "no table, no trailer": bare(table=False, trailer=False, end=True),
            "no end": bare(table=True, trailer=True, end=False),
            "object only": bare(table=False, trailer=False, end=False),
            "there and back": there_and_back,
            "fake signature": fake_signature,
            "table only": lambda pdf: revise(pdf, {}, entries={NEW: (0, 0, b"f")}),
            "unused object": lambda pdf: revise(pdf, {NEW: b"(nothing)"}),
        },
    ),
    *keyed(
        "incremental saving, signed again",
        {
            "by the receiver": lambda pdf, pki: sign(revise(pdf, {CONTENTS: EVIL}), pki.receiver, "DEN", ARRIVAL_BOX),
            "by the leader": lambda pdf, pki: sign(revise(pdf, {CONTENTS: EVIL}), pki.leader, "LanhDao_2", ARRIVAL_BOX),
            "by the office": lambda pdf, pki: sign(revise(pdf, {CONTENTS: EVIL}), pki.office, "ConDau_2", ARRIVAL_BOX),
            "by a stranger": lambda pdf, pki: sign(revise(pdf, {CONTENTS: EVIL}), pki.stranger, "X", ARRIVAL_BOX),
            "by a time stamp": lambda pdf, pki: stamped(revise(pdf, {CONTENTS: EVIL}), pki),
            "by the receiver, invisibly": lambda pdf, pki: sign(
                revise(pdf, {CONTENTS: EVIL}), pki.receiver, "DEN", (0, 0, 0, 0)
            ),
        },
        allowed=INVALID,
    ),
)
