"""A look at all that a twin stands on: its directory, its journal, its graph, and whether they belong together. Nothing
is made, changed or started.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from twin.engine.home import Home
from twin.engine.lease import Lease
from twin.errors import TwinError
from twin.store.findings import Finding, disk, refused, secret
from twin.store.location import LOCAL, address_of, local_server, sqlite_file
from twin.telemetry.journal.extent import extent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.store.neo4j import Address

__all__ = ["examine"]


def examine(directory: Path, graph: str = "") -> Iterator[Finding]:
    """What there is to say about the twin of a directory. ``graph`` is where its graph is, if not where it was."""
    try:
        home = Home(directory, create=False)
    except TwinError as error:
        yield refused("directory", error)
        return
    yield from _directory(home)
    yield from _graph(home, home.graph_url(graph))


def _directory(home: Home) -> Iterator[Finding]:
    place = home.directory
    found = place.stat()
    if found.st_uid != os.geteuid():
        said = f"{place} belongs to another user ({found.st_uid})"
        yield Finding("directory: owner", "wrong", said, f"run as that user, or: chown -R {os.geteuid()} {place}")
    elif found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield Finding("directory: owner", "wrong", f"others may change {place}", f"chmod go= {place}")
    else:
        yield Finding("directory: owner", "ok", f"{place} is this user's")
    yield disk("directory: disk", place)
    for name in ("records.sqlite", "demo.json"):
        if (place / name).exists():
            yield secret(f"directory: {name}", place / name)
    for file in sorted(home.keys.glob("*")):
        yield secret("directory: keys", file)
    yield _serving(home)
    yield _journal(home)


def _serving(home: Home) -> Finding:
    owner = Lease(home.directory).owner()
    if owner is None or not _lives(owner.pid):
        return Finding("directory: served", "ok", "by nobody at the moment: start it with 'twin serve'")
    return Finding("directory: served", "ok", f"by process {owner.pid}, at {owner.url}")


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _journal(home: Home) -> Finding:
    about = "directory: journal"
    if not home.journal.exists():
        return Finding(about, "ok", "there is none yet: the first start of a server makes it")
    try:
        reach = extent(home.journal)
        for file in home.journal.iterdir():
            file.open("rb").close()
    except OSError as error:
        said = f"{error.filename} cannot be read: {error.strerror}"
        return Finding(about, "wrong", said, f"chown -R {os.geteuid()} {home.journal}")
    if reach is None:
        said = "there is no journal in its folder that can be read"
        return Finding(
            about, "wrong", said, "if a disk has failed, restore a backup; if the folder is empty, remove it"
        )
    return Finding(about, "ok", f"it holds the messages {reach.first:,} to {reach.next:,}")


def _graph(home: Home, url: str) -> Iterator[Finding]:
    file = sqlite_file(url)
    if file is not None:
        yield from _file(home, file)
        return
    named = os.environ.get("TWIN_NEO4J_PASSWORD_FILE")
    if named:
        yield secret("graph: password", Path(named))
    if url == LOCAL:
        yield secret("graph: password", local_server(home.directory).password_file)
        if local_server(home.directory).pid is None:
            said = "the Neo4j of the twin's own does not run at the moment"
            yield Finding("neo4j: reachable", "unsure", said, "to have it looked at: twin neo4j start")
            return
    try:
        address = address_of(url, home.directory)
    except TwinError as error:
        yield refused("graph: address", error)
        return
    yield from _neo4j(home, address)


def _file(home: Home, file: Path) -> Iterator[Finding]:
    from twin.store.sqlite.examining import examine as look
    from twin.store.sqlite.examining import journal_of

    yield from look(file)
    try:
        yield from _fits(home, journal_of(file) if file.exists() else None)
    except sqlite3.Error:
        return  # what is wrong was said


def _neo4j(home: Home, address: Address) -> Iterator[Finding]:
    from twin.store.neo4j.examining import examine as look
    from twin.store.neo4j.examining import journal_of

    reached = False
    for finding in look(address):
        reached = reached or (finding.about == "neo4j: log" and finding.verdict == "ok")
        yield finding
    if reached:
        yield from _fits(home, journal_of(address))


def _fits(home: Home, kept: tuple[str, int] | None) -> Iterator[Finding]:
    """Whether the graph is fed from the journal of this directory."""
    about = "graph: journal"
    try:
        reach = extent(home.journal)
    except OSError:
        return  # what is wrong was said
    if kept is None:
        yield Finding(about, "ok", "no message has reached the graph yet")
    elif reach is None or reach.id != kept[0]:
        said = "the graph was fed from the journal of another directory"
        help_ = (
            "name the directory that belongs to it with --data; where that is lost, twin serve --adopt takes it over"
        )
        yield Finding(about, "wrong", said, help_)
    elif kept[1] > reach.next:
        said = (
            f"the graph has had {kept[1] - reach.next:,} messages more than the journal holds: it is from an older copy"
        )
        yield Finding(
            about, "unsure", said, "was the directory put back from a copy? twin restore puts back both together"
        )
    elif kept[1] < reach.first:
        said = (
            f"{reach.first - kept[1]:,} messages are missing: the graph is an older copy that has not had them, and "
            f"the journal begins after them, at {reach.first:,}"
        )
        yield Finding(about, "wrong", said, "put back a newer copy of the graph, or have the messages sent again")
    else:
        yield Finding(
            about, "ok", f"the graph is fed from the journal here; {reach.next - kept[1]:,} messages are waiting"
        )
