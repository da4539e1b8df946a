"""Everything that proves what became of a document, in one ZIP that a third party can check without us (register show --evidence).

For each recipient the ladder from weak to strong: handed over (the server's 250), relayed (DSN, RFC 3464), opened (MDN, RFC 8098),
arrived, registered there or refused (edXML status, or their letter); behind each rung the raw message with its SHA-256 and time.
Beside it the document, our letters byte for byte, and the events of the register's chain.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from sqlite3 import Row
from typing import Any

from vanthu_cli.document.text import safe_name
from vanthu_cli.errors import MisuseError, VanthuError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.keys import open_key, proof
from vanthu_cli.register import deliveries, documents
from vanthu_cli.register.book import history
from vanthu_cli.register.cabinet import write_durably
from vanthu_cli.register.deliveries import Delivery
from vanthu_cli.register.documents import Document
from vanthu_cli.rules.deadlines import VIETNAM
from vanthu_cli.signing.cms import sign_detached

_LIST = "SHA256SUMS"
_STRENGTH = {
    "handed-over": 1,
    "relayed": 2,
    "opened": 3,
    "arrived": 4,
    "replied": 5,
    "registered": 6,
    "refused": 6,
    "bounced": 6,
}
_CHECK = '''\
#!/usr/bin/env python3
"""Kiểm tra bộ chứng cứ này, chỉ cần Python: từng tệp theo SHA256SUMS, từng sự kiện theo mã băm của nó."""
import hashlib, json, pathlib
here = pathlib.Path(__file__).resolve().parent
faults, listed = [], {"SHA256SUMS", "SHA256SUMS.p7s"}
for line in (here / "SHA256SUMS").read_text("utf-8").splitlines():
    digest, name = line.split("  ", 1)
    listed.add(name)
    file = here / name
    if not file.is_file():
        faults.append("THIẾU tệp: " + name)
    elif hashlib.sha256(file.read_bytes()).hexdigest() != digest:
        faults.append("tệp ĐÃ BỊ SỬA: " + name)
for file in sorted(here.rglob("*")):
    if file.is_file() and file.relative_to(here).as_posix() not in listed:
        faults.append("tệp THỪA, không có trong danh sách: " + file.relative_to(here).as_posix())
for line in (here / "events.jsonl").read_text("utf-8").splitlines() if (here / "events.jsonl").is_file() else ():
    event = json.loads(line)
    row = [event[key] for key in ("at", "who", "kind", "subject", "data", "prev")]
    if hashlib.sha256(json.dumps(row, ensure_ascii=False).encode()).hexdigest() != event["hash"]:
        faults.append("sự kiện ĐÃ BỊ SỬA: " + str(event["id"]))
print("\\n".join(faults) or "Nguyên vẹn: mọi tệp và sự kiện đúng với SHA256SUMS.")
if (here / "SHA256SUMS.p7s").is_file():
    print("SHA256SUMS có chữ ký số: hãy kiểm tra thêm bằng lệnh openssl trong DOC-TRUOC.txt.")
else:
    print("SHA256SUMS không có chữ ký số: ai giữ bộ này cũng có thể lập lại danh sách.")
raise SystemExit(bool(faults))
'''


def write_evidence(desk: Desk, document: Document, out: Path, *, key: str = "") -> list[str]:
    """Write the ZIP, never over another file; with `key` its list of SHA-256 is signed (CMS). Return the names inside.

    `MisuseError` "evidence.exists", and what opening a key raises.
    """
    if out.exists():
        raise MisuseError("evidence.exists", _("{path} exists already.").format(path=out), _("Name another file."))
    files = dict(_files(desk, document))
    files["kiem-tra.py"] = _CHECK.encode()
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items())).encode()
    files[_LIST] = sums
    if key:
        opened = open_key(desk, key, desk.config.keys[key].role if key in desk.config.keys else "organisation")
        files[f"{_LIST}.p7s"] = sign_detached(BytesIO(sums), opened, time_stamper=proof(desk).time_stamper)
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, desk.now.astimezone(VIETNAM).timetuple()[:6])
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, data)
    write_durably(out.absolute(), made.getvalue())
    return sorted(files)


def _files(desk: Desk, document: Document) -> Iterator[tuple[str, bytes]]:
    letters = deliveries.of_document(desk.book, document.id, "document", "answer", "recall", "reminder")
    recipients = []
    for position, letter in enumerate(letters, 1):
        folder = f"{position:03d}-{safe_name(letter.agency or letter.address)}"
        rungs = list(_rungs(desk, document, letter, folder))
        recipients.append(_recipient(letter, folder, [rung for rung, _data in rungs]))
        if (raw := _kept(desk, letter.letter)) is not None:
            yield f"{folder}/letter{_suffix(letter.head)}", letter.head + raw
        yield from ((rung["file"], data) for rung, data in rungs if data is not None)
    if document.sha256 and (data := _kept(desk, document.sha256)) is not None:
        yield f"document/{safe_name(document.name.replace('/', '-'))}.pdf", data
    for sha256, name in documents.attachments(desk.book, document.id):
        if (data := _kept(desk, sha256)) is not None:
            yield f"document/{sha256[:8]}-{safe_name(name)}", data
    events = history(desk.book, f"document:{document.id}")
    yield "events.jsonl", "".join(json.dumps(dict(row), ensure_ascii=False) + "\n" for row in events).encode()
    about = {
        "document": {
            "number": document.number,
            "symbol": document.symbol,
            "date": document.day,
            "sha256": document.sha256,
            "state": document.state,
        },
        "office": desk.config.office.name,
        "made_at": desk.now.isoformat(),
        "letters": recipients,
    }
    yield "evidence.json", json.dumps(about, ensure_ascii=False, indent=2).encode()
    yield "DOC-TRUOC.txt", _guide(desk, document).encode()


def _kept(desk: Desk, sha256: str) -> bytes | None:
    """Return a file of the cabinet; None if it was destroyed, or is missing: the rest is still evidence."""
    try:
        return desk.cabinet.get(sha256)
    except VanthuError:
        return None


def _recipient(letter: Delivery, folder: str, rungs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "purpose": letter.purpose,
        "agency": letter.agency,
        "to": letter.address,
        "channel": letter.channel,
        "message_id": letter.message_id,
        "state": letter.state,
        "letter": f"{folder}/letter{_suffix(letter.head)}",
        "evidence": sorted(rungs, key=lambda rung: (rung["strength"], rung["at"])),
    }


def _rungs(
    desk: Desk, document: Document, letter: Delivery, folder: str
) -> Iterator[tuple[dict[str, Any], bytes | None]]:
    for row in history(desk.book, f"document:{document.id}"):
        if row["kind"] == "delivery-handed-over":
            data = json.loads(row["data"])
            if data.get("delivery") == letter.id:
                at = data.get("at") or row["at"]
                yield _rung("handed-over", at, data.get("answer"), None, f"event {row['id']}"), None
    for position, row in enumerate(deliveries.receipts(desk.book, letter.id), 1):
        raw = _kept(desk, row["sha256"]) if row["sha256"] else None
        name = f"{folder}/{position:02d}-{row['kind']}{_suffix(raw)}" if raw is not None else None
        yield _rung(_what(row), row["received_at"], row["detail"], row["sha256"], name) | {"from": row["sender"]}, raw


def _suffix(raw: bytes) -> str:
    return ".edxml" if raw[:64].lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<") else ".eml"


def _what(row: Row) -> str:
    """Name the rung that a receipt is."""
    if row["kind"] == "dsn":
        return "bounced" if row["state"] == "bounced" else "relayed"
    if row["kind"] == "mdn":
        return "opened"
    if row["kind"] == "reply":
        return "replied"
    return {"delivered": "arrived", "acknowledged": "registered"}.get(row["state"], str(row["state"]))


def _rung(what: str, at: str, words: str | None, sha256: str | None, file: str | None) -> dict[str, Any]:
    return {
        "what": what,
        "strength": _STRENGTH.get(what, 0),
        "at": datetime.fromisoformat(at).isoformat(),
        "words": words,
        "sha256": sha256,
        "file": file,
    }


def _guide(desk: Desk, document: Document) -> str:
    return _(
        "Evidence about document {name} of {office}.\n\n"
        "evidence.json   for each letter what is known of it, from weak to strong, with time and file\n"
        "document/       the document as it was sent; check its signatures with any PDF reader or “vanthu verify”\n"
        "NNN-AGENCY/     our letter (letter.eml) and every answer to it, raw, byte for byte\n"
        "events.jsonl    what the register wrote down meanwhile, each line with the hash that chains it to the one before\n"
        "SHA256SUMS      sha256sum -c SHA256SUMS; signed by the office where SHA256SUMS.p7s lies beside it:\n"
        "                openssl cms -verify -binary -inform DER -in SHA256SUMS.p7s -content SHA256SUMS -CAfile CA.pem\n"
        "kiem-tra.py     python3 kiem-tra.py checks files and events with nothing but Python\n"
    ).format(name=document.name, office=desk.config.office.name)
