import base64
import hashlib
import re
import shutil
import subprocess
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from asn1crypto import cms, tsp
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from pyhanko.sign.timestamps import TimeStamper
from tests.signing import practice

from vanthu_cli.channels.edxml import Header, Party, status_xml
from vanthu_cli.errors import ForbiddenError, MisuseError, UnreachableError
from vanthu_cli.signing import xades
from vanthu_cli.signing.keys import SigningKey
from vanthu_cli.signing.xades import sign_xml

NS = {
    "e": "http://www.mic.gov.vn/TBT/QCVN_102_2016",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "x": "http://uri.etsi.org/01903/v1.3.2#",
}
# Names in the manner of the government's SDK: prefixed and default namespace mixed (domain.md 5.3).
EDXML = """<?xml version="1.0" encoding="UTF-8"?>
<!-- a comment is not signed -->
<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016">
  <edXML:edXMLEnvelope xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016" xmlns:unused="urn:x">
    <edXML:edXMLHeader>
      <edXML:MessageHeader>
        <edXML:Subject>V/v gửi, nhận văn bản &amp; “tài liệu”</edXML:Subject>
      </edXML:MessageHeader>
    </edXML:edXMLHeader>
    <edXML:edXMLBody><edXML:edXMLManifest version="1.0"/></edXML:edXMLBody>
  </edXML:edXMLEnvelope>
  <AttachmentEncoded><Attachment><Content>JVBERi0xLjcK</Content></Attachment></AttachmentEncoded>
</edXML>
""".encode()


def xmlsec_accepts(signed: bytes, root: practice.Identity, folder: Path) -> bool:
    """Ask a judge that shares no code with us; it gets the root only, the middle must be in the signature."""
    if shutil.which("xmlsec1") is None:
        pytest.skip("xmlsec1 is not installed: no second opinion on our XAdES")
    (folder / "signed.xml").write_bytes(signed)
    (folder / "root.pem").write_bytes(root.certificate.public_bytes(Encoding.PEM))
    command = "xmlsec1 --verify --enabled-key-data x509 --trusted-pem root.pem --id-attr:Id"
    command += " http://uri.etsi.org/01903/v1.3.2#:SignedProperties signed.xml"
    done = subprocess.run(command.split(), cwd=folder, capture_output=True, check=False)
    accepted = done.returncode == 0
    assert (b"\nSignedInfo References (ok/all): 2/2" in b"\n" + done.stdout + done.stderr) or not accepted
    return accepted


def signature_of(signed: bytes) -> "etree._Element":
    return next(etree.fromstring(signed).iter(f"{{{NS['ds']}}}Signature"))


def text(signature: "etree._Element", path: str) -> str:
    return str(signature.findtext(path, namespaces=NS))


def test_xmlsec_accepts_edxml_with_all_references(key: SigningKey, root: practice.Identity, tmp_path: Path) -> None:
    assert xmlsec_accepts(sign_xml(EDXML, key), root, tmp_path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("V/v gửi", "V/v nhận"),
        ("JVBERi0xLjcK", "JVBERi0xLjgK"),
        ('version="1.0"/>', 'version="1.1"/>'),
        ("<xades:SigningTime>20", "<xades:SigningTime>19"),
        ("<xades:MimeType>text/xml", "<xades:MimeType>text/xm"),
        ("#ecdsa-sha256", "#ecdsa-sha1"),
    ],
)
def test_xmlsec_refuses_what_was_changed(
    office: SigningKey, root: practice.Identity, tmp_path: Path, old: str, new: str
) -> None:
    signed = sign_xml(EDXML, office).decode()
    assert signed.count(old) == 1
    assert not xmlsec_accepts(signed.replace(old, new).encode(), root, tmp_path)


def test_xmlsec_refuses_a_stranger_root(office: SigningKey, tmp_path: Path) -> None:
    assert not xmlsec_accepts(sign_xml(EDXML, office), practice.issue("CA khác"), tmp_path)


def test_a_reader_of_enveloped_signatures_needs_no_xpath(key: SigningKey) -> None:
    """By hand: cut the signature out of the text, canonicalise with the standard library, compare.

    That library does not tell apart two prefixes of one namespace, so here there is only one.
    """
    xml = re.sub(rb"(</?)(?=edXML[ >]|Att|Content)", rb"\1edXML:", EDXML.replace(b" xmlns=", b" xmlns:edXML="))
    signed = sign_xml(xml, key)
    cut = re.sub(rb"<ds:Signature .*</ds:Signature>", b"", signed, flags=re.DOTALL)
    canonical = ET.canonicalize(cut.decode())
    digest = base64.b64encode(hashlib.sha256(canonical.encode()).digest()).decode()
    signature = signature_of(signed)
    assert text(signature, "ds:SignedInfo/ds:Reference/ds:DigestValue") == digest
    assert [one.get("Algorithm") for one in signature.iterfind(".//ds:Transform", NS)] == [
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
        "http://www.w3.org/2001/10/xml-exc-c14n#",
        "http://www.w3.org/2001/10/xml-exc-c14n#",
    ]
    assert ET.canonicalize(xml.decode()) == canonical  # nothing else became different


def test_the_signature_names_its_certificate_and_no_weak_algorithm(key: SigningKey) -> None:
    signature = signature_of(sign_xml(EDXML, key))
    digest = text(signature, ".//x:SigningCertificate//ds:DigestValue")
    assert base64.b64decode(digest) == bytes.fromhex(key.fingerprint)
    assert text(signature, ".//ds:X509SerialNumber") == str(key.x509.serial_number)
    assert base64.b64decode(text(signature, ".//ds:X509Certificate")) == key.certificate
    assert text(signature, ".//x:SigningTime").endswith("Z")
    algorithms = " ".join(str(one.get("Algorithm")) for one in signature.iterfind(".//*[@Algorithm]"))
    assert "sha1" not in algorithms
    assert ("rsa-sha256" in algorithms) != ("ecdsa-sha256" in algorithms)


def test_the_signature_is_the_last_child_of_the_edxml_header(key: SigningKey) -> None:
    header = etree.fromstring(sign_xml(EDXML, key)).find("e:edXMLEnvelope/e:edXMLHeader", NS)
    assert header is not None
    assert [etree.QName(child).localname for child in header] == ["MessageHeader", "Signature"]


@pytest.mark.parametrize("xml", [b"<a><b/> x</a>", EDXML.replace(b"edXMLHeader", b"Header"), b"<a/>"])
def test_in_other_xml_it_is_the_last_child_of_the_root(office: SigningKey, xml: bytes) -> None:
    assert etree.QName(etree.fromstring(sign_xml(xml, office))[-1]).localname == "Signature"


def test_a_status_package_of_ours_can_be_signed(
    office: SigningKey, receiver: SigningKey, root: practice.Identity, tmp_path: Path
) -> None:
    package = status_xml(
        code="03", description="Đã tiếp nhận", answered=Header("145", "CV/TU", "2026-11-22"), office=Party("A.01", "Văn phòng"),
        asked_by="B.02", moment=practice.NOW,
    )  # fmt: skip
    for key in (office, receiver):
        assert xmlsec_accepts(sign_xml(package, key), root, tmp_path)


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"]), max_size=20).map(
    lambda text: text + "\r\n\t <&>\"'"
)


NAMESPACES: Any = {None: "urn:n", "p": "urn:p"}  # lxml's stubs know no default namespace


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """Elements, attributes, namespaces that come and go, characters that serialising must escape."""
    root = etree.Element(draw(st.sampled_from(["r", "{urn:n}r"])), nsmap=NAMESPACES)
    nodes = [root]
    for _ in range(draw(st.integers(0, 6))):
        parent = draw(st.sampled_from(nodes))
        child = etree.SubElement(
            parent, draw(st.sampled_from(["a", "{urn:n}b", "{urn:p}c", "{urn:q}Tên"])), nsmap={"q": "urn:q"}
        )
        child.text, child.tail = draw(TEXT), draw(TEXT)
        child.set(draw(st.sampled_from(["x", "{urn:p}y"])), draw(TEXT))
        nodes.append(child)
    root.addprevious(etree.ProcessingInstruction("before", "x"))
    root.addnext(etree.Comment("after"))
    encoding = draw(st.sampled_from(["UTF-8", "UTF-16"]))
    out = BytesIO()
    root.getroottree().write(out, encoding=encoding, xml_declaration=True)
    return out.getvalue()


@settings(max_examples=25, deadline=None)
@given(xml=documents())
def test_xmlsec_accepts_any_document(
    office: SigningKey, root: practice.Identity, tmp_path_factory: pytest.TempPathFactory, xml: bytes
) -> None:
    assert xmlsec_accepts(sign_xml(xml, office), root, tmp_path_factory.mktemp("any"))


def test_with_a_time_stamper_the_stamp_is_of_the_signature_value(
    key: SigningKey, root: practice.Identity, tmp_path: Path
) -> None:
    signed = sign_xml(EDXML, key, time_stamper=practice.authority(root))
    assert xmlsec_accepts(signed, root, tmp_path)
    signature = signature_of(signed)
    path = "ds:Object/x:QualifyingProperties/x:UnsignedProperties/x:UnsignedSignatureProperties/x:SignatureTimeStamp"
    token = cms.ContentInfo.load(base64.b64decode(text(signature, f"{path}/x:EncapsulatedTimeStamp")))
    imprint = token["content"]["encap_content_info"]["content"].parsed["message_imprint"]["hashed_message"].native
    value = re.search(rb"<ds:SignatureValue.*?</ds:SignatureValue>", signed)
    assert value is not None
    canonical = value[0].replace(b"<ds:SignatureValue ", b'<ds:SignatureValue xmlns:ds="%s" ' % NS["ds"].encode(), 1)
    assert imprint == hashlib.sha256(canonical).digest()
    assert not list(signature_of(sign_xml(EDXML, key)).iter(f"{{{NS['x']}}}UnsignedProperties"))


@pytest.mark.parametrize("mood", ["silent", "other"])
def test_an_authority_that_is_silent_or_stamps_something_else_is_unreachable(
    office: SigningKey, root: practice.Identity, mood: str
) -> None:
    honest = practice.authority(root)

    class Moody(TimeStamper):
        async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
            if mood == "silent":
                raise TimeoutError
            req["message_imprint"]["hashed_message"] = bytes(32)
            return honest.request_tsa_response(req)

    with pytest.raises(UnreachableError) as caught:
        sign_xml(EDXML, office, time_stamper=Moody())  # type: ignore[no-untyped-call]  # pyHanko leaves it unannotated
    assert caught.value.code == "signing.tsa_silent"


def test_a_key_that_is_not_the_certificates_is_noticed(office: SigningKey, leader: SigningKey) -> None:
    with pytest.raises(RuntimeError):
        sign_xml(EDXML, replace(office, x509=leader.x509))


def test_nothing_is_signed_twice(office: SigningKey, receiver: SigningKey) -> None:
    signed = sign_xml(EDXML, office)
    for key, code in ((office, "xades.again"), (receiver, "xades.signed")):
        with pytest.raises(ForbiddenError) as caught:
            sign_xml(signed, key)
        assert caught.value.code == code


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"%PDF-1.7",
        b"<a>",
        b"<a/><b/>",
        b"<a>&nbsp;</a>",
        b"\xff\xfe<",
        b"<?xml version='1.0' encoding='UTF-7'?><a/>",
        b"<?xml version='1.0' encoding='none'?><a/>",
        b"<a>" * 100_000,
        b"<a b='\xc3\x28'/>",
    ],
)
def test_what_is_no_xml_is_refused(office: SigningKey, xml: bytes) -> None:
    with pytest.raises(MisuseError) as caught:
        sign_xml(xml, office)
    assert caught.value.code == "xades.no_xml"


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE a>",
        "<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/a.dtd'>",
        "<!DOCTYPE a [<!ENTITY f SYSTEM 'file:///etc/passwd'>]>",
        "<!DOCTYPE a [<!ENTITY b '" + "x" * 5000 + "'>" + "<!ENTITY c '" + "&b;" * 5000 + "'>]>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_declaration_is_refused(office: SigningKey, doctype: str, encoding: str) -> None:
    with pytest.raises(MisuseError) as caught:
        sign_xml(f"<!-- {'x' * 9000} -->{doctype}<a b='&c;'>&c;&f;</a>".encode(encoding), office)
    assert caught.value.code == "xades.dtd"


def test_the_limit_of_size(office: SigningKey) -> None:
    """An attachment of more than 10 MB, where libxml2 usually stops, is signed; more than the limit is not looked at."""
    large = EDXML.replace(b"JVBERi0xLjcK", b"JVBERi0x" * (11 << 17))
    assert sign_xml(large, office).count(b"JVBERi0x") == 11 << 17
    with pytest.raises(MisuseError) as caught:
        sign_xml(b"<" + bytes(xades.MAX_BYTES), office)
    assert caught.value.code == "xades.too_large"
