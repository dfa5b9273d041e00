"""A twin's directory with something of everything, and how two of them are compared."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tests.twin.store.test_moving import census, walked
from twin.access.clients import Clients
from twin.access.keys import Keys
from twin.engine.home import Home
from twin.records import Records
from twin.store import StateBatch, Watermark
from twin.store.memory import MemoryStore
from twin.telemetry.deadletters import DeadLetter, DeadLetters
from twin.telemetry.journal import Journal, JournalMessage

if TYPE_CHECKING:
    from pathlib import Path

    from twin.store.moving import Census

MESSAGES = 20
WORKED = 12
"""So many of them are worked into the readings."""


def make(data: Path, seed: int = 1, graph: str = "") -> None:
    """A graph with a history, a journal of which some is worked in, a client, keys, and dead letters."""
    home = Home(data)
    journal = Journal(home.journal, on_loop=lambda call: call())
    for number in range(MESSAGES):
        journal.append("me", number, [(b"t", str(number).encode())], lambda _: None)
    journal.close()
    source = MemoryStore()
    walk = walked(source, seed)
    source.write_states(StateBatch({}, Watermark(journal.id, WORKED, {"received": WORKED}), head=walk.mirror.head))
    with closing(home.open_graph(graph)) as store, source.dump() as dump:
        store.fill(dump, dump.snapshot.timeline)
    with closing(Records(home.records)) as records:
        Clients(records).add("app", ["twin:read"], None)
        Keys(records)
        letters = [
            DeadLetter(JournalMessage(number, "me", 1, b"t", b"p"), "a.b", "why") for number in (3, WORKED, WORKED + 1)
        ]
        DeadLetters(records).add_many(journal.id, letters)


def messages(data: Path, since: int = 0) -> list[bytes]:
    """What its journal holds."""
    journal = Journal(Home(data).journal, on_loop=lambda call: call())
    found = [message.payload for message in journal.read(since)]
    journal.close()
    return found


def seen(data: Path) -> Census:
    """All that its graph holds."""
    with closing(Home(data).open_graph()) as store:
        return census(store)


def said(result: Any) -> dict[str, Any]:
    """What a command that failed said, with ``--json``."""
    found: dict[str, Any] = json.loads(result.stdout)["error"]
    return found
