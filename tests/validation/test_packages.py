"""Signatures of Word files and ASiC containers: checked as far as they can be, never more than unknown."""

import asyncio
import base64
import hashlib
import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from tests.validation.conftest import NOW, Holder, Pki
from tests.validation.xml_signer import DIGESTS, DS, EXCLUSIVE, INCLUSIVE, Ref, sign

from vanthu_cli.sandbox.documents import make_docx
from vanthu_cli.validation.packages import Package, examine_package

PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SIGNATURE_TYPE = "application/vnd.openxmlformats-package.digital-signature-xmlsignature+xml"
MAIN_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
RELATIONSHIPS_TYPE = "application/vnd.openxmlformats-package.relationships+xml"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SIGNATURE = "_xmlsignatures/sig1.xml"


def examined(data: bytes) -> Package:
    found = examine_package(BytesIO(data))
    assert found is not None
    return found


def codes(package: Package) -> list[str]:
    return [reason.code for one in package.signatures for reason in one.examined.reasons]


def zipped(members: Mapping[str, bytes | str]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return out.getvalue()


def members_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(data)) as package:
        return {name: package.read(name) for name in package.namelist()}


def changed(data: bytes, name: str, old: bytes, new: bytes) -> bytes:
    members = members_of(data)
    assert members[name].count(old) == 1
    return zipped({**members, name: members[name].replace(old, new)})


# Word: Office signs a manifest of parts, and the relationships that it chose (ECMA-376 part 2, 13).

RELATIONS = {
    "rId2": f'<Relationship Id="rId2" Type="{OFFICE}/styles" Target="styles.xml"/>',
    "rId1": f'<Relationship Id="rId1" Type="{OFFICE}/image" Target="media/image1.png"/>',
    "rId3": f'<Relationship Id="rId3" Type="{OFFICE}/extended" Target="x.xml"/>',
}
WORD: dict[str, str] = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="{RELATIONSHIPS_TYPE}"/>'
    f'<Default Extension="png" ContentType="image/png"/><Override PartName="/word/document.xml" ContentType="{MAIN_TYPE}"/>'
    f'<Override PartName="/{SIGNATURE}" ContentType="{SIGNATURE_TYPE}"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r" Type="{PACKAGE}/relationships/digital-signature/origin" Target="_xmlsignatures/origin.sigs"/></Relationships>',
    "word/document.xml": "<w:document xmlns:w='urn:w'><w:t>Công văn số 145</w:t></w:document>",
    "word/_rels/document.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">\n  '
    + "\n  ".join(RELATIONS.values())
    + "\n</Relationships>",
    "word/media/image1.png": "picture",
    "_xmlsignatures/origin.sigs": "",
}


def chosen(*ids: str) -> bytes:
    """The canonical form of the chosen relationships, written by hand."""
    rows = "".join(
        f'<Relationship Id="{one}" Target="{RELATIONS[one].split("Target=")[1][1:-3]}" TargetMode="Internal" '
        f'Type="{RELATIONS[one].split("Type=")[1].split(chr(34))[1]}"></Relationship>'
        for one in sorted(ids)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{rows}</Relationships>'.encode()


def listed(uri: str, raw: bytes, transforms: str = "") -> str:
    value = base64.b64encode(hashlib.sha256(raw).digest()).decode()
    inner = f"<ds:Transforms>{transforms}</ds:Transforms>" if transforms else ""
    return (
        f'<ds:Reference URI="{uri}">{inner}<ds:DigestMethod Algorithm="{DIGESTS["sha256"]}"/>'
        f"<ds:DigestValue>{value}</ds:DigestValue></ds:Reference>"
    )


def docx(holder: Holder, *, xades: bool = True, leave: tuple[str, ...] = (), of_type: str = MAIN_TYPE) -> bytes:
    """A signed Word file in Office's own form."""
    selection = (
        f'<ds:Transform Algorithm="{PACKAGE}/RelationshipTransform">'
        f'<m:RelationshipReference xmlns:m="{PACKAGE}/digital-signature" SourceId="rId2"/>'
        f'<m:RelationshipsGroupReference xmlns:m="{PACKAGE}/digital-signature" SourceType="{OFFICE}/image"/>'
        f'</ds:Transform><ds:Transform Algorithm="{INCLUSIVE}"/>'
    )
    parts = {
        f"/word/document.xml?ContentType={of_type}": (WORD["word/document.xml"].encode(), ""),
        f"/word/_rels/document.xml.rels?ContentType={RELATIONSHIPS_TYPE}": (chosen("rId1", "rId2"), selection),
        "/word/media/image1.png?ContentType=image/png": (b"picture", ""),
    }
    manifest = "".join(listed(uri, *one) for uri, one in parts.items() if not any(name in uri for name in leave))
    package = (
        f'<ds:Object Id="idPackageObject"><ds:Manifest>{manifest}</ds:Manifest><ds:SignatureProperties>'
        f'<ds:SignatureProperty Id="idSignatureTime" Target="#S1"><m:SignatureTime xmlns:m="{PACKAGE}/digital-signature">'
        "<m:Format>YYYY-MM-DDThh:mm:ssTZD</m:Format><m:Value>2026-11-22T02:30:00Z</m:Value></m:SignatureTime>"
        "</ds:SignatureProperty></ds:SignatureProperties></ds:Object>"
    )
    reference = Ref("#idPackageObject", (), f"{DS}Object")
    made = sign(b"<a/>", holder, reference, objects=package, xades=xades, c14n=INCLUSIVE)
    signature = made[made.index(b"<ds:Signature ") : made.index(b"</a>")]
    return zipped({**WORD, SIGNATURE: signature})


@pytest.mark.parametrize("xades", [True, False])
def test_a_signed_word_file_holds_part_by_part_and_is_not_judged_further(pki: Pki, xades: bool) -> None:
    package = examined(docx(pki.office, xades=xades))
    assert (package.format, package.signed) == ("ooxml", True)
    assert [str(reason) for reason in package.reasons] == ["format-not-judged"]
    (found,) = package.signatures
    assert (found.examined.integrity, found.examined.covers, found.xades) == (True, "partial", xades)
    assert [str(reason) for reason in found.examined.reasons] == [
        "package-part-not-covered: _rels/.rels, word/_rels/document.xml.rels#rId3"
    ]
    assert found.examined.claimed_time is not None
    assert (found.examined.claimed_time.year, found.examined.claimed_time.day == 22) == (2026, not xades)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("word/document.xml", b"145", b"999"),
        ("word/media/image1.png", b"picture", b"other"),
        ("word/_rels/document.xml.rels", b"media/image1.png", b"media/image2.png"),
        ("word/_rels/document.xml.rels", b'Target="styles.xml"', b'Target="http://x/" TargetMode="External"'),
    ],
)
def test_a_part_or_a_chosen_relationship_that_was_changed_is_a_mismatch(
    pki: Pki, name: str, old: bytes, new: bytes
) -> None:
    package = examined(changed(docx(pki.office), name, old, new))
    assert package.signatures[0].examined.integrity is False
    assert codes(package)[0] == "hash-mismatch"


def test_spaces_and_order_of_relationships_do_not_matter_but_what_nobody_chose_is_named(pki: Pki) -> None:
    data = docx(pki.office)
    tidy = changed(data, "word/_rels/document.xml.rels", b"\n</R", b"</R")
    assert examined(tidy).signatures[0].examined.integrity is True
    extra = f'<Relationship Id="rId9" Type="{OFFICE}/attachedTemplate" Target="http://x/t.dotm" TargetMode="External"/>'
    more = examined(changed(data, "word/_rels/document.xml.rels", b"\n</R", extra.encode() + b"</R"))
    assert "word/_rels/document.xml.rels#rId9" in str(more.signatures[0].examined.reasons[-1])


def test_parts_that_are_missing_added_or_of_another_type_are_named(pki: Pki) -> None:
    data = members_of(docx(pki.office))
    missing = zipped({name: content for name, content in data.items() if "image" not in name})
    assert examined(missing).signatures[0].examined.integrity is None
    assert "signed-data-missing" in codes(examined(missing))
    added = examined(zipped({**data, "word/comments.xml": b"<x/>"}))
    assert "word/comments.xml" in str(added.signatures[0].examined.reasons[0])
    retyped = examined(changed(zipped(data), "[Content_Types].xml", MAIN_TYPE.encode(), b"application/xml"))
    assert codes(retyped)[0] == "changed-after-signing"
    left = examined(docx(pki.office, leave=("document.xml?",)))
    assert "word/document.xml" in str(left.signatures[0].examined.reasons[0])


def test_a_manifest_that_nobody_signed_covers_nothing(pki: Pki) -> None:
    package = examined(changed(docx(pki.office), SIGNATURE, b"<ds:Manifest>", b'<ds:Manifest Id="x">'))
    assert package.signatures[0].examined.integrity is False


@pytest.mark.parametrize("content", [b"<!DOCTYPE a><a/>", b"no xml", b"<a/>"])
def test_a_signature_part_that_cannot_be_read_is_not_no_signature(content: bytes) -> None:
    package = examined(zipped({**WORD, SIGNATURE: content}))
    assert package.signed
    assert package.reasons[-1].code == "format-not-judged"


def test_a_signature_part_is_found_by_its_type_wherever_it_stands(pki: Pki) -> None:
    members = members_of(docx(pki.office))
    members["[Content_Types].xml"] = members["[Content_Types].xml"].replace(SIGNATURE.encode(), b"hidden/s.bin")
    members["hidden/s.bin"] = members.pop(SIGNATURE)
    assert len(examined(zipped(members)).signatures) == 1


# ASiC.

MANIFEST = "http://uri.etsi.org/02918/v1.2.1#"
MIMETYPE = "application/vnd.etsi.asic-e+zip"
CONTENT = {"công văn 145.pdf": b"%PDF-1.7", "phu luc.xlsx": b"PK"}


def asic_xades(holder: Holder, signed: Mapping[str, bytes] = CONTENT, **members: bytes) -> bytes:
    references = [Ref(quote(name), (), raw=content) for name, content in signed.items()]
    signatures = sign(f'<a:XAdESSignatures xmlns:a="{MANIFEST}"/>'.encode(), holder, *references)
    return zipped({"mimetype": MIMETYPE, **CONTENT, "META-INF/signatures.xml": signatures, **members})


def cades(data: bytes, holder: Holder, *, detached: bool = True, stamper: DummyTimeStamper | None = None) -> bytes:
    made = holder.signer().async_sign_general_data(data, "sha256", detached=detached, timestamper=stamper)
    return bytes(asyncio.run(made).dump())


def asic_manifest(holder: Holder, content: Mapping[str, bytes] = CONTENT) -> bytes:
    rows = "".join(
        f'<a:DataObjectReference URI="{quote(name)}"><ds:DigestMethod Algorithm="{DIGESTS["sha256"]}"/><ds:DigestValue>'
        f"{base64.b64encode(hashlib.sha256(data).digest()).decode()}</ds:DigestValue></a:DataObjectReference>"
        for name, data in content.items()
    )
    manifest = (
        f'<a:ASiCManifest xmlns:a="{MANIFEST}" xmlns:ds="{DS}"><a:SigReference URI="META-INF/signature001.p7s"/>'
        f"{rows}</a:ASiCManifest>"
    ).encode()
    return zipped(
        {
            "mimetype": MIMETYPE,
            **CONTENT,
            "META-INF/ASiCManifest001.xml": manifest,
            "META-INF/signature001.p7s": cades(manifest, holder),
        }
    )


def asic_simple(holder: Holder) -> bytes:
    kind = "application/vnd.etsi.asic-s+zip"
    return zipped({"mimetype": kind, "a.pdf": b"%PDF-1.7", "META-INF/signature.p7s": cades(b"%PDF-1.7", holder)})


@pytest.mark.parametrize("make", [asic_xades, asic_manifest, asic_simple])
def test_a_container_holds_member_by_member_and_is_not_judged_further(pki: Pki, make: Callable[..., bytes]) -> None:
    package = examined(make(pki.office))
    assert (package.format, package.signed) == ("asic", True)
    assert [reason.code for reason in package.reasons] == ["format-not-judged"]
    (found,) = package.signatures
    assert (found.examined.integrity, found.examined.covers, found.examined.reasons) == (True, "partial", ())
    assert found.examined.certificate is not None
    assert found.examined.certificate.dump() == pki.office.der


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (asic_xades, "công văn 145.pdf"),
        (asic_manifest, "công văn 145.pdf"),
        (asic_manifest, "phu luc.xlsx"),
        (asic_simple, "a.pdf"),
    ],
)
def test_a_member_that_was_changed_is_a_mismatch(pki: Pki, make: Callable[..., bytes], name: str) -> None:
    members = members_of(make(pki.office))
    package = examined(zipped({**members, name: b"other"}))
    assert package.signatures[0].examined.integrity is False
    assert codes(package)[0] == "hash-mismatch"


@pytest.mark.parametrize("make", [asic_xades, asic_manifest])
def test_a_member_that_is_missing_or_was_added_is_named(pki: Pki, make: Callable[..., bytes]) -> None:
    members = members_of(make(pki.office))
    added = examined(zipped({**members, "extra.pdf": b"x"}))
    assert [str(one) for one in added.signatures[0].examined.reasons] == ["package-part-not-covered: extra.pdf"]
    del members["phu luc.xlsx"]
    missing = examined(zipped(members))
    assert missing.signatures[0].examined.integrity is None
    assert codes(missing)[0] == "signed-data-missing"


def test_a_cms_over_an_altered_manifest_two_contents_or_nothing_clear_does_not_hold(pki: Pki) -> None:
    altered = changed(asic_manifest(pki.office), "META-INF/ASiCManifest001.xml", b"001.p7s", b"001.p7s#")
    assert examined(altered).signatures[0].examined.integrity is not True
    row = examined(changed(asic_manifest(pki.office), "META-INF/ASiCManifest001.xml", b"phu%20luc", b"cong"))
    assert row.signatures[0].examined.integrity is False
    simple = members_of(asic_simple(pki.office))
    two = examined(zipped({**simple, "b.pdf": b"%PDF-1.7"}))
    assert (two.signatures[0].examined.integrity, codes(two)[0]) == (None, "signed-data-missing")
    inside = {"META-INF/signature.p7s": cades(b"%PDF-1.7", pki.office, detached=False)}
    assert examined(zipped({**simple, **inside})).signatures[0].examined.integrity is None
    broken = examined(zipped({**simple, "META-INF/signature.p7s": b"0\x82"}))
    assert [reason.code for reason in broken.reasons] == ["unreadable-signature", "format-not-judged"]


def test_addresses_outside_the_container_are_never_fetched(pki: Pki) -> None:
    package = examined(asic_xades(pki.office, {"http://127.0.0.1:9/a": b"", "../a": b""}))
    assert package.signatures[0].examined.integrity is None


def test_a_canonical_form_may_be_named_for_an_xml_member(pki: Pki) -> None:
    signatures = sign(b"<a/>", pki.office, Ref("content.xml", (EXCLUSIVE,), raw=b"<b></b>"))
    package = examined(zipped({"content.xml": b"<b />", "META-INF/documentsignatures.xml": signatures}))
    assert (package.format, package.signatures[0].examined.integrity) == ("zip", True)


def test_time_stamps_of_both_kinds_are_read(pki: Pki) -> None:
    plain = sign(b"<a/>", pki.office, Ref("a.pdf", (), raw=b"x"), stamper=pki.stamper(NOW))
    package = examined(zipped({"a.pdf": b"x", "META-INF/signatures.xml": plain}))
    assert [token.time for token in package.signatures[0].tokens if token] == [NOW]
    cms = cades(b"x", pki.office, stamper=pki.stamper(NOW))
    package = examined(zipped({"a.pdf": b"x", "META-INF/signature.p7s": cms}))
    assert [(token.sound, token.time) for token in package.signatures[0].tokens if token] == [(True, NOW)]


# Any ZIP.


def test_what_is_no_zip_is_none_and_what_bears_no_signature_is_unsigned() -> None:
    assert examine_package(BytesIO(b"%PDF-1.7")) is None
    assert examine_package(BytesIO(b"")) is None
    assert examined(make_docx("văn bản")) == Package("ooxml", signed=False, signatures=(), reasons=())
    assert examined(zipped({"mimetype": MIMETYPE})) == Package("asic", signed=False, signatures=(), reasons=())
    plain = examined(zipped({"a": b"x"}))
    assert (plain.format, plain.signed, plain.reasons[0].code) == ("zip", False, "format-not-judged")
    assert examined(zipped({"[content_types].xml": b"<x/>", SIGNATURE: b"<x/>"})).signed
    jar = examined(zipped({"META-INF/A.RSA": b"x"}))
    assert (jar.signed, jar.reasons[0].code) == (True, "unsupported-signature")


def doubled() -> bytes:
    out = BytesIO(zipped(WORD))
    with zipfile.ZipFile(out, "a") as package:
        package.writestr("Word/document.xml", "<x/>")
    return out.getvalue()


def encrypted() -> bytes:
    data = bytearray(zipped({"a": b"x"}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04 broken",
        zipped({"../a": b"x"}),
        zipped({"/a": b"x"}),
        zipped({"a\\b": b"x"}),
        zipped({"C:a": b"x"}),
        zipped({"a": bytes(20 << 20)}),
        zipped({f"{n}": b"" for n in range(10_001)}),
        doubled(),
        encrypted(),
    ],
)
def test_a_zip_that_could_do_harm_is_refused_unread(data: bytes) -> None:
    package = examined(data)
    assert [reason.code for reason in package.reasons] == ["package-refused"]
    assert not package.signatures


MADE: dict[Callable[[Holder], bytes], bytes] = {}


@settings(max_examples=300, deadline=None)
@given(place=st.integers(0, 100_000), bit=st.integers(0, 7), which=st.sampled_from([docx, asic_xades, asic_manifest]))
def test_no_flipped_bit_is_a_crash_or_holds_for_another_content(
    pki: Pki, place: int, bit: int, which: Callable[[Holder], bytes]
) -> None:
    if which not in MADE:
        MADE[which] = which(pki.office)
    data = bytearray(MADE[which])
    before = members_of(bytes(data))
    data[place % len(data)] ^= 1 << bit
    package = examine_package(BytesIO(bytes(data)))
    if package is not None and any(one.examined.integrity for one in package.signatures):
        with zipfile.ZipFile(BytesIO(bytes(data))) as after:
            assert all(after.read(name) == before[name] for name in {*CONTENT, "word/document.xml"} & set(before))
