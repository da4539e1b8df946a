"""A second process that does one kind of work: started when first needed, asked and answered through a pipe, ended with its owner.

On Linux the processes are forked from a server that has imported the heavy libraries once (0.7 s each otherwise); the server
is started before any secret is known and holds none. Elsewhere each imports for itself.
"""

import contextlib
import gc
import multiprocessing
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from threading import Lock
from typing import Any

_PRELOADED = ["vanthu_cli.procedures.examine", "vanthu_cli.reading.look", "vanthu_cli.validation.files"]
_GENTLY = (50_000, 20, 100)
"""Collections of the garbage collector are a fifth of the time of small files; there is little to collect."""


@dataclass(slots=True)
class Worker:
    """One process running `serve(pipe, *arguments)`. One thread asks; any may close it meanwhile: then the answer is an `EOFError`."""

    serve: Callable[..., None]
    arguments: Sequence[Any]
    _process: BaseProcess | None = field(default=None, init=False)
    _pipe: Connection | None = field(default=None, init=False)
    _turn: Lock = field(default_factory=Lock, init=False)

    @property
    def pipe(self) -> Connection:
        """Our end, the process being started if it is not there."""
        with self._turn:
            if self._pipe is None:
                context: Any = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
                if sys.platform == "linux":
                    context.set_forkserver_preload(_PRELOADED)
                self._pipe, theirs = context.Pipe()
                self._process = context.Process(target=self.serve, args=(theirs, *self.arguments), daemon=True)
                self._process.start()
                theirs.close()
            return self._pipe

    def close(self) -> None:
        """End the process, whatever it does."""
        with self._turn:
            if self._process is not None and self._pipe is not None:
                self._process.kill()  # first: a thread that waits at the pipe sees its end; of a closed one it might see nothing
                self._process.join()
                self._pipe.close()
            self._process = self._pipe = None


def warm() -> None:
    """Start the server that workers are forked from, so that it loads its libraries while this process loads its own."""
    if sys.platform == "linux":
        from multiprocessing import forkserver

        multiprocessing.get_context("forkserver").set_forkserver_preload(_PRELOADED)
        forkserver.ensure_running()


def calmly() -> None:
    """Let the garbage collector pass over what is loaded, and come seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GENTLY)


def until_closed(
    pipe: Connection, answer: Callable[[Any], Any], failed: Callable[[Exception], Any] | None = None
) -> None:
    """Answer what comes through the pipe until its other end is closed; `failed` answers where that cannot be done."""
    with contextlib.suppress(EOFError, KeyboardInterrupt, BrokenPipeError):
        while True:
            asked = pipe.recv()
            try:
                reply = ForkingPickler.dumps(answer(asked))
            except Exception as error:
                if failed is None:
                    raise
                reply = ForkingPickler.dumps(failed(error))
            pipe.send_bytes(reply)
