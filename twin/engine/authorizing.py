"""The authorization server of a running twin, which asks the graph what users hold, and which box has its place."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from twin.access.authority import Authority
from twin.access.placing import in_place
from twin.engine.granting import sites_held

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twin.graph.mirror import Mirror
    from twin.ontology.model import Ontology
    from twin.records import Records
    from twin.settings import Settings

__all__ = ["open_authority"]

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

    return Authority(
        records,
        url,
        sites_of=sites_of,
        in_place=lambda box: in_place(graph()[0], box),
        earlier_keys=earlier_keys,
        lifetime=settings.token_seconds,
    )
