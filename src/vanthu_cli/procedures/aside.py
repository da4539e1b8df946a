"""A process that does one work on strangers' files, within limits of time and memory: a bomb costs one answer."""

import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from vanthu_cli.procedures.workers import Worker, calmly, until_closed

_SECONDS = 60
_BYTES = 3 << 30


class Aside:
    """Does the work it is asked for; its process is started when first needed, replaced when it dies or is too slow."""

    def __init__(self, work: Callable[..., Any], seconds: float = _SECONDS) -> None:
        self.seconds = seconds
        self._worker = Worker(_serve, (work,))

    def __call__(self, *asked: object) -> Any:
        """Return what the work returns, or why it could not be done: "broken", "too-slow"."""
        try:
            self._worker.pipe.send(asked)
            if self._worker.pipe.poll(self.seconds):
                return self._worker.pipe.recv()
            fault = "too-slow"
        except (EOFError, OSError):
            fault = "broken"
        self._worker.close()
        return fault

    def close(self) -> None:
        self._worker.close()


def _serve(pipe: Connection, work: Callable[..., Any]) -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
    calmly()
    until_closed(pipe, lambda asked: work(*asked), lambda _error: "broken")
