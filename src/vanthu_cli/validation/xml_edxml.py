"""What a signature of an edXML package refers to, as the government's SDK writes it, and what it leaves out.

QCVN 102:2016/BTTTT: `cid:` names an attachment by its ContentId. Names are read without regard to prefix and case.
"""

from collections.abc import Iterator, Sequence

from lxml import etree

from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.xml_aside import Aside, Sink
from vanthu_cli.validation.xml_digests import DS, Fetch, Fetched, Outcome, text_of, write_decoded
from vanthu_cli.validation.xml_parsing import Element

_BASE64 = "http://www.w3.org/2000/09/xmldsig#base64"
_ENVELOPE = "{http://schemas.xmlsoap.org/soap/envelope/}Envelope"
_MOST_NAMED = 5


def is_edxml(root: Element) -> bool:
    """Tell whether it is a package, or an older one wrapped in SOAP 1.1."""
    if root.tag == _ENVELOPE:
        return any(_local(element).startswith("edxml") for element in root.iterdescendants("*"))
    return _local(root) == "edxml"


def attachments(root: Element, aside: Aside) -> Fetch:
    """Return how to fetch an attachment: the bytes that its base64 decodes to are what is digested."""

    def fetch(uri: str, transforms: Sequence[Element], sink: Sink) -> Fetched:
        if not uri.startswith("cid:"):
            return Fetched(Reason("unsupported-signature", uri))
        found = [one for one in _attachments(root) if _content_id(one) == uri]
        contents = [part for one in found for part in _children(one, "contenttransferencoded")]
        if len(found) > 1 or len(contents) > 1:
            return Fetched(Reason("xml-ambiguous", uri))
        if not contents:
            return Fetched(Reason("signed-data-missing", uri))
        try:
            write_decoded(text_of(contents[0]), sink, aside)
        except ValueError:
            return Fetched(Reason("xml-ambiguous", uri))
        # The SDK names a canonical form even where there is no XML; what it then digests is not written down.
        return Fetched(sure={str(one.get("Algorithm")) for one in transforms} <= {_BASE64})

    return fetch


def uncovered(root: Element, outcomes: Sequence[Outcome]) -> str:
    """Name what a reader is shown and no reference of the signature covers."""
    targets = [outcome.target for outcome in outcomes if outcome.holds and outcome.target is not None]
    octets = {outcome.uri for outcome in outcomes if outcome.holds}
    names = [
        name
        for name, element in _shown(root)
        if name not in octets and not any(one is element or one in element.iterancestors() for one in targets)
    ]
    more = [f"+{len(names) - _MOST_NAMED}"] if len(names) > _MOST_NAMED else []
    return ", ".join(names[:_MOST_NAMED] + more)


def _shown(root: Element) -> Iterator[tuple[str, Element]]:
    """Yield the parts: of a package its headers, its body, its attachments; else the root's children."""
    parts: list[Element] = []
    if is_edxml(root):
        inner = list(root.iterdescendants("*"))
        parts = [part for one in inner if _local(one) == "edxmlheader" for part in one.iterchildren("*")]
        parts += [one for one in inner if _local(one) == "edxmlbody"]
        yield from ((_content_id(one), one) for one in _attachments(root))
    else:
        parts = list(root.iterchildren("*")) or [root]
    yield from ((etree.QName(part).localname, part) for part in parts if part.tag != f"{DS}Signature")


def _attachments(root: Element) -> list[Element]:
    return [one for one in root.iterdescendants("*") if _local(one) == "attachment"]


def _content_id(attachment: Element) -> str:
    named = "".join(one.text or "" for one in _children(attachment, "contentid")).strip()
    return named if named.startswith("cid:") else f"cid:{named}"


def _children(element: Element, local: str) -> list[Element]:
    return [child for child in element.iterchildren("*") if _local(child) == local]


def _local(element: Element) -> str:
    return etree.QName(element).localname.lower()
