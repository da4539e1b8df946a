"""Which sequence a number comes from.

Party (36-HD/VPTW II.1.3): from 01 by symbol, continuously through the term of the committee. The key is the symbol and
not the type name, because Quyết định and Quy định share QĐ (domain.md 1.3.6).
State (NĐ 30/2020 Đ15.1): from 01 each calendar year; the same sequence for paper and electronic.
Arrival numbers (NĐ 30/2020 Đ22.2): one sequence each calendar year.
"""

from datetime import date

from vanthu_cli.config.settings import Office
from vanthu_cli.document.symbol import kind_of
from vanthu_cli.errors import ForbiddenError, MisuseError
from vanthu_cli.locale import _


def outgoing_series(office: Office, symbol: str, day: date) -> str:
    """Return the key of the sequence that `symbol` is numbered in on `day`."""
    if office.kind == "state":
        printed = symbol.partition("/")[0]  # a legal document's symbol begins with the year: 2024/QĐ-UBND
        if printed.isdecimal() and int(printed) != day.year:
            raise ForbiddenError(
                "numbering.year",
                _("The symbol {symbol} is of another year than today ({day}).").format(
                    symbol=symbol, day=f"{day:%d/%m/%Y}"
                ),
                _("Have the page made and signed with this year."),
            )
        return f"{day.year}/{symbol}"
    if office.term_start is None or day < office.term_start:
        raise MisuseError(
            "numbering.term",
            _("Today ({day}) is before the first day of the term in the configuration.").format(day=f"{day:%d/%m/%Y}"),
        )
    return f"{office.term_start.isoformat()}/{symbol}"


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
