"""Refusals come from worker processes too: they must arrive as they left."""

import pickle

import pytest

from vanthu_cli import errors
from vanthu_cli.errors import VanthuError


@pytest.mark.parametrize("kind", VanthuError.__subclasses__())
def test_a_refusal_travels_whole_between_processes(kind: type[VanthuError]) -> None:
    refusal = kind("signing.off_page", "Chỗ ký nằm ngoài trang.", "Chọn chỗ khác.")
    arrived = pickle.loads(pickle.dumps(refusal))  # noqa: S301  # our own bytes, a line above
    assert type(arrived) is kind
    assert (arrived.code, arrived.message, arrived.hint) == (refusal.code, refusal.message, refusal.hint)
    assert arrived.exit_code == kind.exit_code != errors.BUG
