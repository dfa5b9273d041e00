"""Which entities a ChangeSet is about, and what of it is about one of them: how the log is read by entity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from twin.graph.model import Actor, Change, ChangeSet, Create, Entry, Link, Unlink

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["about", "change_about", "read_about"]


class _Read(msgspec.Struct, frozen=True):
    """A ChangeSet of which no entry has been read yet."""

    op_id: str
    actor: Actor
    at: int
    entries: tuple[msgspec.Raw, ...]
    summary: str = ""
    site: str | None = None


_decode = msgspec.json.Decoder(_Read).decode
_decode_entry = msgspec.json.Decoder(Entry).decode


def about(changeset: ChangeSet) -> set[str]:
    """The ids of what a ChangeSet creates, changes or deletes, and of both ends of its relations."""
    return {each for entry in changeset.entries for each in _ids(entry)}


def change_about(change: Change, entity: str) -> Change:
    """A record of the log, with the entries about one entity only; documents are about none."""
    entries = tuple(entry for entry in change.changeset.entries if entity in _ids(entry))
    return Change(change.sequence, msgspec.structs.replace(change.changeset, entries=entries, documents=()))


def read_about(rows: Iterable[tuple[int, str | bytes]], entity: str) -> list[Change]:
    """The same from (sequence, JSON): of thousands of entries only those that name the entity are looked at."""
    return [_read(sequence, body, entity) for sequence, body in rows]


def _read(sequence: int, body: str | bytes, entity: str) -> Change:
    read = _decode(body)
    name = entity.encode()
    named: list[Any] = [_decode_entry(raw) for raw in read.entries if name in bytes(raw)]
    changeset = ChangeSet(
        op_id=read.op_id,
        actor=read.actor,
        at=read.at,
        entries=tuple(entry for entry in named if entity in _ids(entry)),
        summary=read.summary,
        site=read.site,
    )
    return Change(sequence, changeset)


def _ids(entry: Entry) -> tuple[str, ...]:
    match entry:
        case Create(entity):
            return (entity.id,)
        case Link(relation):
            return relation.source, relation.target
        case Unlink():
            return entry.source, entry.target
        case _:
            return (entry.id,)
