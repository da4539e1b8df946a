"""Certificates and revocation lists of the trust folder as lines for a person and as JSON."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from vanthu_cli.locale import _
from vanthu_cli.procedures.trust import Concern, Entry, Thing, day_of, extension, issued_by, issuer_of
from vanthu_cli.reports.tables import table
from vanthu_cli.rules.deadlines import VIETNAM

_PAIRS_IN_TABLE = 8
_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign",
    "crl_sign",
)  # fmt: skip


def colons(digits: str) -> str:
    """Return a fingerprint as certificate viewers show it, for comparison on the phone: 75:E9:69."""
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2)).upper()


def entry_json(entry: Entry, doubts: Iterable[Concern], entries: Sequence[Entry], folder: Path) -> dict[str, Any]:
    above = issuer_of(entry, entries)
    return {
        "kind": entry.kind,
        "subject": entry.subject,
        "issuer": entry.issuer or None,
        "self_signed": entry.own_issuer,
        "issuer_in_store": above.sha256 if above else None,
        "sha256": entry.sha256 or None,
        "file": file_name(entry, folder),
        "begins": entry.begins.isoformat() if entry.begins else None,
        "ends": entry.ends.isoformat() if entry.ends else None,
        "warnings": [{"code": each.code, "message": each.sentence} for each in doubts],
    }


def overview(entries: Sequence[Entry], doubts: Sequence[tuple[Concern, ...]], folder: Path) -> list[str]:
    """Return the table, then a sentence for each thing to know."""
    headings = [_("Kind"), _("Subject"), "SHA-256", _("From"), _("Until"), _("File"), ""]
    rows = [
        [
            kind_word(entry),
            entry.subject,
            colons(entry.sha256[: 2 * _PAIRS_IN_TABLE]),
            day_of(entry.begins) if entry.begins else "",
            day_of(entry.ends) if entry.ends else "",
            file_name(entry, folder),
            "!" if of_entry else "",
        ]
        for entry, of_entry in zip(entries, doubts, strict=True)
    ]
    sentences = [
        f"! {entry.subject} ({file_name(entry, folder)}): {each.sentence}"
        for entry, of_entry in zip(entries, doubts, strict=True)
        for each in of_entry
    ]
    above = [
        f"• {entry.subject}: {above_sentence(entry, entries)}"
        for entry in entries
        if entry.kind == "anchor" and entry.certificate and not entry.own_issuer
    ]
    return table(headings, rows) + ([""] if above or sentences else []) + above + sentences


def above_sentence(entry: Entry, entries: Sequence[Entry]) -> str:
    if issuer_of(entry, entries):
        return _("issued by {issuer}, which is in the trust folder too").format(issuer=entry.issuer)
    return _("issued by {issuer}, which is not in the trust folder; it is believed by itself").format(
        issuer=entry.issuer
    )


def kind_word(entry: Entry) -> str:
    if entry.kind == "anchor" and not entry.own_issuer:
        return _("anchor, intermediate")
    return {
        "anchor": _("anchor"),
        "other": _("other, not believed by itself"),
        "crl": _("revocation list"),
        "unreadable": _("unreadable"),
    }[entry.kind]


def file_name(entry: Entry, folder: Path) -> str:
    return str(entry.file.relative_to(folder) if entry.file.is_relative_to(folder) else entry.file)


def brief(entry: Entry, doubts: Iterable[Concern]) -> list[str]:
    """Return what a person compares before the certificate is believed."""
    sentence = (
        _("made on {begins}, next one due on {ends}") if entry.kind == "crl" else _("valid from {begins} to {ends}")
    )
    dates = sentence.format(
        begins=day_of(entry.begins) if entry.begins else "?", ends=day_of(entry.ends) if entry.ends else "?"
    )
    lines = [entry.subject, f"  {dates}", f"  SHA-256  {colons(entry.sha256)}"]
    return lines + [f"  ! {each.sentence}" for each in doubts]


def details(entry: Entry, entries: Sequence[Entry], agencies: dict[str, str]) -> list[tuple[str, str]]:
    """Return label and value of everything that is known; `agencies` are those of signers by fingerprint."""
    pairs = [(_("Kind"), kind_word(entry)), (_("File"), str(entry.file))]
    if entry.thing is None:
        return pairs
    if entry.certificate:
        pairs += _of_certificate(entry.certificate)
    elif entry.revocations is not None:
        pairs += _of_list(entry.revocations)
    pairs += [
        ("SHA-256", colons(entry.sha256)),
        ("SHA-1", colons(hashlib.sha1(entry.der, usedforsecurity=False).hexdigest())),
        (_("Signed with"), entry.thing.signature_algorithm_oid._name),  # noqa: SLF001  its only plain name
        *((_("Address inside"), url) for url in urls(entry.thing)),
    ]
    if entry.kind == "anchor" and not entry.own_issuer:
        pairs.append((_("Note"), above_sentence(entry, entries)))
    for each in issued_by(entry, entries):
        agency = f", {agencies[each.sha256]}" if each.sha256 in agencies else ""
        pairs.append((_("Issued by it"), f"{kind_word(each)}: {each.subject}{agency} ({each.sha256[:16]})"))
    return pairs


def full_json(entry: Entry, entries: Sequence[Entry], agencies: dict[str, str]) -> dict[str, Any]:
    """Return what `show` tells beyond `entry_json`."""
    certificate, revocations = entry.certificate, entry.revocations
    number = extension(revocations, x509.CRLNumber) if revocations is not None else None
    return {
        "sha1": hashlib.sha1(entry.der, usedforsecurity=False).hexdigest() if entry.der else None,
        "serial": f"{certificate.serial_number:x}" if certificate else None,
        "key": _key_word(certificate) if certificate else None,
        "usage": _usages(certificate) if certificate else [],
        "revoked": len(revocations) if revocations is not None else None,
        "number": number.crl_number if number else None,
        "urls": urls(entry.thing) if entry.thing is not None else [],
        "issued": [
            {"kind": each.kind, "subject": each.subject, "sha256": each.sha256, "agency": agencies.get(each.sha256)}
            for each in issued_by(entry, entries)
        ],
    }


def _usages(certificate: x509.Certificate) -> list[str]:
    usage, purposes = extension(certificate, x509.KeyUsage), extension(certificate, x509.ExtendedKeyUsage)
    words = [name.replace("_", " ") for name in _USAGES if usage and getattr(usage, name)]
    return words + [each._name for each in purposes or ()]  # noqa: SLF001  its only plain name


def _of_certificate(certificate: x509.Certificate) -> list[tuple[str, str]]:
    basic = extension(certificate, x509.BasicConstraints)
    return [
        (_("Subject"), certificate.subject.rfc4514_string()),
        (_("Issuer"), certificate.issuer.rfc4514_string()),
        (_("Serial number"), f"{certificate.serial_number:X}"),
        (_("Valid from"), _moment(certificate.not_valid_before_utc)),
        (_("Valid until"), _moment(certificate.not_valid_after_utc)),
        (_("Key"), _key_word(certificate)),
        (_("Usage"), ", ".join(_usages(certificate))),
        (_("Path length"), str(basic.path_length) if basic and basic.path_length is not None else ""),
    ]


def _of_list(revocations: x509.CertificateRevocationList) -> list[tuple[str, str]]:
    number = extension(revocations, x509.CRLNumber)
    due = revocations.next_update_utc
    return [
        (_("Issuer"), revocations.issuer.rfc4514_string()),
        (_("List number"), str(number.crl_number) if number else ""),
        (_("Made on"), _moment(revocations.last_update_utc)),
        (_("Next one due"), _moment(due) if due else ""),
        (_("Revoked certificates"), str(len(revocations))),
    ]


def urls(thing: Thing) -> list[str]:
    """Return the addresses in a certificate or list. They are shown and never asked from here."""
    found: list[str] = []
    access = extension(thing, x509.AuthorityInformationAccess)
    found += [str(each.access_location.value) for each in access or () if _is_url(each.access_location)]
    points = list(extension(thing, x509.CRLDistributionPoints) or ())
    own = extension(thing, x509.IssuingDistributionPoint)
    for names in (*(point.full_name for point in points), own.full_name if own else None):
        found += [str(name.value) for name in names or () if _is_url(name)]
    policies = extension(thing, x509.CertificatePolicies)
    for policy in policies or ():
        found += [each for each in policy.policy_qualifiers or () if isinstance(each, str)]
    return list(dict.fromkeys(found))


def _is_url(name: x509.GeneralName) -> bool:
    return isinstance(name, x509.UniformResourceIdentifier)


def _key_word(certificate: x509.Certificate) -> str:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "?"
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    return f"EC {key.curve.name}" if isinstance(key, ec.EllipticCurvePublicKey) else type(key).__name__


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(VIETNAM):%d/%m/%Y %H:%M}"
