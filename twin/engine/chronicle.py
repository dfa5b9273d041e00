"""The log as people read it: who changed what, when, and through which client; things named as they were then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from twin.graph.model import Create, Delete, Link, Move, Recast, Unlink, Update

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from twin.graph.model import Change, Entity, Entry

__all__ = ["Line", "Logged", "read_log"]

What = Literal["create", "update", "move", "delete", "link", "unlink", "recast"]


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry of a ChangeSet."""

    what: What
    id: str
    """Of a relation, the id of what it begins at."""
    path: str
    """As it was right after; of what is deleted, right before."""
    type: str = ""
    fields: dict[str, Any] = {}
    """Of an update: what was set, and to what."""
    before: str = ""
    """Of a move: the path of before."""
    relation: str = ""
    target: str = ""
    """Of a relation: the path of what it ends at."""


class Logged(msgspec.Struct, frozen=True):
    """One record of the log."""

    sequence: int
    at: int
    """Microseconds since 1970 UTC."""
    by: str
    via: str
    summary: str
    lines: list[Line]
    """All, or those about what was asked for."""


def read_log(
    changes: Iterable[Change],
    base: Iterable[Entity] = (),
    *,
    names: Callable[[str], str] = str,
    ids: Collection[str] | None = None,
    path: str | None = None,
) -> Iterator[Logged]:
    """The log from where it begins, which ``base`` is the graph of. ``ids`` and ``path``: only what is about one of
    these, or about what was at the path or below it at the time. ``names`` gives the name of a client by its id.
    """
    places = _Places(base)
    for change in changes:
        made = change.changeset
        told = [(line, touched) for entry in made.entries for line, touched in places.take(entry)]
        lines = [line for line, touched in told if ids is None or _about(line, touched, ids, path)]
        if lines or (ids is None and not told):
            yield Logged(change.sequence, made.at, names(made.actor.name), made.actor.via, made.summary, lines)


def _about(line: Line, touched: tuple[str, ...], ids: Collection[str], path: str | None) -> bool:
    if any(each in ids for each in touched):
        return True
    return path is not None and any(
        place == path or place.startswith(f"{path}/") for place in (line.path, line.before, line.target)
    )


class _Places:
    """Where everything is, as far as the log was read."""

    def __init__(self, base: Iterable[Entity]) -> None:
        self._known: dict[str, tuple[str | None, str, str]] = {
            each.id: (each.parent, each.key, each.type) for each in base
        }

    def take(self, entry: Entry) -> Iterator[tuple[Line, tuple[str, ...]]]:
        """What an entry does, and the ids that it is about."""
        match entry:
            case Create(entity):
                self._known[entity.id] = entity.parent, entity.key, entity.type
                yield Line("create", entity.id, self._path(entity.id), entity.type), (entity.id,)
            case Update():
                if "type" in entry.fields:
                    self._known[entry.id] = (*self._known[entry.id][:2], entry.fields["type"])
                yield Line("update", entry.id, self._path(entry.id), fields=dict(entry.fields)), (entry.id,)
            case Move():
                before = self._path(entry.id)
                self._known[entry.id] = entry.parent, entry.key, self._known[entry.id][2]
                yield Line("move", entry.id, self._path(entry.id), before=before), (entry.id,)
            case Delete():
                path, type_ = self._path(entry.id), self._known.pop(entry.id, (None, "", ""))[2]
                yield Line("delete", entry.id, path, type_), (entry.id,)
            case Link(relation):
                yield self._line("link", relation.type, relation.source, relation.target)
            case Unlink():
                yield self._line("unlink", entry.type, entry.source, entry.target)
            case Recast():
                fields = {"point": entry.point, "to": entry.to}
                yield Line("recast", entry.id, self._path(entry.id), fields=fields), (entry.id,)

    def _line(self, what: What, relation: str, source: str, target: str) -> tuple[Line, tuple[str, ...]]:
        ends = self._path(source), self._path(target)
        return Line(what, source, ends[0], relation=relation, target=ends[1]), (source, target)

    def _path(self, id_: str) -> str:
        keys = []
        at: str | None = id_
        while at is not None:
            at, key, _ = self._known[at]
            keys.append(key)
        return "/".join(reversed(keys))
