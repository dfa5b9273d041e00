"""Two twins on one store that do at the same moment what cannot both be: one does, the other is told no."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING

import pytest

from tests.faults.processes import Process
from tests.graphs import changeset, contents, entity
from tests.neo4j_server import fresh_store
from twin.errors import Conflict, InvalidValue
from twin.graph.model import ChangeSet, Committed, Create, Move
from twin.store.memory import MemoryStore
from twin.store.neo4j import Neo4jStore
from twin.store.sqlite import SQLiteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from twin.store import GraphStore


@pytest.fixture(params=["memory", "sqlite", pytest.param("neo4j", marks=[pytest.mark.neo4j, pytest.mark.timeout(300)])])
def twins(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Process]]:
    opened: Callable[[], GraphStore]
    match request.param:
        case "memory":
            shared = MemoryStore()
            opened = lambda: shared  # noqa: E731 - one of three
        case "sqlite":
            opened = lambda: SQLiteStore(tmp_path / "twin.sqlite")  # noqa: E731
        case _:
            address = request.getfixturevalue("neo4j_address")
            fresh_store(address).close()
            opened = lambda: Neo4jStore(address)  # noqa: E731
    made = [Process(opened) for _ in range(2)]
    yield made
    for each in made:
        each.store.close()


def at_once(twins: list[Process], *wishes: ChangeSet) -> list[list[Committed] | Exception]:
    """Each twin commits its own, both having seen the same; what each is answered."""
    answers: list[list[Committed] | Exception] = [RuntimeError()] * len(wishes)
    ready = threading.Barrier(len(wishes))

    def commit(which: int) -> None:
        ready.wait(30)
        answers[which] = twins[which].submit(wishes[which])

    threads = [threading.Thread(target=commit, args=(which,)) for which in range(len(wishes))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_of_two_moves_into_each_other_one_is_done(twins: list[Process]) -> None:
    chance = random.Random(5)
    home = entity("home", "site")
    assert isinstance(twins[0].submit(changeset(Create(home))), list)
    for round_ in range(4):
        x, y = (entity(f"home/{key}-{round_}", "space", home) for key in "xy")
        inner = entity(f"{x.path}/inner", "space", x)
        assert isinstance(twins[chance.randrange(2)].submit(changeset(*map(Create, (x, y, inner)))), list)
        for each in twins:
            each.commits.follow()
        one, other = at_once(
            twins,
            changeset(Move(id=x.id, parent=y.id, key="x")),
            changeset(Move(id=y.id, parent=inner.id, key="y")),
        )
        assert isinstance(one, list) is not isinstance(other, list)
        (refusal,) = (answer for answer in (one, other) if isinstance(answer, Exception))
        assert isinstance(refusal, InvalidValue)
        assert refusal.code_ == "parent.invalid"
    same(twins)


def test_of_two_that_take_one_place_one_gets_it(twins: list[Process]) -> None:
    home = entity("home", "site")
    twins[0].submit(changeset(Create(home)))
    twins[1].commits.follow()
    answers = at_once(twins, *(changeset(Create(entity("home/room", "space", home))) for _ in twins))
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "list"]
    (refusal,) = (answer for answer in answers if isinstance(answer, Conflict))
    assert refusal.code_ == "path.taken"
    same(twins)


def same(twins: list[Process]) -> None:
    """Both mirrors, and one that is loaded now."""
    for each in twins:
        each.commits.follow()
    mirrors = [each.mirror for each in twins]
    twins[0].store.close()
    twins[0].start()
    assert contents(mirrors[0]) == contents(mirrors[1]) == contents(twins[0].mirror)
