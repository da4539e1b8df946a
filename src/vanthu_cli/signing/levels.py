"""How long a signature can be proved (PAdES levels, ETSI EN 319 142-1): its room in the file, validation data, time stamp over all."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from os import SEEK_END
from typing import BinaryIO, Literal

from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_signer import PdfTimeStamper
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore

from vanthu_cli.rules.deadlines import VIETNAM
from vanthu_cli.signing.evidence import Evidence, Witness, demand
from vanthu_cli.signing.files import Opened, open_pdf, stamps_of
from vanthu_cli.signing.keys import SigningKey

Level = Literal["B-B", "B-T", "B-LT", "B-LTA"]
"""PAdES baseline levels (ETSI EN 319 142-1 6)."""

# Hexadecimal digits set aside for the CMS: leaf, sub-CA and signed attributes (≈ 4–6 kB), and room to spare.
# Fixed, because pyHanko's own estimate has been too small for a live authority's answer (pyHanko issue 515).
_RESERVED, _SPARE = 16_384, 16_384
_MUCH = 8
"""Times as much room, when an authority's answer has grown by more than the room to spare."""


@dataclass(frozen=True, slots=True)
class Proof:
    """How long a signature can be proved: its level, and where trusted time and revocation data come from.

    B-B: the signer's clock. B-T: a time stamp. B-LT: with certificates and revocation data. B-LTA: all of it time stamped again.
    """

    level: Level = "B-B"
    time_stamper: TimeStamper | None = None
    witness: Witness = field(default_factory=Witness)


BARE = Proof()


def in_room(stream: BinaryIO, stamper: TimeStamper | None, write: Callable[[int], object]) -> None:
    """Write a signature with room for its CMS: with an authority, for its last answer and a half more, once more for a longer one.

    Rooms are hexadecimal digits, two a byte. An answer that does not fit is taken back and asked for again.
    """
    room, end = _RESERVED, stream.seek(0, SEEK_END)
    if stamper is not None:
        room += _SPARE + 2 * len(asyncio.run(stamper.async_dummy_response("sha256")).dump())
    try:
        write(room)
    except (SigningError, PdfError) as error:
        if stamper is None or "larger than expected" not in str(error):
            raise
        stream.truncate(end)
        write(_MUCH * room)


def keep_provable(before: Opened, key: SigningKey, proof: Proof, stamper: TimeStamper) -> None:
    """Add certificates and revocation data (B-LT), and a time stamp over all of it (B-LTA; EN 319 142-1 5.4, 5.5)."""
    opened = open_pdf(before.stream, before.password)
    tokens = stamps_of(opened.signatures[-1])
    stamps = [each.chosen.dump() for token in tokens for each in token["content"]["certificates"]]
    wanted = [key.x509, *key.chain, *map(x509.load_der_x509_certificate, stamps)]
    evidence = demand(proof.witness, wanted, datetime.now(VIETNAM))
    _supply(opened.writer(), evidence)
    if proof.level != "B-LT":
        _stamp(before.stream, before.password, stamper)


def renew(stream: BinaryIO, proof: Proof, password: str = "") -> tuple[str, ...]:
    """Make an open, signed PDF provable for longer: validation data of all that it bears, and a new time stamp over all of it.

    To be done before the last time stamp's certificate ends (EN 319 142-1 5.5). Returns the sentences of what could not be had;
    `UnreachableError` `signing.tsa_silent`.
    """
    opened = open_pdf(stream, password)
    borne = [each.signed_data for each in opened.signatures]
    borne += [token["content"] for each in opened.signatures for token in stamps_of(each)]
    ders = dict.fromkeys(each.chosen.dump() for one in borne for each in one["certificates"])
    wanted = [x509.load_der_x509_certificate(der) for der in ders]
    evidence, missing = proof.witness.evidence(wanted, datetime.now(VIETNAM))
    _supply(opened.writer(), evidence)
    if proof.time_stamper is None:
        raise ValueError("an archive time stamp needs an authority")
    _stamp(stream, password, proof.time_stamper)
    return missing


def _supply(writer: IncrementalPdfFileWriter, evidence: Evidence) -> None:
    DocumentSecurityStore.supply_dss_in_writer(
        writer,
        None,  # no /VRI: EN 319 142-1 5.4.2.3 advises against it
        certs=[asn1_x509.Certificate.load(der) for der in evidence.certificates],
        ocsps=[asn1_ocsp.OCSPResponse.load(der) for der in evidence.ocsps],
        crls=[asn1_crl.CertificateList.load(der) for der in evidence.crls],
    )
    writer.write_in_place()


def _stamp(stream: BinaryIO, password: str, stamper: TimeStamper) -> None:
    authority = PdfTimeStamper(stamper)
    in_room(
        stream,
        stamper,
        lambda room: authority.timestamp_pdf(
            open_pdf(stream, password).writer(), "sha256", bytes_reserved=room, in_place=True
        ),
    )
