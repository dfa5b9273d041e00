"""What a server does so that nothing holds its loop for long: it works out before anybody asks, and collects garbage
when there is time.

Labels, what views include by rule, computed points and names are made for a site when they are first asked for, and
kept from then on as it changes. Of a site of a hundred thousand entities that takes a second: too long for one turn of
the loop. So it is done for large sites before the server serves, and for the others soon after; what is created while
it serves is kept from its first entity on (`Mirror.prompt`).
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

from twin.engine.quiet import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twin.engine.core import Core

__all__ = ["Upkeep"]

_LARGE = 20_000
"""So many entities of one site are too many for one turn."""
_PAUSE_SECONDS = 0.05
_COLLECT_SECONDS = 1.0
_NOTED_SECONDS = 1.0
"""What takes longer is worth a line of the log."""

log = structlog.get_logger(__name__)


class Upkeep:
    """Keeps a core that serves ready."""

    def __init__(self, core: Core, large: int = _LARGE) -> None:
        """Works out what there is to say of the sites that have more than ``large`` entities."""
        self._core = core
        self._large = large
        self._collector = Collector()
        began, core.mirror.prompt = time.monotonic(), True
        for site in self._sites(large=True):
            for step in self._steps(site):
                step()
        seconds = time.monotonic() - began
        tell = log.info if seconds > _NOTED_SECONDS else log.debug
        tell("graph.ready", entities=len(core.mirror), seconds=round(seconds, 1))

    async def run(self) -> None:
        """The other sites, each step in a turn of its own and with pauses; then collections, until cancelled."""
        self._collector.start()
        try:
            await self.warm()
            while True:
                await asyncio.sleep(_COLLECT_SECONDS)
                self._collector.tick()
        finally:
            self._collector.stop()

    async def warm(self) -> None:
        """Work out the sites that are not large, the largest first."""
        for site in self._sites(large=False):
            for step in self._steps(site):
                if site in self._core.mirror.sites:
                    step()
                    await asyncio.sleep(_PAUSE_SECONDS)

    def grow(self, entries: int) -> None:
        """So many entries of the log were applied."""
        self._collector.grow(entries)

    def _sites(self, *, large: bool) -> list[str]:
        mirror = self._core.mirror
        sizes = {site: mirror.count(site, None) for site in mirror.sites}
        found = (site for site, size in sizes.items() if (size > self._large) == large)
        return sorted(found, key=lambda site: -sizes[site])

    def _steps(self, site: str) -> Iterator[Callable[[], object]]:
        core = self._core
        yield lambda: core.mirror.intervals(site)
        yield lambda: core.mirror.views.ready(site)
        yield lambda: core.current.ready(site)
        if core.mirror.count(site, None) > self._large:  # those of the others are found in the turn of who searches
            yield lambda: core.mirror.names(site)
