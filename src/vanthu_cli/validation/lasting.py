"""Until when a file can be proved: the judge is asked again at each later moment at which something it rests on ends."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from vanthu_cli.validation.files import judge_file
from vanthu_cli.validation.findings import Judgement
from vanthu_cli.validation.trust import Signatory, Trust

_JUST_AFTER = timedelta(minutes=1)
"""A certificate is granted a second beyond its end by the path validation."""


def lasting(
    data: bytes | Path,
    trust: Trust,
    signatories: Mapping[str, Signatory] | None,
    *,
    now: datetime,
    password: str | None,
) -> tuple[Judgement, datetime | None]:
    """Judge at `now`, and return the moment from which on the file will no longer be valid; None if it is not valid now.

    By the file alone: what our own register knows of its arrival proves nothing to others. What ends stays ended, so the
    moment is searched by halving.
    """
    judgement = judge_file(data, trust, signatories, now=now, password=password)
    points = [point for point in judgement.turning_points if point > now]
    if judgement.verdict != "valid" or not points:
        return judgement, None
    low, high = 0, len(points) - 1
    while low < high:
        middle = (low + high) // 2
        then = judge_file(data, trust, signatories, now=now, at=points[middle] + _JUST_AFTER, password=password)
        low, high = (middle + 1, high) if then.verdict == "valid" else (low, middle)
    return judgement, points[low]
