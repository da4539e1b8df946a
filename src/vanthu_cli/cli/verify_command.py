"""`vanthu verify`: works with and without a configured office."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vanthu_cli import __version__
from vanthu_cli.cli.parse import expanded, moment_option, within
from vanthu_cli.cli.progress import progress
from vanthu_cli.cli.run import Run, run_of
from vanthu_cli.config.settings import Config
from vanthu_cli.errors import ForbiddenError, InvalidSignatureError, MisuseError, UndecidedError, worst
from vanthu_cli.locale import _
from vanthu_cli.procedures.verify import Bench, Judged, Wish, bench_of, verify
from vanthu_cli.register.cabinet import write_durably
from vanthu_cli.reports.tables import table
from vanthu_cli.reports.verification_words import common_name, local
from vanthu_cli.reports.words import indication_word, role_word, verdict_sentence, verdict_word
from vanthu_cli.validation.findings import SignatureFinding, as_json, sentence

if TYPE_CHECKING:
    from vanthu_cli.reports.verification import Report

CODES = {"valid": 0, "invalid": InvalidSignatureError.exit_code}
_UNREADABLE = "file-unreadable"
_LONG = 40
_MOST_PRINTED = 500
_MOST_PICTURED = 200
"""Files up to which a report shows pages: each takes some 100 kB."""


def command(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...")],
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE.html|.pdf", help=_("Write a report that a leader or a court can read.")),
    ] = None,
    trust: Annotated[
        list[Path] | None, typer.Option("--trust", help=_("CA certificate or folder, instead of the configured trust."))
    ] = None,
    at: Annotated[str, typer.Option("--at", help=_("Judge as of this time (ISO 8601)."))] = "",
    content: Annotated[
        Path | None, typer.Option("--content", help=_("The file that a detached signature (.p7s) is about."))
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=0, max=32, help=_("Processes; 0: one for each processor."))] = 0,
    offline: Annotated[bool, typer.Option("--offline", help=_("Open no socket: ask no authority."))] = False,
) -> int:
    run = run_of(context)
    config, files = run.config_or_none(), within(expanded(paths))
    if report is not None:
        _check_report(report, files)
    if content is not None and len(files) != 1:
        raise MisuseError("verify.content", _("--content belongs to one signature, but several files are named."))
    if content is not None and not content.is_file():
        raise MisuseError("verify.content", _("There is no file {path}.").format(path=content))
    bench = bench_of(config, trust or (), run.now, offline=offline)
    pictures = report is not None and len(files) <= _MOST_PICTURED
    wish = Wish(run.now, run.language, moment_option(at) if at else None, pictures, jobs, content)
    judged = []
    with progress(run, len(files), _("verifying")) as tick:
        for each in verify(bench, files, wish):
            judged.append(each)
            tick()
    if report is not None:
        _write(report, _report(config, bench, wish, judged, offline=offline))
    code = worst(_code(each) for each in judged)
    answer = [{"file": str(each.file), "sha256": each.sha256, **as_json(each.judgement)} for each in judged]
    lines = list(_lines(run, judged))
    if report is not None:
        lines.append(_("Report: {path}").format(path=report))
    return run.answer({"files": answer}, lines, code=code, error=_error(judged, code))


def _check_report(report: Path, files: Sequence[Path]) -> None:
    if report.suffix.lower() not in {".html", ".pdf"}:
        raise MisuseError("verify.report", _("A report is a .html or a .pdf file: {path}").format(path=report))
    if report.suffix.lower() == ".pdf" and len(files) > _MOST_PRINTED:
        raise MisuseError(
            "verify.report_long",
            _("A PDF of more than {count} files takes minutes and is read by nobody.").format(count=_MOST_PRINTED),
            _("Write a .html, or name fewer files."),
        )
    if not report.absolute().parent.is_dir():
        raise MisuseError("verify.report", _("There is no folder {path}.").format(path=report.absolute().parent))
    if report.exists() or report.absolute() in {each.absolute() for each in files}:
        raise ForbiddenError(
            "verify.report_exists", _("{path} exists already.").format(path=report), _("Give another name.")
        )


def _report(config: Config | None, bench: Bench, wish: Wish, judged: Sequence[Judged], *, offline: bool) -> "Report":
    from vanthu_cli.reports.verification import Exhibit, Report
    from vanthu_cli.validation.trust import described

    return Report(
        office=config.office.name if config else None,
        made_at=wish.now,
        judged_at=wish.at,
        trust=described(bench.lookup.trust.anchors),
        revocation=bench.lookup.trust.revocation,
        offline=offline or not bench.lookup.hosts,
        exhibits=tuple(
            Exhibit(str(each.file), each.sha256, each.size, each.judgement, each.judgement.comparisons)
            for each in judged
        ),
        version=__version__,
    )


def _write(file: Path, report: "Report") -> None:
    if file.suffix.lower() == ".pdf":
        from vanthu_cli.reports.verification_pdf import as_pdf

        write_durably(file.absolute(), as_pdf(report))
    else:
        from vanthu_cli.reports.verification_html import as_html

        write_durably(file.absolute(), as_html(report).encode())


def _code(judged: Judged) -> int:
    """A path that cannot be read is a slip in the command; everything else is the verdict's."""
    if any(reason.code == _UNREADABLE for reason in judged.judgement.reasons):
        return MisuseError.exit_code
    return CODES.get(judged.judgement.verdict, UndecidedError.exit_code)


def _error(judged: Sequence[Judged], code: int) -> tuple[str, str, str] | None:
    if code == 0:
        return None
    worst_one = next(each for each in judged if _code(each) == code)
    return f"verify.{worst_one.judgement.verdict}", verdict_sentence(worst_one.judgement), ""


def _lines(run: Run, judged: Sequence[Judged]) -> Iterator[str]:
    """Say one file whole; of several, a line each and then what there is to say about those that do not simply pass."""
    if len(judged) > 1:
        rows = [_row(each) for each in judged]
        yield from table([_("Verdict"), _("File"), _("Signed by"), _("Time")], rows)
        if any(row[-1].endswith("*") for row in rows):
            yield _("* by the signer's clock: not proven")
        yield ""
    for each in judged:
        if len(judged) == 1 or run.verbose or each.judgement.verdict != "valid" or _noted(each):
            yield from details(each)
    if len(judged) > 1:
        plain = [each for each in judged if each.judgement.verdict == "valid" and not (run.verbose or _noted(each))]
        for text, count in Counter(verdict_sentence(each.judgement) for each in plain).items():
            yield _("{verdict}, {count} files: {sentence}").format(
                verdict=verdict_word("valid"), count=count, sentence=text
            )
        counted = Counter(each.judgement.verdict for each in judged)
        yield ", ".join(f"{verdict_word(verdict)} {count}" for verdict, count in sorted(counted.items()))


def _row(judged: Judged) -> list[str]:
    found = judged.judgement.signatures
    names = dict.fromkeys(common_name(each.signer) for each in found)
    times = [(when, each.timestamp) for each in found if (when := each.timestamp or each.claimed_time)]
    time = ""
    if times:
        last, proven = max(times, key=lambda pair: pair[0])
        time = f"{local(last):%d/%m/%Y %H:%M}" + ("" if proven else " *")
    return [verdict_word(judged.judgement.verdict), _short(judged.file), ", ".join(names), time]


def _noted(judged: Judged) -> bool:
    """Tell whether there is more to say of a valid file than that."""
    return any((judged.judgement.reasons, *(each.reasons for each in judged.judgement.signatures)))


def _short(file: Path) -> str:
    """Leave out the beginning of a long path: its end tells one file from another."""
    return str(file) if len(str(file)) <= _LONG else f"…/{file.name}"


def details(judged: Judged) -> Iterator[str]:
    """Say of one file all that there is to say; its verdict first."""
    yield f"{verdict_word(judged.judgement.verdict)}  {judged.file}"
    yield f"  {verdict_sentence(judged.judgement)}"
    for signature in judged.judgement.signatures:
        yield f"  • {signature.id}: {_signature(signature)}"
        yield from (f"      {sentence(reason)}" for reason in signature.reasons)
    yield from (f"  – {sentence(reason)}" for reason in judged.judgement.reasons)


def _signature(found: SignatureFinding) -> str:
    when = found.timestamp or found.claimed_time
    time = local(when).isoformat(timespec="seconds") if when else _("no time")
    sure = _("time stamped") if found.timestamp else _("by the signer's clock")
    level = f", {found.level}" if found.level.startswith("B-") else ""
    return (
        f"{found.signer or '?'} ({role_word(found.role)}), {time} ({sure}{level}): {indication_word(found.indication)}"
        f"{_revocation(found)}"
    )


def _revocation(found: SignatureFinding) -> str:
    """Say what is known of revocation, and how old that is."""
    if found.revocation == "revoked":
        return "; " + _("REVOKED")
    if found.revocation == "unknown":
        return "; " + _("revocation unknown") if found.trust == "trusted" else ""
    as_of = [link.as_of for link in found.chain if link.as_of]
    if not as_of:
        return "; " + _("not revoked")
    day = f"{local(min(as_of)):%d/%m/%Y %H:%M}"
    return "; " + _("not revoked as of {time}").format(time=day)
