"""The cryptography of one CMS signature (RFC 5652), whatever it stands in: does it hold, who made it, what does it stamp."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Any

from asn1crypto import cms, core, ocsp, tsp, x509
from cryptography.hazmat.primitives import hashes
from pyhanko.sign.general import extract_signer_info, find_unique_cms_attribute
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import (
    extract_certs_for_validation,
    extract_self_reported_ts,
    extract_tst_data_iter,
    validate_sig_integrity,
)
from pyhanko_certvalidator.util import get_pyca_cryptography_hash

from vanthu_cli.validation.chains import WEAK, is_time_stamping, read_answer
from vanthu_cli.validation.findings import Covers
from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.revocation_lists import RevocationList, read_list

_SMALLEST_RSA = 2048
_MOST_TOKENS = 4
_MOST_ENCLOSED = 16


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


def check(
    signed_data: cms.SignedData, digest: Callable[[], bytes], covers: Covers, claimed: datetime | None
) -> Examined:
    """(Recipe, steps 3 and 4.) Check the one signer of `signed_data` over detached content of this digest.

    Raises whatever a hostile structure makes pyHanko raise: the caller isolates it.
    """
    try:
        certificates = extract_certs_for_validation(signed_data)
    except SignatureValidationError:
        return Examined(None, (), None, covers, claimed, (), (Reason("no-signing-certificate"),))
    signer, leaf = extract_signer_info(signed_data), certificates.signer_cert
    intact, genuine = _holds(signed_data, leaf, digest(), "data")
    weak = weaknesses(signer, leaf)
    reasons = [
        *([] if intact else [Reason("hash-mismatch")]),
        *([] if genuine else [Reason("signature-broken")]),
        *([Reason("weak-algorithm", ", ".join(weak))] if weak else []),
    ]
    others = tuple(certificates.other_certs)
    return Examined(leaf, others, intact and genuine, covers, claimed, weak, tuple(reasons))


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


def weaknesses(signer_info: cms.SignerInfo, leaf: x509.Certificate) -> tuple[str, ...]:
    """(Recipe, step 8.) Name the digests and keys that are no longer safe."""
    found = {signer_info["digest_algorithm"]["algorithm"].native}
    with suppress(ValueError):  # not every signature algorithm names its digest
        found.add(signer_info["signature_algorithm"].hash_algo)
    return weak_of(found, leaf)


def weak_of(digests: set[str], leaf: x509.Certificate | None) -> tuple[str, ...]:
    """Return those of the digests that are weak, and the key if it is too short."""
    weak = digests & WEAK
    if leaf is not None and leaf.public_key.algorithm == "rsa" and leaf.public_key.bit_size < _SMALLEST_RSA:
        weak = weak | {f"rsa{leaf.public_key.bit_size}"}
    return tuple(sorted(weak))


def signing_time(signer_info: cms.SignerInfo) -> datetime | None:
    """Return the time the signer claims; a malformed one is none."""
    try:
        return aware(extract_self_reported_ts(signer_info))
    except Exception:  # noqa: BLE001  whatever stands there, it is no date
        return None


def aware(time: datetime | None) -> datetime | None:
    """Return the time with an offset; None for one at an end of the calendar, which no other offset can tell."""
    if time is None or not MINYEAR + 1 < time.year < MAXYEAR:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


def tokens_of(signer_info: cms.SignerInfo) -> Iterator[Token | None]:
    """Yield the signature's time stamp tokens (RFC 3161, Appendix A); None for one that cannot be read."""
    value = signer_info["signature"].native
    tokens: Iterable[Any] = extract_tst_data_iter(signer_info, signed=False)
    for _count, signed_data in zip(range(_MOST_TOKENS), tokens, strict=False):
        yield token_of(signed_data, lambda algorithm: digest_of(algorithm, value))


def token_of(signed_data: Any, imprint_of: Callable[[str], bytes]) -> Token | None:
    """Read a token (its SignedData); `imprint_of` returns what must be stamped, by digest algorithm."""
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
            all(_holds(signed_data, certificates.signer_cert, digest_of(digest, bytes(content)), "tst_info"))
            and imprint_of(stamped_with) == imprint["hashed_message"].native,
            is_time_stamping(certificates.signer_cert) and not {digest, stamped_with} & WEAK,
            info["gen_time"].native,
            certificates.signer_cert,
            tuple(certificates.other_certs),
        )
    except Exception:  # noqa: BLE001  anyone can attach a malformed token
        return None


def enclosed(signed_data: cms.SignedData) -> tuple[list[RevocationList], list[ocsp.OCSPResponse]]:
    """Return the revocation data that travels within the signature: its `crls`, and Adobe's archival attribute."""
    lists, answers = list[RevocationList](), list[ocsp.OCSPResponse]()
    with suppress(Exception):  # optional and hostile: what cannot be read is not there
        ders = [each.chosen.dump() for each in signed_data["crls"] or () if each.name == "crl"]
        lists += map(read_list, ders[:_MOST_ENCLOSED])
    with suppress(Exception):
        kept = find_unique_cms_attribute(
            extract_signer_info(signed_data)["signed_attrs"], "adobe_revocation_info_archival"
        )
        lists += [read_list(each.dump()) for each in list(kept["crl"] or ())[:_MOST_ENCLOSED]]
        answers += [read_answer(each.dump()) for each in list(kept["ocsp"] or ())[:_MOST_ENCLOSED]]
    return lists, answers


def digest_of(algorithm: str, data: bytes) -> bytes:
    digest = hashes.Hash(get_pyca_cryptography_hash(algorithm))
    digest.update(data)
    return digest.finalize()
