"""asn1crypto 1.5 encodes a structure that it has built anew at every look, twice at each level: 2 to the power of its depth.

A CMS signature takes 15 ms so (wbond/asn1crypto issue 256). Importing this module makes a structure remember that it is
encoded until something is put into it: as one that was read from bytes always did. What changes a simple value in place
(`set`) deep inside a structure that was dumped already is not noticed, as there.
"""

from typing import Any

from asn1crypto import core


def _remembering(encode: Any) -> Any:
    def encoded(self: Any, force: bool = False) -> None:
        encode(self, force)
        self._mutated = False

    return encoded


for _kind in (core.Sequence, core.SequenceOf, core.Set, core.SetOf):
    _kind._set_contents = _remembering(_kind._set_contents)
