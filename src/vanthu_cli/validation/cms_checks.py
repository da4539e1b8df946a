"""The cryptography of one PDF signature: what it covers, whether it holds, and what its time stamp proves."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from asn1crypto import cms, core, tsp, x509
from cryptography.hazmat.primitives import hashes
from pyhanko.pdf_utils import generic
from pyhanko.sign.general import extract_signer_info
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import (
    extract_certs_for_validation,
    extract_tst_data_iter,
    validate_sig_integrity,
)
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator.util import get_pyca_cryptography_hash

from vanthu_cli.validation.chains import WEAK, is_time_stamping
from vanthu_cli.validation.findings import Covers
from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.stretch import Stretch

_SMALLEST_RSA = 2048
_MOST_TOKENS = 4

_COVERS: dict[SignatureCoverageLevel, Covers] = {
    SignatureCoverageLevel.ENTIRE_FILE: "whole-file",
    SignatureCoverageLevel.ENTIRE_REVISION: "revision",
}


@dataclass(frozen=True, slots=True)
class Examined:
    """What the bytes of a signature say; `integrity` None where it could not be checked."""

    certificate: x509.Certificate | None
    embedded_certificates: tuple[x509.Certificate, ...]
    integrity: bool | None
    covers: Covers
    claimed_time: datetime | None
    weak: tuple[str, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """A time stamp token (RFC 3161); whether its signer is trusted is still open.

    `sound`: its signature holds and it stamps what it is attached to; `usable`: the certificate is a time stamping
    authority's and no weak digest is in it.
    """

    sound: bool
    usable: bool
    time: datetime
    certificate: x509.Certificate
    embedded_certificates: tuple[x509.Certificate, ...]


def examine(embedded: EmbeddedPdfSignature, pdf: Stretch) -> Examined:
    """Check a signature's bytes. Raises whatever a hostile structure makes pyHanko raise: the caller isolates it."""
    claimed = _claimed_time(embedded)
    if not frames_its_contents(embedded, pdf):
        # ByteRange attacks (USF, wrapping): whatever the digest says, part of the file is not under it.
        return Examined(None, (), False, "partial", claimed, (), (Reason("partial-coverage", embedded.fq_name),))
    covers = _COVERS.get(embedded.evaluate_signature_coverage(), "partial")
    try:
        certificates = extract_certs_for_validation(embedded.signed_data)
    except SignatureValidationError:
        return Examined(None, (), None, covers, claimed, (), (Reason("no-signing-certificate"),))
    leaf = certificates.signer_cert
    intact, genuine = _holds(embedded.signed_data, leaf, embedded.compute_digest(), "data")
    weak = _weaknesses(embedded.signer_info, leaf)
    reasons = [
        *([] if intact else [Reason("hash-mismatch")]),
        *([] if genuine else [Reason("signature-broken")]),
        *([Reason("partial-coverage", embedded.fq_name)] if covers == "partial" else []),
        *([Reason("weak-algorithm", ", ".join(weak))] if weak else []),
    ]
    others = tuple(certificates.other_certs)
    return Examined(leaf, others, intact and genuine, covers, claimed, weak, tuple(reasons))


def frames_its_contents(embedded: EmbeddedPdfSignature, pdf: Stretch) -> bool:
    """Tell whether /ByteRange is two parts from byte 0 that leave out exactly the hex string of /Contents."""
    if not isinstance(embedded.byte_range, generic.ArrayObject):
        return False
    numbers = list(embedded.byte_range)
    if len(numbers) != 4 or not all(isinstance(number, int) for number in numbers):  # noqa: PLR2004  two pairs
        return False
    start, length, resume, rest = map(int, numbers)
    if start != 0 or not 0 < length < resume or rest <= 0 or resume + rest > len(pdf):
        return False
    gap = bytes(pdf[length:resume])
    if not (gap.startswith(b"<") and gap.endswith(b">")):
        return False
    try:
        return bytes.fromhex(gap[1:-1].decode("ascii")) == embedded.pkcs7_content
    except ValueError:
        return False


def _holds(signed_data: cms.SignedData, leaf: x509.Certificate, digest: bytes, content_type: str) -> tuple[bool, bool]:
    """Return whether the digest is the signed one, and whether the signature over it verifies."""
    contained = signed_data["encap_content_info"]
    if contained["content_type"].native != content_type:
        raise SignatureValidationError("unexpected content type")
    if content_type == "data" and contained["content"] is not core.VOID and contained["content"].native is not None:
        raise SignatureValidationError("content inside a detached signature")
    return validate_sig_integrity(
        extract_signer_info(signed_data),
        leaf,
        expected_content_type=content_type,
        actual_digest=digest,
    )


def _weaknesses(signer_info: cms.SignerInfo, leaf: x509.Certificate) -> tuple[str, ...]:
    found = {signer_info["digest_algorithm"]["algorithm"].native}
    with suppress(ValueError):  # not every signature algorithm names its digest
        found.add(signer_info["signature_algorithm"].hash_algo)
    weak = found & WEAK
    if leaf.public_key.algorithm == "rsa" and leaf.public_key.bit_size < _SMALLEST_RSA:
        weak.add(f"rsa{leaf.public_key.bit_size}")
    return tuple(sorted(weak))


def _claimed_time(embedded: EmbeddedPdfSignature) -> datetime | None:
    try:
        claimed = embedded.self_reported_timestamp
    except Exception:  # noqa: BLE001  a malformed date is no date
        return None
    return claimed.replace(tzinfo=UTC) if claimed is not None and claimed.tzinfo is None else claimed


def signature_tokens(embedded: EmbeddedPdfSignature) -> Iterable[Token | None]:
    """Yield the signature's time stamp tokens; None for one that cannot be read."""
    value = embedded.signer_info["signature"].native
    tokens = extract_tst_data_iter(embedded.signer_info, signed=False)
    for _count, signed_data in zip(range(_MOST_TOKENS), tokens, strict=False):
        yield token_of(signed_data, lambda digest: _hash(digest, value))


def document_token(embedded: EmbeddedPdfSignature) -> Token | None:
    """Return the token of a document time stamp, None if it cannot be read."""
    return token_of(embedded.signed_data, embedded.compute_digest)


def token_of(signed_data: Any, imprint_of: Callable[[str], bytes]) -> Token | None:
    try:
        content = signed_data["encap_content_info"]["content"]
        info = content.parsed
        if not isinstance(info, tsp.TSTInfo):
            return None
        imprint = info["message_imprint"]
        digest = extract_signer_info(signed_data)["digest_algorithm"]["algorithm"].native
        stamped_with = imprint["hash_algorithm"]["algorithm"].native
        certificates = extract_certs_for_validation(signed_data)
        return Token(
            all(_holds(signed_data, certificates.signer_cert, _hash(digest, bytes(content)), "tst_info"))
            and imprint_of(stamped_with) == imprint["hashed_message"].native,
            is_time_stamping(certificates.signer_cert) and not {digest, stamped_with} & WEAK,
            info["gen_time"].native,
            certificates.signer_cert,
            tuple(certificates.other_certs),
        )
    except Exception:  # noqa: BLE001  anyone can attach a malformed token
        return None


def _hash(algorithm: str, data: bytes) -> bytes:
    digest = hashes.Hash(get_pyca_cryptography_hash(algorithm))
    digest.update(data)
    return digest.finalize()
