"""Reading what somebody gives for the trust folder: certificates one by one or in bundles, and never a private key."""

from pathlib import Path

from asn1crypto import pem, pkcs12
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key, pkcs7

from vanthu_cli.errors import ForbiddenError, MisuseError, os_words
from vanthu_cli.locale import _
from vanthu_cli.validation.trust import Kind, objects_of

_LARGEST = 1 << 20
"""Bytes of a file with certificates at most."""


def certificates_in(file: Path) -> list[tuple[Kind, bytes]]:
    """Return the certificates of a PEM, DER or PKCS#7 file. `ForbiddenError` for a private key, `MisuseError` for the rest."""
    data = read_limited(file, _LARGEST)
    _refuse_private_key(file, data)
    try:
        blocks = [der for _kind, _headers, der in pem.unarmor(data, multiple=True)] if pem.detect(data) else [data]
        found = [each for der in blocks for each in _unpacked(der)]
    except (ValueError, TypeError, KeyError, UnsupportedAlgorithm) as error:
        raise unreadable(file) from error
    lists = [each for each in found if each[0] == "crl"]
    if lists and len(lists) == len(found):
        raise MisuseError(
            "trust.is_list",
            _("{path} is a revocation list.").format(path=file),
            _("Take it in with: vanthu trust import-crl {path}").format(path=file),
        )
    return [each for each in found if each[0] != "crl"]


def _unpacked(der: bytes) -> list[tuple[Kind, bytes]]:
    """Return what is in a block: a certificate or list, or the certificates of a PKCS#7 bundle (.p7b)."""
    try:
        return objects_of(der)
    except (ValueError, TypeError, KeyError):
        bundle = pkcs7.load_der_pkcs7_certificates(der)
    return [each for certificate in bundle for each in objects_of(certificate.public_bytes(Encoding.DER))]


def read_limited(file: Path, largest: int) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(largest + 1)
    except OSError as error:
        raise MisuseError(
            "trust.file", _("{path} cannot be read: {why}").format(path=file, why=os_words(error))
        ) from error
    if len(data) > largest:
        raise MisuseError(
            "trust.too_large", _("{path} is larger than {size} MB.").format(path=file, size=largest >> 20)
        )
    return data


def _refuse_private_key(file: Path, data: bytes) -> None:
    if b"PRIVATE KEY-----" in data or _is_private_key(data):
        raise ForbiddenError(
            "trust.private_key",
            _("{path} holds a PRIVATE KEY. Nothing was taken from it.").format(path=file),
            _(
                "A CA never gives its key away, and yours belongs to nobody else: keep this file safe, and ask for the certificate alone."
            ),
        )


def _is_private_key(data: bytes) -> bool:
    try:
        load_der_private_key(data, None)
    except TypeError:  # encrypted
        return True
    except Exception:  # noqa: BLE001  whatever strange bytes raise: no key
        try:
            return bool(pkcs12.Pfx.load(data, strict=True)["version"].native == "v3")
        except (ValueError, TypeError, KeyError):
            return False
    return True


def unreadable(file: Path) -> MisuseError:
    return MisuseError(
        "trust.unreadable",
        _("{path} holds no certificates that can be read.").format(path=file),
        _("Give PEM or DER certificates (.crt, .cer, .pem) or a PKCS#7 bundle (.p7b)."),
    )
