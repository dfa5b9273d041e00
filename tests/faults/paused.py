"""A twin that is stopped (SIGSTOP) while it holds the log of a Neo4j: others read on, and write once the server's own
time-out has taken the log from it. When it goes on, what it was about to write is not there, or there once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from tests.faults.processes import Process
from tests.graphs import changeset, contents, entity
from tests.neo4j_server import fresh_store
from tests.running import ROOT
from twin.errors import BackendError
from twin.graph.model import Create
from twin.store.neo4j import Neo4jStore
from twin.store.neo4j.local import LocalServer

if TYPE_CHECKING:
    from pathlib import Path

    from twin.store.neo4j import Address

_SECONDS = 60.0
_STOPPED = """
import os, signal, sys, threading
from tests.graphs import changeset, entity
from twin.graph.model import Create
from twin.store.neo4j import Address, Neo4jStore
import twin.store.neo4j.store as module
store = Neo4jStore(Address.parse(sys.argv[1], os.environ["TWIN_NEO4J_PASSWORD"]))
append = module._append
def stopping(*arguments):
    append(*arguments)
    module._append = append
    print("locked", flush=True)
    signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)  # not a moment later, as by the process's id
module._append = stopping
made = changeset(Create(entity("paused", "site")), op_id="paused")
try:
    print(store.commit([made], 1)[0].sequence, flush=True)
except Exception as error:
    print(type(error).__name__, flush=True)
store.close()
"""


def round_of(_seed: int, folder: Path) -> str:
    """One pause; how long the others waited."""
    server = LocalServer(folder / "neo4j")
    server.hold()
    try:
        return pausing(server.address)
    finally:
        server.release()


def pausing(address: Address) -> str:
    """Stop a twin that holds the log, and commit beside it."""
    fresh_store(address).close()
    twin = Process(lambda: Neo4jStore(address))
    assert isinstance(twin.submit(changeset(Create(entity("home", "site")))), list)
    words = [sys.executable, "-c", _STOPPED, address.uri]
    environment = {**os.environ, "TWIN_NEO4J_PASSWORD": address.password}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "locked\n"
            began = time.monotonic()
            assert len(twin.store.changes(0)) == twin.store.head() == 1  # what only reads does not wait
            read = time.monotonic() - began
            refusals = _until_committed(twin)
            waited = time.monotonic() - began
            other.send_signal(signal.SIGCONT)
            said = other.stdout.read().strip()
        finally:
            other.kill()
    twin.commits.follow()
    log = [change.changeset.op_id for change in twin.store.changes(0)]
    assert log.count("cabin") == 1
    assert log.count("paused") == (said == "3"), (said, log)
    followed = contents(twin.mirror)
    twin.store.close()
    twin.start()
    assert contents(twin.mirror) == followed
    twin.store.close()
    return f"read after {read:.2f} s, committed after {waited:.0f} s and {refusals} refusals; the other was told {said}"


def _until_committed(twin: Process) -> int:
    """Commit beside it, again and again with one op_id; how often that was refused."""
    made = changeset(Create(entity("cabin", "site")), op_id="cabin")
    until, refusals = time.monotonic() + _SECONDS, 0
    while not isinstance(answer := twin.submit(made), list):
        assert isinstance(answer, BackendError), answer
        assert time.monotonic() < until, answer
        refusals += 1
        time.sleep(0.2)
    return refusals
