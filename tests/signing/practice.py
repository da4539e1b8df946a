"""A small office for these tests: an own PKI, a dispatch with blanks, pictures of a signature and a seal."""

import datetime as dt
import functools
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID
from PIL import Image, ImageChops, ImageDraw
from pyhanko.sign.timestamps import DummyTimeStamper
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

import vanthu_cli
from vanthu_cli.document.places import MM, Blank, Box, Places, SignerPlace
from vanthu_cli.errors import VanthuError
from vanthu_cli.signing.check import check_result
from vanthu_cli.signing.files import open_pdf

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)
DIGITAL_SIGNATURE = (True, False, False, False, False, False, False, False, False)
COMMITMENT_ONLY = (False, True, False, False, False, False, False, False, False)
ENCRYPTION_ONLY = (False, False, True, False, False, False, False, False, False)

_FONTS = Path(vanthu_cli.__file__).parent / "fonts"
for _face in ("Regular", "Bold", "Italic"):
    pdfmetrics.registerFont(TTFont(_face, str(_FONTS / f"LiberationSerif-{_face}.ttf")))


@dataclass(frozen=True)
class Identity:
    key: PrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


@functools.cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def issue(
    name: str,
    issuer: Identity | None = None,
    *,
    key: PrivateKey | None = None,
    start: dt.datetime = NOW - DAY,
    end: dt.datetime = NOW + 365 * DAY,
    usage: tuple[bool, ...] | None = DIGITAL_SIGNATURE,
    time_stamping: bool = False,
    more: Iterable[x509.ExtensionType] = (),
) -> Identity:
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )
    if issuer is None or name.startswith("CA "):
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    elif usage is not None:
        builder = builder.add_extension(x509.KeyUsage(*usage), critical=True)
    if time_stamping:
        purpose = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(purpose, critical=True)
    for extension in more:
        builder = builder.add_extension(extension, critical=False)
    return Identity(key, builder.sign(issuer.key if issuer else key, hashes.SHA256()))


def p12(identity: Identity, path: Path, passphrase: str, *chain: Identity) -> Path:
    lock = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    others = [link.certificate for link in chain]
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"key", identity.key, identity.certificate, others, lock))
    return path


LEFT = 30 * MM
WIDTH, HEIGHT = 595.276, 841.89
SIGNER = Box(0, 330, 250, 470, 310)
SEAL = Box(0, 330 + 140 / 3 - 36 * MM, 280 - 18 * MM, 330 + 140 / 3, 280 + 18 * MM)

# What turns a page drawn upright so that its reader sees it upright when /Rotate turns it back.
_TURNS = {
    0: (1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
    90: (0.0, 1.0, -1.0, 0.0, HEIGHT, 0.0),
    180: (-1.0, 0.0, 0.0, -1.0, WIDTH, HEIGHT),
    270: (0.0, -1.0, 1.0, 0.0, 0.0, WIDTH),
}


def authority(root: Identity) -> DummyTimeStamper:
    """Return a time stamp authority below `root`, in this process."""
    identity = issue("TSA thực hành", root, key=rsa_key(), time_stamping=True)
    private = identity.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return DummyTimeStamper(asn1_x509.Certificate.load(identity.der), asn1_keys.PrivateKeyInfo.load(private))


def dispatch(*, rotate: int = 0) -> tuple[bytes, Places]:
    """A công văn of the Party: number and date blank, the signer's block below, the body between.

    Its reader sees the same whatever `rotate`; the places are in default user space.
    """
    out = BytesIO()
    canvas = Canvas(out, invariant=True)
    canvas.setPageSize((WIDTH, HEIGHT))  # stored turned by reportlab when the page is
    canvas.setPageRotation(rotate)
    canvas.transform(*_TURNS[rotate])
    write = _Pen(canvas)
    write("Bold", 13, LEFT, 780, "TỈNH ỦY HẢI DƯƠNG")
    write("Regular", 14, LEFT + 60, 764, "*")
    number = write.blank("Regular", 14, LEFT, 745, "Số ", 26, " -CV/TU")[0]
    write("Bold", 13, 330, 780, "ĐẢNG CỘNG SẢN VIỆT NAM")
    day, month = write.blank("Italic", 14, 300, 745, "Hải Dương, ngày ", 27, " tháng ", 27, " năm 2026")
    write("Italic", 12, LEFT, 728, "V/v gửi, nhận văn bản trên mạng thông tin diện rộng của Đảng")
    for row in range(18):
        write(
            "Regular", 14, LEFT, 680 - 18 * row, "Thực hiện quy định, Văn phòng Tỉnh ủy đề nghị các đơn vị gửi, nhận."
        )
    write("Bold", 14, 330, 330, "T/M BAN THƯỜNG VỤ")
    write("Bold", 14, 320, 314, "PHÓ BÍ THƯ THƯỜNG TRỰC")
    write("Bold", 14, 360, 235, "Lê Văn Hiệu")
    canvas.save()
    signer = SignerPlace("Lê Văn Hiệu", "PHÓ BÍ THƯ THƯỜNG TRỰC", turned(SIGNER, rotate), turned(SEAL, rotate))
    number, day, month = (_turned_blank(blank, rotate) for blank in (number, day, month))
    return out.getvalue(), Places(
        number=number, day=day, month=month, strip=turned(Box(0, LEFT, 740, 560, 760), rotate), signers=(signer,)
    )


def turned(box: Box, rotate: int) -> Box:
    """Return in default user space what lies in `box` for the reader of a dispatch with that /Rotate."""
    (ax, ay), (bx, by) = _turned_point(box.x0, box.y0, rotate), _turned_point(box.x1, box.y1, rotate)
    return Box(box.page, min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))


def _turned_blank(blank: Blank, rotate: int) -> Blank:
    start, end = _turned_point(blank.x0, blank.y0, rotate), _turned_point(blank.x1, blank.y1, rotate)
    return Blank(*start, *end, blank.size, blank.italic)


def _turned_point(x: float, y: float, rotate: int) -> tuple[float, float]:
    a, b, c, d, e, f = _TURNS[rotate]
    return a * x + c * y + e, b * x + d * y + f


class _Pen:
    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas

    def __call__(self, face: str, size: float, x: float, y: float, text: str) -> float:
        self.canvas.setFont(face, size)
        self.canvas.drawString(x, y, text)
        return float(x + pdfmetrics.stringWidth(text, face, size))

    def blank(self, face: str, size: float, x: float, y: float, *parts: str | float) -> list[Blank]:
        """Write texts with gaps (numbers, in points) between them; return the gaps."""
        found = []
        for part in parts:
            if isinstance(part, str):
                x = self(face, size, x, y, part)
            else:
                found.append(Blank(x, y, x + part, y, size, italic=face == "Italic"))
                x += part
        return found


def done(work: Callable[..., object], pdf: bytes, *arguments: Any, **named: Any) -> bytes:
    """Return what becomes of the file when `work` is done to its stream in place."""
    stream = BytesIO(pdf)
    work(stream, *arguments, **named)
    return stream.getvalue()


def check(before: bytes, after: bytes, added: int, password: str = "") -> tuple[str, ...]:
    return check_result(BytesIO(before), BytesIO(after), added, password)


def refused(code: str, work: Callable[..., object], *arguments: Any, **named: Any) -> VanthuError:
    """Demand that the work is refused with that code; a PDF may be given as bytes."""
    streams = [BytesIO(one) if isinstance(one, bytes) else one for one in arguments]
    with pytest.raises(VanthuError) as caught:
        work(*streams, **named)
    assert caught.value.code == code
    return caught.value


def left_out(why: str) -> None:
    """Leave a test out for want of a program, loudly; not where everything must be there."""
    assert os.environ.get("CI") != "true", why
    pytest.skip(why)


def pdfsig_says(pdf: bytes, folder: Path, *options: str) -> list[str]:
    """Return poppler's verdict on each signature, in the order of the file."""
    if shutil.which("pdfsig") is None:
        left_out("pdfsig (poppler-utils) is not installed: no second opinion on our signatures")
    path = folder / "judged.pdf"
    path.write_bytes(pdf)
    answer = subprocess.run(["pdfsig", "-nocert", *options, str(path)], capture_output=True, text=True, check=True)  # noqa: S607  found on PATH above
    return re.findall(r"Signature Validation: (.*)", answer.stdout)


SCALE = 4
"""Pixels a point of `render`."""


@functools.lru_cache(maxsize=4)
def render(pdf: bytes, page: int = 0, password: str | None = None) -> Image.Image:
    """Draw a page with its signatures as pdfium shows it."""
    with pdfium.PdfDocument(pdf, password=password) as document:
        document.init_forms()
        image: Image.Image = document[page].render(scale=SCALE).to_pil().convert("RGB")
        return image


def added(before: bytes, after: bytes, *window: float) -> tuple[float, ...] | None:
    """Where the reader sees something else on page 1 within the rectangle: points from the lower left corner as he sees it."""
    x0, y0, x1, y1 = window
    change = ImageChops.difference(render(before), render(after)).convert("L").point([0] * 40 + [255] * 216)
    high = change.height
    box = change.crop((int(x0 * SCALE), int(high - y1 * SCALE), int(x1 * SCALE), int(high - y0 * SCALE))).getbbox()
    if box is None:
        return None
    left, top, right, bottom = (value / SCALE for value in box)
    return x0 + left, y1 - bottom, x0 + right, y1 - top


def differing(one: Image.Image, other: Image.Image) -> int:
    """Count the pixels that are clearly not alike."""
    change = ImageChops.difference(one, other).convert("L").point([0] * 100 + [1] * 156)
    return sum(change.tobytes())


def appearance(pdf: bytes, field: str, password: str = "") -> Any:
    """Return the form that a signature shows."""
    signatures = open_pdf(pdf, password).signatures
    return next(one for one in signatures if one.field_name == field).sig_field["/AP"]["/N"]


def signature_png() -> bytes:
    image = Image.new("RGBA", (900, 500), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    points = [(150 + 20 * step, 250 + 110 * (-1) ** step * (1 - step / 40)) for step in range(30)]
    pen.line(points, fill=(20, 40, 200, 255), width=14, joint="curve")
    return png(image)


def seal_png() -> bytes:
    image = Image.new("RGBA", (460, 460), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    for rim in (20, 60):
        pen.ellipse((rim, rim, 460 - rim, 460 - rim), outline=(220, 0, 0, 255), width=10)
    pen.regular_polygon((230, 230, 70), 5, fill=(220, 0, 0, 255))
    return png(image)


def png(image: Image.Image, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, "PNG", **options)
    return out.getvalue()
