"""Everything a database holds, read in parts: some thousands as one list each, which costs the driver a fortieth of
what as many records do. A part begins where the one before ended, by the unique id; whoever reads makes sure that
nobody has written meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twin.graph.model import CONTAINS
from twin.store.neo4j.names import is_identifier
from twin.store.neo4j.nodes import roles_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import neo4j

    from twin.graph.model import Held

__all__ = ["entity_rows", "relation_rows"]

_PART = 5_000
_TYPES = "CALL db.relationshipTypes() YIELD relationshipType AS type RETURN type"
_ENTITIES = """
MATCH (e:Entity) WHERE e.id > $after WITH e ORDER BY e.id LIMIT $part
RETURN collect(e._entity), max(e.id)
"""
_END = "MATCH (e:Entity) WHERE e.id > $after WITH e.id AS id ORDER BY id LIMIT $part RETURN max(id)"
_RELATIONS = """
MATCH (s:Entity) USING INDEX s:Entity(id) WHERE s.id > $after AND s.id <= $end
MATCH (s)-[r:{}]->(t:Entity)
RETURN collect([s.id, t.id, type(r), r.instance, r.roles, r.until])
"""


def entity_rows(transaction: neo4j.Transaction) -> Iterator[tuple[str]]:
    """Every entity as JSON, by id."""
    after: str | None = ""
    while after is not None:
        bodies, after = transaction.run(_ENTITIES, after=after, part=_PART).single(strict=True)
        yield from ((body,) for body in bodies)


def relation_rows(
    transaction: neo4j.Transaction,
) -> Iterator[tuple[str, str, str, str | None, tuple[Held, ...]]]:
    """Every relation but those of the tree, which follow from the entities: source, target, type, instance, roles."""
    found = (type_ for (type_,) in transaction.run(_TYPES).values())
    types = "|".join(f"`{type_}`" for type_ in found if type_ != CONTAINS and is_identifier(type_))
    query: Any = _RELATIONS.format(types)
    after: str | None = "" if types else None
    while after is not None:
        (end,) = transaction.run(_END, after=after, part=_PART).single(strict=True)
        if end is not None:
            (rows,) = transaction.run(query, after=after, end=end).single(strict=True)
            yield from ((*row[:4], roles_of(*row[4:])) for row in rows)
        after = end
