"""The authorization server of a running twin, which asks the graph what users hold, and which box has its place; and
whose tokens are taken beside its own.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from twin.access.authority import Authority
from twin.access.issuers.configured import configured
from twin.access.placing import in_place
from twin.engine.granting import sites_held
from twin.engine.trusting import Trusting
from twin.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twin.access.tokens import Tokens
    from twin.engine.trusting import InPool
    from twin.graph.mirror import Mirror
    from twin.ontology.model import Ontology
    from twin.records import Records
    from twin.settings import Settings

__all__ = ["open_authority", "open_tokens"]

_REACH_SECONDS = 5.0


def open_authority(
    records: Records, url: str, earlier_keys: Path, settings: Settings, graph: Callable[[], tuple[Mirror, Ontology]]
) -> Authority:
    """To be called on the loop whose the graph is; the authority itself is used on any thread."""
    loop = asyncio.get_running_loop()

    def sites_of(user: str) -> frozenset[str]:
        async def held() -> frozenset[str]:
            return sites_held(*graph(), user)

        return asyncio.run_coroutine_threadsafe(held(), loop).result(_REACH_SECONDS)

    authority = Authority(
        records,
        url,
        sites_of=sites_of,
        in_place=lambda box: in_place(graph()[0], box),
        earlier_keys=earlier_keys,
        lifetime=settings.token_seconds,
        external_only=not settings.sign_in,
    )
    authority.pages = _pages(settings.account_url, url) or url
    return authority


def _pages(address: str, url: str) -> str:
    """The origin of the pages, if it is one, and not that of the API; `InvalidValue` otherwise."""
    parts, api = urlsplit(address.rstrip("/")), urlsplit(url)
    there = parts.scheme in {"http", "https"} and parts.netloc and not (parts.path or parts.query or parts.fragment)
    if address and (not there or "@" in parts.netloc or parts[:2] == api[:2]):
        raise InvalidValue(
            f"people cannot meet the twin at {address!r}",
            code="account.url",
            help=f"name an origin of their own in TWIN_ACCOUNT_URL, such as https://account.example, beside {url}",
        )
    return address.rstrip("/")


def open_tokens(
    authority: Authority, settings: Settings, mirror: Callable[[], Mirror], in_pool: InPool
) -> Tokens | Trusting:
    """What checks tokens: those of ours, and of the external issuers if there are any.

    Raises:
        InvalidValue: these cannot be, or nobody could sign in anywhere (``issuers.invalid``).
    """
    issuers = configured(settings.issuers, settings.data)
    if not issuers and authority.external_only:
        raise InvalidValue(
            "nobody could sign in: that is switched off here, and no external issuer is configured",
            code="issuers.invalid",
            help="name an issuer in the file of TWIN_ISSUERS, or leave TWIN_SIGN_IN on",
        )
    for each in issuers:
        if each.issuer.rstrip("/") == authority.issuer.rstrip("/"):
            raise InvalidValue(
                f"{each.name} is this twin itself",
                code="issuers.invalid",
                help="tokens of our own are taken without being configured",
            )
    return Trusting(issuers, authority, mirror, in_pool) if issuers else authority.tokens
