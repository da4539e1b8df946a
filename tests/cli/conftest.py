"""A clerk at a practice office."""

import pytest
from tests.cli.commands import Clerk

from vanthu_cli.sandbox.office import PracticeOffice


@pytest.fixture
def clerk(office: PracticeOffice, capsys: pytest.CaptureFixture[str]) -> Clerk:
    return Clerk(office, capsys)
