"""Judging files, with the office's trust and map of signatories, or with nothing but what the command names."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from vanthu_cli import __version__
from vanthu_cli.config.settings import Config
from vanthu_cli.errors import os_words
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import register_file, signatories_of, trust_of, who
from vanthu_cli.procedures.examine import LARGEST, Examiners, Question, fault_words, in_hand, sha256_of, side_by_side
from vanthu_cli.procedures.lookup import Lookup, lookup_of
from vanthu_cli.register import documents
from vanthu_cli.register.book import open_book
from vanthu_cli.register.verdicts import Verdicts, key_of, open_verdicts
from vanthu_cli.validation import reasons
from vanthu_cli.validation.findings import Judgement
from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.trust import Signatory, Trust, load_trust

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_LONGEST = timedelta(days=1)
_DETACHED = (".p7s", ".p7m", ".p7c", ".sig")


@dataclass(frozen=True, slots=True)
class Judged:
    """One file, its size in bytes (None: it cannot be read) and its judgement."""

    file: Path
    sha256: str | None
    judgement: Judgement
    size: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """By what the files are judged: trust and who may be asked, whose certificate is whose (None: unknown), what is known.

    `state` stands for the signatories in the keys of `verdicts`.
    """

    lookup: Lookup
    signatories: Mapping[str, Signatory] | None
    arrivals: Mapping[str, datetime]
    verdicts: Verdicts
    state: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """How to judge: at `at` (None: now), with page pictures, in `jobs` processes (0: as it pays), about this `content`."""

    now: datetime
    language: str
    at: datetime | None = None
    pictures: bool = False
    jobs: int = 0
    content: Path | None = None


def bench_of(config: Config | None, trust: Sequence[Path], now: datetime, *, offline: bool = False) -> Bench:
    """Set up for judging; `trust` paths replace the configured trust (contract.md, `verify`)."""
    if config is None:
        return Bench(Lookup(load_trust(trust, "when-available"), None, frozenset()), None, {}, open_verdicts(None, now))
    chosen = load_trust(trust, config.trust.revocation) if trust else trust_of(config)
    made = register_file(config).is_file()
    cache = config.data_dir / "cache" if made else None
    lookup = lookup_of(chosen, cache and cache / "revocation", config.trust.hosts, offline=offline)
    verdicts = open_verdicts(cache and cache / "verdicts.sqlite", now.astimezone(UTC))
    if not made:
        return Bench(lookup, None, {}, verdicts, "nobody known")
    book = open_book(register_file(config), who=who(), now=now, make=False)
    signatories, arrivals = signatories_of(book), documents.arrivals(book)
    book.connection.close()
    return Bench(lookup, signatories, arrivals, verdicts, key_of(*map(str, sorted(signatories.items()))))


def verify(bench: Bench, files: Sequence[Path], wish: Wish) -> Iterator[Judged]:
    """Judge the files in worker processes, in order; one that cannot be read, or kills its worker, is unknown with a reason."""
    try:
        yield from side_by_side(
            files, lambda pool, file: _judge(pool, bench, file, wish), jobs=wish.jobs, language=wish.language
        )
    finally:
        bench.verdicts.close()


def _judge(pool: Examiners, bench: Bench, file: Path, wish: Wish) -> Judged:
    try:
        if file.exists() and not file.is_file():
            return Judged(file, None, _cannot("file-unreadable", _("it is not a file")))
        before = file.stat()
        if before.st_size > LARGEST:
            return Judged(file, None, _cannot("could-not-judge", _("it is too large")))
        data, sha256 = in_hand(file)
        content = wish.content or _companion(file)
        about = sha256_of(content) if content else ""
    except OSError as error:
        return Judged(file, None, _cannot("file-unreadable", os_words(error)))
    key = _key(bench, sha256, about, wish)
    kept = bench.verdicts.get(key) if not wish.pictures else None
    if kept is not None:
        return Judged(file, sha256, _unpacked(kept), before.st_size)
    question = Question(
        file.name,
        data,
        frozenset({"judge", "pictures"} if wish.pictures else {"judge"}),
        bench.lookup.trust,
        bench.signatories,
        wish.now,
        wish.at,
        bench.arrivals.get(sha256),
        content=content,
    )
    with pool.one() as examiner:
        found = bench.lookup.judged(examiner, question)
    judgement = found.judgement or _cannot("could-not-judge", fault_words(found.fault or ""))
    if isinstance(data, Path) and _changed(file, before):
        return Judged(file, None, _cannot("file-unreadable", _("it is being changed by another program")))
    if not wish.pictures and found.judgement is not None and not (judgement.wanting and bench.lookup.hosts):
        bench.verdicts.put(_key(bench, sha256, about, wish), _packed(judgement), _until(judgement, wish))
    return Judged(file, sha256, judgement, before.st_size)


def _companion(file: Path) -> Path | None:
    """Return the file that a detached signature stands beside, None if there is none."""
    content = file.with_suffix("")
    return content if file.suffix.lower() in _DETACHED and content.is_file() else None


def _changed(file: Path, before: os.stat_result) -> bool:
    try:
        now = file.stat()
    except OSError:
        return True
    return (now.st_size, now.st_mtime_ns, now.st_ino) != (before.st_size, before.st_mtime_ns, before.st_ino)


def _key(bench: Bench, sha256: str, about: str, wish: Wish) -> str:
    """Everything that a verdict depends on but the time: bytes, those it may be about, trust, signatories, program."""
    return key_of(
        _program(),
        sha256,
        about,
        wish.at.isoformat() if wish.at else "",
        str(bench.arrivals.get(sha256, "")),
        _trust_state(bench.lookup.trust),
        ",".join(sorted(bench.lookup.hosts)),
        bench.state,
    )


@lru_cache(maxsize=1)
def _program() -> str:
    """Stand for the judge itself: its version, and when its files were written (an upgrade within the day)."""
    files = sorted(Path(reasons.__file__).parent.glob("*.py"))
    return f"{__version__} {[each.stat().st_mtime_ns for each in files]}"


@lru_cache(maxsize=4)
def _trust_state(trust: Trust) -> str:
    """Return one value for whom and what is believed: another as soon as a certificate, list or rule changes."""
    digests = [
        kind + hashlib.sha256(der).hexdigest()
        for kind, ders in zip("aocr", (trust.anchors, trust.others, trust.crls, trust.ocsps), strict=True)
        for der in ders
    ]
    return key_of(trust.revocation, *sorted(digests))


def _until(judgement: Judgement, wish: Wish) -> datetime:
    """Return until when the verdict holds: the next moment at which something it rests on begins or ends, a day at most."""
    now = wish.now.astimezone(UTC)
    if wish.at is not None:
        return now + _LONGEST
    return min((now + _LONGEST, *(point.astimezone(UTC) for point in judgement.turning_points if point > now)))


@lru_cache(maxsize=1)
def _form() -> "TypeAdapter[Judgement]":
    from pydantic import TypeAdapter

    return TypeAdapter(Judgement)


def _packed(judgement: Judgement) -> str:
    return _form().dump_json(replace(judgement, wanting=(), comparisons=())).decode()


def _unpacked(text: str) -> Judgement:
    return _form().validate_json(text)


def _cannot(code: str, detail: str) -> Judgement:
    return Judgement("unknown", "unknown", None, None, (), (Reason(code, detail),))
