"""Whose certificates this office believes, as plain DER bytes that travel to worker processes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from asn1crypto import pem, x509
from cryptography.x509 import load_der_x509_crl

from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _

Revocation = Literal["ignore", "when-available", "require"]


@dataclass(frozen=True, slots=True)
class Trust:
    """`anchors` are CA certificates, `others` such as help to find chains, `crls` and `ocsps` what tells of revocation."""

    anchors: tuple[bytes, ...]
    others: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    revocation: Revocation
    ocsps: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Signatory:
    """What our own map says about a certificate: no extension tells a person's from an organisation's (VGCA).

    `addresses` are the agency's mailboxes, in small letters: letters from there it may sign.
    """

    role: Literal["person", "organisation"]
    agency: str
    addresses: tuple[str, ...] = ()


def load_trust(paths: Sequence[Path], revocation: Revocation) -> Trust:
    """Read certificates and CRLs, PEM or DER, from files and (recursively) folders; hidden files are left out.

    Every CA certificate given becomes an anchor, self-signed or not: a pinned sub-CA needs no SHA-1 root above it
    (VGCA G1). An end-entity certificate is never an anchor by being there. `MisuseError` names an unreadable file.
    """
    anchors: dict[bytes, None] = {}
    others: dict[bytes, None] = {}
    crls: dict[bytes, None] = {}
    for file in _files(paths):
        for kind, der in _objects(file):
            pile = {"anchor": anchors, "other": others, "crl": crls}[kind]
            pile[der] = None
    return Trust(tuple(anchors), tuple(others), tuple(crls), revocation)


def described(certificates: Iterable[bytes]) -> tuple[str, ...]:
    """Return subject and SHA-256 fingerprint of each certificate, in a line."""
    loaded = [x509.Certificate.load(der) for der in certificates]
    return tuple(f"{each.subject.human_friendly}, SHA-256 {each.sha256_fingerprint}" for each in loaded)


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(
                file
                for file in path.rglob("*")
                if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts)
            )
        else:
            yield path


def _objects(file: Path) -> Iterator[tuple[Literal["anchor", "other", "crl"], bytes]]:
    try:
        data = file.read_bytes()
        blocks = [der for _type, _headers, der in pem.unarmor(data, multiple=True)] if pem.detect(data) else [data]
        kinds = [(_kind(der), der) for der in blocks]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise MisuseError(
            "validation.trust_file",
            _("“{file}” cannot be read as a certificate or a revocation list.").format(file=file),
            _("Give certificate (.crt, .cer, .pem) and revocation list (.crl) files only, or move this file away."),
        ) from error
    yield from kinds


def _kind(der: bytes) -> Literal["anchor", "other", "crl"]:
    """Tell what the bytes are; ValueError if neither certificate nor CRL. Parsed through, as asn1crypto is lazy."""
    try:
        certificate = x509.Certificate.load(der, strict=True)
        certificate.native  # noqa: B018  forces the whole structure to be parsed
    except (ValueError, TypeError, KeyError):
        load_der_x509_crl(der)
        return "crl"
    return "anchor" if certificate.ca else "other"
