import os
from collections.abc import Mapping

import pytest
from tests.reading.facts import Case, written_cases
from tests.reading.writer import SOFFICE, convert


@pytest.fixture(scope="session")
def writer_pdfs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[Case, bytes]]:
    """Every page that LibreOffice is to make, by one start of soffice."""
    if SOFFICE is None:
        assert os.environ.get("CI") != "true", "soffice (libreoffice-writer-nogui) must be there in CI"
        pytest.skip("soffice (libreoffice-writer-nogui) is not installed: no pages by LibreOffice are read")
    cases = {case.name: case for case in written_cases()}
    made = convert({name: case.written for name, case in cases.items()}, tmp_path_factory.mktemp("writer"))
    return {name: (case, made[name]) for name, case in cases.items()}
