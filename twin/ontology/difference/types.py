"""What became of the types and mixins that a document declares.

Of what a type has from its ancestors, only that is its own difference which no ancestor that it keeps has too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin.ontology.difference.comparison import Change, Difference, counterparts, differences, wording_changes
from twin.ontology.difference.limits import type_list_changes
from twin.ontology.difference.members import deprecation_changes, member_changes, section_of
from twin.ontology.model import CommandType, EventType, PointType, PropertyType

if TYPE_CHECKING:
    from collections.abc import Container, Hashable, Iterable, Iterator, Sequence

    from twin.ontology.difference.members import Member, Words
    from twin.ontology.model import EntityType, Ontology

__all__ = ["type_differences"]


@dataclass(frozen=True, slots=True)
class _Pair:
    """One type in both versions, with the ancestors that it has in both."""

    old: EntityType
    new: EntityType
    ontologies: tuple[Ontology, Ontology]
    kept: tuple[tuple[EntityType, EntityType], ...]


def type_differences(old: Ontology, new: Ontology, document: str, told: Container[Words]) -> Iterator[Difference]:
    """Each difference of a type or mixin that the document declares, and of its members."""
    before, after = _own(old, document), _own(new, document)
    gone = {name: found for name, found in before.items() if name not in after}
    come = {name: found for name, found in after.items() if name not in before}
    named = counterparts(
        {name: _shape(found) for name, found in gone.items()}, {name: _shape(found) for name, found in come.items()}
    )
    for name, found in gone.items():
        hint = f"renamed to '{come[named[name]].short}'?" if name in named else ""
        reason = "entities of it, and what is written for it, are refused"
        yield Difference(name, "major", f"{_kind(found)} removed", reason, found.place, hint)
    for name, found in come.items():
        yield Difference(name, "minor", f"{_kind(found)} added", "nothing depends on it yet", found.place)
    for name in before.keys() & after.keys():
        yield from _compared(_pair(before[name], after[name], (old, new)), told)


def _own(ontology: Ontology, document: str) -> dict[str, EntityType]:
    return {name: found for name, found in ontology.types.items() if name.rpartition("/")[0] == document}


def _kind(found: EntityType) -> str:
    if found.mixin:
        return "mixin"
    return f"{'abstract ' if found.abstract else ''}type of {found.kind}"


def _shape(found: EntityType) -> Hashable:
    return found.kind, found.abstract, found.parents, frozenset(_members(found))


def _pair(old: EntityType, new: EntityType, ontologies: tuple[Ontology, Ontology]) -> _Pair:
    before, after = ontologies
    kept = [name for name in old.lineage[1:] if name in new.lineage]
    return _Pair(old, new, ontologies, tuple((before.types[name], after.types[name]) for name in kept))


def _compared(pair: _Pair, told: Container[Words]) -> Iterator[Difference]:
    name, place = pair.new.name, pair.new.place
    if pair.old.kind != pair.new.kind:
        said = f"changed from {_kind(pair.old)} to {_kind(pair.new)}"
        yield Difference(name, "major", said, "entities of it, and what is written for it, are refused", place)
        return
    yield from differences(name, place, _type_changes(pair))
    yield from _member_differences(pair, told)


def _type_changes(pair: _Pair) -> Iterator[Change]:
    old, new = pair.old, pair.new
    if new.abstract and not old.abstract:
        yield Change("major", "made abstract", "entities of this very type are refused")
    elif old.abstract and not new.abstract:
        yield Change("minor", "made no longer abstract", "entities may be of this very type")
    yield from _lineage(pair)
    for key in ("contains", "connects", "of"):
        lists = (getattr(old, key), getattr(new, key))
        if not any((getattr(one, key), getattr(other, key)) == lists for one, other in pair.kept):
            yield from type_list_changes(key, lists, pair.ontologies)
    if not any((one.boundary, other.boundary) == (old.boundary, new.boundary) for one, other in pair.kept):
        yield from _boundary(old, new)
    yield from deprecation_changes(old.deprecated, new.deprecated)
    yield from wording_changes(old, new)
    if old.plural != new.plural:
        yield Change("patch", "plural changed", "it is wording")


def _boundary(old: EntityType, new: EntityType) -> Iterator[Change]:
    if new.boundary and not old.boundary:
        yield Change("major", "made a boundary", "roles held around it stop at its door")
    elif old.boundary and not new.boundary:
        yield Change("major", "made no longer a boundary", "roles held around it reach into it")


def _lineage(pair: _Pair) -> Iterator[Change]:
    old, new = set(pair.old.lineage), set(pair.new.lineage)
    before, after = pair.ontologies
    lost = old - new - {name for one, other in pair.kept for name in set(one.lineage) - set(other.lineage)}
    gained = new - old - {name for one, other in pair.kept for name in set(other.lineage) - set(one.lineage)}
    for name in _nearest((name for name in lost if name in after.types), before):
        said = f"descends from {before.types[name].short} no more"
        yield Change("major", said, "what asks for those, or allows them, leaves it out")
    for name in _nearest(gained, after):
        yield Change(
            "minor", f"descends from {after.types[name].short} now", "what asks for those, or allows them, finds it too"
        )
    if old == new and pair.old.parents != pair.new.parents:
        yield Change("patch", "parents written in another way", "its ancestors are the same")


def _nearest(names: Iterable[str], ontology: Ontology) -> Sequence[str]:
    """Without those that another of them implies."""
    found = sorted(names)
    return [name for name in found if not any(ontology.is_a(other, name) for other in found if other != name)]


def _members(found: EntityType) -> dict[str, Member]:
    return {**found.properties, **found.points, **found.commands, **found.events}


def _member_differences(pair: _Pair, told: Container[Words]) -> Iterator[Difference]:
    old, new = _members(pair.old), _members(pair.new)
    above = [(_members(one), _members(other)) for one, other in pair.kept]
    gone = {
        name: found
        for name, found in old.items()
        if name not in new and not any(name in one and name not in other for one, other in above)
    }
    come = {
        name: found
        for name, found in new.items()
        if name not in old and not any(name in other and name not in one for one, other in above)
    }
    yield from _gone(pair, gone, come)
    for name, found in come.items():
        yield from differences(f"{pair.new.name}.{name}", found.place, [_added(found)])
    for name in old.keys() & new.keys():
        shared = {
            change
            for one, other in above
            if name in one and name in other
            for change in member_changes(one[name], other[name], told)
        }
        changes = (change for change in member_changes(old[name], new[name], told) if change not in shared)
        yield from differences(f"{pair.new.name}.{name}", new[name].place, changes)


def _gone(pair: _Pair, gone: dict[str, Member], come: dict[str, Member]) -> Iterator[Difference]:
    named = counterparts(
        {name: _face(found) for name, found in gone.items()}, {name: _face(found) for name, found in come.items()}
    )
    for name, found in gone.items():
        hint = f"renamed to '{named[name]}'?" if name in named else ""
        said = f"removed from '{section_of(found)}'"
        reason = "entities lose it, and what asks for it fails"
        yield Difference(f"{pair.old.name}.{name}", "major", said, reason, found.place, hint)


def _face(found: Member) -> Hashable:
    match found:
        case PointType():
            return found.section, found.value, found.unit, found.values, found.measures
        case PropertyType():
            return "properties", found.value, found.unit, found.values
        case CommandType():
            return "commands", frozenset(found.arguments), frozenset(found.result)
        case EventType():
            return "events", frozenset(found.fields)


def _added(found: Member) -> Change:
    said = f"added to '{section_of(found)}'"
    if isinstance(found, PropertyType) and found.required and found.default is None:
        return Change("major", f"{said} as required", "entities without it are refused")
    if isinstance(found, EventType):
        return Change("minor", said, "entities may tell of it")
    if isinstance(found, PropertyType):
        return Change("minor", said, "entities may have it")
    if found.optional:
        return Change("minor", f"{said} as optional", "entities may have it")
    return Change("minor", said, "entities have it unless they name it in 'lacks'")
