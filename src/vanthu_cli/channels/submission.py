"""Giving one letter to a submission server, command by command (RFC 5321), so that it is known what was accepted.

Before the final dot nothing is the server's; after its answer everything is; in between nobody can tell: unsure.
"""

import re
import smtplib
from collections.abc import Callable

from vanthu_cli.channels.channel import Answered
from vanthu_cli.channels.letter import Letter
from vanthu_cli.channels.servers import why, words
from vanthu_cli.document.text import wire_address
from vanthu_cli.locale import _

_ADDRESS = re.compile(r"[\w!#$%&'*+/=?^`{|}~.-]+@[A-Za-z0-9_.-]+")
"""A mailbox whose domain is in A-labels; letters before the @ may be any (RFC 6531), if the server takes such."""
_ENVELOPE_ID = re.compile(r"[!-*,-<>-~]{1,100}")
"""xtext that needs no escapes (RFC 3461 section 4)."""
_DONE, _PERMANENT, _GO_ON = 2, 5, 354


def submit(smtp: smtplib.SMTP, letter: Letter, about_to: Callable[[], None]) -> Answered:
    """Hand a letter over; `about_to` is called once the envelope is accepted, right before DATA.

    `smtp.sock` is None afterwards if the connection cannot be used any more.
    """
    impossible = _impossible(smtp, letter)
    if impossible:
        return impossible
    try:
        refusal = _envelope(smtp, letter)
    except OSError as error:  # smtplib's own errors are OSErrors
        smtp.close()
        return Answered("later", why(error))
    if refusal:
        return refusal
    about_to()
    return _data(smtp, letter.raw)


def ready(smtp: smtplib.SMTP) -> bool:
    """Tell whether a connection that was used before still answers; whatever was begun on it is forgotten."""
    try:
        return smtp.sock is not None and smtp.rset()[0] // 100 == _DONE
    except OSError:
        return False


def _impossible(smtp: smtplib.SMTP, letter: Letter) -> Answered | None:
    """Say what this server would refuse anyway, before anything is sent to it."""
    addresses = [wire_address(each) for each in (letter.sender, letter.recipient)]
    wrong = [each for each in addresses if not _ADDRESS.fullmatch(each)]
    if wrong:
        said = _("not an address that mail can be sent to: {address}").format(address=words(wrong[0]))
        return Answered("refused", said)
    if not "".join(addresses).isascii() and not smtp.has_extn("smtputf8"):
        return Answered("refused", _("this server takes no address with diacritics before the @ (SMTPUTF8)"))
    limit = smtp.esmtp_features.get("size", "")
    if limit.isdecimal() and 0 < int(limit) < len(letter.raw):
        said = _("too large for this server: {size} > {limit} bytes").format(size=len(letter.raw), limit=limit)
        return Answered("refused", said)
    return None


def _envelope(smtp: smtplib.SMTP, letter: Letter) -> Answered | None:
    """Say from whom and to whom; in one go where the server takes that (RFC 2920): each round trip is time on a real line."""
    sender, recipient = wire_address(letter.sender), wire_address(letter.recipient)
    options = [f"SIZE={len(letter.head) + len(letter.body)}"] if smtp.has_extn("size") else []
    if not (sender + recipient).isascii():
        options += ["SMTPUTF8", "BODY=8BITMIME"]
        smtp.command_encoding = "utf-8"
    notify = ""
    if smtp.has_extn("dsn"):  # RFC 3461: delivery reports that carry our identity back
        notify = " NOTIFY=SUCCESS,FAILURE,DELAY" if letter.reports else " NOTIFY=FAILURE"
        identity = letter.message_id.strip("<>")
        options += ["RET=HDRS"] + ([f"ENVID={identity}"] if _ENVELOPE_ID.fullmatch(identity) else [])
    commands = [" ".join([f"MAIL FROM:<{sender}>", *options]), f"RCPT TO:<{recipient}>{notify}"]
    if smtp.has_extn("pipelining"):
        smtp.send("".join(f"{each}\r\n" for each in commands))
        replies = [smtp.getreply() for _each in commands]
    else:
        replies = [smtp.docmd(commands[0])]
        replies += [smtp.docmd(commands[1])] if replies[0][0] // 100 == _DONE else []
    refusal = next(((code, said) for code, said in replies if code // 100 != _DONE), None)
    return _refused(smtp, *refusal) if refusal else None


def _data(smtp: smtplib.SMTP, raw: bytes) -> Answered:
    try:
        code, said = smtp.docmd("DATA")
        if code != _GO_ON:
            return _refused(smtp, code, said)
        smtp.send(_stuffed(raw))
    except OSError as error:  # without the final dot the server must not take the letter (RFC 5321 4.1.1.4)
        smtp.close()
        return Answered("later", why(error))
    try:
        code, said = smtp.getreply()
    except OSError as error:
        smtp.close()
        return Answered("unsure", why(error))
    if code // 100 == _DONE:
        return Answered("handed-over", f"{code} {words(said)}".strip())
    if code // 100 in {4, _PERMANENT}:
        return _refused(smtp, code, said)
    smtp.close()
    return Answered("unsure", words(said))


def _stuffed(raw: bytes) -> bytes:
    """Double the dots at line starts and put the one that ends the letter (RFC 5321 4.5.2)."""
    stuffed = (b"." if raw.startswith(b".") else b"") + raw.replace(b"\n.", b"\n..")
    return stuffed + (b".\r\n" if raw.endswith(b"\r\n") else b"\r\n.\r\n")


def _refused(smtp: smtplib.SMTP, code: int, said: bytes) -> Answered:
    """Only 5xx is for good; a server whose reply is none is not talked to any more. One that said 421 fails `ready`."""
    if code // 100 not in {4, _PERMANENT}:
        smtp.close()
    return Answered("refused" if code // 100 == _PERMANENT else "later", f"{code} {words(said)}".strip())
