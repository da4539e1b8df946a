"""PDF streams (images, fonts, page contents) that stay on the disk until somebody decodes them.

pyHanko keeps the bytes of every stream that it passes; comparing revisions passes all of them.
"""

from collections.abc import Callable
from typing import Any

from pyhanko.pdf_utils import generic

from vanthu_cli.validation.stretch import Stretch


class LargeStream(generic.StreamObject):
    """A PDF stream whose encoded bytes are a stretch of the file; deciphered anew each time, if ciphered."""

    _bytes: Callable[[], bytes] | None = None

    @property
    def encoded_data(self) -> Any:
        """The stretch; bytes where they were deciphered, or decoded once."""
        return self._bytes() if self._bytes else self._encoded_data

    def read_data(self, *args: Any, **kwargs: Any) -> bytes:
        self._encoded_data = bytes(self.encoded_data)
        self._bytes = None
        return super().read_data(*args, **kwargs)

    def _implicit_decrypt_stream_content(self, handler: Any, ref: Any, decrypted_entries: dict[Any, Any]) -> Any:
        """Override what pyHanko asks of a ciphered stream: the deciphered one."""
        ciphered = self._encoded_data

        def deciphered() -> bytes:
            whole = generic.StreamObject(self, encoded_data=bytes(ciphered or b""))
            found: bytes = whole._implicit_decrypt_stream_content(handler, ref, decrypted_entries).encoded_data  # noqa: SLF001  the same of its parent
            return found

        stream = LargeStream(decrypted_entries, encoded_data=ciphered, handler=handler)
        stream._bytes = deciphered
        return stream


def usable(found: Any) -> Any:
    """Return an object that pyHanko read from a `SparingStream`: a stream that was left unread as a `LargeStream`."""
    if isinstance(found, generic.DecryptedObjectProxy):
        found.raw_object = usable(found.raw_object)
    if not isinstance(found, generic.StreamObject) or not isinstance(unread := found.encoded_data, Stretch):
        return found
    if type(found) is generic.StreamObject:
        stream: generic.StreamObject = LargeStream(found, encoded_data=unread)
    else:
        stream = type(found)(found, encoded_data=bytes(unread))  # metadata (XMP) are always decoded
    stream.container_ref = found.container_ref
    return stream
