"""A stretch of a file answers as the bytes would; a stream over it reads as `BytesIO` does."""

import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vanthu_cli.validation import stretch as module
from vanthu_cli.validation.stretch import SparingStream, Stretch, open_stretch

octets = st.binary(max_size=40)
places = st.none() | st.integers(-50, 50)


@contextmanager
def tiny(slice_size: int = 7) -> Iterator[None]:
    """Let everything be read in slices of a few bytes, and no file be small."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_SLICE", slice_size)
        patch.setattr(module, "_SMALL", 0)
        yield


@given(octets, st.lists(st.tuples(places, places), max_size=3))
def test_slices_of_slices_are_those_of_the_bytes(data: bytes, cuts: list[tuple[int | None, int | None]]) -> None:
    with open_stretch(data) as whole:
        part = whole
        for start, stop in cuts:
            part, data = part[start:stop], data[start:stop]
        assert (bytes(part), len(part)) == (data, len(data))


@given(octets, octets, st.integers(1, 9))
def test_equal_means_the_same_bytes(one: bytes, other: bytes, slice_size: int) -> None:
    with tiny(slice_size), open_stretch(one) as left, open_stretch(other) as right, open_stretch(one) as copy:
        assert (left == right) is (one == other)
        assert (left == other) is (one == other)
        assert left == copy
        assert left == left[:]


@given(st.lists(st.sampled_from([b"%%EOF", b"%", b"EOF", b"\n", b"x" * 6])), st.integers(1, 9))
def test_the_last_place_is_found_across_slices(parts: list[bytes], slice_size: int) -> None:
    data = b"".join(parts)
    with tiny(slice_size), open_stretch(data) as part:
        assert part.rfind(b"%%EOF") == data.rfind(b"%%EOF")
        assert part.holds(re.compile(b"%%EOF"), 5) is (b"%%EOF" in data)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.integers(-1, 60)),
        st.tuples(st.just("seek"), st.integers(0, 60)),
        st.tuples(st.just("end"), st.integers(-20, 0)),
        st.tuples(st.just("into"), st.integers(0, 20)),
    ),
    max_size=12,
)


@settings(max_examples=200)
@given(octets, st.integers(0, 10), st.integers(0, 40), steps)
def test_a_stream_over_a_stretch_reads_as_a_file_of_these_bytes(
    data: bytes, start: int, length: int, asked: list[tuple[str, int]]
) -> None:
    with tiny(), open_stretch(data) as whole:
        stream, model = whole[start : start + length].stream(), io.BytesIO(data[start : start + length])
        for what, number in asked:
            if what == "read":
                assert stream.read(number) == model.read(number)
            elif what == "seek":
                assert stream.seek(number) == model.seek(number)
            elif what == "end" and -number <= len(model.getvalue()):
                assert stream.seek(number, os.SEEK_END) == model.seek(number, os.SEEK_END)
            elif what == "into":
                mine, its = bytearray(number), bytearray(number)
                assert stream.readinto(mine) == model.readinto(its)  # type: ignore[attr-defined]
                assert mine == its
            assert stream.tell() == model.tell()


def test_only_the_payload_of_a_pdf_stream_is_left_unread() -> None:
    data = b"5 0 obj\n<< /Length 20 >>\nstream\r\n" + b"p" * 20 + b"\nendstream\nendobj\n" + b"<" + b"0" * 40 + b">"
    with tiny(), open_stretch(data) as whole:
        stream = whole.stream()
        assert isinstance(stream, SparingStream)
        at = data.index(b"pppp")
        stream.seek(at)
        assert stream.read(20) == b"p" * 20, "nothing is spared before it is asked for"
        stream.spare(16)
        stream.seek(at)
        left = stream.read(20)
        assert isinstance(left, Stretch)
        assert (bytes(left), stream.tell()) == (b"p" * 20, at + 20)
        stream.seek(data.index(b"<0"))
        assert stream.read(8192) == b"<" + b"0" * 40 + b">"
        stream.seek(at)
        assert isinstance(stream.read(15), bytes)


def test_a_length_beyond_the_end_allocates_nothing() -> None:
    with tiny(), open_stretch(b"short") as whole:
        assert whole.stream().read(1 << 60) == b"short"


def test_before_the_beginning_is_nowhere() -> None:
    with tiny(), open_stretch(b"short") as whole, pytest.raises(ValueError, match="beginning"):
        whole.stream().seek(-9, os.SEEK_END)


def test_a_path_is_opened_and_closed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    with open_stretch(tmp_path / "a") as part:
        assert bytes(part[1:]) == b"bc"
    assert part.file.closed
    with pytest.raises(OSError, match="No such file"), open_stretch(tmp_path / "b"):
        pass
