"""Invariants 1, 3 and 4 as one: whatever is lost to a crash, whenever, nothing is missed and nothing counted twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graphs import changeset
from tests.telemetry import NOW, World, balanced, extent, message, payload, topic
from twin.graph.model import Create
from twin.records import Records
from twin.store.memory import MemoryStore
from twin.telemetry.deadletters import DeadLetters
from twin.telemetry.journal import Journal

if TYPE_CHECKING:
    from twin.telemetry.ingest import Slice
    from twin.telemetry.journal import JournalMessage

PROGRAM = Path(__file__).with_name("killed.py")
HERE = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
WORLD = World()
Body = tuple[bytes, bytes]

bodies = st.tuples(
    st.sampled_from([topic(WORLD.sensor), topic("SN-1"), topic("nobody"), b"r/flat/d/x/state", b"r/castle/x"]),
    st.builds(
        payload,
        st.dictionaries(
            st.sampled_from(["temperature", "level", "colour"]), st.sampled_from([1, 2.5, 99, "warm", None]), max_size=3
        ),
        st.sampled_from([None, "2023-11-14T22:13:00Z", "2023-11-14T22:13:01Z", "2030-01-01T00:00:00Z", "never"]),
    )
    | st.just(b"{"),
)


class Machine:
    """Keeps journal, store and letters over crashes, and loses everything else."""

    def __init__(self, records: Records) -> None:
        self.store = MemoryStore()
        self.store.commit([changeset(*map(Create, WORLD.mirror.entities.values()))], 0)
        self.letters = DeadLetters(records)
        self.letters.forget("journal", 0, sys.maxsize)
        self.journal: list[JournalMessage] = []
        self.restart()

    def restart(self) -> None:
        """What is not kept is gone."""
        states, watermark = self.store.load_states()
        WORLD.revive()
        WORLD.current.load(states)
        since = WORLD.ingest.resume(extent(len(self.journal)), watermark).since
        self.letters.forget("journal", since, len(self.journal))
        for each in WORLD.ingest.replay(iter(self.journal[since:])):
            self.write(each, steps=2)
            WORLD.ingest.confirm(each)

    def keep(self, body: Body, *, worked_in: bool) -> None:
        """The journal has it; it may be worked in before the next thing happens."""
        kept = message(len(self.journal), *body, received=NOW + len(self.journal))
        self.journal.append(kept)
        WORLD.counts.received += 1
        WORLD.ingest.add([kept])
        if worked_in:
            WORLD.ingest.run(1)

    def store_slice(self, steps: int) -> None:
        """Write the letters, then the states, then know it: or only as many of these as ``steps`` says."""
        piece = WORLD.ingest.take_slice()
        if piece is not None:
            self.write(piece, steps)
            if steps == 3:
                WORLD.ingest.confirm(piece)

    def write(self, piece: Slice, steps: int) -> None:
        if steps > 0:
            self.letters.add_many("journal", piece.letters)
        if steps > 1:
            self.store.write_states(piece.states)

    def outcome(self) -> tuple[dict[str, int], dict[Any, Any], list[Any]]:
        """All that can be said in the end: counters, stored states, letters."""
        while WORLD.ingest.run(1):
            pass
        self.store_slice(3)
        letters = [(each.number, each.point, each.code) for each in self.letters.list(limit=10_000)]
        states, watermark = self.store.load_states()
        assert watermark.offset == len(self.journal)
        assert watermark.counters == WORLD.ingest.counters.now()
        return watermark.counters, states, letters


steps = st.one_of(
    st.tuples(st.just("keep"), bodies, st.booleans()),
    st.tuples(st.just("store"), st.just(3)),
    st.tuples(st.just("crash"), st.integers(0, 2)),
)


@settings(max_examples=40, deadline=None)
@given(history=st.lists(steps, max_size=25))
def test_a_crash_at_any_point_changes_nothing_in_the_end(history: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        records = Records(Path(directory) / "records.sqlite")
        outcomes = []
        for crashing in (True, False):
            machine = Machine(records)
            for step, *arguments in history:
                if step == "keep":
                    machine.keep(arguments[0], worked_in=arguments[1])
                elif step == "store" or not crashing:
                    machine.store_slice(3)
                else:
                    machine.store_slice(arguments[0])
                    machine.restart()
            outcomes.append(machine.outcome())
        records.close()
    assert outcomes[0] == outcomes[1]
    assert balanced(outcomes[0][0])
    assert outcomes[0][0]["journaled"] == sum(step[0] == "keep" for step in history)


@settings(max_examples=40, deadline=None)
@given(sent=st.lists(bodies, max_size=12), chance=st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_ends_in_the_same_state(sent: list[Body], chance: random.Random) -> None:
    messages = [message(0, on, body, received=NOW + number) for number, (on, body) in enumerate(sent)]
    states = []
    for _ in range(2):
        WORLD.revive()
        assert balanced({**WORLD.take(*messages), "received": len(messages)})
        taken = WORLD.current.take_dirty()
        states.append({key: (reading.value, reading.order) for key, reading in taken.items()})
        messages = messages + [each for each in messages if chance.random() < 0.5]
        chance.shuffle(messages)
    assert states[0] == states[1]


def test_what_was_acknowledged_is_accounted_for_after_kill_9(tmp_path: Path) -> None:
    acknowledged = 0
    for seconds in (0.3, 0.5):
        with subprocess.Popen([sys.executable, PROGRAM, tmp_path], stdout=subprocess.PIPE, env=HERE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
            lines = process.stdout.read().split(b"\n")[:-1]  # the last one may be torn
            assert process.wait() == -signal.SIGKILL
        acknowledged = max([acknowledged, *(int(line) + 1 for line in lines)])
    assert acknowledged > 0
    subprocess.run([sys.executable, PROGRAM, tmp_path, "finish"], check=True, env=HERE)
    counters: dict[str, int] = json.loads((tmp_path / "counters.json").read_bytes())
    journal = Journal(tmp_path / "journal", on_loop=lambda report: report())
    journaled = journal.next
    journal.close()
    assert journaled >= acknowledged
    assert balanced(counters)
    assert counters["journaled"] == journaled
    assert counters["pending"] == 0
    # Of every ten messages, one cannot be decoded and one has a reading that is out of range.
    assert counters["undecodable"] == (journaled + 9) // 10
    assert counters["dead"] == (journaled + 8) // 10
    records = Records(tmp_path / "records.sqlite")
    letters = DeadLetters(records)
    assert letters.count() == {"payload.not_json": counters["undecodable"], "value.range": counters["dead"]}
    records.close()
