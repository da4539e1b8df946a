"""A page as a picture, with its signatures and stamps as a viewer shows them."""

from io import BytesIO
from pathlib import Path

import pypdfium2 as pdfium

from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _

_MOST_PIXELS = 40_000_000


def picture_of(pdf: Path, page: int, *, dpi: int, password: str = "") -> bytes:
    """Return page `page` (from 0) as PNG; coarser where the sheet is very large. `MisuseError` "reading.unreadable"."""
    try:
        with pdfium.PdfDocument(pdf, password=password or None) as document:
            document.init_forms()  # before the page is loaded, or signature widgets are not drawn
            sheet = document[page]
            scale = dpi / 72
            wide, high = sheet.get_size()
            scale = min(scale, (_MOST_PIXELS / max(1.0, wide * high)) ** 0.5)
            image = sheet.render(scale=scale).to_pil()
    except pdfium.PdfiumError as error:
        raise MisuseError(
            "reading.unreadable",
            _("The file cannot be opened as a PDF."),
            _("Open it in a PDF viewer; if that fails too, ask the sender to send it again."),
        ) from error
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
