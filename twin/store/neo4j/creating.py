"""What is new, as one statement: its node, its labels, and its place in the tree, under a parent that is there already.

Names that every entity has stand in the statement itself, which is a quarter less work for the server than a map of
all; what an ontology names is in a map at the end, as a parameter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twin.graph.model import CONTAINS
from twin.store.neo4j.names import BORN
from twin.store.neo4j.nodes import FIELDS, moment, properties_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.graph.model import Entity
    from twin.store.neo4j.labels import Labels

__all__ = ["CREATE", "CREATE_BELOW", "new_row", "waves"]

_AT = len(FIELDS)
_GIVEN = ", ".join(f"{name}: row[{at}]" for at, name in enumerate(FIELDS))
_NODE = f"""(e:Entity {{
  {_GIVEN},
  created: datetime({{epochSeconds: row[{_AT}], microsecond: row[{_AT + 1}]}}),
  updated: datetime({{epochSeconds: row[{_AT + 2}], microsecond: row[{_AT + 3}]}}),
  {BORN}: row[{_AT + 4}]
}}) SET e:$(row[{_AT + 5}]), e += row[{_AT + 6}]
"""
CREATE = f"UNWIND $rows AS row CREATE {_NODE}"
"""Nodes alone; rows as `new_row` makes them."""
CREATE_BELOW = f"""
UNWIND $rows AS row MATCH (parent:Entity {{id: row[{_AT + 7}]}}) CREATE (parent)-[:{CONTAINS}]->{_NODE}
"""
"""The same below their parents: none of these may be new in the same statement."""


def new_row(entity: Entity, labels: Labels, born: int | None = None) -> list[Any]:
    """An entity for `CREATE` and `CREATE_BELOW`. ``born`` is the sequence that created it, where that is known."""
    found = properties_of(entity)
    fields = [found.pop(name, None) for name in FIELDS]
    times = (*moment(entity.created), *moment(entity.updated))
    return [*fields, *times, born, labels.of(entity), found, entity.parent]


def waves(entities: Iterable[Entity]) -> list[list[Entity]]:
    """New entities, each in a later list than its parent, where that is new as well; parents come before."""
    depths: dict[str | None, int] = {}
    found: list[list[Entity]] = []
    for entity in entities:
        depth = depths[entity.id] = depths.get(entity.parent, -1) + 1
        if depth == len(found):
            found.append([])
        found[depth].append(entity)
    return found
