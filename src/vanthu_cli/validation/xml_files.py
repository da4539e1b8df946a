"""Judge signatures in XML: edXML packages, any XML with an XMLDSig or XAdES signature (ETSI EN 319 132-1), OOXML and ASiC parts."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from vanthu_cli.validation.findings import Level
from vanthu_cli.validation.proof import Case, earliest, finding, standing, unjudged
from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.smime import Found
from vanthu_cli.validation.xml_checks import XmlRefused, XmlSignature, examine_xml


def judge_xml(case: Case, data: bytes | Path) -> tuple[Literal["xml", "edxml"], list[Found], tuple[Reason, ...]]:
    """Judge every signature of an XML file; what must not be parsed at all (DTD, depth) is a reason."""
    try:
        form, signatures = examine_xml(data)
    except XmlRefused as refused:
        return "xml", [], (refused.reason,)
    return form, judge_xml_signatures(case, signatures), ()


def judge_xml_signatures(case: Case, signatures: Iterable[XmlSignature]) -> list[Found]:
    """Judge the signers of signatures whose digests are checked already."""
    return [_judged(case, each) for each in signatures]


def _judged(case: Case, signature: XmlSignature) -> Found:
    try:
        found = standing(case, signature.examined, signature.tokens, signature.id, earliest(case, ()))
    except Exception as error:  # noqa: BLE001  whatever its bytes make a parser raise concerns this one alone
        return unjudged(signature.id, Reason("unreadable-signature", f"{signature.id} {type(error).__name__}")), None
    level: Level = "legacy"
    if signature.xades:
        level = "B-T" if found.stamp else "B-B"
    return finding(case, signature.id, found, level=level, stamped=found.stamp), found
