from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from tests.graphs import ONTOLOGY, changeset, entity, mirror_of
from twin.engine.upkeep import Upkeep
from twin.graph.model import Change, Computed, Create, Entity, Update
from twin.graph.readings import Reading, order_key
from twin.state.current import Current

if TYPE_CHECKING:
    from twin.engine.core import Core
    from twin.graph.model import Entry

COUNT = {"devices": Computed("count", "temperature")}


def home(key: str, devices: int, **fields: object) -> list[Entity]:
    """A home with a view by rule and a computed point."""
    site = entity(key, "site", computed=COUNT, **fields)
    made = [entity(f"{key}/sensor-{n}", "device", site, points=("warmth",), type="t/Sensor") for n in range(devices)]
    return [site, entity(f"{key}/all", "view", site, type="t/Group", rule="type is Sensor"), *made]


class Parts:
    """What upkeep needs of a core."""

    def __init__(self, *entities: Entity) -> None:
        self.mirror = mirror_of(entities, ontology=ONTOLOGY)
        self.current = Current(self.mirror, ONTOLOGY)

    def keep(self, large: int) -> Upkeep:
        return Upkeep(cast("Core", self), large)

    def follow(self, *entries: Entry) -> None:
        change = Change(self.mirror.head + 1, changeset(*entries))
        self.mirror.apply(change)
        self.current.follow(change, ONTOLOGY)

    def included(self) -> set[str]:
        """The keys of what is in some view, as far as rules have been asked."""
        return {each.path for each in self.mirror.entities.values() if self.mirror.views.around(each.id)}


def test_large_sites_are_ready_at_once_and_the_others_soon() -> None:
    parts = Parts(*home("small", 2), *home("large", 5))
    upkeep = parts.keep(large=5)
    large = {f"large/sensor-{number}" for number in range(5)}
    assert parts.included() == large
    asyncio.run(upkeep.warm())
    assert parts.included() == large | {"small/sensor-0", "small/sensor-1"}


def test_a_site_that_is_being_built_is_kept_ready() -> None:
    parts = Parts()
    parts.keep(large=5)
    site, view, *sensors = home("home", 3, hidden=True)
    parts.follow(Create(site), Create(view))
    parts.follow(*map(Create, sensors))
    assert parts.included() == {each.path for each in sensors}
    parts.current.offer(sensors[0].id, "warmth", Reading(20.0, 1, 1, order_key(0, 1, 0, 20.0)))
    parts.follow(Update(id=site.id, fields={"hidden": False}))
    said = parts.current.read(site.id, "devices")
    assert said is not None
    assert said.value == 1
