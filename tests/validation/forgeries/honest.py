"""What honest people do to a signed document: none of it may cost the verdict "valid"."""

# mypy: allow-untyped-calls
# (pyHanko leaves parts of its signing side untyped.)

from collections.abc import Callable
from io import BytesIO

from asn1crypto import crl
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, append_signature_field
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from tests.validation.conftest import NOW, Pki, revocation_list, sign, update
from tests.validation.forgeries.forms import looking
from tests.validation.forgeries.hand import written
from tests.validation.forgeries.kinds import VALID, Variant, keyed

_ROOMS = tuple((60 + 130 * number, 100, 180 + 130 * number, 150) for number in range(4))


def stored(pdf: bytes, pki: Pki, *, per_signature: bool = True) -> bytes:
    """Validation data added, with or without an entry (VRI) for the seal."""
    out = BytesIO(pdf)
    seal = PdfFileReader(out).embedded_signatures[-1].pkcs7_content if per_signature else None
    lists = [crl.CertificateList.load(revocation_list(issuer, {})) for issuer in (pki.root, pki.sub)]
    DocumentSecurityStore.add_dss(out, seal, certs=[pki.sub.asn1, pki.root.asn1], crls=lists)
    return out.getvalue()


def stamped(pdf: bytes, pki: Pki) -> bytes:
    stamper = PdfTimeStamper(pki.stamper(NOW))
    return bytes(stamper.timestamp_pdf(IncrementalPdfFileWriter(BytesIO(pdf)), "sha256", None).getbuffer())


def arrived(pdf: bytes, pki: Pki, times: int) -> bytes:
    for number in range(times):
        pdf = sign(pdf, pki.receiver, f"DEN{number}", _ROOMS[number])
    return pdf


def two_leaders(_pdf: bytes, pki: Pki) -> bytes:
    pdf = update(written(), lambda writer: _fields(writer, "LanhDao", "LanhDao_2", "SoVaNgay", "ConDau"))
    for holder, name in (
        (pki.leader, "LanhDao"),
        (pki.leader, "LanhDao_2"),
        (pki.office, "SoVaNgay"),
        (pki.office, "ConDau"),
    ):
        pdf = sign(pdf, holder, name)
    return pdf


def second_leader_in_new_field(_pdf: bytes, pki: Pki) -> bytes:
    pdf = sign(written(), pki.leader, "LanhDao", _ROOMS[0])
    pdf = sign(pdf, pki.leader, "LanhDao_2", _ROOMS[1])
    return sign(sign(pdf, pki.office, "SoVaNgay", _ROOMS[2], text="145"), pki.office, "ConDau", _ROOMS[3])


def _fields(writer: IncrementalPdfFileWriter, *names: str) -> None:
    for name, box in zip(names, _ROOMS, strict=False):
        append_signature_field(writer, SigFieldSpec(name, box=box))


def empty_field(pdf: bytes) -> bytes:
    return update(pdf, lambda writer: append_signature_field(writer, SigFieldSpec("Trong", box=_ROOMS[0])))


def retitled(pdf: bytes, _pki: Pki) -> bytes:
    """Only metadata: /Info and XMP as pyHanko's writer keeps them."""

    def edit(writer: IncrementalPdfFileWriter) -> None:
        writer.document_meta.title = "Cong van 145"
        writer._force_write_when_empty = True

    return update(pdf, edit)


_HONEST: dict[str, Callable[[bytes, Pki], bytes]] = {
    "validation data": stored,
    "validation data without an entry of its own": lambda pdf, pki: stored(pdf, pki, per_signature=False),
    "validation data twice": lambda pdf, pki: stored(stored(pdf, pki), pki),
    "document time stamp": stamped,
    "validation data and document time stamp": lambda pdf, pki: stamped(stored(pdf, pki), pki),
    "archive renewed": lambda pdf, pki: stamped(stored(stamped(stored(pdf, pki), pki), pki), pki),
    "one arrival stamp": lambda pdf, pki: arrived(pdf, pki, 1),
    "two arrival stamps": lambda pdf, pki: arrived(pdf, pki, 2),
    "three arrival stamps": lambda pdf, pki: arrived(pdf, pki, 3),
    "four arrival stamps": lambda pdf, pki: arrived(pdf, pki, 4),
    "arrival stamp and validation data": lambda pdf, pki: stored(arrived(pdf, pki, 1), pki),
    "arrival stamp of a person": lambda pdf, pki: sign(pdf, pki.leader, "DEN", _ROOMS[0]),
    "invisible arrival": lambda pdf, pki: sign(pdf, pki.receiver, "DEN", (0, 0, 0, 0)),
    "metadata": retitled,
}
_PLAIN = ("validation data", "document time stamp", "one arrival stamp", "arrival stamp of a person", "metadata")

VARIANTS: tuple[Variant, ...] = (
    *keyed("honest", _HONEST, allowed=VALID),
    *keyed("honest, a field with a look", {name: _HONEST[name] for name in _PLAIN}, plant=looking, allowed=VALID),
    *keyed("honest, object streams", _HONEST, base="packed", allowed=VALID),
    *keyed(
        "honest, sealed only",
        {"one arrival stamp": _HONEST["one arrival stamp"], "document time stamp": stamped},
        base="approval",
        allowed=VALID,
    ),
    *keyed(
        "honest",
        {"two leaders": two_leaders, "second leader in a new field": second_leader_in_new_field},
        allowed=VALID,
    ),
    *keyed(
        "honest",
        {"prepared field signed": lambda pdf, pki: sign(pdf, pki.receiver, "Trong")},
        plant=empty_field,
        allowed=VALID,
    ),
    *keyed(
        "honest, certified-2",
        {"prepared field signed": lambda pdf, pki: sign(pdf, pki.receiver, "Trong")},
        base="certified-2",
        plant=empty_field,
        allowed=VALID,
    ),
    *keyed(
        "honest, certified-1",
        {"validation data": stored, "document time stamp": stamped},
        base="certified-1",
        allowed=VALID,
    ),
    *keyed(
        "honest, certified-2",
        {"validation data": stored, "document time stamp": stamped},
        base="certified-2",
        allowed=VALID,
    ),
)
