"""An entity as a node: what a person reads in plain Cypher as properties, and the whole of it as JSON for the twin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from twin.graph.model import Entity, Held
from twin.store.neo4j.names import BODY, DESIRED, key_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.graph.model import Relation, Value

__all__ = ["FIELDS", "Moment", "decode_entity", "moment", "native", "properties_of", "roles_in", "roles_of"]

_LARGEST = 2**63
_PLAIN = ("id", "kind", "type", "key", "path", "site", "serial", "instance", "rule", "revision")
_PEOPLE = ("created_by", "updated_by")
FIELDS = (*_PLAIN, *_PEOPLE, "title", "points", "commands", BODY)
"""The properties that any node may have, whatever its type."""

decode_entity = msgspec.json.Decoder(Entity).decode
_encode = msgspec.json.Encoder().encode

Moment = tuple[int, int]


def moment(at: int) -> Moment:
    """Microseconds since 1970 as seconds and the rest, of which Cypher makes a ``datetime``."""
    return divmod(at, 1_000_000)


def native(value: Value) -> tuple[Any, bool]:
    """A value as a property can hold it, and whether that is JSON text: of lists, objects and very large numbers."""
    plain = isinstance(value, bool | float | str) or (isinstance(value, int) and -_LARGEST <= value < _LARGEST)
    return (value, False) if plain else (_json(value), True)


def properties_of(entity: Entity) -> dict[str, Any]:
    """The node's properties, but for its readings, and for when it was created and updated."""
    found: dict[str, Any] = {name: value for name in _PLAIN if (value := getattr(entity, name)) is not None}
    found |= {name: value for name in _PEOPLE if (value := getattr(entity, name))}
    if entity.title:
        found["title"] = _title(entity.title)
    for name in ("points", "commands"):
        if values := getattr(entity, name):
            found[name] = list(values)
    for name, value in entity.properties.items():
        found[key_of(name)] = native(value)[0]
    for name, value in entity.desired.items():
        found[key_of(name) + DESIRED] = native(value)[0]
    found[BODY] = _encode(entity).decode()
    return found


def roles_in(relation: Relation) -> tuple[list[str] | None, list[int] | None]:
    """What a relation says of roles, as two properties side by side: which, and until when (0: without an end)."""
    held = relation.roles
    return ([each.role for each in held], [each.until or 0 for each in held]) if held else (None, None)


def roles_of(roles: Sequence[str] | None, until: Sequence[int] | None) -> tuple[Held, ...]:
    """What a relation says of roles, from its two properties."""
    return tuple(Held(role, end or None) for role, end in zip(roles or (), until or (), strict=True))


def _title(titles: dict[str, str]) -> str:
    """The one that is for everybody, or the English, or the first."""
    return titles.get("") or titles.get("en") or next(iter(titles.values()))


def _json(value: Value) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # a number beyond 64 bits
        return _encode(value).decode()
