"""A look at a Neo4j and the twin in it that changes nothing: what would be written is undone."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from twin.errors import BackendError
from twin.store.findings import Finding, Verdict, disk, refused
from twin.store.neo4j.connection import SECONDS, Connection
from twin.store.neo4j.schema import FORMAT, OLDEST, found_indexes, version_of, wanted_indexes

if TYPE_CHECKING:
    from collections.abc import Iterator

    import neo4j

    from twin.store.neo4j.address import Address

__all__ = ["examine", "journal_of", "seconds_of"]

T = TypeVar("T")

_CLOCK_SECONDS = 5.0
_LOAD_SECONDS = 900
"""How long a transaction may take in which a very large graph is loaded."""
_HERE = ("://127.0.0.1", "://localhost", "://[::1]")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PARTS = re.compile(r"([0-9]+)(ms|s|m|h|d)")
_DURATION = re.compile(rf"(?:{_PARTS.pattern})+")
_COMPONENTS = (
    "CALL dbms.components() YIELD name, versions, edition WHERE name = 'Neo4j Kernel' RETURN versions[0], edition"
)
_MAY_WRITE = "CREATE (probe:_State) SET probe.lock = 1 DELETE probe"
_MAY_CONSTRAIN = "CREATE CONSTRAINT twin_state_id IF NOT EXISTS FOR (n:_State) REQUIRE n.id IS UNIQUE"
_SETTING = "SHOW SETTINGS $name YIELD value RETURN value"
_MARK = "MATCH (state:_State {id: 'state'}) RETURN state.journal, state.offset"
_LOG = """
OPTIONAL MATCH (log:_Log)
WITH collect(log) AS logs
OPTIONAL MATCH (c:_Change)
RETURN size(logs), logs[0].seq, logs[0].format, coalesce(logs[0].filling, false),
  count(c), coalesce(min(c.seq), 0), coalesce(max(c.seq), 0), EXISTS { MATCH (:Entity) }
"""
_ENTITIES = """
MATCH (e:Entity) WHERE e.site <> '' AND e.site <> e.id AND COUNT { (:Entity)-[:CONTAINS]->(e) } <> 1
RETURN count(e)
"""


def examine(address: Address, connection: Connection | None = None) -> Iterator[Finding]:
    """What there is to say about the database; nothing more after what makes the rest pointless."""
    asking = connection or Connection(address)
    try:
        yield from _reached(asking)
    except BackendError as error:
        yield refused("neo4j: reachable", error)
    finally:
        asking.close()


def journal_of(address: Address) -> tuple[str, int] | None:
    """The journal that the graph was fed from, and how far; None where it was from none.

    Raises:
        BackendError: it cannot be reached.
    """
    asking = Connection(address)
    try:
        row = asking.run(lambda transaction: transaction.run(_MARK).single())
    finally:
        asking.close()
    return (row[0], row[1]) if row is not None and row[0] else None


def _reached(asking: Connection) -> Iterator[Finding]:
    version, edition = asking.run(lambda transaction: transaction.run(_COMPONENTS).single(strict=True).values())
    where = f"{asking.address.uri}, database {asking.address.database}, as {asking.address.user}"
    yield Finding("neo4j: reachable", "ok", where)
    if version_of(version) < OLDEST:
        said = f"it is a Neo4j {version}"
        yield Finding("neo4j: version", "wrong", said, "5.26 or newer is needed; 5.26 is the LTS release")
        return
    yield Finding("neo4j: version", "ok", f"{version}, {edition} edition")
    for look in (_clock, _rights, _indexes, _log, _tree, _time_out, _disk):
        yield from look(asking)


def _clock(asking: Connection) -> Iterator[Finding]:
    def ask(transaction: neo4j.Transaction) -> float:
        before = time.time()
        theirs = transaction.run("RETURN datetime.realtime().epochMillis").single(strict=True)[0] / 1000
        return float(theirs - (before + time.time()) / 2)

    ahead = asking.run(ask)
    said = f"its clock is {abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    if abs(ahead) > _CLOCK_SECONDS:
        help_ = "the twin stamps changes by its own clock: set both machines by NTP, so that logs can be compared"
        yield Finding("neo4j: clock", "unsure", said, help_)
    else:
        yield Finding("neo4j: clock", "ok", said)


def _rights(asking: Connection) -> Iterator[Finding]:
    for about, statement, what in (
        ("neo4j: may write", _MAY_WRITE, "write"),
        ("neo4j: may make constraints", _MAY_CONSTRAIN, "make constraints and indexes"),
    ):
        refusal = _rehearsed(asking, statement)
        if refusal is None:
            yield Finding(about, "ok", f"the user may {what} (tried, and undone)")
        else:
            help_ = "give the user the roles 'publisher' and 'architect' (Enterprise), or name another user"
            yield Finding(about, "wrong", f"the user may not {what}: {refusal}", help_)


def _rehearsed(asking: Connection, statement: str) -> str | None:
    """Run a statement and undo it; why it is refused, where it is."""

    def attempt(transaction: neo4j.Transaction) -> None:
        transaction.run(statement).consume()
        raise _Undone

    try:
        asking.run(attempt)
    except _Undone:
        return None
    except BackendError as error:
        return error.message
    return None


class _Undone(Exception):
    """All is as it should be, and rolled back."""


def _indexes(asking: Connection) -> Iterator[Finding]:
    found = asking.run(found_indexes)
    missing = sorted(
        f"{label}.{name}" for label, name, unique in wanted_indexes() if (label, name, unique) not in found
    )
    ill = sorted(
        f"{key[0]}.{key[1]} ({found[key].lower()})" for key in wanted_indexes() if found.get(key, "ONLINE") != "ONLINE"
    )
    if ill:
        help_ = "SHOW INDEXES tells why; drop what has failed and start the twin, which makes it again"
        yield Finding("neo4j: indexes", "wrong", f"not ready: {', '.join(ill)}", help_)
    elif len(missing) == len(wanted_indexes()):
        yield Finding("neo4j: indexes", "ok", "there are none yet: the first start of a twin makes them")
    elif missing:
        help_ = "start the twin, which makes them; if it says store.schema, something else has their place"
        yield Finding("neo4j: indexes", "wrong", f"missing: {', '.join(missing)}", help_)
    else:
        yield Finding("neo4j: indexes", "ok", f"all {len(found)} constraints and indexes are there")


def _log(asking: Connection) -> Iterator[Finding]:
    about = "neo4j: log"
    logs, head, written, filling, changes, first, last, entities = asking.run(
        lambda transaction: transaction.run(_LOG).single(strict=True).values(), _LOAD_SECONDS
    )
    if logs == 0:
        if entities or changes:
            yield Finding(
                about, "wrong", "there are entities, but no log: they are no twin's", "name a database of its own"
            )
        else:
            yield Finding(about, "ok", "the database is empty: the first start of a twin makes the log")
    elif logs > 1:
        yield Finding(
            about, "wrong", f"there are {logs} log nodes", "restore a backup: two twins would not see each other"
        )
    elif written is None or written > FORMAT:
        yield Finding(about, "wrong", f"a newer twin wrote it (format {written}, ours {FORMAT})", "run that version")
    elif filling:
        yield Finding(about, "wrong", "it was being filled, and that was broken off", "copy or restore into it again")
    elif changes and (last != head or last - first + 1 != changes):
        said = f"the log stands at {head}, but its records are {changes} of {first} to {last}"
        yield Finding(about, "wrong", said, "somebody wrote to it by hand; restore a backup")
    else:
        yield Finding(about, "ok", f"the log stands at {head}" if head else "the log is empty")


def _tree(asking: Connection) -> Iterator[Finding]:
    lost = asking.run(lambda transaction: transaction.run(_ENTITIES).single(strict=True)[0], _LOAD_SECONDS)
    if lost:
        said = f"{lost:,} entities do not lie in exactly one other (CONTAINS)"
        yield Finding("neo4j: tree", "wrong", said, "somebody wrote to it by hand; restore a backup, or copy it anew")
    else:
        yield Finding("neo4j: tree", "ok", "everything lies in exactly one place")


def _time_out(asking: Connection) -> Iterator[Finding]:
    about, said = "neo4j: time-out", _setting(asking, "db.transaction.timeout")
    seconds = None if said is None else seconds_of(said)
    if seconds is None:
        yield Finding(
            about,
            "unsure",
            "db.transaction.timeout cannot be read by this user",
            f"it should be 0s, or {_LOAD_SECONDS}s",
        )
    elif 0 < seconds < _LOAD_SECONDS:
        verdict: Verdict = "wrong" if seconds < SECONDS else "unsure"
        help_ = f"set it to 0s (the twin's transactions all bring their own time-out), or at least to {_LOAD_SECONDS}s"
        yield Finding(about, verdict, f"db.transaction.timeout is {said}: loading a large graph may take longer", help_)
    else:
        yield Finding(about, "ok", f"db.transaction.timeout is {said}")


def _disk(asking: Connection) -> Iterator[Finding]:
    said = _setting(asking, "server.directories.data")
    place = None if said is None else Path(said)
    if place is not None and any(each in asking.address.uri for each in _HERE) and place.is_dir():
        yield disk("neo4j: disk", place)
    else:
        yield Finding(
            "neo4j: disk", "unsure", "it lies on another machine: its room cannot be seen from here", "look there"
        )


def _setting(asking: Connection, name: str) -> str | None:
    """A setting of the server; None where the user may not read it."""
    try:
        found = asking.run(lambda transaction: transaction.run(_SETTING, name=name).single())
    except BackendError:
        return None
    return None if found is None else str(found[0])


def seconds_of(said: str) -> float | None:
    """A duration as Neo4j writes one: ``0s``, ``1m30s``, ``500ms``."""
    if _DURATION.fullmatch(said) is None:
        return None
    return sum(int(number) * _UNITS[unit] for number, unit in _PARTS.findall(said))
