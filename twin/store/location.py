"""Where a graph is kept, as a URL says it, and the store behind the URL.

    sqlite:///twin-data/twin.sqlite      a file (four slashes for an absolute path)
    neo4j://user@host:7687/database      a Neo4j; bolt://, neo4j+s:// and bolt+s:// too
    neo4j                                the Neo4j of the twin's own directory, started unless it runs

A password is never in a URL: ``TWIN_NEO4J_PASSWORD`` holds it, or the file that ``TWIN_NEO4J_PASSWORD_FILE`` names.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from twin.errors import InvalidValue

if TYPE_CHECKING:
    from twin.store import GraphStore
    from twin.store.neo4j import Address
    from twin.store.neo4j.local import LocalServer

__all__ = ["LOCAL", "address_of", "local_server", "open_store", "sqlite_file"]

LOCAL = "neo4j"
_SQLITE = "sqlite:///"
_USER_INFO = re.compile(r"://[^/]*@")
_FORMS = "write sqlite:///path/to/file, neo4j://user@host:7687/database, or neo4j for one of the twin's own"


def open_store(url: str, data: Path = Path("twin-data"), *, unfinished: bool = False) -> GraphStore:
    """The store behind a URL; ``data`` is the twin's directory, where a Neo4j of its own lies. ``unfinished``: it is to
    be filled, and may be half full.

    Raises:
        InvalidValue: it is no such URL, or the password is missing.
        BackendError: the store cannot be opened.
    """
    if (file := sqlite_file(url)) is not None:
        from twin.store.sqlite import SQLiteStore

        return SQLiteStore(file)
    if url == LOCAL:
        from twin.store.neo4j import Neo4jStore

        server = local_server(data)
        server.hold()
        return Neo4jStore(server.address, closed=server.release, unfinished=unfinished)
    if _is_neo4j(url):
        from twin.store.neo4j import Neo4jStore

        return Neo4jStore(address_of(url, data), unfinished=unfinished)
    raise _no_place(url)


def address_of(url: str, data: Path) -> Address:
    """Where the Neo4j of a URL is, with the password.

    Raises:
        InvalidValue: it is none of a Neo4j, or the password is missing.
    """
    from twin.store.neo4j import Address

    if url == LOCAL:
        return local_server(data).address
    if not _is_neo4j(url):
        raise _no_place(url)
    return Address.parse(url, _password(url, data))


def _is_neo4j(url: str) -> bool:
    return url.partition("://")[0].partition("+")[0] in {"neo4j", "bolt"}


def _no_place(url: str) -> InvalidValue:
    shown = _USER_INFO.sub("://…@", url)  # there may be a password in it
    return InvalidValue(f"{shown} says no place for a graph", code="graph.url", help=_FORMS)


def sqlite_file(url: str) -> Path | None:
    """The file that a URL names, where it names one."""
    return Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None


def local_server(data: Path, *, heap: str = "512m", cache: str = "128m") -> LocalServer:
    """The Neo4j of a twin's directory, running or not."""
    from twin.store.neo4j.local import LocalServer

    return LocalServer(data / "neo4j", heap=heap, cache=cache)


def _password(url: str, data: Path) -> str:
    """The password for a URL: from the environment, a file, or, where the URL is that of the twin's own, from there."""
    if (given := os.environ.get("TWIN_NEO4J_PASSWORD")) is not None:
        return given
    file = os.environ.get("TWIN_NEO4J_PASSWORD_FILE")
    try:
        if file is not None:
            return Path(file).read_text(encoding="utf-8").strip()
        own = local_server(data)
        if own.url == url:
            return own.password
    except OSError as error:
        raise InvalidValue(
            f"the password file {error.filename} cannot be read: {error.strerror}",
            code="graph.password",
            help="check TWIN_NEO4J_PASSWORD_FILE and the rights of the file",
        ) from error
    raise InvalidValue(
        f"there is no password for {url}",
        code="graph.password",
        help="set TWIN_NEO4J_PASSWORD, or TWIN_NEO4J_PASSWORD_FILE to a file that only you can read",
    )
