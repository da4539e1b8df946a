"""Signatures in ASiC containers (ETSI EN 319 162-1) and, built alike, OpenDocument files: members against digests."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from asn1crypto import cms, core, x509
from pyhanko.sign.general import extract_signer_info
from pyhanko.sign.validation.generic_cms import (
    extract_certs_for_validation,
    extract_tst_data_iter,
    validate_sig_integrity,
)

from vanthu_cli.validation.chains import WEAK
from vanthu_cli.validation.cms_checks import Examined, token_of
from vanthu_cli.validation.findings import Covers
from vanthu_cli.validation.package_members import Members, not_covered
from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.xml_aside import Sink
from vanthu_cli.validation.xml_checks import XmlSignature, examine_signature, signatures_in
from vanthu_cli.validation.xml_digests import DS, Fetched, Hash, Outcome, decoded, digest_name, text_of
from vanthu_cli.validation.xml_parsing import Element, XmlRefused

_ASIC = "{http://uri.etsi.org/02918/v1.2.1#}"
_FOLDER = "meta-inf/"
_MOST_SIGNATURES = 16
_MOST_TOKENS = 4
_SMALLEST_RSA = 2048


def signature_members(members: Members) -> tuple[str, ...]:
    """Return what may hold signatures; of a Java archive also those that nobody here can judge."""
    return tuple(
        name
        for name in members.names
        if name.lower().startswith(_FOLDER)
        and (("signature" in name.lower()) or name.lower().endswith((".p7s", ".p7m", ".rsa", ".dsa", ".ec", ".sf")))
    )


def examine_asic(members: Members) -> tuple[tuple[XmlSignature, ...], tuple[Reason, ...]]:
    """Return the signatures, and what could not be read."""
    found: list[XmlSignature] = []
    reasons: list[Reason] = []
    listed = signature_members(members)
    if len(listed) > _MOST_SIGNATURES:
        return (), (Reason("too-many-signatures", str(len(listed))),)
    for name in listed:
        try:
            if name.lower().endswith(".xml"):
                found.extend(_xades(members, name))
            elif name.lower().endswith(".p7s"):
                found.append(_cades(members, name))
            else:
                reasons.append(Reason("unsupported-signature", name))
        except XmlRefused as refused:
            reasons.append(refused.reason)
        except Exception as error:  # noqa: BLE001  hostile bytes: whatever a parser raises, it is a signature not read
            reasons.append(Reason("unreadable-signature", f"{name} {type(error).__name__}"))
    return tuple(found), tuple(reasons)


def _content(members: Members) -> list[str]:
    return [name for name in members.names if name != "mimetype" and not name.lower().startswith(_FOLDER)]


def _member(uri: str) -> str:
    return unquote(uri).removeprefix("/")


def _xades(members: Members, name: str) -> list[XmlSignature]:
    parsed = members.xml(name)

    def fetch(uri: str, transforms: Sequence[Element], sink: Sink) -> Fetched:
        return members.fetch(_member(uri), tuple(transforms), sink)

    def coverage(_signature: Element, outcomes: Sequence[Outcome]) -> tuple[Covers, tuple[Reason, ...]]:
        covered = {_member(outcome.uri) for outcome in outcomes if outcome.holds}
        return "partial", not_covered(one for one in _content(members) if one not in covered)

    signatures = enumerate(signatures_in(parsed), 1)
    return [examine_signature(parsed, one, number, fetch, coverage)[0] for number, one in signatures]


def _cades(members: Members, name: str) -> XmlSignature:
    """Check a detached CMS: over the manifest that names it (ASiC-E), or over the one file there is (ASiC-S)."""
    signed: Any = cms.ContentInfo.load(members.read(name))["content"]
    signer = extract_signer_info(signed)
    digest = signer["digest_algorithm"]["algorithm"].native
    over, listed = _signed_by(members, name)
    sink = Hash(digest)
    problem = members.pour(over, sink) if over else Reason("signed-data-missing", name)
    contained = signed["encap_content_info"]["content"]
    if contained is not core.VOID and contained.native is not None:
        problem = Reason("unsupported-signature", name)  # content inside and outside: two readers, two contents
    certificates = extract_certs_for_validation(signed)
    leaf = certificates.signer_cert
    intact, genuine = (
        (True, True)
        if problem
        else validate_sig_integrity(signer, leaf, expected_content_type="data", actual_digest=sink.value())
    )
    checked = [None if problem else intact and genuine, *(holds for _uri, holds, _weak in listed)]
    covered = {uri for uri, holds, _weak in listed if holds} | {over}
    weak = _weaknesses(signer, leaf, {weak for _uri, _holds, weak in listed if weak})
    reasons = (
        *([] if intact else [Reason("hash-mismatch", over)]),
        *(Reason("hash-mismatch", uri) for uri, holds, _weak in listed if holds is False),
        *([] if genuine else [Reason("signature-broken")]),
        *([problem] if problem else []),
        *(Reason("signed-data-missing", uri) for uri, holds, _weak in listed if holds is None),
        *not_covered(one for one in _content(members) if one not in covered),
        *([Reason("weak-algorithm", ", ".join(weak))] if weak else []),
    )
    integrity = False if False in checked else None if None in checked else True
    others = tuple(certificates.other_certs)
    examined = Examined(leaf, others, integrity, "partial", _claimed(signer), weak, reasons)
    value = signer["signature"].native
    stamps = zip(range(_MOST_TOKENS), extract_tst_data_iter(signer, signed=False), strict=False)
    tokens = tuple(token_of(stamp, lambda algorithm: _hash(algorithm, value)) for _count, stamp in stamps)
    return XmlSignature(name, examined, tokens, xades=False)


def _signed_by(members: Members, name: str) -> tuple[str, list[tuple[str, bool | None, str]]]:
    """Return what the CMS is over ("" if that is not clear), and of its manifest each file, whether it holds, weak digest."""
    manifests = {
        one: members.xml(one).root
        for one in members.names
        if one.lower().startswith(_FOLDER) and "manifest" in one.lower() and one.lower().endswith(".xml")
    }
    ours = [
        (one, root)
        for one, root in manifests.items()
        if any(_member(str(each.get("URI"))) == name for each in root.iterchildren(f"{_ASIC}SigReference"))
    ]
    if not ours:
        content = _content(members)
        return (content[0] if len(content) == 1 else ""), []
    if len(ours) > 1:
        return "", []
    return ours[0][0], [_listed(members, one) for one in ours[0][1].iterchildren(f"{_ASIC}DataObjectReference")]


def _listed(members: Members, reference: Element) -> tuple[str, bool | None, str]:
    uri = _member(str(reference.get("URI")))
    name = digest_name(reference.find(f"{DS}DigestMethod"))
    if name is None or uri not in members.names:
        return uri, None, ""
    sink = Hash(name)
    if members.pour(uri, sink):
        return uri, None, ""
    return uri, sink.value() == decoded(text_of(reference.find(f"{DS}DigestValue"))), name if name in WEAK else ""


def _weaknesses(signer: Any, leaf: x509.Certificate, found: set[str]) -> tuple[str, ...]:
    weak = found | ({signer["digest_algorithm"]["algorithm"].native} & WEAK)
    if leaf.public_key.algorithm == "rsa" and leaf.public_key.bit_size < _SMALLEST_RSA:
        weak.add(f"rsa{leaf.public_key.bit_size}")
    return tuple(sorted(weak))


def _claimed(signer: Any) -> datetime | None:
    attributes = signer["signed_attrs"]
    times = [one["values"][0].native for one in attributes if one["type"].native == "signing_time"]
    return times[0] if len(times) == 1 else None


def _hash(algorithm: str, data: bytes) -> bytes:
    return hashlib.new(algorithm, data, usedforsecurity=False).digest()
