"""The contract of a channel, kept by the mail channel: towards the practice servers and towards Dovecot and Postfix."""

import pytest
from tests.channels.benches import Bench
from tests.channels.contract import ChannelContract


class TestPracticeServers(ChannelContract):
    """In this process, on every machine."""

    @pytest.fixture
    def bench(self, practice: Bench) -> Bench:
        return practice


@pytest.mark.realserver
class TestDovecotAndPostfix(ChannelContract):
    """The real thing: Debian's packages, as root."""

    @pytest.fixture
    def bench(self, real: Bench) -> Bench:
        return real
