"""A folder beside an output in which it is made, and which becomes it, whole or not at all."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures import make
from vanthu_cli.register.cabinet import sync_folder


def check_new(out: Path) -> None:
    """Refuse a name that is taken, or whose folder is not there."""
    if os.path.lexists(out):
        raise make.exists(out)
    if not out.absolute().parent.is_dir():
        raise MisuseError("dossier.no_folder", _("There is no folder {path}.").format(path=out.absolute().parent))


@contextlib.contextmanager
def workshop(out: Path) -> Iterator[Path]:
    """Yield a folder beside an output, on the same disk; it is gone afterwards, and so is what runs that died have left."""
    sweep(out)
    folder = Path(tempfile.mkdtemp(prefix=_prefix(out), suffix=".dir", dir=out.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(out: Path) -> None:
    """Remove what runs that died have left beside an output."""
    make.sweep(out)
    for stale in out.parent.iterdir():
        if stale.name.startswith(_prefix(out)) and stale.name.endswith(".dir"):
            shutil.rmtree(stale, ignore_errors=True)


def _prefix(out: Path) -> str:
    return f".{out.name[:60]}."


def publish(folder: Path, out: Path) -> None:
    """Give a whole folder its name, durably. A file of that name refuses the rename; so does a folder that is not empty."""
    for each in (folder, *(inside for inside in folder.rglob("*") if inside.is_dir())):
        sync_folder(each)
    check_new(out)
    folder.chmod(0o755)
    folder.rename(out)
    sync_folder(out.parent)


def take_back(out: Path, mine: os.stat_result) -> None:
    """Remove an output again, if it is still ours and not what somebody else has put there meanwhile."""
    with contextlib.suppress(OSError):
        if os.path.samestat(out.stat(), mine):
            shutil.rmtree(out) if out.is_dir() else out.unlink()
