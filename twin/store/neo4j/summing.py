"""What each site comes to, and one site whole: for the check of a mirror."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.graph.model import CONTAINS, Relation
from twin.store import SiteSum, Snapshot, Sums
from twin.store.neo4j.nodes import decode_entity, roles_of

if TYPE_CHECKING:
    import neo4j

__all__ = ["site_snapshot", "summed"]

_HEAD = "MATCH (log:_Log {id: 'log'}) RETURN log.seq, log.timeline"
_LOCK = "MATCH (log:_Log {id: 'log'}) SET log.lock = 1 REMOVE log.lock WITH log RETURN log.seq"
_ENTITIES = "MATCH (e:Entity) RETURN e.site, count(*), sum(e.revision)"
_LINKS = f"MATCH (s:Entity)-[r]->(:Entity) WHERE type(r) <> '{CONTAINS}' RETURN s.site, count(r)"
_SITE = "MATCH (e:Entity {site: $site}) RETURN e._entity"
_TIES = f"""
MATCH (s:Entity)-[r]->(t:Entity) WHERE type(r) <> '{CONTAINS}' AND (s.site = $site OR t.site = $site)
RETURN type(r), s.id, t.id, r.instance, r.roles, r.until
"""


def summed(transaction: neo4j.Transaction, since: int) -> Sums:
    """What each site comes to. Readers take no locks: what is committed meanwhile may be counted by halves, so it is
    as of some time between ``since`` and the head once the log's lock was had.
    """
    relations = {site: count for site, count in transaction.run(_LINKS).values()}  # noqa: C416 - lists, not pairs
    sites = {
        site: SiteSum(entities, revisions, relations.get(site, 0))
        for site, entities, revisions in transaction.run(_ENTITIES).values()
    }
    return Sums(since, transaction.run(_LOCK).single(strict=True)[0], sites)


def site_snapshot(transaction: neo4j.Transaction, site: str) -> Snapshot:
    """The entities of a site, and every relation that begins or ends at one of them."""
    head, timeline = transaction.run(_HEAD).single(strict=True)
    return Snapshot(
        head=head,
        timeline=timeline,
        documents=(),
        entities=[decode_entity(body) for (body,) in transaction.run(_SITE, site=site)],
        relations=[
            Relation(type=type_, source=source, target=target, instance=instance, roles=roles_of(roles, until))
            for type_, source, target, instance, roles, until in transaction.run(_TIES, site=site)
        ],
    )
