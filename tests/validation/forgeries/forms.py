"""Form tricks: values and appearances that disagree, scripts, fonts of the form, fields that share a name or a value."""

from tests.validation.forgeries.annotations import with_field
from tests.validation.forgeries.hand import (
    BOX,
    FIELD,
    FORM,
    LOOK,
    NEW,
    PAGE,
    SECOND,
    field_number,
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
from tests.validation.forgeries.kinds import HARMLESS, INVALID, Base, Change, Variant, keyless

_JS = b"<< /S /JavaScript /JS (this.getField\\('ghichu'\\).value = '99 dong';) >>"


def _on_form(entries: dict[str, bytes | None], more: dict[int, bytes] | None = None) -> Change:
    return lambda pdf: rewrite(pdf, FORM, entries, more)


def _on_field(entries: dict[str, bytes | None], more: dict[int, bytes] | None = None) -> Change:
    return lambda pdf: rewrite(pdf, FIELD, entries, more)


def _on_root(entries: dict[str, bytes | None], more: dict[int, bytes] | None = None) -> Change:
    return lambda pdf: rewrite(pdf, root_of(pdf), entries, more)


def looking(pdf: bytes) -> bytes:
    """The text field gets its look before anybody signs."""
    return rewrite(pdf, FIELD, {"/AP": b"<< /N 11 0 R >>"})


_LOOKS: dict[str, Change] = {
    "value, not appearance": _on_field({"/V": b"(99 dong)"}),
    "appearance, not value": lambda pdf: revise(pdf, {LOOK: look(b"99 dong")}),
    "another appearance, not value": _on_field({"/AP": b"<< /N %d 0 R >>" % NEW}, {NEW: look(b"99 dong")}),
    "value and appearance": _on_field({"/V": b"(99 dong)", "/AP": b"<< /N %d 0 R >>" % NEW}, {NEW: look(b"99 dong")}),
    "value and appearance in place": _on_field({"/V": b"(99 dong)"}, {LOOK: look(b"99 dong")}),
    "value, appearance gone": _on_field({"/V": b"(99 dong)", "/AP": None}),
    "appearance gone": _on_field({"/AP": None}),
    "appearance freed": lambda pdf: revise(pdf, {}, free=[LOOK]),
    "appearance null": lambda pdf: revise(pdf, {LOOK: b"null"}),
    "appearance of another object": _on_field({"/AP": b"<< /N 14 0 R >>"}),
    "appearance that covers the page": _on_field({"/AP": b"<< /N %d 0 R >>" % NEW}, {NEW: look(b"", 595, 842)}),
    "appearance pressed": _on_field({"/AP": b"<< /N 11 0 R /D %d 0 R >>" % NEW}, {NEW: look(b"99 dong")}),
    "appearance's box": lambda pdf: rewrite(pdf, LOOK, {"/BBox": b"[0 0 1 1]"}),
}
_SHOWN: dict[str, Change] = {
    "value": _on_field({"/V": b"(99 dong)"}),
    "appearance added": _on_field({"/AP": b"<< /N %d 0 R >>" % NEW}, {NEW: look(b"99 dong")}),
    "value and appearance": _on_field({"/V": b"(99 dong)", "/AP": b"<< /N %d 0 R >>" % NEW}, {NEW: look(b"99 dong")}),
    "value gone": _on_field({"/V": None}),
    "moved over the number": _on_field({"/Rect": b"[60 720 200 740]"}),
    "hidden": _on_field({"/F": b"2"}),
    "rich text value": _on_field({"/RV": b"(<p>99 dong</p>)", "/Ff": b"33554432"}),
    "kind of field": _on_field({"/FT": b"/Btn"}),
    "box ticked": lambda pdf: rewrite(pdf, BOX, {"/V": b"/Yes", "/AS": b"/Yes"}),
    "box ticked, value kept": lambda pdf: rewrite(pdf, BOX, {"/AS": b"/Yes"}),
    "box's pictures swapped": lambda pdf: rewrite(pdf, BOX, {"/AP": b"<< /N << /Yes 22 0 R /Off 21 0 R >> >>"}),
}
_AROUND: dict[str, Change] = {
    "appearances to be made anew": _on_form({"/NeedAppearances": b"true"}),
    "read-only flag": _on_field({"/Ff": b"1"}),
    "password flag": _on_field({"/Ff": b"8192"}),
    "default value": _on_field({"/DV": b"(99 dong)"}),
    "default appearance of the field": _on_field({"/DA": b"(/Helv 12 Tf 1 g)"}),
    "default appearance of the form": _on_form({"/DA": b"(/Helv 40 Tf 1 g)"}),
    "font of the form": _on_form(
        {"/DR": b"<< /Font << /Helv << /Type /Font /Subtype /Type1 /BaseFont /Symbol >> >> >>"}
    ),
    "resources of the form gone": _on_form({"/DR": None}),
    "XFA": _on_form(
        {"/XFA": b"[(template) %d 0 R]" % NEW},
        {NEW: stream(b"<template xmlns='http://www.xfa.org/schema/xfa-template/3.0/'/>")},
    ),
    "order of calculation": _on_form({"/CO": b"[10 0 R]"}),
    "calculating script": _on_field({"/AA": b"<< /C %s /F %s >>" % (_JS, _JS)}),
    "formatting script": _on_field({"/AA": b"<< /F %s >>" % _JS}),
    "script on opening": _on_root({"/OpenAction": _JS}),
    "script on closing": _on_root({"/AA": b"<< /WC %s >>" % _JS}),
    "script by name": _on_root({"/Names": b"<< /JavaScript << /Names [(a) %s] >> >>" % _JS}),
    "script on the page": lambda pdf: rewrite(pdf, PAGE, {"/AA": b"<< /O %s >>" % _JS}),
    "action of the field": _on_field({"/A": b"<< /S /ResetForm >>"}),
    "border and ground": _on_field({"/MK": b"<< /BG [0 0 0] /BC [0 0 0] >>"}),
    "alternate name": _on_field({"/TU": b"(Da duyet)"}),
    "renamed": _on_field({"/T": b"(khac)"}),
    "longest value": _on_field({"/MaxLen": b"1"}),
    "alignment": _on_form({"/Q": b"2"}),
    "signature flags gone": _on_form({"/SigFlags": None}),
    "fields gone": _on_form({"/Fields": b"[]"}),
    "form gone": _on_root({"/AcroForm": None}),
    "form null": _on_root({"/AcroForm": b"null"}),
}


def new_field(entries: bytes) -> Change:
    body = (
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /P 3 0 R /F 4 /Rect [60 720 200 740] /DA (/Helv 12 Tf 0 g) %s >>"
        % entries
    )
    return lambda pdf: with_field(pdf, body, {NEW + 1: look(b"999")})


def shared_value(pdf: bytes) -> bytes:
    seal = signature_number(pdf, "ConDau")
    body = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Moi) /V %d 0 R /Rect [60 720 200 740] /F 4 /AP << /N %d 0 R >> >>"
    return with_field(pdf, body % (seal, NEW + 1), {NEW + 1: look(b"999")})


def same_bytes(pdf: bytes) -> bytes:
    copy = with_entries(read(pdf, signature_number(pdf, "ConDau")), {})
    body = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Moi) /V %d 0 R /Rect [60 720 200 740] /F 4 /AP << /N %d 0 R >> >>"
    return with_field(pdf, body % (NEW + 2, NEW + 1), {NEW + 1: look(b"999"), NEW + 2: copy})


def seal_on_page_two(pdf: bytes) -> bytes:
    """The seal's own field listed on another page as well."""
    return rewrite(pdf, SECOND, {"/Annots": b"[%d 0 R]" % field_number(pdf, "ConDau")})


def clone_on_page_two(pdf: bytes) -> bytes:
    field = with_entries(read(pdf, field_number(pdf, "ConDau")), {"/T": b"(Moi)", "/P": b"7 0 R"})
    changed = with_field(pdf, field, {}, page=False)
    return rewrite(changed, SECOND, {"/Annots": b"[%d 0 R]" % NEW})


def page_only(pdf: bytes) -> bytes:
    """A clone of the seal that only a page names."""
    field = with_entries(read(pdf, field_number(pdf, "ConDau")), {"/T": b"(Moi)", "/P": b"7 0 R"})
    return rewrite(pdf, SECOND, {"/Annots": b"[%d 0 R]" % NEW}, {NEW: field})


def seal_out_of_form(pdf: bytes) -> bytes:
    fields = read(pdf, FORM)["/Fields"]
    kept = [fields.raw_get(index).idnum for index in range(len(fields))]
    seal = field_number(pdf, "ConDau")
    return rewrite(pdf, FORM, {"/Fields": b"[" + b" ".join(b"%d 0 R" % one for one in kept if one != seal) + b"]"})


def second_widget(pdf: bytes) -> bytes:
    """The seal's field gets a child: a widget over the number."""
    seal = field_number(pdf, "ConDau")
    child = b"<< /Type /Annot /Subtype /Widget /Parent %d 0 R /Rect [60 720 200 740] /F 4 /AP << /N %d 0 R >> >>" % (
        seal,
        NEW + 1,
    )
    changed = rewrite(pdf, seal, {"/Kids": b"[%d 0 R]" % NEW}, {NEW: child, NEW + 1: look(b"999")})
    return rewrite(changed, PAGE, {"/Annots": longer(read(pdf, PAGE)["/Annots"], b"%d 0 R" % NEW)})


def orphan_widget(pdf: bytes) -> bytes:
    """A widget on the page that calls the strip its parent; the strip itself stays as it was."""
    parent = field_number(pdf, "SoVaNgay")
    child = b"<< /Type /Annot /Subtype /Widget /Parent %d 0 R /Rect [60 720 200 740] /F 4 /AP << /N %d 0 R >> >>" % (
        parent,
        NEW + 1,
    )
    listed = longer(read(pdf, PAGE)["/Annots"], b"%d 0 R" % NEW)
    return rewrite(pdf, PAGE, {"/Annots": listed}, {NEW: child, NEW + 1: look(b"999")})


_TWINS: dict[str, Change] = {
    "text field's name again": new_field(b"/T (ghichu) /V (99 dong) /AP << /N %d 0 R >>" % (NEW + 1)),
    "seal's name for a text field": new_field(b"/T (ConDau) /V (999)"),
    "seal's name for an empty signature field": lambda pdf: with_field(
        pdf,
        b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (ConDau) /Rect [60 720 200 740] /AP << /N %d 0 R >> >>"
        % (NEW + 1),
        {NEW + 1: look(b"999")},
    ),
    "name with a point": new_field(b"/T (ghichu.x) /V (999)"),
    "no name": new_field(b"/V (999)"),
    "new text field": new_field(b"/T (moi) /V (999) /AP << /N %d 0 R >>" % (NEW + 1)),
    "new text field without a picture": new_field(b"/T (moi) /V (999)"),
    "field listed twice": lambda pdf: rewrite(pdf, FORM, {"/Fields": longer(read(pdf, FORM)["/Fields"], b"10 0 R")}),
    "seal listed twice": lambda pdf: rewrite(
        pdf, FORM, {"/Fields": longer(read(pdf, FORM)["/Fields"], b"%d 0 R" % field_number(pdf, "ConDau"))}
    ),
    "two fields, one value": shared_value,
    "two dictionaries, same bytes": same_bytes,
    "seal cloned on page 2": clone_on_page_two,
    "clone only on page 2": page_only,
    "seal out of the form": seal_out_of_form,
    "seal with a second widget": second_widget,
    "widget calling the strip its parent": orphan_widget,
    "field its own child": _on_field({"/Kids": b"[10 0 R]"}),
    "field its own parent": _on_field({"/Parent": b"10 0 R"}),
}


def _both(base: Base) -> tuple[Variant, ...]:
    return (
        *keyless(f"form, {base}", _SHOWN, base=base),
        *keyless(f"around the form, {base}", _AROUND, base=base),
    )


VARIANTS: tuple[Variant, ...] = (
    *_both("approval"),
    *_both("certified-2"),
    *keyless(
        "form, certified-1",
        {"value and appearance": _SHOWN["value and appearance"]},
        base="certified-1",
        allowed=INVALID,
    ),
    *keyless("form, with a look", _LOOKS, base="approval", plant=looking),
    *keyless("form, with a look, certified-2", _LOOKS, base="certified-2", plant=looking),
    *keyless("duplicate fields", _TWINS),
    *keyless("duplicate fields", {"seal also on page 2": seal_on_page_two}, allowed=INVALID),
    *keyless(
        "around the form",
        {
            "font added to the form": _on_form(
                {"/DR": b"<< /Font << /Helv 5 0 R /New << /Type /Font /Subtype /Type1 /BaseFont /Symbol >> >> >>"}
            ),
        },
        base="approval",
        allowed=HARMLESS,
    ),
)
