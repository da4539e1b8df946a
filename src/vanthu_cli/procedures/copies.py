"""Making a copy (sao y, sao lục, trích sao): numbered in the copies' own sequence, signed by the organisation alone (NĐ 30/2020 Đ25, Đ26).

The number is the point of no return, as in issuing: taken with the copy's row, kept through every retry. Then the signature, the
cabinet, the event, and last the file that the clerk gets. A second run goes on where the first one died.
"""

import tempfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.examine import Examination
from vanthu_cli.procedures.keys import open_key, proof, sealed_with
from vanthu_cli.procedures.make import Job, appearing, exists, sign_copy, sweep
from vanthu_cli.procedures.sign import Copy, Planned, plan
from vanthu_cli.procedures.spots import Order
from vanthu_cli.register import documents, numbers
from vanthu_cli.register.documents import Document
from vanthu_cli.rules.copies import FORMS, check_source, copy_series, copy_symbol
from vanthu_cli.rules.deadlines import today
from vanthu_cli.rules.form import scan_faults
from vanthu_cli.signing.keys import SigningKey
from vanthu_cli.signing.levels import Proof
from vanthu_cli.signing.timestamps import probe


def plan_copy(desk: Desk, order: Order, file: Path, output: Path, found: Examination) -> Planned:
    """Ask everything that can refuse; `ForbiddenError` `copy.electronic` where the decree knows no such copy."""
    digest = desk.cabinet.name_of(file)
    made = documents.by_source(desk.book, digest, order.form)
    copy = Copy(digest, made)
    if output.exists():
        if made is not None and made.sha256 == desk.cabinet.name_of(output):
            sweep(output)
            return Planned(file, Job("copy", file, output), done=True, copy=copy)
        raise exists(output)
    planned = plan(desk, order, file, output, found)
    if made is None:
        check_source(order.form, file.name, electronic=bool(found.signers) or not found.scan)
    warnings = tuple(scan_faults(found.dpi, colour=found.colour)) if found.scan else ()
    return replace(planned, warnings=warnings, copy=copy)


def make_copy(desk: Desk, order: Order, planned: Planned, *, bare: bool) -> tuple[Document, str]:
    """Number, sign and keep the copy, and write the clerk's file. Return its row and the level of its signature."""
    if planned.copy is None:
        raise TypeError(planned)
    with desk.lock():
        key, made_with = open_key(desk, order.card.name), proof(desk, bare=bare)
        document = documents.by_source(desk.book, planned.copy.source_sha256, order.form)
        if document is None:
            if made_with.time_stamper is not None:
                probe(made_with.time_stamper)
            document = _number(desk, planned, order.form)
        if document.state == "numbered":
            document = _sign(desk, planned, document, key, made_with, bare=bare)
        if document.sha256 is None:
            raise MisuseError("copy.lost", _("The copy {name} is not in the cabinet.").format(name=document.name))
        with appearing(planned.job.output) as paper:
            paper.write(desk.cabinet.get(document.sha256))
        return document, made_with.level


def _number(desk: Desk, planned: Planned, form: str) -> Document:
    office, day = desk.config.office, today(desk.now)
    symbol, series = copy_symbol(desk.config, form, day), copy_series(desk.config, form, day)
    source = desk.cabinet.put(planned.job.source.read_bytes())
    with desk.book.step():
        identity = documents.add(
            desk.book,
            "out",
            "number",
            arrived_at=desk.book.at,
            file=planned.file.name,
            source_sha256=source,
            symbol=symbol,
            day=day.isoformat(),
            agency=office.name,
            agency_code=office.code,
            doc_type=FORMS[form].words,
            copy=form,
        )
        number = numbers.take(desk.book, "di", series, identity)
        documents.update(desk.book, identity, number=number)
        desk.book.event(
            "number",
            f"document:{identity}",
            {"number": number, "symbol": symbol, "series": series, "copy": form, "source": source},
        )
    return documents.get(desk.book, identity)


def _sign(
    desk: Desk, planned: Planned, document: Document, key: SigningKey, made_with: Proof, *, bare: bool
) -> Document:
    with tempfile.TemporaryFile() as paper:
        source = BytesIO(desk.cabinet.get(document.source_sha256 or ""))
        sign_copy(planned.job, source, paper, key, made_with)
        paper.seek(0)
        sha256 = desk.cabinet.put(paper.read())
    with desk.book.step():
        documents.update(desk.book, document.id, sha256=sha256)
        documents.advance(desk.book, document.id, "seal", sealed_with(sha256, key, made_with, bare=bare))
    return documents.get(desk.book, document.id)
