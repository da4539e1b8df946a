"""Handing a closed dossier over to the archive (NĐ 30/2020 Đ30; TT 05/2025/TT-BNV): a package that proves itself.

BagIt (bag.py); inside data/ the folders and the METS of an E-ARK submission package (CSIP 2). The originals lie in it byte for byte,
beside each what proves it (proofs.py), and what happened to it. A package is made beside its place, made durable, read again from
the disk file by file, and only then named; the register learns of it last. Killed between the two, the same command finds the
package whole and only tells the register.
"""

import contextlib
import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from vanthu_cli.document.text import safe_name
from vanthu_cli.errors import ForbiddenError, MisuseError, UnreachableError
from vanthu_cli.locale import _
from vanthu_cli.procedures import bag as bags
from vanthu_cli.procedures.aside import Aside
from vanthu_cli.procedures.bag import Bag
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.dossier import REGISTERED, check_not_handed_over
from vanthu_cli.procedures.dossier_contents import File, archive_name, files_of, lines_of, xml_of
from vanthu_cli.procedures.dossier_export import Tick
from vanthu_cli.procedures.make import appearing, exists
from vanthu_cli.procedures.proofs import Proof, judged, proofs_in, proving, report
from vanthu_cli.procedures.workshop import check_new, publish, sweep, take_back, workshop
from vanthu_cli.register import documents, dossiers
from vanthu_cli.register.book import history
from vanthu_cli.register.documents import Document
from vanthu_cli.register.dossiers import Dossier
from vanthu_cli.reports.dossier import Line, period
from vanthu_cli.reports.dossier_xml import Cut, dossier_xsd
from vanthu_cli.reports.mets import Contents, mets_xml
from vanthu_cli.reports.words import day_shown
from vanthu_cli.rules.deadlines import VIETNAM, today

_ORIGINALS = "representations/rep1/data"
_PAPERS = "data/documentation"
_IDENTITY = "Internal-Sender-Identifier"
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
    sizes = [size for _sha256, size in bag.payload.values()]
    return Package(bag.manifest, len(sizes), sum(sizes), verdicts, cut)


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


def _held(desk: Desk, document: Document) -> list[File]:
    """Return a document's files, and last its copy with a later archive time stamp, by which it is provable for longer."""
    renewals = documents.renewals(desk.book, document.id)[-1:]
    renewed = (File(document, f"{document.name} dau-thoi-gian.pdf", each, own=False) for each in renewals)
    return [*files_of(desk, document), *renewed]


def _fill(
    desk: Desk, dossier: Dossier, contents: Sequence[Document], bag: Bag, tick: Tick
) -> tuple[Mapping[str, int], tuple[Cut, ...]]:
    """Write what is handed over under data/; return the verdicts of the documents' own files, and what the XML had to cut."""
    lines = lines_of(desk, dossier, contents)
    titles = _put_originals(desk, bag, lines)
    verdicts = Counter[str]()
    kept = [(line, each) for line in lines for each in _held(desk, line.document) if each.sha256]
    for line, answers in judged(desk, kept):
        bag.put(f"{_PAPERS}/verification/{line.ordinal:03d}.pdf", report(desk, answers))
        verdicts.update(each.verdict for file, each in answers if file.own)
        tick()
    _put_papers(desk, dossier, lines, bag)
    data, cut = xml_of(desk, dossier, lines)
    bag.put("data/metadata/descriptive/dossier.xml", data)
    bag.put("data/schemas/dossier.xsd", dossier_xsd())
    made = Contents(bag.payload, titles, desk.now.astimezone(VIETNAM).isoformat(timespec="seconds"))
    office, organ = desk.config.office.name, desk.own.identifier or desk.own.code
    bag.put("data/METS.xml", mets_xml(_code(desk, dossier), dossier.title, made, organ=organ, office=office))
    return verdicts, cut


def _put_originals(desk: Desk, bag: Bag, lines: Sequence[Line]) -> dict[str, str]:
    """Copy the files byte for byte, and write what proves them; return what they are called in the register, by their names here."""
    titles, found = dict[str, str](), set[Proof]()
    with contextlib.closing(Aside(proofs_in)) as aside:
        for line in lines:
            for place, each in enumerate(_held(desk, line.document)):
                if not each.sha256:
                    continue
                name = f"{_ORIGINALS}/{archive_name(line.ordinal, place, each)}"
                with desk.cabinet.path(each.sha256).open("rb") as source:
                    if bag.copy(f"data/{name}", source) != each.sha256:
                        raise _lost(each)
                titles[name] = each.name
                answer: set[Proof] | str = aside(bag.root / "data" / name)
                found |= set() if isinstance(answer, str) else answer
    for kind, der in proving(found, desk.trust()):
        folder = "certificates" if kind == "cer" else "revocation"
        bag.put(f"{_PAPERS}/{folder}/{hashlib.sha256(der).hexdigest()}.{kind}", der)
    return titles


def _put_papers(desk: Desk, dossier: Dossier, lines: Sequence[Line], bag: Bag) -> None:
    """Write what is to be read beside the originals: events, the printed index, a guide."""
    from vanthu_cli.reports.dossier_pdf import index_pdf

    subjects = {f"{line.ordinal:03d}": f"document:{line.document.id}" for line in lines} | {"dossier": dossier.subject}
    for name, subject in subjects.items():
        events = (json.dumps(dict(row), ensure_ascii=False) + "\n" for row in history(desk.book, subject))
        bag.put(f"{_PAPERS}/events/{name}.jsonl", "".join(events).encode())
    printed = BytesIO()
    index_pdf(dossier, lines, printed)
    bag.put(f"{_PAPERS}/muc-luc.pdf", printed.getvalue())
    guide = _GUIDE.format(code=dossier.code, year=dossier.year, office=desk.config.office.name)
    bag.put(f"{_PAPERS}/DOC-TRUOC.txt", guide.encode())


def _code(desk: Desk, dossier: Dossier) -> str:
    """Return what the package is called outside this office: identifier, year, number and symbol."""
    return f"{desk.own.identifier or desk.own.code}.{dossier.year}.{dossier.code}"


def _identity(desk: Desk, dossier: Dossier) -> str:
    """Return what the package says of the state of the dossier it was made from."""
    return f"{dossier.subject}/{dossiers.last_event(desk.book, dossier)}"


def _seal(desk: Desk, dossier: Dossier, contents: Sequence[Document], bag: Bag, verdicts: Mapping[str, int]) -> None:
    """Write the lists that make a package of it, and the minutes, which name the SHA-256 of the first."""
    from vanthu_cli.reports.dossier_pdf import Office, Transfer, minutes_pdf

    bag.list_payload()
    office = desk.config.office
    first, last = period(dossier, contents)
    counted = [f"{count} văn bản {_VERDICTS[name]}" for name, count in sorted(verdicts.items(), reverse=True)]
    condition = f"{'; '.join(counted)}." if counted else ""
    originals = sum(name.startswith(f"{_ORIGINALS}/") for name in bag.payload)
    transfer = Transfer(day_shown(first), day_shown(last), originals, bag.root.name, bag.manifest, condition)
    printed = BytesIO()
    minutes_pdf(dossier, transfer, Office(office.name, office.parent, office.place, office.kind == "party"), printed)
    bag.put("bien-ban-giao-nhan.pdf", printed.getvalue())
    bag.finish(
        {
            "Source-Organization": office.name,
            "External-Identifier": _code(desk, dossier),
            "External-Description": dossier.title,
            _IDENTITY: _identity(desk, dossier),
            "Bagging-Date": today(desk.now).isoformat(),
        }
    )


def _check(package: Path | BinaryIO) -> None:
    """Read a package again from the disk."""
    if name := bags.fault(package):
        raise UnreachableError(
            "dossier.bad_disk",
            _("The disk does not give back what was written on it ({name}).").format(name=name),
            _("Nothing was kept. Write the package on another disk."),
        )


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
                    bags.pack(bag.root, file)
                    _check(file)
                    held.enter_context(desk.lock())
                    _check_unchanged(desk, dossier, before)
            else:
                held.enter_context(desk.lock())
                _check_unchanged(desk, dossier, before)
                publish(bag.root, out)
            _record(desk, dossier, bag.manifest)
        except BaseException:
            take_back(out, mine)
            raise


def _record(desk: Desk, dossier: Dossier, manifest: str) -> None:
    with desk.book.step():
        dossiers.hand_over(desk.book, dossier, manifest)


def _known(desk: Desk, dossier: Dossier, out: Path) -> Package:
    """Take a package that is there already for what it is, if it is whole and of this dossier as it is now; else refuse.

    A run was killed after naming it, and before the register knew.
    """
    if bags.fault(out):
        raise exists(out)
    said, manifest = bags.said(out)
    if said.get(_IDENTITY) != _identity(desk, dossier):
        raise exists(out)
    with desk.lock():
        _record(desk, dossier, manifest)
    sweep(out)
    size, _dot, count = said["Payload-Oxum"].partition(".")
    return Package(manifest, int(count), int(size), {}, found=True)
