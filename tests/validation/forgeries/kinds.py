"""What a variant of an attack is, and the good files that attacks start from."""

# mypy: allow-untyped-calls
# (pyHanko leaves parts of its signing side untyped.)

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Literal, get_args

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.content import RawContent
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from pyhanko.stamp import TextStampStyle
from tests.validation.conftest import SEAL_BOX, Holder, Pki, prepare, sign
from tests.validation.forgeries.hand import LOOK, written, written_packed

Base = Literal["issued", "approval", "certified-1", "certified-2", "certified-3", "packed"]
BASES: tuple[Base, ...] = get_args(Base)
Change = Callable[[bytes], bytes]
Verdict = str

INVALID = frozenset({"invalid"})
"""Something shown was altered."""
SUSPECT = frozenset({"invalid", "unknown"})
HARMLESS = SUSPECT | {"valid"}
"""What changes nothing for anybody: no verdict is wrong, an exception is."""
VALID = frozenset({"valid"})
ROLLED_BACK = SUSPECT | {"unsigned"}
"""What a file is whose end leads back to before anybody signed."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One forgery (or, allowed {"valid"}, one honest update): `plant` comes before signing, `make` after it."""

    family: str
    name: str
    make: Callable[[bytes, Pki], bytes]
    base: Base
    plant: Change | None
    allowed: frozenset[Verdict]

    @property
    def id(self) -> str:
        return f"{self.family}: {self.name}"

    def file(self, pki: Pki) -> bytes:
        return self.make(good(pki, self.base, self.plant), pki)


def keyless(
    family: str,
    changes: dict[str, Change],
    *,
    base: Base = "issued",
    plant: Change | None = None,
    allowed: frozenset[Verdict] = SUSPECT,
) -> tuple[Variant, ...]:
    """Variants that need no key: what anybody can do to a file."""

    def making(change: Change) -> Callable[[bytes, Pki], bytes]:
        return lambda pdf, _pki: change(pdf)

    return tuple(Variant(family, name, making(change), base, plant, allowed) for name, change in changes.items())


def keyed(
    family: str,
    changes: dict[str, Callable[[bytes, Pki], bytes]],
    *,
    base: Base = "issued",
    plant: Change | None = None,
    allowed: frozenset[Verdict] = SUSPECT,
) -> tuple[Variant, ...]:
    """Variants for which somebody signs: a stranger, or a receiver of the document."""
    return tuple(Variant(family, name, make, base, plant, allowed) for name, make in changes.items())


@cache
def good(pki: Pki, base: Base, plant: Change | None = None) -> bytes:
    """The good file: signed by the leader, numbered and sealed; sealed only; certified; or packed in object streams."""
    pdf = written_packed() if base == "packed" else written()
    if plant is not None:
        pdf = plant(pdf)
    if base == "approval":
        return stubborn(pdf, pki.office, "ConDau", SEAL_BOX)
    if base.startswith("certified"):
        return stubborn(pdf, pki.office, "ConDau", SEAL_BOX, permission=MDPPerm(int(base[-1])))
    pdf = sign(prepare(pdf), pki.leader, "LanhDao")
    pdf = sign(pdf, pki.office, "SoVaNgay", text="145")
    return sign(pdf, pki.office, "ConDau")


class _Stubborn(PdfSigner):
    """Signs what forbids to be signed."""

    def _enforce_certification_constraints(self, reader: PdfFileReader) -> None:
        pass


def stubborn(
    pdf: bytes,
    holder: Holder,
    field: str,
    box: tuple[int, int, int, int],
    *,
    permission: MDPPerm | None = None,
    paper: bool = False,
) -> bytes:
    """Sign in a new field whatever lenient software would sign; with `permission` as a DocMDP certification.

    `paper`: the mark has a white ground, which hides what stands there.
    """
    metadata = PdfSignatureMetadata(
        field_name=field,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=permission is not None,
        docmdp_permissions=permission or MDPPerm.FILL_FORMS,
    )
    ground = RawContent(b"1 g 0 0 600 900 re f", box=BoxConstraints(600, 900)) if paper else None
    style = TextStampStyle(stamp_text=field, background=ground, background_opacity=1)
    signer = _Stubborn(metadata, holder.signer(), stamp_style=style, new_field_spec=SigFieldSpec(field, box=box))
    writer = IncrementalPdfFileWriter(BytesIO(pdf), strict=False)
    # pyHanko reports a field whose look is older than the signed revision as filled: here it is not older.
    writer.mark_update(generic.Reference(LOOK, 0, writer))
    return bytes(signer.sign_pdf(writer).getbuffer())
