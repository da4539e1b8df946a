"""Signatures of files that are ZIP packages: found, checked as far as they can be, and never more than "unknown".

What an office program shows of a signed package depends on relationships, templates and settings that no digest decides;
but a digest that does not hold is a changed file.
"""

from dataclasses import dataclass
from typing import BinaryIO, Literal

from vanthu_cli.validation.package_asic import examine_asic, signature_members
from vanthu_cli.validation.package_members import Members, open_members
from vanthu_cli.validation.package_ooxml import CONTENT_TYPES, SIGNATURES, examine_ooxml
from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.xml_checks import XmlSignature

_ASIC = b"application/vnd.etsi.asic-"
_LONGEST_TYPE = 200


@dataclass(frozen=True, slots=True)
class Package:
    """A package as its bytes say. `signed`: a signature, or what looks like one, is there; `reasons` concern the whole."""

    format: Literal["ooxml", "asic", "zip"]
    signed: bool
    signatures: tuple[XmlSignature, ...]
    reasons: tuple[Reason, ...]


def examine_package(file: BinaryIO) -> Package | None:
    """Examine a ZIP's signatures by what is in it; None for what is no ZIP. A ZIP that is refused is not unpacked."""
    members = open_members(file)
    if members is None:
        return None
    if isinstance(members, Reason):
        return Package("zip", signed=False, signatures=(), reasons=(members,))
    if CONTENT_TYPES in members.names:
        signed, found, reasons = examine_ooxml(members)
        return _package("ooxml", found, reasons, signed=signed)
    # OPC knows no case: a program may find Office's signatures where the list of types is spelt differently.
    signed = bool(signature_members(members)) or any(name.lower().startswith(SIGNATURES) for name in members.names)
    found, reasons = examine_asic(members)
    return _package("asic" if _is_asic(members) else "zip", found, reasons, signed=signed)


def _is_asic(members: Members) -> bool:
    if "mimetype" not in members.names or members.archive.getinfo("mimetype").file_size > _LONGEST_TYPE:
        return False
    try:
        return members.read("mimetype").startswith(_ASIC)
    except ValueError:
        return False


def _package(
    kind: Literal["ooxml", "asic", "zip"],
    found: tuple[XmlSignature, ...],
    reasons: tuple[Reason, ...],
    *,
    signed: bool,
) -> Package:
    # What lies in a plain archive may be signed, and is not looked at.
    open_question = (Reason("format-not-judged"),) if signed or kind == "zip" else ()
    return Package(kind, signed, found, (*reasons, *open_question))
