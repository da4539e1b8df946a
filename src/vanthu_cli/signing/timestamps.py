"""Time stamps of an RFC 3161 authority, asked patiently: the government's own answers after 11 ms or after 2 minutes."""

import asyncio
from urllib.parse import urlsplit

import aiohttp
from asn1crypto import cms
from pyhanko.sign.timestamps import HTTPTimeStamper, TimeStamper

from vanthu_cli.errors import MisuseError, UnreachableError
from vanthu_cli.locale import _

_PATIENCE = 30
"""Seconds for one answer."""

_TRIES = 3

# What a silent, refusing or nonsense-talking server comes out of pyHanko as.
FAILURES = (OSError, ValueError, TypeError, KeyError, AttributeError, aiohttp.ClientError, asyncio.TimeoutError)


class _PatientTimeStamper(HTTPTimeStamper):
    """Asks three times, and believes no token made for other bytes (RFC 3161 2.2; pyHanko compares only the nonce)."""

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        failure: Exception | None = None
        for _attempt in range(_TRIES):
            try:
                token = await super().async_timestamp(message_digest, md_algorithm)
                imprint = token["content"]["encap_content_info"]["content"].parsed["message_imprint"]
                if imprint["hashed_message"].native == message_digest:
                    return token
                failure = ValueError("token for another digest")
            except FAILURES as error:
                failure = error
        raise silent() from failure


def open_time_stamper(url: str) -> TimeStamper:
    """Return a client for the authority at `url` (http or https); nothing is sent yet."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise MisuseError(
            "signing.tsa_url",
            _("“{url}” is not the address of a time stamp server.").format(url=url),
            _("Correct [tsa] url in the configuration; it begins with http:// or https://."),
        )
    return _PatientTimeStamper(url, timeout=_PATIENCE)


def probe(time_stamper: TimeStamper) -> None:
    """Get one stamp for nothing, so that silence is noticed before a number is taken; `UnreachableError`."""
    try:
        asyncio.run(time_stamper.async_dummy_response("sha256"))
    except FAILURES as error:
        raise silent() from error


def silent() -> UnreachableError:
    return UnreachableError(
        "signing.tsa_silent",
        _("The time stamp server does not answer, or answers nonsense."),
        _(
            "Try again later, or do without this once: --without-timestamp; the document is then less easily proved in later years."
        ),
    )
