"""Asking authorities about certificates that a judgement left open: revocation, and issuers that nobody sent along.

The addresses stand in strangers' certificates, so only the hosts of `[trust] hosts` are ever asked (signing/evidence.py), each
question once in a run, a silent host not again. Answers are kept in the office's folder and used while nothing newer is
there, with a network or without; whether to believe one is the judge's own business each time.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vanthu_cli.errors import VanthuError
from vanthu_cli.register.cabinet import write_durably
from vanthu_cli.validation.trust import Trust

if TYPE_CHECKING:
    from vanthu_cli.procedures.examine import Examination, Question
    from vanthu_cli.signing.evidence import Evidence, Witness

_MOST_KEPT = 2_000


@dataclass(slots=True, eq=False)
class Lookup:
    """What one run knows of revocation; `trust` grows with each answer. No hosts: nothing is ever asked."""

    trust: Trust
    folder: Path | None
    hosts: frozenset[str]
    _witness: "Witness | None" = field(default=None, init=False)
    _asked: set[bytes] = field(default_factory=set, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def judged(self, examiner: Callable[["Question"], "Examination"], question: "Question") -> "Examination":
        """Have a file judged; where revocation or an issuer is not known, ask the authorities and have it judged again."""
        found = examiner(question)
        if found.judgement and found.judgement.wanting and self.ask(found.judgement.wanting, question.now):
            return examiner(replace(question, trust=self.trust))
        return found

    def ask(self, wanted: Sequence[bytes], now: datetime) -> bool:
        """Ask about certificates (DER) that nobody has been asked about yet; tell whether `trust` has grown."""
        with self._lock:
            fresh = [der for der in wanted if der not in self._asked]
            self._asked |= set(fresh)
            if not fresh or not self.hosts or self.trust.revocation == "ignore":
                return False
            found = self._evidence(fresh, now)
            before = self.trust
            self.trust = _grown(before, found.certificates, found.crls, found.ocsps)
            if self.folder is not None:
                # Not what lies in the trust folder: taken out there, it must be gone here.
                for name, der in _named(replace(found, crls=tuple(set(found.crls) - set(before.crls)))):
                    with suppress(VanthuError):  # a folder that cannot be written costs a question next time
                        write_durably(self.folder / name, der)
            return self.trust != before

    def _evidence(self, wanted: Sequence[bytes], now: datetime) -> "Evidence":
        from cryptography import x509

        from vanthu_cli.signing.evidence import Witness

        if self._witness is None:
            known = (*self.trust.anchors, *self.trust.others)
            self._witness = Witness(self.hosts, known, self.trust.crls)
        certificates = []
        for der in wanted:
            with suppress(ValueError):
                certificates.append(x509.load_der_x509_certificate(der))
        issuers = self._witness.issuers(certificates)
        found, _missing = self._witness.evidence([*certificates, *issuers], now)
        return replace(found, certificates=tuple(each for each in found.certificates if each not in self.trust.anchors))


def lookup_of(trust: Trust, folder: Path | None, hosts: Sequence[str], *, offline: bool) -> Lookup:
    """Open what is kept of earlier answers; `offline` asks nobody."""
    lists, answers = list[bytes](), list[bytes]()
    for file in sorted(folder.iterdir())[:_MOST_KEPT] if folder is not None and folder.is_dir() else ():
        with suppress(OSError):
            {".crl": lists, ".ocsp": answers}.get(file.suffix, list[bytes]()).append(file.read_bytes())
    if trust.revocation != "ignore":
        trust = _grown(trust, (), lists, answers)
    return Lookup(trust, folder, frozenset() if offline else frozenset(hosts))


def _grown(trust: Trust, certificates: Sequence[bytes], crls: Sequence[bytes], ocsps: Sequence[bytes]) -> Trust:
    """Add to the trust what helps to find chains and to know of revocation; never an anchor."""
    others = dict.fromkeys((*trust.others, *certificates))
    return replace(
        trust,
        others=tuple(each for each in others if each not in trust.anchors),
        crls=tuple(dict.fromkeys((*trust.crls, *crls))),
        ocsps=tuple(dict.fromkeys((*trust.ocsps, *ocsps))),
    )


def _named(found: "Evidence") -> Iterator[tuple[str, bytes]]:
    """Name each answer by what it is about, so that a newer one takes its place."""
    from cryptography import x509
    from cryptography.x509 import ocsp

    from vanthu_cli.procedures.trust import scope

    for der in found.crls:
        about = b"".join(scope(x509.load_der_x509_crl(der)))
        yield f"{hashlib.sha256(about).hexdigest()[:32]}.crl", der
    for der in found.ocsps:
        answer = ocsp.load_der_ocsp_response(der)
        about = answer.issuer_key_hash + str(answer.serial_number).encode()
        yield f"{hashlib.sha256(about).hexdigest()[:32]}.ocsp", der
