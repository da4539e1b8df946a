"""Making the copy that the leader signs: empty fields for each signer, for number and date, and for the seal."""

import tempfile
from pathlib import Path

from vanthu_cli.document.places import Places
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.inputs import as_pdf, check_input, refuse_secret
from vanthu_cli.procedures.make import appearing, copied, exists
from vanthu_cli.procedures.sign import names_of
from vanthu_cli.procedures.spots import seal_place
from vanthu_cli.register import directory
from vanthu_cli.rules.form import form_faults
from vanthu_cli.signing import pades


def prepare(desk: Desk, file: Path, output: Path, *, dry_run: bool = False) -> list[tuple[str, str]]:
    """Write the prepared copy; return what the form check found. A Word or Writer file becomes a PDF first.

    `MisuseError` `prepare.no_place` where the page does not show the places; nothing is guessed.
    """
    check_input(file, output)
    if output.exists():
        raise exists(output)
    with as_pdf(file, detached=False) as pdf:
        found = desk.examine(file.name, pdf, "mark", "read", "places")
        refuse_secret(file.name, found.mark)
        places = found.places
        missing = places is None or not places.signers or places.strip is None
        if places is None or missing or any(each.box is None for each in places.signers):
            raise MisuseError(
                "prepare.no_place",
                _("The places for signature, number and date were not found on the page of {file}.").format(
                    file=file.name
                ),
                found.fault
                or _(
                    "The page needs “Số      -CV/TU”, “ngày      tháng      năm …”, and the signer's title and name in the decree's "
                    "form, with free room between them."
                ),
            )
        sealed_at = seal_place(desk, places, _ours(desk, places))
        if dry_run:
            with tempfile.TemporaryFile() as paper:
                copied(pdf, paper)
                pades.prepare(paper, places, sealed_at=sealed_at)
        else:
            with appearing(output) as paper:
                copied(pdf, paper)
                pades.prepare(paper, places, sealed_at=sealed_at)
    fields = found.reading.fields if found.reading else None
    return form_faults(fields, own_names=names_of(desk), annexes=found.annexes, signers=places.signers)


def _ours(desk: Desk, places: Places) -> int:
    """Return which of the printed signers signs for this office, by the directory: on a joint document the seal is over his."""
    own = directory.certificates(desk.book, desk.config.office.code)
    found = (places.of(each.name) for each in own if each.role == "person")
    return next((index for index in found if index is not None), 0)
