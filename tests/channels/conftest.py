"""Mail servers that the tests of this room share: started once."""

import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.channels.benches import Bench, practice_bench, real_bench
from tests.realservers import missing

from vanthu_cli.sandbox.pki import PracticePki, build_pki


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Give a folder with a short path: Unix sockets have at most 107 letters."""
    with tempfile.TemporaryDirectory(prefix="vanthu-") as name:
        yield Path(name)


@pytest.fixture(scope="session")
def pki(folder: Path) -> PracticePki:
    return build_pki(folder / "pki", datetime.now(UTC), key="p-256")


@pytest.fixture(scope="session")
def practice(folder: Path, pki: PracticePki) -> Iterator[Bench]:
    with practice_bench(folder / "practice", pki) as bench:
        yield bench


@pytest.fixture(scope="session")
def real(folder: Path, pki: PracticePki) -> Iterator[Bench]:
    reason = missing()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    folder.chmod(0o755)  # Dovecot and Postfix enter it as users of their own
    (folder / "real").mkdir()
    with real_bench(folder / "real", pki) as bench:
        yield bench
