"""A look at the external issuers that are configured: whether what they publish can be had, and used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.access.issuers.configured import configured
from twin.access.issuers.discovery import discovered, keys_at
from twin.access.issuers.fetching import fetch
from twin.errors import TwinError
from twin.store.findings import Finding, refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twin.access.issuers.configured import Issuer

__all__ = ["examine"]


def examine(directory: Path, named: str = "") -> Iterator[Finding]:
    """What there is to say of each issuer of the file that is named, or of the directory's; nothing where there is
    none.
    """
    try:
        issuers = configured(named, directory)
    except TwinError as error:
        yield refused("issuers: file", error)
        return
    for each in issuers:
        yield from _look(each)


def _look(issuer: Issuer) -> Iterator[Finding]:
    def get(url: str) -> bytes:
        return fetch(url, issuer.ca)

    about = f"issuer {issuer.name}"
    try:
        place = discovered(issuer, get)
    except TwinError as error:
        yield refused(f"{about}: metadata", error)
        return
    yield Finding(f"{about}: metadata", "ok", f"{issuer.issuer} is what it says it is")
    try:
        keys = keys_at(issuer, place, get)
    except TwinError as error:
        yield refused(f"{about}: keys", error)
        return
    known = ", ".join(f"{key_id or 'one without a name'} ({algorithm})" for key_id, algorithm in sorted(keys))
    yield Finding(f"{about}: keys", "ok", f"{place} has {known}")
    yield _audience(issuer)


def _audience(issuer: Issuer) -> Finding:
    about, listed = f"issuer {issuer.name}: audience", ", ".join(sorted(issuer.audiences))
    if issuer.provider == "keycloak" and "account" in issuer.audiences:
        said = "'account' is in nearly every token of a realm, whomever it is for"
        return Finding(about, "unsure", said, "add an audience of the twin's own to its client scope, and name that")
    return Finding(about, "ok", f"tokens must be for {listed}")
