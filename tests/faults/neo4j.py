"""Neo4j killed with SIGKILL in the middle of commits, or paused at the very moment of one: what was acknowledged is
there, once, and what is sent again with its op_id is done once.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from typing import TYPE_CHECKING

import neo4j

from tests.graphs import Walk, changeset, contents, entity
from tests.neo4j_server import fresh_store
from twin.errors import BackendError, OutcomeUnknown
from twin.graph.mirror import Mirror
from twin.graph.model import Committed, Create
from twin.store.commits import Commits, inline
from twin.store.neo4j import Neo4jStore
from twin.store.neo4j.connection import Connection
from twin.store.neo4j.local import LocalServer

if TYPE_CHECKING:
    from pathlib import Path

    from twin.graph.model import ChangeSet
    from twin.store import GraphStore

KILLS = 10
STEPS_A_KILL = 40
PAUSE_SECONDS = 30.0
_AGAIN_SECONDS = 300.0


def round_of(seed: int, folder: Path, kills: int = KILLS, pause: float = PAUSE_SECONDS) -> str:
    """So many kills, then a pause at a commit."""
    server = LocalServer(folder / "neo4j")
    server.hold()
    try:
        killed = killing(server, seed, kills)
        return f"{killed}; {pausing(server, pause)}"
    finally:
        server.release()


def killing(server: LocalServer, seed: int, kills: int) -> str:
    """Random ChangeSets while the server is killed and started again; each is sent until it is answered."""
    chance = random.Random(seed)
    store = fresh_store(server.address)
    walk = Walk(random.Random(seed + 1))
    commits = Commits(store, walk.mirror, inline, lambda _: None)
    acknowledged: dict[str, int] = {}
    tries = 0
    for _ in range(kills):
        killer = threading.Timer(chance.uniform(0.05, 1.5), _restart, [server])
        killer.start()
        done = 0
        while killer.is_alive() or done < STEPS_A_KILL:
            made = walk.step()
            place, took = _until_answered(commits, made)
            acknowledged[made.op_id], done, tries = place.sequence, done + 1, tries + took
        killer.join()
    _check(store, walk.mirror, acknowledged)
    store.close()
    return f"{kills} kills, {len(acknowledged)} ChangeSets in {tries} tries, {len(walk.mirror)} entities"


def _restart(server: LocalServer) -> None:
    pid = server.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while server.pid is not None:
        time.sleep(0.02)
    server.hold()


def _until_answered(commits: Commits, made: ChangeSet) -> tuple[Committed, int]:
    """Send a ChangeSet until it is committed; how often it was sent."""
    until = time.monotonic() + _AGAIN_SECONDS
    tries = 0
    while True:
        answers: list[Committed | Exception] = []
        commits.submit(made, answers.append)
        (answer,) = answers
        tries += 1
        if isinstance(answer, Committed):
            return answer, tries
        assert isinstance(answer, BackendError), answer
        assert time.monotonic() < until, answer
        time.sleep(0.2)


def _check(store: GraphStore, mirror: Mirror, acknowledged: dict[str, int]) -> None:
    """The log has each once, at the place that was told; the store, rebuilt, is the mirror that followed."""
    log: list[tuple[str, int]] = []
    while page := store.changes(len(log)):
        log += [(change.changeset.op_id, change.sequence) for change in page]
    assert dict(log) == acknowledged
    assert [sequence for _, sequence in log] == list(range(1, len(acknowledged) + 1))
    snapshot, loaded = store.load(), Mirror()
    loaded.load(
        head=snapshot.head,
        timeline=snapshot.timeline,
        documents=snapshot.documents,
        entities=snapshot.entities,
        relations=snapshot.relations,
    )
    assert contents(loaded) == contents(mirror)


def pausing(server: LocalServer, seconds: float, connection: Connection | None = None) -> str:
    """The server stops answering when it is asked to commit, and commits once it goes on: after its caller gave up."""
    fresh_store(server.address).close()
    store = Neo4jStore(server.address, connection)
    mirror = Mirror()
    commits = Commits(store, mirror, inline, lambda _: None)
    pid = server.pid
    assert pid is not None
    first = changeset(Create(entity("home", "site")))
    _until_answered(commits, first)
    made = changeset(Create(entity("cabin", "site")))
    commit = neo4j.Transaction.commit
    paused = threading.Event()

    def stopping(transaction: neo4j.Transaction) -> None:
        if not paused.is_set():
            paused.set()
            os.kill(pid, signal.SIGSTOP)
            threading.Timer(seconds, os.kill, [pid, signal.SIGCONT]).start()
        commit(transaction)

    neo4j.Transaction.commit = stopping  # type: ignore[method-assign]
    began = time.monotonic()
    try:
        answers: list[Committed | Exception] = []
        commits.submit(made, answers.append)
    finally:
        neo4j.Transaction.commit = commit  # type: ignore[method-assign]
    gave_up = time.monotonic() - began
    assert isinstance(answers[0], OutcomeUnknown | Committed), answers  # it was settled already, where all went slowly
    said = "unknown" if isinstance(answers[0], OutcomeUnknown) else "committed"
    place, tries = _until_answered(commits, made)
    assert place == Committed(2, made.op_id)
    _check(store, mirror, {first.op_id: 1, made.op_id: 2})
    store.close()
    return f"a pause of {seconds:.0f} s: {said} after {gave_up:.0f} s, settled by try {tries}"
