"""The cabinet: write-once files named by their SHA-256; beside it `intake/` and `quarantine/`.

Law 1, bytes before rows: temporary file in the same folder, write, fsync, rename, fsync of the folder. A file without a
row is harmless, a row without its file is not. What arrives stands in `intake/` under the name of its origin until it is
known not to be secret; a secret goes to `quarantine/` and was never here.
"""

import contextlib
import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vanthu_cli.errors import MisuseError, UnreachableError, os_words
from vanthu_cli.locale import _


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Cabinet:
    """The folders of one office, under its data_dir."""

    root: Path

    def put(self, data: bytes) -> str:
        """Keep data for ever; return its SHA-256 (hex)."""
        name = _sha256(data)
        target = self._place(name)
        if _holds(target, data):
            sync_folder(target.parent)  # the run that wrote it may have died before this
        else:
            write_durably(target, data)
        return name

    def put_all(self, data: Iterable[bytes], adopted: Iterable[tuple[str, Path]] = ()) -> None:
        """Keep several files, each fsynced, every folder once (house.md, law 2).

        `adopted`: (SHA-256, file) of files that lie durably beside the cabinet already; they get a second name, not a copy.
        """
        folders = set[Path]()
        for each in data:
            target = self._place(_sha256(each))
            if not _holds(target, each):
                write_durably(target, each, synced=False)
            folders.add(target.parent)
        for name, file in adopted:
            target = self._place(name)
            if not target.exists() and not _linked(file, target):
                import shutil

                spare = target.with_name(f"{name}.{os.getpid()}.tmp")
                shutil.copyfile(file, spare)
                adopt_durably(spare, target)
            folders.add(target.parent)
        for folder in folders:
            sync_folder(folder)

    def put_pieces(self, pieces: Iterable[bytes]) -> str:
        """Keep what comes in pieces, as `put` does, without ever holding it as a whole."""
        import hashlib

        digest, temporary = hashlib.sha256(), self.root / "cabinet" / f"{os.getpid()}.tmp"
        with refusing(temporary):
            try:
                with temporary.open("wb") as file:
                    for piece in pieces:
                        digest.update(piece)
                        file.write(piece)
                target = self._place(digest.hexdigest())
                adopt_durably(temporary, target)
                sync_folder(target.parent)
            finally:
                temporary.unlink(missing_ok=True)
        return target.name

    def get(self, sha256: str) -> bytes:
        """Return the bytes, checked against their name. `MisuseError` "cabinet.missing" or "cabinet.damaged" if they are not those."""
        try:
            data = self._place(sha256).read_bytes()
        except OSError as error:
            raise _missing(sha256) from error
        if _sha256(data) != sha256:
            raise _damaged(sha256)
        return data

    def check(self, sha256: str) -> None:
        """Read a file, whatever its size, and refuse as `get` does."""
        try:
            name = self.name_of(self._place(sha256))
        except OSError as error:
            raise _missing(sha256) from error
        if name != sha256:
            raise _damaged(sha256)

    def path(self, sha256: str) -> Path:
        return self._place(sha256)

    def digest(self, data: bytes) -> str:
        """Return the SHA-256 (hex) under which bytes stand, or would stand, here."""
        return _sha256(data)

    def name_of(self, file: Path) -> str:
        """Return the SHA-256 (hex) under which the bytes of a file stand, or would stand, here."""
        import hashlib

        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()

    def remove(self, sha256: str) -> None:
        """Destroy a file: only for a document that turned out to be secret (domain.md 6)."""
        place = self._place(sha256)
        if place.exists():
            place.unlink()
            sync_folder(place.parent)

    def intake(self, name: str) -> Path:
        return self.root / "intake" / name

    def waiting_intake(self) -> list[Path]:
        """Return what an earlier run brought in and did not finish, oldest first."""
        return sorted((self.root / "intake").glob("*.eml"), key=lambda file: file.stat().st_mtime)

    def quarantine(self, intake: Path, name: str) -> None:
        """Move the raw message out of reach: mode 600, outside cabinet, index and backup."""
        target = self.root / "quarantine" / f"{name}.eml"
        intake.chmod(0o600)
        intake.replace(target)
        sync_folder(target.parent)
        sync_folder(intake.parent)

    def is_quarantined(self, intake: Path, name: str) -> bool:
        """Tell whether these very bytes lie in quarantine under that name."""
        import filecmp

        known = self.root / "quarantine" / f"{name}.eml"
        return known.is_file() and filecmp.cmp(known, intake, shallow=False)

    def _place(self, sha256: str) -> Path:
        return self.root / "cabinet" / sha256[:2] / sha256


def _missing(name: str) -> MisuseError:
    text = _("A file of the register is missing from the cabinet ({name}).").format(name=name[:12])
    return MisuseError("cabinet.missing", text, _restored())


def _damaged(name: str) -> MisuseError:
    text = _("A file in the cabinet was changed ({name}).").format(name=name[:12])
    return MisuseError("cabinet.damaged", text, _restored())


def _restored() -> str:
    return _("Restore it from the backup. Which documents it is of: vanthu register audit")


def open_cabinet(root: Path) -> Cabinet:
    """Open the folders, made with mode 700 where they don't exist."""
    for name in ("cabinet", "intake", "quarantine"):
        with refusing(root / name):
            _make_folder(root / name)
    return Cabinet(root)


def _sha256(data: bytes) -> str:
    import hashlib  # 3 ms that commands which only list need not pay

    return hashlib.sha256(data).hexdigest()


def write_durably(target: Path, data: bytes, *, synced: bool = True) -> None:
    """Write a file so that after a crash it is there whole or not at all. `UnreachableError` "disk.refused" and the like.

    Without `synced` its name is durable only after `sync_folder`, which several files may share.
    """
    temporary = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    with refusing(target):
        _make_folder(target.parent)
        temporary.unlink(missing_ok=True)  # of an earlier process with this number
        try:
            # O_EXCL: what somebody put there in our place, a link perhaps, is not written through.
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            _rename_over(temporary, target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        if synced:
            sync_folder(target.parent)


def adopt_durably(file: Path, target: Path) -> None:
    """Give a file that was written beside its place its name there; durable after `sync_folder`."""
    with refusing(target):
        _make_folder(target.parent)
        with file.open("rb+") as opened:
            os.fsync(opened.fileno())
        _rename_over(file, target)


def _rename_over(file: Path, target: Path) -> None:
    """Give a file its name. Windows refuses that while a virus scanner or an indexer has one of the two open: for a moment."""
    for patience in (0.05, 0.2, 1.0) if sys.platform == "win32" else ():
        with contextlib.suppress(PermissionError):
            file.replace(target)
            return
        time.sleep(patience)
    file.replace(target)


def write_if_other(target: Path, data: bytes) -> None:
    """Write a file durably, unless it holds these very bytes already."""
    if not _holds(target, data):
        write_durably(target, data)


def _linked(file: Path, target: Path) -> bool:
    """Give a file a second name; False where the file system knows no such thing (FAT)."""
    with refusing(target):
        _make_folder(target.parent)
    try:
        os.link(file, target)
    except OSError:
        return target.exists()
    return True


def _make_folder(folder: Path) -> None:
    """Make a folder so that it is still there after a power cut."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_folder(folder.parent)


def _holds(file: Path, data: bytes) -> bool:
    """Tell whether a file holds these very bytes; one that was damaged is written again."""
    try:
        return file.stat().st_size == len(data) and file.read_bytes() == data
    except OSError:
        return False


@contextlib.contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Tell what a disk says that does not take a file."""
    try:
        yield
    except OSError as error:
        raise UnreachableError(
            "disk.refused",
            _("The disk does not take {path}: {why}").format(path=path.name, why=os_words(error)),
            _("Is the disk connected, writable and not full (see “vanthu doctor”)? Then run the same command again."),
        ) from error


def sync_folder(folder: Path) -> None:
    if sys.platform == "win32":  # NTFS journals the rename; folders can't be opened for fsync there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
