"""In a process of its own with the original, everything that was built here encodes to the same bytes."""

import json
import subprocess
import sys
from typing import Any

from asn1crypto import algos, cms, core, x509
from hypothesis import given
from hypothesis import strategies as st

from vanthu_cli.mended import encoding

BUILDS = """
import json, sys
from asn1crypto import algos, cms, core, tsp, x509
name = x509.Name.build({"common_name": "Tỉnh ủy", "country_name": "VN"})
attribute = cms.CMSAttribute({"type": "content_type", "values": ["data"]})
certs = tsp.SigningCertificateV2({"certs": [{"cert_hash": b"1" * 32, "issuer_serial": {
    "issuer": [x509.GeneralName("directory_name", name)], "serial_number": 5}}]})
signer = cms.SignerInfo({"version": "v1", "sid": cms.SignerIdentifier({"issuer_and_serial_number":
    cms.IssuerAndSerialNumber({"issuer": name, "serial_number": 5})}), "digest_algorithm": {"algorithm": "sha256"},
    "signature_algorithm": {"algorithm": "rsassa_pkcs1v15"}, "signed_attrs": [attribute,
    cms.CMSAttribute({"type": "signing_certificate_v2", "values": [certs]})], "signature": b"x" * 9})
first = signer.dump().hex()
signer["unsigned_attrs"] = [cms.CMSAttribute({"type": "counter_signature", "values": []})]
signer["signed_attrs"].append(cms.CMSAttribute({"type": "message_digest", "values": [b"y"]}))
signed = cms.SignedData({"version": "v1", "digest_algorithms": [{"algorithm": "sha256"}],
    "encap_content_info": {"content_type": "data"}, "signer_infos": [signer]})
whole = cms.ContentInfo({"content_type": "signed_data", "content": signed})
before = whole.dump().hex()
whole["content"]["signer_infos"][0]["signature"] = b"z"
print(json.dumps([first, before, whole.dump().hex(), whole.dump(force=True).hex()]))
"""


def test_a_signature_built_and_changed_step_by_step_encodes_as_with_the_original() -> None:
    def built(first: str) -> Any:
        done = subprocess.run([sys.executable, "-c", first + BUILDS], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    assert built("import vanthu_cli.mended.encoding\n") == built("")


class Node(core.Sequence):  # type: ignore[misc]  # asn1crypto has no types
    _fields = [("number", core.Integer), ("nodes", core.SequenceOf, {"optional": True})]  # noqa: RUF012  asn1crypto's form


class Nodes(core.SequenceOf):  # type: ignore[misc]  # see above
    _child_spec = Node


Node._fields[1] = ("nodes", Nodes, {"optional": True})
TREES = st.recursive(
    st.fixed_dictionaries({"number": st.integers()}),
    lambda inner: st.fixed_dictionaries({"number": st.integers(), "nodes": st.lists(inner, max_size=3)}),
    max_leaves=8,
)


@given(tree=TREES, other=TREES)
def test_a_tree_reads_back_as_it_was_built_also_after_changes(tree: dict[str, Any], other: dict[str, Any]) -> None:
    built = Node(tree)
    assert Node.load(built.dump()).native == built.native
    built["nodes"] = Nodes([other])
    assert Node.load(built.dump()).native["nodes"] == [Node(other).native]
    built["nodes"].append(Node({"number": 7}))
    assert [each["number"] for each in Node.load(built.dump()).native["nodes"]] == [other["number"], 7]


def test_it_is_in_force() -> None:
    value = algos.DigestAlgorithm({"algorithm": "sha256"})
    value.dump()
    assert not value._mutated
    assert encoding.__doc__
    assert core.SetOf._set_contents.__name__ == "encoded"
    assert cms.CMSAttributes([]).dump() == b"1\x00"
    assert x509.Name.build({"common_name": "a"}).dump()
