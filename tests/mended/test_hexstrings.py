from io import BytesIO
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic

from vanthu_cli.mended import hexstrings


def outcome(read: Any, data: bytes) -> tuple[Any, ...]:
    stream = BytesIO(data)
    try:
        value = read(stream)
    except Exception as error:  # noqa: BLE001  whichever it is, both must raise it
        return type(error), str(error)
    return type(value), value, getattr(value, "original_bytes", None), stream.tell()


def test_pyhanko_uses_it() -> None:
    assert generic.read_hex_string_from_stream is hexstrings.read_hex_string


@given(st.lists(st.sampled_from([b"0", b"9a", b"FE", b" ", b"\r\n", b"%x\n", b"g", b"<", b">", b"\0", b"(", b""])))
@example([b"9a" * 20_000, b">tail"])
@example([b"9a"] * 5)
@example([b"9a" * 4095, b"0", b">"])
def test_it_reads_what_the_original_reads_and_fails_as_it_fails(parts: list[bytes]) -> None:
    data = b"<" + b"".join(parts)
    assert outcome(hexstrings.read_hex_string, data) == outcome(hexstrings._original, data)
