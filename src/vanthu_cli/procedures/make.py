"""Putting one planned signature on one file: copied, signed at its end, checked, made durable, and only then there.

An input is never touched. The output appears whole or not at all, and never over a file that is there. A job knows everything
that it needs, so that several processes can work on a batch; each holds the key itself, which only key files allow.
"""

import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, BinaryIO, Literal

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates

from vanthu_cli.document.places import Box, Places
from vanthu_cli.errors import MisuseError, VanthuError
from vanthu_cli.locale import _
from vanthu_cli.procedures.workers import Worker, calmly, until_closed
from vanthu_cli.register.cabinet import refusing, sync_folder
from vanthu_cli.rules.deadlines import VIETNAM
from vanthu_cli.signing import pades
from vanthu_cli.signing.check import check_result
from vanthu_cli.signing.cms import sign_detached, verify_detached
from vanthu_cli.signing.damage import claims_signature, repaired
from vanthu_cli.signing.evidence import Witness
from vanthu_cli.signing.keys import SigningKey, open_pkcs12
from vanthu_cli.signing.levels import Level, Proof
from vanthu_cli.signing.timestamps import open_time_stamper

Work = Literal["person", "organisation", "annex", "copy", "arrival", "detached", "xml"]

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Job:
    """One signature to be made. Boxes are where the mark goes; a prepared field of the right name goes before `box`.

    `anew`: the clerk has named the place, so a prepared field is left alone. `prepare`: add the empty fields first.
    `lines` stand over the time of signing in a text mark.
    """

    work: Work
    source: Path
    output: Path
    password: str = ""
    box: Box | None = None
    index: int = 0
    anew: bool = False
    prepare: Places | None = None
    sealed_at: Box | None = None
    image: bytes | None = None
    size: tuple[float, float] | None = None
    lines: tuple[str, ...] = ()
    agency: str = ""
    number: int = 0
    day: date = date.min
    passed_to: str = ""
    file_code: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a job: SHA-256 of source and output, and the place that was signed (None: nothing to be seen)."""

    source_sha256: str
    sha256: str
    place: Box | None
    repaired: bool = False


def make(job: Job, key: SigningKey, proof: Proof) -> Made:
    """Do it. The refusals are those of `signing`; a result that does not stand is a bug, and no file."""
    with appearing(job.output) as paper, job.source.open("rb") as source:
        if job.work == "detached":
            signature = sign_detached(source, key, time_stamper=proof.time_stamper)
            source.seek(0)
            verify_detached(source, signature)
            paper.write(signature)
            return Made(_sha256(source), _sha256(paper), None)
        if job.work == "xml":
            from vanthu_cli.signing.xades import sign_xml

            paper.write(sign_xml(source.read(), key, time_stamper=proof.time_stamper))
            return Made(_sha256(source), _sha256(paper), None)
        place, mended = sign_copy(job, source, paper, key, proof)
        return Made(_sha256(source), _sha256(paper), place, mended)


def is_signature_by(file: Path, signature: Path, fingerprint: str) -> bool:
    """Tell whether a detached signature stands over the file and holds the certificate with that SHA-256 (hex)."""
    data = signature.read_bytes()
    try:
        with file.open("rb") as opened:
            verify_detached(opened, data)
        enclosed = load_der_pkcs7_certificates(data)
    except (RuntimeError, ValueError):
        return False
    return any(each.fingerprint(SHA256()).hex() == fingerprint for each in enclosed)


def copied(source: Path, paper: BinaryIO) -> None:
    """Copy a file into an open one."""
    with source.open("rb") as opened:
        shutil.copyfileobj(opened, paper, _CHUNK)


def sign_copy(job: Job, source: BinaryIO, paper: BinaryIO, key: SigningKey, proof: Proof) -> tuple[Box, bool]:
    """Copy the source, sign the copy, check it. Return where the mark is, and whether the file had to be repaired first."""
    shutil.copyfileobj(source, paper, _CHUNK)
    try:
        place = _sign(job, paper, key, proof)
    except MisuseError as error:
        # A damaged file that bears no signature loses nothing by being written anew; a signed one would lose it.
        if error.code != "signing.unreadable" or claims_signature(source):
            raise
        with tempfile.TemporaryFile() as whole:
            repaired(source, whole)
            whole.seek(0)
            paper.seek(0)
            paper.truncate()
            shutil.copyfileobj(whole, paper, _CHUNK)
            place = _sign(job, paper, key, proof)
            check_result(whole, paper, 1, job.password)
        return place, True
    check_result(source, paper, 1, job.password)
    return place, False


def _sign(job: Job, paper: BinaryIO, key: SigningKey, proof: Proof) -> Box:
    if job.prepare is not None:
        try:
            pades.prepare(paper, job.prepare, sealed_at=job.sealed_at, password=job.password)
        except MisuseError as error:
            if error.code != "signing.already_prepared":
                raise
    named: dict[str, Any] = {"proof": proof, "password": job.password}
    if job.work == "person":
        return pades.sign_person(paper, key, image=job.image, box=job.box, index=job.index, anew=job.anew, **named)
    if job.work == "organisation":
        return pades.seal(paper, key, image=job.image, size=job.size, box=job.box, anew=job.anew, **named)
    if job.box is None:
        raise MisuseError(
            "sign.no_place", _("There is no free place for this mark on the first page."), _("Name it: --at PAGE:X,Y")
        )
    if job.work == "arrival":
        return pades.arrival_stamp(
            paper, key, agency=job.agency, number=job.number, day=job.day, box=job.box,
            passed_to=job.passed_to, file_code=job.file_code, **named,
        )  # fmt: skip
    name = pades.FIELDS.annex if job.work == "annex" else pades.FIELDS.copy
    return pades.text_mark(paper, key, lines=[*job.lines, moment()], field=name, box=job.box, **named)


def moment() -> str:
    """Return now as it stands on annexes and copies: ISO 8601, Viet Nam's time (NĐ 30/2020 Phụ lục I)."""
    return datetime.now(VIETNAM).isoformat(timespec="seconds")


@contextlib.contextmanager
def appearing(output: Path, mode: int = 0o644) -> Iterator[BinaryIO]:
    """Give a file that takes its name when it is whole and on the disk; after a failure there is nothing."""
    sweep(output)
    with refusing(output):
        descriptor, name = tempfile.mkstemp(prefix=_prefix(output), suffix=".part", dir=output.parent)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "w+b") as paper:
                yield paper
                paper.flush()
                os.fsync(paper.fileno())
            _publish(temporary, output, mode)
            sync_folder(output.parent)
        finally:
            temporary.unlink(missing_ok=True)


def sweep(output: Path) -> None:
    """Remove what a run that died has left beside an output, before or just after giving it its name."""
    for stale in output.parent.glob(f"{_literal(_prefix(output))}*.part"):
        with contextlib.suppress(OSError):
            stale.unlink()


def _prefix(output: Path) -> str:
    return f".{output.name[:60]}."


def _publish(temporary: Path, output: Path, mode: int) -> None:
    """Give the file its name, never over another: a link is made or refused in one step. Windows' rename refuses by itself."""
    temporary.chmod(mode)
    try:
        if sys.platform == "win32":
            temporary.rename(output)
        else:
            os.link(temporary, output)
    except FileExistsError:
        raise exists(output) from None
    except OSError:
        if output.exists():
            raise exists(output) from None
        temporary.rename(output)  # a disk without hard links (FAT): nothing better is to be had


def exists(output: Path) -> MisuseError:
    return MisuseError(
        "sign.output_exists", _("{path} exists already.").format(path=output), _("Name another output with --out.")
    )


def _literal(text: str) -> str:
    return "".join(f"[{c}]" if c in "[]*?" else c for c in text)


def _sha256(file: BinaryIO) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while block := file.read(_CHUNK):
        digest.update(block)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a worker gets key and proof for itself: a key file, and addresses."""

    path: Path
    passphrase: str = field(repr=False)
    others: tuple[bytes, ...]
    level: Level
    tsa: str
    hosts: frozenset[str]
    certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...]

    def open(self) -> tuple[SigningKey, Proof]:
        key = open_pkcs12(self.path, self.passphrase, others=self.others)
        if self.level == "B-B":
            return key, Proof()
        return key, Proof(self.level, open_time_stamper(self.tsa), Witness(self.hosts, self.certificates, self.crls))


def _serve(pipe: Connection, language: str, recipe: Recipe) -> None:
    """Do jobs until the pipe closes."""
    from vanthu_cli import locale

    locale.use(language)
    key, proof = recipe.open()
    calmly()
    until_closed(pipe, lambda job: _answer(job, key, proof))


def _answer(job: Job, key: SigningKey, proof: Proof) -> Made | VanthuError | str:
    try:
        return make(job, key, proof)
    except VanthuError as error:
        return type(error)(error.code, error.message, error.hint)  # without its cause, which may not travel
    except Exception:  # noqa: BLE001  a bug here is a bug there: its record travels
        import traceback

        return traceback.format_exc()


@dataclass(slots=True)
class Maker:
    """One more process that signs; started when it is first needed."""

    language: str
    recipe: Recipe
    _worker: Worker | None = field(default=None, init=False)

    def __call__(self, job: Job) -> Made:
        self._worker = self._worker or Worker(_serve, (self.language, self.recipe))
        self._worker.pipe.send(job)
        answer: Made | VanthuError | str = self._worker.pipe.recv()
        if not isinstance(answer, Made):
            raise answer if isinstance(answer, VanthuError) else RuntimeError(answer)
        return answer

    def close(self) -> None:
        if self._worker is not None:
            self._worker.close()


def stand_in(name: str) -> SigningKey:
    """Return a key for a preview: nobody's, thrown away, bearing the name that will be shown."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    from vanthu_cli.signing.keys import held

    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name[:64] or "?")])
    now = datetime.now(VIETNAM)
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(private.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now).not_valid_after(now + timedelta(minutes=1))
        .sign(private, hashes.SHA256())
    )  # fmt: skip
    return held(private, certificate)
