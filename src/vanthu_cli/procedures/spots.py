"""Where a mark goes: as the clerk names it, or as the page shows it. Sizes are the law's, or the seal's own."""

from dataclasses import dataclass
from typing import Literal

from cryptography import x509

from vanthu_cli.document.places import MM, Box, Places
from vanthu_cli.document.symbol import parse_number
from vanthu_cli.errors import MisuseError
from vanthu_cli.locale import _
from vanthu_cli.procedures.desk import Desk
from vanthu_cli.procedures.examine import Examination
from vanthu_cli.procedures.keys import Card, seal_of
from vanthu_cli.rules.copies import FORMS
from vanthu_cli.signing import marks
from vanthu_cli.signing.keys import common_name
from vanthu_cli.signing.pades import over_left_third
from vanthu_cli.validation.findings import Judgement

Role = Literal["person", "organisation", "annex", "copy", "arrival"]
ROLES: tuple[Role, ...] = ("person", "organisation", "annex", "copy", "arrival")

_SIGNATURE = (50 * MM, 20 * MM)
SAMPLE_TIME = "2026-11-25T09:30:15+07:00"


@dataclass(frozen=True, slots=True)
class Order:
    """What the clerk wants of every file of a batch. `at` is (page from 1, x, y) of the mark's lower left corner in points.

    `annex_of` is the number of the document whose annex a file is ("145-CV/TU"), `form` the form of a copy (`rules.copies`);
    `detached` asks for a .p7s of any file.
    """

    role: Role
    card: Card
    at: tuple[int, float, float] | None = None
    again: bool = False
    password: str = ""
    annex_of: str = ""
    form: str = ""
    passed_to: str = ""
    file_code: str = ""
    detached: bool = False


def named_place(desk: Desk, order: Order) -> Box | None:
    if order.at is None:
        return None
    page, x, y = order.at
    if order.role in {"annex", "copy"}:
        width, height = marks.text_size(lines_of(desk, order, SAMPLE_TIME))
    elif order.role == "arrival":
        width, height = marks.ARRIVAL_WIDTH, marks.ARRIVAL_HEIGHT
    elif order.role == "organisation":
        width, height = seal_of(desk, order.card.name)[1] or (marks.SEAL_SIDE, marks.SEAL_SIDE)
    else:
        width, height = _SIGNATURE
    return Box(page - 1, x, y, x + width, y + height)


def lines_of(desk: Desk, order: Order, moment: str) -> tuple[str, ...]:
    """Return the text of the mark on an annex (number and symbol, time) or a copy (form, agency, time)."""
    if order.role == "annex":
        return annex_number(order.annex_of), moment
    return FORMS[order.form].words, desk.config.office.name, moment


def annex_number(text: str) -> str:
    if not text:
        raise MisuseError(
            "sign.annex_of",
            _("The mark on an annex shows the number of its document (NĐ 30/2020, Phụ lục I II.8.b)."),
            _("Name it: --of 145-CV/TU. What goes along with sign-send --attach is signed by itself."),
        )
    return str(parse_number(text))


def seal_place(desk: Desk, places: Places, index: int) -> Box | None:
    """Return where the seal of this office goes over signer `index`: its real size, over the left third of the signature's room."""
    if index >= len(places.signers):
        return None
    signer = places.signers[index]
    names = [name for name, key in desk.config.keys.items() if key.role == "organisation"]
    size = seal_of(desk, names[0])[1] if len(names) == 1 else None
    if signer.box is None or size is None:
        return signer.seal
    return over_left_third(signer.box, size, signer.rotate)


def signed_place(desk: Desk, found: Examination) -> int:
    """Return which of the printed signers has signed for this office: the seal belongs over that signature."""
    name = own_signer(desk, found.judgement) if found.judgement else ""
    index = found.places.of(name) if found.places is not None and name else None
    return index or 0


def own_signer(desk: Desk, judgement: Judgement) -> str:
    """Return the name in the certificate of the person who has signed for this office; nothing if nobody has."""
    office = desk.config.office.code
    return next(
        (signer_name(each.signer) for each in judgement.signatures if each.role == "person" and each.agency == office),
        "",
    )


def signer_name(subject: str | None) -> str:
    """Return the common name of who signed, of a finding's `signer` (RFC 4514); all of it where it is none such."""
    try:
        return common_name(x509.Name.from_rfc4514_string(subject or ""))
    except ValueError:
        return subject or ""


def printed_signer(places: Places, subject: str, file: str) -> int:
    """Return which of the printed signers somebody of that name is; the only one signs whatever it is called.

    `MisuseError` `sign.which_signer` if there are several and none is called so.
    """
    index = places.of(subject) if subject else None
    if index is None and len(places.signers) > 1:
        raise MisuseError(
            "sign.which_signer",
            _("{file} names several signers ({names}), and none of them is {subject}.").format(
                file=file, names=", ".join(each.name for each in places.signers), subject=subject or "?"
            ),
            _("Choose the key of the right person, or say where it goes: vanthu sign --as person --at PAGE:X,Y."),
        )
    return index or 0
