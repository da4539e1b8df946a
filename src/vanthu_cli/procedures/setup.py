"""Setting up an office from a finished configuration: folders, register, its own entry in the directory, its certificates."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from vanthu_cli.config.settings import Config
from vanthu_cli.errors import VanthuError
from vanthu_cli.procedures.close_day import CERTIFICATE, own_key
from vanthu_cli.procedures.desk import Desk, open_desk
from vanthu_cli.register import directory
from vanthu_cli.register.directory import Agency, Certificate

if TYPE_CHECKING:
    from vanthu_cli.procedures.keys import Card
    from vanthu_cli.signing.keys import SigningKey


def set_up(
    config: Config, *, now: datetime, prompt: Callable[[str], str | None], language: str
) -> list[tuple[str, VanthuError]]:
    """Make the office. Run again it adds what is missing. Return the keys whose certificates could not be read, and why."""
    config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    config.path(config.trust.dir).mkdir(parents=True, exist_ok=True)
    with open_desk(config, now=now, prompt=prompt, language=language, make=True) as desk:
        if directory.agency(desk.book, config.office.code) is None:
            with desk.book.step():
                directory.put(desk.book, _own(config))
        own_key(desk)
        return _own_certificates(desk)


def _own(config: Config) -> Agency:
    office = config.office
    addresses = {
        "axis" if channel.kind == "axis" else channel.network: channel.address for channel in config.channels.values()
    }
    return Agency(
        office.code,
        office.name,
        parent=office.parent or None,
        symbol=office.symbol,
        wan=addresses.get("wan"),
        internet=addresses.get("internet"),
        axis=addresses.get("axis"),
    )


def _own_certificates(desk: Desk) -> list[tuple[str, VanthuError]]:
    """Note whose the configured keys are: the office's persons here are those authorised to sign (NĐ 30/2020 Đ32.2.d)."""
    failed = []
    for name, settings in desk.config.keys.items():
        from cryptography.hazmat.primitives.serialization import Encoding

        from vanthu_cli.procedures.keys import find_key, note_key, open_key

        try:
            if settings.kind == "pkcs11":  # a token shows its certificate without a PIN
                key: Card | SigningKey = find_key(desk, name, settings.role)
            else:
                key = open_key(desk, name, settings.role, ours=False)
        except VanthuError as error:
            failed.append((name, error))
            continue
        if key.x509 is None:
            raise TypeError(f"key {name} was opened without a certificate")
        desk.cabinet.put(
            key.x509.public_bytes(Encoding.DER)
        )  # so that it can be judged before its passphrase is asked for
        note_key(desk, name, key.fingerprint)
        ends = key.x509.not_valid_after_utc.isoformat()
        own = Certificate(key.fingerprint, desk.config.office.code, settings.role, key.subject, ends)
        if own not in directory.certificates(desk.book, desk.config.office.code):
            with desk.book.step():
                directory.put_certificate(desk.book, own)
    return failed


def register_fingerprint(config: Config) -> str:
    """Return the SHA-256 (hex) of the certificate that this office's register signs closed days with."""
    from vanthu_cli.signing.register_key import fingerprint

    return fingerprint((config.data_dir / CERTIFICATE).read_bytes())
