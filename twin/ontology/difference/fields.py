"""What became of the fields of an object, the items of a list, the particulars of an event, or what a command is told
and answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from twin.ontology.difference.comparison import Change, wording_changes
from twin.ontology.difference.limits import range_changes, word_changes
from twin.units import compatible, convert

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from twin.ontology.difference.limits import Bounds
    from twin.ontology.model import FieldType, PointType, PropertyType

__all__ = ["Valued", "Words", "default_changes", "field_changes", "part_changes", "type_name", "value_changes"]

Words: TypeAlias = "tuple[tuple[str, ...], tuple[str, ...]]"
"""The words of an enum, before and after."""
Valued: TypeAlias = "PointType | PropertyType | FieldType"
"""What has values."""


def type_name(valued: Valued) -> str:
    """The type of its values as an author writes it: the enum's name, where it has one."""
    return getattr(valued, "enum", None) or valued.value


def value_changes(old: Valued, new: Valued, told: Container[Words]) -> Iterator[Change]:
    """What became of the values it may have; ``told`` holds changes of words that are reported of an enum."""
    if type_name(old) != type_name(new):
        said = f"type changed from {type_name(old)} to {type_name(new)}"
        yield Change("major", said, "its values are of another kind")
        return
    yield from _amounts(old, new)
    words = (old.values or (), new.values or ())
    if words not in told or (hasattr(old, "enum") and old.enum is None):
        yield from word_changes(*words)
    yield from part_changes(old, new, told)


def _amounts(old: Valued, new: Valued) -> Iterator[Change]:
    bounds: Bounds = (old.minimum, old.maximum)
    if old.unit != new.unit:
        convertible = old.unit is not None and new.unit is not None and compatible(old.unit, new.unit)
        reason = "values mean something else until they are converted" if convertible else "nothing converts its values"
        yield Change("major", f"unit changed from {old.unit or 'none'} to {new.unit or 'none'}", reason)
        if old.unit is None or new.unit is None or not convertible:
            return
        low, high = (None if end is None else convert(end, old.unit, new.unit) for end in bounds)
        bounds = (low, high)
    yield from range_changes(bounds, (new.minimum, new.maximum))


def part_changes(old: object, new: object, told: Container[Words]) -> Iterator[Change]:
    """What became of the fields of an object and of the items of a list, where there are any."""
    yield from field_changes("field", getattr(old, "fields", None), getattr(new, "fields", None), told)
    before, after = getattr(old, "items", None), getattr(new, "items", None)
    if before is not None and after is not None:
        for change in _of_one(before, after, told, given=False):
            yield change._replace(said=f"items: {change.said}")


def field_changes(
    noun: str,
    old: Mapping[str, FieldType] | None,
    new: Mapping[str, FieldType] | None,
    told: Container[Words],
    *,
    given: bool = False,
) -> Iterator[Change]:
    """Each change of some fields; those that are ``given`` by who asks may come to be left out without harm."""
    old, new = old or {}, new or {}
    for name in old:
        if name not in new:
            yield Change("major", f"{noun} '{name}' removed", "what names it fails")
    for name, field in new.items():
        if name in old:
            for change in _of_one(old[name], field, told, given=given):
                yield change._replace(said=f"{noun} '{name}': {change.said}")
        elif _required(field):
            yield Change("major", f"{noun} '{name}' added as required", "what is without it is refused")
        else:
            yield Change("minor", f"{noun} '{name}' added", "it may be left out")


def _of_one(old: FieldType, new: FieldType, told: Container[Words], *, given: bool) -> Iterator[Change]:
    yield from value_changes(old, new, told)
    if _required(new) and not _required(old):
        yield Change("major", "made required", "what is without it is refused")
    elif _required(old) and not _required(new):
        reason = "it may be left out" if given else "what reads it may not find it"
        yield Change("minor" if given else "major", "made no longer required", reason)
    yield from default_changes(old.default, new.default)
    yield from wording_changes(old, new)


def _required(field: FieldType) -> bool:
    return not field.optional and field.default is None


def default_changes(old: Any, new: Any) -> Iterator[Change]:
    """What became of a default."""
    if old != new:
        said = f"default changed from {_shown(old)} to {_shown(new)}"
        yield Change("minor", said, "where nothing is said, something else holds")


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.15g}"
    return "none" if value is None else str(value)
