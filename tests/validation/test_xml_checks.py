"""Signatures in XML: good ones are read as they are, and none of the attacks passes."""

# mypy: allow-untyped-calls
# (pyHanko's time stamper is half annotated.)

import re
import shutil
import subprocess
import xml.dom.minidom
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from tests.signing import practice
from tests.validation import xml_signer
from tests.validation.conftest import NOW, Holder, Pki, issue
from tests.validation.xml_signer import (
    DS,
    ENVELOPED,
    EXCLUSIVE,
    INCLUSIVE,
    INCLUSIVE_11,
    WHOLE,
    XADES,
    Ref,
    edited,
    sign,
)

from vanthu_cli.signing.keys import open_pkcs12
from vanthu_cli.signing.xades import sign_xml
from vanthu_cli.validation.reasons import weigh
from vanthu_cli.validation.xml_checks import XmlRefused, XmlSignature, examine_xml

NS = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
HEADER = f"{{{NS}}}edXMLEnvelope/{{{NS}}}edXMLHeader"
EDXML = f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- comments are not signed, whatever the form -->
<edXML xmlns="{NS}"> <!-- nor is this one -->
  <edXML:edXMLEnvelope xmlns:edXML="{NS}" xmlns:unused="urn:x">
    <edXML:edXMLHeader>
      <edXML:MessageHeader><edXML:Subject>V/v gửi, nhận văn bản số 145</edXML:Subject></edXML:MessageHeader>
    </edXML:edXMLHeader>
    <edXML:edXMLBody><edXML:edXMLManifest version="1.0"/></edXML:edXMLBody>
  </edXML:edXMLEnvelope>
  <AttachmentEncoded><Attachment><ContentId>cid:1</ContentId>
    <ContentTransferEncoded>JVBERi0xLjcK</ContentTransferEncoded></Attachment></AttachmentEncoded>
</edXML>
""".encode()
LETTER = '<thư Id="T"><số Id="so">145</số><nội Id="noi" a="1"> tăng <b>lương</b></nội></thư>'.encode()


@pytest.fixture(scope="session")
def rsa_office(pki: Pki) -> Holder:
    return issue("Tỉnh ủy", pki.sub, key=rsa.generate_private_key(65537, 2048))


@pytest.fixture(scope="session")
def signed(pki: Pki) -> bytes:
    return sign(EDXML, pki.office, place=HEADER, stamper=pki.stamper(NOW))


def only(data: bytes | Path) -> XmlSignature:
    found = examine_xml(data)[1]
    assert len(found) == 1
    return found[0]


def codes(found: XmlSignature) -> list[str]:
    return [reason.code for reason in found.examined.reasons]


def passes(data: bytes) -> bool:
    """Tell whether a judge who trusts the signer would call the file valid."""
    try:
        found = examine_xml(data)[1]
    except XmlRefused:
        return False
    return bool(found) and all(
        one.examined.integrity is True
        and one.examined.covers == "whole-file"
        and all(weigh(reason)[0] == "TOTAL-PASSED" for reason in one.examined.reasons)
        for one in found
    )


def xmlsec_accepts(signed: bytes, root: Holder, folder: Path, *more: str) -> bool:
    if shutil.which("xmlsec1") is None:
        practice.left_out("xmlsec1 is not installed: no second opinion on our verifier")
    (folder / "signed.xml").write_bytes(signed)
    (folder / "root.pem").write_bytes(root.certificate.public_bytes(Encoding.PEM))
    command = f"xmlsec1 --verify --enabled-key-data x509 --trusted-pem root.pem --id-attr:Id {XADES}:SignedProperties"
    done = subprocess.run([*command.split(), *more, "signed.xml"], cwd=folder, capture_output=True, check=False)
    return done.returncode == 0


def test_what_vanthu_signs_is_whole_and_says_who_and_when(tmp_path: Path, pki: Pki) -> None:
    key = open_pkcs12(practice.p12(practice.Identity(pki.office.key, pki.office.certificate), tmp_path / "k", "x"), "x")
    path = tmp_path / "a.edxml"
    path.write_bytes(sign_xml(EDXML, key, time_stamper=pki.stamper(NOW)))
    assert examine_xml(path)[0] == "edxml"
    assert passes(sign(EDXML, pki.office, place=HEADER, stamper=pki.stamper(NOW)))
    found = only(path)
    assert passes(path.read_bytes())
    assert found.xades
    assert found.examined.certificate is not None
    assert found.examined.certificate.dump() == pki.office.der
    assert found.examined.claimed_time is not None
    assert [(token.sound, token.usable, token.time) for token in found.tokens if token] == [(True, True, NOW)]


@pytest.mark.parametrize(
    "c14n", [EXCLUSIVE, f"{EXCLUSIVE}WithComments", INCLUSIVE, f"{INCLUSIVE}#WithComments", INCLUSIVE_11]
)
@pytest.mark.parametrize("kind", ["ec-sha256", "ec-sha512", "rsa-sha256", "rsa-sha384", "pss-sha256", "rsa-sha1"])
def test_xmlsec_and_we_agree_on_every_form(pki: Pki, rsa_office: Holder, tmp_path: Path, c14n: str, kind: str) -> None:
    scheme, digest = kind.split("-")
    holder = pki.office if scheme == "ec" else rsa_office
    reference = Ref("", (ENVELOPED, c14n))
    data = sign(EDXML, holder, reference, place=HEADER, c14n=c14n, digest=digest, pss=scheme == "pss",
                certificates=[holder, pki.sub])  # fmt: skip
    found = only(data)
    assert found.examined.integrity is True
    assert found.examined.covers == "whole-file"
    assert found.examined.weak == (("sha1",) if digest == "sha1" else ())
    assert codes(found) == (["weak-algorithm"] if digest == "sha1" else [])
    assert len(found.examined.embedded_certificates) == 1
    if scheme != "pss":  # xmlsec1 before 1.3 does not know it
        assert xmlsec_accepts(data, pki.root, tmp_path)


def test_a_prefix_list_and_namespaces_from_above_are_in_the_canonical_form(pki: Pki, tmp_path: Path) -> None:
    data = sign(EDXML, pki.office, place=HEADER, prefixes="unused edXML", certificates=[pki.office, pki.sub])
    assert passes(data)
    assert xmlsec_accepts(data, pki.root, tmp_path)
    assert not passes(edited(data, {'PrefixList="unused edXML"': 'PrefixList="edXML"'}))
    # libxml2 as lxml calls it leaves out the default namespace: better unsupported than called broken.
    default = only(sign(EDXML, pki.office, place=HEADER, prefixes="#default"))
    assert (default.examined.integrity, codes(default)) == (None, ["unsupported-signature"])


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP521R1()])
def test_other_curves(pki: Pki, curve: ec.EllipticCurve) -> None:
    assert passes(sign(LETTER, issue("Khác", pki.sub, key=ec.generate_private_key(curve)), digest="sha384"))


def test_plain_signatures_without_xades_and_by_the_id_of_the_root(pki: Pki) -> None:
    for reference in (WHOLE, Ref("", (ENVELOPED,)), Ref("#T")):
        data = sign(LETTER, pki.office, reference, xades=False)
        assert passes(data)
        assert not only(data).xades
        assert only(data).examined.claimed_time is None
    styled = b'<?xml-stylesheet href="a.xsl"?>' + LETTER
    assert passes(sign(styled, pki.office))
    assert codes(only(sign(styled, pki.office, Ref("#T")))) == ["signed-in-part"]


def test_a_reference_to_the_certificate_beside_the_document_leaves_it_whole(pki: Pki) -> None:
    listed = f"<ds:X509Data><ds:X509Certificate>{xml_signer.b64(pki.office.der)}</ds:X509Certificate></ds:X509Data>"
    own = f'<ds:Object Id="O"><x xmlns="">{"y"}</x></ds:Object>'
    data = sign(LETTER, pki.office, WHOLE, Ref("#O", (EXCLUSIVE,)), key_info=listed, objects=own)
    assert passes(data)
    assert codes(only(edited(data, {">y<": ">z<"}))) == ["hash-mismatch", "signed-in-part"]


def test_nothing_signed_is_no_signature_and_one_that_is_misspelt_is_not_overlooked() -> None:
    assert examine_xml(EDXML) == ("edxml", ())
    assert examine_xml(LETTER) == ("xml", ())
    found = only(b"<a><Signature><SignedInfo/></Signature></a>")
    assert (found.examined.integrity, codes(found)) == (None, ["unsupported-signature"])


def test_packages_wrapped_in_soap_are_edxml() -> None:
    soap = b'<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>%s</S:Body></S:Envelope>'
    assert examine_xml(soap % EDXML.split(b"\n", 1)[1])[0] == "edxml"
    assert examine_xml(soap % b"<a/>")[0] == "xml"


# The government SDK's form: only attachments are signed.


def sdk(pki: Pki, content: bytes, transform: str, holder: Holder | None = None) -> bytes:
    return sign(EDXML, holder or pki.office, Ref("cid:1", (transform,) if transform else (), raw=content),
                place=HEADER, xades=False, digest="sha1")  # fmt: skip


@pytest.mark.parametrize("transform", ["", EXCLUSIVE, f"{DS}base64"])
def test_the_sdk_form_holds_for_the_attachment_and_names_what_it_leaves_out(pki: Pki, transform: str) -> None:
    found = only(sdk(pki, b"%PDF-1.7\n", transform))
    assert (found.examined.integrity, found.examined.covers) == (True, "partial")
    assert [str(reason) for reason in found.examined.reasons] == [
        "signed-in-part: MessageHeader, edXMLBody",
        "weak-algorithm: sha1",
    ]


@pytest.mark.parametrize(
    ("edits", "integrity", "code"),
    [
        ({"JVBERi0xLjcK": "JVBERi0xLjgK"}, False, "hash-mismatch"),
        ({"JVBERi0xLjcK": "JVBE\n Ri0xLjcK"}, True, "signed-in-part"),
        ({"JVBERi0xLjcK": "JVBERi0xLjcK===="}, None, "xml-ambiguous"),
        ({"JVBERi0xLjcK": "JVBERi<!-- -->0xLjcK"}, None, "xml-ambiguous"),
        ({"<ContentId>cid:1": "<ContentId>cid:2"}, None, "signed-data-missing"),
        (
            {"</Attachment>": "</Attachment><Attachment><ContentId>cid:1</ContentId></Attachment>"},
            None,
            "xml-ambiguous",
        ),
    ],
)
def test_an_attachment_that_is_not_what_was_signed(
    pki: Pki, edits: dict[str, str], integrity: bool | None, code: str
) -> None:
    found = only(edited(sdk(pki, b"%PDF-1.7\n", ""), edits))
    assert found.examined.integrity is integrity
    assert codes(found)[0] == code


def test_an_sdk_digest_of_something_else_is_not_called_a_change(pki: Pki) -> None:
    assert only(sdk(pki, b"JVBERi0xLjcK", EXCLUSIVE)).examined.integrity is None
    assert only(sdk(pki, b"JVBERi0xLjcK", "")).examined.integrity is False


# What is never passed.

Attack = tuple[dict[str, str], bool | None, str]
TEXTS: dict[str, Attack] = {
    "changed": ({"số 145": "số 999"}, False, "hash-mismatch"),
    "attachment changed": ({"JVBERi0xLjcK": "JVBERi0xLjgK"}, False, "hash-mismatch"),
    "element added": ({"</edXML:edXMLBody>": "<edXML:More/></edXML:edXMLBody>"}, False, "hash-mismatch"),
    "instruction added": ({"<edXML xmlns": "<?xml-stylesheet href='x'?><edXML xmlns"}, False, "hash-mismatch"),
    "comment cuts a text": ({"số 145": "số 1<!-- -->45"}, True, "xml-ambiguous"),
    "comment before a text": ({">V/v": "><!-- -->V/v"}, True, "xml-ambiguous"),
    "CDATA cuts a text": ({"số 145": "số 1<![CDATA[45]]>"}, True, "xml-ambiguous"),
    "canonical form swapped": (
        {f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"/><ds:SignatureMethod': f'<ds:CanonicalizationMethod Algorithm="{INCLUSIVE}"/><ds:SignatureMethod'},
        False,
        "signature-broken",
    ),
    "form unknown": (
        {f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"/><ds:SignatureMethod': '<ds:CanonicalizationMethod Algorithm="urn:x"/><ds:SignatureMethod'},
        None,
        "unsupported-signature",
    ),
    "RSA in place of ECDSA": ({"#ecdsa-sha256": "#rsa-sha256"}, False, "signature-broken"),
    "weaker digest": ({"#ecdsa-sha256": "#ecdsa-sha1"}, False, "signature-broken"),
    "HMAC": ({"#ecdsa-sha256": "#hmac-sha256"}, None, "unsupported-signature"),
    "MD5": ({"#ecdsa-sha256": "#rsa-md5"}, None, "unsupported-signature"),
    "none": ({"#ecdsa-sha256": "#none"}, None, "unsupported-signature"),
    "truncation of the value": (
        {'#ecdsa-sha256"/>': '#ecdsa-sha256"><ds:HMACOutputLength>1</ds:HMACOutputLength></ds:SignatureMethod>'},
        None,
        "unsupported-signature",
    ),
    "two SignedInfo": ({"<ds:SignatureValue>": "<ds:SignedInfo/><ds:SignatureValue>"}, None, "unreadable-signature"),
    "two KeyInfo": ({"<ds:KeyInfo>": "<ds:KeyInfo/><ds:KeyInfo>"}, None, "unreadable-signature"),
    "comment in the value": ({"<ds:SignatureValue>": "<ds:SignatureValue><!-- -->"}, None, "unreadable-signature"),
    "time rewritten": ({"<x:SigningTime>20": "<x:SigningTime>19"}, False, "hash-mismatch"),
    "properties for another": ({'Target="#S1"': 'Target="#S2"'}, True, "signed-properties-unbound"),
    "second properties": (
        {"</x:QualifyingProperties>": f"</x:QualifyingProperties><x:QualifyingProperties xmlns:x='{XADES}'/>"},
        True,
        "signed-properties-unbound",
    ),
    "unsigned object": (
        {"</ds:Signature>": "<ds:Object><Subject>khác</Subject></ds:Object></ds:Signature>"},
        True,
        "signed-in-part",
    ),
    "unsigned text between": ({"<ds:KeyInfo>": "khác<ds:KeyInfo>"}, True, "signed-in-part"),
    "unsigned text": ({"</ds:Signature>": "<ds:Object>khác</ds:Object></ds:Signature>"}, True, "signed-in-part"),
    "unsigned property": (
        {"<x:SignatureTimeStamp>": "<x:Subject>khác</x:Subject><x:SignatureTimeStamp>"},
        True,
        "signed-in-part",
    ),
    "certificate from elsewhere": (
        {"<ds:KeyInfo>": '<ds:KeyInfo><ds:RetrievalMethod URI="http://127.0.0.1:9/"/>'},
        True,
        "signed-in-part",
    ),
    "Id twice": ({"<ds:KeyInfo>": '<ds:KeyInfo Id="S1-properties">'}, None, "xml-ambiguous"),
    "xml:id twice": ({"<ds:Object>": '<ds:Object xml:id="S1-properties">'}, None, "xml-ambiguous"),
    "out of its place": ({}, True, "xml-ambiguous"),
}  # fmt: skip


@pytest.mark.parametrize("attack", TEXTS)
def test_no_attack_on_the_text_passes(signed: bytes, attack: str) -> None:
    edits, integrity, code = TEXTS[attack]
    attacked = moved(signed, f".//{{{NS}}}Attachment") if attack == "out of its place" else edited(signed, edits)
    found = only(attacked)
    assert (found.examined.integrity, codes(found)[0]) == (integrity, code)
    assert not passes(attacked)


def moved(data: bytes, place: str) -> bytes:
    """Put the signature elsewhere: what it digests stays the same."""
    root = etree.fromstring(data)
    signature: Any = root.find(f".//{{{DS}}}Signature")
    target: Any = root.find(place)
    target.insert(0, signature)
    return etree.tostring(root, encoding="UTF-8")


def test_a_signature_amid_a_text_does_not_cut_it(signed: bytes) -> None:
    signature = re.search(rb"<ds:Signature .*</ds:Signature>", signed, re.DOTALL)
    assert signature is not None
    cut = signed.replace(signature[0], b"").replace("số 145".encode(), "số 1".encode() + signature[0] + b"45")
    found = only(cut)
    assert (found.examined.integrity, codes(found)) == (True, ["xml-ambiguous"])


def wrapped_in_object(data: bytes) -> bytes:
    """The signed element goes into an Object, a forged one stands in its place."""
    root = etree.fromstring(data)
    original: Any = root.find("nội")
    forged = etree.fromstring('<nội a="1"> giảm <b>lương</b></nội>')
    root.replace(original, forged)
    signature: Any = root.find(f"{{{DS}}}Signature")
    etree.SubElement(signature, f"{{{DS}}}Object").append(original)
    return etree.tostring(root, encoding="UTF-8")


def wrapped_root(data: bytes) -> bytes:
    """The signed root goes into a new one with a forged content before it."""
    return "<thư><số>999</số>%s</thư>".encode().replace(
        b"%s", etree.tostring(etree.fromstring(data), encoding="UTF-8").split(b"?>")[-1]
    )


def doubled(data: bytes) -> bytes:
    """The forged element bears the Id as well."""
    return edited(data, {"<nội": '<nội Id="noi"> giảm</nội><nội'})


def emptied(data: bytes) -> bytes:
    return re.sub(rb"<ds:Reference .*</ds:Reference>", b"", data)


def stripped(data: bytes) -> bytes:
    return re.sub(rb"<ds:Signature .*</ds:Signature>", b"", data)


PART = Ref("#noi", (EXCLUSIVE,))
MOVES: list[tuple[Ref, Callable[[bytes], bytes]]] = [
    (PART, lambda data: data),
    (PART, wrapped_in_object),
    (PART, doubled),
    (PART, wrapped_root),
    (PART, emptied),
    (PART, stripped),
    (WHOLE, emptied),
    (WHOLE, stripped),
    (WHOLE, wrapped_root),
    (Ref("#T"), wrapped_root),
    (Ref("#T"), lambda data: edited(data, {'Id="so"': 'Id="T"'})),
    (Ref("", (ENVELOPED, EXCLUSIVE), raw=b"wrong"), lambda data: data),
    (Ref("#so", (EXCLUSIVE,), raw=b"<b></b>"), lambda data: data),
    (Ref("#xpointer(/)", (ENVELOPED, EXCLUSIVE)), lambda data: data),
    (Ref("#none", (EXCLUSIVE,), raw=b""), lambda data: data),
    (Ref("http://127.0.0.1:9/a.xml", (), raw=b""), lambda data: data),
    (Ref("file:///etc/hostname", (), raw=b""), lambda data: data),
    (Ref("", ("http://www.w3.org/TR/1999/REC-xslt-19991116",)), lambda data: data),
    (Ref("", ("http://www.w3.org/2002/06/xmldsig-filter2", EXCLUSIVE)), lambda data: data),
    (
        Ref("", ("http://www.w3.org/TR/1999/REC-xpath-19991116",), inside="<ds:XPath>ancestor-or-self::số</ds:XPath>"),
        lambda data: data,
    ),
    (Ref("", (EXCLUSIVE, ENVELOPED)), lambda data: data),
    (Ref("", (ENVELOPED, EXCLUSIVE, EXCLUSIVE)), lambda data: data),
]


@pytest.mark.parametrize("xades", [True, False])
@pytest.mark.parametrize(("reference", "attack"), MOVES)
def test_nothing_else_than_the_whole_in_its_place_passes(
    pki: Pki, reference: Ref, attack: Callable[[bytes], bytes], xades: bool
) -> None:
    attacked = attack(sign(LETTER, pki.office, reference, xades=xades))
    assert not passes(attacked)
    for one in examine_xml(attacked)[1]:
        assert one.examined.covers == "partial" or one.examined.integrity is not True


def test_a_part_that_is_signed_says_which_parts_are_not(pki: Pki) -> None:
    found = only(sign(LETTER, pki.office, PART))
    assert found.examined.integrity is True
    assert [str(reason) for reason in found.examined.reasons] == ["signed-in-part: số"]


@pytest.mark.parametrize(
    ("second", "integrity"),
    [(PART, True), (Ref("#none", (), raw=b""), None), (WHOLE, True), (Ref("http://x/", (), raw=b""), None)],
)
def test_a_second_reference_never_adds_to_the_whole(pki: Pki, second: Ref, integrity: bool | None) -> None:
    found = only(sign(LETTER, pki.office, WHOLE, second))
    assert (found.examined.integrity, found.examined.covers) == (integrity, "partial")


def test_two_signatures_are_examined_each_and_one_that_is_broken_hides_none(pki: Pki) -> None:
    twice = sign(sign(LETTER, pki.leader, PART, name="S1"), pki.office, name="S2")
    first, second = examine_xml(twice)[1]
    assert (first.examined.integrity, first.examined.covers) == (True, "partial")
    assert (second.examined.integrity, second.examined.covers) == (True, "whole-file")
    assert not passes(twice)
    broken = twice.replace(b"<ds:SignatureValue>", b"<ds:SignatureValue>!", 1)
    assert [one.examined.integrity for one in examine_xml(broken)[1]] == [None, False]


def test_a_signature_within_a_signature_is_not_passed(pki: Pki) -> None:
    inner = re.search(rb"<ds:Signature .*</ds:Signature>", sign(LETTER, pki.leader, name="S9"), re.DOTALL)
    assert inner is not None
    outer = sign(LETTER, pki.office)
    nested = outer.replace(b"</ds:Signature>", b"<ds:Object>" + inner[0] + b"</ds:Object></ds:Signature>")
    assert [one.examined.integrity for one in examine_xml(nested)[1]] == [True, None]
    assert not passes(nested)


def test_a_signature_as_the_root_covers_nothing_but_itself(pki: Pki) -> None:
    letter = f'<ds:Object Id="O">{LETTER.decode()}</ds:Object>'
    inside = sign(b"<a/>", pki.office, Ref("#O", (EXCLUSIVE,)), objects=letter)
    root = re.search(rb"<ds:Signature .*</ds:Signature>", inside, re.DOTALL)
    assert root is not None
    found = only(root[0])
    assert (found.examined.integrity, found.examined.covers) == (True, "partial")
    whole = re.search(rb"<ds:Signature .*</ds:Signature>", sign(LETTER, pki.office, Ref(raw=b"")), re.DOTALL)
    assert whole is not None
    assert not passes(whole[0])


# Certificates, properties and time stamps of others.


def test_the_certificate_must_be_the_one_that_the_signer_named(pki: Pki) -> None:
    stranger = issue("Kẻ lạ", pki.stranger_root, key=pki.office.key)  # another name for the same key
    found = only(sign(LETTER, pki.office, certificates=[stranger]))
    assert (found.examined.integrity, codes(found)) == (True, ["certificate-not-named"])
    both = only(sign(LETTER, pki.office, certificates=[stranger, pki.office]))
    assert both.examined.certificate is not None
    assert both.examined.certificate.dump() == pki.office.der
    swapped = only(sign(LETTER, pki.office, certificates=[pki.leader]))
    assert (swapped.examined.integrity, codes(swapped)[0]) == (False, "signature-broken")


@pytest.mark.parametrize(
    "key_info",
    [
        "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>",
        '<ds:RetrievalMethod URI="http://127.0.0.1:9/key"/>',
        "<ds:KeyName>Tỉnh ủy</ds:KeyName>",
    ],
)
def test_a_key_without_a_certificate_is_nobodys(pki: Pki, key_info: str) -> None:
    found = only(sign(LETTER, pki.office, key_info=key_info))
    assert found.examined.integrity is None
    assert "no-signing-certificate" in codes(found)
    assert found.examined.certificate is None


def test_the_properties_of_another_signature_are_not_this_ones(pki: Pki) -> None:
    mine, other = sign(LETTER, pki.office), sign(LETTER, pki.office, Ref("#so", (EXCLUSIVE,)))
    properties = re.compile(rb"<x:SigningTime>.*?</x:SigningTime>")
    later = properties.sub(b"<x:SigningTime>2001-01-01T00:00:00Z</x:SigningTime>", other)
    swapped = properties.sub(properties.findall(later)[0], mine)
    found = only(swapped)
    assert (found.examined.integrity, found.examined.claimed_time) == (False, None)
    elsewhere = Ref("#so", (EXCLUSIVE,), xml_signer.PROPERTIES)
    typed = only(
        sign(LETTER, pki.office, WHOLE, elsewhere, objects=xml_signer.qualifying(pki.office, "S1"), xades=False)
    )
    assert typed.examined.claimed_time is None
    assert "signed-properties-unbound" in codes(typed)
    assert not typed.xades


def test_a_time_stamp_over_another_value_is_not_sound(pki: Pki) -> None:
    stamp = re.compile(rb"<x:UnsignedProperties.*</x:UnsignedProperties>", re.DOTALL)
    one = sign(LETTER, pki.office, stamper=pki.stamper(NOW))
    other = sign(EDXML, pki.office, stamper=pki.stamper(NOW))
    found = only(stamp.sub(stamp.findall(other)[0], one))
    assert [token.sound for token in found.tokens if token] == [False]
    assert [token.sound for token in only(one).tokens if token] == [True]
    broken = re.sub(rb"(<x:EncapsulatedTimeStamp>).*?(</)", rb"\1AAAA\2", one)
    assert only(broken).tokens == (None,)


# What is refused before it is parsed.


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        (b"<!DOCTYPE a><a/>", "xml-dtd"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>', "xml-dtd"),
        (b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>', "xml-dtd"),
        (
            b'<!DOCTYPE a [<!ENTITY a0 "ha">'
            + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 9))
            + b"]><a>&a8;</a>",
            "xml-dtd",
        ),
        ("<!DOCTYPE a><a/>".encode("utf-16"), "xml-dtd"),
        (b"<a>&x;</a>", "xml-unparseable"),
        (b"", "xml-unparseable"),
        (b"%PDF-1.7", "xml-unparseable"),
        (b"<a/><b/>", "xml-unparseable"),
        (b"<?xml version='1.0' encoding='UTF-7'?><a/>", "xml-unparseable"),
        (b"<a x='1' x='2'/>", "xml-unparseable"),
        (b"<a:b/>", "xml-unparseable"),
        (b"<a>" * 300 + b"</a>" * 300, "xml-too-large"),
        (b"<a " + b" ".join(b'x%d=""' % n for n in range(2000)) + b"/>", "xml-too-large"),
        (b"<a " + b" ".join(b'xmlns:x%d="urn:x"' % n for n in range(200)) + b"/>", "xml-too-large"),
        (b"<a>" + b"<Signature><SignedInfo/></Signature>" * 20 + b"</a>", "too-many-signatures"),
    ],
)
def test_dangerous_files_are_refused(xml: bytes, code: str) -> None:
    with pytest.raises(XmlRefused) as refused:
        examine_xml(xml)
    assert refused.value.reason.code == code


# Whatever is changed: what passes still reads as it was signed.


def read(data: bytes) -> list[tuple[str, str]]:
    """Return what a simple reader takes from the document: each element's first text."""
    document: Any = xml.dom.minidom.parseString(data)  # noqa: S318  passed above: no DTD is in it
    for signature in document.getElementsByTagNameNS(DS, "Signature"):
        signature.parentNode.removeChild(signature)
    found = []
    for element in document.getElementsByTagName("*"):
        first = element.firstChild
        found.append((element.tagName, (first.nodeValue or "").strip() if first else ""))
    return found


@settings(max_examples=800, deadline=None)
@given(
    place=st.integers(0, 10_000),
    put=st.sampled_from(
        [b"<!---->", b"<![CDATA[]]>", b"<?x?>", b"x", b"<x/>", b"&#32;", b" ", b"1", b"=", b"\xc4\x83"]
    ),
    cut=st.integers(0, 3),
)
def test_whatever_is_put_in_or_cut_out_what_passes_reads_as_it_was_signed(
    signed: bytes, place: int, put: bytes, cut: int
) -> None:
    place %= len(signed)
    changed = signed[:place] + put + signed[place + cut :]
    if passes(changed):
        assert read(changed) == read(signed)
