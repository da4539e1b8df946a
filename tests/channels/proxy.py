"""A TCP proxy on loopback that breaks the line after so many bytes from the server. It sees only TLS records, as a bad line does."""

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

LOOPBACK = "127.0.0.1"
Fault = Literal["close", "reset", "stall"]


@dataclass(slots=True)
class Proxy:
    """A running proxy. `after` is how many bytes of the server's pass on each connection; None: all of them."""

    target: int
    listener: socket.socket
    fault: Fault = "close"
    after: int | None = None
    _open: list[socket.socket] = field(default_factory=list)

    @property
    def port(self) -> int:
        port: int = self.listener.getsockname()[1]
        return port

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self.listener.accept()
                server = socket.create_connection((LOOPBACK, self.target))
                for each in (client, server):
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open += [client, server]
                threading.Thread(target=self._pass, args=(client, server, None), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client, self.after), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, left: int | None) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536 if left is None else max(1, min(65536, left))):
                if left == 0:
                    return self._break(source, target)
                target.sendall(data)
                left = None if left is None else left - len(data)
            target.shutdown(socket.SHUT_WR)
        return None

    def _break(self, server: socket.socket, client: socket.socket) -> None:
        if self.fault == "stall":
            return
        if self.fault == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for each in (client, server):
            hang_up(each, reset=self.fault == "reset")

    def break_all(self) -> None:
        """Close what is open, as an idle server does."""
        for each in self._open:
            hang_up(each)


def hang_up(each: socket.socket, *, reset: bool = False) -> None:
    """Close a socket that another thread may be reading: that one is woken first, else the close waits for it."""
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)
    each.close()


@contextmanager
def proxy(target: int, fault: Fault = "close", after: int | None = None) -> Iterator[Proxy]:
    """Stand before a port on loopback until the block is left."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        running = Proxy(target, listener, fault, after)
        thread = threading.Thread(target=running._accept, daemon=True)
        thread.start()
        try:
            yield running
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            running.break_all()
