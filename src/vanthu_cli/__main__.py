"""`vanthu` and `python -m vanthu_cli`."""

import contextlib
import gc
import signal
import sys


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code (README, "Exit codes")."""
    gc.disable()  # start-up makes tens of thousands of lasting objects; looking through them costs 8 %
    from vanthu_cli.cli.app import run

    with contextlib.suppress(ValueError):  # not in the main thread
        signal.signal(
            signal.SIGTERM, signal.default_int_handler
        )  # a machine that shuts down interrupts, as Ctrl+C does
    return run(sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    sys.exit(main())
