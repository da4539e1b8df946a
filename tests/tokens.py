"""USB tokens as SoftHSM has them, and a way to see what a program does with one.

    with soft_tokens(folder, {"lãnh đạo": [("ký", authorities.p12("leader"), authorities.passphrase)]}) as tokens:
        main([...])                                                                    # in this process, or
        subprocess.run([...], env=os.environ | dict(tokens.environment))               # in another

SoftHSM reads $SOFTHSM2_CONF once, at C_Initialize. `soft_tokens` sets it and finalises whatever python-pkcs11 has
initialised, before and after, so the next `pkcs11.lib(tokens.module)` sees these tokens and no Token or Session outlives
the block. One for the session is enough; blocks may be nested, the innermost counts.

What is in a token: private keys (seen only after login), their certificates and public keys (seen by everybody; a
certificate, its keys: one CKA_ID, 01, 02, … in every token alike), the issuers' certificates without CKA_ID. The last slot
is always a token that nobody has initialised, with an empty label.

What SoftHSM 2.6.1 and python-pkcs11 0.9.5 do, found by trying:
- a wrong PIN, too short, too long or empty ones too: `pkcs11.PinIncorrect`, after one C_OpenSession and one C_Login; the
  session is left open. From then to the next right PIN the token says USER_PIN_COUNT_LOW, but `Token.flags` is a copy
  made by get_token(): ask the slot again;
- it never says USER_PIN_FINAL_TRY or USER_PIN_LOCKED and never locks: `watched(limit=3)` does that in its place, as real
  tokens do (`pkcs11.PinLocked`, right PIN or not);
- a second login while one session is logged in: `pkcs11.UserAlreadyLoggedIn`, wrong PIN or not;
- no CKM_ECDSA_SHA256: `pkcs11.MechanismInvalid`; CKM_ECDSA over the digest works.
"""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pkcs11
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
from pkcs11 import Attribute
from pkcs11.util.x509 import decode_x509_certificate

PIN = "123456"

_ROOT = Path(__file__).parents[1]
_CONF = "SOFTHSM2_CONF"
_SO_PIN = "87654321"


def module() -> str:
    """Return the path of SoftHSM's library, or nothing where it is not installed."""
    places = [
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib64/pkcs11/libsofthsm2.so",
        "/usr/local/lib/softhsm/libsofthsm2.so",
    ]
    return next((place for place in places if Path(place).exists()), "")


def missing() -> str:
    """Return why there can be no tokens here, or nothing."""
    if module() and shutil.which("softhsm2-util"):
        return ""
    return "SoftHSM (softhsm2) is not installed: run `sudo sh tests/install-servers.sh softhsm2`"


@dataclass(frozen=True, slots=True)
class SoftTokens:
    """Tokens that are plugged in. `environment` is what another process needs to see them, and to import tests."""

    folder: Path
    module: str
    pin: str
    environment: Mapping[str, str]


@contextmanager
def soft_tokens(
    folder: Path, tokens: Mapping[str, Sequence[tuple[str, Path, str]]], *, pin: str = PIN
) -> Iterator[SoftTokens]:
    """Make tokens in `folder`, from labels to keys: each key has a label, a .p12 and its passphrase."""
    configuration = folder / "softhsm2.conf"
    (folder / "tokens").mkdir(parents=True)
    configuration.write_text(
        f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = true\n"
    )
    made = SoftTokens(folder, module(), pin, {_CONF: str(configuration), "PYTHONPATH": str(_ROOT)})
    with _configured(str(configuration)):
        for label, keys in tokens.items():
            _manage("--init-token", "--free", "--label", label, "--so-pin", _SO_PIN, "--pin", pin)
            for number, (name, path, passphrase) in enumerate(keys, start=1):
                _import_key(folder, label, number, (name, path, passphrase), pin)
        for label, keys in tokens.items():
            with pkcs11.lib(made.module).get_token(token_label=label).open(rw=True) as session:
                _write_certificates(session, keys)
        yield made


@contextmanager
def _configured(configuration: str) -> Iterator[None]:
    before = os.environ.get(_CONF)
    _finalise()
    os.environ[_CONF] = configuration
    try:
        yield
    finally:
        _finalise()
        os.environ.pop(_CONF)
        if before is not None:
            os.environ[_CONF] = before


def _finalise() -> None:
    for library in pkcs11._loaded.values():
        if library.initialized:
            library.finalize()


def _manage(*words: str) -> None:
    subprocess.run(["softhsm2-util", *words], check=True, capture_output=True)  # noqa: S607  Debian's


def _import_key(folder: Path, token: str, number: int, entry: tuple[str, Path, str], pin: str) -> None:
    name, path, passphrase = entry
    key = pkcs12.load_pkcs12(path.read_bytes(), passphrase.encode()).key
    assert key is not None
    plain = folder / "key.pem"
    plain.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    _manage("--import", str(plain), "--token", token, "--label", name, "--id", f"{number:02}", "--pin", pin)
    plain.unlink()


def _write_certificates(session: Any, keys: Sequence[tuple[str, Path, str]]) -> None:
    issuers: set[bytes] = set()
    for number, (name, path, passphrase) in enumerate(keys, start=1):
        packed = pkcs12.load_pkcs12(path.read_bytes(), passphrase.encode())
        assert packed.cert is not None
        identity = bytes.fromhex(f"{number:02}")
        _write_certificate(session, packed.cert.certificate.public_bytes(Encoding.DER), name, {Attribute.ID: identity})
        issuers |= {each.certificate.public_bytes(Encoding.DER) for each in packed.additional_certs}
    for issuer in sorted(issuers):
        _write_certificate(session, issuer, "CA", {})


def _write_certificate(session: Any, der: bytes, label: str, more: Mapping[Attribute, Any]) -> None:
    public = {Attribute.TOKEN: True, Attribute.PRIVATE: False, Attribute.LABEL: label}
    session.create_object({**decode_x509_certificate(der), **public, **more})


@dataclass(frozen=True, slots=True)
class Calls:
    """What a program asked of a token, one line a call in `log`: name of the function, what it returned (hexadecimal)."""

    log: Path

    def __iter__(self) -> Iterator[tuple[str, int]]:
        for line in self.log.read_text("ascii").splitlines() if self.log.exists() else ():
            name, returned = line.split()
            yield name, int(returned, 16)

    def count(self, name: str) -> int:
        """Count the calls of C_GetTokenInfo, C_OpenSession, C_CloseSession, C_Login or C_Sign."""
        return sum(called == name for called, _returned in self)


@contextmanager
def watched(log: Path, *, wrong: int = 0, limit: int = 0, signatures: int | None = None) -> Iterator[Calls]:
    """Write down what this process asks of SoftHSM in the block.

    `limit` (0: none) wrong PINs lock a token, of which `wrong` have been given before; a token that has been unplugged
    after so many `signatures` answers CKR_DEVICE_REMOVED.
    """
    undo = watch(log, wrong, limit, signatures)
    try:
        yield Calls(log)
    finally:
        undo()


def watched_vanthu(log: Path, *, wrong: int = 0, limit: int = 0, signatures: int | None = None) -> list[str]:
    """Return the command that runs `vanthu` as in `watched`; append its words, and give it `tokens.environment`.

    Afterwards `Calls(log)` tells; every call is in the file before the program goes on, also when it is killed.
    """
    program = (
        "import pathlib, sys; from tests.tokens import watch; from vanthu_cli.__main__ import main; "
        f"watch(pathlib.Path({str(log)!r}), {wrong}, {limit}, {signatures}); sys.exit(main(sys.argv[1:]))"
    )
    return [sys.executable, "-c", program]


_ULONG = ctypes.c_ulong
_POINTER = ctypes.c_void_p

# Place in CK_FUNCTION_LIST after its version (PKCS #11 2.40, pkcs11f.h), and the arguments.
_FUNCTIONS: dict[str, tuple[int, tuple[Any, ...]]] = {
    "C_GetTokenInfo": (6, (_ULONG, _POINTER)),
    "C_OpenSession": (12, (_ULONG, _ULONG, _POINTER, _POINTER, ctypes.POINTER(_ULONG))),
    "C_CloseSession": (13, (_ULONG,)),
    "C_Login": (18, (_ULONG, _ULONG, _POINTER, _ULONG)),
    "C_Sign": (43, (_ULONG, _POINTER, _ULONG, _POINTER, _POINTER)),
}
_OK, _DEVICE_REMOVED, _PIN_INCORRECT, _PIN_LOCKED = 0x0, 0x32, 0xA0, 0xA4
_COUNT_LOW, _FINAL_TRY, _LOCKED = 0x10000, 0x20000, 0x40000
_FLAGS = 96  # bytes before them in CK_TOKEN_INFO


def watch(log: Path, wrong: int, limit: int, signatures: int | None) -> Callable[[], None]:
    """Do what `watched` says until the function is called that is returned.

    SoftHSM hands out one table of its functions; five of them are replaced in place.
    """
    library, table = ctypes.CDLL(module()), _POINTER()
    library.C_GetFunctionList(ctypes.byref(table))
    assert table.value
    functions = (_POINTER * 69).from_address(table.value)
    token = _Strict(log, wrong, limit, signatures)
    kept = []
    for name, (place, arguments) in _FUNCTIONS.items():
        kind = ctypes.CFUNCTYPE(_ULONG, *arguments)
        address = functions[place + 1] or 0
        replacement = kind(token.instead_of(name, kind(address)))
        kept.append((place + 1, address, replacement))
        functions[place + 1] = ctypes.cast(replacement, _POINTER).value

    def undo() -> None:
        for place, address, _replacement in kept:
            functions[place] = address

    # Replacements are called from C, which keeps no reference; a program that is watched to its end drops `undo`.
    _KEPT.append(undo)
    return undo


_KEPT: list[Callable[[], None]] = []


class _Strict:
    """What a real token adds to SoftHSM: it counts wrong PINs, one slot apart from the other, and can be pulled out."""

    def __init__(self, log: Path, wrong: int, limit: int, signatures: int | None) -> None:
        self.log, self.before, self.limit, self.signatures = log, wrong, limit, signatures
        self.wrong: dict[int, int] = {}
        self.slots: dict[int, int] = {}

    def instead_of(self, name: str, true: Callable[..., int]) -> Callable[..., int]:
        act = getattr(self, name.removeprefix("C_").lower(), lambda true, *arguments: true(*arguments))

        def called(*arguments: Any) -> int:
            returned: int = act(true, *arguments)
            with self.log.open("a", encoding="ascii") as file:
                file.write(f"{name} {returned:#x}\n")
            return returned

        return called

    def gettokeninfo(self, true: Callable[..., int], slot: int, info: int) -> int:
        returned = true(slot, info)
        left = self.limit - self.wrong.get(slot, self.before)
        if returned == _OK and self.limit and left < self.limit:
            flags = _ULONG.from_address(info + _FLAGS)
            flags.value |= _LOCKED if left <= 0 else _COUNT_LOW | (_FINAL_TRY if left == 1 else 0)
        return returned

    def opensession(self, true: Callable[..., int], slot: int, *more: Any) -> int:
        returned = true(slot, *more)
        if returned == _OK:
            self.slots[more[-1][0]] = slot
        return returned

    def login(self, true: Callable[..., int], session: int, *more: Any) -> int:
        slot = self.slots.get(session, -1)
        wrong = self.wrong.setdefault(slot, self.before)
        if self.limit and wrong >= self.limit:
            return _PIN_LOCKED
        returned = true(session, *more)
        self.wrong[slot] = wrong + 1 if returned == _PIN_INCORRECT else 0 if returned == _OK else wrong
        return returned

    def sign(self, true: Callable[..., int], *arguments: Any) -> int:
        if self.signatures is not None:
            if self.signatures == 0:
                return _DEVICE_REMOVED
            self.signatures -= arguments[3] is not None  # a call without room only asks for the length
        return true(*arguments)
