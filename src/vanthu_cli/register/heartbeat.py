"""The heartbeat of `vanthu batch`: a small file that `status` and `doctor` watch, also when the register cannot be opened."""

import json
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from pathlib import Path

from vanthu_cli.register.cabinet import write_durably

_FILE = "heartbeat.json"
_LATE = timedelta(hours=26)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """How the last runs of `vanthu batch` went; times are stored ones, "" never.

    `first`: when the very first one began. `began` without a later `ended`: it is under way, or died. `good`: when the last
    one ended without a failure. `desk`: the last day on which it told what waits. `slice`: the last file of the cabinet that
    was read again (SHA-256), on the day `sliced`. `damaged`: files that were found changed or gone, until they are read
    whole. `warned`: how many days a certificate had left (by fingerprint) when that was last told.
    """

    first: str = ""
    began: str = ""
    ended: str = ""
    code: int = 0
    failures: tuple[str, ...] = ()
    good: str = ""
    desk: str = ""
    slice: str = ""
    sliced: str = ""
    damaged: tuple[str, ...] = ()
    warned: dict[str, int] = field(default_factory=dict)

    def late(self, now: datetime) -> bool:
        """Tell whether the last run without a failure is more than a day, and the time that a run may take, ago."""
        return now - datetime.fromisoformat(self.good or self.first) > _LATE


def heartbeat(data_dir: Path) -> Heartbeat | None:
    """Return the heartbeat, None if there never was one; one that cannot be read is as good as none."""
    try:
        said = json.loads((data_dir / _FILE).read_bytes())
        known = {each.name: said[each.name] for each in fields(Heartbeat) if each.name in said}
        found = Heartbeat(**known | {name: tuple(known.get(name, ())) for name in ("failures", "damaged")})
        datetime.fromisoformat(found.good or found.first)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return found


def beat(data_dir: Path, told: Heartbeat) -> None:
    write_durably(data_dir / _FILE, json.dumps(asdict(told), indent=1).encode())
