"""The national document axis (trục liên thông văn bản quốc gia), through the local adapter: LGSP, or a VDXP security server.

Five calls over HTTP, all POST, as the government's SDK makes them (domain.md 5.4, and the SDK's own source): sendEdoc,
getReceivedEdocList, getEdoc, getSentEdocList, updateStatus. What is asked stands in header fields `XroadVnpt-…`, listed and signed with
HMAC-SHA-256 under the secret, which never leaves this machine; and once more under plain names, as other adapters read them.
The answer is JSON with status, ErrorCode, ErrorDesc. A package is received in base64 within JSON and never held as a whole.

A letter's Message-ID is made of its bytes: the one that was being sent when a run died is known again among those sent.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from vanthu_cli.channels.channel import Answered, Known, Waiting
from vanthu_cli.channels.letter import Letter
from vanthu_cli.channels.streams import take_data
from vanthu_cli.document.text import shown
from vanthu_cli.errors import MisuseError, UnreachableError, VanthuError, os_words
from vanthu_cli.locale import _
from vanthu_cli.rules.deadlines import VIETNAM

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

LARGEST = 512 << 20
"""Bytes of a package that is taken at all."""
_PATIENCE = (10.0, 120.0)
"""Seconds for connecting and for each answer."""
_SLICE = 256 << 10
_AHEAD = 2
_MAX_LIST = 32 << 20
_MAX_LISTED = 100_000
_MOST_TRACED = 50
_STATUS = b"<edXML:StatusCode>"
_PREFIX = "XroadVnpt-"
_VERSION = "3.0.201608"
_TYPES = ("edoc", "status")
_MESSAGE_ID = re.compile(r"<([0-9a-f]{64})\.[0-9a-f]{8}@(.+)>")
REPORT = "axis-report"
"""How a report begins that is kept like a letter: what the axis says of a package of ours, as JSON."""
_REPORTED = {"done", "fail"}
_RECENT = timedelta(days=30)
_LOGIN, _SENDER = "15", "19"
_LATER = {"20", "21"}
"""Error codes that are about the axis itself; all others are about the package or its receiver."""
_TIMES = ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S")


def error_words(code: str) -> str:
    """Say what an error code of the axis means (domain.md 5.4)."""
    return {
        "10": _("the package is not valid"),
        "15": _("wrong system identifier or secret"),
        "18": _("the receiver does not exist on the axis"),
        "19": _("the sender is not registered on the axis"),
        "20": _("the axis itself has failed"),
        "21": _("the axis could not process the file"),
        "22": _("the package is not in the form of edXML"),
        "23": _("the receiver is locked on the axis"),
    }.get(code, _("an error that is not listed"))


def letter_id(digest: str, recipient: str) -> str:
    """Choose the Message-ID of a package: by its bytes (SHA-256, hex) it is found again. No two are the same."""
    return f"<{digest}.{secrets.token_hex(4)}@{recipient}>"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Adapter:
    """Where the adapter is and how one logs in: `password` gives the secret, `told` learns whether it was taken.

    `ca`: a PEM file to check its certificate against, None: the system's.
    """

    url: str
    system: str
    password: Callable[[], str]
    told: Callable[[bool], None]
    ca: Path | None = None
    _opened: list["PoolManager"] = field(default_factory=list)
    _secret: list[str] = field(default_factory=list)

    def ask(self, call: str, **asked: str) -> dict[str, Any]:
        """Make a call whose answer is short; `VanthuError` for an error code and for whatever is no answer."""
        with self._telling(), self._call(call, asked, b"{}", "application/json") as answer:
            return _understood(_whole(answer), self.system)

    def download(self, doc_id: str, target: Path) -> None:
        """Save a package. `UnreachableError` "axis.refused" if the adapter has none, "axis.too_large"."""
        with self._call("getEdoc", {"docId": doc_id}, b"{}", "application/json") as answer, target.open("wb") as file:
            try:
                said = take_data(answer.stream(_SLICE), _Limited(file))
            except ValueError as error:
                raise _odd(str(error)) from error
            _understood(json.dumps(said).encode(), self.system)

    def upload(self, body: "_Form", asked: Mapping[str, str]) -> dict[str, Any]:
        """Send a package; the answer whatever its error code."""
        with self._telling(), self._call("sendEdoc", asked, body, body.kind) as answer:
            said = _object(_whole(answer))
            if _code(said) == _LOGIN:
                raise refused_login(self.system, _words(said))
            return said

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Tell whether the secret was taken; a download, which has a thread of its own, tells nobody."""
        try:
            yield
        except MisuseError as error:
            if error.code == "axis.login":
                self.told(False)
                self._secret.clear()
            raise
        self.told(True)

    @contextmanager
    def _call(self, call: str, asked: Mapping[str, str], body: Any, kind: str) -> Iterator["BaseHTTPResponse"]:
        from urllib3 import Timeout
        from urllib3.exceptions import HTTPError

        answer: BaseHTTPResponse | None = None
        try:
            answer = self._pool().request(
                "POST",
                f"{self.url.rstrip('/')}/{call}",
                body=body,
                headers={"Content-Type": kind, "Content-Length": str(len(body)), **self._headers(asked)},
                timeout=Timeout(*_PATIENCE),
                redirect=False,  # nothing but the configuration decides where we go
                retries=False,
                preload_content=False,
            )
            if answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                raise UnreachableError("axis.too_large", _("The axis adapter takes no package as large as this one."))
            if answer.status in {401, 403}:
                raise refused_login(self.system, str(answer.status))
            if answer.status != HTTPStatus.OK:
                raise _odd(f"HTTP {answer.status}")
            yield answer
            answer.drain_conn()
        except (HTTPError, OSError) as error:
            raise UnreachableError(
                "axis.unreachable",
                _("The axis adapter {url} does not answer: {why}").format(url=self.url, why=_why(error)),
                _("Check the network, then run the same command again; nothing is lost."),
            ) from error
        finally:
            if answer is not None:
                answer.close()

    def _pool(self) -> "PoolManager":
        if not self._opened:
            import ssl

            from urllib3 import PoolManager

            # Without a file of its own, the certificates that the system believes.
            context = ssl.create_default_context(cafile=str(self.ca) if self.ca else None)
            self._opened.append(PoolManager(maxsize=_AHEAD + 1, ssl_context=context))
        return self._opened[0]

    def _headers(self, asked: Mapping[str, str]) -> dict[str, str]:
        """Write what is asked into header fields, and sign their list (SDK: XroadVnpt-sign-header, -hash-header)."""
        moment = datetime.now(VIETNAM)
        stamp = f"{moment:%d%m%YT%H%M%S}+{moment.microsecond // 1000:04d}"
        named = {"timestamp": stamp, "systemid": self.system, **asked}
        prefixed = {f"{_PREFIX}{name}": value for name, value in named.items()}
        if "hash-file" in asked:  # the SDK writes each byte without its leading zero, and what it writes is accepted
            prefixed[f"{_PREFIX}hash-file"] = "".join(f"{byte:x}" for byte in bytes.fromhex(asked["hash-file"]))
        signed = json.dumps(prefixed, separators=(",", ":"))
        if not self._secret:  # asked for once, by the thread that may
            self._secret.append(self.password())
        code = hmac.new(self._secret[0].encode(), signed.encode(), hashlib.sha256).hexdigest()
        return {
            **named,
            **prefixed,
            f"{_PREFIX}sign-header-key": ";".join(named),
            f"{_PREFIX}sign-header": signed,
            f"{_PREFIX}hash-header": code,
            f"{_PREFIX}version": _VERSION,
        }

    def close(self) -> None:
        for each in self._opened:
            each.clear()
        self._opened.clear()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class AxisChannel:
    """The axis as a way in and out. `address` is our own identifier there; what is downloaded lies in `scratch` first."""

    name: str
    address: str
    adapter: Adapter
    scratch: Path
    _ids: dict[str, str] = field(default_factory=dict)

    def waiting(self, known: Known) -> Iterator[Waiting]:
        """Yield reports on what we sent, then packages, then statuses: the order in which they came about."""
        yield from self._reports(known)
        for kind in _TYPES:
            listed = {self._noted(entry["docId"]): entry for entry in self._received(kind)}
            new = {identity: entry for identity, entry in listed.items() if identity not in known}
            with _Ahead(list(new), lambda identity: self._download(self._ids[identity], identity)) as ahead:
                for position, (identity, entry) in enumerate(new.items()):
                    received_at = _moment(entry.get("created_time") or entry.get("createdTime"))
                    yield Waiting(identity, received_at, 0, partial(ahead.get, position))

    def _reports(self, known: Known) -> Iterator[Waiting]:
        """Yield what the axis says became of packages of ours: taken in at their receivers' systems, or not."""
        since = datetime.now(UTC) - _RECENT
        for entry in self._sent("edoc"):
            doc_id, state = entry["docId"], str(entry.get("receiveStatus") or "")
            moment = _moment(entry.get("receivedTime") or entry.get("sentTime"))
            identity = f"s.{hashlib.sha256(f'{doc_id} {state}'.encode()).hexdigest()[:32]}"
            if state in _REPORTED and identity not in known and datetime.fromisoformat(moment) > since:
                report = json.dumps({REPORT: {**entry, "state": state}}, ensure_ascii=False).encode()
                yield Waiting(identity, moment, len(report), partial(bytes, report))

    def _received(self, kind: str) -> list[dict[str, Any]]:
        listed = _entries(self.adapter.ask("getReceivedEdocList", servicetype="eDoc", messagetype=kind))
        return [each for each in listed if isinstance(each.get("docId"), str) and _plain(each["docId"])]

    def _sent(self, kind: str) -> list[dict[str, Any]]:
        """Return what the axis has of us, each with its docId, by whatever name it calls that."""
        listed = _entries(self.adapter.ask("getSentEdocList", servicetype="eDoc", messagetype=kind))
        named = [{**each, "docId": str(each.get("senderDocId") or each.get("docId") or "")} for each in listed]
        return [each for each in named if _plain(each["docId"])]

    def _noted(self, doc_id: str) -> str:
        """Return the name under which a package is ours; its own may be of any form."""
        identity = f"a.{hashlib.sha256(doc_id.encode()).hexdigest()[:32]}"
        self._ids[identity] = doc_id
        return identity

    def _download(self, doc_id: str, identity: str) -> Path:
        target = self.scratch / f"{self.name}.{identity}.tmp"
        try:
            self.adapter.download(doc_id, target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        return target

    def acknowledge(self, identities: Sequence[str], broken: Collection[str] = ()) -> None:
        """Tell the axis what is ours, durably: "done", or of packages that nobody can read, "fail"."""
        wanted = [each for each in (*identities, *broken) if each.startswith("a.")]  # reports are told to nobody
        if any(each not in self._ids for each in wanted):  # of an earlier run
            for kind in _TYPES:
                for entry in self._received(kind):
                    self._noted(entry["docId"])
        for each in wanted:
            if each in self._ids:
                self.adapter.ask("updateStatus", status="fail" if each in broken else "done", docid=self._ids[each])

    def hand_over(self, letter: Letter, about_to: Callable[[], None]) -> Answered:
        if not _plain(letter.recipient):
            return Answered(
                "refused", _("{address} is no identifier on the axis").format(address=shown(letter.recipient))
            )
        digest, size = hashlib.sha256(), 0
        for piece in letter.pieces():
            digest.update(piece)
            size += len(piece)
        begun = list[bool]()

        def once() -> None:
            about_to()
            begun.append(True)

        asked = {
            "from": self.address,
            "to": json.dumps([letter.recipient]),
            "servicetype": "eDoc",
            "messagetype": "status" if _STATUS in letter.head else "edoc",
            "hash-file": digest.hexdigest(),
        }
        try:
            said = self.adapter.upload(_Form(letter, size, once), asked)
        except UnreachableError as error:
            if error.code == "axis.too_large":
                return Answered("refused", error.message)
            if not begun:  # without its last line no server can have taken the package
                raise
            return Answered("unsure", error.message)
        return self._answered(said)

    def _answered(self, said: dict[str, Any]) -> Answered:
        code, words = _code(said), _words(said)
        if code == "0":
            doc_id = next((said[name] for name in ("DocId", "docId", "DocID") if said.get(name)), "")
            return Answered("handed-over", shown(f"0 {doc_id}").strip()[:500])
        if code == _SENDER:
            raise not_registered(words)
        if code in _LATER:
            return Answered("later", words)
        return Answered("refused" if code else "unsure", words)

    def trace(self, message_id: str) -> bool | None:
        """Look among what the axis has of us for the very bytes; None when it does not let us look at them."""
        found = _MESSAGE_ID.fullmatch(message_id)
        if found is None:
            return None
        digest, recipient = found.groups()
        sent = [each for kind in _TYPES for each in self._sent(kind)]
        candidates = [each for each in sent if each.get("toCode", recipient) == recipient]
        candidates.sort(key=lambda each: str(each.get("sentTime", "")), reverse=True)
        seen_all = True
        place = self.scratch / f"{self.name}.trace.tmp"
        for each in candidates[:_MOST_TRACED]:
            try:
                self.adapter.download(each["docId"], place)
                with place.open("rb") as file:
                    if hashlib.file_digest(file, "sha256").hexdigest() == digest:
                        return True
            except UnreachableError as error:
                if error.code == "axis.unreachable":
                    raise
                seen_all = False
            finally:
                place.unlink(missing_ok=True)
        return False if seen_all and len(candidates) <= _MOST_TRACED else None

    def largest(self) -> int | None:
        return LARGEST

    def check(self) -> None:
        self.adapter.ask("getReceivedEdocList", servicetype="eDoc", messagetype="edoc")

    def close(self) -> None:
        self.adapter.close()


class _Ahead:
    """Downloads packages while the ones before are being read: from the first that is asked for, a few ahead."""

    def __init__(self, names: Sequence[str], download: Callable[[str], Path]) -> None:
        self._names, self._download = names, download
        self._pool = ThreadPoolExecutor(_AHEAD, "axis")
        self._coming: dict[int, Future[Path]] = {}
        self._over = False

    def __enter__(self) -> Self:
        return self

    def get(self, position: int) -> Path:
        if self._over:
            return self._download(self._names[position])
        for each in range(position, min(position + _AHEAD + 1, len(self._names))):
            if each not in self._coming:
                self._coming[each] = self._pool.submit(self._download, self._names[each])
        return self._coming.pop(position).result()

    def __exit__(self, *_raised: object) -> None:
        """Leave nothing behind of what was fetched ahead and not asked for."""
        self._over = True
        self._pool.shutdown(cancel_futures=True)
        for each in self._coming.values():
            if not each.cancelled() and each.exception() is None:
                each.result().unlink(missing_ok=True)
        self._coming.clear()


class _Form:
    """A package as the one file of a form (RFC 7578), read piece by piece; `about_to` is called before its last piece is given.

    Without its closing line a form is not one: until then nothing can have been accepted.
    """

    def __init__(self, letter: Letter, size: int, about_to: Callable[[], None]) -> None:
        boundary = f"=_{secrets.token_hex(16)}"
        self.kind = f'multipart/form-data; boundary="{boundary}"'
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file_doc"; filename="{secrets.token_hex(16)}.edxml"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        self._end = f"\r\n--{boundary}--\r\n".encode()
        self._size = len(head) + size + len(self._end)
        self._pieces = self._all(head, letter)
        self._held = b""
        self._about_to = about_to

    def _all(self, head: bytes, letter: Letter) -> Iterator[bytes]:
        yield head
        yield from letter.pieces()
        self._about_to()
        yield self._end

    def __len__(self) -> int:
        return self._size

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, at most `size`."""
        while not self._held:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._held = piece
        taken = self._held if size < 0 else self._held[:size]
        self._held = self._held[len(taken) :]
        return taken


class _Limited:
    """A file that takes no more than a package may have."""

    def __init__(self, file: Any) -> None:
        self._file, self._room = file, LARGEST

    def write(self, data: bytes) -> None:
        self._room -= len(data)
        if self._room < 0:
            raise UnreachableError(
                "axis.too_large", _("A package on the axis has more than {limit} MB.").format(limit=LARGEST >> 20)
            )
        self._file.write(data)


def _understood(answer: bytes, system: str) -> dict[str, Any]:
    """Return an answer that says all went well. Nothing at all is what the SDK takes for an empty list."""
    if not answer.strip():
        return {}
    said = _object(answer)
    code = _code(said)
    if code == _LOGIN:
        raise refused_login(system, _words(said))
    if code == _SENDER:
        raise not_registered(_words(said))
    if code != "0":
        raise UnreachableError("axis.refused", _("The axis refuses: {why}").format(why=_words(said)))
    return said


def _plain(name: str) -> bool:
    """Tell whether a name can stand in a header field (RFC 9110 5.5)."""
    return bool(name) and name.isascii() and name.isprintable()


def refused_login(system: str, why: str) -> MisuseError:
    return MisuseError(
        "axis.login",
        _("The axis does not accept system {system}: {why}").format(system=system, why=why),
        _("Correct system and secret of the channel, then run “vanthu doctor”: it tries once."),
    )


def not_registered(why: str) -> MisuseError:
    return MisuseError(
        "axis.sender",
        _("The axis does not know this office: {why}").format(why=why),
        _(
            "Set address of the channel to the office's identifier as it is registered on the axis; a document queued before "
            "that goes with: vanthu send ID --again"
        ),
    )


def _odd(why: str) -> VanthuError:
    return UnreachableError(
        "axis.odd",
        _("What answers at the axis adapter's address is not understood: {why}").format(why=shown(why)[:200]),
        _("Check url of the channel; if it is right, ask the administrator of the axis."),
    )


def _why(error: BaseException) -> str:
    """Say what broke the line: what the system said lies deep within what the libraries make of it."""
    import socket
    import ssl

    below: BaseException | None = error
    while below is not None:
        if isinstance(below, ssl.SSLCertVerificationError):
            return _("its certificate is not trusted")
        if isinstance(below, socket.gaierror):
            return _("nobody knows this server name")
        if isinstance(below, TimeoutError) or "timed out" in str(below):
            return _("it does not answer in time")
        inner = [each for each in below.args if isinstance(each, BaseException)]
        reason = getattr(below, "reason", None)
        deeper = inner or ([reason] if isinstance(reason, BaseException) else [])
        if not deeper and isinstance(below, OSError) and below.errno:
            return os_words(below)
        below = deeper[0] if deeper else below.__cause__ or below.__context__
    return _("the line was cut")


def _whole(answer: "BaseHTTPResponse") -> bytes:
    taken = bytearray()
    for piece in answer.stream(_SLICE):
        taken += piece
        if len(taken) > _MAX_LIST:
            raise _odd(_("an answer that is too long"))
    return bytes(taken)


def _object(answer: bytes) -> dict[str, Any]:
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise _odd(answer[:100].decode("utf-8", "replace")) from error
    if not isinstance(said, dict):
        raise _odd(answer[:100].decode("utf-8", "replace"))
    return said


def _code(said: Mapping[str, Any]) -> str:
    """Return the error code; an answer without one is judged by its status."""
    for name in ("ErrorCode", "errorCode", "error_code"):
        if said.get(name) is not None:
            return str(said[name]).strip()
    return "0" if str(said.get("status", "")).upper() in {"OK", "SUCCESS"} else ""


def _words(said: Mapping[str, Any]) -> str:
    code = _code(said)
    told = next((str(said[name]) for name in ("ErrorDesc", "errorDesc", "error_desc") if said.get(name)), "")
    return shown(f"{code} {error_words(code)}" + (f" ({told})" if told else "")).strip()[:500]


def _entries(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed = said.get("data")
    return [each for each in listed[:_MAX_LISTED] if isinstance(each, dict)] if isinstance(listed, list) else []


def _moment(said: object) -> str:
    """Return when the axis says it received a package, as ISO UTC; now, if it doesn't say so in any form known."""
    text = str(said or "").strip().partition(".")[0]
    if text.isdecimal() and len(text) >= len("1700000000"):
        with suppress(ValueError, OverflowError, OSError):
            return datetime.fromtimestamp(int(text[:10]), UTC).isoformat(timespec="seconds")
    for form in _TIMES:
        with suppress(ValueError):
            local = datetime.strptime(text, form).replace(tzinfo=VIETNAM)
            return local.astimezone(UTC).isoformat(timespec="seconds")
    return datetime.now(UTC).isoformat(timespec="seconds")
