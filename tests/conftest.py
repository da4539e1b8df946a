"""Fixtures that several rooms' tests share."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests import offices
from tests.authorities import Authorities, authorities
from tests.cli import assets

from vanthu_cli import locale
from vanthu_cli.sandbox.office import PracticeOffice


@pytest.fixture(autouse=True)
def english() -> None:
    """Tests read English sentences; the Vietnamese ones have tests of their own."""
    locale.use("en")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> PracticeOffice:
    return offices.template(tmp_path_factory.mktemp("template") / "office")


@pytest.fixture(scope="session")
def vn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authorities]:
    """Give certification authorities that answer on loopback."""
    with authorities(tmp_path_factory.mktemp("vn") / "pki") as running:
        yield running


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """Give a document of the office as word processors keep it; see `assets.written`."""
    return assets.written(tmp_path_factory.mktemp("written"))


@pytest.fixture
def office(template: PracticeOffice, tmp_path: Path) -> Iterator[PracticeOffice]:
    """Give a furnished practice office with its servers running."""
    with offices.served(offices.copy(template, tmp_path / "office")) as served:
        yield served
