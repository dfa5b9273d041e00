from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from tests.telemetry import World, message, payload, topic
from tests.twin.mqtt.peers import live
from twin.engine.workings import Workings
from twin.store import HeadMovedError, StateBatch

if TYPE_CHECKING:
    from collections.abc import Iterable


class Store:
    """Refuses the first states, as one does in which names have changed meanwhile."""

    def __init__(self) -> None:
        self.batches: list[StateBatch] = []
        self.refused = 0

    def write_states(self, batch: StateBatch) -> None:
        if not self.refused:
            self.refused += 1
            raise HeadMovedError(7)
        self.batches.append(batch)


class Letters:
    def add_many(self, journal: str, letters: Iterable[object]) -> None:
        """None in these tests."""


class Commits:
    followed = 0

    def follow(self) -> None:
        self.followed += 1


class Thread:
    def run(self, job: Any, done: Any, *, urgent: bool) -> None:
        try:
            done(job())
        except HeadMovedError as error:
            done(error)


@live
async def test_what_is_refused_because_names_have_changed_is_stored_once_they_are_known() -> None:
    world, store, commits = World(), Store(), Commits()
    workings = Workings(
        world.ingest, cast("Any", store), cast("Any", Letters()), cast("Any", Thread()), 0, cast("Any", commits)
    )
    await workings.replay([message(0, topic(world.sensor), payload({"temperature": 20}))])
    assert (store.refused, commits.followed, workings.stored) == (1, 1, 1)
    (batch,) = store.batches
    assert [(point, reading.value) for (_, point), reading in batch.readings.items()] == [("temperature", 20.0)]
    assert batch.head == world.mirror.head
