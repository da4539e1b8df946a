"""edXML packages: written in the SDK's form and canonical, read tolerantly, in little memory, and never fooled."""

import base64
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from vanthu_cli.channels.edxml import (
    ALONE,
    NAMESPACE,
    Enclosed,
    Header,
    Kind,
    Party,
    digest,
    document_head,
    document_tail,
    document_xml,
    status_xml,
)
from vanthu_cli.channels.edxml_reading import Opened, open_package, read_package
from vanthu_cli.rules.deadlines import VIETNAM

NOW = datetime(2026, 4, 28, 9, 30, tzinfo=VIETNAM)
HEADER = Header(
    "145",
    "CV/TU",
    "2021-04-28",
    "Hải Dương",
    "Công văn",
    "V/v gửi, nhận văn bản",
    "T/M BAN THƯỜNG VỤ",
    "PHÓ BÍ THƯ",
    "Nguyễn Văn Mẫu",
    "HỎA TỐC",
    ("Như kính gửi", "Lưu Văn phòng"),
    pages=2,
)
OFFICE, OTHER = Party("H23.01", "Văn phòng Tỉnh ủy"), Party("000.00.20.H23", "Sở Nội vụ")
FILES = (
    Enclosed("145-CV-TU.pdf", b"%PDF-1.7 " + bytes(range(256)) * 40, "a1", description="Văn bản chính"),
    Enclosed("biểu.xlsx", b"PK" * 100, "a2", "application/zip"),
)
text = st.text(st.characters(codec="utf-8"), max_size=40)


def package(header: Header = HEADER, files: Sequence[Enclosed] = FILES, kind: Kind = "new", about: str = "") -> bytes:
    head = document_head(
        header, kind=kind, office=OFFICE, to=[OTHER], moment=NOW, letter_id="u-1", files=files, about=about
    )
    return head + (b"".join(document_tail(files)) if files else ALONE)


def opened(data: bytes) -> tuple[Opened, list[bytes]]:
    parts: dict[int, BytesIO] = {}
    found = open_package(BytesIO(data), lambda number: parts.setdefault(number, BytesIO()))
    return found, [parts[number].getvalue() for number in sorted(parts)]


def local(tree: "etree._Element") -> list[str]:
    return [etree.QName(each).localname for each in tree.iter() if isinstance(each.tag, str)]


def test_the_form_is_that_of_the_sdk() -> None:
    data = package()
    assert data.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<edXML xmlns="' + NAMESPACE.encode() + b'">')
    message = etree.fromstring(data)[0][0][0]
    assert [etree.QName(each).localname for each in message] == [
        *("From", "To", "DocumentId", "Code", "PromulgationInfo", "DocumentType", "Subject", "SignerInfo", "OtherInfo"),
        *("SteeringType", "ToPlaces"),
    ]
    assert b"<edXML:DocumentId>H23.01,2021/04/28,145/CV/TU</edXML:DocumentId>" in data
    assert b"<edXML:Type>2</edXML:Type><edXML:TypeDetail>18</edXML:TypeDetail>" in data
    assert b"<edXML:Priority>3</edXML:Priority>" in data
    assert b"<edXML:PromulgationDate>2021/04/28</edXML:PromulgationDate>" in data
    assert b"<edXML:Timestamp>2026/04/28 09:30:00</edXML:Timestamp>" in data
    assert (
        b"<AttachmentEncoded><Attachment><ContentId>cid:a1</ContentId><AttachmentName>145-CV-TU.pdf</AttachmentName>"
        in data
    )
    # Elements have the prefix literally, all but the root and the files; nothing is empty.
    within = data.partition(b"<edXML:edXMLEnvelope")[2].partition(b"</edXML:edXMLEnvelope>")[0]
    assert not re.search(rb"</?(?!edXML:)[A-Za-z]", within)
    assert not re.search(rb"<(\S+)[^>]*></\1>|/>", data)


def test_a_party_type_goes_by_its_name_and_a_replacement_names_what_it_replaces() -> None:
    data = package(Header("3", "KL/TU", "2026-01-02", doc_type="Kết luận"))
    assert (
        b"<edXML:DocumentType><edXML:TypeName>K\xe1\xba\xbft lu\xe1\xba\xadn</edXML:TypeName></edXML:DocumentType>"
        in data
    )
    data = package(kind="replacement", about="H23.01,2021/04/27,144/CV/TU")
    names = local(etree.fromstring(data))
    assert names[names.index("Bussiness") :][:9] == [
        *("Bussiness", "DocumentId", "BussinessDocType", "BussinessDocReason", "Paper", "ReplacementInfoList"),
        *("ReplacementInfo", "DocumentId", "OrganIdList"),
    ]
    found, _files = opened(data)
    assert found.package is not None
    assert (found.package.kind, found.package.about) == ("replacement", "H23.01,2021/04/27,144/CV/TU")


@settings(deadline=None, max_examples=60)
@given(text, text, text, st.binary(max_size=400))
def test_what_is_written_is_canonical_and_is_read_again(subject: str, signer: str, name: str, content: bytes) -> None:
    files = (Enclosed(name, content, "c-1"),)
    header = Header("145", "CV/TU", "2021-04-28", subject=subject, signer_name=signer)
    head = document_head(header, kind="new", office=OFFICE, to=[OTHER], moment=NOW, files=files)
    data = head + b"".join(document_tail(files))
    canonical = etree.tostring(etree.fromstring(data), method="c14n", exclusive=True, with_comments=False)
    assert digest(head, iter([data[len(head) :]])) == hashlib.sha256(canonical).digest()
    found, parts = opened(data)
    assert found.package is not None
    assert found.package.header.number == "145"
    assert (parts or [b""]) == [content]
    assert set(found.faults) <= {"attachment-broken"}


def test_every_kind_is_read_with_its_files() -> None:
    kinds: tuple[Kind, ...] = ("new", "recall", "update", "replacement")
    for kind in kinds:
        found, parts = opened(package(kind=kind))
        assert found.package is not None
        assert (found.package.kind, found.faults) == (kind, ())
        assert parts == [FILES[0].source, FILES[1].source]
        assert [each.name for each in found.attachments] == ["145-CV-TU.pdf", "biểu.xlsx"]
        assert found.package.header.files == (("a1", "145-CV-TU.pdf"), ("a2", "biểu.xlsx"))
        assert found.package.to == (OTHER,)
        assert found.package.letter_id == "u-1"
        assert found.package.header.urgency == "HỎA TỐC"


def _files_first(data: bytes) -> bytes:
    start, end = data.index(b"<AttachmentEncoded>"), data.index(b"</AttachmentEncoded>") + len(b"</AttachmentEncoded>")
    place = data.index(b"<edXML:edXMLEnvelope")
    return data[:place] + data[start:end] + data[place:start] + data[end:]


BARE = re.compile(rb"(</?)edXML:")
VARIANTS: dict[str, Callable[[bytes], bytes]] = {
    "other prefix": lambda data: data.replace(b"edXML:", b"x:").replace(b"xmlns:edXML", b"xmlns:x"),
    "no prefix": lambda data: BARE.sub(rb"\1", data),
    "no namespace": lambda data: BARE.sub(rb"\1", data).replace(b' xmlns="' + NAMESPACE.encode() + b'"', b""),
    "bkav": lambda data: data.replace(NAMESPACE.encode(), b"http://www.e-doc.vn/Schema/"),
    "soap": lambda data: (
        data.replace(
            b"<edXML xmlns=",
            b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><edXML xmlns=',
            1,
        )
        + b"</s:Body></s:Envelope>"
    ),
    "upper case": lambda data: re.sub(rb"(</?(?:edXML:)?)([A-Za-z]+)", lambda m: m[1] + m[2].upper(), data[39:]),
    "business": lambda data: data.replace(b"Bussiness", b"Business"),
    "days turned": lambda data: data.replace(b"2021/04/28<", b"28/04/2021<"),
    "indented": lambda data: data.replace(b"><edXML:", b">\r\n   <edXML:"),
    "comments": lambda data: data.replace(b"<edXML:Code>", b"<!-- ghi chu --><edXML:Code>"),
    "bom": lambda data: b"\xef\xbb\xbf" + data,
    "utf-16": lambda data: data.decode().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16"),
    "data first": _files_first,
    "link": lambda data: re.sub(
        rb"<edXML:Reference><edXML:ContentId>(cid:a\d)</edXML:ContentId>",
        rb'<edXML:Reference xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="\1" xlink:type="simple">',
        data,
    ),
    "encoding named": lambda data: data.replace(
        b"<ContentTransferEncoded>",
        b"<ContentTransferEncoding>base64</ContentTransferEncoding><ContentTransferEncoded>",
    ),
    "cdata": lambda data: data.replace(b"<edXML:CodeNumber>145", b"<edXML:CodeNumber><![CDATA[145]]>"),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_other_builders_are_understood(variant: str) -> None:
    found, parts = opened(VARIANTS[variant](package()))
    assert found.faults == ()
    assert found.package is not None
    header = found.package.header
    assert (header.number, header.symbol, header.day, header.subject) == (
        *("145", "CV/TU", "2021-04-28", "V/v gửi, nhận văn bản"),
    )
    assert found.package.sender.identifier == "H23.01"
    assert parts == [FILES[0].source, FILES[1].source]


def _bomb(data: bytes) -> bytes:
    entities = b"".join(
        f'<!ENTITY e{number} "{f"&e{number - 1};" * 10 if number else "x" * 1000}">'.encode() for number in range(9)
    )
    return data.replace(b"<edXML ", b"<!DOCTYPE a [" + entities + b"]><edXML ", 1).replace(b">145<", b">&e8;<")


FAULTS: dict[str, tuple[Callable[[bytes], bytes], set[str]]] = {
    "truncated": (lambda data: data[: len(data) // 2], {"not-xml"}),
    "dtd": (lambda data: data.replace(b"<edXML ", b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><edXML ', 1), {"dtd"}),
    "bomb": (_bomb, {"dtd"}),
    "xxe": (
        lambda data: data.replace(b"<edXML ", b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><edXML ', 1).replace(
            b">145<", b">&x;<"
        ),
        {"dtd"},
    ),
    "missing": (lambda data: re.sub(rb"<Attachment><ContentId>cid:a2.*?</Attachment>", b"", data, flags=re.DOTALL), {"attachment-missing"}),
    "unlisted": (
        lambda data: re.sub(rb"<edXML:Reference><edXML:ContentId>cid:a2.*?</edXML:Reference>", b"", data),
        {"attachment-unlisted"},
    ),
    "twice": (lambda data: data.replace(b"cid:a2", b"cid:a1"), {"attachment-twice"}),
    "no base64": (lambda data: data.replace(b"<ContentTransferEncoded>", b"<ContentTransferEncoded>?", 1), {"attachment-broken"}),
    "padding within": (
        lambda data: data.replace(b"<ContentTransferEncoded>", b"<ContentTransferEncoded>QQ==", 1),
        {"attachment-broken"},
    ),
    "no content": (
        lambda data: re.sub(rb"<ContentTransferEncoded>.*?</ContentTransferEncoded>", b"", data, count=1, flags=re.DOTALL),
        {"attachment-broken"},
    ),
    "two headers": (lambda data: _doubled(data, b"MessageHeader"), {"ambiguous"}),
    "two codes": (lambda data: _doubled(data, b"Code"), {"ambiguous"}),
    "two bussiness": (lambda data: _doubled(data, b"Bussiness"), {"ambiguous"}),
    "unknown encoding": (lambda data: data.replace(b'"UTF-8"', b'"x-nothing"', 1), {"not-xml"}),
    "not utf-8": (lambda data: data.replace("Hải".encode(), b"H\xe3i"), {"not-xml"}),
    "deep": (lambda data: data.replace(b"<edXML:Code>", b"<a>" * 200 + b"</a>" * 200 + b"<edXML:Code>"), {"too-large"}),
}  # fmt: skip


def _doubled(data: bytes, name: bytes) -> bytes:
    start, end = data.index(b"<edXML:" + name + b">"), data.index(b"</edXML:" + name + b">") + len(name) + 9
    return data[:end] + data[start:end].replace(b"145", b"999") + data[end:]


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_named_and_nothing_is_expanded_or_fetched(fault: str) -> None:
    spoil, wanted = FAULTS[fault]
    data = spoil(package())
    assert data != package()
    found, _parts = opened(data)
    assert wanted <= set(found.faults)
    assert "passwd" not in repr(found)
    assert "root:" not in repr(found)


@settings(deadline=None)
@given(st.binary(max_size=300), st.integers(0, 3000), st.integers(0, 30))
def test_no_bytes_make_it_raise(noise: bytes, place: int, gone: int) -> None:
    data = package(files=FILES[1:])
    open_package(BytesIO(data[:place] + noise + data[place + gone :]), lambda _number: BytesIO())
    open_package(BytesIO(noise), lambda _number: BytesIO())


@settings(deadline=None, max_examples=40)
@given(st.binary(max_size=3000), st.integers(1, 100), st.sampled_from(["\n", "\r\n", " ", "\t\n  "]))
def test_base64_may_be_broken_anywhere(content: bytes, width: int, between: str) -> None:
    whole = base64.b64encode(content or b"x" * 200).decode()
    lines = between.join(whole[start : start + width] for start in range(0, len(whole), width))
    head = document_head(HEADER, kind="new", office=OFFICE, to=[], moment=NOW, files=FILES[:1])
    tail = f"<AttachmentEncoded><Attachment><ContentId>cid:a1</ContentId><ContentTransferEncoded>{lines}</ContentTransferEncoded></Attachment></AttachmentEncoded>"
    found, parts = opened(head + tail.encode() + ALONE)
    if len(whole) > 16:  # a shorter one may be the name of an encoding
        assert (found.faults, parts) == ((), [content or b"x" * 200])


def test_a_status_echoes_what_the_sender_called_the_document() -> None:
    answered = Header("145", "CV/TU", "2021-04-28", document_id="mã,của,họ")
    data = status_xml(code="03", description="Đã nhận", answered=answered, office=OTHER, asked_by="H23.01", moment=NOW)
    found = read_package(data)
    assert found is not None
    assert (found.kind, found.status, found.answers, found.about) == ("status", "03", "145/CV/TU", "mã,của,họ")
    assert local(etree.fromstring(data))[3:] == [
        *("MessageHeader", "From", "OrganId", "OrganName", "ResponseFor", "OrganId", "Code", "DocumentId"),
        *("PromulgationDate", "StatusCode", "Description", "Timestamp"),
    ]


def test_a_package_without_files_has_nothing_after_its_envelope() -> None:
    data = document_xml(HEADER, office=OFFICE, to=[OTHER], moment=NOW, kind="recall", reason="Sai số liệu")
    assert data.endswith(b"</edXML:edXMLEnvelope></edXML>")
    found = read_package(data)
    assert found is not None
    assert (found.kind, found.description, found.carries) == ("recall", "Sai số liệu", False)


PEAK = """
import sys
from pathlib import Path
from vanthu_cli.channels.edxml_reading import open_file

def peak():
    return int(next(l for l in open("/proc/self/status") if l.startswith("VmHWM")).split()[1]) << 10

before, seen = peak(), [0]
class Sink:
    def write(self, data): seen[0] += len(data)
found, _digest = open_file(Path(sys.argv[1]), lambda number: Sink())
print(seen[0], found.faults, peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_the_size_of_a_package_costs_no_memory(tmp_path: Path) -> None:
    content, file = os.urandom(1 << 20), tmp_path / "a.edxml"
    files = (Enclosed("a.pdf", b"", "a1"),)
    with file.open("wb") as out:
        out.write(document_head(HEADER, kind="new", office=OFFICE, to=[OTHER], moment=NOW, files=files))
        out.write(b"<AttachmentEncoded><Attachment><ContentId>cid:a1</ContentId><ContentTransferEncoded>")
        for _time in range(99):
            out.write(base64.encodebytes(content[: 57 * 18000]))
        out.write(b"</ContentTransferEncoded></Attachment></AttachmentEncoded></edXML>")
    done = subprocess.run([sys.executable, "-c", PEAK, file], capture_output=True, text=True, check=True)
    size, faults, peak = done.stdout.split()
    assert (int(size), faults) == (99 * 57 * 18000, "()")
    assert int(peak) < 20 << 20
    file.unlink()
