"""Any file: which judge it goes to, by its content and not by its name. What cannot be judged here is unknown, and said so.

The recipe for every signature (ETSI EN 319 102-1; each function named says its step):

    1. context: the office's anchors; certificates and revocation data, ours and the file's (5.2.4)        proof.Case
    2. format: is the signature about what it stands in? (5.2.2)            pdf_checks.frames_its_contents, cms_files.judge_signers
    3. the signing certificate is the one that was signed along (5.2.3)                                     cms_checks.check
    4. digest and signature hold (5.2.7)                                                                    cms_checks.check
    5. time stamps, from the last to the first; what they prove to have existed (5.4, 5.6.2.3)              pdf_times.times_of
    6. the path to an anchor at the best signature time, not today (5.2.6, 5.6.2.1)                         chains.find_chain
    7. revocation at that time, by data of that time or later (5.2.5, 5.6.2.2)                              revocation.revoked_at
    8. acceptance: algorithms, key length, purpose of the certificate (5.2.8)      cms_checks.weaknesses, chains.usage_problem
    9. what came after the signature, and whether the signature permits it (ISO 32000-2, 12.8.2)            afterwards.changes_after
   10. do the pages look as they did when signed?                                                           pictures.compared
   11. indication and sub-indication: the worst of all reasons (5.1.3)                                      reasons.worst
   12. the verdict of the file (contract.md)                                                                findings.judge
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from asn1crypto import x509

from vanthu_cli.validation import chains
from vanthu_cli.validation.cms_files import judge_signers, read_cms
from vanthu_cli.validation.findings import Format, Judgement, judge
from vanthu_cli.validation.packages import examine_package
from vanthu_cli.validation.pdf import judge_pdf
from vanthu_cli.validation.proof import Case, Standing, turning_points, wanting
from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.smime import Found, judge_mail, looks_like_mail
from vanthu_cli.validation.stretch import Stretch, open_stretch
from vanthu_cli.validation.trust import Signatory, Trust
from vanthu_cli.validation.xml_files import judge_xml, judge_xml_signatures

_START = 4096
_LARGEST_MAIL = 200 << 20
_XML = re.compile(rb"\A(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\x00]*<[\x00]*[?!A-Za-z_]")


def judge_file(
    data: bytes | Path,
    trust: Trust,
    signatories: Mapping[str, Signatory] | None,
    *,
    now: datetime,
    at: datetime | None = None,
    known_since: datetime | None = None,
    password: str | None = None,
    content: Path | bytes | None = None,
    pictures: bool = False,
) -> Judgement:
    """Judge a file; `content` is what a detached signature may be about. The rest as for `judge_pdf`.

    A path is read in slices, never as a whole, but for letters and XML.
    """
    known = None if signatories is None else {key.replace(":", "").lower(): one for key, one in signatories.items()}
    try:
        with open_stretch(data) as stretch:
            start = bytes(stretch[:_START])
            if b"%PDF-" not in start[:1024]:
                case = Case(chains.evidence_of(trust), trust, known, at or now, known_since)
                return _other(case, data, stretch, start, content)
    except OSError as error:
        return _judgement("unknown", (), (Reason("file-unreadable", error.strerror or ""),), known)
    except Exception as error:  # noqa: BLE001  hostile bytes: whatever a parser raises, the answer is "unknown"
        return _judgement("unknown", (), (Reason("unparseable", type(error).__name__),), known)
    return judge_pdf(
        data, trust, signatories, now=now, at=at, known_since=known_since, password=password, pictures=pictures
    )


def _other(case: Case, data: bytes | Path, stretch: Stretch, start: bytes, content: Path | bytes | None) -> Judgement:
    """Judge what is no PDF."""
    if not start:
        return _judgement("unknown", (), (Reason("file-empty"),), case.signatories)
    package = examine_package(stretch.file)
    if package is not None:
        kind: Format = "ooxml" if package.format == "ooxml" else "unknown"
        return _judgement(kind, judge_xml_signatures(case, package.signatures), package.reasons, case.signatories, case)
    if _XML.match(start):
        form, found, reasons = judge_xml(case, data)
        return _judgement(form, found, reasons, case.signatories, case)
    if looks_like_mail(start) and len(stretch) <= _LARGEST_MAIL:
        found, reasons = judge_mail(case, bytes(stretch))
        return _judgement("smime", found, reasons, case.signatories, case)
    read = read_cms(bytes(stretch)) if len(stretch) <= _LARGEST_MAIL else None
    if read is not None:
        glued = (Reason("trailing-bytes", str(read[1])),) if read[1] else ()
        return _judgement("cms", list(judge_signers(case, read[0], content)), glued, case.signatories, case)
    return _judgement("unknown", (), (Reason("format-not-judged"),), case.signatories)


def _judgement(
    kind: Format,
    found: Sequence[Found],
    reasons: Iterable[Reason],
    signatories: Mapping[str, Signatory] | None,
    case: Case | None = None,
) -> Judgement:
    findings, every = tuple(finding for finding, _stood in found), tuple(reasons)
    standings = [stood for _finding, stood in found if stood]
    roles = {each.role for each in findings if each.passed}
    return Judgement(
        kind,
        judge(findings, every),
        "person" in roles if signatories is not None else None,
        "organisation" in roles if signatories is not None else None,
        findings,
        every,
        turning_points=turning_points(case, _certificates(standings)) if case else (),
        wanting=wanting(standings),
    )


def _certificates(standings: Iterable[Standing]) -> Iterator[x509.Certificate]:
    for each in standings:
        if each.examined.certificate is not None:
            yield each.examined.certificate
        yield from each.examined.embedded_certificates
