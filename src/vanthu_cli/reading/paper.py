"""A copy of the pages that are read, as pictures only: what text recognition gets, whatever the scan's own file holds."""

from io import BytesIO

from vanthu_cli.reading.page import Sheets

_DPI = 250
_MOST_PIXELS = 16_000_000


def copy_of_paper(sheets: Sheets) -> bytes:
    """Return a PDF of the first page and, if there are several, the last one, in grey."""
    pictures = []
    for index in sorted({0, len(sheets) - 1}):
        leaf = sheets.leaf(index)
        x0, y0, x1, y1 = leaf.sheet
        scale = min(_DPI / 72, (_MOST_PIXELS / max((x1 - x0) * (y1 - y0), 1)) ** 0.5)
        pictures.append((leaf.picture(scale=scale), scale * 72))
    out = BytesIO()
    (first, dpi), *others = pictures
    first.save(out, "PDF", resolution=dpi, save_all=True, append_images=[picture for picture, _dpi in others])
    return out.getvalue()
