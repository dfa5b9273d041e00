"""Where a Neo4j is, and as whom to speak to it: ``neo4j://user@host:7687/database``, the password beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote, urlsplit

from twin.errors import InvalidValue

__all__ = ["SCHEMES", "Address"]

SCHEMES = frozenset(f"{name}{security}" for name in ("neo4j", "bolt") for security in ("", "+s", "+ssc"))
"""``+s`` encrypts and checks the certificate, ``+ssc`` accepts one that is signed by itself."""
_USER = _DATABASE = "neo4j"


@dataclass(frozen=True, slots=True)
class Address:
    """One database of one Neo4j (or of a cluster)."""

    uri: str
    """As the driver takes it: scheme, host and port."""
    database: str
    user: str
    password: str = field(repr=False)

    @classmethod
    def parse(cls, url: str, password: str) -> Self:
        """Take a URL apart; user and database are ``neo4j`` where it does not say.

        Raises:
            InvalidValue: it is none, or has a password in it, where others may see it.
        """
        parts = urlsplit(url)
        if parts.scheme not in SCHEMES or not parts.hostname or parts.query or parts.fragment:
            raise InvalidValue(
                f"{url} is not the URL of a Neo4j", code="graph.url", help="write neo4j://user@host:7687/database"
            )
        if parts.password is not None:
            raise InvalidValue(
                "a password in a URL is seen by others",
                code="graph.url",
                help="leave it out of the URL: TWIN_NEO4J_PASSWORD, or the file that TWIN_NEO4J_PASSWORD_FILE names",
            )
        host = parts.netloc.rpartition("@")[2]
        user, database = unquote(parts.username or _USER), unquote(parts.path.strip("/") or _DATABASE)
        return cls(f"{parts.scheme}://{host}", database, user, password)

    @property
    def auth(self) -> tuple[str, str]:
        """User and password, as the driver takes them."""
        return (self.user, self.password)
