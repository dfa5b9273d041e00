"""A site as it is at one moment, gathered while the loop goes on."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.graphs import ONTOLOGY, Walk, changeset, contents, entity, mirror_of
from twin.engine import excerpt as module
from twin.engine.excerpt import excerpt
from twin.errors import Conflict
from twin.graph.mirror import Mirror
from twin.graph.model import Change, Update


def grown(seed: int) -> Mirror:
    walk = Walk(random.Random(seed), mirror_of((), ontology=ONTOLOGY))
    for _ in range(60):
        walk.apply(walk.step())
    return walk.mirror


@pytest.mark.parametrize("seed", range(5))
def test_a_site_is_taken_whole_and_alone(seed: int) -> None:
    mirror = grown(seed)
    for site in [mirror.entities[each] for each in mirror.sites]:
        found = asyncio.run(excerpt(mirror, site.path)).mirror()
        inside = [each for each in mirror.entities.values() if each.site == site.id]
        ids = {each.id for each in inside}
        relations = [each for each in mirror.relations() if each.source in ids and each.target in ids]
        plain = mirror_of(inside, relations)
        assert {**contents(found), "head": 0} == contents(plain)
        assert (found.head, found.timeline) == (mirror.head, mirror.timeline)


def test_where_there_is_no_site_there_is_nothing() -> None:
    found = asyncio.run(excerpt(grown(1), "nowhere"))
    assert (found.entities, found.relations) == ([], [])


class Restless:
    """A mirror whose site changes in every turn that is left to others."""

    def __init__(self, times: int) -> None:
        self.site = entity("home", "site")
        self.mirror = mirror_of([self.site, *(entity(f"home/r{n}", "space", self.site) for n in range(20))])
        self.times = times

    async def disturb(self) -> None:
        for number in range(self.times):
            change = changeset(Update(id=self.site.id, fields={"title": {"": str(number)}}))
            self.mirror.apply(Change(self.mirror.head + 1, change))
            await asyncio.sleep(0)


@pytest.mark.parametrize(("times", "settles"), [(5, True), (100_000, False)])
def test_it_begins_again_when_the_site_changes_meanwhile(
    monkeypatch: pytest.MonkeyPatch, times: int, *, settles: bool
) -> None:
    monkeypatch.setattr(module, "_TURN_SECONDS", 0.0)
    restless = Restless(times)

    async def both() -> module.Excerpt:
        task = asyncio.create_task(restless.disturb())
        await asyncio.sleep(0)
        try:
            return await excerpt(restless.mirror, "home")
        finally:
            task.cancel()

    if settles:
        found = asyncio.run(both())
        assert found.entities[0].title == {"": str(times - 1)}
        assert len(found.entities) == 21
    else:
        with pytest.raises(Conflict) as caught:
            asyncio.run(both())
        assert caught.value.code_ == "site.busy"
