"""Letters that a correspondent's mail program signs as S/MIME (RFC 8551), made with endesive."""

import importlib
import re
from email import policy
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from types import ModuleType
from typing import Any

from cryptography.hazmat.primitives.serialization import pkcs12

_ENVELOPE = ("From", "To", "Subject", "Date", "Message-ID", "Disposition-Notification-To")


def sign_letter(raw: bytes, key_file: Path, passphrase: str) -> bytes:
    """Return the letter as multipart/signed: its MIME entity and a detached CMS over exactly those bytes."""
    key, certificate, others = pkcs12.load_key_and_certificates(key_file.read_bytes(), passphrase.encode())
    message: Message = BytesParser(policy=policy.compat32).parsebytes(raw)
    # One line each: the folds of the letter would become line ends of their own below.
    envelope = [(name, "".join(str(message[name]).splitlines())) for name in _ENVELOPE if message[name]]
    for name, _value in envelope:
        del message[name]
    entity = message.as_bytes(policy=policy.compat32.clone(linesep="\n"))
    signed = _endesive().sign(entity, key, certificate, others, "sha256").replace(b"\r\n", b"\n")
    head = "".join(f"{name}: {value}\n" for name, value in envelope).encode()
    letter: bytes = (head + signed).replace(b"\n", b"\r\n")
    return letter


def _endesive() -> ModuleType:
    """Import endesive.email in spite of oscrypto 1.3.0, whose pattern for OpenSSL's version wants one digit each.

    Debian 12 has OpenSSL 3.0.17 and later; fixed upstream in 2023 and never released (wbond/oscrypto 75, 78).
    """
    original = re.search

    def tolerant(pattern: Any, string: Any, flags: int = 0) -> Any:
        if pattern == r"\b(\d\.\d\.\d[a-z]*)\b":
            pattern = r"\b(\d+\.\d+\.\d+[a-z]*)\b"
        return original(pattern, string, flags)

    re.search = tolerant  # for the length of one import
    try:
        return importlib.import_module("endesive.email")
    finally:
        re.search = original
