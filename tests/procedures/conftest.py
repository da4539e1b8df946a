"""An office with papers, and a backup of it."""

from pathlib import Path

import pytest
from tests import offices
from tests.procedures.backups import fill, save

from vanthu_cli import locale
from vanthu_cli.procedures import age
from vanthu_cli.sandbox.office import PracticeOffice


@pytest.fixture(scope="session")
def filled(template: PracticeOffice, tmp_path_factory: pytest.TempPathFactory) -> PracticeOffice:
    """Give an office that tests don't change."""
    locale.use("en")
    return fill(offices.copy(template, tmp_path_factory.mktemp("filled") / "office"))


@pytest.fixture
def own(filled: PracticeOffice, tmp_path: Path) -> PracticeOffice:
    """Give an office of one's own."""
    return offices.copy(filled, tmp_path / "own")


@pytest.fixture(scope="session")
def saved(filled: PracticeOffice, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a backup of that office."""
    return save(filled, tmp_path_factory.mktemp("saved") / "backup.tar").file


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spend no second on each passphrase."""
    monkeypatch.setattr(age, "_WORK", 10)
