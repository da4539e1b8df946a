"""asn1crypto 1.5 prepares a name for comparison (RFC 4518) letter by letter, again each time two certificates are compared.

Importing this module makes it remember what it has prepared: the same few names come in every file of a batch.
"""

import functools

from asn1crypto.x509 import NameTypeAndValue

_original = NameTypeAndValue._ldap_string_prep


@functools.lru_cache(maxsize=1024)
def _prepared(text: str) -> str:
    prepared: str = _original(NameTypeAndValue(), text)
    return prepared


NameTypeAndValue._ldap_string_prep = lambda _self, string: _prepared(string)
