"""A state machine over one store: two processes that commit beside each other, follow, die, come back, lose answers,
look back and forget; after each step, each mirror is what the model was at its sequence, and the store what it is now.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, cast

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase
from hypothesis import seed as with_seed
from hypothesis import settings as Settings  # noqa: N812 - there are others
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.faults.drawing import Drawing, building
from tests.faults.model import Model, Refused, seen, told
from tests.faults.processes import Process, mirror_of
from tests.graphs import ONTOLOGY, changeset
from tests.neo4j_server import fresh_store
from twin.engine.past import Past
from twin.errors import Conflict, InvalidValue, NotFound, OutcomeUnknown
from twin.graph.model import ChangeSet, Committed, Recast
from twin.graph.readings import Reading, order_key, recast
from twin.ids import mint
from twin.store import HeadMovedError, LogTrimmed, StateBatch, Watermark
from twin.store.memory import MemoryStore
from twin.store.neo4j import Neo4jStore
from twin.store.neo4j.local import LocalServer
from twin.store.sqlite import SQLiteStore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from twin.store import GraphStore
    from twin.store.neo4j import Address

_numbers = itertools.count(1)


class Machine(RuleBasedStateMachine):
    """On one store, which each run begins with empty."""

    @initialize()
    def begin(self) -> None:
        self.emptied()
        self.history = [Model()]
        self.log: list[ChangeSet] = []
        self.forgotten = 0
        self.watermark = Watermark()
        self.batches: list[StateBatch] = []
        self.recast_at = 0
        self.processes = [Process(self.opened) for _ in range(2)]
        self.submitted(0, building())
        self.processes[1].commits.follow()

    def emptied(self) -> None:
        """Begin with nothing."""
        raise NotImplementedError

    def opened(self) -> GraphStore:
        """Another connection to the store."""
        raise NotImplementedError

    def teardown(self) -> None:
        for process in getattr(self, "processes", ()):
            process.store.close()

    @property
    def model(self) -> Model:
        return self.history[-1]

    # Committing

    @rule(
        data=st.data(),
        which=st.integers(0, 1),
        length=st.integers(1, 3),
        lost=st.sampled_from(["", "", "question", "answer"]),
    )
    def change(self, data: st.DataObject, which: int, length: int, lost: str) -> None:
        made = changeset(*(Drawing(data, self.model).entry() for _ in range(length)))
        self.processes[which].store.losing = [lost] if lost else []
        self.submitted(which, made)

    @rule(data=st.data(), which=st.integers(0, 1), length=st.integers(2, 3))
    def series(self, data: st.DataObject, which: int, length: int) -> None:
        self.submitted(which, *(changeset(Drawing(data, self.model).entry()) for _ in range(length)))

    @rule(data=st.data(), which=st.integers(0, 1))
    def nobody_knows(self, data: st.DataObject, which: int) -> None:
        """The store never says: it is answered as unknown, and sent again later with the same op_id."""
        process, made = self.processes[which], changeset(Drawing(data, self.model).entry())
        process.store.losing = ["question"] * 2
        answer = process.submit(made)
        process.store.losing = []
        if isinstance(answer, OutcomeUnknown):
            self.submitted(1 - which, made)
        else:
            assert not isinstance(answer, list), answer

    @precondition(lambda self: len(self.log) > self.forgotten)
    @rule(data=st.data(), which=st.integers(0, 1))
    def again(self, data: st.DataObject, which: int) -> None:
        """Whatever became of it is said again, and nothing is done."""
        sequence = data.draw(st.integers(self.forgotten + 1, len(self.log)))
        made = self.log[sequence - 1]
        assert self.processes[which].submit(made) == [Committed(sequence, made.op_id)]

    def submitted(self, which: int, *series: ChangeSet) -> None:
        """Commit, and have the model follow; or both refuse."""
        process = self.processes[which]
        following = self.possible(self.model, series)
        answer = process.submit(*series)
        if following is not None:
            first = len(self.log) + 1
            assert answer == [Committed(first + at, each.op_id) for at, each in enumerate(series)]
            for made, model in zip(series, following, strict=True):
                self.log.append(made)
                self.history.append(model)
                if any(isinstance(each, Recast) for each in made.entries):
                    self.recast_at = len(self.log)
        else:
            assert isinstance(answer, Conflict | NotFound | InvalidValue), answer

    def possible(self, model: Model, series: tuple[ChangeSet, ...]) -> list[Model] | None:
        found = []
        for made in series:
            try:
                model = model.after(made.entries)
            except Refused:
                return None
            self.recast(model, made)
            found.append(model)
        return found

    def recast(self, model: Model, made: ChangeSet) -> None:
        """Readings under other names, all at once."""
        entries = [each for each in made.entries if isinstance(each, Recast)]
        taken = [(each, model.states.pop((each.id, each.point), None)) for each in entries]
        for each, reading in taken:
            if reading is not None:
                self.keep(model, (each.id, each.to), recast(reading, each))

    # Readings

    @precondition(lambda self: self.model.rows)
    @rule(data=st.data(), which=st.integers(0, 1), guarded=st.booleans())
    def report(self, data: st.DataObject, which: int, *, guarded: bool) -> None:
        points = st.tuples(st.just(Drawing(data, self.model).any("device")), st.sampled_from(["warmth", "power"]))
        times = st.integers(1, 5)
        said = data.draw(st.dictionaries(points, st.tuples(times, st.integers(0, 3)), max_size=2))
        readings = {point: Reading(value, at, at, order_key(0, at, 0, value)) for point, (at, value) in said.items()}
        mark = Watermark("journal", self.watermark.offset + 1, {"received": next(_numbers)})
        batch = StateBatch(readings, mark, self.processes[which].mirror.head if guarded else None)
        self.batches.append(batch)
        self.written(which, batch)

    @precondition(lambda self: self.batches)
    @rule(data=st.data(), which=st.integers(0, 1))
    def report_late(self, data: st.DataObject, which: int) -> None:
        """A batch that was written before, or refused: again, after others."""
        self.written(which, data.draw(st.sampled_from(self.batches)))

    def written(self, which: int, batch: StateBatch) -> None:
        refused = batch.head is not None and batch.head < self.recast_at
        try:
            self.processes[which].store.write_states(batch)
        except HeadMovedError:
            assert refused
            return
        assert not refused
        for point, reading in batch.readings.items():
            self.keep(self.model, point, reading)
        self.watermark = batch.watermark

    def keep(self, model: Model, point: tuple[str, str], reading: Reading) -> None:
        before = model.states.get(point)
        if point[0] in model.rows and (before is None or before.order < reading.order):
            model.states[point] = reading

    # What else happens

    @rule(which=st.integers(0, 1))
    def follow(self, which: int) -> None:
        process = self.processes[which]
        process.commits.follow()
        assert process.mirror.head == len(self.log)

    @rule(which=st.integers(0, 1))
    def restart(self, which: int) -> None:
        process = self.processes[which]
        process.store.close()
        process.start()
        assert process.mirror.head == len(self.log)

    @rule(data=st.data(), which=st.integers(0, 1))
    def look_back(self, data: st.DataObject, which: int) -> None:
        process, sequence = self.processes[which], data.draw(st.integers(0, len(self.log)))
        past = Past(cast("GraphStore", process.store), process.mirror)
        try:
            found = past.as_of(sequence)
        except LogTrimmed:
            assert sequence < self.forgotten
            return
        assert sequence >= self.forgotten
        found.adopt(ONTOLOGY)
        assert told(found) == seen(self.history[sequence])

    @precondition(lambda self: len(self.log) > self.forgotten + 1)
    @rule(data=st.data(), which=st.integers(0, 1))
    def forget(self, data: st.DataObject, which: int) -> None:
        """The log is trimmed, maybe beyond what the other process has seen: what is forgotten cannot be told any more,
        and nothing else changes.
        """
        until = data.draw(st.integers(self.forgotten + 1, len(self.log) - 1))
        store = self.processes[which].store
        while (mark := store.trim(until).sequence) > self.forgotten:
            self.forgotten = mark
        assert self.forgotten == until
        base = store.base()
        assert base is not None
        assert told(mirror_of(base)) == seen(self.history[until])

    @rule(which=st.integers(0, 1))
    def move_out(self, which: int) -> None:
        """Into another store, whole."""
        other = MemoryStore()
        with self.processes[which].store.dump() as dump:
            other.fill(dump, mint())
        self.holds(other)
        assert [each.changeset for each in other.changes(self.forgotten)] == self.log[self.forgotten :]

    # What always holds

    @invariant()
    def each_mirror_is_the_model_at_its_sequence(self) -> None:
        for process in getattr(self, "processes", ()):
            assert told(process.mirror) == seen(self.history[process.mirror.head])

    @invariant()
    def the_store_is_the_model(self) -> None:
        for process in getattr(self, "processes", ())[:1]:
            self.holds(process.store)

    def holds(self, store: Any) -> None:
        snapshot = store.load()
        assert snapshot.head == store.head() == len(self.log)
        assert told(mirror_of(snapshot)) == seen(self.model)
        assert store.load_states() == (self.model.states, self.watermark)


EXAMPLES = {"memory": 200, "sqlite": 100, "neo4j": 10}
STEPS = 50


def round_of(seed: int, folder: Path, examples: Mapping[str, int] = EXAMPLES) -> str:
    """So many runs on each kind of store."""
    server = LocalServer(folder / "neo4j")
    server.hold()
    try:
        for kind, number in examples.items():
            run(kind, folder, examples=number, steps=STEPS, seed=seed, address=server.address)
    finally:
        server.release()
    return ", ".join(f"{number} runs on {kind}" for kind, number in examples.items())


def run(
    kind: str, folder: Path, *, examples: int, steps: int, seed: int | None = None, address: Address | None = None
) -> None:
    """So many runs of so many steps on a store of one kind."""
    settings = Settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        derandomize=seed is None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
        phases=(Phase.generate, Phase.shrink),
    )
    machine = _on(kind, folder, address)
    if seed is not None:
        machine = with_seed(seed)(machine)
    run_state_machine_as_test(machine, settings=settings)


def _on(kind: str, folder: Path, address: Address | None) -> type[Machine]:
    numbers, shared = itertools.count(), [MemoryStore()]

    class OnMemory(Machine):
        def emptied(self) -> None:
            shared[0] = MemoryStore()

        def opened(self) -> GraphStore:
            return shared[0]

    class OnSQLite(Machine):
        def emptied(self) -> None:
            self.path = folder / f"{next(numbers)}.sqlite"

        def opened(self) -> GraphStore:
            return SQLiteStore(self.path)

    class OnNeo4j(Machine):
        def emptied(self) -> None:
            assert address is not None
            fresh_store(address).close()

        def opened(self) -> GraphStore:
            assert address is not None
            return Neo4jStore(address)

    return {"memory": OnMemory, "sqlite": OnSQLite, "neo4j": OnNeo4j}[kind]
