"""Long base64 that is left where it lies changes no verdict, whatever the form, and costs no memory."""

import base64
import os
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.validation.conftest import Pki
from tests.validation.test_xml_checks import EDXML, HEADER, codes, only, passes, xmlsec_accepts
from tests.validation.xml_signer import ENVELOPED, EXCLUSIVE, INCLUSIVE, INCLUSIVE_11, Ref, sign

from vanthu_cli.validation import xml_parsing
from vanthu_cli.validation.xml_aside import Aside
from vanthu_cli.validation.xml_parsing import parse

CONTENT = bytes(range(256)) * 40
WRITTEN: dict[str, Callable[[bytes], bytes]] = {
    "one line": base64.b64encode,
    "lines": base64.encodebytes,
    "indented": lambda data: b"\n    " + base64.encodebytes(data).replace(b"\n", b"\n    "),
}


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything longer than a few letters count as long."""
    monkeypatch.setattr(xml_parsing, "LONG", 64)


def with_content(written: bytes) -> bytes:
    return EDXML.replace(b"JVBERi0xLjcK", written)


def aside(data: bytes) -> int:
    return len(parse(data, leaving=True).aside.texts)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("form", [EXCLUSIVE, INCLUSIVE, INCLUSIVE_11])
@pytest.mark.parametrize("written", WRITTEN)
def test_the_verdict_is_that_of_the_whole_tree(pki: Pki, written: str, form: str, tmp_path: Path) -> None:
    data = sign(with_content(WRITTEN[written](CONTENT)), pki.office, Ref("", (ENVELOPED, form)), place=HEADER,
                certificates=[pki.office, pki.sub])  # fmt: skip
    assert aside(data) == 1
    assert passes(data)
    if form == EXCLUSIVE:
        assert xmlsec_accepts(data, pki.root, tmp_path)
    at = data.index(b"AAECAwQFBgcICQoLDA0ODxAR")
    for changed in (data[:at] + b"B" + data[at + 1 :], data[:at] + b" " + data[at:]):
        found = only(changed)
        assert (found.examined.integrity, codes(found)[0]) == (False, "hash-mismatch")
    path = tmp_path / "a.edxml"
    path.write_bytes(data)
    assert passes(path.read_bytes())
    assert only(path).examined.covers == "whole-file"
    for ends in (b"\r\n", b"\r"):  # a carrier may have rewritten them; the parser makes them one
        assert passes(data.replace(b"\n", ends))


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("written", ["one line", "lines"])
def test_what_cid_names_is_decoded_where_it_lies(pki: Pki, written: str) -> None:
    data = sign(with_content(WRITTEN[written](CONTENT)), pki.office, Ref("cid:1", (), raw=CONTENT), place=HEADER)
    assert aside(data) == 1
    assert only(data).examined.integrity is True
    at = data.index(b"AAECAwQFBgcICQoLDA0ODxAR")
    assert codes(only(data[:at] + b"B" + data[at + 1 :]))[0] == "hash-mismatch"


@pytest.mark.usefixtures("short")
def test_a_byte_order_mark_and_other_encodings_shift_nothing(pki: Pki) -> None:
    data = sign(with_content(base64.b64encode(CONTENT)), pki.office, place=HEADER)
    assert passes(b"\xef\xbb\xbf" + data)
    assert aside(b"\xef\xbb\xbf" + data) == 1
    wide = data.decode().replace("UTF-8", "UTF-16", 1).encode("utf-16")
    assert aside(wide) == 0
    assert passes(wide)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    "content",
    [
        b"QUJD" * 50 + b"<!-- chen -->" + b"QUJD" * 50,
        b"<![CDATA[" + b"QUJD" * 50 + b"]]>",
        b"QUJD" * 50 + b"<?lenh x?>" + b"QUJD" * 50,
        b"QUJD" * 50 + b"&#65;" + b"QUJD" * 50,
        b"QUJD" * 50 + "ă".encode() + b"QUJD" * 50,
        b"<x>" + b"QUJD" * 50 + b"</x>ABCD",
        b"QUJD" * 50 + b"<x/>" + b"QUJD" * 50,
    ],
)
def test_only_plain_text_is_left_aside(pki: Pki, content: bytes) -> None:
    data = with_content(content)
    tree = parse(data, leaving=True)
    whole = parse(data)
    assert tree.aside is not None
    assert isinstance(tree.aside.source, bytes)
    assert [tree.aside.source[begin:end] for begin, end in tree.aside.texts] == (
        [b"QUJD" * 50] if content.startswith(b"<x>") else []
    )
    assert (tree.cut, len(list(tree.root.iter()))) == (whole.cut, len(list(whole.root.iter())))
    signed = sign(data, pki.office, place=HEADER)
    assert only(signed).examined.integrity is True


@pytest.mark.usefixtures("short")
def test_nothing_within_a_signature_is_left_aside_and_no_text_passes_for_a_mark(pki: Pki) -> None:
    data = sign(with_content(base64.b64encode(CONTENT)), pki.office, place=HEADER, certificates=[pki.office, pki.sub])
    tree = parse(data, leaving=True)
    assert tree.aside.number("JVBERi0xLjcK") is None
    mark = tree.aside.mark(0)
    assert mark not in data
    assert tree.aside.slim().count(mark) == 1
    assert tree.aside.slim().replace(mark, base64.b64encode(CONTENT)) == data


@settings(deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=4), st.integers(1, 60))
def test_a_sink_is_told_the_texts_however_the_pieces_cut_the_marks(texts: list[bytes], width: int) -> None:
    written = [base64.b64encode(each) for each in texts]
    source, ranges, whole = b"", [], b""
    for each in written:
        ranges.append((len(source), len(source) + len(each)))
        source += each
    kept = Aside(source, tuple(ranges))
    canonical = b"<a>" + b"".join(b"<b>" + kept.mark(number) + b"</b>" for number in range(len(texts))) + b"</a>"
    whole = b"<a>" + b"".join(b"<b>" + each + b"</b>" for each in written) + b"</a>"
    out = BytesIO()
    with kept.told(out) as sink:
        for at in range(0, len(canonical), width):
            sink.write(canonical[at : at + width])
    assert out.getvalue() == whole


PEAK = """
import sys
from pathlib import Path
from vanthu_cli.validation.xml_checks import examine_xml

def peak():
    return int(next(l for l in open("/proc/self/status") if l.startswith("VmHWM")).split()[1]) << 10

examine_xml(Path(sys.argv[1]))
before = peak()
form, found = examine_xml(Path(sys.argv[2]))
print(form, [each.examined.integrity for each in found], [each.examined.covers for each in found], peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_a_package_of_100_megabytes_is_judged_in_less_than_20(pki: Pki, tmp_path: Path) -> None:
    small, large = tmp_path / "small.edxml", tmp_path / "large.edxml"
    small.write_bytes(sign(EDXML, pki.office, place=HEADER))
    content = os.urandom(75 << 20)
    large.write_bytes(sign(with_content(base64.encodebytes(content)), pki.office, place=HEADER))
    run = subprocess.run([sys.executable, "-c", PEAK, small, large], capture_output=True, text=True, check=True)
    *said, peak = run.stdout.split()
    assert said == ["edxml", "[True]", "['whole-file']"]
    assert int(peak) < 20 << 20, peak
    os.truncate(large, 0)  # not kept in the folders of past tests
