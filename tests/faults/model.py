"""A graph as plain dictionaries, by rules written a second time: what stores and mirrors are held against.

Nothing here is indexed, and nothing is shared with the code under test but the entries that are committed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twin.graph.model import Create, Delete, Link, Move, Recast, Unlink, Update

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.graph.mirror import Mirror
    from twin.graph.model import Entry
    from twin.graph.readings import Reading

Row = dict[str, Any]
_INSIDE = {"site": {"space", "device", "gateway", "view"}, "space": {"space", "device"}, "device": {"device"}}
_BROADER = {
    "t/Hall": ("t/Room", "t/Space"),
    "t/Room": ("t/Space",),
    "t/Sensor": ("t/Device",),
    "t/Meter": ("t/Device",),
}
FIELDS = ("id", "kind", "type", "key", "site", "parent", "title", "declared", "rule", "points", "serial", "revision")


class Refused(Exception):
    """The entries cannot stand on one another, or on what there is."""


@dataclass
class Model:
    """Everything there is: rows by id, relations, and the readings of points."""

    rows: dict[str, Row] = field(default_factory=dict)
    links: set[tuple[str, str, str]] = field(default_factory=set)
    states: dict[tuple[str, str], Reading] = field(default_factory=dict)

    def after(self, entries: Iterable[Entry]) -> Model:
        """What it is once these are done; `Refused` if they cannot be."""
        made = Model({each: dict(row) for each, row in self.rows.items()}, set(self.links), dict(self.states))
        for entry in entries:
            made._take(entry)
        return made

    def path(self, row_id: str) -> str:
        row = self.rows[row_id]
        return row["key"] if row["parent"] is None else f"{self.path(row['parent'])}/{row['key']}"

    def below(self, row_id: str) -> set[str]:
        """Everything inside, at any depth."""
        near = {each for each, row in self.rows.items() if row["parent"] == row_id}
        return near.union(*(self.below(each) for each in near))

    def included(self) -> set[tuple[str, str]]:
        """(view, member) by rule and not by list; the rules are those that `rule_text` writes."""
        return {
            (view, each)
            for view, asking in self.rows.items()
            if asking["kind"] == "view" and asking["rule"] is not None
            for each, row in self.rows.items()
            if row["site"] == asking["site"] and row["kind"] in {"space", "device"} and self._fits(asking["rule"], each)
            if (view, each, "INCLUDES") not in self.links
        }

    def _fits(self, rule: str, each: str) -> bool:
        row = self.rows[each]
        if " or " in rule:
            return any(self._fits(part, each) for part in rule.split(" or "))
        if rule.startswith("not "):
            return not self._fits(rule.removeprefix("not "), each)
        if rule.startswith("level == "):
            return bool(row["declared"].get("properties.level") == int(rule.removeprefix("level == ")))
        if rule.startswith("within "):
            return self.path(each).startswith(f"{self.path(row['site'])}{rule[8:-1]}/")
        return f"t/{rule.removeprefix('type is ')}" in {row["type"], *_BROADER[row["type"]]}

    def _take(self, entry: Entry) -> None:
        match entry:
            case Create(entity):
                row = {name: getattr(entity, name) for name in FIELDS}
                _need(entity.id not in self.rows)
                self._place(row)
                self.rows[entity.id] = row
                _need(self._unique(row) and entity.path == self.path(entity.id))
            case Update():
                row = self._row(entry.id, entry.expected)
                changed = {name: value for name, value in entry.fields.items() if row.get(name) != value}
                row.update(changed)
                row["revision"] += bool(changed)
                _need(self._unique(row))
            case Move():
                row = self._row(entry.id, entry.expected)
                _need(entry.parent in self.rows and entry.parent not in {entry.id, *self.below(entry.id)})
                _need(row["parent"] is not None)
                row.update(parent=entry.parent, key=entry.key, revision=row["revision"] + 1)
                self._place(row)
                _need(self._unique(row))
            case Delete():
                self._row(entry.id, entry.expected)
                _need(not self.below(entry.id))
                del self.rows[entry.id]
                self.links = {each for each in self.links if entry.id not in each[:2]}
                self.states = {point: said for point, said in self.states.items() if point[0] != entry.id}
            case Link(relation):
                _need(relation.key not in self.links and {relation.source, relation.target} <= self.rows.keys())
                _need(self.rows[relation.source]["site"] == self.rows[relation.target]["site"])
                self.links.add(relation.key)
            case Unlink():
                _need((entry.source, entry.target, entry.type) in self.links)
                self.links.remove((entry.source, entry.target, entry.type))
            case Recast():
                self._row(entry.id, None)

    def _row(self, row_id: str, expected: int | None) -> Row:
        _need(row_id in self.rows and expected in {None, self.rows[row_id]["revision"]})
        return self.rows[row_id]

    def _place(self, row: Row) -> None:
        if row["parent"] is None:
            _need(row["kind"] == "site")
            return
        _need(row["parent"] in self.rows)
        parent = self.rows[row["parent"]]
        _need(row["kind"] in _INSIDE.get(parent["kind"], set()) and row["site"] == parent["site"])

    def _unique(self, row: Row) -> bool:
        """Whether nobody else has its place or its serial."""
        others = [each for each in self.rows.values() if each["id"] != row["id"]]
        place, slot = (row["parent"], row["key"]), (row["site"], row["serial"])
        return all((each["parent"], each["key"]) != place for each in others) and (
            row["serial"] is None or all((each["site"], each["serial"]) != slot for each in others)
        )


def _need(condition: object) -> None:
    if not condition:
        raise Refused


def seen(model: Model) -> dict[str, Any]:
    """What a mirror must say of the same graph (`told`)."""
    return {
        "rows": model.rows,
        "paths": {model.path(each): each for each in model.rows},
        "links": model.links,
        "included": model.included(),
        "tree": {(row["parent"], each) for each, row in model.rows.items() if row["parent"] is not None},
        "below": {each: model.below(each) for each, row in model.rows.items() if row["parent"] is None},
    }


def told(mirror: Mirror) -> dict[str, Any]:
    """What a mirror says, by its indexes as well as by its graph."""
    edges = [(*edge[:3], edge[3]) for edge in mirror.graph.edges(keys=True, data=True)]
    return {
        "rows": {each.id: {name: getattr(each, name) for name in FIELDS} for each in mirror.entities.values()},
        "paths": {path: found.id for path in _paths(mirror) if (found := mirror.by_path(path)) is not None},
        "links": {each.key for each in mirror.relations()},
        "included": {(one, other) for one, other, key, data in edges if key == "INCLUDES" and "rule" in data},
        "tree": {(one, other) for one, other, key, _ in edges if key == "CONTAINS"},
        "below": {site: set(mirror.intervals(site).order) - {site} for site in mirror.sites},
    }


def _paths(mirror: Mirror) -> list[str]:
    return [each.path for each in mirror.entities.values()]
