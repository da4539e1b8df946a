"""Practice offices for tests: built once, copied for each test, served on free ports."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vanthu_cli.config.load import load
from vanthu_cli.procedures.desk import Desk, open_desk
from vanthu_cli.procedures.examine import examine
from vanthu_cli.rules.deadlines import today
from vanthu_cli.sandbox.office import PracticeOffice, build, configure, furnish, serve
from vanthu_cli.sandbox.servers import Ports, Servers

NOW = datetime.now(UTC).replace(microsecond=0)
TERM = today(NOW) - timedelta(days=400)


def template(folder: Path) -> PracticeOffice:
    """Build and furnish an office that no server serves yet."""
    office = build(folder, NOW)
    configure(office, Servers("127.0.0.1", Ports(1, 1, 1, 1), "http://127.0.0.1:1/"), TERM)
    furnish(office, now=NOW - timedelta(hours=1), language="en")
    return office


def copy(office: PracticeOffice, folder: Path) -> PracticeOffice:
    shutil.copytree(office.folder, folder)
    return PracticeOffice(folder)


@contextmanager
def served(office: PracticeOffice) -> Iterator[PracticeOffice]:
    """Serve an office on free ports; its configuration points to them."""
    office.config.unlink()
    with serve(office) as servers:
        configure(office, servers, TERM)
        yield office


@contextmanager
def desk_of(office: PracticeOffice, now: datetime = NOW) -> Iterator[Desk]:
    """Open the desk; files are examined in this process, to save the start of a worker in each test."""
    with open_desk(load(office.config), now=now, prompt=lambda _what: None, language="en") as desk:
        yield replace(desk, examiner=examine)
