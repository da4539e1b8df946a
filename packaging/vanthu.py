"""The start of the frozen program: its workers are the program itself, started again, and must be told apart from a clerk's command."""

import multiprocessing
import sys

from vanthu_cli.__main__ import main

if __name__ == "__main__":
    multiprocessing.freeze_support()
    sys.exit(main())
