"""What was changed of an entity: who, when, through which client, and from what to what; as far as the asker may see.

What is private now is not told of before, nor what other entities are at the other ends of relations unless they are to
be seen. Rights are those of today. A record of which nothing may be told is not there: pages are filled with others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from api import cursors
from api.slices import Slice, page_size
from twin.access.privacy import is_private
from twin.errors import Conflict, InvalidValue
from twin.graph.model import Create, Link, Move, Recast, Unlink, Update

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from api.questions import Question
    from twin.graph.model import Change, Entity, Entry

__all__ = ["Altered", "Line", "Record", "What", "log"]

What = Literal["create", "update", "move", "link", "unlink", "recast"]

_CHUNK = 50
_FARTHEST = 500
"""So many records before a page are looked at for what a field was before."""
_PLAIN = frozenset({"title", "serial", "rule", "key", "commands"})
_TOLD = ("type", "key", "parent", "title", "serial", "rule", "properties", "desired")
"""What is told of a new entity."""


class Altered(msgspec.Struct, frozen=True):
    """A field that was set: ``title``, ``properties.area``, ``desired.setpoint``."""

    name: str
    before: Any
    """None where there was nothing, or it is not known any more."""
    after: Any


class Line(msgspec.Struct, frozen=True):
    """One thing that a record did to the entity."""

    what: What
    fields: list[Altered] = []
    relation: str | None = None
    direction: Literal["OUT", "IN"] | None = None
    other: Any = None
    """The entity at the relation's other end."""


class Record(msgspec.Struct, frozen=True):
    """One record of the log, as far as it is about the entity."""

    at: int
    by: str
    via: str
    summary: str
    lines: list[Line]


async def log(question: Question, entity: Entity, first: int | None, after: str | None) -> Slice:
    """A page of what was changed of an entity, the newest first. It costs what the log says of the entity."""
    size, before = page_size(first), _place(question, after)
    reader = _Reader(question, entity)
    found: list[tuple[int, Record]] = []
    async for sequence, record in reader.records(before):
        found.append((sequence, record))
        if len(found) > size:
            break
    annals = question.engine.annals
    names = await annals.authors(record.by for _, record in found[:size])
    items: list[tuple[str, object]] = [
        (annals.cursor(sequence), msgspec.structs.replace(record, by=names[record.by]))
        for sequence, record in found[:size]
    ]
    return Slice(items, len(found) > size, before is not None, lambda: len(found))


def _place(question: Question, after: str | None) -> int | None:
    if after is None:
        return None
    try:
        return question.engine.annals.sequence(after)
    except (InvalidValue, Conflict) as error:
        raise cursors.invalid() from error


class _Reader:
    """Reads the log of one entity backwards, as far ahead as it takes to know what fields were before."""

    def __init__(self, question: Question, entity: Entity) -> None:
        self._question = question
        self._entity = entity
        self._telling = _Telling(question, entity)
        self._read: list[Change] = []
        self._ended = False

    async def records(self, before: int | None) -> AsyncIterator[tuple[int, Record]]:
        """The records of which something may be told, with their sequences."""
        at = 0
        await self._more(before)
        while at < len(self._read) or not self._ended:
            if at == len(self._read):
                await self._more(self._read[-1].sequence)
                continue
            change = self._read[at]
            lines = [line async for line in self._lines(at)]
            if lines:
                yield change.sequence, self._record(change, lines)
            at += 1

    async def _more(self, before: int | None) -> None:
        found = await self._question.engine.annals.of(self._entity.id, before, _CHUNK)
        self._ended = len(found) < _CHUNK
        self._read += found

    def _record(self, change: Change, lines: list[Line]) -> Record:
        made = change.changeset
        told = made.summary if self._question.sites is None or self._about(made.site) else ""
        return Record(made.at, made.actor.name, made.actor.via, told, lines)

    def _about(self, site: str | None) -> bool:
        """Whether a change was about the entity's site alone, and all of that may be seen: its summary may name it."""
        found = self._question.site(self._entity)
        return found is not None and found.id == site and self._question.rights.may("read", found, wholly=True)

    async def _lines(self, at: int) -> AsyncIterator[Line]:
        """What a record did, as far as it may be told."""
        entries = self._read[at].changeset.entries
        for place, entry in enumerate(entries):
            if isinstance(entry, Link):
                relation = entry.relation
                found = self._tied("link", relation.type, relation.source, relation.target)
            elif isinstance(entry, Unlink):
                found = self._tied("unlink", entry.type, entry.source, entry.target)
            elif isinstance(entry, Recast):
                open_ = self._telling.point(entry.point) and self._telling.point(entry.to)
                found = Line("recast", [Altered("point", entry.point, entry.to)]) if open_ else None
            else:
                found = await self._set(entry, at, entries[:place])
            if found is not None:
                yield found

    async def _set(self, entry: Entry, at: int, earlier: tuple[Entry, ...]) -> Line | None:
        """What an entry made of fields."""
        fields: list[Altered] = []
        for name, after in _given(entry).items():
            known, before = (True, None) if isinstance(entry, Create) else await self._before(name, at, earlier)
            one, other = (self._telling.field(name, value) for value in (before, after))
            fields += [
                Altered(each, one.get(each), other.get(each))
                for each in sorted(one.keys() | other.keys())
                if not known or one.get(each) != other.get(each)
            ]
        what: What = "create" if isinstance(entry, Create) else "move" if isinstance(entry, Move) else "update"
        return Line(what, fields) if fields or what != "update" else None

    async def _before(self, name: str, at: int, earlier: tuple[Entry, ...]) -> tuple[bool, Any]:
        """Whether it is known what a field was before an entry, and what it was."""
        found, value = _set_by(earlier, name)
        older = at + 1
        while not found:
            for change in self._read[older:]:
                found, value = _set_by(change.changeset.entries, name)
                if found:
                    break
            older = len(self._read)
            if not found:
                if self._ended or older - at > _FARTHEST:
                    return False, None
                await self._more(self._read[-1].sequence)
        return True, value

    def _tied(self, what: What, relation: str, source: str, target: str) -> Line | None:
        outwards = source == self._entity.id
        other = self._question.find(target if outwards else source)
        return None if other is None else Line(what, [], relation, "OUT" if outwards else "IN", other)


class _Telling:
    """What of the fields of an entity may be told to whoever asks."""

    def __init__(self, question: Question, entity: Entity) -> None:
        self._question = question
        self._properties = question.vocabulary.type_of(entity.type).properties
        self._private = question.reads_private(entity)
        self._points = {
            each.name
            for each in question.vocabulary.type_of(entity.type).points.values()
            if question.rights.follows(entity, each.name)
            and (self._private or not is_private(question.engine.mirror, question.vocabulary.ontology, entity, each))
        }

    def field(self, name: str, value: Any) -> dict[str, Any]:
        """A field, or those in it."""
        found: dict[str, Any] = {}
        if value is None:
            return found
        match name:
            case "properties":
                found = {f"properties.{key}": each for key, each in value.items() if self._property(key)}
            case "desired":
                found = {f"desired.{key}": each for key, each in value.items() if self.point(key)}
            case "points":
                found = {"points": [each for each in value if self.point(each)]}
            case "parent" if (parent := self._question.find(value)) is not None:
                found = {"parent": parent.id}
            case "type":
                found = {"type": value.rpartition("/")[2]}
            case _ if name in _PLAIN:
                found = {name: value}
        return found

    def point(self, name: str) -> bool:
        """Whether a point may be told of, whether or not the entity has it now."""
        return name in self._points

    def _property(self, name: str) -> bool:
        kind = self._properties.get(name)
        return self._private or (kind is not None and not kind.private)


def _given(entry: Entry) -> Mapping[str, Any]:
    """The fields that an entry sets."""
    match entry:
        case Create(entity):
            return {name: value for name in _TOLD if (value := getattr(entity, name))}
        case Update(fields=fields):
            return fields
        case Move():
            return {"key": entry.key, "parent": entry.parent}
        case _:
            return {}


def _set_by(entries: tuple[Entry, ...], name: str) -> tuple[bool, Any]:
    """Whether some entries set a field, and what the last of them made of it."""
    for entry in reversed(entries):
        if isinstance(entry, Create):
            return True, getattr(entry.entity, name)
        if name in (given := _given(entry)):
            return True, given[name]
    return False, None
