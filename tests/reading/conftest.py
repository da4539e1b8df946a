import os
from collections.abc import Mapping
from dataclasses import replace

import pytest
from tests.reading.facts import Case, written_cases
from tests.reading.writer import SOFFICE, convert

from vanthu_cli.reading.look import Look, Wish, look


@pytest.fixture(scope="session")
def writer_pdfs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[Case, bytes]]:
    """Every page that LibreOffice is to make, by one start of soffice."""
    if SOFFICE is None:
        assert os.environ.get("CI") != "true", "soffice (libreoffice-writer-nogui) must be there in CI"
        pytest.skip("soffice (libreoffice-writer-nogui) is not installed: no pages by LibreOffice are read")
    cases = {case.name: case for case in written_cases()}
    made = convert({name: case.written for name, case in cases.items()}, tmp_path_factory.mktemp("writer"))
    return {name: (case, made[name]) for name, case in cases.items()}


@pytest.fixture(scope="session")
def writer_looks(writer_pdfs: Mapping[str, tuple[Case, bytes]]) -> list[tuple[Case, Look]]:
    """What one look sees on each of them."""
    asked = Wish(read=True, places=True, scan=True)
    return [
        (
            case,
            look("a.pdf", pdf, asked if case.written.partner else replace(asked, signer_name=case.written.page.signer)),
        )
        for case, pdf in writer_pdfs.values()
    ]
