"""Vietnamese is complete: every sentence of the program, with the same values in it, and compiled."""

import ast
import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
LOCALE = ROOT / "src" / "vanthu_cli" / "locale"
CATALOGUES = [LOCALE / "vi.po", LOCALE / "click" / "vi" / "LC_MESSAGES" / "messages.po"]
PLACEHOLDER = re.compile(r"\{(\w*)[^}]*\}|%\((\w+)\)")


def catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file)


def sentences() -> set[str]:
    """Return every sentence by the syntax tree: babel's own extraction does not see into f-strings."""
    return {
        call.args[0].value
        for path in (ROOT / "src").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "_"
        if isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)
    }


def test_babel_sees_every_sentence() -> None:
    found = extract_from_dir(str(ROOT / "src"), keywords={"_": None}, method_map=[("**.py", "python")])
    assert sentences() - {message for _file, _line, message, _comments, _context in found} == set()


def test_every_sentence_of_the_program_has_its_vietnamese() -> None:
    known = {entry.id for entry in catalogue(LOCALE / "vi.po") if entry.id and entry.string}
    assert sentences() - known == set()


def test_no_translation_is_left_of_sentences_that_are_gone() -> None:
    assert {entry.id for entry in catalogue(LOCALE / "vi.po") if entry.id} - sentences() == set()


def test_translations_carry_the_same_values() -> None:
    for path in CATALOGUES:
        for entry in catalogue(path):
            if entry.id and isinstance(entry.id, str):
                assert set(PLACEHOLDER.findall(entry.id)) == set(PLACEHOLDER.findall(str(entry.string))), entry.id


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_the_compiled_catalogue_is_the_written_one(path: Path) -> None:
    compiled = BytesIO()
    write_mo(compiled, catalogue(path))
    assert path.with_suffix(".mo").read_bytes() == compiled.getvalue(), "run: make catalogue"


def test_help_and_errors_of_the_command_line_library_are_vietnamese_too() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "vanthu_cli", "verify", "--nonsense"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "No such option" not in done.stderr
    shown = subprocess.run(
        [sys.executable, "-m", "vanthu_cli", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for english in ("Usage", "Options", "Commands", "Show this message"):
        assert english not in shown
