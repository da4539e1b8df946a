"""Letters: is the signature about all that a reader sees, and is the signer the sender?"""

from dataclasses import replace

import pytest
from tests.validation import envelopes
from tests.validation.conftest import NOW, Holder, Pki, issue
from tests.validation.envelopes import ENTITY, attached, detached, header, multipart, opaque_entity, signed_entity

from vanthu_cli.validation.files import judge_file
from vanthu_cli.validation.findings import Judgement
from vanthu_cli.validation.trust import Signatory

TEXT = b"Content-Type: text/plain\r\n\r\nmore, by nobody\r\n"


@pytest.fixture(scope="module")
def clerk(pki: Pki) -> Holder:
    return issue("Văn thư", pki.sub, mail=envelopes.SENDER)


def judged(letter: bytes, pki: Pki, signatories: dict[str, Signatory] | None = None) -> Judgement:
    return judge_file(letter, pki.trust(), pki.signatories if signatories is None else signatories, now=NOW)


def codes(judgement: Judgement) -> set[str]:
    every = [judgement.reasons, *(each.reasons for each in judgement.signatures)]
    return {reason.code for reasons in every for reason in reasons}


def signed(clerk: Holder, entity: bytes = ENTITY) -> bytes:
    return signed_entity(entity, detached(entity, clerk))


def test_a_signed_letter_is_valid_whatever_its_line_ends(pki: Pki, clerk: Holder) -> None:
    letter = header() + signed(clerk)
    judgement = judged(letter, pki)
    assert (judgement.format, judgement.verdict) == ("smime", "valid"), codes(judgement)
    assert judged(letter.replace(b"\r\n", b"\n"), pki).verdict == "valid"
    assert judged(header() + opaque_entity(attached(ENTITY, clerk)), pki).verdict == "valid"


def test_a_letter_without_signature_is_unsigned(pki: Pki) -> None:
    assert judged(header() + ENTITY, pki).verdict == "unsigned"
    assert judged(header() + multipart(b"multipart/mixed", ENTITY, TEXT), pki).verdict == "unsigned"


def test_the_agencys_address_in_our_directory_binds_a_certificate_without_one(pki: Pki) -> None:
    letter = header() + signed(pki.office)
    assert (judged(letter, pki).verdict, codes(judged(letter, pki))) == (
        "unknown",
        {"sender-not-signer", "headers-unsigned"},
    )
    known = pki.signatories
    known[pki.office.fingerprint] = replace(known[pki.office.fingerprint], addresses=(envelopes.SENDER,))
    assert judged(letter, pki, known).verdict == "valid"


def test_triple_wrapped_both_signatures_are_judged(pki: Pki, clerk: Holder) -> None:
    inner = signed(clerk)
    outer = signed_entity(inner, detached(inner, clerk), boundary=b"ngoai")
    judgement = judged(header() + outer, pki)
    assert (judgement.verdict, len(judgement.signatures)) == ("valid", 2)
    opaque = opaque_entity(attached(inner, clerk))
    assert (judged(header() + opaque, pki).verdict, len(judged(header() + opaque, pki).signatures)) == ("valid", 2)


def test_tricks_with_letters_are_never_valid(pki: Pki, clerk: Holder) -> None:
    whole, other = signed(clerk), ENTITY.replace(b"ngh", b"xyz") + b"more\r\n"
    forwarded = b"Content-Type: message/rfc822\r\n\r\n" + header() + whole
    tricks = {
        "sender is not the signer": header("ke-gian@x.vn") + whole,
        "two senders": header().replace(b"\r\nTo:", b", <ke-gian@x.vn>\r\nTo:") + whole,
        "From twice": b"From: ke-gian@x.vn\r\n" + header() + whole,
        "no From": header().replace(b"From:", b"X-From:") + whole,
        "text changed": header() + signed_entity(other, detached(ENTITY, clerk)),
        "part before": header() + multipart(b"multipart/mixed", TEXT, whole, boundary=b"ngoai"),
        "part after": header() + multipart(b"multipart/mixed", whole, TEXT, boundary=b"ngoai"),
        "alternative": header() + multipart(b"multipart/alternative", whole, TEXT, boundary=b"ngoai"),
        "wrapped message": header() + multipart(b"multipart/mixed", forwarded, TEXT, boundary=b"ngoai"),
        "message in a message": header() + forwarded,
        "third part": header()
        + multipart(
            b'multipart/signed; protocol="application/pkcs7-signature"',
            ENTITY,
            envelopes.signature_part(detached(ENTITY, clerk)),
            TEXT,
        ),
        "signature first": header()
        + multipart(
            b'multipart/signed; protocol="application/pkcs7-signature"',
            envelopes.signature_part(detached(ENTITY, clerk)),
            ENTITY,
        ),
        "after the end": header() + signed_entity(ENTITY, detached(ENTITY, clerk), after=b"more, by nobody\r\n"),
        "content twice": header() + signed_entity(ENTITY, attached(b"another", clerk)),
        "opaque changed": header() + opaque_entity(envelopes.with_content(detached(ENTITY, clerk), other)),
        "opaque without content": header() + opaque_entity(detached(ENTITY, clerk)),
        "text before the first part": header() + whole.replace(b"\r\n\r\n--", b"\r\n\r\nSo tien la 900 dong\r\n--", 1),
        "said to be encoded": header() + b"Content-Transfer-Encoding: base64\r\n" + whole,
        "another address as a name": header().replace(b"=?utf-8?q?V=C4=83n_th=C6=B0?=", b'"leader@tuhaiduong"') + whole,
        "and encoded": header().replace(b"=?utf-8?q?V=C4=83n_th=C6=B0?=", b"=?utf-8?b?bGVhZGVyQHR1aGFpZHVvbmc=?=")
        + whole,
        "type twice": header() + b"Content-Type: text/html\r\n" + whole,
        "a stranger's": header() + signed(pki.stranger),
        "no signer": header() + signed_entity(ENTITY, envelopes.no_signer(detached(ENTITY, clerk))),
        "rubbish": header() + signed_entity(ENTITY, detached(ENTITY, clerk)).replace(b"MII", b"!!!"),
    }
    verdicts = {name: judged(letter, pki).verdict for name, letter in tricks.items()}
    assert {name for name, verdict in verdicts.items() if verdict in {"valid", "unsigned"}} == set()
    assert {verdicts["text changed"], verdicts["opaque changed"]} == {"invalid"}


def test_what_mail_programs_write_before_the_first_part_is_no_trick(pki: Pki, clerk: Holder) -> None:
    said = b"\r\n\r\nThis is a cryptographically signed message in MIME format.\r\n\r\n--"
    judgement = judged(header() + signed(clerk).replace(b"\r\n\r\n--", said, 1), pki)
    assert (judgement.verdict, codes(judgement)) == ("valid", {"headers-unsigned"})


def test_an_encrypted_letter_is_unknown(pki: Pki) -> None:
    letter = header() + b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n"
    letter += b"Content-Transfer-Encoding: base64\r\n\r\nMAsGCSqGSIb3DQEHAw==\r\n"
    judgement = judged(letter, pki)
    assert judgement.verdict == "unknown"
    assert "encrypted" in codes(judgement)


def test_depth_and_number_of_parts_are_bounded(pki: Pki, clerk: Holder) -> None:
    nested = signed(clerk)
    for level in range(20):
        nested = multipart(b"multipart/mixed", nested, boundary=b"r%d" % level)
    assert judged(header() + nested, pki).verdict == "unknown"
    many = multipart(b"multipart/mixed", *[TEXT] * 1000)
    assert judged(header() + many, pki).verdict == "unknown"
