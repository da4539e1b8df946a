"""A small IMAP4rev1 server (RFC 3501) for practice and tests: what a clerk's mail channel asks for, and no more.

STARTTLS or TLS from the first byte and no login without; UIDPLUS (RFC 4315), MOVE (RFC 6851), UNSELECT, SPECIAL-USE,
keywords that are kept. ENVELOPE, BODYSTRUCTURE and IDLE are missing: the program reads whole messages, when asked to.
One event loop serves every session, and no command waits in its middle for anything but its own client.
"""

import asyncio
import re
import ssl
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from imaplib import Internaldate2tuple
from pathlib import Path

from vanthu_cli.sandbox.imap_messages import BODY, item, items, search
from vanthu_cli.sandbox.imap_words import SYSTEM_FLAGS, RefusedError, Word, chosen, flags, folder_name, text, words
from vanthu_cli.sandbox.mailboxes import SENT, Box

LINE_LIMIT = 2**20
"""Bytes of one command line: a list of 100,000 UIDs fits."""

_CAPABILITIES = "IMAP4rev1 LITERAL+ UIDPLUS MOVE UNSELECT SPECIAL-USE"
_MAX_LITERAL = 64 * 2**20
_LITERAL = re.compile(rb"\{(\d+)(\+?)\}\r?\n$")


@dataclass(slots=True)
class Store:
    """Users with their passwords, and the mailboxes below `mail`; shared by all sessions of the server."""

    mail: Path
    users: Mapping[str, str]
    boxes: dict[Path, Box] = field(default_factory=dict)

    def box(self, path: Path) -> Box:
        if path not in self.boxes:
            self.boxes[path] = Box.open(path)
        return self.boxes[path]


@dataclass(slots=True)
class Session:
    """One client's connection, from greeting to LOGOUT."""

    store: Store
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    tls: ssl.SSLContext
    secure: bool
    home: Path | None = None
    box: Box | None = None
    readonly: bool = True
    view: list[int] = field(default_factory=list)
    """UIDs by sequence number, as this client was told."""

    async def serve(self) -> None:
        self._send(f"* OK [CAPABILITY {self._capabilities()}] practice mail server")
        name = ""
        try:
            while name != "LOGOUT":
                tag, name, answer = await self._command()
                self._send(f"{tag} {answer}")
                await self.writer.drain()
                if name == "STARTTLS" and answer.startswith("OK"):
                    await self.writer.start_tls(self.tls)
                    self.secure = True
        except (OSError, EOFError, asyncio.LimitOverrunError):
            pass  # the client is gone, or talks without end
        except asyncio.CancelledError:
            self.writer.transport.abort()  # the server stops; Python 3.11 logs a cancelled session as a crash
        finally:
            self.writer.close()

    def _send(self, line: str) -> None:
        self.writer.write(line.encode() + b"\r\n")

    async def _command(self) -> tuple[str, str, str]:
        """Read one command and carry it out; return its tag, its name and the answer."""
        line, literals = await self._line()
        tag = (line.split(maxsplit=1) or [b"*"])[0].decode(errors="replace")
        name = ""
        try:
            _tag, verb, *rest = words(line, literals)
            name = text(verb).upper()
            return tag, name, await self._answer(name, rest)
        except RefusedError as refusal:
            return tag, name, str(refusal)
        except (LookupError, ValueError):
            return tag, name, "BAD this command is not understood"

    async def _line(self) -> tuple[bytes, deque[bytes]]:
        line, literals = b"", deque[bytes]()
        while literal := _LITERAL.search(part := await self.reader.readuntil(b"\n")):
            if int(literal[1]) > _MAX_LITERAL:
                raise EOFError
            if not literal[2]:
                self._send("+ go on")
                await self.writer.drain()
            line += part[: literal.start()] + b"\0"
            literals.append(await self.reader.readexactly(int(literal[1])))
        return line + part, literals

    async def _answer(self, name: str, rest: list[Word]) -> str:  # noqa: PLR0911  one return per session state and command
        by_uid = name == "UID"
        if by_uid:
            name, rest = text(rest[0]).upper(), rest[1:]
        if name in {"CAPABILITY", "NOOP", "CHECK", "LOGOUT", "STARTTLS", "LOGIN"}:
            return self._always(name, rest)
        if self.home is None:
            return "BAD log in first"
        if name in {"LIST", "LSUB"}:
            return self._list(name, text(rest[0]) + text(rest[1]), self.home)
        if name in {"SELECT", "EXAMINE", "CREATE", "SUBSCRIBE", "STATUS", "APPEND"}:
            return self._about_box(name, rest, self.home)
        if self.box is None:
            return "BAD select a mailbox first"
        if name == "SEARCH":
            return self._search(rest, self.box, by_uid=by_uid)
        if name == "FETCH":
            return await self._fetch(rest, self.box, by_uid=by_uid)
        return self._change(name, rest, self.box, by_uid=by_uid)

    def _always(self, name: str, rest: list[Word]) -> str:
        if name == "CAPABILITY":
            self._send(f"* CAPABILITY {self._capabilities()}")
        elif name == "LOGOUT":
            self._send("* BYE")
        elif name == "STARTTLS" and self.secure:
            return "BAD TLS is on"
        elif name == "LOGIN":
            if not self.secure:
                return "NO [PRIVACYREQUIRED] no password without TLS"
            user = text(rest[0])
            if user not in self.store.users or self.store.users[user] != text(rest[1]):
                return "NO [AUTHENTICATIONFAILED] unknown user or wrong password"
            self.home = self.store.mail / user
            return f"OK [CAPABILITY {self._capabilities()}] welcome"
        elif self.box is not None:
            self._tell_changes(self.box)
        return f"OK {name} done"

    def _capabilities(self) -> str:
        return _CAPABILITIES if self.secure else f"{_CAPABILITIES} STARTTLS LOGINDISABLED"

    def _list(self, name: str, pattern: str, home: Path) -> str:
        if not pattern:
            self._send(f'* {name} (\\Noselect) "/" ""')
        fitting = re.compile(re.escape(pattern).replace(r"\*", ".*").replace("%", ".*"))
        for folder in sorted(path.name for path in home.iterdir()):
            if fitting.fullmatch(folder):
                special = " \\Sent" if folder == SENT else ""
                self._send(f'* {name} (\\HasNoChildren{special}) "/" "{folder}"')
        return f"OK {name} done"

    def _about_box(self, name: str, rest: list[Word], home: Path) -> str:
        path = home / folder_name(rest[0])
        if (name == "CREATE") == path.is_dir():
            return "NO [ALREADYEXISTS] this mailbox is there" if path.is_dir() else "NO [TRYCREATE] no such mailbox"
        box = self.store.box(path)
        if name in {"SELECT", "EXAMINE"}:
            return self._select(box, readonly=name == "EXAMINE")
        if name == "APPEND":
            return self._append(rest[1:], box)
        if name == "STATUS":
            known = {"MESSAGES": len(box.uids()), "UIDNEXT": box.uidnext, "UIDVALIDITY": box.uidvalidity, "RECENT": 0}
            known["UNSEEN"] = sum("\\Seen" not in kept for kept in box.flags.values())
            self._send(f'* STATUS "{path.name}" ({" ".join(f"{key} {known[key]}" for key in items(rest[1]))})')
        return f"OK {name} done"

    def _select(self, box: Box, *, readonly: bool) -> str:
        self.box, self.readonly, self.view = box, readonly, box.uids()
        known = " ".join(sorted({*SYSTEM_FLAGS.values()}.union(*box.flags.values())))
        self._send(f"* FLAGS ({known})")
        self._send("* OK [PERMANENTFLAGS ()]" if readonly else f"* OK [PERMANENTFLAGS ({known} \\*)]")
        self._send(f"* {len(self.view)} EXISTS")
        self._send("* 0 RECENT")
        self._send(f"* OK [UIDVALIDITY {box.uidvalidity}]")
        self._send(f"* OK [UIDNEXT {box.uidnext}]")
        return "OK [READ-ONLY] examined" if readonly else "OK [READ-WRITE] selected"

    def _append(self, rest: list[Word], box: Box) -> str:
        *options, raw = rest
        if not isinstance(raw, bytes):
            return "BAD no message"
        kept, when = frozenset[str](), None
        for option in options:
            if isinstance(option, list):
                kept = flags(option)
            else:
                moment = Internaldate2tuple(b'INTERNALDATE "%s"' % option)
                when = time.mktime(moment) if moment else None
        uid = box.add(raw, kept, when)
        if self.box is not None:
            self._tell_changes(self.box)
        return f"OK [APPENDUID {box.uidvalidity} {uid}] kept"

    def _tell_changes(self, box: Box) -> None:
        """Tell this client what came and what other sessions removed; renumbers its view."""
        now = box.uids()
        for index in reversed(range(len(self.view))):
            if self.view[index] not in box.flags:
                self._send(f"* {index + 1} EXPUNGE")
                del self.view[index]
        if self.view != now:
            self.view = now
            self._send(f"* {len(now)} EXISTS")

    def _search(self, rest: list[Word], box: Box, *, by_uid: bool) -> str:
        if by_uid:
            self._tell_changes(box)
        criteria = deque(rest[2:] if rest[0] in {b"CHARSET", b"charset"} else rest)
        found = search(criteria, box, self.view)
        hits = [uid if by_uid else index for index, uid in enumerate(self.view, 1) if uid in found]
        self._send(" ".join(["* SEARCH", *map(str, hits)]))
        return "OK SEARCH done"

    async def _fetch(self, rest: list[Word], box: Box, *, by_uid: bool) -> str:
        names = items(rest[1])
        if by_uid and "UID" not in (name.upper() for name in names):
            names.append("UID")
        reads = any((body := BODY.fullmatch(name)) and body[1].upper() == "BODY" for name in names)
        for uid in chosen(rest[0], self.view, by_uid=by_uid):
            if uid not in box.flags:
                continue  # another session removed it
            if reads and not self.readonly:
                box.flags[uid] |= {"\\Seen"}
                box.save()
            parts = b" ".join(item(name, box, uid) for name in names)
            self.writer.write(b"* %d FETCH (%s)\r\n" % (self.view.index(uid) + 1, parts))
            await self.writer.drain()
        return "OK FETCH done"

    def _change(self, name: str, rest: list[Word], box: Box, *, by_uid: bool) -> str:
        if name in {"CLOSE", "UNSELECT"}:
            if name == "CLOSE" and not self.readonly:
                box.remove([uid for uid, kept in box.flags.items() if "\\Deleted" in kept])
            self.box, self.view = None, []
            return f"OK {name} done"
        if self.readonly and name != "COPY":
            return "NO [READ-ONLY] the mailbox was only examined"
        uids = [uid for uid in (chosen(rest[0], self.view, by_uid=by_uid) if rest else self.view) if uid in box.flags]
        if name == "EXPUNGE":
            box.remove([uid for uid in uids if "\\Deleted" in box.flags[uid]])
            self._tell_changes(box)
            return "OK EXPUNGE done"
        if name == "STORE":
            return self._store(uids, text(rest[1]).upper(), flags(rest[2]), box, by_uid=by_uid)
        if name in {"COPY", "MOVE"}:
            return self._copy(uids, folder_name(rest[1]), box, move=name == "MOVE")
        return f"BAD {name} is not practised here"

    def _store(self, uids: Sequence[int], how: str, named: frozenset[str], box: Box, *, by_uid: bool) -> str:
        for uid in uids:
            before = box.flags[uid] if how[0] in "+-" else frozenset()
            box.flags[uid] = before - named if how[0] == "-" else before | named
        box.save()
        for uid in [] if how.endswith(".SILENT") else uids:
            shown = item("FLAGS", box, uid) + (b" " + item("UID", box, uid) if by_uid else b"")
            self.writer.write(b"* %d FETCH (%s)\r\n" % (self.view.index(uid) + 1, shown))
        return "OK STORE done"

    def _copy(self, uids: Sequence[int], folder: str, box: Box, *, move: bool) -> str:
        path = box.path.parent / folder
        if not path.is_dir():
            return "NO [TRYCREATE] no such mailbox"
        target = self.store.box(path)
        copies = [target.add(box.file(u).read_bytes(), box.flags[u], box.file(u).stat().st_mtime) for u in uids]
        pairs = f"{','.join(map(str, uids))} {','.join(map(str, copies))}"
        code = f"[COPYUID {target.uidvalidity} {pairs}]" if uids else ""
        if not move:
            return f"OK {code} copied"
        self._send(f"* OK {code} moved")  # RFC 6851, 4.3: before the EXPUNGE lines
        box.remove(uids)
        self._tell_changes(box)
        return "OK MOVE done"
