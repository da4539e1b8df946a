"""What is a scan of paper, and what is not: sao y depends on it, so both errors are shown not to happen."""

import io

import pytest
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import NameObject, NumberObject
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas
from tests.reading.pages import (
    HEIGHT,
    WIDTH,
    Layer,
    Text,
    dispatch_145,
    jpeg,
    make_pdf,
    paragraphs,
    party_header,
    photograph,
    scanned,
    signer,
)

from vanthu_cli.document.places import Box
from vanthu_cli.reading.look import Look, Wish, look

PAGE = party_header() + paragraphs(200, "Kính gửi các cơ quan, đơn vị trong tỉnh.") + signer(400)


def judged(pdf: bytes) -> Look:
    return look("a.pdf", pdf, Wish(scan=True))


@pytest.mark.parametrize("layer", ["none", "hidden", "under"])
@pytest.mark.parametrize(("rotate", "strips"), [(0, 1), (0, 9), (90, 4), (270, 1)])
def test_a_picture_of_paper_is_a_scan_however_its_text_was_recognised(layer: Layer, rotate: int, strips: int) -> None:
    seen = judged(scanned(PAGE, layer=layer, rotate=rotate, strips=strips))
    assert (seen.scan, seen.dpi, seen.colour) == (True, 80, True)


def test_a_page_number_printed_over_a_scan_leaves_it_a_scan() -> None:
    assert judged(over_a_picture([Text(300, 40, "- 12 -", size=12)])).scan
    assert not judged(over_a_picture([Text(300, 40, "Bản sao có giá trị như bản chính", size=12)])).scan


def test_a_document_born_digital_is_none() -> None:
    assert judged(make_pdf(*dispatch_145())).scan is False
    assert judged(make_pdf([])).scan is False


def test_text_seen_over_a_picture_is_no_scan() -> None:
    """A letterhead or background picture from edge to edge does not make paper of a document born digital."""
    assert judged(scanned(PAGE, layer="seen")).scan is False
    assert judged(over_a_picture(PAGE)).scan is False


def test_text_under_a_transparent_picture_is_no_scan() -> None:
    """A watermark over the whole page hides nothing, so the text under it counts."""
    assert judged(over_a_picture(PAGE, transparent=True)).scan is False


def test_outlines_drawn_over_a_picture_are_no_scan() -> None:
    assert judged(over_a_picture([], boxes=((100, 100, 300, 40),))).scan is False


def test_the_page_is_left_as_it_was_for_what_is_asked_next() -> None:
    pdf = over_a_picture([], boxes=((100, 100, 300, 40),))
    seen = look("a.pdf", pdf, Wish(scan=True, at=Box(0, 120, 105, 220, 135)))
    assert (seen.scan, seen.covers_text) == (False, True)


def test_a_picture_that_leaves_part_of_the_page_free_is_no_scan() -> None:
    assert judged(scanned(PAGE, share=0.75)).scan is False
    assert judged(scanned(PAGE, share=0.85)).scan is True


def test_one_page_of_text_among_scans_makes_the_file_none() -> None:
    both = PdfWriter(clone_from=io.BytesIO(scanned(PAGE)))
    both.append(io.BytesIO(make_pdf(PAGE)))
    out = io.BytesIO()
    both.write(out)
    assert judged(out.getvalue()).scan is False


def test_pictures_within_forms_are_pictures() -> None:
    out = io.BytesIO()
    paper = canvas.Canvas(out)
    paper.beginForm("page", 0, 0, WIDTH, HEIGHT)
    paper.scale(2, 2)
    paper.drawImage(jpeg(photograph(make_pdf(PAGE), 72)[0]), 0, 0, WIDTH / 2, HEIGHT / 2)
    paper.endForm()
    paper.doForm("page")
    paper.showPage()
    paper.save()
    seen = judged(out.getvalue())
    assert (seen.scan, seen.dpi) == (True, 72)


def test_what_was_signed_or_stamped_onto_a_scan_leaves_it_a_scan() -> None:
    pdf = scanned(PAGE)
    writer = PdfWriter(clone_from=io.BytesIO(make_pdf([], fields=[(30 * row, 100, "145") for row in range(1, 16)])))
    stamped = PdfWriter(clone_from=io.BytesIO(pdf))
    stamped.pages[0][NameObject("/Annots")] = writer.pages[0]["/Annots"].clone(stamped)
    out = io.BytesIO()
    stamped.write(out)
    assert judged(out.getvalue()).scan is True
    assert b"/Annots" in out.getvalue()


@pytest.mark.parametrize(("mode", "colour"), [("RGB", True), ("L", False)])
def test_resolution_and_colour_are_the_lowest_of_all_pages(mode: str, colour: bool) -> None:
    both = PdfWriter(clone_from=io.BytesIO(scanned(PAGE, dpi=96)))
    both.append(io.BytesIO(scanned(PAGE, dpi=72, mode=mode)))
    out = io.BytesIO()
    both.write(out)
    seen = judged(out.getvalue())
    assert (seen.scan, seen.dpi, seen.colour) == (True, 72, colour)


def test_a_fax_in_black_and_white_has_no_colour() -> None:
    writer = PdfWriter(clone_from=io.BytesIO(scanned(PAGE, mode="L")))
    picture = next(iter(writer.pages[0]["/Resources"]["/XObject"].values())).get_object()  # type: ignore[index]
    bits = photograph(make_pdf(PAGE), 100, "1")[0]
    del picture["/Filter"]
    picture._data = bits.tobytes()
    picture[NameObject("/BitsPerComponent")] = NumberObject(1)
    picture[NameObject("/Width")], picture[NameObject("/Height")] = NumberObject(bits.width), NumberObject(bits.height)
    out = io.BytesIO()
    writer.write(out)
    seen = judged(out.getvalue())
    assert (seen.scan, seen.colour) == (True, False)


@pytest.mark.parametrize("order", [(40, 90), (90, 40)])
def test_of_layers_the_fine_one_counts(order: tuple[int, int]) -> None:
    """Scanners keep the paper's ground coarse and the letters, a mask, fine (mixed raster content)."""
    out = io.BytesIO()
    paper = canvas.Canvas(out, pagesize=A4)
    for dpi in order:
        shot = photograph(make_pdf(PAGE), dpi)[0]
        paper.drawImage(jpeg(shot), 0, 0, WIDTH, HEIGHT)
    paper.showPage()
    paper.save()
    assert judged(out.getvalue()).dpi == 90


def over_a_picture(
    texts: list[Text], *, transparent: bool = False, boxes: tuple[tuple[float, float, float, float], ...] = ()
) -> bytes:
    """Draw a picture from edge to edge, paper without a word, and text over it; under it, if it is transparent."""
    shot = photograph(make_pdf([]), 40)[0]
    picture = Image.new("RGBA", shot.size, (200, 0, 0, 40)) if transparent else shot
    out = io.BytesIO()
    paper = canvas.Canvas(out, pagesize=A4)
    if not transparent:
        paper.drawImage(ImageReader(picture), 0, 0, WIDTH, HEIGHT)
    for text in texts:
        paper.setFont(text.font, text.size)
        paper.drawString(text.x, HEIGHT - text.y, text.text)
    for box in boxes:
        paper.rect(*box, fill=1)
    if transparent:
        paper.drawImage(ImageReader(picture), 0, 0, WIDTH, HEIGHT, mask="auto")
    paper.showPage()
    paper.save()
    return out.getvalue()
