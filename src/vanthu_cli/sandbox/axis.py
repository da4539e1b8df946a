"""A simulator of the adapter to the national document axis: the real one cannot be had here.

Written apart from our own client, after what the government's SDK sends and expects (domain.md 5.4 and the SDK's source): five calls
over HTTP, what is asked in `XroadVnpt-…` header fields under an HMAC, answers in JSON with ErrorCode. Oddities kept: a file's
hash may lack its zeros, as the SDK writes it; nothing is answered instead of an empty list; "=" is escaped in JSON, as Gson does; a
package that is sent twice lies there twice. Everything lies in a folder, a file of facts beside each package.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from vanthu_cli.rules.deadlines import VIETNAM

_PREFIX = "xroadvnpt-"
_SLICE = 1 << 20
_MAX_HEAD = 4096
ERRORS = {
    "0": "Thành công",
    "10": "File không hợp lệ",
    "15": "Sai SystemId hoặc SecretKey",
    "18": "Đơn vị nhận không tồn tại",
    "19": "Đơn vị gửi chưa đăng ký",
    "20": "Lỗi hệ thống",
    "21": "Lỗi xử lý file",
    "22": "Sai định dạng edXML",
    "23": "Đơn vị nhận đã khóa",
}


@dataclass(frozen=True, slots=True)
class Member:
    """An office on the axis: its identifier, and system and secret of the adapter through which it comes."""

    identifier: str
    system: str
    secret: str
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Lying:
    """A package on the axis. `kind`: edoc or status; `status`: initial, processing, done, fail; times as the axis writes them."""

    doc_id: str
    kind: str
    sender: str
    to: str
    notation: str
    title: str
    created: str
    updated: str
    status: str = "initial"


Trouble = Callable[[str], str]
"""Asked before each call, by its name: "" all is well, "drop" ends the line before anything is done, "lose" after it, "500", "garbage"."""


@dataclass(slots=True)
class Axis:
    """The simulator, running. `largest`: bytes of a package that it takes."""

    url: str
    folder: Path
    members: dict[str, Member]
    trouble: Trouble = lambda _call: ""
    largest: int = 1 << 30
    calls: list[str] = field(default_factory=list)
    _known: dict[str, Lying] = field(default_factory=dict)

    def __post_init__(self) -> None:
        files = sorted(self.folder.glob("*.json"), key=lambda file: (file.stat().st_mtime_ns, file.name))
        for each in (Lying(**json.loads(file.read_text("utf-8"))) for file in files):
            self._known[each.doc_id] = each

    def lying(self) -> list[Lying]:
        """Return every package, in the order of arrival."""
        return list(self._known.values())

    def find(self, doc_id: str) -> Lying | None:
        return self._known.get(doc_id)

    def clear(self) -> None:
        """Have nothing any more."""
        self._known.clear()
        for file in self.folder.iterdir():
            file.unlink()

    def package(self, doc_id: str) -> Path:
        return self.folder / f"{doc_id}.edxml"

    def put(
        self, sender: str, to: str, data: bytes | Path, *, kind: str = "edoc", notation: str = "", title: str = ""
    ) -> str:
        """Lay a package there as if it had been sent; return its docId."""
        doc_id = str(uuid.uuid4())
        self.folder.mkdir(parents=True, exist_ok=True)
        target = self.package(doc_id)
        if isinstance(data, bytes):
            target.write_bytes(data)
        else:
            data.replace(target)
        moment = f"{datetime.now(VIETNAM):%Y-%m-%d %H:%M:%S}"
        self.note(Lying(doc_id, kind, sender, to, notation, title, moment, moment))
        return doc_id

    def note(self, lying: Lying) -> None:
        temporary = self.folder / f"{lying.doc_id}.tmp"
        temporary.write_text(json.dumps(asdict(lying), ensure_ascii=False), "utf-8")
        temporary.replace(self.folder / f"{lying.doc_id}.json")
        self._known[lying.doc_id] = lying


@contextmanager
def serve_axis(folder: Path, members: Mapping[str, Member], port: int = 0) -> Iterator[Axis]:
    """Run the simulator on loopback, on a free port unless one is named."""
    axis = Axis("", folder, dict(members))
    server = _Server(("127.0.0.1", port), axis)
    axis.url = f"http://127.0.0.1:{server.server_address[1]}/vdxp"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield axis
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _FaultError(Exception):
    """A call that is answered with an error code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], axis: Axis) -> None:
        super().__init__(address, _Handler)
        self.axis = axis

    def handle_error(self, *_who: Any) -> None:
        """A line that was cut is nobody's fault here."""


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    _left = 0

    def log_message(self, *words: Any) -> None:
        del words

    @property
    def axis(self) -> Axis:
        server: Any = self.server
        found: Axis = server.axis
        return found

    def do_POST(self) -> None:
        call = self.path.rpartition("/")[2]
        self._left = int(self.headers.get("Content-Length") or 0)
        self.axis.calls.append(call)
        trouble = self.axis.trouble(call)
        if trouble == "drop":
            self.close_connection = True
        elif trouble in {"500", "garbage"}:
            self._answer(500 if trouble == "500" else 200, b"<html>Bad Gateway</html>", "text/html")
        else:
            self._do(call, lost=trouble == "lose")

    def _do(self, call: str, *, lost: bool) -> None:
        answer: dict[str, object] | bytes | None
        try:
            answer = _CALLS[call](self.axis, self) if call in _CALLS else None
        except _FaultError as error:
            answer = _said(error.code)
        if lost:
            self.close_connection = True
        elif answer is None:
            self._answer(404, b"", "text/plain")
        elif isinstance(answer, bytes):
            self._answer(200, answer, "application/json")
        else:
            text = json.dumps(answer, ensure_ascii=False).replace("=", "\\u003d") if answer else ""
            self._answer(200, text.encode(), "application/json")

    def asked(self, name: str) -> str:
        """Return what is asked: from the signed header fields, else from plain ones."""
        return self.headers.get(f"{_PREFIX}{name}") or self.headers.get(name) or ""

    def member(self) -> Member:
        """Return who asks; error 15 unless the list of what is asked is signed with the secret."""
        system = self.asked("systemid")
        signed = self.headers.get(f"{_PREFIX}sign-header") or ""
        for each in self.axis.members.values():
            code = hmac.new(each.secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
            if each.system == system and hmac.compare_digest(code, self.headers.get(f"{_PREFIX}hash-header") or ""):
                return each
        raise _FaultError("15")

    def body(self) -> Iterator[bytes]:
        while self._left:
            piece = self.rfile.read(min(self._left, _SLICE))
            if not piece:
                self._left = 0
                raise _FaultError("21")
            self._left -= len(piece)
            yield piece

    def _answer(self, code: int, data: bytes, kind: str) -> None:
        for _piece in self.body():  # what nobody wanted
            pass
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _said(code: str, **more: object) -> dict[str, object]:
    return {"status": "OK" if code == "0" else "FAIL", "ErrorCode": code, "ErrorDesc": ERRORS[code], **more}


def _send(axis: Axis, handler: _Handler) -> dict[str, object]:
    member = handler.member()
    kind = handler.asked("messagetype") or "edoc"
    if int(handler.headers.get("Content-Length") or 0) > axis.largest:
        raise _FaultError("10")
    axis.folder.mkdir(parents=True, exist_ok=True)
    place = axis.folder / f"{uuid.uuid4()}.part"
    try:
        digest = _file_of_form(handler, place)
        if handler.asked("hash-file") not in {digest.hex(), "".join(f"{byte:x}" for byte in digest)}:
            raise _FaultError("10")
        told = _facts(place)
        if told["sender"] != member.identifier or handler.asked("from") not in {"", member.identifier}:
            raise _FaultError("19")
        receivers = told["to"] or json.loads(handler.asked("to") or "[]")
        if not receivers or any(each not in axis.members for each in receivers):
            raise _FaultError("18")
        if any(axis.members[each].locked for each in receivers):
            raise _FaultError("23")
        data = place.read_bytes() if len(receivers) > 1 else place
        ids = [
            axis.put(member.identifier, each, data, kind=kind, notation=told["notation"], title=told["title"])
            for each in receivers
        ]
    finally:
        place.unlink(missing_ok=True)
    return _said("0", DocId=ids[0])


def _file_of_form(handler: _Handler, place: Path) -> bytes:
    """Save the one file of a multipart form (RFC 7578) and return its SHA-256; a body that is no form is the file itself."""
    found = re.search(r'boundary="?([^";]+)', handler.headers.get("Content-Type") or "")
    pieces = handler.body()
    end = f"\r\n--{found[1]}--".encode() if found else b""
    held, headed = b"", not found
    digest = hashlib.sha256()
    with place.open("wb") as file:
        for piece in pieces:
            held += piece
            if not headed:
                head, blank, rest = held.partition(b"\r\n\r\n")
                if not blank and len(held) > _MAX_HEAD:
                    raise _FaultError("10")
                if not blank:
                    continue
                held, headed = rest, True
                del head
            keep = len(end) + 4
            ready = held[: max(len(held) - keep, 0)]
            held = held[len(ready) :]
            file.write(ready)
            digest.update(ready)
        last = held.partition(end)[0] if end and end in held else held
        if end and end not in held:
            raise _FaultError("21")
        file.write(last)
        digest.update(last)
    return digest.digest()


def _facts(place: Path) -> dict[str, Any]:
    """Read who sends what to whom: the one place where the simulator looks into a package. Error 22 for what is none."""
    texts: dict[str, str] = {}
    to = list[str]()
    path = list[str]()
    try:
        for event, element in ET.iterparse(place, events=("start", "end")):  # noqa: S314  what the sandbox's own office sends
            local = element.tag.rpartition("}")[2]
            if event == "start":
                path.append(local)
                continue
            path.pop()
            if local == "OrganId" and path[-1:] == ["To"]:
                to.append((element.text or "").strip())
            texts.setdefault("/".join([*path[-1:], local]), (element.text or "").strip()[:500])
            if local == "Attachment":
                element.clear()
    except ET.ParseError as error:
        raise _FaultError("22") from error
    if "From/OrganId" not in texts:
        raise _FaultError("22")
    code = texts.get("Code/CodeNumber"), texts.get("Code/CodeNotation")
    notation = "/".join(filter(None, code)) or texts.get("ResponseFor/Code", "")
    return {
        "sender": texts["From/OrganId"],
        "to": to,
        "notation": notation,
        "title": texts.get("MessageHeader/Subject", ""),
    }


def _received(axis: Axis, handler: _Handler) -> dict[str, object]:
    member, kind = handler.member(), handler.asked("messagetype") or "edoc"
    data = [
        {
            "docId": each.doc_id,
            "serviceType": "eDoc",
            "messageType": each.kind,
            "created_time": each.created,
            "updated_time": each.updated,
            "from": each.sender,
            "to": each.to,
            "status": each.status,
            "status_desc": each.status,
        }
        for each in axis.lying()
        if each.to == member.identifier and each.kind == kind and each.status not in {"done", "fail"}
    ]
    return _said("0", data=data) if data else {}


def _sent(axis: Axis, handler: _Handler) -> dict[str, object]:
    member, kind = handler.member(), handler.asked("messagetype") or "edoc"
    data = [
        {
            "serviceType": "eDoc",
            "messageType": each.kind,
            "senderDocId": each.doc_id,
            "receiverDocId": each.doc_id,
            "fromCode": each.sender,
            "toCode": each.to,
            "notation": each.notation,
            "title": each.title,
            "sentTime": each.created,
            "receivedTime": each.updated,
            "sendStatus": "done",
            "sendStatusDesc": "done",
            "receiveStatus": each.status,
            "receiveStatusDesc": each.status,
        }
        for each in axis.lying()
        if each.sender == member.identifier and each.kind == kind
    ]
    return _said("0", data=data)


def _get(axis: Axis, handler: _Handler) -> bytes:
    member, doc_id = handler.member(), handler.asked("docId")
    found = axis.find(doc_id)
    if found is None or member.identifier not in {found.to, found.sender}:
        raise _FaultError("10")
    begin, _data, end = json.dumps(_said("0", data="?"), ensure_ascii=False).encode().partition(b"?")
    return begin + base64.b64encode(axis.package(doc_id).read_bytes()).replace(b"=", b"\\u003d") + end


def _update(axis: Axis, handler: _Handler) -> dict[str, object]:
    member, doc_id, status = handler.member(), handler.asked("docid"), handler.asked("status")
    found = axis.find(doc_id)
    if found is None or found.to != member.identifier or status not in {"processing", "done", "fail"}:
        raise _FaultError("10")
    moment = f"{datetime.now(VIETNAM):%Y-%m-%d %H:%M:%S}"
    place = axis.folder / f"{doc_id}.json"
    times = place.stat()
    axis.note(Lying(**{**asdict(found), "status": status, "updated": moment}))

    os.utime(place, ns=(times.st_atime_ns, times.st_mtime_ns))  # the order of arrival stays
    return _said("0")


_CALLS: Mapping[str, Callable[[Axis, Any], dict[str, object] | bytes]] = {
    "sendEdoc": _send,
    "getReceivedEdocList": _received,
    "getSentEdocList": _sent,
    "getEdoc": _get,
    "updateStatus": _update,
}
