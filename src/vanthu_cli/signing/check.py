"""The program's own look at what it has just signed, before anything is stored. Integrity only, nobody's trust."""

import hashlib
from typing import BinaryIO

from asn1crypto import cms
from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel
from pyhanko.sign.general import extract_signer_info
from pyhanko.sign.validation.generic_cms import extract_certs_for_validation, validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from vanthu_cli.signing.files import open_pdf, stamps_of

_CHUNK = 1 << 20


def check_result(before: BinaryIO, after: BinaryIO, added: int, password: str = "") -> tuple[str, ...]:
    """Demand that `after` is `before` with exactly `added` more signatures, and that none became worse; name their fields.

    A time stamp over the whole document (B-LTA) is not counted. A signature that was broken before may stay so. Anything
    else is a defect of this program: `RuntimeError`.
    """
    if not _begins_with(after, before):
        raise RuntimeError("the signed file is not an incremental update of its input")
    size = before.seek(0, 2)
    standing = {each.field_name: each for each in open_pdf(after, password).signatures}
    earlier = {name for name, each in standing.items() if _end(each) <= size}
    new = [name for name, each in standing.items() if name not in earlier and each.sig_object_type != "/DocTimeStamp"]
    if len(new) != added:
        raise RuntimeError(f"{len(earlier)} signatures and {added} new ones became {len(standing)}")
    fallen = {name for name, each in standing.items() if not _stands(each)}
    if fallen & earlier:  # look at the earlier file only when there is something to excuse
        fallen -= {one.field_name for one in open_pdf(before, password).signatures if not _stands(one)}
    if fallen:
        raise RuntimeError(f"after signing, these signatures do not stand: {', '.join(sorted(fallen))}")
    return tuple(new)


def _end(signature: EmbeddedPdfSignature) -> int:
    return int(signature.byte_range[2]) + int(signature.byte_range[3])


def _begins_with(whole: BinaryIO, part: BinaryIO) -> bool:
    whole.seek(0)
    part.seek(0)
    while chunk := part.read(_CHUNK):
        if whole.read(len(chunk)) != chunk:
            return False
    return True


def _stands(signature: EmbeddedPdfSignature) -> bool:
    """Digest, signature and time stamp verify, and difference analysis permits all that came later."""
    try:
        signature.compute_integrity_info()
        changes = signature.summarise_integrity_info()
        result = changes["diff_result"]
        if not isinstance(result, DiffResult) or result.modification_level is ModificationLevel.OTHER:
            return False
        digest = signature.compute_digest()
        if signature.sig_object_type == "/DocTimeStamp":
            verified = _token_stands(signature.signed_data, digest)
        else:
            verified = _verifies(signature.signed_data, "data", digest) and _stamp_stands(signature)
    except Exception:  # noqa: BLE001  difference analysis raises KeyError and others on dangling references
        return False
    return verified and bool(changes["docmdp_ok"])


def _verifies(signed: cms.SignedData, content_type: str, digest: bytes) -> bool:
    certificate = extract_certs_for_validation(signed).signer_cert
    return all(validate_sig_integrity(extract_signer_info(signed), certificate, content_type, digest))


def _stamp_stands(signature: EmbeddedPdfSignature) -> bool:
    """A signature without time stamp stands as well (RFC 3161 Appendix A for one with it)."""
    stamped = signature.signer_info["signature"].native
    return all(_token_stands(token["content"], _imprint(token, stamped)) for token in stamps_of(signature))


def _imprint(token: cms.ContentInfo, stamped: bytes) -> bytes:
    info = token["content"]["encap_content_info"]["content"].parsed
    return hashlib.new(info["message_imprint"]["hash_algorithm"]["algorithm"].native, stamped).digest()


def _token_stands(signed: cms.SignedData, digest: bytes) -> bool:
    content = signed["encap_content_info"]["content"]
    own = hashlib.new(extract_signer_info(signed)["digest_algorithm"]["algorithm"].native, bytes(content)).digest()
    imprint = content.parsed["message_imprint"]["hashed_message"].native
    return bool(imprint == digest) and _verifies(signed, "tst_info", own)
