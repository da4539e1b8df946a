"""`vanthu sign` and `prepare` with key files: many files, refusals before the secret, nothing half done, what is to be seen."""

import io
import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from tests.authorities import Authorities
from tests.cli import assets
from tests.cli.commands import Clerk

from vanthu_cli.reading.picture import picture_of
from vanthu_cli.sandbox.documents import make_docx, make_pdf
from vanthu_cli.sandbox.office import OWN, PASSWORD, PracticeOffice


@pytest.fixture
def clerk(template: PracticeOffice, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Clerk:
    """A clerk whose office asks no servers."""
    return Clerk(assets.quiet(template, tmp_path / "office"), capsys)


def names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def test_many_files_are_signed_with_one_secret_and_told_in_a_table(clerk: Clerk) -> None:
    secret, asked = assets.asking(clerk.office, PASSWORD)
    leader = {"role": "person", "kind": "pkcs12", "path": f"pki/keys/{OWN}-person.p12", "secret": secret}
    assets.change(clerk.office, {"keys.leader": leader})
    paths = assets.drafts(clerk.office.papers, 6)
    before = [each.read_bytes() for each in paths]
    assert clerk.types("sign", *map(str, paths), "--as", "person") == 0, clerk.said
    assert assets.times(asked) == 1
    assert all(f"{each.stem}.signed.pdf" in clerk.said for each in paths)
    assert "6 signed" in clerk.said.splitlines()
    assert [assets.signatures(each.with_suffix(".signed.pdf")) for each in paths] == [1] * 6
    assert [each.read_bytes() for each in paths] == before


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="kills by signal: POSIX only")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_batch_that_was_killed_goes_on_where_it_stopped(clerk: Clerk, jobs: str) -> None:
    paths = assets.drafts(clerk.office.papers, 24)
    command = ["sign", *map(str, paths), "--as", "person", "--jobs", jobs]
    done = assets.killed_at(assets.vanthu(clerk.office, *command), clerk.office.papers, "*.signed.pdf", 4)
    assert 4 <= done < 24
    kept = {each: each.read_bytes() for each in clerk.office.papers.glob("*.signed.pdf")}
    code, answer = clerk.asks(*command)
    assert code == 0, (answer["error"], answer["failed"])
    assert sum(each["signed_before"] for each in answer["files"]) == done
    assert {each: each.read_bytes() for each in kept} == kept
    assert [assets.signatures(each.with_suffix(".signed.pdf")) for each in paths] == [1] * 24
    assert assets.leftovers(clerk.office.papers) == []


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="kills by signal: POSIX only")
def test_a_detached_signature_made_just_before_the_end_is_recognised(clerk: Clerk) -> None:
    file = clerk.office.papers / "du-lieu.xlsx"
    file.write_bytes(b"PK\x05\x06" + bytes(18))
    program = (
        "import os\nfrom vanthu_cli.register.book import Book\n"
        "Book.event = lambda *_values: os.kill(os.getpid(), 9)  # the power goes before the note is made\n"
    )
    process = assets.vanthu(clerk.office, "sign", str(file), "--as", "person", program=program)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    kept = file.with_suffix(".xlsx.p7s").read_bytes()
    code, answer = clerk.asks("sign", str(file), "--as", "person")
    assert (code, answer["files"][0]["signed_before"]) == (0, True), answer
    assert file.with_suffix(".xlsx.p7s").read_bytes() == kept


def test_one_bad_file_never_stops_the_others(clerk: Clerk) -> None:
    good, missing = clerk.draft("a.pdf"), clerk.office.papers / "khong-co.pdf"
    secret, broken = clerk.draft("c.pdf", secrecy="MẬT"), clerk.office.papers / "d.pdf"
    broken.write_bytes(b"%PDF-1.7\nkhong phai PDF")
    last = clerk.draft("e.pdf")
    code, answer = clerk.asks("sign", *map(str, (good, missing, secret, broken, last)), "--as", "person")
    assert code == 5  # the worst of them
    assert {Path(each["file"]).name for each in answer["files"]} == {"a.pdf", "e.pdf"}
    assert {Path(each["file"]).name: each["error"] for each in answer["failed"]} == {
        "khong-co.pdf": "file.unreadable",
        "c.pdf": "sign.secret",
        "d.pdf": "signing.unreadable",
    }
    assert names(clerk.office.papers) == {"a.pdf", "a.signed.pdf", "c.pdf", "d.pdf", "e.pdf", "e.signed.pdf"}


REFUSED = {
    "expired": ("signing.certificate_expired", ()),
    "future": ("signing.certificate_not_yet_valid", ()),
    "encrypting": ("signing.certificate_usage", ()),
    "revoked": ("key.certificate_revoked", ("list",)),
    "leader": ("key.certificate_revoked", ("ocsp",)),
    "leader_ec": ("key.certificate_untrusted", ("nobody",)),
    "other": ("key.not_ours", ("unlisted",)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_certificate_that_must_not_sign_is_refused_before_the_secret_is_asked(
    name: str, clerk: Clerk, vn: Authorities
) -> None:
    reason, how = REFUSED[name]
    office = clerk.office
    secret, asked = assets.asking(office, vn.passphrase)
    key = assets.key_of(vn, name, "person", secret)
    hosts = [vn.host] if "ocsp" in how else []
    assets.change(office, {"keys.leader": key, "trust": {"dir": "pki/trust", "hosts": hosts}})
    if "nobody" not in how:
        assets.believe(office, vn)
    if "list" in how:
        (office.folder / "pki" / "trust" / "vn.crl").write_bytes(assets.revocation_list(vn))
    if "unlisted" not in how:
        note = ("directory", "add", OWN, "--certificate", str(key["certificate"]), "--role", "person")
        assert clerk.types(*note) == 0, clerk.said
    draft = clerk.draft()
    before = names(office.papers)
    with vn.revoked("leader") if "ocsp" in how else nullcontext():
        code, answer = clerk.asks("sign", str(draft), "--as", "person")
    assert (code, answer["error"]["code"]) == (5, reason)
    assert answer["error"]["hint"]
    assert assets.times(asked) == 0
    assert names(office.papers) == before


def test_what_is_no_pdf_is_never_signed_as_one(clerk: Clerk) -> None:
    empty, page = clerk.office.papers / "trong.xlsx", clerk.office.papers / "trang.pdf"
    empty.write_bytes(b"")
    page.write_bytes(b"<html>404</html>")
    for file in (empty, page):
        code, answer = clerk.asks("sign", str(file), "--as", "person")
        assert (code, answer["error"]["code"]) == (2, "sign.not_pdf")
    assert names(clerk.office.papers) == {"trong.xlsx", "trang.pdf"}


def test_the_same_pattern_again_leaves_its_own_results_out(clerk: Clerk) -> None:
    assets.drafts(clerk.office.papers, 3)
    assert clerk.types("sign", *map(str, sorted(clerk.office.papers.glob("*.pdf"))), "--as", "person") == 0
    made = names(clerk.office.papers)
    assert len(made) == 6
    code, answer = clerk.asks("sign", *map(str, sorted(clerk.office.papers.glob("*.pdf"))), "--as", "person")
    assert (code, [each["signed_before"] for each in answer["files"]]) == (0, [True] * 3)
    assert names(clerk.office.papers) == made


def test_a_key_of_another_person_is_noticed_though_its_certificate_is_not_noted(clerk: Clerk) -> None:
    second = assets.second_signer(clerk.office)
    key = {"role": "person", "kind": "pkcs12", "path": str(second), "secret": "file:secrets/password"}
    assets.change(clerk.office, {"keys.second": key})
    draft = clerk.draft()
    code, answer = clerk.asks("sign", str(draft), "--as", "person", "--key", "second")
    assert (code, answer["error"]["code"]) == (5, "key.not_ours")
    assert names(clerk.office.papers) == {"cong-van.pdf"}
    note = ("directory", "add", OWN, "--certificate", str(second.with_suffix(".crt")), "--role", "person")
    assert clerk.types(*note) == 0, clerk.said
    code, answer = clerk.asks("sign", str(draft), "--as", "person", "--key", "second")
    assert (code, [each["code"] for each in answer["files"][0]["warnings"]]) == (0, ["other-name"])


def test_a_key_file_that_holds_another_certificate_than_noted_is_not_used_for_what_was_planned(clerk: Clerk) -> None:
    second = assets.second_signer(clerk.office)
    key = {"role": "person", "kind": "pkcs12", "path": str(second), "secret": "file:secrets/password"}
    assets.change(clerk.office, {"keys.leader": key})
    note = ("directory", "add", OWN, "--certificate", str(second.with_suffix(".crt")), "--role", "person")
    assert clerk.types(*note) == 0, clerk.said
    words = ("sign", str(clerk.draft()), "--as", "person")
    code, answer = clerk.asks(*words)
    assert (code, answer["error"]["code"]) == (2, "key.changed")
    assert names(clerk.office.papers) == {"cong-van.pdf"}
    assert clerk.types("init") == 0, clerk.said
    assert clerk.types(*words) == 0, clerk.said


def test_what_the_page_lacks_is_told_before_the_secret_is_asked(clerk: Clerk) -> None:
    secret, asked = assets.asking(clerk.office, None)
    leader = {"role": "person", "kind": "pkcs12", "path": f"pki/keys/{OWN}-person.p12", "secret": secret}
    assets.change(clerk.office, {"keys.leader": leader})
    draft = clerk.draft(signer="Trần Thị Khác", agency="SỞ XÂY DỰNG")
    assert clerk.types("sign", str(draft), "--as", "person", "--out", str(clerk.office.papers / "x.pdf")) == 2
    assert assets.times(asked) == 1
    refusal = clerk.said.index("The command for a secret failed")
    for warning in ("the name on the page is not that of the certificate: Trần Thị Khác", "is not this office"):
        assert warning in clerk.said[:refusal]
    assert names(clerk.office.papers) == {"cong-van.pdf"}
    code, answer = clerk.asks("sign", str(draft), "--as", "person", "--dry-run")
    assert code == 0
    assert {each["code"] for each in answer["files"][0]["warnings"]} == {"other-name", "other-agency"}
    assert assets.times(asked) == 1


def test_a_page_in_form_gives_no_warning(clerk: Clerk) -> None:
    code, answer = clerk.asks("sign", str(clerk.draft()), "--as", "person", "--dry-run")
    assert (code, answer["files"][0]["warnings"]) == (0, [])
    assert names(clerk.office.papers) == {"cong-van.pdf"}


def test_the_same_key_signs_twice_only_with_again(clerk: Clerk) -> None:
    once = clerk.office.papers / "mot.pdf"
    assert clerk.types("sign", str(clerk.draft()), "--as", "person", "--out", str(once)) == 0
    code, answer = clerk.asks("sign", str(once), "--as", "person", "--at", "1:100,80")
    assert (code, answer["error"]["code"]) == (5, "sign.again")
    assert "--again" in answer["error"]["hint"]
    assert names(clerk.office.papers) == {"cong-van.pdf", "mot.pdf"}
    twice = clerk.office.papers / "hai.pdf"
    words = ("sign", str(once), "--as", "person", "--again", "--at", "1:100,80", "--out", str(twice))
    assert clerk.types(*words) == 0, clerk.said
    assert assets.signatures(twice) == 2
    assert twice.read_bytes().startswith(once.read_bytes())


def test_neither_input_nor_another_file_is_ever_overwritten(clerk: Clerk) -> None:
    draft, other = clerk.draft(), clerk.office.papers / "khac.pdf"
    other.write_bytes(b"something of somebody")
    before = draft.read_bytes()
    for out in (draft, other):
        code, answer = clerk.asks("sign", str(draft), "--as", "person", "--out", str(out))
        assert (code, answer["error"]["code"]) == (2, "sign.output_exists")
        code, answer = clerk.asks("prepare", str(draft), "--out", str(out))
        assert (code, answer["error"]["code"]) == (2, "sign.output_exists")
    assert (draft.read_bytes(), other.read_bytes()) == (before, b"something of somebody")
    assert names(clerk.office.papers) == {"cong-van.pdf", "khac.pdf"}


@pytest.mark.parametrize(
    ("source", "out", "reason"),
    [
        ("khong-co.pdf", "x.pdf", "file.unreadable"),
        (".", "x.pdf", "file.unreadable"),
        ("cong-van.pdf", "khong-co/x.pdf", "sign.no_folder"),
    ],
)
def test_a_missing_file_or_folder_is_named_and_nothing_is_made(
    source: str, out: str, reason: str, clerk: Clerk
) -> None:
    papers = clerk.office.papers
    clerk.draft()
    for command in (("sign", "--as", "person"), ("prepare",)):
        code, answer = clerk.asks(*command, str(papers / source), "--out", str(papers / out))
        assert (code, answer["error"]["code"]) == (2, reason)
    assert names(papers) == {"cong-van.pdf"}


def test_on_a_full_disk_nothing_half_is_there(clerk: Clerk) -> None:
    draft = clerk.office.papers / "lon.pdf"
    draft.write_bytes(assets.padded(make_pdf(assets.page()), 3_000_000))
    words = ("sign", str(draft), "--as", "person", "--json")
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))"
    process = assets.vanthu(clerk.office, *words, program=limit)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 6, said
    assert '"disk.refused"' in said
    assert names(clerk.office.papers) == {"lon.pdf"}
    assert clerk.types(*words) == 0, clerk.said


def shown(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB")


def drawn(path: Path, dpi: int = 110) -> Image.Image:
    with Image.open(io.BytesIO(picture_of(path, 0, dpi=dpi, password=""))) as picture:
        return picture.convert("RGB")


def changed(one: Image.Image, other: Image.Image) -> tuple[int, int, int, int] | None:
    return ImageChops.difference(one, other).convert("L").point([0] * 60 + [255] * 196).getbbox()


@pytest.mark.parametrize("more", [(), ("--at", "1:100,80")])
def test_a_preview_shows_the_very_page_and_asks_for_no_secret(more: tuple[str, ...], clerk: Clerk) -> None:
    draft, picture = clerk.draft(), clerk.office.papers / "xem.png"
    words = ("sign", str(draft), "--as", "person", *more)
    office = clerk.office.config.read_text("utf-8")
    secret, asked = assets.asking(clerk.office, None)
    key = {"role": "person", "kind": "pkcs12", "path": f"pki/keys/{OWN}-person.p12", "secret": secret}
    assets.change(clerk.office, {"keys.leader": key | {"image": "pki/keys/signature.png"}})
    assert clerk.types(*words, "--preview", str(picture)) == 0, clerk.said
    assert assets.times(asked) == 0
    assert names(clerk.office.papers) == {"cong-van.pdf", "xem.png"}
    clerk.office.config.write_text(office, "utf-8")
    assert clerk.types(*words) == 0, clerk.said
    signed = drawn(draft.with_suffix(".signed.pdf"))
    assert changed(shown(picture), signed) is None
    assert changed(drawn(draft), signed) is not None
    assert clerk.types(*words, "--preview", str(picture)) == 2  # a picture is not overwritten either


def test_the_preview_of_a_text_mark_differs_from_the_signed_page_only_in_the_time(clerk: Clerk) -> None:
    annex, picture = clerk.draft("phu-luc.pdf"), clerk.office.papers / "xem.png"
    words = ("sign", str(annex), "--as", "annex", "--of", "145-CV/TU")
    assert clerk.types(*words, "--preview", str(picture)) == 0, clerk.said
    time.sleep(1.1)  # the time of signing has whole seconds
    assert clerk.types(*words) == 0, clerk.said
    signed = annex.with_suffix(".signed.pdf")
    box, scale = assets.field_box(signed, "PhuLuc"), 110 / 72
    first, second = changed(shown(picture), drawn(signed)), changed(drawn(annex), drawn(signed))
    assert first is not None
    assert second is not None
    middle = (assets.A4[1] - (box.y0 + box.y1) / 2) * scale  # number above, time below
    assert first[1] >= middle - 2
    assert first[3] <= (assets.A4[1] - box.y0) * scale + 1
    assert second[1] < middle - 4


def test_the_clerk_s_place_goes_before_the_one_that_was_found(clerk: Clerk) -> None:
    draft = clerk.signed_draft()
    out = clerk.office.papers / "dau.pdf"
    words = ("sign", str(draft), "--as", "organisation", "--at", "1:100.5,60", "--out", str(out))
    assert clerk.types(*words) == 0, clerk.said
    box = assets.field_box(out, "ConDau_2")
    assert (box.page, round(box.x0, 1), round(box.y0, 1)) == (0, 100.5, 60.0)


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("1:590,100", "signing.off_page"),
        ("1:-80,100", "signing.off_page"),
        ("9:100,100", "signing.no_such_page"),
    ],
)
def test_a_place_off_the_page_is_refused(place: str, reason: str, clerk: Clerk) -> None:
    code, answer = clerk.asks("sign", str(clerk.draft()), "--as", "person", "--at", place)
    assert (code, answer["error"]["code"]) == (2, reason)
    assert names(clerk.office.papers) == {"cong-van.pdf"}


def test_a_place_over_text_is_warned_of(clerk: Clerk) -> None:
    code, answer = clerk.asks("sign", str(clerk.draft()), "--as", "person", "--at", "1:100,740", "--dry-run")
    assert code == 0
    assert [each["code"] for each in answer["files"][0]["warnings"]] == ["covers-text"]
    code, answer = clerk.asks("sign", str(clerk.draft()), "--as", "person", "--at", "1:100,40", "--dry-run")
    assert answer["files"][0]["warnings"] == []


@pytest.mark.parametrize("place", ["1:2", "0:1,1", "a:1,1", "1:1,1,1"])
def test_a_place_that_is_none_is_explained(place: str, clerk: Clerk) -> None:
    code, answer = clerk.asks("sign", str(clerk.draft()), "--as", "person", "--at", place)
    assert (code, answer["error"]["code"]) == (2, "option.at")


def test_an_annex_bears_the_number_of_its_document_and_the_time_at_the_top_right(clerk: Clerk) -> None:
    annex = clerk.office.papers / "phu-luc.pdf"
    annex.write_bytes(make_pdf(assets.page()))
    assert clerk.types("sign", str(annex), "--as", "annex", "--of", "145-CV/TU") == 0, clerk.said
    signed = annex.with_suffix(".signed.pdf")
    box = assets.field_box(signed, "PhuLuc")
    assert box.page == 0
    assert box.x0 > assets.A4[0] / 2
    assert box.y1 > assets.A4[1] - 72
    lines = assets.text_in(signed, (box.x0 - 2, box.y0 - 2, box.x1 + 2, box.y1 + 2)).split()
    assert lines[0] == "145-CV/TU"
    assert re.fullmatch(assets.ISO_TIME, lines[1])


@pytest.mark.parametrize(("words", "reason"), [((), "sign.annex_of"), (("--of", "không số"), "document.number")])
def test_an_annex_without_the_number_of_its_document_is_refused(
    words: tuple[str, ...], reason: str, clerk: Clerk
) -> None:
    code, answer = clerk.asks("sign", str(clerk.draft()), "--as", "annex", *words)
    assert (code, answer["error"]["code"]) == (2, reason)
    assert names(clerk.office.papers) == {"cong-van.pdf"}


def test_words_that_do_not_go_together_are_explained(clerk: Clerk) -> None:
    a, b = clerk.draft("a.pdf"), clerk.draft("b.pdf")
    for words, reason in (
        ((str(a), "--as", "boss"), "sign.role"),
        ((str(a), "--as", "copy"), "sign.form"),
        ((str(a), "--as", "person", "--form", "sao-y"), "sign.form"),
        ((str(a), str(b), "--as", "person", "--out", str(clerk.office.papers / "x.pdf")), "sign.out"),
        ((str(a), str(b), "--as", "person", "--preview", str(clerk.office.papers / "x.png")), "sign.out"),
        ((str(a), "--as", "person", "--key", "office"), "key.unknown"),
    ):
        code, answer = clerk.asks("sign", *words)
        assert (code, answer["error"]["code"]) == (2, reason)
    assert names(clerk.office.papers) == {"a.pdf", "b.pdf"}


def test_a_folder_takes_the_results_of_many(clerk: Clerk) -> None:
    folder = clerk.office.papers / "da-ky"
    folder.mkdir()
    paths = assets.drafts(clerk.office.papers, 2)
    assert clerk.types("sign", *map(str, paths), "--as", "person", "--out", str(folder)) == 0, clerk.said
    assert names(folder) == {"cv-00.signed.pdf", "cv-01.signed.pdf"}


def test_of_two_files_with_one_name_the_second_does_not_replace_the_first_s_result(clerk: Clerk) -> None:
    folder = clerk.office.papers / "da-ky"
    other = clerk.office.papers / "khac"
    for each in (folder, other):
        each.mkdir()
    one, two = *assets.drafts(clerk.office.papers, 1), *assets.drafts(other, 1)
    two.write_bytes(make_pdf(assets.page(7)))
    code, answer = clerk.asks("sign", str(one), str(two), "--as", "person", "--out", str(folder))
    assert (code, answer["failed"]) == (2, [{"file": str(two), "error": "sign.same_output"}])
    assert (folder / "cv-00.signed.pdf").read_bytes().startswith(one.read_bytes())
    assert names(folder) == {"cv-00.signed.pdf"}


def test_any_file_is_signed_beside_it_and_openssl_agrees(clerk: Clerk) -> None:
    files = {"bang.xlsx": b"PK\x05\x06" + bytes(18), "goi.zip": b"PK\x05\x06" + bytes(18), "anh.png": b"\x89PNG\r\n"}
    paths = [clerk.office.papers / name for name in files]
    for path in paths:
        path.write_bytes(files[path.name])
    document = clerk.office.papers / "thu.docx"
    document.write_bytes(make_docx("Thư ngỏ"))
    code, answer = clerk.asks("sign", *map(str, (*paths, document)), "--as", "organisation", "--detached")
    assert code == 0, (answer["error"], answer["failed"])
    for path in (*paths, document):
        signature = path.with_name(f"{path.name}.p7s")
        assert assets.cms_passes(signature, path, clerk.office.pki.root)
        changed_file = path.with_name("changed")
        changed_file.write_bytes(path.read_bytes() + b"!")
        assert not assets.cms_passes(signature, changed_file, clerk.office.pki.root)


def test_a_mark_to_be_seen_goes_only_on_a_pdf(clerk: Clerk) -> None:
    file = clerk.office.papers / "bang.xlsx"
    file.write_bytes(b"PK\x05\x06" + bytes(18))
    for words in (("--as", "copy", "--form", "trich-sao"), ("--as", "arrival")):
        code, answer = clerk.asks("sign", str(file), *words)
        assert (code, answer["error"]["code"]) == (2, "sign.only_pdf")
    assert names(clerk.office.papers) == {"bang.xlsx"}


def xmlsec_passes(clerk: Clerk, path: Path) -> bool:
    xmlsec = assets.tool("xmlsec1", "no second opinion on XAdES")
    trust = clerk.office.pki.trust
    command = [xmlsec, "--verify", "--enabled-key-data", "x509", "--trusted-pem", str(trust / "root.crt")]
    command += ["--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties", str(path)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("name", ["goi.xml", "goi.edxml"])
def test_xml_is_signed_inside_and_xmlsec_agrees(name: str, clerk: Clerk) -> None:
    file = clerk.office.papers / name
    file.write_text("<?xml version='1.0'?><Thu xmlns='urn:x'><NoiDung>Kính gửi</NoiDung></Thu>", "utf-8")
    code, answer = clerk.asks("sign", str(file), "--as", "organisation")
    assert code == 0, (answer["error"], answer["failed"])
    signed = Path(answer["files"][0]["output"])
    assert signed.name == f"goi.signed{file.suffix}"

    assert xmlsec_passes(clerk, signed)
    forged = signed.with_name("forged.xml")
    forged.write_text(signed.read_text("utf-8").replace("Kính gửi", "Kinh gui"), "utf-8")
    assert not xmlsec_passes(clerk, forged)


@pytest.mark.parametrize("kind", ["odt", "docx"])
def test_a_word_processor_s_document_becomes_a_pdf_and_is_signed(
    kind: str, clerk: Clerk, written: Mapping[str, bytes]
) -> None:
    file = clerk.office.papers / f"cong-van.{kind}"
    file.write_bytes(written[kind])
    code, answer = clerk.asks("sign", str(file), "--as", "person")
    assert code == 0, (answer["error"], answer["failed"])
    assert answer["files"][0]["warnings"] == []
    signed = clerk.office.papers / "cong-van.signed.pdf"
    assert assets.signatures(signed) == 1
    assert assets.pdfsig(signed) == ["Signature is Valid."]
    assert names(clerk.office.papers) == {file.name, "cong-van.signed.pdf"}


@pytest.mark.parametrize("command", [("sign", "--as", "person"), ("prepare",)])
def test_without_libreoffice_a_word_document_gives_a_clear_sentence(
    command: tuple[str, ...], clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = clerk.office.papers / "thu.docx"
    file.write_bytes(make_docx("Thư ngỏ"))
    monkeypatch.setenv("PATH", "")
    code, answer = clerk.asks(*command, str(file))
    assert (code, answer["error"]["code"]) == (2, "convert.no_office")
    assert "PDF" in answer["error"]["hint"]
    assert names(clerk.office.papers) == {"thu.docx"}
