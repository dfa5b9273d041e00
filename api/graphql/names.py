"""What things are called in GraphQL: as in the YAML, points and properties in lowerCamelCase, and never two alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from twin.ontology.model import EntityType, Ontology

__all__ = ["camel", "field_names", "type_names", "words"]

_NO_NAME = re.compile(r"[^A-Za-z0-9_]")
_RESERVED_WORDS = frozenset({"true", "false", "null"})


def camel(name: str) -> str:
    """``outdoor_temperature`` -> ``outdoorTemperature``."""
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def field_names(ontology: Ontology, taken: Collection[str]) -> Mapping[str, str]:
    """The field of every point and property, one name for it in the whole schema.

    Where lowerCamelCase would be taken (by a field that every entity has, or by another point), it is the name as it
    is written, or that with ``Point`` behind it.
    """
    own = {name for each in ontology.types.values() for name in (*each.points, *each.properties)}
    found: dict[str, str] = {}
    used = set(taken)
    for name in sorted(own):
        found[name] = next(each for each in _candidates(name) if each not in used)
        used.add(found[name])
    return found


def type_names(ontology: Ontology, taken: Collection[str]) -> Mapping[str, str]:
    """The GraphQL type of every type and mixin (by qualified name): its short name, longer where that is taken."""
    found: dict[str, str] = {}
    used = set(taken)
    for each in ontology.types.values():
        found[each.name] = next(name for name in _longer(each) if name not in used)
        used.add(found[each.name])
    return found


def words(values: Iterable[str]) -> dict[str, str]:
    """The names of an enum's values -> the values: as they are written, with ``_`` for what a name cannot hold."""
    found: dict[str, str] = {}
    for value in values:
        name = _NO_NAME.sub("_", value)
        if not name[:1].isalpha() or name in _RESERVED_WORDS:
            name = f"V_{name}"
        while name in found:
            name += "_"
        found[name] = value
    return found


def _candidates(name: str) -> Iterable[str]:
    yield camel(name)
    yield name
    while True:
        name += "Point"
        yield name


def _longer(each: EntityType) -> Iterable[str]:
    yield each.short
    document = each.name.partition("/")[0]
    longer = "".join(part[:1].upper() + part[1:] for part in document.split("-")) + each.short
    while True:
        yield longer
        longer += "Type"
