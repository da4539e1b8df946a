"""What a document's page must have before it is signed (NĐ 30/2020 Đ8, Phụ lục I; the Party's guide alike). Warnings, no refusals.

The clerk knows documents that are right and look otherwise; the program only says what it does not see.
"""

from collections.abc import Sequence

from vanthu_cli.document.fields import Fields
from vanthu_cli.document.places import SignerPlace
from vanthu_cli.document.text import fold


def form_faults(
    fields: Fields | None,
    *,
    signer: str = "",
    own_names: Sequence[str] = (),
    annexes: Sequence[str] = (),
    attached: int | None = None,
    signers: Sequence[SignerPlace] = (),
) -> list[tuple[str, str]]:
    """Return (code, detail) for each element of form that is missing or does not fit.

    `signer` is the name in the certificate ("" not known), `own_names` those by which the office may be printed as issuer,
    `annexes` what the page says goes with it, `attached` how many files do (None: not known here), `signers` the blocks of all
    who are printed as signers: of several, `fields` names none.
    """
    if fields is None:
        return [("no-text", "")]
    names = [each.name for each in signers] or [name for name in (fields.signer_name,) if name]
    faults = [
        (code, "")
        for code, value in (
            ("no-number-line", fields.symbol),
            ("no-date", fields.place or fields.date),
            ("no-agency", fields.agency),
            ("no-title", fields.signer_title or (signers and all(each.title for each in signers))),
            ("no-name", names),
        )
        if not value
    ]
    if signer and names and not any(f" {_plain(name)}".endswith(f" {_plain(signer)}") for name in names):
        faults.append(("other-name", f"{', '.join(names)} / {signer}"))
    if fields.agency and own_names and _plain(fields.agency) not in {_plain(name) for name in own_names}:
        faults.append(("other-agency", fields.agency))
    if annexes and attached == 0:
        faults.append(("annex-not-attached", annexes[0]))
    return faults


def scan_faults(dpi: int | None, *, colour: bool | None) -> list[tuple[str, str]]:
    """Return what a digitised paper falls short of (NĐ 30/2020 Phụ lục I Phần II I.2: colour, at least 200 dpi)."""
    faults = []
    if dpi is not None and dpi < LEAST_DPI:
        faults.append(("scan-too-coarse", str(dpi)))
    if colour is False:
        faults.append(("scan-not-coloured", ""))
    return faults


LEAST_DPI = 200


def _plain(name: str) -> str:
    return " ".join(fold(name).split())
