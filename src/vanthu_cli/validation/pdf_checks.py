"""What one PDF signature covers, and its cryptography. The bytes are hostile: a signature need not be about the file it is in."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from asn1crypto import parser
from pyhanko.pdf_utils import generic
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from vanthu_cli.validation.cms_checks import Examined, Token, aware, check, token_of, tokens_of
from vanthu_cli.validation.findings import Covers
from vanthu_cli.validation.reasons import Reason
from vanthu_cli.validation.stretch import Stretch

_COVERS: dict[SignatureCoverageLevel, Covers] = {
    SignatureCoverageLevel.ENTIRE_FILE: "whole-file",
    SignatureCoverageLevel.ENTIRE_REVISION: "revision",
}


def examine(embedded: EmbeddedPdfSignature, pdf: Stretch) -> Examined:
    """Check a signature's bytes. Raises whatever a hostile structure makes pyHanko raise: the caller isolates it."""
    claimed = _claimed_time(embedded)
    if not frames_its_contents(embedded, pdf):
        # ByteRange attacks (USF, wrapping): whatever the digest says, part of the file is not under it.
        return Examined(None, (), False, "partial", claimed, (), (Reason("partial-coverage", embedded.fq_name),))
    covers = _COVERS.get(embedded.evaluate_signature_coverage(), "partial")
    examined = check(embedded.signed_data, embedded.compute_digest, covers, claimed)
    more = [Reason("partial-coverage", embedded.fq_name)] if covers == "partial" else []
    more += [Reason("contents-padded", embedded.fq_name)] if padded(embedded) else []
    return replace(examined, reasons=(*examined.reasons, *more))


def padded(embedded: EmbeddedPdfSignature) -> bool:
    """Tell whether anything but zeros stands behind the CMS in /Contents: no digest covers it."""
    contents = bytes(embedded.pkcs7_content)
    return any(contents[parser.peek(contents) :])


def frames_its_contents(embedded: EmbeddedPdfSignature, pdf: Stretch) -> bool:
    """(Recipe, step 2.) Tell whether /ByteRange is two parts from byte 0 that leave out exactly the hex string of /Contents."""
    if not isinstance(embedded.byte_range, generic.ArrayObject):
        return False
    numbers = list(embedded.byte_range)
    if len(numbers) != 4 or not all(isinstance(number, int) for number in numbers):  # noqa: PLR2004  two pairs
        return False
    start, length, resume, rest = map(int, numbers)
    if start != 0 or not 0 < length < resume or rest <= 0 or resume + rest > len(pdf):
        return False
    gap = bytes(pdf[length:resume])
    if not (gap.startswith(b"<") and gap.endswith(b">")):
        return False
    try:
        return bytes.fromhex(gap[1:-1].decode("ascii")) == embedded.pkcs7_content
    except ValueError:
        return False


def _claimed_time(embedded: EmbeddedPdfSignature) -> datetime | None:
    try:
        return aware(embedded.self_reported_timestamp)
    except Exception:  # noqa: BLE001  a malformed date is no date
        return None


def signature_tokens(embedded: EmbeddedPdfSignature) -> Iterator[Token | None]:
    return tokens_of(embedded.signer_info)


def document_token(embedded: EmbeddedPdfSignature) -> Token | None:
    """Return the token of a document time stamp, None if it cannot be read."""
    return token_of(embedded.signed_data, embedded.compute_digest)


def end(embedded: EmbeddedPdfSignature) -> int:
    """Return how many bytes of the file the signed revision takes."""
    return int(embedded.byte_range[2]) + int(embedded.byte_range[3])
