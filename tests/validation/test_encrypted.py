"""Files that a password protects: closed without it, and with it judged like any other."""

from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas
from tests.validation import attacks
from tests.validation.conftest import ARRIVAL_BOX, LEADER_BOX, NOW, SEAL_BOX, Pki, sign, update

from vanthu_cli.validation import reader, stretch
from vanthu_cli.validation.files import judge_file
from vanthu_cli.validation.findings import Judgement
from vanthu_cli.validation.pdf import signed_by

OWNER, USER = "chủ", "mật khẩu"

Attack = Callable[[bytes], bytes]


def judged(pdf: bytes | Path, pki: Pki, password: str | None = USER) -> Judgement:
    return judge_file(pdf, pki.trust(), pki.signatories, now=NOW, password=password)


def codes(judgement: Judgement) -> list[str]:
    of_signatures = [reason.code for found in judgement.signatures for reason in found.reasons]
    return of_signatures + [reason.code for reason in judgement.reasons]


@pytest.fixture(scope="module")
def protected(page: bytes) -> bytes:
    """AES-256 (ISO 32000-2), with one password for reading and one for the owner."""
    writer = copy_into_new_writer(PdfFileReader(BytesIO(page)))
    writer.encrypt(OWNER, USER)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.fixture(scope="module")
def issued(protected: bytes, pki: Pki) -> bytes:
    pdf = sign(protected, pki.leader, "LanhDao", LEADER_BOX, password=USER)
    return sign(pdf, pki.office, "ConDau", SEAL_BOX, password=USER)


@pytest.fixture
def knows_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the attacker be one who may read the file."""
    monkeypatch.setattr(attacks, "update", partial(update, password=USER))


@pytest.mark.parametrize("password", [OWNER, USER])
def test_with_either_password_it_is_judged_like_any_other(issued: bytes, pki: Pki, password: str) -> None:
    judgement = judged(issued, pki, password)
    assert (judgement.verdict, codes(judgement)) == ("valid", [])
    assert [found.changes_after for found in judgement.signatures] == ["form-filling", "none"]
    assert judgement.signatures[1].signer == "CN=Tỉnh ủy,C=VN"
    arrived = sign(issued, pki.receiver, "DEN", ARRIVAL_BOX, password=USER)
    assert judged(arrived, pki, password).verdict == "valid"


@pytest.mark.parametrize("password", [None, "", "mật khẩu ", "x" * 200, "\udcff"])
def test_without_the_password_it_stays_closed(issued: bytes, protected: bytes, pki: Pki, password: str | None) -> None:
    for pdf in (issued, protected):
        judgement = judged(pdf, pki, password)
        assert (judgement.verdict, judgement.signatures, codes(judgement)) == ("unknown", (), ["encrypted"])
    assert signed_by(issued, password) == ()


def test_a_file_that_its_own_authentication_code_disowns_is_never_valid(issued: bytes, pki: Pki) -> None:
    judgement = judged(issued + b"\n% something", pki)
    assert (judgement.verdict, len(judgement.signatures), codes(judgement)) == (
        "unknown",
        2,
        ["read-leniently", "trailing-bytes"],
    )


@pytest.mark.parametrize("strength", [40, 128])
def test_an_older_cipher_and_no_signature(pki: Pki, strength: int) -> None:
    buffer = BytesIO()
    canvas = Canvas(buffer, encrypt=StandardEncryption("secret", strength=strength))
    canvas.drawString(60, 700, "text")
    canvas.save()
    assert judged(buffer.getvalue(), pki, "secret").verdict == "unsigned"
    assert codes(judged(buffer.getvalue(), pki, "mật")) == ["encrypted"]


def test_a_password_that_nobody_needs_changes_nothing(page: bytes, pki: Pki) -> None:
    pdf = sign(page, pki.office, "ConDau", SEAL_BOX)
    assert judged(pdf, pki, "x") == judged(pdf, pki, None)


@pytest.mark.parametrize(
    ("attack", "verdict", "code"),
    [
        (attacks.append_page_content, "invalid", "changed-after-signing"),
        (lambda pdf: attacks.add_annotation(pdf, attacks.ELSEWHERE), "invalid", "changed-after-signing"),
        (lambda pdf: attacks.swap_appearance(pdf, "ConDau"), "invalid", "changed-after-signing"),
        (lambda pdf: attacks.draw_unsigned_field(pdf, SEAL_BOX), "unknown", "unsigned-field-over-mark"),
        (lambda pdf: attacks.signature_of_rubbish(pdf), "unknown", "unreadable-signature"),  # noqa: PLW0108  patched
        (lambda pdf: pdf + b"\n% something", "unknown", "trailing-bytes"),
        (lambda pdf: attacks.rewrite_byte_range(pdf, b"0 100 50 100"), "invalid", "partial-coverage"),
    ],
)
def test_tampering_is_seen_under_encryption(
    attack: Attack, verdict: str, code: str, *, issued: bytes, pki: Pki, knows_the_password: None
) -> None:
    del knows_the_password
    judgement = judged(attack(issued), pki)
    assert (judgement.verdict, code in codes(judgement)) == (verdict, True), codes(judgement)


def test_numbering_under_a_seal_is_recognised_by_what_the_pages_show(
    protected: bytes, pki: Pki, knows_the_password: None
) -> None:
    del knows_the_password
    numbered = attacks.add_annotation(
        sign(protected, pki.leader, "LanhDao", LEADER_BOX, password=USER), (85, 722, 110, 740)
    )
    judgement = judged(sign(numbered, pki.office, "ConDau", SEAL_BOX, password=USER), pki)
    assert (judgement.verdict, codes(judgement)) == ("unknown", ["numbered-after-signing"])


def shared_look(pdf: bytes) -> bytes:
    """A form field whose look is, by way of a dictionary inside the page's own, part of the page's content too."""

    def edit(writer: IncrementalPdfFileWriter) -> None:
        field = attacks.field_of(writer, "so")
        look = attacks.drawing(writer, "145")
        field[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): look})
        writer.update_container(field)
        page = writer.root["/Pages"]["/Kids"][0]
        drawn = generic.DictionaryObject({pdf_name("/XObject"): generic.DictionaryObject({pdf_name("/X"): look})})
        page[pdf_name("/Resources")] = drawn
        content = writer.add_object(generic.StreamObject(stream_data=b"q 1 0 0 1 60 500 cm /X Do Q"))
        page[pdf_name("/Contents")] = content
        writer.update_container(page)

    return update(attacks.add_text_field(pdf, "145"), edit, USER)


def swap_look(pdf: bytes) -> bytes:
    def edit(writer: IncrementalPdfFileWriter) -> None:
        look = attacks.field_of(writer, "so")["/AP"].raw_get("/N")
        look.get_object()._data = b"BT /F1 12 Tf 4 4 Td (999) Tj ET"
        look.get_object()._encoded_data = None
        writer.mark_update(look.reference)

    return update(pdf, edit, USER)


def test_page_content_inside_a_ciphered_dictionary_is_no_hiding_place(
    protected: bytes, pki: Pki, knows_the_password: None
) -> None:
    del knows_the_password
    signed = sign(shared_look(protected), pki.office, "ConDau", SEAL_BOX, password=USER)
    assert judged(signed, pki).verdict == "valid"
    judgement = judged(swap_look(signed), pki)
    assert (judgement.verdict, judgement.signatures[0].changes_after) == ("invalid", "other")


@pytest.mark.parametrize("attack", [lambda pdf: pdf, attacks.change_a_signed_byte, attacks.append_page_content])
def test_from_the_disk_the_judgement_is_the_same(
    attack: Attack,
    *,
    issued: bytes,
    pki: Pki,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    knows_the_password: None,
) -> None:
    del knows_the_password
    pdf = issued.replace(b"endstream", b"endstreaM", 1) if attack is attacks.change_a_signed_byte else attack(issued)
    (tmp_path / "a.pdf").write_bytes(pdf)
    at_once = judged(pdf, pki)
    monkeypatch.setattr(stretch, "_SMALL", 0)
    monkeypatch.setattr(reader, "_SPARED", 4)
    assert judged(tmp_path / "a.pdf", pki) == at_once
    assert signed_by(tmp_path / "a.pdf", USER) == signed_by(pdf, USER)


@settings(max_examples=30, deadline=None)
@given(place=st.integers(3, 20_000), flip=st.integers(1, 255))
def test_a_flipped_byte_anywhere_is_never_valid(place: int, flip: int, issued: bytes, pki: Pki) -> None:
    place = 3 + place % (len(issued) - 3)
    flipped = issued[:place] + bytes([issued[place] ^ flip]) + issued[place + 1 :]
    assert judged(flipped, pki).verdict != "valid"
