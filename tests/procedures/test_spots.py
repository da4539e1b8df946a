from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from vanthu_cli.procedures.spots import signer_name

WORDS = st.text(st.sampled_from('Nguyễn Văn, A+B="\\\\;<>#Ủy'), min_size=1, max_size=30)


@given(WORDS, WORDS)
def test_the_common_name_is_found_whatever_signs_it_holds(name: str, organisation: str) -> None:
    """Names of agencies have commas: "UBND xã Cẩm Hưng, huyện Cẩm Giàng"."""
    parts = (x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    assert signer_name(",".join(part.rfc4514_string() for part in parts)) == name


def test_a_name_that_is_none_stays_as_it_is() -> None:
    assert signer_name("Common Name: Lê Văn Hiệu") == "Common Name: Lê Văn Hiệu"
    assert not signer_name(None)
