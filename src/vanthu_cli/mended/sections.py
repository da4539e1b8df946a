"""pyHanko 0.38 looks a reference up in every cross-reference section, latest first, by an exception for each it is not in.

Most objects are written once, in the first section. `Sections` goes straight there for a number no later section mentions.
"""

from typing import Any

from pyhanko.pdf_utils.xref import XRefCache, XRefSectionData


def _numbers(data: XRefSectionData) -> set[int]:
    found = {*data.xrefs_in_objstm, *data.standard_xrefs, *data.freed}
    return found if data.hybrid is None else found | _numbers(data.hybrid.xref_data)


class Sections(XRefCache):
    """pyHanko's sections, with its answers."""

    def __init__(self, reader: Any, sections: Any) -> None:
        super().__init__(reader, sections)
        self._first = sections[0].xref_data
        self._later: set[int] = set().union(*(_numbers(section.xref_data) for section in sections[1:]))

    def only_in_first(self, number: int) -> bool:
        """Tell that no later section mentions the number."""
        return number not in self._later

    def get_last_change(self, ref: Any) -> Any:
        if ref.idnum in self._later:
            return super().get_last_change(ref)
        self._first.try_resolve(ref)
        return 0

    def get_historical_ref(self, ref: Any, revision: int) -> Any:
        if revision < 0 or ref.idnum in self._later:
            return super().get_historical_ref(ref, revision)
        try:
            return self._first.try_resolve(ref)
        except KeyError:
            return None
