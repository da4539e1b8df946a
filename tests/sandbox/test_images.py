"""Practice images are transparent, of the right size and colour, and say that they are practice."""

import io

import pytest
from PIL import Image

from vanthu_cli.sandbox.images import seal_png, signature_png


def _open(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png))
    assert image.mode == "RGBA"
    return image


def test_a_seal_is_36_millimetres_wide_and_flat_red_on_nothing() -> None:
    image = _open(seal_png("Tỉnh ủy Hải Dương"))
    assert image.width / image.info["dpi"][0] * 25.4 == pytest.approx(36, abs=0.1)
    assert image.getchannel("R").getextrema() == (214, 214)
    assert image.getchannel("A").getextrema() == (0, 255)
    assert image.getpixel((0, 0))[3] == 0  # type: ignore[index]  # an RGBA pixel is a tuple


def test_a_long_name_still_fits_and_changes_the_seal() -> None:
    long = "Ủy ban nhân dân huyện Ninh Giang tỉnh Hải Dương và các đơn vị trực thuộc"
    assert _open(seal_png(long)).size == _open(seal_png("Sở Nội vụ")).size
    assert seal_png(long) != seal_png("Sở Nội vụ")


def test_a_signature_is_blue_and_always_the_same_for_one_name() -> None:
    image = _open(signature_png("Lê Văn Hiệu"))
    red, _green, blue, _alpha = image.getpixel((5, 5))  # type: ignore[misc]  # an RGBA pixel is a tuple
    assert blue > 2 * red
    assert signature_png("Lê Văn Hiệu") == signature_png("Lê Văn Hiệu") != signature_png("Nguyễn Thị Hoa")


def test_strokes_stay_inside_the_image() -> None:
    for name in ("Lê Văn Hiệu", "Nguyễn Thị Hoa", "Trần", ""):
        alpha = _open(signature_png(name)).getchannel("A")
        box = alpha.getbbox()
        assert box
        left, upper, right, lower = box
        assert left > 0
        assert upper > 0
        assert right < alpha.width
        assert lower < alpha.height
