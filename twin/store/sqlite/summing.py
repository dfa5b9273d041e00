"""What each site comes to, and one site whole: for the check of a mirror.

Read on a connection of their own, in one read transaction each: they see one moment, and hold up nobody who writes.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import msgspec

from twin.graph.model import Entity
from twin.store import SiteSum, Snapshot, Sums
from twin.store.sqlite.faults import BUSY_SECONDS
from twin.store.sqlite.rows import RELATIONS, relation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["site_snapshot", "summed"]

_HEAD = "SELECT coalesce(max(sequence), 0) FROM log"
_ENTITIES = "SELECT site, count(*), sum(revision) FROM entities GROUP BY site"
_LINKS = "SELECT site, count(*) FROM relations JOIN entities ON entities.id = relations.source GROUP BY site"
_OF_SITE = "SELECT id FROM entities WHERE site = ?"
_SITE_RELATIONS = f"{RELATIONS} WHERE source IN ({_OF_SITE}) OR target IN ({_OF_SITE})"

_decode = msgspec.json.Decoder(Entity).decode


def summed(path: Path) -> Sums:
    """What each site comes to."""
    with _moment(path) as db:
        head = db.execute(_HEAD).fetchone()[0]
        relations = dict(db.execute(_LINKS).fetchall())
        sites = {
            site: SiteSum(entities, revisions, relations.get(site, 0))
            for site, entities, revisions in db.execute(_ENTITIES)
        }
        return Sums(head, head, sites)


def site_snapshot(path: Path, site: str) -> Snapshot:
    """The entities of a site, and every relation that begins or ends at one of them."""
    with _moment(path) as db:
        return Snapshot(
            head=db.execute(_HEAD).fetchone()[0],
            timeline=db.execute("SELECT value FROM meta WHERE name = 'timeline'").fetchone()[0],
            documents=(),
            entities=[_decode(body) for (body,) in db.execute("SELECT body FROM entities WHERE site = ?", (site,))],
            relations=[relation(row) for row in db.execute(_SITE_RELATIONS, (site, site))],
        )


@contextmanager
def _moment(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as db:
        db.execute("BEGIN")
        yield db
