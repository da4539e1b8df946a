"""A little PKI and a little office: everything the tests judge is made here, by own code, without a network."""

# mypy: allow-untyped-calls
# (pyHanko leaves parts of its signing side untyped.)

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pyhanko.stamp import TextStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from vanthu_cli.validation.trust import Revocation, Signatory, Trust

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)

LEADER_BOX = (330, 300, 500, 360)
NUMBER_BOX = (60, 720, 200, 740)
SEAL_BOX = (300, 290, 400, 390)
ARRIVAL_BOX = (60, 640, 200, 700)

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Holder:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def fingerprint(self) -> str:
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    @property
    def asn1(self) -> asn1_x509.Certificate:
        return asn1_x509.Certificate.load(self.der)

    @property
    def asn1_key(self) -> asn1_keys.PrivateKeyInfo:
        return asn1_keys.PrivateKeyInfo.load(
            self.key.private_bytes(
                serialization.Encoding.DER,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        )

    def signer(self, chain: tuple["Holder", ...] = ()) -> SimpleSigner:
        """By default the CMS carries the leaf only, as VGCA's does."""
        return SimpleSigner(
            signing_cert=self.asn1,
            signing_key=self.asn1_key,
            cert_registry=SimpleCertificateStore.from_certs([holder.asn1 for holder in chain]),
            embed_roots=False,
        )


def issue(
    name: str,
    issuer: Holder | None,
    *,
    ca: bool = False,
    since: datetime = NOW - 1000 * DAY,
    until: datetime = NOW + 1000 * DAY,
    signs: bool = True,
    purposes: tuple[x509.ObjectIdentifier, ...] = (),
    time_stamping: bool = False,
    answers_ocsp: bool = False,
    ocsp_at: str | None = None,
    mail: str | None = None,
    below: int | None = None,
    key: Key | None = None,
) -> Holder:
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.COUNTRY_NAME, "VN")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=below), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=signs and not ca,
                content_commitment=signs and not ca and not time_stamping,
                key_encipherment=not signs,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=ca,
                crl_sign=ca,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    )
    if time_stamping:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    if answers_ocsp:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
        builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
    if ocsp_at:
        access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(ocsp_at))
        builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
    if mail:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(mail)]), critical=False)
    return Holder(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def revocation_list(
    issuer: Holder,
    revoked: dict[int, datetime],
    *,
    since: datetime = NOW - DAY,
    until: datetime = NOW + DAY,
) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(since)
        .next_update(until)
        .add_extension(x509.CRLNumber(1), critical=False)
    )
    for serial, moment in revoked.items():
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(moment)
        entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@dataclass(frozen=True)
class Pki:
    root: Holder
    sub: Holder
    leader: Holder
    office: Holder
    receiver: Holder
    expired: Holder
    stranger_root: Holder
    stranger: Holder
    tsa: Holder

    def trust(self, revocation: Revocation = "when-available", crls: tuple[bytes, ...] = ()) -> Trust:
        return Trust((self.root.der, self.sub.der), (), crls, revocation)

    @property
    def signatories(self) -> dict[str, Signatory]:
        return {
            self.leader.fingerprint: Signatory("person", "Tỉnh ủy"),
            self.office.fingerprint: Signatory("organisation", "Tỉnh ủy"),
            self.receiver.fingerprint: Signatory("organisation", "Huyện ủy"),
            self.expired.fingerprint: Signatory("person", "Tỉnh ủy"),
        }

    def stamper(self, moment: datetime, tsa: Holder | None = None) -> DummyTimeStamper:
        holder = tsa or self.tsa
        return DummyTimeStamper(holder.asn1, holder.asn1_key, fixed_dt=moment)


def practice_pki() -> Pki:
    root = issue("Gốc", None, ca=True)
    sub = issue("CA phục vụ các cơ quan Đảng", root, ca=True)
    stranger_root = issue("Gốc lạ", None, ca=True)
    return Pki(
        root,
        sub,
        leader=issue("Lê Văn A", sub),
        office=issue("Tỉnh ủy", sub),
        receiver=issue("Huyện ủy", sub),
        expired=issue("Người cũ", sub, until=NOW - 100 * DAY),
        stranger_root=stranger_root,
        stranger=issue("Kẻ lạ", stranger_root),
        tsa=issue("TSA", root, time_stamping=True, key=rsa.generate_private_key(65537, 2048)),
    )


@pytest.fixture(scope="session")
def pki() -> Pki:
    return practice_pki()


@pytest.fixture(scope="session")
def page() -> bytes:
    """One page with a line for the number, some text and room for signatures."""
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=A4, pageCompression=0)
    canvas.drawString(60, 725, "So        -CV/TU")
    canvas.drawString(60, 600, "Noi dung cong van so 12")
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def sign(
    pdf: bytes,
    holder: Holder,
    field: str,
    box: tuple[int, int, int, int] | None = None,
    *,
    stamper: DummyTimeStamper | None = None,
    chain: tuple[Holder, ...] = (),
    text: str = "",
    certify: bool = False,
    digest: str = "sha256",
    kind: SigSeedSubFilter = SigSeedSubFilter.PADES,
    password: str | None = None,
) -> bytes:
    writer = writing(pdf, password)
    metadata = PdfSignatureMetadata(
        field_name=field,
        md_algorithm=digest,
        subfilter=kind,
        certify=certify,
        docmdp_permissions=MDPPerm.FILL_FORMS,
    )
    signer = PdfSigner(
        metadata,
        holder.signer(chain),
        timestamper=stamper,
        stamp_style=TextStampStyle(stamp_text=text or field, background=None),
        new_field_spec=SigFieldSpec(field, box=box) if box else None,
    )
    # pyHanko's own estimate of the size is too small for an encrypted file.
    return bytes(signer.sign_pdf(writer, bytes_reserved=16_384 if password else None).getbuffer())


def writing(pdf: bytes, password: str | None) -> IncrementalPdfFileWriter:
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    if password is not None:
        writer.encrypt(password)
    return writer


def update(pdf: bytes, edit: Callable[[IncrementalPdfFileWriter], None], password: str | None = None) -> bytes:
    """Append a revision that `edit` makes: what an attacker without a key can do."""
    writer = writing(pdf, password)
    edit(writer)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def prepare(pdf: bytes) -> bytes:
    """Add the three empty fields as `vanthu prepare` does, before anybody signs."""

    def fields(writer: IncrementalPdfFileWriter) -> None:
        for name, box in (("LanhDao", LEADER_BOX), ("SoVaNgay", NUMBER_BOX), ("ConDau", SEAL_BOX)):
            append_signature_field(writer, SigFieldSpec(name, box=box))

    return update(pdf, fields)


@pytest.fixture(scope="session")
def issued(pki: Pki, page: bytes) -> bytes:
    """Leader, number strip and seal in prepared fields: the normal outgoing document."""
    pdf = sign(prepare(page), pki.leader, "LanhDao")
    pdf = sign(pdf, pki.office, "SoVaNgay", text="145")
    return sign(pdf, pki.office, "ConDau")
