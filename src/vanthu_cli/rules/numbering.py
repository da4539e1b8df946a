"""Which sequence a number comes from, by the rules of the office's profile.

Party (36-HD/VPTW II.1.3): from 01 by symbol, continuously through the term of the committee; a congress has one sequence for all
types. State (NĐ 30/2020 Đ15.1): from 01 each calendar year, by what the head of the agency has decided. The same sequence for paper
and electronic. A joint document (liên tịch) has its number from the sequence of the agency that leads. Arrival numbers (Đ22.2): one
sequence each calendar year.
"""

import re
from datetime import date

from vanthu_cli.config.settings import Config, Office
from vanthu_cli.document.symbol import kind_of
from vanthu_cli.errors import ForbiddenError, MisuseError
from vanthu_cli.locale import _
from vanthu_cli.rules.profiles import Numbering, profile_of

_LEGAL = re.compile(r"\d{4}/")
"""The symbol of a legal document begins with the year: 2024/QĐ-UBND."""


def outgoing_series(config: Config, symbol: str, day: date) -> str:
    """Return the key of the sequence that `symbol` is numbered in on `day`."""
    office, numbering = config.office, profile_of(config, day).numbering
    return f"{_period(office, numbering, symbol, day)}/{_counted(office, numbering, symbol)}"


def _period(office: Office, numbering: Numbering, symbol: str, day: date) -> str:
    """Return when the sequence began: a year, or the first day of the term."""
    if numbering.scope == "year":
        printed = symbol.partition("/")[0]
        if _LEGAL.match(symbol) and int(printed) != day.year:
            raise ForbiddenError(
                "numbering.year",
                _("The symbol {symbol} is of another year than today ({day}).").format(
                    symbol=symbol, day=f"{day:%d/%m/%Y}"
                ),
                _("Have the page made and signed with this year."),
            )
        return str(day.year)
    if office.term_start is None or day < office.term_start:
        raise MisuseError(
            "numbering.term",
            _("Today ({day}) is before the first day of the term in the configuration.").format(day=f"{day:%d/%m/%Y}"),
        )
    if office.term_end is not None and day > office.term_end:
        raise MisuseError(
            "numbering.term_over",
            _("The term ended on {last}: numbers begin again with the new one.").format(
                last=f"{office.term_end:%d/%m/%Y}"
            ),
            _("Set term_start to the first day of the new term in the configuration, and take term_end out."),
        )
    return office.term_start.isoformat()


def _counted(office: Office, numbering: Numbering, symbol: str) -> str:
    """Return what is counted together with a symbol."""
    kind, _sign, agency = symbol.partition("/" if office.kind == "party" else "-")
    if agency in numbering.congress:
        return agency
    if _LEGAL.match(symbol) or numbering.key == "symbol":
        return symbol
    return kind if numbering.key == "type" else "*"


def arrival_series(day: date) -> str:
    return str(day.year)


def check_symbol(office: Office, symbol: str) -> None:
    """Refuse a symbol that is not this office's: numbering somebody else's document cannot be taken back."""
    if kind_of(symbol) != office.kind:
        raise ForbiddenError(
            "numbering.kind",
            _("The symbol {symbol} is not a Party office's, such as CV/TU.").format(symbol=symbol)
            if office.kind == "party"
            else _("The symbol {symbol} is not a State office's, such as QĐ-SNV.").format(symbol=symbol),
        )
    own = {office.symbol, *office.other_symbols}
    agency = symbol.partition("/")[2]
    parts = f"-{symbol.replace('/', '-')}-"
    if not (agency in own if office.kind == "party" else any(f"-{each}-" in parts for each in own)):
        raise ForbiddenError(
            "numbering.foreign_symbol",
            _("The symbol {symbol} does not belong to this office (its own: {own}).").format(
                symbol=symbol, own=", ".join(sorted(own))
            ),
            _("If it does, add it to other_symbols in the configuration."),
        )
