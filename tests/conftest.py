"""Fixtures that several rooms' tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import offices

from vanthu_cli import locale
from vanthu_cli.sandbox.office import PracticeOffice


@pytest.fixture(autouse=True)
def english() -> None:
    """Tests read English sentences; the Vietnamese ones have tests of their own."""
    locale.use("en")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> PracticeOffice:
    return offices.template(tmp_path_factory.mktemp("template") / "office")


@pytest.fixture
def office(template: PracticeOffice, tmp_path: Path) -> Iterator[PracticeOffice]:
    """Give a furnished practice office with its servers running."""
    with offices.served(offices.copy(template, tmp_path / "office")) as served:
        yield served
