"""Fetching an issuer's documents: over TLS, bounded in size and time, never led elsewhere by a redirect. It blocks."""

from __future__ import annotations

import ssl
import time
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from twin.access.issuers.configured import is_safe
from twin.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LARGEST", "SECONDS", "fetch", "unreachable"]

SECONDS = 8.0
"""How long one document may take."""
LARGEST = 512 * 1024
"""How many bytes one document may have."""
_STALLED_SECONDS = 4.0
_OK = 200
_MOVED = range(300, 400)


def fetch(url: str, ca: str = "", *, clock: Callable[[], float] = time.monotonic) -> bytes:
    """A document. ``ca`` is a file of certificates that are trusted beside the machine's own.

    Raises:
        BackendError: it cannot be had (``issuer.unreachable``); the message names the address and why.
    """
    if not is_safe(url):
        raise unreachable(url, "neither https nor on this machine")
    until = clock() + SECONDS
    request = Request(url, headers={"Accept": "application/json", "User-Agent": "building-twin"})  # noqa: S310 - checked
    found = bytearray()
    try:
        with _opener(url, ca).open(request, timeout=_STALLED_SECONDS) as response:
            if response.status != _OK:
                raise unreachable(url, f"it answered {response.status}")
            while part := response.read1(64 * 1024):
                found += part
                if len(found) > LARGEST:
                    raise unreachable(url, f"it is larger than {LARGEST:,} bytes")
                if clock() > until:
                    raise unreachable(url, f"it takes longer than {SECONDS:g} seconds")
    except HTTPError as error:
        error.close()
        moved = ", and redirects are not followed" if error.code in _MOVED else ""
        raise unreachable(url, f"it answered {error.code}{moved}") from error
    except URLError as error:
        raise unreachable(url, str(error.reason)) from error
    except (OSError, HTTPException, ValueError) as error:
        raise unreachable(url, str(error) or type(error).__name__) from error
    return bytes(found)


def unreachable(url: str, why: str) -> BackendError:
    """What to raise where an issuer's document cannot be had."""
    return BackendError(
        f"{url} cannot be had: {why}",
        code="issuer.unreachable",
        help="check the address, the network and the certificates from this machine: twin doctor",
        url=url,
    )


def _opener(url: str, ca: str) -> OpenerDirector:
    """What knows http and https and nothing else, and follows nothing."""
    opener = OpenerDirector()
    context = ssl.create_default_context()
    if ca:
        context.load_verify_locations(ca)
    proxies = ProxyHandler() if urlsplit(url).scheme == "https" else ProxyHandler({})
    for each in (
        proxies,
        HTTPHandler(),
        HTTPSHandler(context=context),
        HTTPErrorProcessor(),
        HTTPDefaultErrorHandler(),
    ):
        opener.add_handler(each)
    return opener
