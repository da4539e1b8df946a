"""What a page will look like once it is signed: signed for show with a key that is nobody's, drawn, thrown away."""

import tempfile
from dataclasses import replace
from pathlib import Path

from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.make import make, stand_in
from vanthu_cli.procedures.sign import Planned
from vanthu_cli.reading.picture import picture_of
from vanthu_cli.register.cabinet import write_durably
from vanthu_cli.signing.levels import BARE

_DPI = 110


def preview(desk: Desk, planned: Planned, picture: Path, subject: str = "") -> int:
    """Draw the page that gets the mark into a PNG file; return its number, counted from 0. No secret is asked for."""
    if picture.exists():
        raise MisuseError(
            "sign.output_exists",
            _("{path} exists already.").format(path=picture),
            _("Name another picture with --preview."),
        )
    if planned.done or planned.job.work in {"detached", "xml"}:
        raise MisuseError(
            "preview.nothing",
            _("There is nothing to be seen: {file} gets no visible mark now.").format(file=planned.file.name),
        )
    with tempfile.TemporaryDirectory(prefix="vanthu-") as folder:
        output = Path(folder) / "preview.pdf"
        made = make(replace(planned.job, output=output), stand_in(subject or desk.config.office.name), BARE)
        page = made.place.page if made.place else 0
        write_durably(picture, picture_of(output, page, dpi=_DPI, password=planned.job.password))
    return page
