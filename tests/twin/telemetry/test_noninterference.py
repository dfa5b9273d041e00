"""Non-interference over MQTT: with and without all that somebody may not see, they are told the same bytes."""

from __future__ import annotations

import asyncio
import itertools
import random
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.graphs import changeset
from tests.noninterference import Told
from tests.rights import may, principal
from twin.access.visibility import Visibilities
from twin.graph import query
from twin.graph.model import Update
from twin.graph.readings import Reading, order_key
from twin.state.current import Current
from twin.telemetry.announcing import Announcing
from twin.telemetry.hearing import Hearing
from twin.times import now

if TYPE_CHECKING:
    from twin.access.principals import Principal
    from twin.graph.model import Entity
    from twin.mqtt.door import Message

_PRIVATE = {"t/Sensor": "present", "t/Meter": "power"}
_AT = 1_700_000_000_000_000


class Listening:
    """A random graph, and one who subscribes to all of it: what they are told, byte by byte."""

    subscriptions = 1

    def __init__(self, granting: Told, scopes: frozenset[str]) -> None:
        self.granting = granting
        self.mirror, self.ontology = self.granting.mirror, self.granting.ontology
        self.visibilities = Visibilities(self.mirror, lambda: self.ontology)
        self.current = Current(self.mirror, self.ontology)
        self.asker: Principal = replace(principal("ana"), scopes=scopes)
        self.hearing = Hearing(self, lambda _, __: True)
        self.announcing = Announcing(self, self.hearing, self)
        self.told: list[tuple[str, bytes]] = []
        self.announcing.listen()

    def wants(self, topic: str) -> bool:
        return topic.startswith("twin/")

    def tell(self, message: Message) -> None:
        if self.hearing.concerns(self.asker, message.about) and self.hearing.hears(self.asker, message.about):  # type: ignore[arg-type]
            self.told.append((message.topic, message.payload))

    def hidden(self, entity: Entity, point: str) -> bool:
        """Whether they may not see a point, by looking at every relation."""
        private = _PRIVATE.get(entity.type) == point
        if private and not (self.asker.may("twin:read-private") and self._may(entity, "read-private")):
            return True
        return not self._may(entity, "read")

    def _may(self, entity: Entity, permission: str) -> bool:
        return may(self.mirror, self.ontology, self.asker.subject, entity, permission, now())  # type: ignore[arg-type]

    def say(self, entity: Entity, point: str, value: float, number: int) -> None:
        value = bool(int(value) % 2) if point == "present" else value
        order = order_key(0, _AT + number, number, value)
        self.current.offer(entity.id, point, Reading(value, _AT + number, _AT + number, order))

    async def moment(self) -> None:
        """The clock comes to a moment at which people are told."""
        self.announcing._tell()
        while self.announcing._waking is not None:  # noqa: ASYNC110 - the turns are on this loop
            await asyncio.sleep(0)

    def now(self) -> list[tuple[str, bytes]]:
        """What they are told who subscribe now: to everything, and site by site."""
        sites = sorted(self.mirror.entities[each].key for each in self.mirror.sites)
        filters = ["#", "twin/+/readings/+/#", *(f"twin/{key}/#" for key in [*sites, "nowhere"])]
        granted = [(each, str(self.hearing.may_hear(self.asker, each)).encode()) for each in filters]
        messages = [each for name in filters for each in self.hearing.retained(self.asker, name)]
        return granted + [(each.topic, each.payload) for each in messages]


def _graph(seed: int) -> Told:
    """A random graph in which Ana sees something."""
    granting = Told(seed, 40)
    for _ in range(20):
        sites = Visibilities(granting.mirror, lambda: granting.ontology).of(principal("ana"), now())
        if len(query.select(granting.mirror, sites=sites, kinds=("device",)).items) > 1:
            break
        granting.give_or_take()
    return granting


async def _heard(granting: Told, seed: int, scopes: frozenset[str], *, all_of_it: bool) -> tuple[Any, int]:
    """What Ana is told, with all that happens or without what she may not see; and how much of it was hidden."""
    stage, dice, skipped = Listening(granting, scopes), random.Random(seed), 0
    devices = [each for each in stage.mirror.entities.values() if each.kind == "device" and each.points]
    everything = [each for each in stage.mirror.entities.values() if each.site]
    for number in itertools.count(1):
        if number > 60 or not devices:
            break
        entity, value = dice.choice(devices), float(dice.randrange(40))
        point, renamed = dice.choice(entity.points), dice.choice(everything)
        hidden = stage.hidden(entity, point)
        skipped += hidden
        if all_of_it or not hidden:
            stage.say(entity, point, value, number)
        if dice.random() < 0.2 and all_of_it and not stage._may(renamed, "read"):
            entries = changeset(Update(id=renamed.id, fields={"title": {"": f"{number}"}}))
            stage.current.follow(stage.granting.walk.apply(entries), stage.ontology)
        if dice.random() < 0.3:
            await stage.moment()
    await stage.moment()
    answer = stage.told, stage.now()
    stage.announcing.close()
    return answer, skipped


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 2**32), st.booleans())
def test_what_somebody_may_not_see_changes_no_byte_of_what_they_are_told(seed: int, private: bool) -> None:  # noqa: FBT001
    scopes = frozenset({"twin:read", "twin:read-private"} if private else {"twin:read"})
    granting = _graph(seed)
    seen, _ = asyncio.run(_heard(granting, seed, scopes, all_of_it=False))
    whole, _ = asyncio.run(_heard(granting, seed, scopes, all_of_it=True))
    assert whole == seen


def test_that_is_asked_of_enough() -> None:
    """Of random graphs some tell something, and some of what happens is hidden, in one and the same."""
    both = 0
    for seed in range(10):
        (told, _), hidden = asyncio.run(_heard(_graph(seed), seed, frozenset({"twin:read"}), all_of_it=True))
        both += bool(told) and hidden > 0
    assert both >= 3
