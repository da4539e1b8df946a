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
Kind = Literal["anchor", "other", "crl"]
"""A CA certificate, an end-entity one, a revocation list."""


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
    for file in trust_files(paths):
        for kind, der in objects_in(file):
            pile = {"anchor": anchors, "other": others, "crl": crls}[kind]
            pile[der] = None
    return Trust(tuple(anchors), tuple(others), tuple(crls), revocation)


def described(certificates: Iterable[bytes]) -> tuple[str, ...]:
    """Return subject and SHA-256 fingerprint of each certificate, in a line."""
    loaded = [x509.Certificate.load(der) for der in certificates]
    return tuple(f"{each.subject.human_friendly}, SHA-256 {each.sha256_fingerprint}" for each in loaded)


def trust_files(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield the files that `load_trust` reads, in its order."""
    for path in paths:
        if path.is_dir():
            yield from sorted(
                file
                for file in path.rglob("*")
                if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts)
            )
        else:
            yield path


def objects_in(file: Path) -> list[tuple[Kind, bytes]]:
    """Return what one file holds, DER; `MisuseError` names a file with anything else in it."""
    try:
        return objects_of(file.read_bytes())
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise MisuseError(
            "validation.trust_file",
            _("“{file}” cannot be read as a certificate or a revocation list.").format(file=file),
            _("Give certificate (.crt, .cer, .pem) and revocation list (.crl) files only, or move this file away."),
        ) from error


def objects_of(data: bytes) -> list[tuple[Kind, bytes]]:
    """Return the certificates and lists in PEM or DER bytes; ValueError, TypeError or KeyError for anything else."""
    blocks = [der for _type, _headers, der in pem.unarmor(data, multiple=True)] if pem.detect(data) else [data]
    return [(_kind(der), der) for der in blocks]


def _kind(der: bytes) -> Kind:
    """Tell what the bytes are; ValueError if neither certificate nor CRL. Parsed through, as asn1crypto is lazy."""
    try:
        certificate = x509.Certificate.load(der, strict=True)
        certificate.native  # noqa: B018  forces the whole structure to be parsed
    except (ValueError, TypeError, KeyError):
        load_der_x509_crl(der)
        return "crl"
    return "anchor" if certificate.ca else "other"
