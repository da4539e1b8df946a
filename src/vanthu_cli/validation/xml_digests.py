"""What the references of an XML signature name, and whether their digests hold; its signature algorithms.

Only transforms whose outcome cannot be steered are known: enveloped-signature, then one canonical form.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from asn1crypto import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key
from lxml import etree

from vanthu_cli.validation.chains import WEAK
from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.xml_aside import Aside, Sink
from vanthu_cli.validation.xml_parsing import Element, Parsed, Tree, form_of, write_canonical

DS = "{http://www.w3.org/2000/09/xmldsig#}"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_PSS = "http://www.w3.org/2007/05/xmldsig-more#"
_SPACE = re.compile(r"[ \t\r\n]+")
_SLICE = 1 << 20

_DIGESTS = {
    "http://www.w3.org/2000/09/xmldsig#sha1": "sha1",
    f"{_MORE}sha224": "sha224",
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    f"{_MORE}sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303  read for what it is: a weak algorithm
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_METHODS = {
    "http://www.w3.org/2000/09/xmldsig#rsa-sha1": ("rsa", "sha1"),
    **{f"{_MORE}rsa-{name}": ("rsa", name) for name in _HASHES if name != "sha1"},
    **{f"{_MORE}ecdsa-{name}": ("ecdsa", name) for name in _HASHES},
    **{f"{_PSS}{name}-rsa-MGF1": ("pss", name) for name in _HASHES},
}


class Hash:
    """A digest that canonical bytes are written to."""

    def __init__(self, name: str) -> None:
        self._digest = hashlib.new(name, usedforsecurity=False)  # weak ones are reported as weak

    def write(self, data: bytes) -> None:
        self._digest.update(data)

    def value(self) -> bytes:
        return self._digest.digest()


@dataclass(frozen=True, slots=True)
class Fetched:
    """How octets from elsewhere came into the digest; `sure` False: the format leaves open which octets are meant."""

    problem: Reason | None = None
    sure: bool = True


Fetch = Callable[[str, Sequence[Element], Sink], Fetched]
"""Writes the octets that a URI outside the document names; gets the transforms. Never opens a socket."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One Reference: `holds` None where it could not be checked, with the `problem`; `target` is the element named.

    `document`: all but the signature is under it. `inside`: it names a part of its own signature.
    """

    uri: str
    kind: str
    holds: bool | None
    target: Element | None = None
    document: bool = False
    inside: bool = False
    weak: str = ""
    problem: Reason | None = None


def text_of(element: Element | None) -> str:
    """Return the text of an element with nothing in it: a comment inside would hide the rest. Else ValueError."""
    if element is None or len(element):
        raise ValueError("no plain text")
    return element.text or ""


def decoded(text: str) -> bytes:
    return base64.b64decode(_SPACE.sub("", text), validate=True)


def write_decoded(text: str, sink: Sink, aside: Aside) -> None:
    """Decode base64 in slices, also of a text that was left where it lies. ValueError where it is none."""
    number = aside.number(text)
    pieces = (text[start : start + _SLICE] for start in range(0, len(text), _SLICE))
    if number is not None:
        pieces = (piece.decode("ascii") for piece in aside.pieces(number))
    rest = ""
    for piece in pieces:
        rest += _SPACE.sub("", piece)
        ready = max(len(rest) - 4, 0) // 4 * 4
        if "=" in rest[:ready]:
            raise ValueError("padding before the end: readers would stop there")
        sink.write(base64.b64decode(rest[:ready], validate=True))
        rest = rest[ready:]
    sink.write(base64.b64decode(rest, validate=True))


def check_reference(reference: Element, signature: Element, parsed: Parsed, fetch: Fetch) -> Outcome:
    """Check one ds:Reference. ValueError for one that does not have the parts it must have."""
    uri, kind = reference.get("URI"), str(reference.get("Type", ""))
    transforms, method, value = _parts(reference)
    name = digest_name(method)
    if uri is None or name is None:
        what = "URI" if uri is None else str(method.get("Algorithm"))
        return Outcome(str(uri), kind, None, problem=Reason("unsupported-signature", what))
    wanted, digest, weak = decoded(text_of(value)), Hash(name), name if name in WEAK else ""
    if uri and not uri.startswith("#"):
        fetched = fetch(uri, transforms, digest)
        holds = None if fetched.problem else digest.value() == wanted
        if holds is False and not fetched.sure:
            return Outcome(uri, kind, None, weak=weak, problem=Reason("unsupported-signature", uri))
        return Outcome(uri, kind, holds, weak=weak, problem=fetched.problem)
    target = _named(uri, parsed)
    if isinstance(target, Reason):
        return Outcome(uri, kind, None, weak=weak, problem=target)
    with parsed.aside.told(digest) as sink:
        problem = _write(target if uri else parsed.tree, transforms, signature, sink)
    inside = target is not signature and signature in target.iterancestors()
    document = target is parsed.root and target in signature.iterancestors()
    holds = None if problem else digest.value() == wanted
    return Outcome(uri, kind, holds, target, document, inside, weak, problem)


def digest_name(method: Element | None) -> str | None:
    """Return the digest's name as hashlib knows it; None for MD5 and whatever else is not to be trusted."""
    return None if method is None or len(method) else _DIGESTS.get(str(method.get("Algorithm")))


def _parts(reference: Element) -> tuple[list[Element], Element, Element]:
    children = list(reference.iterchildren("*"))
    names = [child.tag for child in children]
    if names not in (
        [f"{DS}DigestMethod", f"{DS}DigestValue"],
        [f"{DS}Transforms", f"{DS}DigestMethod", f"{DS}DigestValue"],
    ):
        raise ValueError("malformed Reference")
    transforms = list(children[0].iterchildren("*")) if len(children) == 3 else []  # noqa: PLR2004  the second form
    return transforms, children[-2], children[-1]


def _named(uri: str, parsed: Parsed) -> Element | Reason:
    if not uri:
        return parsed.root
    found = parsed.ids.get(uri[1:], ())
    if len(found) == 1:
        return found[0]
    if "(" in uri:
        return Reason("unsupported-signature", uri)  # an XPointer
    return Reason("xml-ambiguous", f"Id {uri[1:]}") if found else Reason("signed-data-missing", uri)


def _write(node: Element | Tree, transforms: Sequence[Element], signature: Element, sink: Sink) -> Reason | None:
    """Write what a reference into the same document digests: without comments (XML Signature 1.1, 4.4.3.3)."""
    names = [str(each.get("Algorithm")) for each in transforms]
    unsupported = Reason("unsupported-signature", " ".join(names)[:200])
    enveloped = names[:1] == [ENVELOPED] and not len(transforms[0])
    rest = transforms[1:] if enveloped else transforms
    form = form_of(rest[0] if rest else None)
    if form is None or len(rest) > 1:
        return unsupported
    top = node if isinstance(node, Element) else node.getroot()
    if enveloped and top not in signature.iterancestors():
        return unsupported
    with _taken_out(signature) if enveloped else nullcontext():
        written = write_canonical(node, replace(form, comments=False), sink)
    return None if written else unsupported


@contextmanager
def _taken_out(signature: Element) -> Iterator[None]:
    """Put a comment, which is not digested, in the signature's place: the text behind it stays where it is."""
    parent: Any = signature.getparent()
    place: Any = etree.Comment("")
    place.tail = signature.tail
    parent.replace(signature, place)
    try:
        yield
    finally:
        parent.replace(place, signature)


def method_of(information: Element) -> tuple[str, str] | None:
    """Return kind and digest of a SignedInfo's SignatureMethod; None for HMAC, MD5, DSA and the unheard-of."""
    method = information.find(f"{DS}SignatureMethod")
    return None if method is None or len(method) else _METHODS.get(str(method.get("Algorithm")))


def verifies(certificate: x509.Certificate, method: tuple[str, str], value: bytes, data: bytes) -> bool:
    """Verify a SignatureValue; a key of another kind than the method names never does. UnsupportedAlgorithm: odd curves."""
    kind, name = method
    digest = _HASHES[name]
    try:
        key = load_der_public_key(certificate.public_key.dump())
        if kind == "rsa" and isinstance(key, rsa.RSAPublicKey):
            key.verify(value, data, padding.PKCS1v15(), digest)
        elif kind == "pss" and isinstance(key, rsa.RSAPublicKey):
            # RFC 6931, 2.3.10: the salt is as long as the digest.
            key.verify(value, data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
        elif kind == "ecdsa" and isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(_der(value, (key.key_size + 7) // 8), data, ec.ECDSA(digest))
        else:
            return False
    except (InvalidSignature, ValueError):
        return False
    return True


def _der(value: bytes, size: int) -> bytes:
    """Return r and s, side by side in XML (XML Signature 1.1, 6.4.3), as DER."""
    if len(value) != 2 * size:
        raise ValueError("not r and s")
    return encode_dss_signature(int.from_bytes(value[:size], "big"), int.from_bytes(value[size:], "big"))


def weak_among(outcomes: Iterable[Outcome]) -> set[str]:
    return {outcome.weak for outcome in outcomes if outcome.weak}
