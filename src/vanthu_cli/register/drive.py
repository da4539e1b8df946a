"""Is the disk under the register one that SQLite can trust? Locks and shared memory don't work over a network."""

import re
import sys
from pathlib import Path

_NETWORK = frozenset({
    "afs", "ceph", "cifs", "davfs", "fuse.davfs2", "fuse.glusterfs", "fuse.rclone", "fuse.sshfs", "glusterfs", "lustre",
    "ncpfs", "nfs", "nfs4", "smb3", "smbfs",
})  # fmt: skip
_REMOTE = 4
"""DRIVE_REMOTE of GetDriveTypeW."""


def on_network_drive(file: Path) -> bool:
    """Tell whether a file lies on a network drive, as far as this system says so."""
    if sys.platform == "win32":
        import ctypes

        anchor = file.absolute().anchor
        return anchor.startswith("\\\\") or ctypes.windll.kernel32.GetDriveTypeW(anchor) == _REMOTE
    try:
        mounts = Path("/proc/self/mounts").read_text("utf-8", "surrogateescape")
    except OSError:
        return False
    return file_system_of(file.resolve(), mounts) in _NETWORK


def file_system_of(file: Path, mounts: str) -> str:
    """Return the file system of an absolute path by the kernel's table of mounts (proc(5)); "" if none fits."""
    deepest, found = 0, ""
    for line in mounts.splitlines():
        _device, place, kind, *_options = line.split(" ")
        point = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), place))
        # A later mount on the same place hides the earlier one.
        if file.is_relative_to(point) and len(point.parts) >= deepest:
            deepest, found = len(point.parts), kind
    return found
