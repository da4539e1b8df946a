import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.signing import practice

from vanthu_cli.channels.letter import compose
from vanthu_cli.channels.mime import read_mail
from vanthu_cli.errors import MisuseError
from vanthu_cli.signing.keys import SigningKey
from vanthu_cli.signing.smime import encrypt_letter, sign_letter

FILES = [("145-CV-TU.pdf", b"%PDF-1.7\n\x00\xff" * 900), ("phụ lục 1.docx", b"PK\x03\x04 x")]


@pytest.fixture(params=["rsa", "p-256"])
def key(request: pytest.FixtureRequest, receiver: SigningKey, office: SigningKey) -> SigningKey:
    return receiver if request.param == "rsa" else office


@pytest.fixture(scope="module")
def reader(middle: practice.Identity) -> practice.Identity:
    return practice.issue("Người nhận", middle, key=practice.rsa_key(), usage=practice.ENCRYPTION_ONLY)


def letter(
    subject: str = "V/v gửi, nhận văn bản trên mạng thông tin diện rộng của Đảng bộ tỉnh",
    body: str = "Kính gửi: Văn phòng\n\n.\n--\nFrom đầu dòng\n",
    files: list[tuple[str, bytes]] | None = None,
    name: str = "Văn phòng Tỉnh ủy Hải Dương",
    *,
    automatic: bool = False,
) -> bytes:
    return compose(
        message_id="<1@vanthu.tuhaiduong>",
        sender=(name, "vanthu@tuhaiduong"),
        recipient=("Sở Nội vụ", "snv@x.vn"),
        subject=subject,
        body=body,
        date=datetime(2026, 11, 22, 8, 0, tzinfo=UTC),
        files=FILES if files is None else files,
        answers="<0@x.vn>",
        automatic=automatic,
    ).raw


def openssl(command: str, folder: Path, **files: bytes) -> bytes | None:
    """Return what openssl finds in the letter; None when it refuses. It shares no code with us."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: no second opinion on our S/MIME")
    for name, data in files.items():
        (folder / name).write_bytes(data)
    done = subprocess.run(f"openssl {command} -out found".split(), cwd=folder, capture_output=True, check=False)
    return (folder / "found").read_bytes() if done.returncode == 0 else None


def verified(signed: bytes, root: practice.Identity, folder: Path, tool: str = "cms") -> bytes | None:
    command = f"{tool} -verify -inform SMIME -in letter -CAfile root -purpose any"
    return openssl(command, folder, letter=signed, root=root.certificate.public_bytes(Encoding.PEM))


def decrypted(encrypted: bytes, identity: practice.Identity, folder: Path) -> bytes | None:
    private = identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    certificate = identity.certificate.public_bytes(Encoding.PEM)
    command = "cms -decrypt -inform SMIME -in letter -inkey private -recip certificate"
    return openssl(command, folder, letter=encrypted, private=private, certificate=certificate)


def head_and_body(raw: bytes) -> tuple[list[bytes], bytes]:
    """Return the header fields, folds and all, and the body; a second reading of RFC 5322, simpler than the program's."""
    head, _blank, body = raw.partition(b"\r\n\r\n")
    fields: list[bytes] = []
    for line in head.split(b"\r\n"):
        if line[:1] in (b" ", b"\t"):
            fields[-1] += b"\r\n" + line
        else:
            fields.append(line)
    return fields, body


def outside(raw: bytes) -> list[bytes]:
    return [field for field in head_and_body(raw)[0] if not field.lower().startswith(b"content-")]


@pytest.mark.parametrize("tool", ["cms", "smime"])
def test_openssl_accepts_the_letter_and_finds_the_entity(
    key: SigningKey, root: practice.Identity, tmp_path: Path, tool: str
) -> None:
    raw = letter()
    fields, body = head_and_body(raw)
    own = [field for field in fields if field.startswith(b"Content-")]
    assert verified(sign_letter(raw, key), root, tmp_path, tool) == b"\r\n".join([*own, b"", body])


def test_openssl_refuses_a_letter_that_was_changed(key: SigningKey, root: practice.Identity, tmp_path: Path) -> None:
    signed = sign_letter(letter(), key)
    for old, new in ((b"145-CV-TU.pdf", b"154-CV-TU.pdf"), (b"\r\n\r\nJVBERi0", b"\r\n\r\nJVBERi1")):
        assert signed.count(old) == 1
        assert verified(signed.replace(old, new), root, tmp_path) is None


@pytest.mark.parametrize("automatic", [False, True])
def test_the_header_stays_outside_byte_for_byte(office: SigningKey, automatic: bool) -> None:
    raw = letter(automatic=automatic)
    signed = sign_letter(raw, office)
    assert outside(signed) == outside(raw)
    assert {field.partition(b":")[0] for field in outside(signed)} >= {
        b"From", b"To", b"Subject", b"Date", b"Message-ID", b"In-Reply-To", b"References", b"MIME-Version",
        b"Auto-Submitted" if automatic else b"Disposition-Notification-To",
    }  # fmt: skip


def test_the_form_is_that_of_rfc_8551(office: SigningKey) -> None:
    message = message_from_bytes(sign_letter(letter(), office), policy=policy.default)
    assert message.get_content_type() == "multipart/signed"
    assert (message.get_param("protocol"), message.get_param("micalg")) == ("application/pkcs7-signature", "sha-256")
    entity, signature = message.iter_parts()
    assert (entity.get_content_type(), signature.get_content_type()) == (
        "multipart/mixed",
        "application/pkcs7-signature",
    )
    assert signature.get_filename() == "smime.p7s"


def test_our_own_reader_finds_the_same_in_the_signed_letter(key: SigningKey) -> None:
    raw = letter()
    assert read_mail(sign_letter(raw, key)) == read_mail(raw)


PRINTABLE = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=60)


@settings(max_examples=25, deadline=None)
@given(
    subject=PRINTABLE,
    name=PRINTABLE,
    body=st.text(st.characters(codec="utf-8"), max_size=300),
    files=st.lists(st.tuples(PRINTABLE, st.binary(max_size=200)), max_size=3),
)
def test_any_letter_is_read_the_same_when_signed(
    office: SigningKey, subject: str, name: str, body: str, files: list[tuple[str, bytes]]
) -> None:
    raw = letter(subject, body, files, name)
    signed = sign_letter(raw, office)
    assert read_mail(signed) == read_mail(raw)
    assert outside(signed) == outside(raw)
    assert b"\n" not in signed.replace(b"\r\n", b"")
    assert max(map(len, signed.split(b"\r\n"))) <= 998
    entity = next(message_from_bytes(signed, _class=EmailMessage, policy=policy.default).iter_parts())
    whole = message_from_bytes(raw, _class=EmailMessage, policy=policy.default)
    assert [part.get_payload(decode=True) for part in entity.walk()] == [
        part.get_payload(decode=True) for part in whole.walk()
    ]


TOKEN = st.text("abcdefgh-XYZ123", min_size=1, max_size=12).filter(lambda name: not name.lower().startswith("content-"))
FOLDED = st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40), min_size=1, max_size=3).map(
    "\r\n\t".join
)


@settings(max_examples=25, deadline=None)
@given(
    fields=st.lists(st.tuples(TOKEN, FOLDED), max_size=5),
    body=st.lists(st.text(st.characters(max_codepoint=127, exclude_characters="\r\n"), max_size=80), max_size=6),
)
def test_any_header_stays_and_any_7_bit_body_is_the_signed_one(
    office: SigningKey, fields: list[tuple[str, str]], body: list[str]
) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    content = "Content-Type: text/plain;\r\n charset=us-ascii\r\ncontent-language: vi\r\n"
    text = "\r\n".join(body)
    raw = f"{head}{content}\r\n{text}".encode()
    signed = sign_letter(raw, office)
    assert signed.startswith(head.encode())
    boundary = b"\r\n--" + message_from_bytes(signed).get_boundary("").encode()
    assert signed.split(boundary)[1] == f"\r\n{content}\r\n{text}".encode()


def test_a_letter_within_a_letter_is_signed_and_encrypted_as_well(
    key: SigningKey, root: practice.Identity, reader: practice.Identity, tmp_path: Path
) -> None:
    twice = sign_letter(sign_letter(letter(), key), key)
    inner = verified(twice, root, tmp_path)
    assert inner is not None
    assert verified(inner, root, tmp_path) is not None
    opened = decrypted(encrypt_letter(twice, [reader.der]), reader, tmp_path)
    assert opened is not None
    assert verified(opened, root, tmp_path) == inner


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"Subject: x",
        b"Subject: x\r\n",
        b"no header\r\n\r\nx",
        b"Subject: x\n\nx\n",
        b"Subject: x\r\n\r\nbare\nend",
        b"Subject: x\r\n\r\nbare\rend",
        b"Subject: x\r\n\r\n\xc3\xa0",
        b"Subject: x\r\n\r\n" + b"x" * 999,
    ],
)
def test_what_a_server_might_rewrite_is_not_signed(office: SigningKey, reader: practice.Identity, raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"a (message|letter) "):
        sign_letter(raw, office)
    with pytest.raises(ValueError, match=r"a (message|letter) "):
        encrypt_letter(raw, [reader.der])


def test_a_key_that_is_not_the_certificates_is_noticed(office: SigningKey, leader: SigningKey) -> None:
    with pytest.raises(RuntimeError):
        sign_letter(letter(), replace(office, x509=leader.x509))


def test_every_recipient_and_nobody_else_can_open_an_encrypted_letter(
    reader: practice.Identity, middle: practice.Identity, tmp_path: Path
) -> None:
    raw = letter()
    fields, body = head_and_body(raw)
    own = [field for field in fields if field.startswith(b"Content-")]
    own_key = rsa.generate_private_key(65537, 2048)
    second = practice.issue("Người nhận 2", middle, key=own_key, usage=None)
    encrypted = encrypt_letter(raw, [reader.der, second.der])
    assert outside(encrypted) == outside(raw)
    assert b"JVBERi0" not in encrypted
    for identity in (reader, second):
        assert decrypted(encrypted, identity, tmp_path) == b"\r\n".join([*own, b"", body])
    assert decrypted(encrypt_letter(raw, [reader.der]), second, tmp_path) is None

    message = message_from_bytes(encrypted)
    assert (message.get_content_type(), message.get_param("smime-type")) == (
        "application/pkcs7-mime",
        "enveloped-data",
    )


def test_an_encrypted_letter_is_aes_256_in_cbc_mode_and_different_each_time(
    reader: practice.Identity, tmp_path: Path
) -> None:
    first, second = (encrypt_letter(letter(), [reader.der]) for _ in range(2))
    assert head_and_body(first)[1] != head_and_body(second)[1]
    (tmp_path / "letter").write_bytes(first)
    command = "openssl cms -cmsout -print -inform SMIME -in letter"
    shown = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=True).stdout
    assert b"aes-256-cbc" in shown


def test_a_certificate_that_is_not_for_encryption_is_refused(office: SigningKey, receiver: SigningKey) -> None:
    for certificate in (office.certificate, receiver.certificate):  # elliptic curve; RSA for signatures only
        with pytest.raises(MisuseError) as caught:
            encrypt_letter(letter(), [certificate])
        assert caught.value.code == "smime.recipient"
    with pytest.raises(ValueError, match="recipients"):
        encrypt_letter(letter(), [])
