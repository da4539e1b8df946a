"""Locking a stream with a passphrase: the format of age, version 1, with scrypt (C2SP age.md). `age -d` opens it too."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _

AGE = b"age-encryption.org/v1\n"
_WORK = 18
"""Doublings of scrypt, as age itself has it: a second and 256 MB for each guess."""
_HEADER = re.compile(
    rb"(age-encryption\.org/v1\n-> scrypt ([A-Za-z0-9+/]{22}) (1[0-9]|20)\n([A-Za-z0-9+/]{43})\n---)"
    rb" ([A-Za-z0-9+/]{43})\n"
)
"""Twenty doublings at most, 1 GB of memory and some seconds: a forged header could ask for days."""
_HEADER_BYTES = 150
_CHUNK = 64 << 10
_TAG = 16


class Sink(Protocol):
    """What an archive is written into."""

    def write(self, data: bytes, /) -> object: ...


class Stream(Protocol):
    """What an archive is read from: as many bytes as asked for, fewer only at its end."""

    def read(self, size: int, /) -> bytes: ...


@contextmanager
def locked(out: Sink, passphrase: str) -> Iterator[Sink]:
    """Yield a sink whose bytes go into an age file: its own key, locked by the passphrase, and a code over the header."""
    secret, salt, nonce = secrets.token_bytes(16), secrets.token_bytes(16), secrets.token_bytes(16)
    body = _wrapping(passphrase, salt, _WORK).encrypt(bytes(12), secret, None)
    header = AGE + b"-> scrypt %s %d\n%s\n---" % (_base64(salt), _WORK, _base64(body))
    out.write(header + b" " + _code(secret, header) + b"\n" + nonce)
    chunks = _Locked(out, ChaCha20Poly1305(_key(secret, "payload", nonce)))
    yield chunks
    chunks.finish()


@dataclass(slots=True)
class _Locked:
    """Writes chunks of 64 KB. The last must be known as such, so one is always held back."""

    out: Sink
    key: ChaCha20Poly1305
    _clear: bytearray = field(default_factory=bytearray)
    _count: int = 0

    def write(self, data: bytes, /) -> None:
        self._clear += data
        while len(self._clear) > _CHUNK:
            self._chunk(last=False)

    def finish(self) -> None:
        self._chunk(last=True)

    def _chunk(self, *, last: bool) -> None:
        self.out.write(self.key.encrypt(_nonce(self._count, last=last), self._clear[:_CHUNK], None))
        del self._clear[:_CHUNK]
        self._count += 1


def unlocked(source: Stream, passphrase: str) -> Stream:
    """Return what an age file holds. `MisuseError` "backup.passphrase"; "backup.damaged", on reading too."""
    header = _HEADER.fullmatch(source.read(_HEADER_BYTES))
    if header is None:
        raise damaged(_("it is not locked by a passphrase as vanthu does it"))
    salt, body = base64.b64decode(header[2] + b"=="), base64.b64decode(header[4] + b"=")
    try:
        secret = _wrapping(passphrase, salt, int(header[3])).decrypt(bytes(12), body, None)
    except InvalidTag:
        raise MisuseError(
            "backup.passphrase",
            _("The passphrase does not open the backup."),
            _("Capitals, the Vietnamese keyboard? It is the one that was given when this backup was made."),
        ) from None
    if not hmac.compare_digest(_code(secret, header[1]), header[5]):
        raise damaged(_("its encryption is broken off or changed"))
    return _Unlocked(_chunks(source, ChaCha20Poly1305(_key(secret, "payload", source.read(16)))))


@dataclass(slots=True)
class _Unlocked:
    chunks: Iterator[bytes]
    _clear: bytearray = field(default_factory=bytearray)

    def read(self, size: int, /) -> bytes:
        while len(self._clear) < size and (chunk := next(self.chunks, None)) is not None:
            self._clear += chunk
        data = bytes(self._clear[:size])
        del self._clear[:size]
        return data


def _chunks(source: Stream, key: ChaCha20Poly1305) -> Iterator[bytes]:
    """Yield the clear chunks: each is locked under its number and whether it is the last (age.md, Payload)."""
    count, following = 0, source.read(_CHUNK + _TAG)
    while following or not count:
        chunk, following = following, source.read(_CHUNK + _TAG)
        try:
            clear = key.decrypt(_nonce(count, last=not following), chunk, None)
        except InvalidTag:
            raise damaged(_("its encryption is broken off or changed")) from None
        yield clear
        count += 1


def _wrapping(passphrase: str, salt: bytes, work: int) -> ChaCha20Poly1305:
    """Return the key that locks the file's own key (age.md, scrypt recipient). `work`: doublings of scrypt's N."""
    word, salt = passphrase.encode("utf-8", "surrogateescape"), b"age-encryption.org/v1/scrypt" + salt
    memory = (1 << (work + 10)) + (1 << 20)
    return ChaCha20Poly1305(hashlib.scrypt(word, salt=salt, n=1 << work, r=8, p=1, dklen=32, maxmem=memory))


def _key(secret: bytes, purpose: Literal["header", "payload"], salt: bytes = b"") -> bytes:
    return HKDF(SHA256(), 32, salt, purpose.encode()).derive(secret)


def _code(secret: bytes, header: bytes) -> bytes:
    return _base64(hmac.digest(_key(secret, "header"), header, "sha256"))


def _nonce(count: int, *, last: bool) -> bytes:
    return count.to_bytes(11, "big") + bytes([last])


def _base64(data: bytes) -> bytes:
    """Return base64 as age has it: without the = at the end."""
    return base64.b64encode(data).rstrip(b"=")


def damaged(why: str) -> MisuseError:
    return MisuseError("backup.damaged", _("The backup is damaged: {why}.").format(why=why), _("Take another backup."))
