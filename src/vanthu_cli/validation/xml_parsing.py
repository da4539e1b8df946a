"""XML from strangers: looked through before a tree is built, canonical forms, and what an Id names.

Nothing is fetched, no entity is expanded, no document type declaration comes near the tree builder.
"""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from xml.parsers import expat

from lxml import etree

from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.xml_aside import LONG, Aside, Sink, leave, opened

MOST_BYTES = 128 << 20
"""What signing/xades.py signs, and a signature; long base64 not counted."""
_MOST_OF_ALL = 2 << 30
_SLICE = 1 << 20
_MOST_DEEP = 200
_MOST_NODES = 1_000_000
_MOST_ATTRIBUTES = 1000
_MOST_NAMESPACES = 100
_MOST_COMPARED = 500_000_000
"""Canonicalising compares the namespaces in scope each with each, at every element: some seconds."""
_MOST_PREFIXES = 32
_XML = "{http://www.w3.org/XML/1998/namespace}"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"


Element = etree._Element  # noqa: SLF001  lxml has no public name for what every reader of XML handles
Tree = etree._ElementTree  # noqa: SLF001  the same


class XmlRefused(Exception):  # noqa: N818  a verdict on the file, not a failure of the program
    """The file is not looked at: a DTD, entities, no XML at all, or more of it than a document can have."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document as a tree; `cut`: an element whose text a comment or CDATA cuts, so that readers disagree on it."""

    tree: Tree
    cut: str | None
    ids: Mapping[str, tuple[Element, ...]]
    aside: Aside = field(default_factory=Aside)

    @property
    def root(self) -> Element:
        return self.tree.getroot()


@dataclass(frozen=True, slots=True)
class Form:
    """A canonical form (Canonical XML 1.0 and 1.1, Exclusive XML Canonicalization); `prefixes` as in its PrefixList."""

    exclusive: bool = False
    comments: bool = False
    prefixes: tuple[str, ...] = ()


_FORMS = {
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315": Form(),
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments": Form(comments=True),
    "http://www.w3.org/2006/12/xml-c14n11": Form(),
    "http://www.w3.org/2006/12/xml-c14n11#WithComments": Form(comments=True),
    _EXCLUSIVE: Form(exclusive=True),
    f"{_EXCLUSIVE}WithComments": Form(exclusive=True, comments=True),
}


def parse(data: bytes | Path, *, leaving: bool = False) -> Parsed:
    """Return the document; `leaving`: with long base64 left where it lies, for who digests through `Parsed.aside`. Raises `XmlRefused`, and OSError for a path that cannot be read."""
    look = _Look()
    try:
        cut = look.through(data)
        aside = leave(data, look.leaves) if leaving else Aside(data)
        if _size(data) - sum(end - begin for begin, end in aside.texts) > MOST_BYTES:
            raise XmlRefused(Reason("xml-too-large", f"> {MOST_BYTES >> 20} MB"))
        xml = aside.slim()
        # huge_tree lets attachments of more than 10 MB in; the look has counted what could be too much.
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
        tree = etree.fromstring(xml, parser).getroottree()
    except (expat.ExpatError, etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise XmlRefused(Reason("xml-unparseable", str(error)[:200])) from error
    return Parsed(tree, cut, _ids(tree), aside)


def _size(data: bytes | Path) -> int:
    return data.stat().st_size if isinstance(data, Path) else len(data)


class _Look:
    """One pass of expat over the whole file, which keeps nothing but counts, and where long texts lie."""

    def __init__(self) -> None:
        self.leaves: list[tuple[int, int]] = []
        self._parser = expat.ParserCreate()
        self._leaf = -1
        self._signatures = 0
        self._names: list[str] = []
        self._scopes = [0]
        self._nodes = 0
        self._compared = 0
        self._pieces = [False]
        self._comment = False
        self._cut: str | None = None

    def through(self, data: bytes | Path) -> str | None:
        if _size(data) > _MOST_OF_ALL:
            raise XmlRefused(Reason("xml-too-large", f"> {_MOST_OF_ALL >> 20} MB"))
        parser = self._parser
        parser.buffer_text = True
        parser.buffer_size = 1 << 16
        parser.ordered_attributes = True
        parser.StartDoctypeDeclHandler = _refuse_dtd
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.CommentHandler = self._comment_seen
        parser.StartCdataSectionHandler = parser.EndCdataSectionHandler = self._boundary
        parser.ProcessingInstructionHandler = self._instruction_seen
        with opened(data) as stream:
            while piece := stream.read(_SLICE):
                parser.Parse(piece, False)
        parser.Parse(b"", True)
        return self._cut

    def _start(self, name: str, attributes: list[str]) -> None:
        self._end_of_text()
        self._leaf = self._parser.CurrentByteIndex
        self._signatures += name.rpartition(":")[2] == "Signature"
        names = attributes[::2]
        self._names.append(name)
        self._scopes.append(self._scopes[-1] + sum(each.startswith("xmlns") for each in names))
        self._nodes += 1 + len(names)
        self._compared += self._scopes[-1] ** 2
        for found, most in (
            (len(self._names), _MOST_DEEP),
            (self._nodes, _MOST_NODES),
            (len(names), _MOST_ATTRIBUTES),
            (self._scopes[-1], _MOST_NAMESPACES),
            (self._compared, _MOST_COMPARED),
        ):
            if found > most:
                raise XmlRefused(Reason("xml-too-large", name[:100]))

    def _end(self, name: str) -> None:
        self._end_of_text()
        end = self._parser.CurrentByteIndex
        # Within a signature everything is read: certificates, time stamps.
        if self._leaf >= 0 and end - self._leaf > LONG and not self._signatures:
            self.leaves.append((self._leaf, end))
        self._leaf = -1
        self._signatures -= name.rpartition(":")[2] == "Signature"
        self._names.pop()
        self._scopes.pop()

    def _text(self, text: str) -> None:
        self._pieces[-1] = self._pieces[-1] or not text.isspace()

    def _comment_seen(self, _comment: str) -> None:
        self._comment = True
        self._boundary()

    def _instruction_seen(self, _target: str, _data: str) -> None:
        self._leaf = -1

    def _boundary(self) -> None:
        self._leaf = -1
        self._pieces.append(False)

    def _end_of_text(self) -> None:
        """Tell whether readers that take an element's first text for all of it would miss some."""
        if len(self._pieces) > 1:
            if self._cut is None and self._names and sum(self._pieces) > (0 if self._comment else 1):
                self._cut = self._names[-1][:100]
            self._comment = False
        self._pieces = [False]


def _refuse_dtd(*_declaration: object) -> None:
    raise XmlRefused(Reason("xml-dtd"))


def _ids(tree: Tree) -> Mapping[str, tuple[Element, ...]]:
    """Index whatever any implementation may take for an Id: Id, ID, id, xml:id, wsu:Id."""
    found: dict[str, list[Element]] = {}
    values: Any = tree.xpath("//@*[translate(local-name(), 'ID', 'id') = 'id']")
    for value in values:
        found.setdefault(str(value), []).append(value.getparent())
    return {value: tuple(elements) for value, elements in found.items()}


def form_of(method: Element | None) -> Form | None:
    """Return what a CanonicalizationMethod or Transform names, 1.0 where it is left out; None: not a canonical form."""
    if method is None:
        return Form()
    known = _FORMS.get(str(method.get("Algorithm")))
    children = list(method.iterchildren("*"))
    if known is None or any(child.tag != f"{{{_EXCLUSIVE}}}InclusiveNamespaces" for child in children):
        return None
    prefixes = tuple(prefix for child in children for prefix in str(child.get("PrefixList", "")).split())
    if len(prefixes) > _MOST_PREFIXES or "#default" in prefixes or (children and not known.exclusive):
        return None  # libxml2 leaves the default namespace out of a list
    return replace(known, prefixes=prefixes)


def write_canonical(node: Element | Tree, form: Form, sink: Sink) -> bool:
    """Write the canonical form of a document or a subtree; False where libxml2 cannot be trusted with it."""
    alone: Any = etree.ElementTree(_lonely(node)) if isinstance(node, Element) else node
    if isinstance(node, Element) and not form.exclusive and _inherits(node):
        return False
    try:
        alone.write_c14n(
            sink,
            exclusive=form.exclusive,
            with_comments=form.comments,
            inclusive_ns_prefixes=list(form.prefixes) or None,
        )
    except etree.C14NError:
        return False  # a relative namespace, which the standard forbids
    return True


def _lonely(element: Element) -> Element:
    """Return a root without the processing instructions beside it, which lxml writes with it."""
    return copy.deepcopy(element) if element.getparent() is None and instructed(element) else element


def instructed(root: Element) -> bool:
    """Tell whether there are processing instructions outside the root: a style sheet changes what is shown."""
    beside: Iterable[Any] = (*root.itersiblings(preceding=True), *root.itersiblings())
    return any(node.tag is etree.ProcessingInstruction for node in beside)


def _inherits(element: Element) -> bool:
    """Tell whether xml:lang and the like of ancestors belong to it (Canonical XML 1.0, 2.4): lxml leaves them out."""
    return any(str(name).startswith(_XML) for above in element.iterancestors() for name in above.attrib)
