"""What goes beside a document to prove it: how its signatures stood, and the certificates and revocation data that belong to them."""

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vanthu_cli import __version__
from vanthu_cli.locale import speaking
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.dossier_contents import File
from vanthu_cli.procedures.inputs import is_pdf
from vanthu_cli.register import documents
from vanthu_cli.reports.dossier import Line
from vanthu_cli.validation.findings import Judgement
from vanthu_cli.validation.trust import Trust

if TYPE_CHECKING:
    from vanthu_cli.procedures.examine import Examination

Proof = tuple[Literal["cer", "crl", "ocsp"], bytes]
"""A certificate, a revocation list or an OCSP answer, in DER."""
_MOST = 30 << 20
"""Bytes of proofs that are taken out of one file."""


def judged(desk: Desk, files: Sequence[tuple[Line, File]]) -> Iterator[tuple[Line, list[tuple[File, Judgement]]]]:
    """Yield each document with the judgements of its files, judged side by side; memory does not grow with the files."""
    known = documents.arrivals(desk.book)
    paths = {(each.document.id, each.name): desk.cabinet.path(each.sha256) for _line, each in files}
    questions = []
    for _line, each in files:
        path, signed = paths[each.document.id, each.name], None
        if each.name.lower().endswith(".p7s"):  # made over the file beside it, of that name without the ending
            signed = paths.get((each.document.id, Path(each.name).stem))
        questions.append(desk.question(each.name, path, "judge", known_since=known.get(each.sha256), content=signed))
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        answered = zip(files, pool.map(desk.judged, questions), strict=True)
        for line, group in groupby(answered, lambda each: each[0][0]):
            yield line, [(file, _judgement(answer)) for (_line, file), answer in group]


def _judgement(found: "Examination") -> Judgement:
    from vanthu_cli.procedures.examine import fault_words
    from vanthu_cli.validation.reasons import Reason

    if found.judgement is not None:
        return found.judgement
    with speaking("vi"):
        reason = Reason("could-not-judge", fault_words(found.fault or ""))
    return Judgement("unknown", "unknown", None, None, (), (reason,))


def report(desk: Desk, answers: Sequence[tuple[File, Judgement]]) -> bytes:
    """Return the report on a document's files as PDF, in Vietnamese."""
    from vanthu_cli.reports.verification import Exhibit, Report
    from vanthu_cli.reports.verification_pdf import as_pdf
    from vanthu_cli.validation.trust import described

    exhibits = tuple(
        Exhibit(each.name, each.sha256, desk.cabinet.path(each.sha256).stat().st_size, judgement)
        for each, judgement in answers
    )
    lookup = desk.kept.lookup
    with speaking("vi"):
        return as_pdf(
            Report(
                desk.config.office.name, desk.now, None, described(lookup.trust.anchors), lookup.trust.revocation,
                not lookup.hosts, exhibits, __version__,
            )
        )  # fmt: skip


def proofs_in(source: Path) -> set[Proof]:
    """Return what a PDF's signatures and security store, or a CMS file, hold. Runs beside: strangers' files are parsed."""
    import pikepdf

    if not is_pdf(source):
        return set(_of_cms([source.read_bytes()])) if source.stat().st_size <= _MOST else set()
    with pikepdf.open(source, suppress_warnings=True) as pdf:
        signatures = [
            bytes(each.Contents)
            for each in pdf.objects
            if isinstance(each, pikepdf.Dictionary) and "/ByteRange" in each and "/Contents" in each
        ]
        store = pdf.Root.get("/DSS", pikepdf.Dictionary())
        stored: set[Proof] = {("cer", each.read_bytes()) for each in store.get("/Certs", ())}
        stored |= {("crl", each.read_bytes()) for each in store.get("/CRLs", ())}
        stored |= {("ocsp", each.read_bytes()) for each in store.get("/OCSPs", ())}
    enough = sum(len(der) for _kind, der in stored) <= _MOST
    return {*_of_cms(signatures), *(stored if enough else ())}


def _of_cms(blobs: Iterable[bytes]) -> Iterator[Proof]:
    from cryptography.hazmat.primitives.serialization import Encoding

    from vanthu_cli.validation.cms_checks import enclosed
    from vanthu_cli.validation.cms_files import read_cms

    for blob in blobs:
        read = read_cms(blob)
        if read is None or read[0]["content_type"].native != "signed_data":
            continue
        signed = read[0]["content"]
        lists, answers = enclosed(signed)
        yield from (("cer", each.chosen.dump()) for each in signed["certificates"] or () if each.name == "certificate")
        yield from (("crl", each.loaded.public_bytes(Encoding.DER)) for each in lists)
        yield from (("ocsp", each.dump()) for each in answers)


def proving(found: set[Proof], trust: Trust) -> set[Proof]:
    """Return the certificates found with those above them that this office knows, and all that is known of their revocation."""
    known: set[Proof] = found | {("cer", der) for der in (*trust.anchors, *trust.others)}
    known |= {("crl", der) for der in trust.crls} | {("ocsp", der) for der in trust.ocsps}
    names = {each: read for each in known if (read := _read(each)) is not None}
    pool = {each: read for each, read in names.items() if each[0] == "cer"}
    chain = front = found & pool.keys()
    while front:
        issuers = {pool[each][1] for each in front}
        front = {each for each, (subject, _issuer, _serial) in pool.items() if subject in issuers} - chain
        chain = chain | front
    told_of = {"crl": {pool[each][0] for each in chain}, "ocsp": {pool[each][2] for each in chain}}
    return chain | {each for each, read in names.items() if each[0] != "cer" and read in told_of[each[0]]}


def _read(proof: Proof) -> Any:
    """Return subject, issuer and serial number of a certificate, a list's issuer, the number an answer is about; None for junk."""
    from cryptography import x509
    from cryptography.x509.ocsp import load_der_ocsp_response

    kind, der = proof
    with contextlib.suppress(ValueError, TypeError, x509.InvalidVersion):
        if kind == "cer":
            certificate = x509.load_der_x509_certificate(der)
            return certificate.subject, certificate.issuer, certificate.serial_number
        if kind == "crl":
            return x509.load_der_x509_crl(der).issuer
        return load_der_ocsp_response(der).serial_number
    return None
