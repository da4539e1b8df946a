"""Shadow attacks: the author plants something before the others sign, and later hides, replaces or swaps it."""

import re
from collections.abc import Mapping

from tests.validation.forgeries.coverage import EVIL
from tests.validation.forgeries.hand import (
    CONTENT,
    CONTENTS,
    FIELD,
    FONT,
    IMAGE,
    LAYER,
    NEW,
    NOTE,
    NOTE_LOOK,
    OBJECTS,
    PACK,
    PAGE,
    body_of,
    look,
    pack,
    read,
    revise,
    rewrite,
    root_of,
    stream,
    with_entries,
    written,
)
from tests.validation.forgeries.kinds import INVALID, SUSPECT, Change, Variant, keyless

LATER = 600
"""An object that the signed file names and does not define."""
_HIDDEN = b"4 0 obj\n" + EVIL + b"\nendobj\n"


def planted(number: int, entries: Mapping[str, bytes | None], more: Mapping[int, bytes] | None = None) -> Change:
    return lambda pdf: rewrite(pdf, number, entries, more)


def defining(*bodies: bytes) -> Change:
    return lambda pdf: revise(pdf, {LATER + index: body for index, body in enumerate(bodies)})


def hidden_in_stream(pdf: bytes) -> bytes:
    """A whole object "4 0 obj" as the data of a stream that nothing uses."""
    return revise(pdf, {NEW: stream(_HIDDEN)})


def hidden_catalog(pdf: bytes) -> bytes:
    """Another catalog as data of a stream; its page tree stands about unused."""
    catalog = body_of(planted_catalog(pdf), NEW)
    return revise(planted_catalog(pdf), {NEW: stream(b"1 0 obj\n" + catalog + b"\nendobj\n")})


def planted_catalog(pdf: bytes) -> bytes:
    """A second catalog, with the same form and another page tree, that nothing names."""
    catalog = with_entries(read(pdf, 1), {"/Pages": b"%d 0 R" % (NEW + 1)})
    tree = b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % (NEW + 2)
    page = with_entries(read(pdf, PAGE), {"/Parent": b"%d 0 R" % (NEW + 1), "/Contents": b"%d 0 R" % (NEW + 3)})
    return revise(pdf, {NEW: catalog, NEW + 1: tree, NEW + 2: page, NEW + 3: EVIL})


def table_to_hidden(number: int) -> Change:
    """An update that consists of a table and nothing else: one entry leads to the hidden object."""

    def change(pdf: bytes) -> bytes:
        place = re.search(rb"stream\n(%d 0 obj)" % number, pdf)
        assert place
        return revise(pdf, {}, entries={number: (place.start(1), 0, b"n")})

    return change


def twice_defined(pdf: bytes) -> bytes:
    """Object 4 stands in the file twice; the table knows the second."""
    del pdf
    return written(before={CONTENTS: EVIL})


def table_to_first(pdf: bytes) -> bytes:
    return revise(pdf, {}, entries={CONTENTS: (pdf.index(b"4 0 obj"), 0, b"n")})


def packed_twin(pdf: bytes) -> bytes:
    """An object stream that nothing uses holds another font under the number of the real one."""
    return revise(pdf, {NEW: pack({FONT: b"<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>"})})


def table_to_twin(pdf: bytes) -> bytes:
    return revise(pdf, {}, entries={FONT: (NEW, 0, b"c")}, table=False)


def unused_layers(pdf: bytes) -> bytes:
    off = b"<< /OCGs [12 0 R] /D << /Order [12 0 R] /OFF [12 0 R] >> >>"
    return rewrite(pdf, root_of(pdf), {"/OCProperties": off})


_OVERLAY = look(b"Ngay 01 thang 01", 300, 40)
_WITH_OVERLAY = planted(
    PAGE,
    {
        "/Contents": b"[4 0 R %d 0 R]" % NEW,
        "/Resources": b"<< /Font << /F1 5 0 R >> /XObject << /Im1 6 0 R /Fm1 18 0 R /Ov %d 0 R >> /Properties << /OC1 12 0 R >> >>"
        % (NEW + 1),
    },
    {NEW: stream(b"q 1 0 0 1 50 590 cm /Ov Do Q"), NEW + 1: _OVERLAY},
)
_LAYERED_NOTE = planted(NOTE, {"/OC": b"12 0 R"})

HIDE: tuple[Variant, ...] = (
    *keyless(
        "shadow hide",
        {
            "overlay freed": lambda pdf: revise(pdf, {}, free=[NEW + 1]),
            "overlay null": lambda pdf: revise(pdf, {NEW + 1: b"null"}),
            "overlay of another type": lambda pdf: revise(pdf, {NEW + 1: b"<< /Type /Metadata >>"}),
            "overlay empty": lambda pdf: revise(
                pdf, {NEW + 1: stream(b"", b"/Type /XObject /Subtype /Form /BBox [0 0 1 1]")}
            ),
            "overlay's content freed": lambda pdf: revise(pdf, {}, free=[NEW]),
            "overlay out of the list": lambda pdf: rewrite(pdf, PAGE, {"/Contents": b"4 0 R"}),
            "overlay's box": lambda pdf: rewrite(pdf, NEW + 1, {"/BBox": b"[0 0 0 0]"}),
            "overlay in a layer": lambda pdf: rewrite(unused_layers(pdf), NEW + 1, {"/OC": b"12 0 R"}),
        },
        base="approval",
        plant=_WITH_OVERLAY,
        allowed=INVALID,
    ),
    *keyless(
        "shadow hide",
        {
            "layer switched off": unused_layers,
            "all layers off": lambda pdf: rewrite(
                pdf, root_of(pdf), {"/OCProperties": b"<< /OCGs [12 0 R] /D << /BaseState /OFF >> >>"}
            ),
            "layer's usage": lambda pdf: rewrite(
                rewrite(pdf, LAYER, {"/Usage": b"<< /View << /ViewState /OFF >> >>"}),
                root_of(pdf),
                {
                    "/OCProperties": b"<< /OCGs [12 0 R] /D << /ON [12 0 R] /AS [<< /Event /View /OCGs [12 0 R] /Category [/View] >>] >> >>"
                },
            ),
            "layer no layer": lambda pdf: revise(pdf, {LAYER: b"<< /Type /OCMD /OCGs [] >>"}),
            "layers gone": lambda pdf: rewrite(pdf, root_of(pdf), {"/OCProperties": None}),
            "note hidden": lambda pdf: rewrite(pdf, NOTE, {"/F": b"2"}),
            "note not to be viewed": lambda pdf: rewrite(pdf, NOTE, {"/F": b"36"}),
            "note freed": lambda pdf: revise(pdf, {}, free=[NOTE]),
            "note out of the list": lambda pdf: rewrite(pdf, PAGE, {"/Annots": _without(pdf, NOTE)}),
            "note moved": lambda pdf: rewrite(pdf, NOTE, {"/Rect": b"[60 20 200 40]"}),
            "image freed": lambda pdf: revise(pdf, {}, free=[IMAGE]),
            "all annotations gone": lambda pdf: rewrite(pdf, PAGE, {"/Annots": None}),
        },
        base="approval",
        allowed=INVALID,
    ),
    *keyless("shadow hide", {"layered note switched off": unused_layers}, plant=_LAYERED_NOTE, allowed=INVALID),
)

REPLACE: tuple[Variant, ...] = (
    *keyless(
        "shadow replace",
        {
            "note's look": lambda pdf: revise(pdf, {NOTE_LOOK: look(b"Khac han")}),
            "note's text": lambda pdf: rewrite(pdf, NOTE, {"/Contents": b"(Khac han)"}),
            "note's look and text": lambda pdf: rewrite(
                pdf, NOTE, {"/Contents": b"(Khac)"}, {NOTE_LOOK: look(b"Khac")}
            ),
            "note without a look": lambda pdf: rewrite(pdf, NOTE, {"/Contents": b"(Khac)", "/AP": None}),
            "note's kind": lambda pdf: rewrite(pdf, NOTE, {"/Subtype": b"/Stamp"}),
        },
        base="approval",
        allowed=INVALID,
    ),
    *keyless(
        "shadow replace",
        {
            "overlay": lambda pdf: revise(pdf, {NEW + 1: look(b"Ngay 31 thang 12", 300, 40)}),
            "overlay's content": lambda pdf: revise(pdf, {NEW: stream(b"q 1 0 0 1 50 100 cm /Ov Do Q")}),
        },
        base="approval",
        plant=_WITH_OVERLAY,
        allowed=INVALID,
    ),
)

_UNDEFINED: dict[str, tuple[Change, Change]] = {
    "content": (planted(PAGE, {"/Contents": b"[4 0 R 600 0 R]"}), defining(EVIL)),
    "content of another generation": (
        planted(PAGE, {"/Contents": b"[4 0 R 600 1 R]"}),
        lambda pdf: revise(pdf, {LATER: EVIL}, generation=1),
    ),
    "content that was free": (
        lambda pdf: rewrite(pdf, PAGE, {"/Contents": b"[4 0 R 600 0 R]"}, free=[LATER]),
        defining(EVIL),
    ),
    "content that was null": (planted(PAGE, {"/Contents": b"[4 0 R 600 0 R]"}, {LATER: b"null"}), defining(EVIL)),
    "parent's resources": (
        planted(PAGE, {"/Parent": b"600 0 R"}),
        defining(b"<< /Type /Pages /Kids [3 0 R] /Count 1 /Rotate 90 >>"),
    ),
    "form XObject": (
        planted(PAGE, {"/Resources": b"<< /Font << /F1 5 0 R >> /XObject << /Im1 6 0 R /Fm1 600 0 R >> >>"}),
        defining(look(b"999 ngay 31 thang 12", 300, 40)),
    ),
    "font": (
        planted(PAGE, {"/Resources": b"<< /Font << /F1 600 0 R >> >>"}),
        defining(OBJECTS[FONT].replace(b"Helvetica", b"Symbol")),
    ),
    "font's encoding": (planted(FONT, {"/Encoding": b"600 0 R"}), defining(b"<< /Differences [49 /nine /two] >>")),
    "annotation": (
        planted(PAGE, {"/Annots": b"[10 0 R 600 0 R]"}),
        defining(b"<< /Type /Annot /Subtype /Stamp /Rect [60 720 200 740] /AP << /N 601 0 R >> >>", look(b"999")),
    ),
    "annotation's look": (planted(NOTE, {"/AP": b"<< /N 600 0 R >>"}), defining(look(b"999"))),
    "page": (
        planted(2, {"/Kids": b"[3 0 R 600 0 R]"}),
        defining(b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 601 0 R /Resources << >> >>", EVIL),
    ),
    "field's value": (planted(FIELD, {"/V": b"600 0 R"}), defining(b"(99 dong)")),
    "layers": (planted(1, {"/OCProperties": b"600 0 R"}), defining(b"<< /OCGs [12 0 R] /D << /OFF [12 0 R] >> >>")),
    "media box": (planted(PAGE, {"/CropBox": b"600 0 R"}), defining(b"[0 0 595 500]")),
    "rotation": (planted(PAGE, {"/Rotate": b"600 0 R"}), defining(b"90")),
    "stream's length": (lambda pdf: revise(pdf, {CONTENTS: _long(CONTENT)}), defining(b"40")),
    "open action": (planted(1, {"/OpenAction": b"600 0 R"}), defining(b"<< /S /JavaScript /JS (this.getField) >>")),
}


def _long(content: bytes) -> bytes:
    return stream(content).replace(b"/Length %d" % len(content), b"/Length 600 0 R")


def _without(pdf: bytes, number: int) -> bytes:
    listed = read(pdf, PAGE)["/Annots"]
    kept = [listed.raw_get(index).idnum for index in range(len(listed))]
    return b"[" + b" ".join(b"%d 0 R" % other for other in kept if other != number) + b"]"


def _late(name: str) -> tuple[Variant, ...]:
    plant, make = _UNDEFINED[name]
    return keyless(
        "shadow hide and replace, defined later", {name: make}, base="approval", plant=plant, allowed=SUSPECT
    )


SWAP: tuple[Variant, ...] = (
    *(variant for name in _UNDEFINED for variant in _late(name)),
    *keyless(
        "shadow hide and replace, table only",
        {"content in a stream": table_to_hidden(CONTENTS)},
        plant=hidden_in_stream,
        allowed=INVALID,
    ),
    *keyless(
        "shadow hide and replace, table only",
        {"catalog in a stream": table_to_hidden(1)},
        plant=hidden_catalog,
        base="approval",
        allowed=INVALID,
    ),
    *keyless(
        "shadow hide and replace, table only",
        {"content defined twice": table_to_first},
        plant=twice_defined,
        allowed=INVALID,
    ),
    *keyless(
        "shadow hide and replace, table only",
        {"font in another object stream": table_to_twin},
        base="packed",
        plant=packed_twin,
        allowed=INVALID,
    ),
    *keyless(
        "shadow hide and replace, table only",
        {
            "root to a planted catalog": lambda pdf: revise(pdf, {}, entries={NEW + 9: (0, 0, b"f")}, root=NEW),
        },
        base="approval",
        plant=planted_catalog,
        allowed=INVALID,
    ),
    *keyless(
        "shadow hide and replace, table only",
        {"object stream replaced": lambda pdf: revise(pdf, {PACK: pack(_other_pack())})},
        base="packed",
        allowed=INVALID,
    ),
)


def _other_pack() -> dict[int, bytes]:
    inside = {number: body for number, body in OBJECTS.items() if b"endstream" not in body}
    return inside | {FONT: b"<< /Type /Font /Subtype /Type1 /BaseFont /Symbol /Encoding 19 0 R >>"}


VARIANTS = (*HIDE, *REPLACE, *SWAP)
