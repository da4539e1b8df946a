"""Updates made by chance: whatever changes what a page shows is never valid, and no byte under a signature may change."""

from dataclasses import dataclass
from functools import cache

import pypdfium2 as pdfium
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.validation.conftest import NOW, Pki
from tests.validation.forgeries.annotations import KINDS
from tests.validation.forgeries.coverage import EVIL, range_of
from tests.validation.forgeries.hand import (
    BOX,
    FIELD,
    FONT,
    FORM,
    NEW,
    NOTE,
    PAGE,
    body_of,
    longer,
    look,
    read,
    revise,
    with_entries,
)
from tests.validation.forgeries.kinds import Base, good

from vanthu_cli.validation.pdf import judge_pdf

_SCALE = 0.3
_OBJECTS = 26
"""The numbers of the page's own objects and of what signing adds."""
_KEYS = (
    *(
        "/Contents",
        "/Resources",
        "/Annots",
        "/MediaBox",
        "/CropBox",
        "/Rotate",
        "/UserUnit",
        "/Parent",
        "/Kids",
        "/Count",
    ),
    *("/Pages", "/OCProperties", "/AcroForm", "/OpenAction", "/DSS", "/Metadata", "/Extensions", "/Perms", "/Names"),
    *("/Fields", "/DR", "/DA", "/Q", "/NeedAppearances", "/SigFlags", "/XFA", "/CO"),
    *(
        "/AP",
        "/AS",
        "/V",
        "/DV",
        "/FT",
        "/Ff",
        "/F",
        "/T",
        "/Rect",
        "/MK",
        "/BS",
        "/OC",
        "/Subtype",
        "/Type",
        "/P",
        "/Lock",
    ),
    *("/BaseFont", "/Encoding", "/Differences", "/Width", "/Decode", "/Filter", "/Length", "/BBox", "/Matrix", "/Name"),
)
_PLAIN = (b"null", b"true", b"0", b"2", b"90", b"(999)", b"/Off", b"/Yes", b"/Helv", b"[0 0 595 300]", b"[]", b"<< >>")
_LISTS = (
    b"[4 0 R 8 0 R]",
    b"[7 0 R 3 0 R]",
    b"<< /N %d 0 R >>" % (NEW + 1),
    b"<< /Certs [4 0 R %d 0 R] >>" % NEW,
    b"<< /OFF [12 0 R] >>",
)

_LAYERS_OFF = b"<< /OCGs [12 0 R] /D << /OFF [12 0 R] >> >>"
_SYMBOL = b"<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>"
_NEW = (b"%d 0 R" % NEW, b"%d 0 R" % (NEW + 1))
_FITTING: dict[int, dict[str, tuple[bytes, ...]]] = {
    1: {"/OCProperties": (_LAYERS_OFF, b"<< >>"), "/Pages": (b"7 0 R",), "/AcroForm": (b"<< /Fields [10 0 R] >>",)},
    PAGE: {
        "/Contents": (*_NEW, b"8 0 R", b"[4 0 R %d 0 R]" % NEW),
        "/CropBox": (b"[0 0 595 300]",),
        "/Rotate": (b"90", b"180"),
        "/Resources": (b"<< >>",),
        "/Annots": (b"[10 0 R]", b"[]"),
    },
    FONT: {"/BaseFont": (b"/Symbol",), "/Encoding": (b"<< /Differences [49 /nine] >>",)},
    FORM: {
        "/DR": (b"<< /Font << /Helv " + _SYMBOL + b" >> >>", b"<< >>"),
        "/DA": (b"(/Helv 40 Tf 1 0 0 rg)",),
        "/Q": (b"1", b"2"),
        "/NeedAppearances": (b"true",),
        "/Fields": (b"[]", b"[10 0 R 10 0 R]"),
    },
    FIELD: {
        "/V": (b"(999)", b"()"),
        "/AP": (b"<< /N %d 0 R >>" % (NEW + 1),),
        "/DA": (b"(/Helv 40 Tf 1 0 0 rg)",),
        "/Q": (b"2",),
        "/MK": (b"<< /BG [1 0 0] >>",),
        "/Rect": (b"[60 590 300 620]",),
    },
    BOX: {"/AS": (b"/Yes",), "/V": (b"/Yes",), "/AP": (b"<< /N << /Off 21 0 R >> >>",)},
    NOTE: {
        "/AP": (b"<< /N %d 0 R >>" % (NEW + 1),),
        "/F": (b"2",),
        "/Rect": (b"[60 590 300 620]",),
        "/OC": (b"12 0 R",),
    },
}
"""What a key of an object of its kind may well be: most of it changes the picture by itself."""

numbers = st.integers(1, _OBJECTS)
references = st.one_of(numbers, st.sampled_from((NEW, NEW + 1))).map(lambda number: b"%d 0 R" % number)
values = st.one_of(st.sampled_from(_PLAIN), st.sampled_from(_LISTS), references)


@dataclass(frozen=True)
class Step:
    """One thing done to one object of the file: what, to which, and with what."""

    what: str
    number: int
    key: str
    value: bytes
    other: int


fitting = st.sampled_from(
    [
        Step("entry", number, key, value, number)
        for number, entries in _FITTING.items()
        for key, listed in entries.items()
        for value in listed
    ]
)
wild = st.builds(
    Step,
    st.sampled_from(("overwritten", "copied over", "freed", "entry", "entry", "entry", "taken out", "annotated")),
    numbers,
    st.sampled_from(_KEYS),
    values,
    numbers,
)
steps = st.one_of(fitting, wild)


def changed(pdf: bytes, done: list[Step]) -> bytes:
    """Append one revision with all of it; a later step on the same object replaces an earlier one."""
    objects = {NEW: EVIL, NEW + 1: look(b"999", 300, 200)}
    free = set()
    for step in done:
        if step.what == "freed":
            free.add(step.number)
        elif step.what == "overwritten":
            objects[step.number] = step.value if b"0 R" not in step.value else EVIL
        elif step.what == "copied over":
            objects[step.number] = body_of(pdf, step.other)
        elif step.what == "annotated":
            kind = sorted(KINDS)[step.other % len(KINDS)]
            body = b"<< /Type /Annot /Rect [60 590 300 620] /F 4 %s /AP << /N %d 0 R >> >>" % (KINDS[kind], NEW + 1)
            objects[NEW + 2] = body
            objects[PAGE] = with_entries(
                read(pdf, PAGE), {"/Annots": longer(read(pdf, PAGE)["/Annots"], b"%d 0 R" % (NEW + 2))}
            )
        elif isinstance(old := read(pdf, step.number), dict):
            objects[step.number] = with_entries(old, {step.key: None if step.what == "taken out" else step.value})
    return revise(pdf, {number: body for number, body in objects.items() if number not in free}, free=free)


def drawn(pdf: bytes) -> list[bytes] | None:
    """The pages as pictures; None for what cannot be drawn."""
    try:
        with pdfium.PdfDocument(pdf) as document:
            document.init_forms()
            return [page.render(scale=_SCALE).to_pil().tobytes() for page in document]
    except pdfium.PdfiumError:
        return None


@cache
def drawn_once(pdf: bytes) -> list[bytes] | None:
    return drawn(pdf)


@settings(max_examples=80, deadline=None)
@given(base=st.sampled_from(("approval", "certified-2", "certified-3")), done=st.lists(steps, min_size=1, max_size=3))
def test_what_changes_the_picture_is_never_valid(base: Base, done: list[Step], pki: Pki) -> None:
    pdf = good(pki, base)
    forged = changed(pdf, done)
    picture = drawn(forged)
    assume(picture is not None and picture != drawn_once(pdf))
    assert judge_pdf(forged, pki.trust(), pki.signatories, now=NOW).verdict != "valid"


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_byte_changed_under_a_signature_is_never_valid(data: st.DataObject, pki: Pki) -> None:
    pdf = good(pki, "packed")
    _zero, first, second, _rest = range_of(pdf)
    place = data.draw(st.one_of(st.integers(0, first - 1), st.integers(second, len(pdf) - 1)))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != pdf[place]))
    forged = pdf[:place] + bytes([byte]) + pdf[place + 1 :]
    assert judge_pdf(forged, pki.trust(), pki.signatories, now=NOW).verdict != "valid"
