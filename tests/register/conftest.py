from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.register.entries import NOW

from vanthu_cli.register.book import Book, open_book


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "register.sqlite"


@pytest.fixture
def book(file: Path) -> Iterator[Book]:
    opened = open_book(file, who="văn thư@máy", now=NOW)
    yield opened
    opened.connection.close()
