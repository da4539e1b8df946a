"""Judge a CMS signature that stands in a file of its own (.p7s, .p7m; RFC 5652, CAdES): of a file beside it, or of content inside."""

import base64
import binascii
from collections.abc import Callable, Iterator
from pathlib import Path

from asn1crypto import cms, core, parser, pem
from cryptography.hazmat.primitives import hashes
from pyhanko.sign.general import extract_signer_info
from pyhanko_certvalidator.util import get_pyca_cryptography_hash

from vanthu_cli.validation.cms_checks import check, enclosed, signing_time, tokens_of
from vanthu_cli.validation.findings import Level, SignatureFinding
from vanthu_cli.validation.proof import Case, Standing, earliest, finding, standing, unjudged, with_evidence
from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.stretch import open_stretch

_MOST_SIGNERS = 16
_LARGEST = 64 << 20
"""Bytes of a CMS that are parsed in memory; content beside it may be of any size."""
_SLICE = 1 << 20
_LEVEL_ATTRIBUTES = frozenset({"signing_certificate", "signing_certificate_v2"})
_OTHERS = {"enveloped_data": "encrypted", "authenticated_enveloped_data": "encrypted", "encrypted_data": "encrypted"}

Digest = Callable[[str], bytes]
"""The digest of the signed content, by the name of the algorithm."""


def read_cms(data: bytes) -> tuple[cms.ContentInfo, int] | None:
    """Return the CMS that the bytes are, in DER, PEM or bare base64, and how many bytes follow it; None if they are none."""
    if len(data) > _LARGEST:
        return None
    try:
        if pem.detect(data[:4096]):
            data = pem.unarmor(data)[2]
        elif data[:1] != b"\x30":
            data = base64.b64decode(b"".join(data.split()), validate=True)
        end = parser.peek(data)
        found = cms.ContentInfo.load(data[:end])
        found["content_type"].native  # noqa: B018  parses it
    except (ValueError, TypeError, KeyError, binascii.Error):
        return None
    known = "." not in found["content_type"].native
    return (found, len(data[end:].strip(b"\0\r\n\t "))) if known else None


def judge_signers(
    case: Case, info: cms.ContentInfo, content: Path | bytes | None
) -> Iterator[tuple[SignatureFinding, Standing | None]]:
    """(Recipe, step 2.) Judge each signer of a CMS over `content`, or over what it holds itself.

    Where both are there they must be the same bytes, else nobody can say which were meant.
    """
    if info["content_type"].native != "signed_data":
        yield unjudged("CMS", Reason(_OTHERS.get(info["content_type"].native, "format-not-judged"))), None
        return
    try:
        signed_data, signers = info["content"], list(info["content"]["signer_infos"])
        inside = _inside(signed_data)
        problem = _problem(signed_data, signers, inside, content)
    except Exception as error:  # noqa: BLE001  hostile structure
        yield unjudged("CMS", Reason("unreadable-signature", type(error).__name__)), None
        return
    if problem:
        yield unjudged("CMS", problem), None
        return
    digest = _content_digest(inside if inside is not None else content or b"")
    for number, signer in enumerate(signers[:_MOST_SIGNERS], 1):
        name = f"Signer {number}" if len(signers) > 1 else "Signer"
        try:
            yield _signer(case, _alone(signed_data, signer), name, digest)
        except Exception as error:  # noqa: BLE001  whatever its bytes make a parser raise concerns this one alone
            yield unjudged(name, Reason("unreadable-signature", f"{name} {type(error).__name__}")), None


def _problem(
    signed_data: cms.SignedData,
    signers: list[cms.SignerInfo],
    inside: bytes | None,
    content: Path | bytes | None,
) -> Reason | None:
    """Say why nothing can be judged at all: nobody has signed, or it is not clear what."""
    kind = signed_data["encap_content_info"]["content_type"].native
    if not signers:
        return Reason("no-signer")
    if len(signers) > _MOST_SIGNERS:
        return Reason("too-many-signatures", str(len(signers)))
    if kind != "data":
        return Reason("unexpected-content", str(kind))
    if inside is None:
        return Reason("content-missing") if content is None else None
    if content is not None and not _same(inside, content):
        return Reason("content-differs")
    return None


def _inside(signed_data: cms.SignedData) -> bytes | None:
    content = signed_data["encap_content_info"]["content"]
    if content is core.VOID or content.native is None:
        return None
    return bytes(content)


def _same(inside: bytes, content: Path | bytes) -> bool:
    with open_stretch(content) as stretch:
        return stretch == inside


def _alone(signed_data: cms.SignedData, signer: cms.SignerInfo) -> cms.SignedData:
    """Return the CMS as if it had but one signer and detached content: what pyHanko's checks are made for."""
    kept = {name: signed_data[name] for name in ("version", "digest_algorithms", "certificates", "crls")}
    kept = {name: value for name, value in kept.items() if value is not core.VOID}
    return cms.SignedData(kept | {"encap_content_info": {"content_type": "data"}, "signer_infos": [signer]})


def _signer(case: Case, alone: cms.SignedData, name: str, digest: Digest) -> tuple[SignatureFinding, Standing]:
    signer = extract_signer_info(alone)
    attributes = signer["signed_attrs"]
    kinds = {each["type"].native for each in attributes} if attributes is not core.VOID else set()
    algorithm = signer["digest_algorithm"]["algorithm"].native
    examined = check(alone, lambda: digest(algorithm), "whole-file", signing_time(signer))
    case = with_evidence(case, *enclosed(alone))
    found = standing(case, examined, tokens_of(signer), name, earliest(case, ()))
    # Without signed attributes the same bytes can be passed off as attributes of other content, and the other way round.
    reasons = () if {"content_type", "message_digest"} <= kinds else (Reason("no-signed-attributes"),)
    level: Level = "legacy"
    if kinds & _LEVEL_ATTRIBUTES:
        level = "B-T" if found.stamp else "B-B"
    return finding(case, name, found, level=level, stamped=found.stamp, reasons=reasons), found


def _content_digest(content: Path | bytes) -> Digest:
    def digest(algorithm: str) -> bytes:
        made = hashes.Hash(get_pyca_cryptography_hash(algorithm))
        with open_stretch(content) as stretch:
            for start in range(0, len(stretch), _SLICE):
                made.update(bytes(stretch[start : start + _SLICE]))
        return made.finalize()

    return digest
