"""A line server whose every word the test chooses: for what neither real nor practice servers can be made to say."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"


@dataclass(slots=True)
class Line:
    """One connection, seen from the server."""

    socket: socket.socket
    heard: list[bytes]
    """Every line of every client of this server, as it was read after TLS."""
    _rest: bytes = b""

    def say(self, *lines: str | bytes) -> None:
        for line in lines:
            self.socket.sendall((line.encode() if isinstance(line, str) else line) + b"\r\n")

    def send(self, raw: bytes) -> None:
        self.socket.sendall(raw)

    def hear(self) -> bytes:
        """Return the next line without its end; EOFError when the client is gone."""
        while b"\n" not in self._rest:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError
            self._rest += data
        line, _end, self._rest = self._rest.partition(b"\n")
        self.heard.append(line.rstrip(b"\r"))
        return line.rstrip(b"\r")

    def take(self, count: int) -> bytes:
        """Read exactly so many bytes."""
        while len(self._rest) < count:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError
            self._rest += data
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken

    def start_tls(self, context: ssl.SSLContext) -> None:
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def reset(self) -> None:
        """Break the connection so that the client notices at once, whatever is still under way."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


@dataclass(slots=True)
class Liar:
    """A running line server."""

    port: int
    heard: list[bytes] = field(default_factory=list)
    connections: int = 0
    crashed: list[Exception] = field(default_factory=list)


@contextmanager
def liar(talk: Callable[[Line], None], tls: ssl.SSLContext | None = None) -> Iterator[Liar]:
    """Serve on loopback, each connection by `talk` in a thread of its own; with `tls` from the first byte."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        running = Liar(listener.getsockname()[1])
        threads = list[threading.Thread]()
        sockets = list[socket.socket]()

        def serve(connection: socket.socket) -> None:
            line = Line(connection, running.heard)
            try:
                if tls:
                    line.start_tls(tls)
                talk(line)
            except (OSError, EOFError):
                pass  # the client is gone
            except Exception as error:  # noqa: BLE001  the test is told
                running.crashed.append(error)
            finally:
                with contextlib.suppress(OSError):
                    line.socket.close()

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _address = listener.accept()
                    connection.settimeout(10)
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    running.connections += 1
                    sockets.append(connection)
                    threads.append(threading.Thread(target=serve, args=(connection,), daemon=True))
                    threads[-1].start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield running
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join(5)
            for thread in threads:
                thread.join(5)
    assert not running.crashed, running.crashed


@dataclass(slots=True)
class Imap:
    """A made-up IMAP server: answers by rule, everything else with OK.

    `rules` maps the beginning of a command (without its tag, "UID FETCH", in capitals) to what is said before the
    tagged answer, or to a function that says everything itself.
    """

    rules: dict[str, bytes | Callable[[Line, bytes], None]] = field(default_factory=dict)
    greeting: str = "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready"
    starttls: ssl.SSLContext | None = None

    def __call__(self, line: Line) -> None:
        line.say(self.greeting)
        while True:
            tag, _blank, command = line.hear().partition(b" ")
            for beginning, rule in self.rules.items():
                if command.upper().startswith(beginning.encode()):
                    if callable(rule):
                        rule(line, tag)
                    else:
                        line.send(rule)
                        line.say(tag + b" OK done")
                    break
            else:
                self._usual(line, tag, command.upper())

    def _usual(self, line: Line, tag: bytes, command: bytes) -> None:
        if command.startswith(b"CAPABILITY"):
            line.say("* CAPABILITY IMAP4rev1 MOVE" + (" STARTTLS" if self.starttls else ""))
        elif command.startswith((b"EXAMINE", b"SELECT")):
            line.say("* 3 EXISTS", "* OK [UIDVALIDITY 5]", "* OK [PERMANENTFLAGS (\\Seen \\*)]")
        elif command.startswith(b"UID SEARCH"):
            line.say("* SEARCH 1 2 3")
        line.say(tag + b" OK done")
        if command.startswith(b"STARTTLS") and self.starttls:
            line.start_tls(self.starttls)


@dataclass(slots=True)
class Smtp:
    """A made-up submission server; `says` maps a command's first word (or "." after DATA) to the reply."""

    says: dict[str, str | Callable[[Line], None]] = field(default_factory=dict)
    features: tuple[str, ...] = ("SIZE 31457280", "AUTH PLAIN LOGIN", "DSN")
    starttls: ssl.SSLContext | None = None

    def __call__(self, line: Line) -> None:
        self._reply(line, "CONNECT", "220 mail ESMTP")
        while True:
            command = line.hear()
            verb = command.split(b" ")[0].decode("ascii", "replace").upper()
            if verb == "EHLO":
                offers = ["mail", *self.features, *(["STARTTLS"] if self.starttls else [])]
                usual = "\r\n".join(f"250{'-' if each != offers[-1] else ' '}{each}" for each in offers)
            else:
                usual = {"AUTH": "235 2.7.0 ok", "DATA": "354 go on", "QUIT": "221 bye", "STARTTLS": "220 go"}.get(
                    verb, "250 2.0.0 ok"
                )
            self._reply(line, verb, usual)
            if verb == "STARTTLS" and self.starttls:
                line.start_tls(self.starttls)
            if verb == "DATA" and "DATA" not in self.says:
                while line.hear() != b".":
                    pass
                self._reply(line, ".", "250 2.0.0 queued")

    def _reply(self, line: Line, verb: str, usual: str) -> None:
        said = self.says.get(verb, usual)
        if callable(said):
            said(line)
        else:
            line.say(said)
