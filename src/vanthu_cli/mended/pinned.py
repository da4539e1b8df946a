"""Which pyHanko the fast readers were compared with: any other is read by its own code, slower and just as right."""

import hashlib
import inspect

from pyhanko.pdf_utils import generic, misc, reader, xref

_COMPARED = "5bde2c8aef2fec0ab0bd8825d6f61fb52ce9daede23cd66aeb956f859540aa86"
"""SHA-256 over the sources of pyHanko 0.38.0's modules, in the order of `_sources`."""


def _sources() -> bytes:
    try:
        return b"".join(inspect.getsource(module).encode() for module in (generic, misc, reader, xref))
    except OSError:  # installed without sources
        return b""


def digest() -> str:
    """Return the SHA-256 (hex) of the sources that are installed."""
    return hashlib.sha256(_sources()).hexdigest()


KNOWN = digest() == _COMPARED
"""Whether the installed pyHanko is the one compared."""
