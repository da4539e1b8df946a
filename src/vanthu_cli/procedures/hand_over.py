"""Handing a closed dossier over to the archive (NĐ 30/2020 Đ30; TT 05/2025/TT-BNV): a package that proves itself.

BagIt 1.0 (RFC 8493); inside data/ the folders and the METS of an E-ARK submission package (CSIP 2). The originals lie in it byte for byte,
beside each what proves it: a report on its signatures, certificates and revocation data known here, what happened to it. A package is
made beside its place, made durable, read again from the disk file by file, and only then named; the register learns of it last. Killed
between the two, the same command finds the package whole and only tells the register.
"""

import contextlib
import hashlib
import json
import os
import shutil
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, TypeVar

from vanthu_cli import __version__
from vanthu_cli.document.text import safe_name
from vanthu_cli.errors import ForbiddenError, MisuseError, UnreachableError
from vanthu_cli.locale import _, speaking
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.dossier import REGISTERED, check_not_handed_over
from vanthu_cli.procedures.dossier_export import (
    Aside,
    File,
    Tick,
    archive_name,
    check_new,
    files_of,
    lines_of,
    publish_folder,
    sweep,
    workshop,
    xml_of,
)
from vanthu_cli.procedures.make import appearing, exists
from vanthu_cli.register import documents, dossiers
from vanthu_cli.register.book import history
from vanthu_cli.register.documents import Document
from vanthu_cli.register.dossiers import Dossier
from vanthu_cli.reports.books import plain
from vanthu_cli.reports.dossier import Contents, Cut, Line, dossier_xsd, mets_xml, period
from vanthu_cli.reports.words import day_shown
from vanthu_cli.rules.deadlines import VIETNAM, today
from vanthu_cli.validation.findings import Judgement
from vanthu_cli.validation.trust import Trust

if TYPE_CHECKING:
    from cryptography.x509 import Name

    from vanthu_cli.procedures.examine import Examination

_T = TypeVar("_T")

_CHUNK = 1 << 20
_MOST_PROOF = 30 << 20
"""Bytes of certificates and revocation data that are taken out of one file."""
_MANIFEST, _TAGS, _INFO = "manifest-sha256.txt", "tagmanifest-sha256.txt", "bag-info.txt"
_ORIGINALS = "data/representations/rep1/data"
_PAPERS = "data/documentation"
_VERDICTS = {
    "valid": "có chữ ký số hợp lệ",
    "unknown": "có chữ ký số chưa xác định được",
    "invalid": "có chữ ký số KHÔNG hợp lệ",
    "unsigned": "không có chữ ký số",
}
_GUIDE = """\
HỒ SƠ {code} NĂM {year} CỦA {office}: GÓI NỘP LƯU

data/metadata/descriptive/dossier.xml    dữ liệu hồ sơ và văn bản, theo Phụ lục VI Nghị định 30/2020/NĐ-CP
data/schemas/dossier.xsd                 lược đồ của tệp trên
data/representations/rep1/data/          văn bản gốc, giữ nguyên từng byte; tên tệp bắt đầu bằng số thứ tự trong mục lục
data/documentation/muc-luc.pdf           mục lục văn bản, tài liệu (Phụ lục V)
data/documentation/verification/         kết quả kiểm tra chữ ký số của từng văn bản khi nộp
data/documentation/certificates/         chứng thư số của người ký và cơ quan cấp; tên tệp là mã SHA-256 của chứng thư số
data/documentation/revocation/           danh sách thu hồi (CRL) và trả lời OCSP đã biết
data/documentation/events/               nhật ký xử lý từng văn bản và hồ sơ; mỗi sự kiện kèm mã băm nối với sự kiện trước
bien-ban-giao-nhan.pdf                   biên bản giao nhận, có mã SHA-256 của manifest-sha256.txt

Kiểm tra: sha256sum -c manifest-sha256.txt && sha256sum -c tagmanifest-sha256.txt
hoặc bất kỳ phần mềm BagIt nào (RFC 8493), ví dụ: bagit.py --validate .
Kiểm tra chữ ký số trên văn bản gốc bằng phần mềm đọc PDF hoặc: vanthu verify TỆP
"""


@dataclass(frozen=True, slots=True)
class Package:
    """What was handed over: SHA-256 of its manifest, files and bytes of data/, verdicts of its documents' signatures, what was cut.

    `found`: it lay there whole already, from a run that died before the register knew of it.
    """

    manifest: str
    files: int
    size: int
    verdicts: Mapping[str, int]
    cut: tuple[Cut, ...] = ()
    found: bool = False


@dataclass(slots=True)
class Bag:
    """A package being filled: SHA-256 and size of each file by its name; every one is on the disk when it stands here."""

    root: Path
    entries: dict[str, tuple[str, int]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)

    @property
    def manifest(self) -> str:
        """SHA-256 of the list of the files in data/."""
        return self.entries[_MANIFEST][0]

    def put(self, name: str, data: bytes) -> None:
        self.copy(name, BytesIO(data))

    def copy(self, name: str, source: BinaryIO) -> str:
        """Copy a stream to a file, fsynced; return its SHA-256."""
        target = self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        with target.open("xb") as file:
            while block := source.read(_CHUNK):
                file.write(block)
                digest.update(block)
                size += len(block)
            file.flush()
            os.fsync(file.fileno())
        self.entries[name] = (digest.hexdigest(), size)
        return digest.hexdigest()

    def sums(self, *, payload: bool) -> bytes:
        names = sorted(name for name in self.entries if name.startswith("data/") is payload)
        return "".join(f"{self.entries[name][0]}  {name}\n" for name in names).encode()


def hand_over(desk: Desk, dossier: Dossier, out: Path, *, tick: Tick = lambda: None) -> Package:
    """Make the package (a folder, or a .zip with one in it), name it, and note that the dossier was handed over.

    `ForbiddenError` "dossier.not_closed" and the like; a file that is missing or damaged refuses the whole: an archive takes no half.
    """
    out = out.absolute()
    contents = check_ready(desk, dossier)
    before = (dossiers.last_event(desk.book, dossier), contents)
    if os.path.lexists(out):
        return _known(desk, dossier, out)
    check_new(out)
    with workshop(out) as folder:
        bag = Bag(folder / safe_name(out.stem if _is_zip(out) else out.name))
        verdicts, cut = _fill(desk, dossier, contents, bag, tick)
        _seal(desk, dossier, contents, bag, verdicts)
        _check(bag.root)
        _publish(desk, dossier, before, bag, out)
    payload = [size for name, (_sha256, size) in bag.entries.items() if name.startswith("data/")]
    return Package(bag.manifest, len(payload), sum(payload), verdicts, cut)


def check_ready(desk: Desk, dossier: Dossier) -> list[Document]:
    """Return the documents, in order; refuse a dossier that cannot be handed over."""
    check_not_handed_over(dossier)
    if dossier.state != "closed":
        raise ForbiddenError(
            "dossier.not_closed",
            _("Dossier {code} is still open: only a closed one is handed over.").format(code=dossier.code),
            _("vanthu dossier close {code} --ended DAY").format(code=dossier.code),
        )
    contents = dossiers.contents(desk.book, dossier.id)
    if not contents:
        raise ForbiddenError("dossier.empty", _("Dossier {code} holds no document.").format(code=dossier.code))
    unfit = [each for each in contents if each.state not in REGISTERED | {"recalled", "voided"}]
    if unfit:
        raise ForbiddenError(
            "dossier.unfit",
            _("{ids} in dossier {code} turned out to be secret, or are not registered any more.").format(
                ids=", ".join(str(each.id) for each in unfit), code=dossier.code
            ),
            _("Open the dossier again and take them out: vanthu dossier remove {code} ID --reason “…”").format(
                code=dossier.code
            ),
        )
    for document in contents:
        for each in _held(desk, document):
            if each.sha256 and not desk.cabinet.path(each.sha256).is_file():
                raise _lost(each)
    return contents


def _lost(file: File) -> MisuseError:
    return MisuseError(
        "cabinet.missing",
        _("A file of {name} is missing from the cabinet, or was changed: the dossier is not whole.").format(
            name=file.document.name
        ),
        _("Restore it from the backup."),
    )


def _is_zip(out: Path) -> bool:
    return out.suffix.lower() == ".zip"


def _identity(desk: Desk, dossier: Dossier) -> str:
    """Return what the package says of the state of the dossier it was made from."""
    return f"{dossier.subject}/{dossiers.last_event(desk.book, dossier)}"


def _check_unchanged(desk: Desk, dossier: Dossier, before: tuple[int, list[Document]]) -> None:
    if (dossiers.last_event(desk.book, dossier), dossiers.contents(desk.book, dossier.id)) != before:
        raise ForbiddenError(
            "dossier.changed",
            _("Dossier {code} was changed meanwhile: nothing was handed over.").format(code=dossier.code),
            _("Run the same command again."),
        )


def _publish(desk: Desk, dossier: Dossier, before: tuple[int, list[Document]], bag: Bag, out: Path) -> None:
    """Name the package if nothing has changed, then tell the register; whatever fails here, what we have named is gone again."""
    mine = bag.root.stat()
    with contextlib.ExitStack() as held:
        try:
            if _is_zip(out):
                with appearing(out) as file:
                    mine = os.fstat(file.fileno())
                    _pack(bag.root, file)
                    held.enter_context(desk.lock())
                    _check_unchanged(desk, dossier, before)
            else:
                held.enter_context(desk.lock())
                _check_unchanged(desk, dossier, before)
                publish_folder(bag.root, out)
            _record(desk, dossier, bag.manifest)
        except BaseException:
            _take_back(out, mine)
            raise


def _record(desk: Desk, dossier: Dossier, manifest: str) -> None:
    with desk.book.step():
        dossiers.hand_over(desk.book, dossier, manifest)


def _take_back(out: Path, mine: os.stat_result) -> None:
    with contextlib.suppress(OSError):
        if os.path.samestat(out.stat(), mine):  # not what somebody else has put there meanwhile
            shutil.rmtree(out) if out.is_dir() else out.unlink()


def _fill(
    desk: Desk, dossier: Dossier, contents: Sequence[Document], bag: Bag, tick: Tick
) -> tuple[Mapping[str, int], tuple[Cut, ...]]:
    """Write what is handed over under data/; return the verdicts of the documents' own files, and what the XML had to cut."""
    lines = lines_of(desk, dossier, contents)
    kept = [
        (line, place, each) for line in lines for place, each in enumerate(_held(desk, line.document)) if each.sha256
    ]
    _put_originals(desk, bag, kept)
    verdicts = Counter[str]()
    for line, judged in _judged(desk, kept):
        bag.put(f"{_PAPERS}/verification/{line.ordinal:03d}.pdf", _report(desk, judged))
        verdicts.update(each.verdict for file, each in judged if file.own)
        tick()
    _put_papers(desk, dossier, lines, bag)
    data, cut = xml_of(desk, dossier, lines)
    bag.put("data/metadata/descriptive/dossier.xml", data)
    bag.put("data/schemas/dossier.xsd", dossier_xsd())
    entries = {name.removeprefix("data/"): entry for name, entry in bag.entries.items()}
    made = desk.now.astimezone(VIETNAM).isoformat(timespec="seconds")
    packed, organ = Contents(entries, bag.titles, made), desk.own.identifier or desk.own.code
    mets = mets_xml(_code(desk, dossier), dossier.title, packed, organ=organ, office=desk.config.office.name)
    bag.put("data/METS.xml", mets)
    return verdicts, cut


def _held(desk: Desk, document: Document) -> list[File]:
    """Return a document's files, and last its copy with a later archive time stamp, by which it is provable for longer."""
    renewals = documents.renewals(desk.book, document.id)
    renewed = [File(document, f"{document.name} dau-thoi-gian.pdf", renewals[-1], own=False)] if renewals else []
    return [*files_of(desk, document), *renewed]


def _put_originals(desk: Desk, bag: Bag, kept: Sequence[tuple[Line, int, File]]) -> None:
    """Copy the files byte for byte, and write beside them the certificates and revocation data that belong to them."""
    found = Proofs()
    with contextlib.closing(Aside(proofs_in)) as aside:
        for line, place, each in kept:
            name = f"{_ORIGINALS}/{archive_name(line.ordinal, place, each)}"
            with desk.cabinet.path(each.sha256 or "").open("rb") as source:
                if bag.copy(name, source) != each.sha256:
                    raise _lost(each)
            bag.titles[name.removeprefix("data/")] = each.name
            answer = aside(bag.root / name)
            found = found + answer if isinstance(answer, Proofs) else found
    _put_proofs(bag, desk.trust(), found)


def _put_papers(desk: Desk, dossier: Dossier, lines: Sequence[Line], bag: Bag) -> None:
    """Write what is to be read beside the originals: events, the printed index, a guide."""
    from vanthu_cli.reports.dossier_pdf import index_pdf

    for line in lines:
        bag.put(f"{_PAPERS}/events/{line.ordinal:03d}.jsonl", _events(desk, f"document:{line.document.id}"))
    bag.put(f"{_PAPERS}/events/dossier.jsonl", _events(desk, dossier.subject))
    printed = BytesIO()
    index_pdf(dossier, lines, printed)
    bag.put(f"{_PAPERS}/muc-luc.pdf", printed.getvalue())
    guide = _GUIDE.format(code=dossier.code, year=dossier.year, office=desk.config.office.name)
    bag.put(f"{_PAPERS}/DOC-TRUOC.txt", guide.encode())


def _code(desk: Desk, dossier: Dossier) -> str:
    """Return what the package is called outside this office: identifier, year, number and symbol."""
    return f"{desk.own.identifier or desk.own.code}.{dossier.year}.{dossier.code}"


def _events(desk: Desk, subject: str) -> bytes:
    return "".join(json.dumps(dict(row), ensure_ascii=False) + "\n" for row in history(desk.book, subject)).encode()


def _judged(desk: Desk, files: Sequence[tuple[Line, int, File]]) -> Iterator[tuple[Line, list[tuple[File, Judgement]]]]:
    """Yield each document with the judgements of its files, judged side by side; memory does not grow with the files."""
    known = documents.arrivals(desk.book)
    every = [each for _line, _place, each in files]
    beside = {(each.document.id, each.name): each.sha256 for each in every}
    questions = []
    for each in every:
        content = beside.get((each.document.id, Path(each.name).stem)) if each.name.lower().endswith(".p7s") else None
        questions.append(
            desk.question(
                each.name,
                desk.cabinet.path(each.sha256 or ""),
                "judge",
                known_since=known.get(each.sha256 or ""),
                content=desk.cabinet.path(content) if content else None,
            )
        )
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        answers = pool.map(desk.judged, questions)
        last: Line | None = None
        group: list[tuple[File, Judgement]] = []
        for (line, _place, each), answer in zip(files, answers, strict=True):
            if last is not None and line is not last:
                yield last, group
                group = []
            last = line
            group.append((each, _judgement(answer)))
        if last is not None:
            yield last, group


def _judgement(found: "Examination") -> Judgement:
    from vanthu_cli.procedures.examine import fault_words
    from vanthu_cli.validation.reasons import Reason

    if found.judgement is not None:
        return found.judgement
    with speaking("vi"):
        reason = Reason("could-not-judge", fault_words(found.fault or ""))
    return Judgement("unknown", "unknown", None, None, (), (reason,))


def _report(desk: Desk, judged: Sequence[tuple[File, Judgement]]) -> bytes:
    from vanthu_cli.reports.verification import Exhibit, Report
    from vanthu_cli.reports.verification_pdf import as_pdf
    from vanthu_cli.validation.trust import described

    exhibits = [
        Exhibit(each.name, each.sha256, desk.cabinet.path(each.sha256 or "").stat().st_size, judgement)
        for each, judgement in judged
    ]
    lookup = desk.kept.lookup
    trust = described(lookup.trust.anchors)
    report = Report(
        desk.config.office.name, desk.now, None, trust, lookup.trust.revocation, not lookup.hosts, tuple(exhibits), __version__
    )  # fmt: skip
    with speaking("vi"):
        return as_pdf(report)


@dataclass(frozen=True, slots=True)
class Proofs:
    """What travels in files: certificates, revocation lists, OCSP answers; DER, each once."""

    certificates: frozenset[bytes] = frozenset()
    crls: frozenset[bytes] = frozenset()
    ocsps: frozenset[bytes] = frozenset()

    def __add__(self, other: "Proofs") -> "Proofs":
        return Proofs(
            self.certificates | other.certificates, self.crls | other.crls, self.ocsps | other.ocsps
        )  # fmt: skip


def proofs_in(source: Path) -> Proofs:
    """Return what a PDF's signatures and security store, or a CMS file, hold. Runs beside: strangers' files are parsed."""
    import pikepdf

    with source.open("rb") as opened:
        is_pdf = b"%PDF-" in opened.read(1024)
    if not is_pdf:
        return _of_cms([source.read_bytes()]) if source.stat().st_size <= _MOST_PROOF else Proofs()
    with pikepdf.open(source, suppress_warnings=True) as pdf:
        signatures = [
            bytes(each.Contents)
            for each in pdf.objects
            if isinstance(each, pikepdf.Dictionary) and "/ByteRange" in each and "/Contents" in each
        ]
        store = pdf.Root.get("/DSS", pikepdf.Dictionary())
        kept = [
            frozenset(each.read_bytes() for each in store.get(name, pikepdf.Array()))
            for name in ("/Certs", "/CRLs", "/OCSPs")
        ]
    found = _of_cms(signatures) + Proofs(*kept)
    size = sum(map(len, (*found.certificates, *found.crls, *found.ocsps)))
    return found if size <= _MOST_PROOF else _of_cms(signatures)


def _of_cms(blobs: Iterable[bytes]) -> Proofs:
    from cryptography.hazmat.primitives.serialization import Encoding

    from vanthu_cli.validation.cms_checks import enclosed
    from vanthu_cli.validation.cms_files import read_cms

    certificates, crls, ocsps = set[bytes](), set[bytes](), set[bytes]()
    for blob in blobs:
        read = read_cms(blob)
        if read is None or read[0]["content_type"].native != "signed_data":
            continue
        signed = read[0]["content"]
        certificates |= {each.chosen.dump() for each in signed["certificates"] or () if each.name == "certificate"}
        lists, answers = enclosed(signed)
        crls |= {each.loaded.public_bytes(Encoding.DER) for each in lists}
        ocsps |= {each.dump() for each in answers}
    return Proofs(frozenset(certificates), frozenset(crls), frozenset(ocsps))


def _put_proofs(bag: Bag, trust: Trust, found: Proofs) -> None:
    """Write the certificates found and those above them that this office knows, and all that it knows of their revocation."""
    pool = _loaded({*found.certificates, *trust.anchors, *trust.others}, _names)
    chain = {der for der in found.certificates if der in pool}
    front = set(chain)
    while front:
        issuers = {pool[der][1] for der in front}
        front = {der for der, (subject, _issuer, _serial) in pool.items() if subject in issuers} - chain
        chain |= front
    subjects, serials = {pool[der][0] for der in chain}, {pool[der][2] for der in chain}
    crls = {der for der, issuer in _loaded({*found.crls, *trust.crls}, _list_issuer).items() if issuer in subjects}
    ocsps = {der for der, serial in _loaded({*found.ocsps, *trust.ocsps}, _answered).items() if serial in serials}
    for folder, suffix, ders in (
        ("certificates", "cer", chain),
        ("revocation", "crl", crls),
        ("revocation", "ocsp", ocsps),
    ):
        for der in ders:
            bag.put(f"{_PAPERS}/{folder}/{hashlib.sha256(der).hexdigest()}.{suffix}", der)


def _loaded(ders: Iterable[bytes], load: Callable[[bytes], _T]) -> dict[bytes, _T]:
    """Read what can be read; some of it came from strangers."""
    from cryptography.x509 import InvalidVersion

    found = dict[bytes, _T]()
    for der in ders:
        with contextlib.suppress(ValueError, TypeError, InvalidVersion):
            found[der] = load(der)
    return found


def _names(der: bytes) -> "tuple[Name, Name, int]":
    from cryptography.x509 import load_der_x509_certificate

    certificate = load_der_x509_certificate(der)
    return certificate.subject, certificate.issuer, certificate.serial_number


def _list_issuer(der: bytes) -> "Name":
    from cryptography.x509 import load_der_x509_crl

    return load_der_x509_crl(der).issuer


def _answered(der: bytes) -> int:
    from cryptography.x509.ocsp import load_der_ocsp_response

    return load_der_ocsp_response(der).serial_number


def _seal(desk: Desk, dossier: Dossier, contents: Sequence[Document], bag: Bag, verdicts: Mapping[str, int]) -> None:
    """Write what makes a bag of it (RFC 8493, 2.1-2.2), and the minutes."""
    from vanthu_cli.reports.dossier_pdf import Office, Transfer, minutes_pdf

    payload = [size for _sha256, size in bag.entries.values()]
    bag.put(_MANIFEST, bag.sums(payload=True))
    office = desk.config.office
    info = {
        "Source-Organization": office.name,
        "External-Identifier": _code(desk, dossier),
        "External-Description": dossier.title,
        "Internal-Sender-Identifier": _identity(desk, dossier),
        "Bagging-Date": today(desk.now).isoformat(),
        "Payload-Oxum": f"{sum(payload)}.{len(payload)}",
        "Bag-Software-Agent": f"vanthu {__version__}",
    }
    bag.put("bagit.txt", b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    bag.put(_INFO, "".join(f"{name}: {plain(value)}\n" for name, value in info.items()).encode())
    first, last = period(dossier, contents)
    counted = [f"{count} văn bản {_VERDICTS[name]}" for name, count in sorted(verdicts.items(), reverse=True)]
    condition = f"{'; '.join(counted)}." if counted else ""
    originals = sum(name.startswith(f"{_ORIGINALS}/") for name in bag.entries)
    transfer = Transfer(day_shown(first), day_shown(last), originals, bag.root.name, bag.manifest, condition)
    printed = BytesIO()
    minutes_pdf(dossier, transfer, Office(office.name, office.parent, office.place, office.kind == "party"), printed)
    bag.put("bien-ban-giao-nhan.pdf", printed.getvalue())
    bag.put(_TAGS, bag.sums(payload=False))


def _check(root: Path) -> None:
    """Read the package again from the disk, as whoever receives it will."""
    names = {each.relative_to(root).as_posix() for each in root.rglob("*") if each.is_file()}
    fault = bag_fault(names, lambda name: (root / name).open("rb"))
    if fault:
        raise _bad_disk(fault)


def _bad_disk(name: str) -> UnreachableError:
    return UnreachableError(
        "dossier.bad_disk",
        _("The disk does not give back what was written on it ({name}).").format(name=name),
        _("Nothing was kept. Write the package on another disk."),
    )


def _digest(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := file.read(_CHUNK):
        digest.update(block)
    return digest.hexdigest()


def bag_fault(names: Iterable[str], read: Callable[[str], contextlib.AbstractContextManager[IO[bytes]]]) -> str:
    """Return the first file of a package that is missing, altered or not listed; nothing if it is whole."""
    listed = {_TAGS}
    for manifest in (_TAGS, _MANIFEST):
        try:
            with read(manifest) as file:
                lines = file.read().decode().splitlines()
        except (OSError, KeyError, ValueError):
            return manifest
        for line in lines:
            sha256, _blanks, name = line.partition("  ")
            listed.add(name)
            try:
                with read(name) as file:
                    if _digest(file) != sha256:
                        return name
            except (OSError, KeyError, zipfile.BadZipFile):
                return name
    return next(iter(sorted(set(names) ^ listed)), "")


def _pack(root: Path, out: BinaryIO) -> None:
    """Put the package into a ZIP, one folder in it (RFC 8493, 4.2), and read that again too."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for each in sorted(each for each in root.rglob("*") if each.is_file()):
            archive.write(each, f"{root.name}/{each.relative_to(root).as_posix()}")
    out.flush()
    fault = _zip_fault(out)
    if fault:
        raise _bad_disk(fault)


def _zip_fault(file: BinaryIO | Path) -> str:
    try:
        with zipfile.ZipFile(file) as archive:
            folder = archive.namelist()[0].partition("/")[0] + "/"
            names = {name.removeprefix(folder) for name in archive.namelist()}
            return bag_fault(names, lambda name: archive.open(folder + name))
    except (zipfile.BadZipFile, IndexError):
        return "?"


def _known(desk: Desk, dossier: Dossier, out: Path) -> Package:
    """Take a package that is there already for what it is, if it is whole and of this dossier as it is now; else refuse.

    A run was killed after naming it, and before the register knew.
    """
    try:
        info, manifest = _told(out)
    except (OSError, KeyError, IndexError, zipfile.BadZipFile):
        raise exists(out) from None
    said = dict(line.partition(": ")[::2] for line in info.decode("utf-8", "replace").splitlines())
    names = {each.relative_to(out).as_posix() for each in out.rglob("*") if each.is_file()}
    if said.get("Internal-Sender-Identifier") != _identity(desk, dossier):
        raise exists(out)
    if _zip_fault(out) if _is_zip(out) else bag_fault(names, lambda name: (out / name).open("rb")):
        raise exists(out)
    digest = hashlib.sha256(manifest).hexdigest()
    with desk.lock():
        _record(desk, dossier, digest)
    sweep(out)
    size, _dot, count = said["Payload-Oxum"].partition(".")
    return Package(digest, int(count), int(size), {}, found=True)


def _told(out: Path) -> tuple[bytes, bytes]:
    """Return what a package says of itself, and its manifest."""
    if not _is_zip(out):
        return (out / _INFO).read_bytes(), (out / _MANIFEST).read_bytes()
    with zipfile.ZipFile(out) as archive:
        folder = archive.namelist()[0].partition("/")[0]
        return archive.read(f"{folder}/{_INFO}"), archive.read(f"{folder}/{_MANIFEST}")
