"""The fast reader before pyHanko's own: the same objects, the same paths, the same answer of the same rules."""

import random
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, DiffResult
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from tests.mended.test_objects import shape
from tests.validation import attacks
from tests.validation.conftest import NOW, SEAL_BOX, Pki, sign
from tests.validation.forgeries import VARIANTS
from tests.validation.forgeries.hand import body_of, revise
from tests.validation.forgeries.kinds import BASES, Base, good

from vanthu_cli.validation import reader as fast
from vanthu_cli.validation.large_streams import LargeStream
from vanthu_cli.validation.pdf import judge_pdf
from vanthu_cli.validation.stretch import Stretch

SAMPLE = VARIANTS[::40]
ATTACKS = (
    attacks.change_a_signed_byte,
    attacks.append_page_content,
    attacks.draw_unsigned_field,
    attacks.copy_signature,
    attacks.signature_of_rubbish,
    attacks.break_the_rules,
    lambda pdf: attacks.swap_appearance(pdf, "ConDau"),
    lambda pdf: attacks.add_annotation(pdf, (85, 722, 110, 740)),
)


def ours(pdf: bytes, *, strict: bool = True) -> fast.Reader:
    return fast.Reader(Stretch(BytesIO(pdf), 0, len(pdf)), strict=strict)


def stock(pdf: bytes, *, strict: bool = True) -> PdfFileReader:
    return PdfFileReader(BytesIO(pdf), strict=strict)


def answer(ask: Any, *arguments: Any, **options: Any) -> Any:
    try:
        return ask(*arguments, **options)
    except Exception as error:  # noqa: BLE001  whichever it is, both must raise it
        return type(error), str(error)


def both(pdf: bytes, *, strict: bool = True) -> tuple[fast.Reader, PdfFileReader] | None:
    """Open the file with both; None where neither can."""
    one, other = answer(ours, pdf, strict=strict), answer(stock, pdf, strict=strict)
    if isinstance(one, tuple) or isinstance(other, tuple):
        assert one == other
        return None
    return one, other


def references(reader: PdfFileReader) -> Iterator[generic.Reference]:
    known = {
        ref for revision in range(reader.total_revisions) for ref in reader.xrefs.explicit_refs_in_revision(revision)
    }
    yield from sorted(known | {generic.Reference(9999, 0)}, key=lambda ref: (ref.idnum, ref.generation))


def look(resolver: Any, ref: generic.Reference) -> Any:
    """An object, without what differs by nature: the names of the readers' classes and objects."""
    value = resolver.get_object(ref)
    return _plain(shape(value), resolver)


def _plain(item: Any, resolver: Any) -> Any:
    if isinstance(item, list | tuple):
        return [_plain(part, resolver) for part in item]
    if item in (LargeStream, generic.StreamObject):
        return "stream"
    if isinstance(item, PdfFileReader | type(resolver)):
        return "itself" if item is resolver else "the reader"
    return bytes(item) if isinstance(item, Stretch) else item


def same_objects(pdf: bytes, *, strict: bool) -> None:
    opened = both(pdf, strict=strict)
    if opened is None:
        return
    one, other = opened
    for revision in range(other.total_revisions):
        here, there = one.get_historical_resolver(revision), other.get_historical_resolver(revision)
        for ref in references(other):
            assert answer(look, here, ref) == answer(look, there, ref), (revision, ref)


def paths(resolver: Any, refs: list[generic.Reference]) -> Any:
    resolver._load_reverse_xref_cache()
    return {ref: set(resolver._get_usages_of_ref(ref)) for ref in refs}


def same_paths(pdf: bytes) -> None:
    opened = both(pdf)
    if opened is None:
        return
    one, other = opened
    for revision in range(other.total_revisions):
        here, there = one.get_historical_resolver(revision), other.get_historical_resolver(revision)
        later = [
            ref
            for step in range(revision + 1, other.total_revisions)
            for ref in other.xrefs.explicit_refs_in_revision(step)
        ]
        asked = sorted(set(later), key=lambda ref: ref.idnum)
        expected = answer(paths, there, asked)
        assert answer(paths, here, asked) == expected, revision
        if isinstance(expected, dict):
            everything = list(references(other))
            assert paths(here, everything) == paths(there, everything), revision


def analysed(reader: PdfFileReader, name: str) -> Any:
    for field, _value, reference in enumerate_sig_fields(reader, filled_status=True):
        if field == name:
            embedded = EmbeddedPdfSignature(reader, reference, name)
            embedded.coverage = embedded.evaluate_signature_coverage()  # type: ignore[assignment]  # pyHanko declares None
            found = embedded.evaluate_modifications(DEFAULT_DIFF_POLICY)
            if isinstance(found, DiffResult):
                return found.modification_level, found.changed_form_fields, embedded.coverage
            return type(found)
    return None


def filled(reader: PdfFileReader) -> list[str]:
    return [str(name) for name, _value, _reference in enumerate_sig_fields(reader, filled_status=True)]


def same_analysis(pdf: bytes) -> list[Any]:
    """Compare what pyHanko's rules say of each signature; return what they said."""
    opened = both(pdf)
    if opened is None:
        return []
    one, other = opened
    listed = answer(filled, other)
    assert answer(filled, one) == listed
    said = []
    for name in dict.fromkeys(listed) if isinstance(listed, list) else ():
        expected = answer(analysed, other, name)
        if isinstance(expected, tuple) and expected[0] is KeyError and expected[1].startswith("Reference("):
            continue  # pyHanko stumbles over a reference that nothing defines, `Resolver` does not: on purpose
        assert answer(analysed, one, name) == expected, name
        said.append(expected)
    return said


@pytest.mark.parametrize("base", BASES)
def test_good_files(base: Base, pki: Pki) -> None:
    pdf = good(pki, base)
    same_objects(pdf, strict=True)
    same_paths(pdf)
    said = same_analysis(pdf)
    assert said
    assert all(isinstance(each, tuple) and isinstance(each[1], set) for each in said)


@pytest.mark.parametrize("variant", SAMPLE, ids=[variant.id for variant in SAMPLE])
def test_forgeries(variant: Any, pki: Pki) -> None:
    pdf = variant.file(pki)
    same_objects(pdf, strict=True)
    same_objects(pdf, strict=False)
    same_paths(pdf)
    same_analysis(pdf)


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks(attack: Any, issued: bytes, pki: Pki) -> None:
    pdf = attack(issued)
    same_paths(pdf)
    same_analysis(pdf)
    if both(pdf):
        assert same_analysis(sign(pdf, pki.receiver, "Den", SEAL_BOX))


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(BASES[:2] + BASES[-1:]), st.integers(0, 1 << 32), st.integers(1, 2))
def test_updates_made_by_chance(pki: Pki, base: Base, seed: int, steps: int) -> None:
    """Bodies change places, references lead elsewhere, bytes are lost."""
    chance = random.Random(seed)  # noqa: S311  no secret
    pdf = good(pki, base)
    for _step in range(steps):
        number, source = chance.randrange(1, 30), chance.randrange(1, 30)
        try:
            body = body_of(pdf, source)
        except Exception:  # noqa: BLE001  what an earlier step broke, or no object
            body = b"null"
        if chance.random() < 0.5:
            body = body.replace(b"%d 0 R" % chance.randrange(1, 30), b"%d 0 R" % chance.randrange(1, 35))
        if chance.random() < 0.3:
            at = chance.randrange(len(body))
            body = (
                body[:at]
                + chance.choice([b"", b"%", b"#", b"(", b" ", b"<<", b"/A 1"])
                + body[at + chance.randrange(2) :]
            )
        pdf = revise(pdf, {number: body, chance.randrange(30, 36): b"[%d 0 R]" % number})
    same_objects(pdf, strict=chance.random() < 0.7)
    same_paths(pdf)
    same_analysis(pdf)


def test_a_pyhanko_that_was_not_compared_is_left_to_itself(pki: Pki, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [good(pki, base) for base in BASES] + [variant.file(pki) for variant in VARIANTS[3::80]]
    judged = [judge_pdf(pdf, pki.trust(), pki.signatories, now=NOW) for pdf in files]
    monkeypatch.setattr(fast, "KNOWN", False)
    assert not ours(files[0]).get_historical_resolver(0)._plain
    assert [judge_pdf(pdf, pki.trust(), pki.signatories, now=NOW) for pdf in files] == judged
