import shutil
import subprocess
import sys
import textwrap
from io import BytesIO
from pathlib import Path

import pytest
from asn1crypto import cms, tsp
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.sign.timestamps import TimeStamper, TimestampRequestError
from tests.signing import practice

from vanthu_cli.errors import UnreachableError
from vanthu_cli.signing.cms import sign_detached, verify_detached
from vanthu_cli.signing.keys import SigningKey

CONTENT = "Báo cáo\r\nsố 12\n".encode() + bytes(range(256)) * 50


def openssl_accepts(signature: bytes, content: bytes, root: practice.Identity, folder: Path) -> bool:
    """Ask a judge that shares no code with us; it gets the root only, the middle must be in the CMS."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: no second opinion on our CMS")
    for name, data in (
        ("signature.p7s", signature),
        ("content", content),
        ("root.pem", root.certificate.public_bytes(Encoding.PEM)),
    ):
        (folder / name).write_bytes(data)
    command = "openssl cms -verify -binary -inform DER -in signature.p7s -content content -CAfile root.pem -purpose any"
    done = subprocess.run([*command.split(), "-out", "out"], cwd=folder, capture_output=True, check=False)
    return done.returncode == 0 and (folder / "out").read_bytes() == content


def test_openssl_accepts_the_signature_and_no_other_content(
    key: SigningKey, root: practice.Identity, tmp_path: Path
) -> None:
    signature = sign_detached(BytesIO(CONTENT), key)
    assert openssl_accepts(signature, CONTENT, root, tmp_path)
    assert not openssl_accepts(signature, CONTENT + b"\n", root, tmp_path)


def test_the_content_stays_outside_and_the_attributes_are_those_of_cades(key: SigningKey) -> None:
    signed = cms.ContentInfo.load(sign_detached(BytesIO(CONTENT), key))["content"]
    signer = signed["signer_infos"][0]
    assert signed["encap_content_info"]["content"].native is None
    assert {one["type"].native for one in signer["signed_attrs"]} == {
        "content_type",
        "message_digest",
        "signing_time",
        "signing_certificate_v2",
    }
    assert len(signed["certificates"]) == 2  # the key's and its issuer's: the root stays out


@settings(max_examples=15, deadline=None)
@given(content=st.binary(max_size=300), place=st.integers(0, 299), bit=st.integers(0, 7))
def test_any_changed_bit_is_noticed(office: SigningKey, content: bytes, place: int, bit: int) -> None:
    signature = sign_detached(BytesIO(content), office)
    verify_detached(BytesIO(content), signature)
    changed = bytearray(content or b"\0")
    changed[place % len(changed)] ^= 1 << bit
    with pytest.raises(RuntimeError):
        verify_detached(BytesIO(changed), signature)


def test_a_signature_that_is_broken_or_none_is_noticed(key: SigningKey) -> None:
    made = cms.ContentInfo.load(sign_detached(BytesIO(CONTENT), key))
    signer = made["content"]["signer_infos"][0]
    signer["signature"] = signer["signature"].native[:-1] + bytes([signer["signature"].native[-1] ^ 1])
    for broken in (made.dump(), b"", b"0\x80no CMS", made.dump()[:-9]):
        with pytest.raises(RuntimeError):
            verify_detached(BytesIO(CONTENT), broken)


def test_signing_begins_where_the_stream_stands(office: SigningKey) -> None:
    stream = BytesIO(b"before" + CONTENT)
    stream.seek(6)
    verify_detached(BytesIO(CONTENT), sign_detached(stream, office))


def test_a_file_that_changes_while_it_is_signed_is_noticed(office: SigningKey) -> None:
    class Restless(BytesIO):
        def seek(self, offset: int, whence: int = 0, /) -> int:
            self.getbuffer()[0] ^= 1
            return super().seek(offset, whence)

    with pytest.raises(RuntimeError):
        sign_detached(Restless(CONTENT), office)


def test_with_a_time_stamper_the_signature_bears_a_stamp_of_itself(
    key: SigningKey, root: practice.Identity, tmp_path: Path
) -> None:
    signature = sign_detached(BytesIO(CONTENT), key, time_stamper=practice.authority(root))
    assert openssl_accepts(signature, CONTENT, root, tmp_path)
    made = cms.ContentInfo.load(signature)
    signer = made["content"]["signer_infos"][0]
    token = signer["unsigned_attrs"][0]["values"][0]
    (tmp_path / "token").write_bytes(token.dump())
    (tmp_path / "stamped").write_bytes(signer["signature"].native)
    command = "openssl ts -verify -token_in -in token -data stamped -CAfile root.pem"
    done = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=False)
    assert b"Verification: OK" in done.stdout, done.stderr

    other = cms.ContentInfo.load(sign_detached(BytesIO(b"other"), key, time_stamper=practice.authority(root)))
    signer["unsigned_attrs"] = other["content"]["signer_infos"][0]["unsigned_attrs"]
    with pytest.raises(RuntimeError):
        verify_detached(BytesIO(CONTENT), made.dump())


def test_a_silent_authority_is_unreachable(office: SigningKey) -> None:
    class Silent(TimeStamper):
        async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
            raise TimestampRequestError(str(req["version"].native))

    silent = Silent()  # type: ignore[no-untyped-call]  # pyHanko leaves it unannotated
    with pytest.raises(UnreachableError) as caught:
        sign_detached(BytesIO(CONTENT), office, time_stamper=silent)
    assert caught.value.code == "signing.tsa_silent"


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_a_large_file_is_never_in_memory(tmp_path: Path, middle: practice.Identity) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(120 << 20)
    practice.p12(practice.issue("Văn phòng", middle), tmp_path / "key.p12", "1", middle)
    program = r"""
        import re
        from pathlib import Path
        from vanthu_cli.signing.cms import sign_detached
        from vanthu_cli.signing.keys import open_pkcs12
        key = open_pkcs12(Path("key.p12"), "1")
        with open("large", "rb") as file:
            sign_detached(file, key)
        print(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], cwd=tmp_path, capture_output=True, check=True
    )
    assert int(done.stdout) < 120 << 10  # the libraries alone take 60 MiB
