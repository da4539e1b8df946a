"""Copies of documents: which forms there are, from what they may be made, in which sequence they are numbered (NĐ 30/2020 Đ25).

State: sao y, sao lục and trích sao share one sequence a calendar year (Phụ lục I Phần II II.1.c). Party: "BS", numbered like
any symbol through the term (36-HD/VPTW).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from vanthu_cli.config.settings import Config
from vanthu_cli.errors import ForbiddenError
from vanthu_cli.locale import _
from vanthu_cli.rules.numbering import outgoing_series
from vanthu_cli.rules.profiles import profile_of


@dataclass(frozen=True, slots=True)
class Form:
    """`words` stand on the copy, `abbreviation` in a State symbol; `from_electronic`: may be made of an electronic document."""

    words: str
    abbreviation: str
    from_electronic: bool


FORMS: Mapping[str, Form] = {
    "sao-y": Form("SAO Y", "SY", from_electronic=False),
    "sao-luc": Form("SAO LỤC", "SL", from_electronic=False),
    "trich-sao": Form("TRÍCH SAO", "TrS", from_electronic=True),
}


def check_source(form: str, name: str, *, electronic: bool) -> None:
    """Refuse an electronic copy of an electronic document where the decree knows none (Đ25.1, Đ25.2.a)."""
    if electronic and not FORMS[form].from_electronic:
        raise ForbiddenError(
            "copy.electronic",
            _(
                "{file} is an electronic document: {form} from electronic to electronic does not exist (Decree 30/2020, Art. 25)."
            ).format(file=name, form=FORMS[form].words),
            _(
                "Send the electronic original itself, which is worth more; copy a scan of the paper original; or make an extract "
                "(--form trich-sao)."
            ),
        )


def copy_symbol(config: Config, form: str, day: date) -> str:
    """Return the symbol of a copy: SY-SNV (State), BS/TU (Party)."""
    return profile_of(config, day).copies.symbol.format(type=FORMS[form].abbreviation, office=config.office.symbol)


def copy_series(config: Config, form: str, day: date) -> str:
    """Return the key of the sequence that copies are numbered in on `day`."""
    shared = profile_of(config, day).copies.series
    return f"{day.year}/{shared}" if shared else outgoing_series(config, copy_symbol(config, form, day), day)
