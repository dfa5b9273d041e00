"""From an issuer's name to its keys: its metadata (OpenID Connect Discovery 1.0, RFC 8414), and the JWK set it names.

The metadata must name the very issuer that was configured (RFC 8414, section 3.3): else one issuer could pass for
another. ``get`` fetches a document and raises `BackendError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson

from twin.access.issuers.configured import is_safe
from twin.access.issuers.signatures import keys_in
from twin.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.access.issuers.configured import Issuer
    from twin.access.issuers.signatures import Keys

__all__ = ["discovered", "keys_at", "keys_of"]


def keys_of(issuer: Issuer, get: Callable[[str], bytes]) -> Keys:
    """The keys that an issuer signs with.

    Raises:
        BackendError: they cannot be had (``issuer.unreachable``), or are not what they must be (``issuer.invalid``).
    """
    return keys_at(issuer, discovered(issuer, get), get)


def discovered(issuer: Issuer, get: Callable[[str], bytes]) -> str:
    """Where an issuer publishes its keys, by its own metadata. Raises as `keys_of` does."""
    trouble: BackendError | None = None
    for url in _places(issuer):
        try:
            document = get(url)
        except BackendError as error:
            trouble = trouble or error
            continue
        return _jwks_uri(issuer, url, document)
    assert trouble is not None  # noqa: S101 - there is one place at least
    raise trouble


def keys_at(issuer: Issuer, url: str, get: Callable[[str], bytes]) -> Keys:
    """The keys that are published somewhere. Raises as `keys_of` does."""
    document = get(url)
    try:
        keys = keys_in(document, issuer.algorithms)
    except ValueError as error:
        raise _invalid(f"{url} is no JWK set", "check what answers at that address") from error
    if not keys:
        wanted = ", ".join(issuer.algorithms)
        raise _invalid(f"{url} has no key for {wanted}", "set algorithms to what the provider signs access tokens with")
    return keys


def _places(issuer: Issuer) -> tuple[str, ...]:
    """Where the metadata may be: first as OpenID Connect has it, then as RFC 8414 (section 3.1) puts it."""
    if issuer.discovery:
        return (issuer.discovery,)
    parts = urlsplit(issuer.issuer)
    path = parts.path.rstrip("/")
    return (
        f"{issuer.issuer.rstrip('/')}/.well-known/openid-configuration",
        f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{path}",
    )


def _jwks_uri(issuer: Issuer, url: str, document: bytes) -> str:
    try:
        found = orjson.loads(document)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _invalid(f"{url} is no metadata", "check what answers at that address")
    named, keys = found.get("issuer"), found.get("jwks_uri")
    if named != issuer.issuer:
        said = f"{url} is the metadata of {named!r}, and not of {issuer.issuer!r}"
        raise _invalid(said, "write issuer exactly as the metadata has it, with or without a slash at its end")
    if not isinstance(keys, str) or not is_safe(keys):
        raise _invalid(f"{url} names no safe place for its keys", "jwks_uri must be https")
    return keys


def _invalid(message: str, help_: str) -> BackendError:
    return BackendError(message, code="issuer.invalid", help=help_)
