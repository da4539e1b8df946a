"""How provable signatures are, and the whole of `sign-send`: annexes, leaders who signed elsewhere, several signers, S/MIME."""

import email
import email.policy
import hashlib
import json
import re
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path

import pytest
from asn1crypto import pem as asn1_pem
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from tests.authorities import Authorities, authorities
from tests.cli import assets
from tests.cli.commands import Clerk
from tests.offices import NOW

from vanthu_cli.config.load import load
from vanthu_cli.procedures.desk import register_file
from vanthu_cli.register.book import history, open_book
from vanthu_cli.rules.deadlines import today
from vanthu_cli.sandbox.documents import make_pdf
from vanthu_cli.sandbox.mailboxes import mailbox
from vanthu_cli.sandbox.office import OWN, PASSWORD, PracticeOffice
from vanthu_cli.signing import timestamps


@pytest.fixture
def quiet(template: PracticeOffice, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Clerk:
    return Clerk(assets.quiet(template, tmp_path / "quiet"), capsys)


def numbers(clerk: Clerk) -> list[int]:
    return sorted(each["number"] for each in clerk.asks("register", "list", "--book", "di")[1]["documents"])


def names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def levels(clerk: Clerk, path: Path, *more: str) -> tuple[str, list[str]]:
    """Return the verdict on a file and the levels of its signatures."""
    found = clerk.asks("verify", str(path), *more)[1]["files"][0]
    return found["verdict"], [each["level"] for each in found["signatures"]]


def signed_twice(clerk: Clerk) -> Path:
    """Have the leader sign a prepared draft, then the office; return the result."""
    signed = clerk.signed_draft()
    sealed = clerk.office.papers / "dau.pdf"
    assert clerk.types("sign", str(signed), "--as", "organisation", "--out", str(sealed)) == 0, clerk.said
    return sealed


def events(office: PracticeOffice, file: Path) -> list[Mapping[str, object]]:
    book = open_book(register_file(load(office.config)), who="?", now=NOW, make=False)
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        return [json.loads(row["data"]) for row in history(book, f"file:{digest}") if row["kind"] == "sign"]
    finally:
        book.connection.close()


@pytest.mark.parametrize(("level", "expected"), [("B-LT", ["B-LT", "B-LT"]), ("B-LTA", ["B-LTA", "B-LTA"])])
def test_what_was_signed_for_the_archive_is_proved_without_any_server(
    level: str, expected: list[str], quiet: Clerk, tmp_path: Path
) -> None:
    with authorities(tmp_path / "pki") as servers:
        assets.sworn(quiet.office, servers, level=level, hosts=[servers.host], tsa=True)
        sealed = signed_twice(quiet)
        assert servers.stamping.asked > 0
        assert servers.ocsp.asked > 0
    assert levels(quiet, sealed, "--offline") == ("valid", expected)
    assert quiet.types("verify", str(sealed), "--offline") == 0
    assert all(f", {each}): passed" in quiet.said for each in expected), quiet.said
    assert set(assets.pdfsig(sealed)[:2]) == {"Signature is Valid."}


def test_b_t_asks_the_time_stamp_authority_and_nobody_else(quiet: Clerk, vn: Authorities) -> None:
    assets.sworn(quiet.office, vn, level="B-T", tsa=True)
    before = vn.stamping.asked, vn.ocsp.asked, vn.crls.asked, vn.issuers.asked
    code, answer = quiet.asks("sign", str(quiet.draft()), "--as", "person")
    assert (code, answer["files"][0]["level"], answer["files"][0]["time_stamped"]) == (0, "B-T", True)
    assert vn.stamping.asked > before[0]
    assert (vn.ocsp.asked, vn.crls.asked, vn.issuers.asked) == before[1:]
    assert levels(quiet, quiet.office.papers / "cong-van.signed.pdf", "--offline") == ("valid", ["B-T"])


def test_a_host_that_is_not_allowed_is_never_asked(quiet: Clerk, vn: Authorities) -> None:
    assets.sworn(quiet.office, vn, level="B-LT", hosts=["ocsp.ca.gov.vn"], tsa=True)
    before = vn.ocsp.asked, vn.crls.asked, vn.issuers.asked
    paths = assets.drafts(quiet.office.papers, 2)
    code, answer = quiet.asks("sign", *map(str, paths), "--as", "person")
    assert (code, answer["error"]["code"]) == (2, "signing.no_revocation")
    assert "[trust] hosts" in answer["error"]["hint"]
    assert len(answer["not_reached"]) == 1
    assert (vn.ocsp.asked, vn.crls.asked, vn.issuers.asked) == before
    assert names(quiet.office.papers) == {"cv-00.pdf", "cv-01.pdf"}


MOODS: Mapping[str, Callable[[Authorities], object]] = {
    "busy": lambda vn: vn.stamping.fails_first(99),
    "garbage": lambda vn: vn.stamping.garbage(),
    "rejects": lambda vn: vn.stamping.rejects(),
    "lies": lambda vn: vn.stamping.wrong_imprint(),
    "silent": lambda vn: vn.stamping.silent(),
}


@pytest.mark.parametrize("mood", MOODS)
def test_a_time_stamp_authority_that_fails_is_asked_three_times_and_nothing_is_written(
    mood: str, quiet: Clerk, vn: Authorities, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timestamps, "_PATIENCE", 0.3)  # instead of 30 s
    assets.sworn(quiet.office, vn, tsa=True)
    paths = assets.drafts(quiet.office.papers, 2)
    with MOODS[mood](vn):  # type: ignore[attr-defined]  # each is a context
        code, answer = quiet.asks("sign", *map(str, paths), "--as", "person")
        assert vn.stamping.asked == 3
    assert (code, answer["error"]["code"]) == (6, "signing.tsa_silent")
    assert len(answer["not_reached"]) == 1
    assert names(quiet.office.papers) == {"cv-00.pdf", "cv-01.pdf"}


def test_an_authority_that_fails_twice_is_forgiven(quiet: Clerk, vn: Authorities) -> None:
    assets.sworn(quiet.office, vn, tsa=True)
    with vn.stamping.fails_first(2):
        code, answer = quiet.asks("sign", str(quiet.draft()), "--as", "person")
    assert (code, answer["files"][0]["level"]) == (0, "B-T")


def test_doing_without_time_stamps_is_a_decision_that_is_recorded(quiet: Clerk, vn: Authorities) -> None:
    assets.sworn(quiet.office, vn, level="B-LTA", hosts=[vn.host], tsa=True)
    draft = quiet.draft()
    with vn.stamping.fails_first(99):
        code, answer = quiet.asks("sign", str(draft), "--as", "person", "--without-timestamp")
        assert vn.stamping.asked == 0
    assert (code, answer["files"][0]["level"], answer["files"][0]["time_stamped"]) == (0, "B-B", False)
    (event,) = events(quiet.office, draft)
    assert (event["without_time_stamp"], event["level"], event["as"]) == (True, "B-B", "person")
    other = quiet.draft("b.pdf", subject="Việc khác")
    assert quiet.types("sign", str(other), "--as", "person") == 0, quiet.said
    (event,) = events(quiet.office, other)
    assert (event["without_time_stamp"], event["level"]) == (False, "B-LT")


def letter(clerk: Clerk, address: str = "tochuc@tuhaiduong") -> bytes:
    (raw,) = mailbox(clerk.office.folder, address)
    return raw


def files_in(raw: bytes) -> dict[str, bytes]:
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    return {str(part.get_filename()): part.get_content() for part in mail.walk() if part.get_filename()}


def test_annexes_bear_the_number_or_a_signature_beside_them_and_travel_along(clerk: Clerk) -> None:
    papers = clerk.office.papers
    table, packed, annex = papers / "bieu.xlsx", papers / "anh.zip", papers / "phu-luc.pdf"
    for number, path in enumerate((table, packed)):
        with zipfile.ZipFile(path, "w") as package:
            package.writestr(f"{number}.txt", "số liệu")
    annex.write_bytes(make_pdf(assets.page(9)))
    attach = [word for path in (annex, table, packed) for word in ("--attach", str(path))]
    words = ("sign-send", str(clerk.draft()), "--person", "leader", "--to", "BTCTU", *attach, "--yes")
    assert clerk.types(*words) == 0, clerk.said
    files = files_in(letter(clerk))
    assert {"bieu.xlsx", "bieu.xlsx.p7s", "anh.zip", "anh.zip.p7s", "phu-luc.pdf"} < set(files)
    received = clerk.office.folder / "received"
    received.mkdir()
    for name, data in files.items():
        (received / name).write_bytes(data)
    for name in ("bieu.xlsx", "anh.zip"):
        assert files[name] == (papers / name).read_bytes()
        assert assets.cms_passes(received / f"{name}.p7s", received / name, clerk.office.pki.root)
    marked = received / "phu-luc.pdf"
    assert files["phu-luc.pdf"].startswith(annex.read_bytes())
    box = assets.field_box(marked, "PhuLuc")
    lines = assets.text_in(marked, (box.x0 - 2, box.y0 - 2, box.x1 + 2, box.y1 + 2)).split()
    assert lines[0] == "01-CV/TU"
    assert re.fullmatch(assets.ISO_TIME, lines[1])
    found = clerk.asks("verify", str(marked))[1]["files"][0]
    assert (found["verdict"], [each["role"] for each in found["signatures"]]) == ("valid", ["organisation"])


def test_letters_of_a_channel_are_signed_with_s_mime_and_openssl_agrees(clerk: Clerk) -> None:
    config = clerk.office.config
    config.write_text(
        config.read_text("utf-8").replace("[channels.wan]\n", '[channels.wan]\nsmime = "office"\n'), "utf-8"
    )
    words = ("sign-send", str(clerk.draft()), "--person", "leader", "--to", "BTCTU", "--to", "SNV", "--yes")
    assert clerk.types(*words) == 0, clerk.said
    openssl = assets.tool("openssl", "no second opinion on S/MIME")

    def passes(raw: bytes) -> bool:
        command = [
            openssl,
            "cms",
            "-verify",
            "-CAfile",
            str(clerk.office.pki.root),
            "-purpose",
            "any",
            "-out",
            "/dev/null",
        ]
        return subprocess.run(command, input=raw, capture_output=True, check=False).returncode == 0

    raw = letter(clerk)
    assert passes(raw)
    body = raw.index(b"\r\n\r\n", raw.index(b"multipart/signed")) if b"\r\n\r\n" in raw else raw.index(b"\n\n")
    place = raw.index(b"JVBERi0", body)  # where the PDF begins in base64
    assert not passes(raw[:place] + b"JVBERi1" + raw[place + 7 :])
    assert not passes(letter(clerk, "vanthu.snv@haiduong.gov.vn"))  # that channel has no smime


# Leaders who signed with another tool


def stranger_signs(
    clerk: Clerk, *, certify: MDPPerm | None = None, lock: FieldMDPSpec | None = None, name: str = "Sig1"
) -> Path:
    """Have the leader sign the draft with plain pyHanko, in a field of its own name."""
    draft = clerk.draft()
    signer = SimpleSigner.load_pkcs12(str(clerk.office.key(OWN, "person")), passphrase=PASSWORD.encode())
    assert signer is not None
    meta = PdfSignatureMetadata(
        field_name=name, certify=certify is not None, docmdp_permissions=certify or MDPPerm.FILL_FORMS
    )
    spec = SigFieldSpec(name, on_page=0, box=(330, 60, 470, 100), field_mdp_spec=lock)
    out = clerk.office.papers / "lanh-dao-ky.pdf"
    with draft.open("rb") as source:
        made = PdfSigner(meta, signer, new_field_spec=spec).sign_pdf(IncrementalPdfFileWriter(source))
    out.write_bytes(made.getbuffer())
    return out


def poppler_signs(clerk: Clerk) -> Path:
    """Have the leader sign the draft with poppler and NSS."""
    draft, folder = clerk.draft(), clerk.office.folder / "nss"
    folder.mkdir()
    packed = pkcs12.load_pkcs12(clerk.office.key(OWN, "person").read_bytes(), PASSWORD.encode())
    assert packed.cert is not None
    others = [each.certificate for each in packed.additional_certs]
    key = pkcs12.serialize_key_and_certificates(
        b"leader",
        packed.key,  # type: ignore[arg-type]  # an RSA key
        packed.cert.certificate,
        others,
        BestAvailableEncryption(b"secret"),
    )
    (folder / "leader.p12").write_bytes(key)
    database, out = f"sql:{folder}", clerk.office.papers / "lanh-dao-ky.pdf"
    root = str(clerk.office.pki.root)
    for command in (
        [assets.tool("certutil", "no other signer"), "-N", "-d", database, "--empty-password"],
        ["certutil", "-A", "-d", database, "-n", "root", "-t", "C,C,C", "-i", root],
        [assets.tool("pk12util", "no other signer"), "-i", str(folder / "leader.p12"), "-d", database, "-W", "secret", "-K", ""],
        [assets.tool("pdfsig", "no other signer"), "-nssdir", database, "-add-signature", "-nick", "leader", str(draft), str(out)],
    ):  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)
    return out


def test_what_breaks_the_rules_of_the_format_is_left_to_a_person(clerk: Clerk) -> None:
    """Poppler 22.12 gives objects a generation that no table has freed: only a lenient reader takes such a file."""
    code, answer = clerk.asks("sign-send", str(poppler_signs(clerk)), "--to", "BTCTU", "--yes")
    assert (code, answer["error"]["code"]) == (7, "leader.undecided")
    assert "vanthu verify" in answer["error"]["hint"]
    assert numbers(clerk) == []


def test_a_leader_who_signed_with_another_tool_keeps_a_valid_signature(clerk: Clerk) -> None:
    code, answer = clerk.asks("sign-send", str(stranger_signs(clerk)), "--to", "BTCTU", "--yes")
    assert code == 0, answer
    sealed = Path(answer["document"]["file"])
    assert assets.pdfsig(sealed) == ["Signature is Valid."] * 3
    found = clerk.asks("verify", str(sealed))[1]["files"][0]
    assert (found["verdict"], found["person_signed"], found["organisation_signed"]) == ("valid", True, True)
    roots = [
        asn1_x509.Certificate.load(asn1_pem.unarmor(each.read_bytes())[2])
        for each in sorted(clerk.office.pki.trust.glob("*.crt"))
    ]
    reader = PdfFileReader(BytesIO(sealed.read_bytes()))
    for one in reader.embedded_signatures:
        context = ValidationContext(trust_roots=roots, allow_fetching=False)
        assert validate_pdf_signature(one, context, context).bottom_line


@pytest.mark.parametrize(
    "rules",
    [
        {"certify": MDPPerm.NO_CHANGES},
        {"lock": FieldMDPSpec(FieldMDPAction.ALL)},
    ],
)
def test_a_document_that_the_leader_has_locked_is_refused_and_no_number_is_taken(
    rules: dict[str, object], clerk: Clerk
) -> None:
    locked = stranger_signs(clerk, **rules)  # type: ignore[arg-type]  # pyHanko's own values
    code, answer = clerk.asks("sign-send", str(locked), "--to", "BTCTU", "--yes")
    assert (code, answer["error"]["code"]) == (5, "signing.locked")
    assert answer["error"]["hint"]
    assert numbers(clerk) == []
    assert mailbox(clerk.office.folder, "tochuc@tuhaiduong") == []


def test_two_signers_sign_each_in_their_place_and_then_the_office_seals(
    clerk: Clerk, written: Mapping[str, bytes]
) -> None:
    office = clerk.office
    second = assets.second_signer(office)
    for name, path in (("leader", office.key(OWN, "person")), ("second", second)):
        known = {"path": str(path), "certificate": str(path.with_suffix(".crt")), "image": "pki/keys/signature.png"}
        key = {"role": "person", "kind": "pkcs12", "secret": "file:secrets/password", **known}
        assets.change(office, {f"keys.{name}": key})
    assert assets.note(office) == []
    draft, first, both = (office.papers / name for name in ("hai.pdf", "mot-chu-ky.pdf", "hai-chu-ky.pdf"))
    draft.write_bytes(written["joint"])
    assert clerk.types("sign", str(draft), "--as", "person", "--key", "leader", "--out", str(first)) == 0, clerk.said
    assert clerk.types("sign", str(first), "--as", "person", "--key", "second", "--out", str(both)) == 0, clerk.said
    code, answer = clerk.asks("sign-send", str(first), "--to", "BTCTU", "--yes")
    assert (code, answer["error"]["code"]) == (5, "issue.signature_missing")
    assert numbers(clerk) == []
    left, right = assets.field_box(both, "LanhDao"), assets.field_box(both, "LanhDao_2")
    assert left.x1 <= right.x0 + 1
    code, answer = clerk.asks("sign-send", str(both), "--to", "BTCTU", "--yes")
    assert code == 0, answer
    sealed = Path(answer["document"]["file"])
    assert assets.pdfsig(sealed) == ["Signature is Valid."] * 4
    assert clerk.asks("verify", str(sealed))[1]["files"][0]["verdict"] == "valid"
    assert answer["document"]["date"] == today(NOW).isoformat()
