"""Judging files, with the office's trust and map of signatories, or with nothing but what the command names."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from vanthu_cli.config.settings import Config
from vanthu_cli.errors import os_words
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import register_file, trust_of, who
from vanthu_cli.procedures.examine import Examiner, Question
from vanthu_cli.register import directory, documents
from vanthu_cli.register.book import open_book
from vanthu_cli.validation.findings import Judgement
from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.trust import Signatory, Trust, load_trust

_LARGEST = 500 << 20


@dataclass(frozen=True, slots=True)
class Judged:
    """One file and its judgement."""

    file: Path
    sha256: str | None
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Bench:
    """By what the files are judged: trust, whose certificate is whose (None: unknown), when our register had the bytes."""

    trust: Trust
    signatories: Mapping[str, Signatory] | None
    arrivals: Mapping[str, datetime]


def bench_of(config: Config | None, trust: Sequence[Path], now: datetime) -> Bench:
    """Set up for judging; `trust` paths replace the configured trust (contract.md, `verify`)."""
    if config is None:
        return Bench(load_trust(trust, "when-available"), None, {})
    chosen = load_trust(trust, config.trust.revocation) if trust else trust_of(config)
    if not register_file(config).is_file():
        return Bench(chosen, None, {})
    book = open_book(register_file(config), who=who(), now=now, make=False)
    signatories = {
        each.fingerprint: Signatory("person" if each.role == "person" else "organisation", each.agency)
        for each in directory.certificates(book)
    }
    arrivals = documents.arrivals(book)
    book.connection.close()
    return Bench(chosen, signatories, arrivals)


def verify(
    bench: Bench, files: Sequence[Path], *, now: datetime, at: datetime | None, language: str
) -> Iterator[Judged]:
    """Judge each file in a worker; a file that cannot be read, or kills the worker, is unknown with a reason."""
    examiner = Examiner(language)
    try:
        for file in files:
            yield _judge(examiner, bench, file, now=now, at=at)
    finally:
        examiner.close()


def _judge(examiner: Examiner, bench: Bench, file: Path, *, now: datetime, at: datetime | None) -> Judged:
    try:
        if file.exists() and not file.is_file():
            return Judged(file, None, _cannot("file-unreadable", _("it is not a file")))
        if file.stat().st_size > _LARGEST:
            return Judged(file, None, _cannot("could-not-judge", _("it is too large")))
        data = file.read_bytes()
    except OSError as error:
        return Judged(file, None, _cannot("file-unreadable", os_words(error)))
    sha256 = hashlib.sha256(data).hexdigest()
    found = examiner(
        Question(
            file.name,
            data,
            frozenset({"judge"}),
            bench.trust,
            bench.signatories,
            now,
            at,
            bench.arrivals.get(sha256),
        )
    )
    return Judged(file, sha256, found.judgement or _cannot("could-not-judge", found.fault or ""))


def _cannot(code: str, detail: str) -> Judgement:
    return Judgement("unknown", "unknown", None, None, (), (Reason(code, detail),))
