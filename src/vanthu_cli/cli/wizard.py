"""The questions of `vanthu init` on a terminal, and the commented configuration that comes of the answers.

What can be tried is tried while the person sits there: which ports answer, what a token holds, whether a password is right (wizard_end.py).
"""

import json
import select
import socket
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import typer

from vanthu_cli.cli.run import ask, clock, tell
from vanthu_cli.config.secrets import has_keyring
from vanthu_cli.config.settings import check_adapter, check_identifier
from vanthu_cli.document.day import parse_day
from vanthu_cli.document.symbol import parse_symbol
from vanthu_cli.document.text import is_mailbox
from vanthu_cli.errors import MisuseError, VanthuError
from vanthu_cli.locale import _
from vanthu_cli.rules.deadlines import today

_IMAP, _SMTP = ((993, "implicit"), (143, "starttls")), ((465, "implicit"), (587, "starttls"))
_PATIENCE = 3
_GREETING = 1.5
_KINDS = {"party": "party", "state": "state", "đảng": "party", "nhà nước": "state"}
_DRIVERS = (
    "/usr/lib/libbit4xpki.so",
    "/usr/lib/bit4id/libbit4xpki.so",
    "/usr/lib/libeTPkcs11.so",
    "C:/Windows/System32/bit4xpki.dll",
    "C:/Windows/System32/eTPKCS11.dll",
    "/Library/bit4id/pkcs11/libbit4xpki.dylib",
    "/usr/lib/softhsm/libsofthsm2.so",
)
"""Where drivers of the tokens in use lie (Bit4id and SafeNet, of VGCA), and SoftHSM for practice."""


def write_config(file: Path) -> Path:
    """Ask, then write the file (never over an existing one)."""
    if file.exists():
        raise MisuseError(
            "init.exists",
            _("{path} exists already.").format(path=file),
            _("Change it, then run: vanthu init --from {path}").format(path=file),
        )
    tell(_("The answers are written to {path} at the end; Ctrl-C before leaves nothing.").format(path=file.absolute()))
    lines = ["# " + _("Written by vanthu init. “vanthu help config” explains every key."), *_office(file)]
    mail = [_network(network) for network in ("wan", "internet")]
    if all('kind = "mail"' in part for part in mail):
        tell(
            "! "
            + _("One PC must never join both networks: let one of them be a folder that is carried (vanthu carry).")
        )
    lines += [line for part in mail for line in part]
    lines += _axis()
    for role in ("person", "organisation"):
        lines += _key(role)
    lines += _authorities()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


def _office(file: Path) -> list[str]:
    _part(_("The office"))
    said = _choice(_("Party office or State office? (party/state)"), tuple(_KINDS))
    kind = _KINDS[said]
    lines = [
        "",
        "[office]",
        _noted(f"kind = {_text(kind)}", _("Party or State: numbering and forms follow from it")),
    ]
    for key, question, why in (
        ("name", _("Name of the office"), _("stands on outgoing letters")),
        ("code", _("Its code in the directory (short, such as VPTU)"), _("one word, in the directory of agencies")),
        ("symbol", _("Agency part of its symbols (such as TU)"), _("after the / of 145-CV/TU")),
        ("place", _("Place printed before the date"), _("printed before the date")),
    ):
        lines.append(_noted(f"{key} = {_text(_checked(question, partial(_check_office, key)))}", why))
    if kind == "party":
        day = _checked(_("First day of the term (such as 2025-10-15)"), _check_day)
        lines.append(_noted(f"term_start = {day}", _("numbers run through the term of the committee")))
    where = typer.prompt(
        _("Folder for register and files, on a disk of this machine (beside {path})").format(path=file.absolute()),
        default="data",
    )
    lines.append(_noted(f"data_dir = {_text(where)}", _("register, files, mail; back it up: vanthu backup")))
    return lines


def _network(network: str) -> list[str]:
    names = {"wan": _("the Party's wide-area network"), "internet": _("the Internet")}
    _part(_("Mail on {network}").format(network=names[network]))
    tell(
        _("1  a mailbox that this machine reaches\n2  a folder on a stick that is carried to another machine\n3  none")
    )
    answer = _choice(_("Which? (1/2/3)"), ("1", "2", "3"))
    if answer == "3":
        return []
    address = _checked(_("Its address"), _check_address)
    lines = ["", f"[channels.{network}]"]
    if answer == "2":
        lines += ['kind = "folder"', f"network = {_text(network)}", f"address = {_text(address)}"]
        path = typer.prompt(_("Path of the folder on the stick"))
        return [*lines, _noted(f"path = {_text(path)}", _("the other machine runs: vanthu carry"))]
    imap = _server(_("IMAP server (name, or name:port)"), _IMAP)
    smtp = _server(_("SMTP server (name, or name:port)"), _SMTP, default=imap[0])
    ca = _file(_("CA file of these servers (empty: the system's)"), optional=True)
    extra = f", ca = {_text(ca)}" if ca else ""
    user = typer.prompt(_("Login name"), default=address)
    where = _("where the password is, never the password itself")
    lines += ['kind = "mail"', f"network = {_text(network)}", f"address = {_text(address)}"]
    lines.append(_noted(f"secret = {_text(_place_of_secret(network, user))}", where))
    for name, (host, port, tls) in (("imap", imap), ("smtp", smtp)):
        lines.append(
            f"{name} = {{ host = {_text(host)}, port = {port}, tls = {_text(tls)}, user = {_text(user)}{extra} }}"
        )
    return lines


def _axis() -> list[str]:
    _part(_("The national document axis"))
    url = _checked(_("Address of the adapter (LGSP or VDXP; empty: none)"), _same(check_adapter), optional=True)
    if not url:
        return []
    lines = ["", "[channels.axis]", 'kind = "axis"', 'network = "internet"']
    identifier = _checked(_("The office's identifier there (such as H23.01.02)"), _same(check_identifier))
    system = typer.prompt(_("System id that was given to this office"))
    ca = _file(_("CA file of this server (empty: the system's)"), optional=True)
    lines += [_noted(f"address = {_text(identifier)}", _("the office's identifier (QĐ 20/2020/QĐ-TTg)"))]
    lines += [f"url = {_text(url)}", f"system = {_text(system)}", f"secret = {_text(_place_of_secret('axis', system))}"]
    return lines + ([f"ca = {_text(ca)}"] if ca else [])


def _same(check: Callable[[str], None]) -> Callable[[str], str]:
    """Turn a check that only refuses into one that gives back what it did not refuse."""

    def checked(typed: str) -> str:
        check(typed)
        return typed

    return checked


def _place_of_secret(network: str, user: str) -> str:
    if _has_keyring() and ask(
        _("Keep the password in the keyring of this machine? (else in a file that only you can read)")
    ):
        return f"keyring:vanthu/{user}"
    return f"file:secrets/{network}"


def _has_keyring() -> bool:
    try:
        return has_keyring()
    except MisuseError:
        return False


def _server(question: str, usual: Sequence[tuple[int, str]], default: str | None = None) -> tuple[str, int, str]:
    """Ask for a server; of the usual ports take the first that answers, so that nobody must know them."""
    typed = str(typer.prompt(question, default=default))
    host, _colon, port = typed.rpartition(":")
    if port.isdecimal() and host:
        return host, int(port), _security(host, int(port)) or "implicit"
    for number, tls in usual:
        if _security(typed, number) is not None:
            tell(_("✓ {host} answers on port {port}.").format(host=typed, port=number))
            return typed, number, tls
    number, tls = usual[0]
    tell(
        _("! {host} does not answer now; port {port} is written, correct it later if need be.").format(
            host=typed, port=number
        )
    )
    return typed, number, tls


def _security(host: str, port: int) -> str | None:
    """Tell how a server wants to be spoken to: one that greets first means STARTTLS, one that waits TLS at once; None: nobody."""
    try:
        with socket.create_connection((host, port), _PATIENCE) as connection:
            return "starttls" if select.select([connection], [], [], _GREETING)[0] else "implicit"
    except OSError:
        return None


def _key(role: str) -> list[str]:
    names = {"person": _("the leader's signature"), "organisation": _("the office's seal")}
    _part(_("The key of {whose}").format(whose=names[role]))
    tell(_("1  a USB token\n2  a file (.p12, .pfx)\n3  none on this machine"))
    answer = _choice(_("Which? (1/2/3)"), ("1", "2", "3"))
    if answer == "3":
        return []
    name = "leader" if role == "person" else "office"
    lines = ["", f"[keys.{name}]", f"role = {_text(role)}"]
    if answer == "2":
        path = _file(_("Path of the file"))
        lines += ['kind = "pkcs12"', f"path = {_text(path)}"]
    else:
        lines += ['kind = "pkcs11"', *_token()]
    lines.append(_noted('secret = "prompt"', _("PIN or passphrase is asked for when signing; it is tried once")))
    image = _file(_("Picture of signature or seal (PNG; empty: none)"), optional=True)
    return lines + ([f"image = {_text(image)}"] if image else [])


def _token() -> list[str]:
    """Ask for the driver, show what the token holds, let one certificate be chosen. Nobody logs in here."""
    from vanthu_cli.signing.keys import common_name
    from vanthu_cli.signing.tokens import token_keys

    there = next((each for each in _DRIVERS if Path(each).is_file()), None)
    while True:
        module = str(typer.prompt(_("The token's driver (a file)"), default=there))
        try:
            found = token_keys(module)
        except VanthuError as error:
            tell(f"✗ {error.message}")
            found = []
        if found:
            break
        if not ask(_("No certificate of a signer was found there. Plug the token in and try again?")):
            return [_noted(f"module = {_text(module)}", _("add certificate = “SHA-256”: vanthu doctor shows it"))]
    for number, each in enumerate(found, 1):
        ends = f"{each.x509.not_valid_after_utc:%d/%m/%Y}"
        tell(
            f"{number}  {common_name(each.x509.subject)}, {each.token}, "
            + _("until {day}").format(day=ends)
            + f"\n   SHA-256 {each.fingerprint}"
        )
    numbers = tuple(str(number) for number in range(1, len(found) + 1))
    chosen = found[int(_choice(_("Which certificate? (number)"), numbers)) - 1]
    return [
        f"module = {_text(module)}",
        _noted(f"certificate = {_text(chosen.fingerprint)}", common_name(chosen.x509.subject)),
        f"token = {_text(chosen.token)}",
    ]


def _authorities() -> list[str]:
    _part(_("Trust and time"))
    url = _checked(_("Address of the time stamp authority (empty: none)"), _check_url, optional=True)
    lines = ["", "[trust]", _noted('dir = "trust"', _("the CA certificates that this office believes"))]
    lines.append('revocation = "when-available"')
    return [*lines, "", "[tsa]", f"url = {_text(url)}"] if url else lines


def _part(title: str) -> None:
    tell(f"\n{title}")


def _checked(question: str, check: Callable[[str], str], *, optional: bool = False) -> str:
    """Ask until `check`, which gives back what is meant, no longer refuses."""
    while True:
        typed = str(typer.prompt(question, default="" if optional else None, show_default=False)).strip()
        if optional and not typed:
            return ""
        try:
            return check(typed)
        except (VanthuError, ValueError) as error:
            tell(f"✗ {error.message if isinstance(error, VanthuError) else error}")


def _check_office(key: str, typed: str) -> str:
    if key == "code" and ("@" in typed or any(c.isspace() for c in typed)):
        raise ValueError(_("code is one word without @, such as VPTU"))
    return parse_symbol(f"CV/{typed}").partition("/")[2] if key == "symbol" else typed


def _check_day(typed: str) -> str:
    day = parse_day(typed)
    if day > today(clock()):
        raise ValueError(_("{day} has not come yet.").format(day=f"{day:%d/%m/%Y}"))
    return day.isoformat()


def _check_address(typed: str) -> str:
    if not is_mailbox(typed):
        raise ValueError(_("an address looks like vanthu@tuhaiduong (a domain without a dot is fine)"))
    return typed


def _check_url(typed: str) -> str:
    if not typed.startswith(("http://", "https://")):
        raise ValueError(_("an address begins with http:// or https://"))
    return typed


def _check_file(typed: str) -> str:
    path = Path(typed).expanduser().absolute()
    if not path.is_file():
        raise ValueError(_("There is no file {path}.").format(path=path))
    return str(path)


def _file(question: str, *, optional: bool = False) -> str:
    return _checked(question, _check_file, optional=optional)


def _choice(question: str, values: tuple[str, ...]) -> str:
    while True:
        answer = str(typer.prompt(question)).strip().lower()
        if answer in values:
            return answer
        tell("✗ " + _("Answer with one of: {values}").format(values=", ".join(values)))


def _noted(line: str, why: str) -> str:
    return f"{line:<44}# {why}"


def _text(value: object) -> str:
    """Write a TOML string: JSON's escapes are a subset of TOML's."""
    return json.dumps(str(value), ensure_ascii=False)
