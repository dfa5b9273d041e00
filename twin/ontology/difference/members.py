"""What became of a point or a property that both versions of a type have."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from twin.ontology.difference.comparison import Change
from twin.ontology.difference.limits import range_changes, word_changes
from twin.ontology.model import PointType, PropertyType
from twin.units import compatible, convert

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from twin.ontology.difference.limits import Bounds

__all__ = ["Member", "Words", "member_changes", "section_of"]

Member: TypeAlias = PointType | PropertyType
Words: TypeAlias = "tuple[tuple[str, ...], tuple[str, ...]]"
"""The words of an enum, before and after."""


def section_of(member: Member) -> str:
    """Under which key of its type it is written."""
    return member.section if isinstance(member, PointType) else "properties"


def member_changes(old: Member, new: Member, told: Container[Words]) -> Iterator[Change]:
    """Each change; ``told`` holds changes of lists of words that are reported of an enum, and so not here."""
    if section_of(old) != section_of(new):
        said = f"moved from '{section_of(old)}' to '{section_of(new)}'"
        yield Change("major", said, "it is read and set in another place")
        return
    if _type(old) != _type(new):
        said = f"type changed from {_type(old)} to {_type(new)}"
        yield Change("major", said, "its values are of another kind")
    else:
        yield from _amounts(old, new)
        words = (old.values or (), new.values or ())
        own = isinstance(old, PointType) and old.enum is None
        if own or words not in told:
            yield from word_changes(*words)
    if isinstance(old, PointType) and isinstance(new, PointType):
        yield from _point(old, new)
    elif isinstance(old, PropertyType) and isinstance(new, PropertyType):
        yield from _property(old, new)
    if old.title != new.title:
        yield Change("patch", "title changed", "it is wording")


def _type(member: Member) -> str:
    named = member.enum if isinstance(member, PointType) else None
    return named or member.value


def _amounts(old: Member, new: Member) -> Iterator[Change]:
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


def _point(old: PointType, new: PointType) -> Iterator[Change]:
    if old.measures != new.measures:
        said = f"'measures' changed from {old.measures or 'nothing'} to {new.measures or 'nothing'}"
        if old.measures is None:
            yield Change("minor", said, "it answers for that quantity as well")
        else:
            yield Change("major", said, f"who asks for every {old.measures} no longer finds it")
    if old.every != new.every:
        said = f"interval changed from {_interval(old.every)} to {_interval(new.every)}"
        yield Change("minor", said, "its readings become stale at another age")
    if old.optional != new.optional:
        if new.optional:
            yield Change("major", "made optional", "entities that do not name it in 'has' lose it")
        else:
            yield Change("minor", "made no longer optional", "entities have it unless they name it in 'lacks'")


def _interval(seconds: float | None) -> str:
    return "none" if seconds is None else f"{seconds:.15g} s"


def _property(old: PropertyType, new: PropertyType) -> Iterator[Change]:
    if new.required and not old.required:
        yield Change("major", "made required", "entities without it are refused")
    elif old.required and not new.required:
        yield Change("minor", "made no longer required", "entities may be without it")
