"""Two versions in force at once: the newest, and beside it what only an older one has, for as long as sites need it.

What the older version has and the newest has not (types, points, properties, commands, words of an enum) is there too:
deprecated, and never asked of anybody. So nothing that exists becomes unknown while sites are upgraded one by one.
Where both have something, it is as in the newest.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from twin.ontology.model import Deprecation, EntityType, Ontology, PointType, PropertyType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from twin.errors import Place

__all__ = ["bridge"]

T = TypeVar("T")


def bridge(newest: Ontology, older: Sequence[Ontology], sites: Mapping[str, Ontology]) -> Ontology:
    """The newest with what only the older ones have. ``sites`` are those at an older one (`Ontology.older`)."""
    if not older:
        return replace(newest, older=sites)
    everything = (newest, *older)
    retired = _Retired(newest, older)
    types = {name: retired.type(name) for each in everything for name in each.types}
    short_names = dict(newest.short_names)
    for name, found in types.items():
        if name not in newest.types:
            short = _free(found.short, short_names)
            short_names[short] = name
            types[name] = replace(found, short=short)
    return replace(
        newest,
        types=MappingProxyType(types),
        short_names=MappingProxyType(short_names),
        relations=MappingProxyType(
            {
                name: replace(
                    found, sources=_ends(everything, name, "sources"), targets=_ends(everything, name, "targets")
                )
                for name, found in _first(each.relations for each in everything).items()
            }
        ),
        quantities=MappingProxyType(_first(each.quantities for each in everything)),
        enums=MappingProxyType(
            {
                name: replace(
                    found, values=_words(each.enums[name].values for each in everything if name in each.enums)
                )
                for name, found in _first(each.enums for each in everything).items()
            }
        ),
        models=MappingProxyType(_first(each.models for each in everything)),
        roles=MappingProxyType(_first(each.roles for each in everything)),
        older=sites,
    )


def _first(maps: Iterable[Mapping[str, T]]) -> dict[str, T]:
    """All of them in one; of what several have, the first."""
    found: dict[str, T] = {}
    for each in maps:
        for name, value in each.items():
            found.setdefault(name, value)
    return found


def _words(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for words in lists for word in words))


def _ends(everything: Iterable[Ontology], name: str, end: str) -> tuple[str, ...]:
    return _words(getattr(each.relations[name], end) for each in everything if name in each.relations)


def _free(short: str, taken: Mapping[str, str]) -> str:
    """A short name that no other type has: that of a type that is gone may be another's now."""
    while short in taken:
        short += "Older"
    return short


class _Retired:
    """What is of before, as it is kept."""

    def __init__(self, newest: Ontology, older: Sequence[Ontology]) -> None:
        self._newest = newest
        self._older = older
        steps = (step for migration in newest.migrations for step in migration.steps if step.kind == "rename")
        self._uses = {step.subject: _renamed(step.subject, step.to[0]) for step in steps if step.to}
        self._since = {document.name: document.version for document in newest.documents}

    def type(self, name: str) -> EntityType:
        """A type with all that it and its ancestors have in any version."""
        first = next(each.types[name] for each in (self._newest, *self._older) if name in each.types)
        lineage = first.lineage
        of_now = [self._newest.types[each] for each in lineage if each in self._newest.types]
        before = [each.types[one] for one in lineage for each in self._older if one in each.types]
        deprecated = None if name in self._newest.types else self._deprecation(name, first.place)
        return replace(
            first,
            points=MappingProxyType(_first([*(found.points for found in of_now), *map(self._points, before)])),
            properties=MappingProxyType(
                _first([*(self._unasked(found) for found in of_now), *map(self._properties, before)])
            ),
            commands=MappingProxyType(_first(found.commands for found in (*of_now, *before))),
            events=MappingProxyType(_first(found.events for found in (*of_now, *before))),
            deprecated=first.deprecated or deprecated,
        )

    def _points(self, found: EntityType) -> dict[str, PointType]:
        return {
            name: replace(each, optional=True, deprecated=each.deprecated or self._of(found, each))
            for name, each in found.points.items()
        }

    def _properties(self, found: EntityType) -> dict[str, PropertyType]:
        return {
            name: replace(each, required=False, deprecated=each.deprecated or self._of(found, each))
            for name, each in found.properties.items()
        }

    def _unasked(self, found: EntityType) -> dict[str, PropertyType]:
        """Properties of now; what a site of before need not have yet is asked of nobody."""
        asked = [each.types[found.name].properties for each in self._older if found.name in each.types]
        return {
            name: replace(each, required=all(name in one and one[name].required for one in asked))
            if each.required
            else each
            for name, each in found.properties.items()
        }

    def _of(self, found: EntityType, member: Any) -> Deprecation:
        return self._deprecation(f"{found.name}.{member.name}", member.place)

    def _deprecation(self, name: str, place: Place) -> Deprecation:
        return Deprecation(name, self._uses.get(name), self._since.get(name.partition("/")[0]), None, place)


def _renamed(subject: str, to: str) -> str:
    """The new name of a type or a member, in the form of the old one."""
    owner, dot, _ = subject.partition(".")
    document = subject.partition("/")[0]
    return f"{owner}.{to}" if dot else f"{document}/{to.rpartition('/')[2]}"
