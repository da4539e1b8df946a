"""A small office for these tests: an own PKI, a dispatch with blanks, pictures of a signature and a seal."""

import datetime as dt
import functools
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, pkcs12
from cryptography.x509.oid import NameOID
from PIL import Image, ImageDraw
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

import vanthu_cli
from vanthu_cli.document.places import MM, Blank, Box, Places

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)
DIGITAL_SIGNATURE = (True, False, False, False, False, False, False, False, False)
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
    return Identity(key, builder.sign(issuer.key if issuer else key, hashes.SHA256()))


def p12(identity: Identity, path: Path, passphrase: str, *chain: Identity) -> Path:
    lock = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    others = [link.certificate for link in chain]
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"key", identity.key, identity.certificate, others, lock))
    return path


LEFT = 30 * MM
SIGNER = Box(0, 330, 250, 470, 310)
SEAL = Box(0, 330 + 140 / 3 - 36 * MM, 280 - 18 * MM, 330 + 140 / 3, 280 + 18 * MM)


def dispatch(*, rotate: int = 0) -> tuple[bytes, Places]:
    """A công văn of the Party: number and date blank, the signer's block below, the body between."""
    out = BytesIO()
    canvas = Canvas(out, pagesize=(595.276, 841.89), invariant=True)
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
    canvas.setPageRotation(rotate)
    canvas.save()
    strip = Box(0, LEFT, 740, 560, 760)
    return out.getvalue(), Places(number, day, month, None, strip, SIGNER, SEAL)


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
                found.append(Blank(x, x + part, y, size, italic=face == "Italic"))
                x += part
        return found


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
