"""Page boxes and the viewer's state: what is seen of a page, and what a viewer does with the document."""

from tests.validation.forgeries.hand import NEW, PAGE, PAGES, SECOND, look, revise, rewrite, root_of, stream
from tests.validation.forgeries.kinds import HARMLESS, INVALID, Change, Variant, keyless


def _on_page(entries: dict[str, bytes | None]) -> Change:
    return lambda pdf: rewrite(pdf, PAGE, entries)


def _on_root(entries: dict[str, bytes | None], more: dict[int, bytes] | None = None) -> Change:
    return lambda pdf: rewrite(pdf, root_of(pdf), entries, more)


_FILE = b"<< /Type /Filespec /F (a.exe) /EF << /F %d 0 R >> >>" % NEW
_ITEM = b"<< /Title (Trang 3) /Parent 15 0 R /Dest [7 0 R /Fit] >>"

VARIANTS: tuple[Variant, ...] = (
    *keyless(
        "page boxes",
        {
            "media box": _on_page({"/MediaBox": b"[0 0 595 700]"}),
            "media box moved": _on_page({"/MediaBox": b"[0 300 595 1142]"}),
            "crop box": _on_page({"/CropBox": b"[0 0 595 500]"}),
            "crop box of page 2": lambda pdf: rewrite(pdf, SECOND, {"/CropBox": b"[0 0 595 500]"}),
            "crop box inherited": lambda pdf: rewrite(pdf, PAGES, {"/CropBox": b"[0 0 595 500]"}),
            "rotation": _on_page({"/Rotate": b"180"}),
            "rotation inherited": lambda pdf: rewrite(pdf, PAGES, {"/Rotate": b"90"}),
            "unit": _on_page({"/UserUnit": b"2"}),
            "transparency group": _on_page({"/Group": b"<< /S /Transparency /CS /DeviceCMYK >>"}),
        },
        base="approval",
        allowed=INVALID,
    ),
    *keyless(
        "page boxes",
        {
            "trim box": _on_page({"/TrimBox": b"[100 100 300 300]"}),
            "duration": _on_page({"/Dur": b"1", "/Trans": b"<< /S /Dissolve >>"}),
            "thumbnail": lambda pdf: rewrite(pdf, PAGE, {"/Thumb": b"6 0 R"}),
            "structure": _on_page({"/StructParents": b"0"}),
            "tabs": _on_page({"/Tabs": b"/S"}),
        },
        base="approval",
    ),
    *keyless(
        "viewer's state",
        {
            "preferences": _on_root(
                {"/ViewerPreferences": b"<< /HideToolbar true /HideMenubar true /HideWindowUI true >>"}
            ),
            "view area": _on_root({"/ViewerPreferences": b"<< /ViewArea /TrimBox /PrintArea /TrimBox >>"}),
            "page mode": _on_root({"/PageMode": b"/FullScreen"}),
            "page layout": _on_root({"/PageLayout": b"/TwoColumnRight"}),
            "opened at page 2": _on_root({"/OpenAction": b"[7 0 R /Fit]"}),
            "destinations": _on_root({"/Dests": b"<< /a [7 0 R /Fit] >>"}),
            "names": _on_root({"/Names": b"<< /Dests << /Names [(a) [7 0 R /Fit]] >> >>"}),
            "page labels": _on_root({"/PageLabels": b"<< /Nums [0 << /S /r /St 145 >>] >>"}),
            "outline": lambda pdf: revise(
                pdf, {15: b"<< /Type /Outlines /First %d 0 R /Last %d 0 R /Count 1 >>" % (NEW, NEW), NEW: _ITEM}
            ),
            "file embedded": _on_root(
                {"/Names": b"<< /EmbeddedFiles << /Names [(a.exe) %s] >> >>" % _FILE},
                {NEW: stream(b"MZ", b"/Type /EmbeddedFile")},
            ),
            "file associated": _on_root({"/AF": b"[%s]" % _FILE}, {NEW: stream(b"MZ", b"/Type /EmbeddedFile")}),
            "collection": _on_root(
                {
                    "/Collection": b"<< /View /D /D (a.exe) >>",
                    "/Names": b"<< /EmbeddedFiles << /Names [(a.exe) %s] >> >>" % _FILE,
                },
                {NEW: stream(b"MZ")},
            ),
            "new layers": _on_root(
                {"/OCProperties": b"<< /OCGs [12 0 R %d 0 R] /D << /Order [12 0 R %d 0 R] >> >>" % (NEW, NEW)},
                {NEW: b"<< /Type /OCG /Name (Moi) >>"},
            ),
            "new layer configuration": _on_root(
                {
                    "/OCProperties": b"<< /OCGs [12 0 R] /D << /ON [12 0 R] >> /Configs [<< /Name (In) /OFF [12 0 R] >>] >>"
                }
            ),
            "permissions faked": _on_root(
                {"/Perms": b"<< /DocMDP %d 0 R >>" % NEW}, {NEW: b"<< /Type /Sig /Filter /Adobe.PPKLite >>"}
            ),
            "usage rights": _on_root(
                {"/Perms": b"<< /UR3 %d 0 R >>" % NEW}, {NEW: b"<< /Type /Sig /Filter /Adobe.PPKLite >>"}
            ),
            "legal attestation": _on_root({"/Legal": b"<< /JavaScriptActions 0 >>"}),
            "output intent": _on_root(
                {"/OutputIntents": b"[<< /Type /OutputIntent /S /GTS_PDFX /OutputConditionIdentifier (X) >>]"}
            ),
            "address base": _on_root({"/URI": b"<< /Base (http://example.invalid/) >>"}),
            "requirements": _on_root({"/Requirements": b"[<< /S /EnableJavaScripts >>]"}),
            "language": _on_root({"/Lang": b"(en)"}),
            "threads": _on_root({"/Threads": b"[<< /F %d 0 R >>]" % NEW}, {NEW: b"<< /P 3 0 R /R [0 0 10 10] >>"}),
            "needs rendering": _on_root({"/NeedsRendering": b"true"}),
            "unknown key": _on_root({"/VGCA": b"(x)"}),
        },
        base="approval",
    ),
    *keyless(
        "viewer's state",
        {
            "version": _on_root({"/Version": b"/2.0"}),
            "validation data of a stranger": _on_root(
                {"/DSS": b"<< /Certs [%d 0 R] >>" % NEW}, {NEW: stream(b"no certificate")}
            ),
            "validation data that draws": _on_root({"/DSS": b"<< /Certs [%d 0 R] >>" % NEW}, {NEW: look(b"999")}),
        },
        base="approval",
        allowed=HARMLESS,
    ),
    *keyless(
        "certification",
        {
            "permissions taken away": _on_root({"/Perms": None}),
            "permissions emptied": _on_root({"/Perms": b"<< >>"}),
            "permissions lead elsewhere": _on_root(
                {"/Perms": b"<< /DocMDP %d 0 R >>" % NEW}, {NEW: b"<< /Type /Sig >>"}
            ),
        },
        base="certified-2",
    ),
)
