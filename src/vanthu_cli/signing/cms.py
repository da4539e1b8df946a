"""Detached CAdES signatures (.p7s) of any file: B-B, or B-T with a time stamper (ETSI EN 319 122-1)."""

import asyncio
import hashlib
from datetime import UTC, datetime
from typing import BinaryIO

from asn1crypto import cms
from pyhanko.sign.general import extract_signer_info
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.timestamps import TimeStamper, TimestampRequestError
from pyhanko.sign.validation.generic_cms import extract_certs_for_validation, validate_sig_integrity

from vanthu_cli.signing.keys import SigningKey
from vanthu_cli.signing.timestamps import silent

_CHUNK = 1 << 20
"""Bytes of the file that are in memory at once."""
_STAMP = "signature_time_stamp_token"


def sign_detached(stream: BinaryIO, key: SigningKey, *, time_stamper: TimeStamper | None = None) -> bytes:
    """Return the CMS (DER) over what `stream`, which can seek, holds from where it stands; read twice, never whole.

    Signed attributes: content type, digest, signing time, ESS signing-certificate-v2. The result is checked against the
    file once more: `RuntimeError` as of `verify_detached`. `UnreachableError` `signing.tsa_silent`.
    """
    start = stream.tell()
    # pyHanko and not endesive: endesive takes the content only as bytes in memory, writes no signing time, labels every
    # signature RSA, and leaves the time stamp out when its authority is silent.
    made = key.signer.async_sign_general_data(
        stream,
        "sha256",
        use_cades=True,
        timestamper=time_stamper,
        chunk_size=_CHUNK,
        # UTC said outright: local time under the name of UTC is the known fault of other tools here (domain.md 4.2).
        signed_attr_settings=PdfCMSSignedAttributes(signing_time=datetime.now(UTC)),
    )
    try:
        signature: bytes = asyncio.run(made).dump()
    except TimestampRequestError as error:
        raise silent() from error
    stream.seek(start)
    verify_detached(stream, signature)
    return signature


def verify_detached(stream: BinaryIO, signature: bytes) -> None:
    """Demand that digest, signature and, where there is one, time stamp stand. Integrity only, nobody's trust.

    For what this program has just made; anything wrong is its own defect, or the file changed meanwhile: `RuntimeError`.
    """
    try:
        signed = cms.ContentInfo.load(signature)["content"]
        standing = stands(signed, "data", _digest(stream)) and stamps_stand(extract_signer_info(signed))
    except Exception as error:  # asn1crypto and pyHanko raise ValueError, TypeError, KeyError and their own
        raise RuntimeError("the new signature cannot be read") from error
    if not standing:
        raise RuntimeError("after signing, the signature does not stand")


def stands(signed: cms.SignedData, content_type: str, digest: bytes) -> bool:
    """Tell whether the only signature of `signed` is one over content of this type and digest."""
    certificate = extract_certs_for_validation(signed).signer_cert
    return all(validate_sig_integrity(extract_signer_info(signed), certificate, content_type, digest))


def stamps_stand(signer: cms.SignerInfo) -> bool:
    """Tell whether the signature time stamps (RFC 3161 Appendix A) are of this signature; one without stands as well."""
    tokens = [one["values"][0] for one in signer["unsigned_attrs"] or () if one["type"].native == _STAMP]
    return all(stamp_stands(token, signer["signature"].native) for token in tokens)


def stamp_stands(token: cms.ContentInfo, stamped: bytes) -> bool:
    """Tell whether a time stamp token is whole and of the bytes `stamped`."""
    signed = token["content"]
    content = signed["encap_content_info"]["content"]
    imprint = content.parsed["message_imprint"]
    algorithm = extract_signer_info(signed)["digest_algorithm"]["algorithm"].native
    own = hashlib.new(imprint["hash_algorithm"]["algorithm"].native, stamped).digest()
    return imprint["hashed_message"].native == own and stands(
        signed, "tst_info", hashlib.new(algorithm, bytes(content)).digest()
    )


def _digest(stream: BinaryIO) -> bytes:
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.digest()
