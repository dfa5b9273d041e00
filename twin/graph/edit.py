"""What an app may change of an entity, its title and its properties, checked against the entity's type."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, Any

from twin.errors import InvalidValue
from twin.graph.model import Update

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.graph.model import Entity, Scalar
    from twin.ontology.model import Ontology, PropertyType

__all__ = ["check_property", "edit"]

_LONGEST = 1000
"""Characters of a title or of a text."""


def edit(
    entity: Entity,
    ontology: Ontology,
    *,
    title: Mapping[str, str] | None = None,
    properties: Mapping[str, Any] | None = None,
    expected: int | None = None,
    private: bool = True,
) -> Update:
    """The update that gives an entity a new title (by language) and new values for some properties.

    A property given as None is taken away; those not named stay as they are. What differs in nothing has no fields.
    `InvalidValue` for a property the type does not have, or a value that it cannot take; without ``private``, the type
    has no private ones.
    """
    fields: dict[str, Any] = {}
    if title is not None and _checked_title(title) != entity.title:
        fields["title"] = dict(title)
    kinds = {name: kind for name, kind in ontology.types[entity.type].properties.items() if private or not kind.private}
    merged = _merged(entity, kinds, properties or {})
    if merged != entity.properties:
        fields["properties"] = merged
    return Update(id=entity.id, expected=expected, fields=fields)


def check_property(kind: PropertyType, value: object) -> Scalar:
    """The value as the property keeps it; `InvalidValue` saying what the property takes."""
    kept = _TAKES[kind.value](kind, value)
    if kept is None:
        raise InvalidValue(
            f"the property {kind.name} cannot be {value!r}",
            code="property.value",
            help=f"give it {_wanted(kind)}",
            property=kind.name,
        )
    return kept


def _checked_title(title: Mapping[str, str]) -> Mapping[str, str]:
    for text in title.values():
        if not text.strip() or len(text) > _LONGEST:
            raise InvalidValue("a title needs some text", code="title.invalid", help=f"1 to {_LONGEST} characters")
    if not title:
        raise InvalidValue("a title needs some text", code="title.invalid", help="give it in one language at least")
    return title


def _merged(entity: Entity, kinds: Mapping[str, PropertyType], changes: Mapping[str, Any]) -> dict[str, Scalar]:
    merged = dict(entity.properties)
    for name, value in changes.items():
        kind = kinds.get(name)
        if kind is None:
            raise InvalidValue(
                f"there is no property {name!r}",
                code="property.unknown",
                help=f"its properties are: {', '.join(kinds) or 'none'}",
                property=name,
            )
        if value is not None:
            merged[name] = check_property(kind, value)
        elif kind.required:
            raise InvalidValue(
                f"the property {name} must have a value", code="property.required", help=f"give it {_wanted(kind)}"
            )
        else:
            merged.pop(name, None)
    return merged


def _number(kind: PropertyType, value: object) -> Scalar | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    low = kind.minimum is None or value >= kind.minimum
    high = kind.maximum is None or value <= kind.maximum
    return value if low and high else None


def _integer(kind: PropertyType, value: object) -> Scalar | None:
    return _number(kind, value) if isinstance(value, int) else None


def _boolean(_kind: PropertyType, value: object) -> Scalar | None:
    return value if isinstance(value, bool) else None


def _string(_kind: PropertyType, value: object) -> Scalar | None:
    return value if isinstance(value, str) and len(value) <= _LONGEST else None


def _enum(kind: PropertyType, value: object) -> Scalar | None:
    return value if isinstance(value, str) and value in (kind.values or ()) else None


def _timestamp(_kind: PropertyType, value: object) -> Scalar | None:
    try:
        return value if isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None else None
    except ValueError:
        return None


_TAKES = {
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "string": _string,
    "enum": _enum,
    "timestamp": _timestamp,
}


def _wanted(kind: PropertyType) -> str:
    """What a property takes, in words."""
    if kind.values:
        return f"one of {', '.join(kind.values)}"
    bounds = [
        f"{word} {bound:g}"
        for word, bound in (("at least", kind.minimum), ("at most", kind.maximum))
        if bound is not None
    ]
    word = {"timestamp": "a time with its offset (2026-11-03T07:15:00Z)", "boolean": "true or false"}.get(kind.value)
    return " ".join([word or f"a{'n' * (kind.value == 'integer')} {kind.value}", " and ".join(bounds)]).strip()
