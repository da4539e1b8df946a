"""Evil annotations and sneaky signatures: what is put upon a page of a signed or certified document."""

from collections.abc import Callable

from tests.validation.conftest import ARRIVAL_BOX, NUMBER_BOX, Pki
from tests.validation.forgeries.hand import (
    NEW,
    PAGE,
    body_of,
    field_number,
    longer,
    look,
    read,
    revise,
    rewrite,
    root_of,
)
from tests.validation.forgeries.kinds import HARMLESS, INVALID, Base, Change, Variant, keyed, keyless, stubborn

_BOX = b"[60 720 200 740]"
KINDS = {
    "FreeText": b"/Subtype /FreeText /Contents (999) /DA (/Helv 12 Tf 0 g)",
    "Stamp": b"/Subtype /Stamp /Name /Approved",
    "Redact": b"/Subtype /Redact /OverlayText (999) /IC [1 1 1]",
    "Square": b"/Subtype /Square /IC [1 1 1] /C [1 1 1]",
    "Ink": b"/Subtype /Ink /InkList [[60 720 200 740]] /C [1 0 0]",
    "Highlight": b"/Subtype /Highlight /QuadPoints [60 740 200 740 60 720 200 720] /C [1 1 0]",
    "Popup": b"/Subtype /Popup /Parent 13 0 R /Open true",
    "FileAttachment": b"/Subtype /FileAttachment /FS << /Type /Filespec /F (a.exe) >>",
    "Link": b"/Subtype /Link /A << /S /URI /URI (http://example.invalid/) >>",
    "Watermark": b"/Subtype /Watermark",
    "Widget": b"/Subtype /Widget",
    "Nothing": b"",
}


def annotated(kind: str, *, drawn: bool = True, flags: int = 4, box: bytes = _BOX) -> Change:
    """One new annotation on page 1."""

    def change(pdf: bytes) -> bytes:
        listed = read(pdf, PAGE)["/Annots"]
        body = b"<< /Type /Annot /Rect %s /F %d /P 3 0 R %s %s >>" % (
            box,
            flags,
            KINDS[kind],
            b"/AP << /N %d 0 R >>" % (NEW + 1) if drawn else b"",
        )
        more = {NEW: body, NEW + 1: look(b"999")} if drawn else {NEW: body}
        return rewrite(pdf, PAGE, {"/Annots": longer(listed, b"%d 0 R" % NEW)}, more)

    return change


def inside_the_page(pdf: bytes) -> bytes:
    """The annotation stands in the page's list itself, not as an object."""
    body = b"<< /Type /Annot /Subtype /Stamp /Rect %s /F 4 /AP << /N %d 0 R >> >>" % (_BOX, NEW)
    return rewrite(pdf, PAGE, {"/Annots": longer(read(pdf, PAGE)["/Annots"], body)}, {NEW: look(b"999")})


def with_field(pdf: bytes, field: bytes, more: dict[int, bytes], *, page: bool = True) -> bytes:
    """A new field in the form and (or not) on page 1, in one revision."""
    catalog = read(pdf, root_of(pdf))
    form = int(catalog.raw_get("/AcroForm").idnum)
    fields = longer(catalog["/AcroForm"]["/Fields"], b"%d 0 R" % NEW)
    changed = rewrite(pdf, form, {"/Fields": fields}, {NEW: field, **more})
    if not page:
        return changed
    return rewrite(changed, PAGE, {"/Annots": longer(read(pdf, PAGE)["/Annots"], b"%d 0 R" % NEW)})


def unsigned(entries: bytes, text: bytes = b"999") -> Change:
    field = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Moi) /P 3 0 R /F 4 /AP << /N %d 0 R >> %s >>" % (
        NEW + 1,
        entries,
    )
    return lambda pdf: with_field(pdf, field, {NEW + 1: look(text)})


def _every(base: Base) -> tuple[Variant, ...]:
    return keyless(
        f"evil annotation, {base}",
        {f"{kind} drawn": annotated(kind) for kind in KINDS}
        | {f"{kind} undrawn": annotated(kind, drawn=False) for kind in ("FreeText", "Redact", "Square", "Widget")}
        | {
            "hidden": annotated("FreeText", flags=2),
            "not viewed": annotated("FreeText", flags=32),
            "not printed": annotated("Stamp", flags=0),
            "no zoom": annotated("Stamp", flags=28),
            "elsewhere": annotated("Stamp", box=b"[60 100 200 120]"),
            "off the page": annotated("Stamp", box=b"[-300 -300 -200 -200]"),
            "over everything": annotated("Stamp", box=b"[0 0 595 842]"),
            "inside the page": inside_the_page,
        },
        base=base,
    )


_SNEAKY: dict[str, Change] = {
    "unsigned, over the number": unsigned(b"/Rect [60 720 200 740]"),
    "unsigned, elsewhere": unsigned(b"/Rect [60 100 200 120]"),
    "unsigned, over everything": unsigned(b"/Rect [0 0 595 842]"),
    "unsigned, value null": unsigned(b"/Rect [60 720 200 740] /V null"),
    "unsigned, value empty": unsigned(b"/Rect [60 720 200 740] /V << /Type /Sig >>"),
    "unsigned, box backwards": unsigned(b"/Rect [200 740 60 720]"),
    "unsigned, box of one point": unsigned(b"/Rect [60 720 60 720] /MK << >>"),
    "unsigned, only on the page": lambda pdf: rewrite(
        pdf,
        PAGE,
        {"/Annots": longer(read(pdf, PAGE)["/Annots"], b"%d 0 R" % NEW)},
        {
            NEW: b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Moi) /Rect [60 720 200 740] /AP << /N %d 0 R >> >>"
            % (NEW + 1),
            NEW + 1: look(b"999"),
        },
    ),
    "two widgets": lambda pdf: with_field(
        pdf,
        b"<< /FT /Sig /T (Moi) /Kids [%d 0 R %d 0 R] >>" % (NEW + 1, NEW + 2),
        {
            NEW + 1: b"<< /Type /Annot /Subtype /Widget /Parent %d 0 R /Rect [0 0 0 0] >>" % NEW,
            NEW + 2: b"<< /Type /Annot /Subtype /Widget /Parent %d 0 R /Rect [60 720 200 740] /AP << /N %d 0 R >> >>"
            % (NEW, NEW + 3),
            NEW + 3: look(b"999"),
        },
    ),
}


_TEXT = (60, 590, 300, 620)


def _signed(box: tuple[int, int, int, int], holder: str, *, paper: bool = False) -> Callable[[bytes, Pki], bytes]:
    return lambda pdf, pki: stubborn(pdf, getattr(pki, holder), "Moi", box, paper=paper)


def seal_elsewhere(pdf: bytes) -> bytes:
    """The seal's widget moved; the signature stays."""
    return rewrite(pdf, field_number(pdf, "ConDau"), {"/Rect": b"[60 690 160 790]"})


def seal_copied(pdf: bytes) -> bytes:
    """The seal's picture once more, as a stamp on page 2."""
    seal = read(pdf, field_number(pdf, "ConDau"))
    picture = int(seal["/AP"].raw_get("/N").idnum)
    body = b"<< /Type /Annot /Subtype /Stamp /Rect [300 290 400 390] /F 4 /AP << /N %d 0 R >> >>" % picture
    return rewrite(pdf, 7, {"/Annots": b"[%d 0 R]" % NEW}, {NEW: body})


VARIANTS: tuple[Variant, ...] = (
    *_every("approval"),
    *_every("certified-2"),
    *_every("certified-3"),
    *keyless(
        "evil annotation, certified-1",
        {"Stamp drawn": annotated("Stamp"), "Popup undrawn": annotated("Popup", drawn=False)},
        base="certified-1",
    ),
    *keyless("sneaky signature, issued", _SNEAKY),
    *keyless("sneaky signature, certified-1", _SNEAKY, base="certified-1"),
    *keyless("sneaky signature, certified-2", _SNEAKY, base="certified-2"),
    *keyless("sneaky signature, certified-3", _SNEAKY, base="certified-3"),
    *keyed(
        "sneaky signature, signed",
        {
            "by a stranger, over the number": _signed(NUMBER_BOX, "stranger"),
            "by a stranger, elsewhere": _signed(ARRIVAL_BOX, "stranger"),
            "by the receiver, over the number": _signed(NUMBER_BOX, "receiver"),
            "by the receiver, hiding the text": _signed(_TEXT, "receiver", paper=True),
            "by the receiver, over everything": _signed((0, 0, 595, 842), "receiver"),
            "by the leader, over the number": _signed(NUMBER_BOX, "leader"),
            "by the leader, hiding the text": _signed(_TEXT, "leader", paper=True),
            "by the leader, over everything": _signed((0, 0, 595, 842), "leader"),
            "by a certificate expired since": _signed(ARRIVAL_BOX, "expired"),
        },
    ),
    # A real signature's mark over text that stays readable is what approval signatures permit (issue 4).
    *keyed(
        "honest, a mark over text",
        {"by the receiver": _signed(_TEXT, "receiver"), "by the leader": _signed(_TEXT, "leader")},
        allowed=frozenset({"valid"}),
    ),
    *keyed(
        "sneaky signature, certified-1, signed",
        {"by a stranger": _signed(ARRIVAL_BOX, "stranger"), "by the receiver": _signed(ARRIVAL_BOX, "receiver")},
        base="certified-1",
    ),
    *keyed(
        "sneaky signature, certified-2, signed",
        {
            "by a stranger": _signed(ARRIVAL_BOX, "stranger"),
            "by the receiver, over the number": _signed(NUMBER_BOX, "receiver"),
            "by the receiver, over the text": _signed(_TEXT, "receiver"),
        },
        base="certified-2",
    ),
    *keyless(
        "appearance of a signature",
        {
            "seal's picture": lambda pdf: rewrite(
                pdf, field_number(pdf, "ConDau"), {"/AP": b"<< /N %d 0 R >>" % NEW}, {NEW: look(b"999")}
            ),
            "strip's picture": lambda pdf: rewrite(
                pdf, field_number(pdf, "SoVaNgay"), {"/AP": b"<< /N %d 0 R >>" % NEW}, {NEW: look(b"999")}
            ),
            "strip's picture as such": lambda pdf: revise(pdf, {_picture(pdf, "SoVaNgay"): look(b"999")}),
            "strip's picture freed": lambda pdf: revise(pdf, {}, free=[_picture(pdf, "SoVaNgay")]),
            "strip without a picture": lambda pdf: rewrite(pdf, field_number(pdf, "SoVaNgay"), {"/AP": None}),
            "seal moved": seal_elsewhere,
            "seal hidden": lambda pdf: rewrite(pdf, field_number(pdf, "ConDau"), {"/F": b"2"}),
            "seal taken away": lambda pdf: rewrite(pdf, field_number(pdf, "ConDau"), {"/V": None}),
            "seal in a layer": lambda pdf: rewrite(pdf, field_number(pdf, "ConDau"), {"/OC": b"12 0 R"}),
            "seal turned": lambda pdf: rewrite(pdf, field_number(pdf, "ConDau"), {"/MK": b"<< /R 180 /BG [1 1 1] >>"}),
            "seal copied": seal_copied,
            "note's look the seal's": lambda pdf: rewrite(
                pdf, 13, {"/AP": b"<< /N %d 0 R >>" % _picture(pdf, "ConDau")}
            ),
        },
        allowed=INVALID,
    ),
    *keyless(
        "appearance of a signature",
        {
            "seal renamed": lambda pdf: rewrite(pdf, field_number(pdf, "ConDau"), {"/T": b"(Khac)"}),
            "lock added": lambda pdf: rewrite(
                pdf, field_number(pdf, "ConDau"), {"/Lock": b"<< /Type /SigFieldLock /Action /All >>"}
            ),
            "seed value added": lambda pdf: rewrite(pdf, field_number(pdf, "ConDau"), {"/SV": b"<< /Type /SV >>"}),
            "reason rewritten": lambda pdf: rewrite(
                pdf, int(read(pdf, field_number(pdf, "ConDau")).raw_get("/V").idnum), {"/Reason": b"(Dong y)"}
            ),
        },
    ),
    *keyless(
        "appearance of a signature",
        {
            "picture as it was": lambda pdf: revise(
                pdf, {_picture(pdf, "ConDau"): body_of(pdf, _picture(pdf, "ConDau"))}
            ),
        },
        allowed=HARMLESS,
    ),
)


def _picture(pdf: bytes, name: str) -> int:
    return int(read(pdf, field_number(pdf, name))["/AP"].raw_get("/N").idnum)
