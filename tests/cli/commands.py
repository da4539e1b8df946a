"""Running command lines in tests as a person would type them."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.offices import NOW

from vanthu_cli.__main__ import main
from vanthu_cli.sandbox import correspondents
from vanthu_cli.sandbox.documents import make_pdf
from vanthu_cli.sandbox.office import PracticeOffice


class Clerk:
    """Types commands in an office and reads the answers (English, JSON)."""

    def __init__(self, office: PracticeOffice, capsys: pytest.CaptureFixture[str]) -> None:
        self.office = office
        self.capsys = capsys
        self.said = ""

    def types(self, *words: str) -> int:
        """Run for a person; what was printed is in `said`."""
        self.capsys.readouterr()
        code = main(["--config", str(self.office.config), "--lang", "en", *words])
        out, err = self.capsys.readouterr()
        self.said = out + err
        return code

    def asks(self, *words: str) -> tuple[int, dict[str, Any]]:
        """Run with --json; stdout must be one JSON document."""
        self.capsys.readouterr()
        code = main([*words, "--json", "--config", str(self.office.config), "--lang", "en"])
        answer: dict[str, Any] = json.loads(self.capsys.readouterr().out)
        assert answer["ok"] is (code == 0)
        return code, answer

    def draft(self, name: str = "cong-van.pdf", **changes: Any) -> Path:
        """Write a công văn of the office with number and date blank."""
        from dataclasses import replace

        page = correspondents.own_page(subject="Gửi, nhận văn bản trên mạng", year=NOW.year)
        path = self.office.papers / name
        path.write_bytes(make_pdf(replace(page, **changes)))
        return path

    def signed_draft(self, name: str = "cong-van.pdf", **changes: Any) -> Path:
        """Prepare a draft and have the leader sign it."""
        path = self.draft(name, **changes)
        prepared, signed = path.with_suffix(".prepared.pdf"), path.with_suffix(".signed.pdf")
        assert self.types("prepare", str(path), "--out", str(prepared)) == 0, self.said
        assert self.types("sign", str(prepared), "--as", "person", "--out", str(signed)) == 0, self.said
        return signed
