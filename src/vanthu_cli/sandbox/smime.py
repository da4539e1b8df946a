"""Letters that a correspondent's mail program signs as S/MIME."""

from pathlib import Path

from vanthu_cli.signing import smime
from vanthu_cli.signing.keys import open_pkcs12


def sign_letter(raw: bytes, key_file: Path, passphrase: str) -> bytes:
    """Return the letter as multipart/signed, with the key in a .p12 file."""
    return smime.sign_letter(raw, open_pkcs12(key_file, passphrase))
