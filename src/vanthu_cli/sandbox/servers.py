"""The practice office's servers on 127.0.0.1: IMAP, SMTP submission, time stamp authority. No root, no outside world.

Mailboxes stay on disk, so servers started again on the same ports go on where they stopped.
"""

import asyncio
import logging
import ssl
import threading
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from weakref import WeakSet

from asn1crypto import tsp
from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from vanthu_cli.sandbox.imap import LINE_LIMIT, Session, Store
from vanthu_cli.sandbox.mailboxes import INBOX, SENT
from vanthu_cli.sandbox.pki import PracticePki
from vanthu_cli.sandbox.smtp import Postbox, Submission, submission

LOOPBACK = "127.0.0.1"
_START_SECONDS = 10
_MAX_REQUEST = 65_536


@dataclass(frozen=True, slots=True)
class Ports:
    """TCP ports on 127.0.0.1; 0 lets the system choose a free one."""

    imap: int = 0
    imaps: int = 0
    smtp: int = 0
    tsa: int = 0


@dataclass(frozen=True, slots=True)
class Servers:
    """Running servers: IMAP with STARTTLS (`ports.imap`) and with TLS at once (`ports.imaps`), submission, TSA."""

    host: str
    ports: Ports
    tsa_url: str


@contextmanager
def start_servers(
    folder: Path,
    users: Mapping[str, str],
    pki: PracticePki,
    ports: Ports | None = None,
    *,
    answers: Mapping[str, str] | None = None,
    bounces: AbstractSet[str] = frozenset(),
) -> Iterator[Servers]:
    """Serve the practice mailboxes under `folder/mail` until the block is left; everything is closed then.

    `users` maps address to password; `answers` maps recipients to SMTP replies ("450 4.2.0 …"); mail to `bounces` is
    accepted and comes back as a non-delivery report. `OSError` if a given port is taken.
    """
    logging.getLogger("mail.log").addHandler(logging.NullHandler())  # aiosmtpd's remarks are not for the clerk's screen
    for address in users:
        for box in (INBOX, SENT):
            (folder / "mail" / address / box).mkdir(mode=0o700, parents=True, exist_ok=True)
    asked = ports or Ports()
    mail = _Mail(Store(folder / "mail", users), Postbox(folder, users, answers or {}, bounces), asked, _tls(pki))
    with _time_stamping(pki, asked.tsa) as tsa, mail.running() as (imap, imaps, smtp):
        yield Servers(LOOPBACK, Ports(imap, imaps, smtp, tsa), f"http://{LOOPBACK}:{tsa}/")


def _tls(pki: PracticePki) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.tls_certificate, pki.tls_key)
    return context


class _Mail:
    """The mail servers in one thread with one event loop."""

    def __init__(self, store: Store, postbox: Postbox, ports: Ports, tls: ssl.SSLContext) -> None:
        self._store, self._postbox, self._ports, self._tls = store, postbox, ports, tls
        self._smtp: WeakSet[Submission] = WeakSet()

    @contextmanager
    def running(self) -> Iterator[tuple[int, int, int]]:
        """Yield the ports of IMAP, IMAP over TLS and SMTP."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="practice mail", daemon=True)
        thread.start()
        try:
            servers = asyncio.run_coroutine_threadsafe(self._listen(), loop).result(_START_SECONDS)
            try:
                imap, imaps, smtp = (server.sockets[0].getsockname()[1] for server in servers)
                yield imap, imaps, smtp
            finally:
                asyncio.run_coroutine_threadsafe(self._close(servers), loop).result(_START_SECONDS)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(_START_SECONDS)
            loop.close()

    async def _listen(self) -> list[asyncio.Server]:
        ports, servers = self._ports, list[asyncio.Server]()
        try:
            servers.append(await asyncio.start_server(self._starttls, LOOPBACK, ports.imap, limit=LINE_LIMIT))
            servers.append(
                await asyncio.start_server(self._over_tls, LOOPBACK, ports.imaps, limit=LINE_LIMIT, ssl=self._tls)
            )
            servers.append(await asyncio.get_running_loop().create_server(self._submission, LOOPBACK, ports.smtp))
        except OSError:
            await self._close(servers)
            raise
        return servers

    async def _starttls(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Session(self._store, reader, writer, self._tls, secure=False).serve()

    async def _over_tls(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Session(self._store, reader, writer, self._tls, secure=True).serve()

    def _submission(self) -> Submission:
        protocol = submission(self._postbox, self._tls)
        self._smtp.add(protocol)
        return protocol

    async def _close(self, servers: list[asyncio.Server]) -> None:
        for server in servers:
            server.close()
        for protocol in self._smtp:
            if protocol.transport is not None:
                protocol.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0.01)  # the loop closes aborted sockets in its next rounds


@contextmanager
def _time_stamping(pki: PracticePki, port: int) -> Iterator[int]:
    """Answer RFC 3161 requests over HTTP in a thread of its own; yield the port."""
    (certificate,) = load_certs_from_pemder_data(pki.tsa_certificate.read_bytes())
    chain = SimpleCertificateStore()
    chain.register_multiple(load_certs_from_pemder_data(pki.state.read_bytes()))
    stamper = DummyTimeStamper(certificate, load_private_key_from_pemder(pki.tsa_key, None), certs_to_embed=chain)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = tsp.TimeStampReq.load(self.rfile.read(min(int(self.headers["Content-Length"]), _MAX_REQUEST)))
            answer = stamper.request_tsa_response(request).dump()
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Stay silent: the office's own log tells what was stamped."""

    with ThreadingHTTPServer((LOOPBACK, port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
