"""`vanthu verify`: works with and without a configured office."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from vanthu_cli.cli.parse import expanded, moment_option
from vanthu_cli.cli.run import run_of
from vanthu_cli.errors import InvalidSignatureError, MisuseError, UndecidedError, worst
from vanthu_cli.locale import _
from vanthu_cli.procedures.verify import Judged, bench_of, verify
from vanthu_cli.reports.words import indication_word, role_word, verdict_word
from vanthu_cli.rules.deadlines import VIETNAM
from vanthu_cli.validation.findings import SignatureFinding, as_json, sentence

_CODES = {"valid": 0, "invalid": InvalidSignatureError.exit_code}
_UNREADABLE = "file-unreadable"


def command(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...")],
    trust: Annotated[
        list[Path] | None, typer.Option("--trust", help=_("CA certificate or folder, instead of the configured trust."))
    ] = None,
    at: Annotated[str, typer.Option("--at", help=_("Judge as of this time (ISO 8601)."))] = "",
    offline: Annotated[bool, typer.Option("--offline", help=_("Open no socket (this version never does)."))] = False,
) -> int:
    run = run_of(context)
    _unused = offline
    bench = bench_of(run.config_or_none(), trust or (), run.now)
    judged = list(
        verify(bench, expanded(paths), now=run.now, at=moment_option(at) if at else None, language=run.language)
    )
    code = worst(_code(each) for each in judged)
    files = [{"file": str(each.file), "sha256": each.sha256, **as_json(each.judgement)} for each in judged]
    return run.answer({"files": files}, list(_lines(judged)), code=code, error=_error(judged, code))


def _code(judged: Judged) -> int:
    """A path that cannot be read is a slip in the command; everything else is the verdict's."""
    if any(reason.code == _UNREADABLE for reason in judged.judgement.reasons):
        return MisuseError.exit_code
    return _CODES.get(judged.judgement.verdict, UndecidedError.exit_code)


def _error(judged: Sequence[Judged], code: int) -> tuple[str, str, str] | None:
    if code == 0:
        return None
    worst_one = next(each for each in judged if _code(each) == code)
    return f"verify.{worst_one.judgement.verdict}", _verdict_sentence(worst_one), ""


def _lines(judged: Sequence[Judged]) -> Iterator[str]:
    for each in judged:
        yield f"{verdict_word(each.judgement.verdict)}  {each.file}"
        yield f"  {_verdict_sentence(each)}"
        for signature in each.judgement.signatures:
            yield f"  • {signature.id}: {_signature(signature)}"
            yield from (f"      {sentence(reason)}" for reason in signature.reasons)
        yield from (f"  – {sentence(reason)}" for reason in each.judgement.reasons)


def _signature(found: SignatureFinding) -> str:
    when = found.timestamp or found.claimed_time
    time = when.astimezone(VIETNAM).isoformat(timespec="seconds") if when else _("no time")
    sure = _("time stamped") if found.timestamp else _("by the signer's clock")
    level = f", {found.level}" if found.level.startswith("B-") else ""
    return (
        f"{found.signer or '?'} ({role_word(found.role)}), {time} ({sure}{level}): {indication_word(found.indication)}"
    )


def _verdict_sentence(judged: Judged) -> str:
    judgement = judged.judgement
    if judgement.verdict == "valid":
        if judgement.person_signed is False or judgement.organisation_signed is False:
            return _("Every signature is right, but not both an authorised person and the organisation have signed.")
        return _("Every signature is right and nothing was changed since. It may be accepted.")
    if judgement.verdict == "invalid":
        return _("Do not accept it: it was changed after signing, or a signature is false. Return it to the sender.")
    if judgement.reasons and judgement.reasons[0].code == _UNREADABLE:
        return _("There is no such file, or it may not be read.")
    if judgement.verdict == "unsigned":
        return _("It bears no signature: without one it has no legal value. Ask the sender for the signed document.")
    return _("It cannot be established whether it is right. A person must look; see the reasons.")
