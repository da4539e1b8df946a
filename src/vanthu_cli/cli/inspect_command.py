"""`vanthu inspect`: works with and without a configured office."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from vanthu_cli.cli.parse import expanded, within
from vanthu_cli.cli.progress import progress
from vanthu_cli.cli.run import Run, Spool, run_of, spool
from vanthu_cli.document.fields import DOUBTFUL, Candidate
from vanthu_cli.errors import ForbiddenError, MisuseError, VanthuError, worst
from vanthu_cli.locale import _
from vanthu_cli.procedures.inspect import Inspected, Wish, inspect
from vanthu_cli.register.cabinet import write_durably
from vanthu_cli.reports.reading import field_words, notice_sentence
from vanthu_cli.reports.tables import table


def command(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...")],
    preview: Annotated[
        Path | None,
        typer.Option("--preview", metavar="FILE.png", help=_("Draw the pages with what was read marked on them.")),
    ] = None,
    scans: Annotated[
        bool, typer.Option("--ocr/--no-ocr", help=_("Recognise the text of scans, where the extra “ocr” is installed."))
    ] = True,
    jobs: Annotated[int, typer.Option("--jobs", min=0, max=32, help=_("Processes; 0: one for each processor."))] = 0,
) -> int:
    run = run_of(context)
    config, files = run.config_or_none(), within(expanded(paths))
    if preview is not None:
        _check_preview(preview, files)
    wish = Wish(run.now, run.language, jobs, picture=preview is not None, scans=scans)
    with spool() as items, progress(run, len(files), _("reading")) as tick:
        answer = _Answer(run, items, several=len(files) > 1)
        for each in inspect(config, files, wish):
            answer.take(each)
            tick()
            if preview is not None and each.picture is not None:
                write_durably(preview.absolute(), each.picture)
                answer.lines.append(_("Picture: {path}").format(path=preview))
        return answer.give()


class _Answer:
    """What is said of the files, gathered one by one; what they hold is not kept."""

    def __init__(self, run: Run, items: Spool, *, several: bool) -> None:
        self._run, self._items, self._several = run, items, several
        self._rows, self.lines = list[list[str]](), list[str]()
        self._code = 0
        self._first: VanthuError | None = None

    def take(self, read: Inspected) -> None:
        if self._run.json:
            self._items.add(_json(read))
        elif read.error:
            hint = f"\n  → {read.error.hint}" if read.error.hint else ""
            self.lines.append(f"{read.file}: {read.error.message}{hint}")
        elif not self._several or self._run.verbose:
            self.lines += _details(read)
        if self._several and not read.error:
            self._rows.append(_row(read))
        if read.error:
            self._first = self._first or read.error
            self._code = worst([self._code, read.error.exit_code])

    def give(self) -> int:
        lines = []
        if self._several:
            titles = [_("File"), _("Number"), _("Date"), _("Agency"), _("Subject"), _("Unsure")]
            lines = [*table(titles, self._rows), ""]
            if not self._run.verbose:
                self.lines.append(_("All fields of each file: --verbose, or --json."))
        first = self._first
        error = (first.code, first.message, first.hint) if first else None
        return self._run.answer({"files": self._items}, [*lines, *self.lines], code=self._code, error=error)


def _check_preview(preview: Path, files: Sequence[Path]) -> None:
    if len(files) != 1:
        raise MisuseError("inspect.preview", _("--preview draws one file, but several files are named."))
    if preview.suffix.lower() != ".png" or not preview.absolute().parent.is_dir():
        raise MisuseError(
            "inspect.preview", _("--preview takes a .png in a folder that is there: {path}").format(path=preview)
        )
    if preview.exists():
        raise ForbiddenError(
            "inspect.preview_exists", _("{path} exists already.").format(path=preview), _("Give another name.")
        )


def _json(read: Inspected) -> Mapping[str, Any]:
    reading, error = read.reading, read.error
    agency, successor = read.agency, read.successor
    return {
        "file": str(read.file),
        "sha256": read.sha256,
        "needs_ocr": reading.needs_ocr,
        "fields": reading.fields.as_json(),
        "confidence": {name: round(sure, 2) for name, sure in reading.confidence.items()},
        "candidates": {name: [one.as_json() for one in found] for name, found in reading.candidates.items()},
        "notices": list(reading.notices),
        "directory": {"code": agency.code, "name": agency.name, "successor": successor.code if successor else None}
        if agency
        else None,
        "error": {"code": error.code, "message": error.message, "hint": error.hint or None} if error else None,
    }


def _row(read: Inspected) -> list[str]:
    fields = read.reading.fields
    day = f"{fields.date:%d/%m/%Y}" if fields.date else ""
    number = fields.number_text or (_("scan: no text") if read.reading.needs_ocr else "")
    return [read.file.name, number, day, fields.agency or "", fields.subject or "", str(len(_unsure(read)) or "")]


def _unsure(read: Inspected) -> list[str]:
    """Return the fields of which something was found that a person should look at."""
    confidence = read.reading.confidence
    return [name for name in read.reading.candidates if confidence.get(name, 0) < DOUBTFUL]


def _details(read: Inspected) -> Iterator[str]:
    reading, unsure = read.reading, _unsure(read)
    yield str(read.file)
    rows = []
    for name, title in field_words().items():
        value = getattr(reading.fields, name)
        sure = reading.confidence.get(name)
        mark = "?" if name in unsure else ""
        rows.append([mark, title, _shown(value), f"{sure:.0%}" if sure else ""])
    yield from table(["", _("Field"), _("Read"), _("Sure")], rows)
    if read.agency:
        said = f"{read.agency.code} ({read.agency.name})"
        if read.successor:
            said += " → " + _("now {code} ({name})").format(code=read.successor.code, name=read.successor.name)
        yield _("In the directory: {agency}").format(agency=said)
    for name in unsure:
        others = [one for one in reading.candidates[name] if one.value != getattr(reading.fields, name)]
        if others:
            yield _("{field} may be: {values}").format(
                field=field_words()[name], values="; ".join(_candidate(one) for one in others)
            )
    if unsure:
        yield _("? Look at the page before you rely on it; --preview FILE.png shows where it was read.")
    yield from (f"– {notice_sentence(each)}" for each in reading.notices)
    if reading.needs_ocr and "ocr" not in reading.notices:
        yield "– " + _("A scan without text: nothing was read, and nothing was guessed.")


def _candidate(one: Candidate) -> str:
    where = _(", page {page}").format(page=one.place.page + 1) if one.place else ""
    return f"“{_shown(one.value)}” ({one.confidence:.0%}{where})"


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return "; ".join(value)
    return f"{value:%d/%m/%Y}" if hasattr(value, "year") else str(value)
