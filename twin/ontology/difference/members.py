"""What became of a point, a property, a command or an event that both versions of a type have."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from twin.ontology.difference.comparison import Change, wording_changes
from twin.ontology.difference.fields import Words, default_changes, field_changes, type_name, value_changes
from twin.ontology.model import CommandType, EventType, PointType, PropertyType

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from twin.ontology.model import Deprecation

__all__ = ["Member", "Words", "deprecation_changes", "member_changes", "section_of"]

Member: TypeAlias = PointType | PropertyType | CommandType | EventType


def section_of(member: Member) -> str:
    """Under which key of its type it is written."""
    match member:
        case PointType():
            return member.section
        case PropertyType():
            return "properties"
        case CommandType():
            return "commands"
        case EventType():
            return "events"


def member_changes(old: Member, new: Member, told: Container[Words]) -> Iterator[Change]:
    """Each change; ``told`` holds changes of lists of words that are reported of an enum, and so not here."""
    if section_of(old) != section_of(new):
        said = f"moved from '{section_of(old)}' to '{section_of(new)}'"
        yield Change("major", said, "it is read and set in another place")
        return
    if isinstance(old, PointType) and isinstance(new, PointType):
        yield from value_changes(old, new, told)
        yield from _point(old, new)
    elif isinstance(old, PropertyType) and isinstance(new, PropertyType):
        yield from value_changes(old, new, told)
        yield from _property(old, new)
    elif isinstance(old, CommandType) and isinstance(new, CommandType):
        yield from _command(old, new, told)
    elif isinstance(old, EventType) and isinstance(new, EventType):
        yield from field_changes("field", old.fields, new.fields, told)
    yield from deprecation_changes(getattr(old, "deprecated", None), getattr(new, "deprecated", None))
    yield from wording_changes(old, new)


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
    yield from _optional(old, new)
    yield from _told(old, new)
    yield from _private(old, new)
    if type_name(old) == type_name(new):
        yield from _step(old, new)
        yield from default_changes(old.default, new.default)


def _optional(old: PointType | CommandType, new: PointType | CommandType) -> Iterator[Change]:
    if old.optional != new.optional:
        if new.optional:
            yield Change("major", "made optional", "entities that do not name it in 'has' lose it")
        else:
            yield Change("minor", "made no longer optional", "entities have it unless they name it in 'lacks'")


def _told(old: PointType, new: PointType) -> Iterator[Change]:
    """How its readings are told and kept."""
    if new.accumulates and not old.accumulates:
        yield Change("minor", "accumulates now", "its increase counts, and its average no more")
    elif old.accumulates and not new.accumulates:
        yield Change("major", "accumulates no more", "what counts its increase goes wrong")
    if old.deadband != new.deadband:
        said = f"deadband changed from {_amount(old.deadband)} to {_amount(new.deadband)}"
        yield Change("minor", said, "other changes of it are announced")
    if old.retention != new.retention:
        shorter = new.retention is not None and (old.retention is None or new.retention < old.retention)
        said = f"retention changed from {_interval(old.retention)} to {_interval(new.retention)}"
        reason = "what is older is dropped" if shorter else "its history is kept for longer"
        yield Change("major" if shorter else "minor", said, reason)


def _private(old: PointType | PropertyType, new: PointType | PropertyType) -> Iterator[Change]:
    if new.private and not old.private:
        yield Change("major", "made private", "who may not read what is private no longer finds it")
    elif old.private and not new.private:
        yield Change("major", "made no longer private", "everybody who may read the rest sees it")


def _step(old: PointType, new: PointType) -> Iterator[Change]:
    if old.step == new.step:
        return
    said = f"step changed from {_amount(old.step)} to {_amount(new.step)}"
    finer = new.step is None or (old.step is not None and Fraction(str(old.step)) % Fraction(str(new.step)) == 0)
    if finer:
        yield Change("minor", said, "values that were refused are allowed")
    else:
        yield Change("major", said, "values that were allowed are refused")


def _interval(seconds: float | None) -> str:
    return "none" if seconds is None else f"{seconds:.15g} s"


def _amount(number: float | None) -> str:
    return "none" if number is None else f"{number:.15g}"


def _property(old: PropertyType, new: PropertyType) -> Iterator[Change]:
    needed, needed_now = (each.required and each.default is None for each in (old, new))
    if needed_now and not needed:
        yield Change("major", "made required", "entities without it are refused")
    elif needed and not needed_now:
        yield Change("minor", "made no longer required", "entities may be without it")
    yield from _private(old, new)
    if old.value == new.value:
        yield from default_changes(old.default, new.default)


def _command(old: CommandType, new: CommandType, told: Container[Words]) -> Iterator[Change]:
    yield from _optional(old, new)
    yield from field_changes("argument", old.arguments, new.arguments, told, given=True)
    yield from field_changes("result", old.result, new.result, told)
    if old.timeout != new.timeout:
        said = f"timeout changed from {_interval(old.timeout)} to {_interval(new.timeout)}"
        yield Change("minor", said, "it counts as unanswered at another age")


def deprecation_changes(old: Deprecation | None, new: Deprecation | None) -> Iterator[Change]:
    """What became of the announcement that something goes."""
    if new is None:
        if old is not None:
            yield Change("patch", "no longer deprecated", "it stays")
    elif old is None:
        yield Change("minor", "deprecated", f"use {new.use} instead" if new.use else "it goes in a later version")
    elif (old.use, old.since, old.remove) != (new.use, new.since, new.remove):
        yield Change("patch", "deprecation changed", "it was on its way out already")
