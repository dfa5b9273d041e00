"""A program for a test: journals, works in and stores messages until it is killed; ``finish`` only catches up.

Prints the number of each message once it is acknowledged. Message n cannot be decoded where n ends in 0, is out of
range where it ends in 1, and is a temperature otherwise.
"""

from __future__ import annotations

import json
import queue
import sys
import time
from pathlib import Path

from tests.graphs import changeset, entity, mirror_of
from tests.telemetry import NOW, ONTOLOGY, payload, topic
from twin.graph.model import Create
from twin.mqtt.door import Counts
from twin.records import Records
from twin.state.current import Current
from twin.store.sqlite import SQLiteStore
from twin.telemetry.deadletters import DeadLetters
from twin.telemetry.ingest import Ingest, Slice
from twin.telemetry.journal import Journal, JournalMessage


def body(number: int) -> bytes:
    if number % 10 == 0:
        return b"{"
    return payload({"temperature": 99 if number % 10 == 1 else number % 50})


def main(directory: Path, *, finish: bool) -> None:
    loop: queue.SimpleQueue[object] = queue.SimpleQueue()
    store = SQLiteStore(directory / "twin.sqlite")
    if store.head() == 0:
        site = entity("flat", "site")
        device = entity("flat/sensor", "device", site, serial="SN-1", points=("temperature",))
        store.commit([changeset(Create(site), Create(device))], 0)
    mirror = mirror_of(store.load().entities)
    letters = DeadLetters(Records(directory / "records.sqlite"))
    states, watermark = store.load_states()
    current = Current(mirror, ONTOLOGY)
    current.load(states)
    counts = Counts()
    ingest = Ingest(mirror, current, counts, clock=time.perf_counter)
    journal = Journal(directory / "journal", on_loop=loop.put, segment_bytes=20_000)

    def keep(piece: Slice | None) -> None:
        if piece is not None:
            letters.add_many(journal.id, piece.letters)
            store.write_states(piece.states)
            ingest.confirm(piece)

    since = ingest.resume(journal.extent, watermark).since
    letters.forget(journal.id, since, journal.next)
    for piece in ingest.replay(journal.read(since)):
        keep(piece)
    print("ready", flush=True)  # noqa: T201 - what the test waits for
    if finish:
        (directory / "counters.json").write_text(json.dumps(ingest.counters.now()))
        return

    def acknowledge(first: int | None, sent: bytes) -> None:
        assert first is not None
        ingest.add([JournalMessage(first, "box", NOW + first, topic("SN-1"), sent)])
        print(first, flush=True)  # noqa: T201 - what the test holds us to

    number = journal.next
    while True:
        for _ in range(7):
            sent = body(number)
            counts.received += 1
            journal.append(
                "box", NOW + number, [(topic("SN-1"), sent)], lambda first, sent=sent: acknowledge(first, sent)
            )
            number += 1
        while journal.next < number:
            loop.get()()  # type: ignore[operator]
        ingest.run(0.002)
        keep(ingest.take_slice())


main(Path(sys.argv[1]), finish="finish" in sys.argv)
