from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.authorities import Authorities, authorities
from tests.signing import practice

from vanthu_cli.document.places import Places
from vanthu_cli.signing.keys import SigningKey, open_pkcs12


@pytest.fixture(scope="session")
def root() -> practice.Identity:
    return practice.issue("CA gốc thực hành")


@pytest.fixture(scope="session")
def middle(root: practice.Identity) -> practice.Identity:
    return practice.issue("CA phục vụ thực hành", root)


@pytest.fixture(scope="session")
def leader(tmp_path_factory: pytest.TempPathFactory, middle: practice.Identity) -> SigningKey:
    return _key(tmp_path_factory.mktemp("leader"), practice.issue("Lê Văn Hiệu", middle), middle)


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory, middle: practice.Identity) -> SigningKey:
    return _key(tmp_path_factory.mktemp("office"), practice.issue("Tỉnh ủy Hải Dương", middle), middle)


@pytest.fixture(scope="session")
def receiver(tmp_path_factory: pytest.TempPathFactory, middle: practice.Identity) -> SigningKey:
    identity = practice.issue("Đảng ủy xã Thanh Miện", middle, key=practice.rsa_key())
    return _key(tmp_path_factory.mktemp("receiver"), identity, middle)


@pytest.fixture(params=["rsa", "p-256"])
def key(request: pytest.FixtureRequest, receiver: SigningKey, office: SigningKey) -> SigningKey:
    return receiver if request.param == "rsa" else office


@pytest.fixture(scope="session")
def draft() -> tuple[bytes, Places]:
    return practice.dispatch()


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authorities]:
    """Give certification authorities that answer on loopback."""
    with authorities(tmp_path_factory.mktemp("authorities") / "vn") as running:
        yield running


def _key(folder: Path, identity: practice.Identity, *chain: practice.Identity) -> SigningKey:
    return open_pkcs12(practice.p12(identity, folder / "key.p12", "mật khẩu", *chain), "mật khẩu")
