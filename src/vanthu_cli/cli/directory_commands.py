"""`vanthu directory list / show / add / signers / confirm / import / export`."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from vanthu_cli.cli import completing
from vanthu_cli.cli.run import run_of
from vanthu_cli.errors import ForbiddenError, MisuseError
from vanthu_cli.locale import _
from vanthu_cli.register import directory
from vanthu_cli.register.cabinet import write_durably
from vanthu_cli.register.directory import Agency
from vanthu_cli.reports.details import sighting_lines
from vanthu_cli.reports.tables import table
from vanthu_cli.reports.words import day_shown, role_word

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
DryRun = Annotated[bool, typer.Option("--dry-run", help=_("Only say what would be done."))]


@group.command("list", help=_("Show all agencies."))
def list_(context: typer.Context) -> int:
    run = run_of(context)
    with run.desk() as desk:
        found = directory.agencies(desk.book)
    rows = [
        [each.code, each.name, each.wan or "", each.internet or "", each.axis or "", day_shown(each.valid_to)]
        for each in found
    ]
    lines = table([_("Code"), _("Agency"), "WAN", "Internet", _("Axis"), _("Until")], rows) or [
        _("The directory is empty.")
    ]
    return run.answer({"agencies": [asdict(each) for each in found]}, lines)


@group.command(help=_("Show one agency and its signers' certificates."))
def show(
    context: typer.Context, code: Annotated[str, typer.Argument(metavar="CODE", autocompletion=completing.agencies)]
) -> int:
    run = run_of(context)
    with run.desk() as desk:
        found = _known(directory.agency(desk.book, code), code)
        certificates = directory.certificates(desk.book, code)
    lines = [f"{label + ':':<20} {value}" for label, value in _pairs(found) if value]
    lines += map(_line, certificates)
    return run.answer({"agency": asdict(found), "certificates": [asdict(each) for each in certificates]}, lines)


@group.command(help=_("Add an agency or change what is known of it; with --certificate, note whose certificate it is."))
def add(
    context: typer.Context,
    code: Annotated[str, typer.Argument(metavar="CODE", autocompletion=completing.agencies)],
    name: Annotated[str, typer.Option("--name", help=_("Its name as it stands on its documents."))] = "",
    parent: Annotated[str, typer.Option("--parent", help=_("Agency above it."))] = "",
    symbol: Annotated[str, typer.Option("--symbol", help=_("Its part of symbols, such as SNV."))] = "",
    identifier: Annotated[str, typer.Option("--identifier", help=_("Identifier on the national axis."))] = "",
    wan: Annotated[str, typer.Option("--wan", help=_("Address on the Party WAN."))] = "",
    internet: Annotated[str, typer.Option("--internet", help=_("Address on the Internet."))] = "",
    axis: Annotated[
        str, typer.Option("--axis", help=_("It is reached on the national axis, under this identifier."))
    ] = "",
    valid_from: Annotated[str, typer.Option("--valid-from", help=_("First day in force, as 2025-07-01."))] = "",
    valid_to: Annotated[str, typer.Option("--valid-to", help=_("Last day in force."))] = "",
    successor: Annotated[str, typer.Option("--successor", help=_("Code of the agency it merged into."))] = "",
    certificate: Annotated[
        Path | None, typer.Option("--certificate", help=_("Certificate of a signer (PEM or DER)."))
    ] = None,
    role: Annotated[str, typer.Option("--role", help=_("Whose certificate: person or organisation."))] = "",
    dry_run: DryRun = False,
) -> int:
    run = run_of(context)
    given = {
        "name": name, "parent": parent, "symbol": symbol, "identifier": identifier, "wan": wan, "internet": internet,
        "axis": axis,
        "valid_from": valid_from, "valid_to": valid_to, "successor": successor,
    }  # fmt: skip
    changes = {key: value for key, value in given.items() if value}
    for address in (wan, internet):
        directory.check_address(address or None)
    directory.check_axis(axis or None)
    with run.desk() as desk:
        known = directory.agency(desk.book, code)
        for address in (wan, internet, axis):
            _refuse_taken(directory.by_address(desk.book, address) if address else None, code)
        if known is None and not name:
            raise MisuseError("directory.name", _("{code} is new: give its name with --name.").format(code=code))
        agency = replace(known or Agency(code, name), **changes)
        noted = _certificate(certificate, role, code) if certificate else None
        if noted:
            held = [each for each in directory.certificates(desk.book) if each.fingerprint == noted.fingerprint]
            _refuse_taken(directory.agency(desk.book, held[0].agency) if held else None, code)
        if not dry_run:
            with desk.book.step():
                if changes:
                    directory.put(desk.book, agency)
                if noted:
                    directory.put_certificate(desk.book, noted)
    lines = [f"{agency.code}: {agency.name}"]
    if noted:
        lines.append(
            _("Certificate of {name}, SHA-256 {fingerprint}: compare it with what the agency tells you.").format(
                name=noted.name, fingerprint=noted.fingerprint
            )
        )
    return run.answer(
        {"dry_run": dry_run, "agency": asdict(agency), "certificate": asdict(noted) if noted else None}, lines
    )


@group.command(help=_("Show whose certificate is whose, and those seen on documents that nobody has named yet."))
def signers(context: typer.Context) -> int:
    run = run_of(context)
    with run.desk() as desk:
        known, seen = directory.certificates(desk.book), directory.sightings(desk.book)
    rows = [
        [each.agency, role_word(each.role), each.name, day_shown(each.not_after[:10]), each.fingerprint[:16]]
        for each in known
    ]
    lines = table([_("Agency"), _("Role"), _("Name"), _("Until"), "SHA-256"], rows) or [
        _("No certificate is noted yet.")
    ]
    if seen:
        lines += ["", _("Seen on documents, not confirmed; compare the fingerprint with what the agency tells you:")]
    lines += sighting_lines(seen)
    payload = {"certificates": [asdict(each) for each in known], "seen": [asdict(each) for each in seen]}
    return run.answer(payload, lines)


@group.command(help=_("Say whose a certificate is that has been seen on a document: its role counts from now on."))
def confirm(
    context: typer.Context,
    fingerprint: Annotated[str, typer.Argument(metavar="SHA-256")],
    agency: Annotated[str, typer.Option("--agency", help=_("Code of its agency; left out, the sender's."))] = "",
    role: Annotated[str, typer.Option("--role", help=_("Whose certificate: person or organisation."))] = "",
    dry_run: DryRun = False,
) -> int:
    from vanthu_cli.procedures.certificates import confirmed

    run = run_of(context)
    _check_role(role)
    with run.desk() as desk:
        found = confirmed(desk.book, fingerprint, agency=agency, role=role)
        if not dry_run:
            with desk.book.step():
                directory.put_certificate(desk.book, found)
    return run.answer({"dry_run": dry_run, "certificate": asdict(found)}, [found.agency, _line(found)])


@group.command("import", help=_("Take agencies from a CSV file; a code that is known already is replaced."))
def import_(
    context: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE")], dry_run: DryRun = False
) -> int:
    run = run_of(context)
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MisuseError(
            "directory.file",
            _("{path} cannot be read as UTF-8 text.").format(path=file),
            _("In Excel, save as “CSV UTF-8”."),
        ) from error
    found = directory.from_csv(text)
    with run.desk() as desk:
        if not dry_run:
            with desk.book.step():
                for each in found:
                    directory.put(desk.book, each)
    return run.answer({"dry_run": dry_run, "imported": len(found)}, [_("{count} agencies.").format(count=len(found))])


@group.command(help=_("Write all agencies to a CSV file."))
def export(context: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE")]) -> int:
    run = run_of(context)
    if file.exists():
        raise MisuseError("directory.exists", _("{path} exists already.").format(path=file))
    with run.desk() as desk:
        found = directory.agencies(desk.book)
    # The byte order mark tells Excel that this is UTF-8.
    write_durably(file.absolute(), directory.to_csv(found).encode("utf-8-sig"))
    return run.answer({"exported": len(found), "file": str(file)}, [_("{count} agencies.").format(count=len(found))])


def _refuse_taken(holder: Agency | None, code: str) -> None:
    """One address, one certificate, one agency: what is taken away silently would be believed of the wrong one."""
    if holder is not None and holder.code != code:
        raise ForbiddenError(
            "directory.taken",
            _("This address or certificate belongs to {code}, {name}.").format(code=holder.code, name=holder.name),
            _("If it has really moved, change {code} first.").format(code=holder.code),
        )


def _pairs(agency: Agency) -> list[tuple[str, str | None]]:
    return [
        (_("Code"), agency.code),
        (_("Name"), agency.name),
        (_("Parent agency"), agency.parent),
        (_("Symbol"), agency.symbol),
        (_("Identifier"), agency.identifier),
        ("WAN", agency.wan),
        ("Internet", agency.internet),
        (_("National axis"), agency.axis),
        (_("In force from"), day_shown(agency.valid_from)),
        (_("In force until"), day_shown(agency.valid_to)),
        (_("Successor"), agency.successor),
    ]


def _known(agency: Agency | None, code: str) -> Agency:
    if agency is None:
        raise MisuseError("directory.unknown", _("The directory knows no agency {code}.").format(code=code))
    return agency


def _certificate(file: Path, role: str, code: str) -> directory.Certificate:
    from vanthu_cli.procedures.certificates import read_certificate

    _check_role(role)
    return read_certificate(file, role=role, agency=code)


def _check_role(role: str) -> None:
    if role not in {"person", "organisation"}:
        raise MisuseError("directory.role", _("Whose certificate is it? --role person or --role organisation."))


def _line(certificate: directory.Certificate) -> str:
    return _("• {role}: {name}, until {day}, SHA-256 {fingerprint}").format(
        role=role_word(certificate.role),
        name=certificate.name,
        day=day_shown(certificate.not_after[:10]),
        fingerprint=certificate.fingerprint,
    )
