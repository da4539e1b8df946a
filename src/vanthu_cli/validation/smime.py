"""Judge the signature of a letter (S/MIME, RFC 8551): is it about all that a reader sees, and is the signer the sender?

The bytes are cut here and not by a mail parser: what was signed are the first part's bytes as they came, headers included.
"""

import base64
import binascii
import quopri
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses

from asn1crypto import cms, x509

from vanthu_cli.validation.cms_files import judge_signers, read_cms
from vanthu_cli.validation.findings import SignatureFinding
from vanthu_cli.validation.proof import Case, Standing, unjudged, with_reasons
from vanthu_cli.validation.reasons import Reason

_DEEPEST = 8
_MOST_PARTS = 200
_HEAD = re.compile(rb"(?:(?:From |[!-9;-~]+:|[ \t])[^\n]*(?:\n|\Z))*+")
_FIELD = re.compile(rb"\A(?:From |Return-Path:|[A-Za-z][!-9;-~]*:)")
_PREAMBLE = re.compile(rb"(?i)\A[^\n]{0,80}(?:S/MIME|MIME format|multi-part message)[^\n]{0,80}\Z")
"""What mail programs write before the first part, for readers that know no MIME."""
_LONE_LF = re.compile(rb"(?<!\r)\n")
_SIGNATURES = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature"})
_OPAQUE = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})

Found = tuple[SignatureFinding, Standing | None]


@dataclass(frozen=True, slots=True)
class _Part:
    """An entity: its header fields, its body. `whole`: it is all that a reader of the letter sees."""

    head: Message
    body: bytes
    whole: bool
    depth: int

    @property
    def kind(self) -> str:
        try:
            return self.head.get_content_type()
        except (ValueError, LookupError, AttributeError, TypeError):
            return ""

    def parameter(self, name: str) -> str:
        try:
            value = self.head.get_param(name)
        except (ValueError, LookupError, AttributeError, TypeError):
            return ""
        return value if isinstance(value, str) else ""


def looks_like_mail(start: bytes) -> bool:
    """Tell by its first bytes whether a file is a letter: header fields (RFC 5322, 2.2), one that letters have among them."""
    head = _HEAD.match(start)
    return bool(
        _FIELD.match(start)
        and head
        and re.search(rb"(?im)^(?:from|mime-version|content-type|received|message-id):", head[0])
    )


def judge_mail(case: Case, data: bytes) -> tuple[list[Found], tuple[Reason, ...]]:
    """Judge every signature in a letter; the reasons concern the letter as a whole."""
    top = _part(data, whole=True, depth=0)
    found: list[Found] = []
    doubts = list(_ambiguities(top))
    front, count = [top], 0
    while front:
        part = front.pop(0)
        count += 1
        if count > _MOST_PARTS or part.depth > _DEEPEST:
            return found, (*doubts, Reason("mail-ambiguous", "too many parts"))
        if part.kind == "message/external-body":  # RFC 2046, 5.2.3: what is read lies elsewhere, and changes there
            doubts.append(Reason("mail-ambiguous", part.kind))
        made, inner = _signed(case, part)
        found += made if part.whole else [_in_part(each) for each in made]
        front += inner
    if not found:
        return [], tuple(doubts)
    return found, (*doubts, *_sender(case, top, found), Reason("headers-unsigned"))


def _part(raw: bytes, *, whole: bool, depth: int) -> _Part:
    head = _HEAD.match(raw)
    end = head.end() if head else 0
    body = raw[end:]
    for blank in (b"\r\n", b"\n"):
        if body.startswith(blank):
            body = body[len(blank) :]
            break
    return _Part(BytesHeaderParser().parsebytes(raw[:end]), body, whole, depth)


def _signed(case: Case, part: _Part) -> tuple[list[Found], list[_Part]]:
    """Judge the signature that the part is, if it is one; return with it the parts to be looked at next."""
    if part.kind == "multipart/signed" and part.parameter("protocol").lower() in {*_SIGNATURES, ""}:
        return _multipart_signed(case, part)
    if part.kind in _OPAQUE:
        return _opaque(case, part)
    if part.kind.startswith("multipart/"):
        parts, _after = _children(part)
        alone = part.whole and len(parts) == 1
        return [], [_part(each, whole=alone, depth=part.depth + 1) for each in parts]
    if part.kind in {"message/rfc822", "message/global"}:
        return [], [_part(part.body, whole=False, depth=part.depth + 1)]
    return [], []


def _multipart_signed(case: Case, part: _Part) -> tuple[list[Found], list[_Part]]:
    """Two parts: what was signed, and a detached CMS about it (RFC 8551, 3.5.3)."""
    parts, after = _children(part)
    before = part.body.partition(b"--" + part.parameter("boundary").encode("ascii", "replace"))[0].strip()
    signature = _part(parts[1], whole=False, depth=0) if len(parts) == 2 else None  # noqa: PLR2004  RFC 1847, 2.1
    if signature is None or signature.kind not in _SIGNATURES:
        return [(unjudged("S/MIME", Reason("unreadable-signature", "multipart/signed")), None)], []
    info = _cms(signature)
    if info is None:
        return [(unjudged("S/MIME", Reason("unreadable-signature", "application/pkcs7-signature")), None)], []
    content = _LONE_LF.sub(b"\r\n", parts[0])  # files keep letters with the line ends of their system
    found = list(judge_signers(case, info, content))
    if after.strip() or (before and not _PREAMBLE.search(before)):
        found = [_in_part(each) for each in found]
    return found, [_part(parts[0], whole=part.whole, depth=part.depth + 1)]


def _opaque(case: Case, part: _Part) -> tuple[list[Found], list[_Part]]:
    """A CMS that holds what was signed (RFC 8551, 3.5.2)."""
    info = _cms(part)
    if info is None:
        return [(unjudged("S/MIME", Reason("unreadable-signature", part.kind)), None)], []
    found = list(judge_signers(case, info, None))
    inner = []
    if info["content_type"].native == "signed_data":
        content = info["content"]["encap_content_info"]["content"].native
        if isinstance(content, bytes):
            inner = [_part(content, whole=part.whole, depth=part.depth + 1)]
    return found, inner


def _cms(part: _Part) -> cms.ContentInfo | None:
    encoding = str(part.head.get("Content-Transfer-Encoding") or "").strip().lower()
    try:
        body = part.body
        if encoding == "base64":
            body = base64.b64decode(b"".join(body.split()), validate=True)
        elif encoding == "quoted-printable":
            body = quopri.decodestring(body)
        found = read_cms(body)
    except (binascii.Error, ValueError):
        return None
    return found[0] if found and not found[1] else None


def _children(part: _Part) -> tuple[list[bytes], bytes]:
    """Cut a multipart at its boundary lines (RFC 2046, 5.1.1); return the parts, and what stands after the last line."""
    boundary = part.parameter("boundary").encode("ascii", "replace")
    if not boundary:
        return [], b""
    line = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    parts: list[bytes] = []
    begun: int | None = None
    for found in line.finditer(part.body):
        if begun is not None:
            parts.append(part.body[begun : found.start()])
        if found[1]:
            return parts, part.body[found.end() :]
        rest = re.compile(rb"\r?\n").match(part.body, found.end())
        begun = rest.end() if rest else len(part.body)
        if len(parts) > _MOST_PARTS:
            break
    if begun is not None:
        parts.append(part.body[begun:])
    return parts, b""


def _in_part(found: Found) -> Found:
    """The reader sees more than what this signature is about."""
    finding, stood = found
    reasons = (*finding.reasons, Reason("signed-in-part", finding.id))
    return with_reasons(finding, reasons, covers="partial"), stood


def _ambiguities(top: _Part) -> Iterator[Reason]:
    """What different programs read differently: header fields that stand twice, a multipart said to be encoded."""
    encoding = str(top.head.get("Content-Transfer-Encoding") or "").strip().lower()
    if top.kind.startswith("multipart/") and encoding not in {"", "7bit", "8bit", "binary"}:
        yield Reason("mail-ambiguous", f"Content-Transfer-Encoding {encoding}")  # RFC 2045, 6.4
    for name in ("Content-Type", "MIME-Version", "Content-Transfer-Encoding"):
        if len(top.head.get_all(name) or ()) > 1:
            yield Reason("mail-ambiguous", f"{name} twice")


def _sender(case: Case, top: _Part, found: Sequence[Found]) -> tuple[Reason, ...]:
    """Demand that a signer's certificate, or our directory's entry about it, has the sender's address (RFC 8550, 3)."""
    sender = _address(top)
    if not sender:
        return (Reason("sender-ambiguous", ", ".join(map(str, top.head.get_all("From") or ()))[:200]),)
    if not any(stood and stood.examined.certificate for _each, stood in found):
        return ()  # nobody can be compared; that is said already
    for each, stood in found:
        leaf = stood.examined.certificate if stood else None
        ours = (case.signatories or {}).get(each.fingerprint or "")
        if leaf is not None and sender in {*_addresses(leaf), *(ours.addresses if ours else ())}:
            return ()
    return (Reason("sender-not-signer", sender),)


def _address(top: _Part) -> str:
    """Return the one address in From, in small letters; empty if there is not exactly one."""
    fields = top.head.get_all("From") or ()
    if len(fields) != 1:
        return ""
    try:
        named = getaddresses([str(fields[0])])
        addresses = {address.lower() for _name, address in named if address}
        spoken = {
            word.lower().strip("<>\"'(),;") for name, _address_ in named for word in _words(name).split() if "@" in word
        }
    except (ValueError, RecursionError, LookupError):
        return ""
    senders = {str(value).lower() for value in top.head.get_all("Sender") or ()}
    clear = len(addresses) == 1 and len(senders) <= 1 and spoken <= addresses
    return addresses.pop() if clear else ""


def _words(name: str) -> str:
    """Return a display name decoded (RFC 2047): it may show another address than the real one."""
    try:
        return str(make_header(decode_header(name)))
    except (ValueError, LookupError, HeaderParseError):
        return name


def _addresses(leaf: x509.Certificate) -> set[str]:
    """Return the mailboxes that a certificate is for: rfc822Name, and the older emailAddress in its subject."""
    try:
        named = leaf.subject_alt_name_value
        found = {str(each.native).lower() for each in named or () if each.name == "rfc822_name"}
        older = leaf.subject.native.get("email_address") or ()
    except (ValueError, TypeError, KeyError, AttributeError):
        return set()
    return found | {str(each).lower() for each in ([older] if isinstance(older, str) else older)}
