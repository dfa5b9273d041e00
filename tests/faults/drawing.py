"""ChangeSets drawn by Hypothesis from what a model holds: mostly possible, and now and then not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
from msgspec.structs import replace

from tests.graphs import changeset, entity
from twin.graph.model import Create, Delete, Link, Move, Recast, Relation, Unlink, Update

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.model import Model
    from twin.graph.model import ChangeSet, Entry

_TYPES = {"space": ("t/Room", "t/Hall"), "device": ("t/Sensor", "t/Meter"), "gateway": ("t/Box",), "view": ("t/Group",)}
_POINTS = {"t/Sensor": ("warmth", "present"), "t/Meter": ("power",)}
_KEYS = ("a", "b", "c", "d")
_RULES = ("type is Sensor", "type is Room", "type is Device", "not type is Hall", "level == 1", "not level == 1")
_SERIALS = (None, None, "SN-1", "SN-2")


def building() -> ChangeSet:
    """Something to begin with: a site of two rooms, in one of them a device with a part, and a view of all sensors."""
    site = entity("site-1", "site")
    one, two = (entity(f"site-1/{key}", "space", site, type="t/Room") for key in "ab")
    meter = entity("site-1/a/a", "device", one, type="t/Meter", points=("power",))
    part = entity("site-1/a/a/a", "device", meter, type="t/Sensor", points=("warmth", "present"))
    view = entity("site-1/c", "view", site, type="t/Group", rule="type is Sensor")
    feeds = Link(Relation(type="feeds", source=meter.id, target=two.id))
    return changeset(*map(Create, (site, one, two, meter, part, view)), feeds)


class Drawing:
    """Entries about a model."""

    def __init__(self, data: st.DataObject, model: Model) -> None:
        self.model = model
        self.draw = data.draw

    def entry(self) -> Entry:
        """Something to do: mostly possible, if nobody else has done anything since, and nothing before it either."""
        makes: list[Callable[[], Entry]] = [
            *(self.creation, self.creation, self.update, self.move, self.move),
            *(self.deletion, self.link, self.unlink, self.recast, self.site),
        ]
        return self.draw(st.sampled_from(makes))() if self.model.rows else self.site()

    def any(self, *kinds: str) -> str:
        """Something of these kinds; where there is none, anything."""
        rows = self.model.rows
        found = sorted(each for each, row in rows.items() if not kinds or row["kind"] in kinds)
        return self.draw(st.sampled_from(found or sorted(rows)))

    def site(self) -> Create:
        return Create(entity(f"site-{self.draw(st.integers(1, 3))}", "site"))

    def creation(self) -> Create:
        draw, parent = self.draw, self.any("site", "space", "device")
        row = self.model.rows[parent]
        kinds = {"site": ("space", "device", "gateway", "view"), "space": ("space", "device")}
        kind = draw(st.sampled_from(kinds.get(row["kind"], ("device",))))
        type_ = draw(st.sampled_from(_TYPES[kind]))
        made = entity(
            f"{self.model.path(parent)}/{draw(st.sampled_from(_KEYS))}",
            kind,
            type=type_,
            points=_POINTS.get(type_, ()),
            declared={"properties.level": draw(st.integers(0, 2))},
            rule=self.rule(row["site"]) if kind == "view" else None,
            serial=draw(st.sampled_from(_SERIALS)) if kind == "device" else None,
        )
        return Create(replace(made, site=row["site"], parent=parent))

    def update(self) -> Update:
        draw, found = self.draw, self.any()
        row = self.model.rows[found]
        fields: dict[str, Any] = {"title": {"": draw(st.sampled_from(["A", "B"]))}}
        if row["kind"] in {"space", "device"} and draw(st.booleans()):
            fields["declared"] = {"properties.level": draw(st.integers(0, 2))}
            fields["type"] = draw(st.sampled_from(_TYPES[row["kind"]]))
        if row["kind"] == "view" and draw(st.booleans()):
            fields["rule"] = self.rule(row["site"])
        if row["kind"] == "device" and draw(st.booleans()):
            fields["serial"] = draw(st.sampled_from(_SERIALS))
        return Update(id=found, expected=self._revision(found), fields=fields)

    def move(self) -> Move:
        rows, moved = self.model.rows, self.any("space", "device", "view")
        parents = sorted(row["id"] for row in rows.values() if row["site"] == rows[moved]["site"])
        key = self.draw(st.sampled_from(_KEYS))
        return Move(id=moved, parent=self.draw(st.sampled_from(parents)), key=key, expected=self._revision(moved))

    def deletion(self) -> Delete:
        gone = self.any()
        return Delete(id=gone, expected=self._revision(gone))

    def link(self) -> Link:
        source, target = self.any("device", "view"), self.any("space", "device")
        name = "INCLUDES" if self.model.rows[source]["kind"] == "view" else "feeds"
        return Link(Relation(type=name, source=source, target=target))

    def unlink(self) -> Unlink:
        known = sorted(self.model.links) or [(self.any(), self.any(), "feeds")]
        source, target, name = self.draw(st.sampled_from(known))
        return Unlink(type=name, source=source, target=target)

    def recast(self) -> Recast:
        point, to = (self.draw(st.sampled_from(["warmth", "power"])) for _ in range(2))
        return Recast(id=self.any("device"), point=point, to=to, factor=self.draw(st.sampled_from([1.0, 2.0])))

    def rule(self, site: str) -> str | None:
        """What a view includes beside what is listed, if anything."""
        inside = [self.model.path(row["id"]) for row in self.model.rows.values() if row["site"] == site]
        places = [f'within "/{path.partition("/")[2]}"' for path in sorted(inside) if "/" in path]
        one = st.sampled_from([*_RULES, *places])
        return self.draw(st.none() | one | st.tuples(one, one).map(" or ".join))

    def _revision(self, row: str) -> int | None:
        right = self.model.rows[row]["revision"]
        return self.draw(st.sampled_from([None, right, right, right + 1]))
