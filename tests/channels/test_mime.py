"""Whatever arrives can be read, in time, and is understood where it follows a standard or a common bad habit."""

import base64
import quopri
import time
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vanthu_cli.channels.edxml import Header, Party, status_xml
from vanthu_cli.channels.letter import compose
from vanthu_cli.channels.mime import Mail, read_mail
from vanthu_cli.channels.parts import MAX_PARTS

SAMPLES = Path(__file__).parent / "samples"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 30 + b"\n%%EOF\n"
NAME = "Công văn 145.pdf"
SUBJECT = "Về việc gửi, nhận văn bản điện tử"


def message(*parts: bytes, boundary: str = "ranh", kind: str = "mixed", extra: str = "") -> bytes:
    head = f'From: A <a@b.vn>\r\nSubject: x\r\n{extra}Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'
    body = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), part) for part in parts)
    return head.encode() + b"preamble\r\n" + body + b"--%s--\r\nepilogue\r\n" % boundary.encode()


def without_sender(raw: bytes) -> bytes:
    """Return a message as it stands inside another one's headers."""
    return raw.partition(b"Subject: x\r\n")[2]


def pdf_part(disposition: bytes = b'attachment; filename="a.pdf"') -> bytes:
    head = b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: " + disposition
    return head + b"\r\n\r\n" + base64.encodebytes(PDF).replace(b"\n", b"\r\n")


def check(mail: Mail) -> Mail:
    """Every text can be stored and shown, every name is a safe one."""
    texts = [mail.message_id or "", mail.sender, mail.subject, mail.text, *(file.name for file in mail.files)]
    if mail.answer:
        texts += [mail.answer.detail, *mail.answer.message_ids]
    for text in texts:
        text.encode()
        assert isinstance(text, str)
    assert "\n" not in mail.subject
    assert all(file.name and "/" not in file.name and "\\" not in file.name for file in mail.files)
    return mail


# -- nothing crashes, nothing hangs --------------------------------------------------------------------------------

PIECES = [
    *(b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"--b", b"--b--", b"--", b"--b\r\n", b" ", b"\t", b";", b'"', b"=", b"%"),
    *(b"Content-Type: ", b"multipart/mixed; boundary=b", b"text/plain; charset=", b"message/rfc822", b"text/html"),
    *(b"message/delivery-status", b"multipart/report", b"utf-8", b"punycode", b"unicode_escape", b"\x00", b"utf-7"),
    *(b"Content-Transfer-Encoding: ", b"base64", b"quoted-printable", b"x-uuencode", b"QUJ", b"+2AA-", b"&#99999999;"),
    *(b"Content-Disposition: attachment; ", b"filename*0*=", b"filename*=utf-8''%C3%28", b"name=", b"=?utf-8?b?a?="),
    *(
        b"=?x?q?=E1=BB?=",
        b"From: ",
        b"Subject: ",
        b"((((",
        b"<a@b>",
        b"Message-ID: ",
        b"References: ",
        b"\xc3\x28",
        b"\xff",
    ),
    *(
        b"Action: failed\r\n",
        b"Status: 5.1.1\r\n",
        b"Original-Envelope-Id: \xff\r\n",
        b"<a>&lt;",
        b"In-Reply-To: <a@b>",
    ),
]


@settings(deadline=None, max_examples=400)
@given(st.one_of(st.binary(max_size=500), st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join)))
@example(b"")
@example(b"\r\n")
@example(b"Content-Type: text/plain; charset=punycode\r\n\r\na-b")
@example(b"Content-Type: text/plain; charset=utf-7\r\n\r\n+2AA-")
@example(b"Content-Type: text/html\r\n\r\n&#" + b"9" * 5000 + b";")
@example(b"Content-Disposition: attachment; filename*" + b"9" * 4500 + b"=x\r\n\r\n")
@example(b"Subject: =?utf-8?b?a?=\r\n\r\n")
@example(b"From: " + b"(" * 8000 + b"\r\n\r\n")
@example(b'Content-Type: multipart/mixed; boundary="\xff\xfe"\r\n\r\n--\xff\xfe\r\n\r\nx\r\n')
def test_any_bytes_can_be_read(raw: bytes) -> None:
    check(read_mail(raw))


def deep(kind: str, depth: int, body: bytes = b"\r\nx") -> bytes:
    raw = body
    for number in range(depth):
        if kind == "multipart":
            raw = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n%s\r\n--b%d--\r\n" % (
                number,
                number,
                raw,
                number,
            )
        else:
            raw = b"Content-Type: message/rfc822\r\n\r\n" + raw
    return raw


HEAVY: dict[str, Callable[[], bytes]] = {
    "3000 nested multiparts": lambda: deep("multipart", 3000),
    "3000 nested messages": lambda: deep("message", 3000),
    "100 nested multiparts around 10 MB": lambda: deep("multipart", 100, b"\r\n" + b"QUJD" * 19 * 2**17),
    "19 nested multiparts around 20 MB": lambda: deep("multipart", 19, b"\r\n" + b"QUJDREVG\r\n" * 2**21),
    "10 MB of one header": lambda: b"Subject: " + b"x" * 10**7 + b"\r\n\r\nbody",
    "10 MB of header lines": lambda: b"X: y\r\n" * 10**6 * 2 + b"\r\nbody",
    "10 MB of a folded header": lambda: b"Subject: x\r\n" + b" y\r\n" * 2 * 10**6 + b"\r\n",
    "10 MB of parameters": lambda: b"Content-Type: text/plain" + b";" * 10**7 + b"\r\n\r\n",
    "10 MB of quotes": lambda: b"Content-Type: text/plain; a=" + b'";' * 5 * 10**6 + b"\r\n\r\n",
    "100 parts with 100 KB of parameters": lambda: message(
        *[b"Content-Type: text/plain" + b"; a=b" * 20_000 + b"\r\n\r\nx"] * 100
    ),
    "encoded words without end": lambda: b"Subject: " + b"=?utf-8?q?x?= " * 10**5 + b"\r\n\r\n",
    "comments in comments": lambda: b"From: " + b"(" * 10**6 + b"\r\n\r\n",
    "1500 parts": lambda: message(*(pdf_part() for _each in range(1500))),
    "a million empty parts": lambda: message(*[b"\r\n"] * 10**6),
    "a million lines that are nearly boundaries": lambda: message(b"\r\n" + b"--ranh x\r\n--ranhh\r\n" * 10**6),
    "a boundary of dashes in dashes": lambda: message(b"\r\n" + b"-" * 10**7, boundary="-" * 60),
    "10 MB of combining marks": lambda: (
        b"Content-Type: text/plain; charset=utf-8\r\n\r\na" + "\u0301\u0316".encode() * 2500000
    ),
    "punycode": lambda: b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"a9" * 10**6,
    "10 MB of open tags": lambda: b"Content-Type: text/html\r\n\r\n" + b"<a" * 5 * 10**6,
    "10 MB of ampersands": lambda: b"Content-Type: text/html\r\n\r\n" + b"&" * 10**7,
    "an attachment of 30 MB": lambda: message(
        b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(bytes(range(256)) * 30 * 2**12)
    ),
}


@pytest.mark.parametrize("case", HEAVY)
def test_a_message_made_to_be_slow_is_read_in_seconds(case: str) -> None:
    raw = HEAVY[case]()
    begun = time.process_time()
    check(read_mail(raw))
    assert time.process_time() - begun < 4


def test_what_is_left_out_is_said() -> None:
    many, nested = read_mail(HEAVY["1500 parts"]()), read_mail(deep("multipart", 30))
    assert len(many.files) == MAX_PARTS
    assert all(file.data == PDF for file in many.files)
    assert many.faults == ("too-many-parts",)
    assert nested.faults == ("too-deep",)
    assert read_mail(deep("multipart", 19, b"\r\nchao")).text == "chao"


def test_a_missing_boundary_leaves_the_text() -> None:
    mail = read_mail(b"Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\nchao\r\n")
    assert "chao" in mail.text
    assert mail.faults == ("no-boundary",)


def test_a_missing_end_boundary_and_other_line_ends_cost_nothing() -> None:
    whole = message(b"\r\nmot\r\nhai\r\n", pdf_part())
    for raw in (whole, whole.rpartition(b"--ranh--")[0], whole.replace(b"\r\n", b"\n")):
        mail = read_mail(raw)
        assert mail.text.split() == ["mot", "hai"]
        assert [file.data for file in mail.files] == [PDF]
        assert mail.faults == ()


def test_a_body_without_any_header_is_text() -> None:
    assert read_mail("Kính gửi:\nđồng chí\n\nhết".encode()).text == "Kính gửi:\nđồng chí\n\nhết"


# -- text in the charsets of the world -----------------------------------------------------------------------------

WINDOWS_1258 = unicodedata.normalize("NFD", SUBJECT)


def to_1258(text: str) -> bytes:
    """Write as Windows did: letters with their hats, tones after them."""
    out = bytearray()
    for letter in unicodedata.normalize("NFC", text):
        try:
            out += letter.encode("cp1258")
        except UnicodeEncodeError:
            base, tone = unicodedata.normalize("NFD", letter)[0], unicodedata.normalize("NFD", letter)[1:]
            hats = "".join(c for c in tone if c in "\u0302\u0306\u031b")
            tones = "".join(c for c in tone if c not in hats)
            out += unicodedata.normalize("NFC", base + hats).encode("cp1258") + tones.encode("cp1258")
    return bytes(out)


def words(data: bytes, charset: str, how: str = "b", size: int = 20) -> str:
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    encode = {
        "b": lambda piece: base64.b64encode(piece).decode(),
        "q": lambda piece: "".join(f"={c:02X}" for c in piece),
    }
    return "\r\n ".join(f"=?{charset}?{how}?{encode[how](piece)}?=" for piece in pieces)


@pytest.mark.parametrize(
    "header",
    [
        SUBJECT.encode(),
        to_1258(SUBJECT),
        words(SUBJECT.encode(), "utf-8").encode(),
        words(SUBJECT.encode(), "UTF-8*vi", "q").encode(),
        words(SUBJECT.encode(), "utf-8", size=7).encode(),  # cuts letters in two
        words(to_1258(SUBJECT), "windows-1258").encode(),
        words(to_1258(SUBJECT), "us-ascii", "q", 100).encode(),
        words(SUBJECT.encode(), "iso-8859-1", size=100).encode(),
        words(SUBJECT.encode(), "no-such-charset", size=100).encode(),
        words(SUBJECT.encode(), "x" * 50, size=100).encode(),
        f"=?utf-8?q?{SUBJECT.replace(' ', '_')}?=".encode(),
        f"=?utf-8?Q?{quopri.encodestring(SUBJECT.encode()).decode().strip()}?=".replace("=\n", "").encode(),
        unicodedata.normalize("NFD", SUBJECT).encode(),
        SUBJECT.replace(" ", "\r\n\t").encode(),
    ],
)
def test_a_subject_is_read_however_it_is_written(header: bytes) -> None:
    assert read_mail(b"From: a@b\r\nSubject: " + header + b"\r\n\r\nx").subject == SUBJECT


def test_broken_encoded_words_stay_readable() -> None:
    assert read_mail(b"Subject: so =?utf-8?b?!!!?= =?utf-8?q?145=?= x\r\n\r\n").subject.startswith("so ")
    assert read_mail(b"Subject: =?utf-8?b?Vg? =?utf-8?b?Vg==?=\r\n\r\n").subject.endswith("V")


@pytest.mark.parametrize(
    ("charset", "data"),
    [
        ("utf-8", SUBJECT.encode()),
        ("windows-1258", to_1258(SUBJECT)),
        ("us-ascii", SUBJECT.encode()),
        ("windows-1252", SUBJECT.encode()),
        ("utf-16", SUBJECT.encode("utf-16")),
        ("unicode_escape", SUBJECT.encode()),
        ("", to_1258(SUBJECT)),
        ("x-unknown", to_1258(SUBJECT)),
        ('utf-8"\0', SUBJECT.encode()),
    ],
)
@pytest.mark.parametrize("encoding", ["8bit", "base64", "quoted-printable"])
def test_a_body_is_read_in_its_charset_or_the_likely_one(charset: str, data: bytes, encoding: str) -> None:
    body = {"8bit": data, "base64": base64.encodebytes(data), "quoted-printable": quopri.encodestring(data)}[encoding]
    head = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    assert read_mail(head.encode() + body).text.strip("\n") == SUBJECT


def test_html_is_read_as_a_reader_sees_it() -> None:
    raw = b"Content-Type: text/html; charset=utf-8\r\n\r\n<p style='x'>M&#7852;T</p><br>A&nbsp;&amp;&nbsp;B"
    assert read_mail(raw).text.split() == ["MẬT", "A", "&", "B"]


# -- file names ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "disposition",
    [
        f'attachment; filename="{NAME}"'.encode(),
        b'attachment; filename="' + to_1258(NAME) + b'"',
        f"attachment; filename*=UTF-8''{quote(NAME)}".encode(),
        b"attachment; filename*=windows-1258''" + quote(to_1258(NAME)).encode(),
        b"attachment; filename*=us-ascii''" + quote(to_1258(NAME)).encode(),
        f"attachment; filename*=iso-8859-1''{quote(NAME)}".encode(),
        f"attachment; filename*=no-such''{quote(NAME)}".encode(),
        f"attachment; filename*=''{quote(NAME)}".encode(),
        f"attachment;\r\n filename*0*=utf-8''{quote(NAME[:5])};\r\n filename*1*={quote(NAME[5:])}".encode(),
        f'attachment; filename="{words(NAME.encode(), "utf-8", size=100)}"'.encode(),
        f'attachment; filename="{words(NAME.encode(), "utf-8", size=12)}"'.encode(),
        f"attachment; filename={words(NAME.encode(), 'utf-8', 'q', 100)}".encode(),
        f'attachment; filename="{unicodedata.normalize("NFD", NAME)}"'.encode(),
        b"attachment\r\nContent-Type: application/pdf; name*=utf-8''" + quote(NAME).encode(),
    ],
)
def test_a_file_name_is_read_however_it_is_written(disposition: bytes) -> None:
    raw = message(pdf_part(disposition).replace(b"Content-Type: application/pdf\r\n", b"", b"name*" in disposition))
    (file,) = read_mail(raw).files
    assert (file.name, file.data) == (NAME, PDF)


def test_an_unnamed_part_gets_a_name_and_an_attached_text_is_a_file() -> None:
    mail = read_mail(
        message(
            b"Content-Type: application/pdf\r\n\r\nx", b'Content-Disposition: attachment; filename="a.txt"\r\n\r\ny'
        )
    )
    assert [(file.name, file.data) for file in mail.files] == [("part-1", b"x"), ("a.txt", b"y")]


def test_what_a_mailing_list_adds_behind_base64_does_not_change_the_file() -> None:
    (file,) = read_mail(message(pdf_part() + b"\r\n____\r\nList footer\r\n")).files
    assert file.data == PDF


def test_an_unknown_transfer_encoding_is_said() -> None:
    mail = read_mail(b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\r\n")
    assert mail.faults == ("unknown-encoding",)


# -- messages in messages, signatures ------------------------------------------------------------------------------


def test_a_document_is_found_inside_attached_messages() -> None:
    inner = b"Subject: trong\r\nMessage-ID: <2@b>\r\n" + without_sender(message(b"\r\nxin", pdf_part()))
    for encoding in (b"", b"Content-Transfer-Encoding: base64\r\n"):
        body = base64.encodebytes(inner) if encoding else inner
        middle = b"Content-Type: message/rfc822\r\n" + encoding + b"\r\n" + body
        mail = read_mail(
            message(
                b"\r\nngoai",
                b"Content-Type: message/rfc822\r\n\r\n" + message(middle, boundary="giua"),
                boundary="ngoai",
            )
        )
        assert [file.data for file in mail.files] == [PDF]
        assert mail.text.split() == ["ngoai", "xin"]
        assert mail.subject == "x"


def test_a_signed_message_gives_its_document_and_not_its_signature() -> None:
    signature = b"Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\nMIIB\r\n"
    inner = without_sender(message(b"\r\nxin", pdf_part(), boundary="trong"))
    mail = read_mail(message(inner, signature, kind="signed"))
    assert [(file.name, file.data) for file in mail.files] == [("a.pdf", PDF)]


def test_an_opaque_signed_message_is_a_file() -> None:
    raw = b"Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\nMIIB"
    assert [file.name for file in read_mail(raw).files] == ["smime.p7m"]


# -- who wrote -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "sender"),
    [
        ("Văn phòng <VanThu@TuHaiDuong>", "vanthu@tuhaiduong"),
        ("vanthu@snv.haiduong.gov.vn (Sở Nội vụ)", "vanthu@snv.haiduong.gov.vn"),
        ('"boss@party.vn" <spy@evil.vn>', "spy@evil.vn"),
        ("=?utf-8?q?=3Cboss=40party=2Evn=3E?= <spy@evil.vn>", "spy@evil.vn"),
        ("=?utf-8?b?Ym9zc0BwYXJ0eS52biA8?= <spy@evil.vn>", "spy@evil.vn"),
        ("", ""),
        ("nobody", ""),
        ("<a b@c>", ""),
        ("Sở <vănthư@tuhaiduong>", "vănthư@tuhaiduong"),
        ("Sở <vanthu@HảiDương.vn>", "vanthu@xn--hidng-wob8hx63z.vn"),
    ],
)
def test_the_sender_is_the_address_and_not_what_a_name_pretends(header: str, sender: str) -> None:
    found = read_mail(f"From: {header}\r\n\r\n".encode()).sender
    assert found == sender


@pytest.mark.parametrize(
    ("header", "automatic"),
    [
        ("Auto-Submitted: auto-replied (vacation)", True),
        ("Auto-Submitted: AUTO-GENERATED; owner-email=a@b", True),
        ("Auto-Submitted: no", False),
        ("Return-Path: <>", True),
        ("Return-Path: <a@b>", False),
        ("Precedence: bulk", True),
        ("X: y", False),
    ],
)
def test_what_nobody_wrote_is_automatic(header: str, automatic: bool) -> None:
    assert read_mail(f"{header}\r\n\r\n".encode()).automatic is automatic


# -- answers -------------------------------------------------------------------------------------------------------


def sample(name: str) -> Mail:
    return check(read_mail((SAMPLES / name).read_bytes()))


def test_postfix_bounces_are_understood_with_headers_or_the_whole_letter() -> None:
    for name, ids in (
        ("postfix-bounce-headers.eml", 2),
        ("postfix-bounce-full.eml", 1),
    ):
        mail = sample(name)
        assert mail.answer is not None
        assert (mail.answer.kind, mail.answer.state) == ("dsn", "bounced")
        assert len(mail.answer.message_ids) == ids
        assert all(each.endswith("@vanthu.tuhaiduong>") for each in mail.answer.message_ids)
        assert mail.answer.detail.startswith("failed 5.1.1 smtp; 550 5.1.1")
        assert mail.answer.detail.endswith("No such user here")
        assert mail.automatic
        assert mail.sender == "mailer-daemon@haiduong.gov.vn"
        assert [file.name for file in mail.files] == (["145-CV-TU.pdf"] if "full" in name else [])


def test_a_postfix_delivery_report_is_understood() -> None:
    answer = sample("postfix-success.eml").answer
    assert answer is not None
    assert (answer.kind, answer.state) == ("dsn", "delivered")
    assert answer.message_ids[0] == "<1f01@vanthu.tuhaiduong>"
    assert answer.detail.startswith("relayed 2.0.0")


def report(action: str, *more: str, kind: str = "delivery-status", fields: str = "") -> bytes:
    groups = "".join(
        f"\r\nFinal-Recipient: rfc822; a@b\r\nAction: {each}\r\nStatus: 4.0.0\r\n" for each in (action, *more)
    )
    status = f"Content-Type: message/{kind}\r\n\r\n{fields or 'Reporting-MTA: dns; x'}\r\n{groups}"
    headers = "Content-Type: text/rfc822-headers\r\n\r\nMessage-ID:\r\n <7@vanthu.tuhaiduong>\r\n"
    return message(b"\r\nxin loi", status.encode(), headers.encode(), kind=f"report; report-type={kind}")


@pytest.mark.parametrize(
    ("actions", "state"),
    [
        (("delayed",), None),
        (("delivered",), "delivered"),
        (("Failed",), "bounced"),
        (("delivered", "failed"), "bounced"),
        (("delayed", "expanded"), "delivered"),
        (("unheard-of",), None),
    ],
)
def test_the_worst_action_of_a_report_counts(actions: tuple[str, ...], state: str | None) -> None:
    answer = read_mail(report(*actions)).answer
    assert answer is not None
    assert (answer.kind, answer.state, answer.message_ids) == ("dsn", state, ("<7@vanthu.tuhaiduong>",))


def test_a_receipt_of_reading_is_understood() -> None:
    fields = "Original-Message-ID: <7@vanthu.tuhaiduong>\r\nDisposition: manual-action/MDN-sent-manually; displayed"
    mail = read_mail(report("x", kind="disposition-notification", fields=fields))
    assert mail.answer is not None
    assert (mail.answer.kind, mail.answer.state) == ("mdn", "delivered")
    assert mail.answer.message_ids == ("<7@vanthu.tuhaiduong>",)
    assert mail.answer.detail == "MDN displayed"
    assert mail.automatic
    assert mail.files == ()


def test_a_report_that_somebody_forwards_is_not_an_answer() -> None:
    forwarded = b"Content-Type: message/rfc822\r\n\r\n" + report("failed")
    mail = read_mail(message(b"\r\nxem giup", forwarded, boundary="ngoai"))
    assert mail.answer is None
    assert not mail.automatic


def status(code: str, description: str = "Đã tiếp nhận") -> bytes:
    return status_xml(
        code=code,
        description=description,
        answered=Header("145", "CV/TU", "2026-04-28"),
        office=Party("000.00.01.H13", "Sở Nội vụ"),
        asked_by="TU",
        moment=datetime(2026, 4, 28, tzinfo=UTC),
    )


def with_status(xml: bytes) -> Mail:
    message = EmailMessage()
    message["From"], message["In-Reply-To"] = "a@b.vn", "<7@vanthu.tuhaiduong>"
    message.set_content("xin")
    message.add_attachment(xml, maintype="application", subtype="xml", filename="STATUS.edXML")
    return check(read_mail(message.as_bytes()))


@pytest.mark.parametrize(
    ("code", "state"),
    [("01", "delivered"), ("02", "refused"), ("03", "acknowledged"), ("06", "acknowledged"), ("99", None)],
)
def test_an_edxml_status_is_understood(code: str, state: str | None) -> None:
    answer = with_status(status(code)).answer
    assert answer is not None
    assert (answer.kind, answer.state, answer.message_ids) == ("status", state, ("<7@vanthu.tuhaiduong>",))
    assert answer.detail == f"{code} Đã tiếp nhận"


def test_a_status_with_entities_and_a_dtd_reads_no_file_and_asks_nobody(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("SECRET")
    file = (tmp_path / "secret").as_uri()
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    for dtd in (
        f'<!DOCTYPE x [<!ENTITY e SYSTEM "{file}">]>',
        f'<!DOCTYPE x SYSTEM "{file}">',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">',
        f'<!DOCTYPE x [<!ENTITY % p SYSTEM "{file}"> %p;]>',
        f'<!DOCTYPE x [<!ENTITY l0 "lol">{lol}<!ENTITY e "&l9;">]>',
    ):
        begun = time.process_time()
        body = "<x><StatusCode>03</StatusCode><Description>a&e;b</Description></x>" if "ENTITY e" in dtd else "<x/>"
        mail = with_status(f"<?xml version='1.0'?>{dtd}{body}".encode())
        assert mail.answer is None or "SECRET" not in mail.answer.detail
        assert time.process_time() - begun < 1


@settings(deadline=None, max_examples=60)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: f"<StatusCode>{text}".encode())))
def test_any_bytes_may_call_themselves_a_status(xml: bytes) -> None:
    with_status(xml)


def test_an_edxml_package_with_a_document_is_no_status() -> None:
    assert with_status(b"<edXML><Code>145</Code></edXML>").answer is None


def test_a_human_reply_is_a_reply_even_with_a_logo_in_its_signature() -> None:
    logo = b"Content-Type: image/png; name=logo.png\r\nContent-ID: <l>\r\nContent-Disposition: inline\r\n\r\nx"
    ids = "In-Reply-To: <7@vanthu.tuhaiduong>\r\nReferences: <6@a> <7@vanthu.tuhaiduong>\r\n"
    for parts, kind in (
        ((b"\r\nda nhan",), "reply"),
        ((b"\r\nda nhan", logo), "reply"),
        ((b"\r\nx", pdf_part()), None),
    ):
        answer = read_mail(message(*parts, extra=ids)).answer
        assert (answer.kind if answer else None) == kind
        if answer:
            assert answer.message_ids == ("<7@vanthu.tuhaiduong>", "<6@a>")
    assert read_mail(message(b"\r\nxin")).answer is None


@settings(deadline=None, max_examples=50)
@given(st.lists(st.binary(max_size=400), max_size=5), st.text(max_size=50))
def test_what_we_write_we_read(files: list[bytes], body: str) -> None:
    letter = compose(
        message_id="<1@vanthu.tuhaiduong>",
        sender=("Văn phòng", "vanthu@tuhaiduong"),
        recipient=("Sở", "a@b.vn"),
        subject=SUBJECT,
        body=body,
        date=datetime(2026, 4, 28, tzinfo=UTC),
        files=[(f"{number}-CV.pdf", data) for number, data in enumerate(files)],
    )
    mail = check(read_mail(letter.raw))
    assert [file.data for file in mail.files] == files
    assert (mail.message_id, mail.sender, mail.faults) == ("<1@vanthu.tuhaiduong>", "vanthu@tuhaiduong", ())


@pytest.mark.parametrize(
    "words",
    [
        "Hi. This is the qmail-send program at x.vn.\nI'm afraid I wasn't able to deliver your message: it could not be delivered.",
        "Delivery to the following recipients failed.",
        "Thư của bạn không gửi được tới vanthu@x.vn.",
        "550 5.1.1 User unknown",
    ],
)
def test_a_bounce_in_plain_words_is_understood(words: str) -> None:
    quoted = "--- Below this line is a copy of the message.\n\nReturn-Path: <a@b>\nMessage-ID: <1@vanthu.tuhaiduong>\nSubject: x\n"
    raw = f"From: MAILER-DAEMON@x.vn\nSubject: failure notice\n\n{words}\n\n{quoted}".encode()
    answer = read_mail(raw).answer
    assert answer is not None
    assert (answer.kind, answer.state, answer.message_ids) == ("dsn", "bounced", ("<1@vanthu.tuhaiduong>",))
    assert read_mail(raw.replace(b"MAILER-DAEMON", b"chi.hoa")).answer is None


def test_a_delay_in_plain_words_is_no_bounce() -> None:
    raw = b"From: MAILER-DAEMON@x.vn\nSubject: Delayed\n\nStill trying.\n\nMessage-ID: <1@vanthu.tuhaiduong>\n"
    assert read_mail(raw).answer is None
