"""What must never be committed."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
FORBIDDEN = re.compile(r"https?://[^\s\"']*(pypi|pythonhosted|simple/)|--index-url|(?<![\w.])/(work|root)/\w")


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S607  git of the machine
    return [ROOT / name for name in done.stdout.split("\0") if name]


def test_no_package_registry_and_no_path_of_a_machine_is_named() -> None:
    own = Path(__file__)
    for path in tracked():
        if path == own or path.suffix in {".ttf", ".mo", ".png"} or not path.is_file():
            continue
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            assert not FORBIDDEN.search(line), f"{path.name}:{number}: {line.strip()[:100]}"


def test_every_room_says_what_it_is_for_in_at_most_six_lines() -> None:
    for room in (ROOT / "src" / "vanthu_cli").glob("*/__init__.py"):
        text = room.read_text("utf-8")
        assert text.startswith('"""'), room
        assert room.parent.name == "locale" or len(text.strip().splitlines()) <= 8, room
