"""What differs between two versions, matters to what exists, and is covered by no step: and the step that would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from twin.units import compatible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from twin.graph.model import Entity
    from twin.graph.upgrade.ways import Way, Ways
    from twin.ontology.model import PointType, PropertyType

__all__ = ["Gap", "gaps"]

_NUMBERS = frozenset({"number", "integer"})


class Gap(msgspec.Struct, frozen=True, order=True):
    """One difference that something live would not survive."""

    subject: str
    """``home/Radiator.temp``, by the older version's names."""
    said: str
    step: str
    """The step that would cover it, as an author writes it; empty where none can."""

    def __str__(self) -> str:
        help_ = f"; declare {self.step}" if self.step else ""
        return f"{self.subject} {self.said}{help_}"


def gaps(entity: Entity, way: Way, ways: Ways) -> Iterator[Gap]:
    """The gaps on an entity's way."""
    old = way.before
    if way.after is None:
        if way.removed is None:
            step = f"{{ rename: {old.short}, to: … }} or {{ remove: {old.short}, reason: … }}"
            yield Gap(old.name, "is gone", step)
        return
    if (way.after.abstract, way.after.mixin, way.after.kind) != (old.abstract, old.mixin, old.kind):
        yield Gap(old.name, f"becomes {way.after.short}, which is no type of {old.kind} that anything can be", "")
        return
    yield from _members(entity.points, way, way.points, old.points, way.after.points)
    yield from _members(entity.properties, way, way.properties, old.properties, way.after.properties)
    for name in entity.commands:
        new = way.commands.get(name, name)
        if new is not None and new not in way.after.commands:
            yield _gone(way, name, [each for each in way.after.commands if each not in old.commands])
    yield from _required(entity, way)
    for role in entity.roles.values():
        if role in ways.before.roles and ways.role(role) is None:
            yield Gap(role, "is gone", f"{{ rename: {role.rpartition('/')[2]}, to: … }}")


def _members(
    had: Iterable[str],
    way: Way,
    renamed: Mapping[str, str | None],
    before: Mapping[str, PointType] | Mapping[str, PropertyType],
    after: Mapping[str, PointType] | Mapping[str, PropertyType],
) -> Iterator[Gap]:
    for name in had:
        new = renamed.get(name, name)
        if new is None or name not in before:
            continue
        if new not in after:
            yield _gone(
                way, name, [each for each, one in after.items() if each not in before and _alike(before[name], one)]
            )
        else:
            yield from _member(way, name, before[name], after[new])


def _member(way: Way, name: str, old: PointType | PropertyType, new: PointType | PropertyType) -> Iterator[Gap]:
    subject, short = f"{way.before.name}.{name}", f"{way.before.short}.{name}"
    remove = f"{{ remove: {short}, reason: … }}"
    if old.value != new.value and not {old.value, new.value} <= _NUMBERS:
        yield Gap(subject, f"changes from {old.value} to {new.value}, and nothing converts its values", remove)
    elif old.unit != new.unit and name not in way.converts:
        if old.unit is None or new.unit is None or not compatible(old.unit, new.unit):
            said = f"changes from {old.unit or 'no unit'} to {new.unit or 'no unit'}, and nothing converts its values"
            yield Gap(subject, said, remove)
        else:
            step = f"{{ convert: {short}, from: {old.unit}, to: {new.unit} }}"
            yield Gap(subject, f"changes from {old.unit} to {new.unit}", step)


def _alike(one: PointType | PropertyType, other: PointType | PropertyType) -> bool:
    return (one.value, one.unit) == (other.value, other.unit)


def _gone(way: Way, name: str, likely: list[str]) -> Gap:
    short = f"{way.before.short}.{name}"
    to = likely[0] if len(likely) == 1 else "…"
    step = f"{{ rename: {short}, to: {to} }} or {{ remove: {short}, reason: … }}"
    return Gap(f"{way.before.name}.{name}", "is gone", step)


def _required(entity: Entity, way: Way) -> Iterator[Gap]:
    """Properties that every entity must have now, and this one has not."""
    if way.after is None:
        return
    has = {way.properties.get(name, name) for name in entity.properties}
    for name, each in way.after.properties.items():
        if each.required and each.default is None and name not in has and name not in way.defaults:
            step = f"{{ default: {way.after.short}.{name}, value: … }}"
            yield Gap(f"{way.after.name}.{name}", "is required now, and what exists has none", step)
