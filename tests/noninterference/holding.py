"""Having things happen, asking, and comparing."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from api.changing import Altered, Sight
from api.questions import Question
from api.watching import Watch, watch
from tests.noninterference.aside import aside
from tests.noninterference.asking import Asking
from tests.noninterference.elsewhere import again, elsewhere

if TYPE_CHECKING:
    from tests.noninterference.world import World
    from twin.graph.model import Entity

__all__ = ["hold"]

_AT_ONCE = 3
"""So much happens out of sight before it is asked whether anything of it is told: asking is what takes time."""


def hold(world: World, seed: int, *, steps: int, requests: int) -> int:
    """Raise where something out of sight was told; how often something out of sight has happened."""
    return asyncio.run(_held(world, seed, steps, requests))


async def _held(world: World, seed: int, steps: int, requests: int) -> int:
    world.begin(seed)
    held = _Held(world, Asking(world, requests), seed)
    try:
        await held.begin(asks=steps > 0)
        for _ in range(steps):
            await held.step()
        await held.compare()
        await held.elsewhere()
    finally:
        await held.close()
    return held.unseen


class _Held:
    """What was told, and what has happened since."""

    def __init__(self, world: World, asking: Asking, seed: int) -> None:
        self.unseen = 0
        self._world = world
        self._asking = asking
        self._seed = seed
        self._since: list[Any] = []
        self._stream = watch(Watch(Question(world, world.asker)))
        self._sight_of = Sight(Question(world, world.asker))

    async def begin(self, *, asks: bool) -> None:
        """Listen, and ask for the first time, if anything will happen."""
        self._before, self._told = self._world.sight(), await self._asking.answers() if asks else []
        self._heard = asyncio.ensure_future(anext(self._stream))

    async def close(self) -> None:
        """Listen no more."""
        self._heard.cancel()
        with suppress(asyncio.CancelledError):
            await self._heard
        await self._stream.aclose()
        await self._world.authoring.close()

    async def step(self) -> None:
        """Something happens: in sight, now and then."""
        world = self._world
        open_ = world.dice.random() < 0.2
        if open_:
            await self.compare()
        seen = world.seen(world.asker)
        entries = world.happen() if open_ else aside(world)
        sight = world.sight()
        await _come_through()
        if sight == self._before and not world.touches(entries, seen):
            self.unseen += 1
            self._since.append(entries)
            assert not self._heard.done(), f"seed {self._seed}: {entries}\n{self._heard.result()}"
            assert list(self._sight_of.news()) == [], f"seed {self._seed}: {entries}"
            if len(self._since) >= _AT_ONCE:
                await self.compare()
        else:
            _comes_to(list(self._sight_of.news()), seen, world.seen(world.asker))
            while self._heard.done():
                self._heard = asyncio.ensure_future(anext(self._stream))
                await _come_through()
            self._before, self._told, self._since = sight, await self._asking.answers(), []

    async def compare(self) -> None:
        """Ask again, if anything has happened out of sight."""
        if self._since:
            answered = await self._asking.answers()
            for (asked, one), (_, other) in zip(self._told, answered, strict=False):
                assert one == other, f"seed {self._seed}: {self._since}\n{asked}\n{one!r}\n{other!r}"
            assert len(self._told) == len(answered), f"seed {self._seed}: {self._since}: more pages"
            self._since = []

    async def elsewhere(self) -> None:
        """Ask in another world, that looks the same."""
        self._world.agrees()
        await self._world.authoring.close()
        again(self._world)
        self._told = await self._asking.answers()
        if elsewhere(self._world, self._before):
            self._since = ["another world"]
            await self.compare()


def _comes_to(told: list[Altered], before: dict[str, Entity], after: dict[str, Entity]) -> None:
    """What is told of changes leads from what was seen to what is."""
    gone = {each.entity.id for each in told if each.what == "DELETED"}
    come = {each.entity.id for each in told if each.what == "CREATED"}
    assert (before.keys() - gone) | come == after.keys()
    other = {each.entity.id for each in told if each.what == "CHANGED"}
    assert other >= {id_ for id_ in before.keys() & after.keys() if before[id_].revision != after[id_].revision}


async def _come_through() -> None:
    """For what was heard to be told."""
    for _ in range(5):
        await asyncio.sleep(0)
