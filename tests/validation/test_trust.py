import base64
import pickle
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from tests.validation.conftest import Pki, revocation_list

from vanthu_cli.errors import MisuseError
from vanthu_cli.validation.trust import load_trust


def pem(der: bytes, kind: str) -> bytes:
    return f"-----BEGIN {kind}-----\n".encode() + base64.encodebytes(der) + f"-----END {kind}-----\n".encode()


def test_authorities_are_anchors_and_end_entities_never(tmp_path: Path, pki: Pki) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (deep / "root.crt").write_bytes(pki.root.der)
    (tmp_path / "sub.pem").write_bytes(pki.sub.certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "leader.cer").write_bytes(pki.leader.der)
    (tmp_path / "list.crl").write_bytes(revocation_list(pki.sub, {}))
    (tmp_path / ".hidden").write_bytes(b"not a certificate")
    trust = load_trust([tmp_path], "require")
    assert set(trust.anchors) == {pki.root.der, pki.sub.der}
    assert trust.others == (pki.leader.der,)
    assert len(trust.crls) == 1
    assert trust.revocation == "require"
    assert pickle.loads(pickle.dumps(trust)) == trust  # noqa: S301  our own bytes


def test_one_pem_file_may_hold_several_and_nothing_counts_twice(tmp_path: Path, pki: Pki) -> None:
    bundle = tmp_path / "bundle.pem"
    crl = revocation_list(pki.sub, {})
    bundle.write_bytes(pem(pki.root.der, "CERTIFICATE") + pem(pki.leader.der, "CERTIFICATE") + pem(crl, "X509 CRL"))
    trust = load_trust([bundle, bundle], "ignore")
    assert (trust.anchors, trust.others, trust.crls) == ((pki.root.der,), (pki.leader.der,), (crl,))


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"0\x82\x01"]
)
def test_an_unreadable_file_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "odd.crt").write_bytes(content)
    with pytest.raises(MisuseError, match=r"odd\.crt") as caught:
        load_trust([tmp_path], "ignore")
    assert caught.value.code == "validation.trust_file"
    assert caught.value.hint


def test_a_file_with_something_after_the_certificate_is_refused(tmp_path: Path, pki: Pki) -> None:
    (tmp_path / "two.der").write_bytes(pki.root.der + pki.sub.der)
    with pytest.raises(MisuseError):
        load_trust([tmp_path], "ignore")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MisuseError, match="nowhere"):
        load_trust([tmp_path / "nowhere.crt"], "ignore")
