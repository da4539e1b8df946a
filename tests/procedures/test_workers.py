"""A second process may be ended from any thread, whatever it does: nobody waits for it afterwards, and nothing breaks."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from vanthu_cli.procedures.workers import Worker, until_closed

_LONG = 60


def test_who_waits_for_a_process_that_is_ended_waits_no_longer() -> None:
    worker = Worker(until_closed, (time.sleep,))
    worker.pipe.send(_LONG)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(worker.pipe.recv)
        time.sleep(0.3)
        start = time.monotonic()
        worker.close()
        with pytest.raises((EOFError, OSError)):
            answer.result(_LONG / 2)
        assert time.monotonic() - start < _LONG / 2


def test_a_process_may_be_ended_while_another_thread_starts_it() -> None:
    def ask(worker: Worker) -> None:
        try:
            worker.pipe.send(0)
        except OSError:
            return

    for turn in range(40):
        worker = Worker(until_closed, (time.sleep,))
        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(ask, worker)
            time.sleep(turn / 4000)
            worker.close()
            asking.result(_LONG)
        worker.close()
