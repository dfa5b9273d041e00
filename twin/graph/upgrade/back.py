"""The way back: a site as it was before its upgrade, except what users have changed since.

What nobody has touched gets its very value of before. What a user has changed since keeps the user's value, under the
name and in the unit of before; it is told, and so is what the older version has no place for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from twin.graph.model import Entry, Recast, Sent, Update, apply_update
from twin.graph.readings import recast_value
from twin.units import affine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from twin.graph.model import Entity
    from twin.graph.upgrade.entities import Shift
    from twin.graph.upgrade.sites import SiteUpgrade
    from twin.ontology.model import EntityType, Ontology

__all__ = ["Return", "way_back"]


class Return(msgspec.Struct, frozen=True):
    """What to commit to bring a site back, and what there is to be told."""

    entries: tuple[Entry, ...]
    kept: tuple[str, ...]
    """What users have changed since, and keep."""
    lost: tuple[str, ...]
    """What cannot come back, or has no place any more."""
    problems: tuple[str, ...]
    """Why the site cannot go back at all; empty where it can."""


def way_back(upgrade: SiteUpgrade, entities: Sequence[Entity], before: Ontology) -> Return:
    """The way back from an upgrade, for a site as it is now. ``before`` is the ontology that it comes back to."""
    live = {entity.id: entity for entity in entities}
    shifts = {each.id: each for each in upgrade.shifts}
    kept: list[str] = []
    lost = [f"{path} was deleted with its type" for _, path in upgrade.deletes]
    updates: list[Entry] = []
    recasts: list[Entry] = []
    problems: list[str] = []
    examples = {each.after.get("type"): each for each in upgrade.shifts}
    for entity in live.values():
        shift = shifts.get(entity.id)
        if shift is None:
            problems += _unfit(entity, before, examples)
        else:
            undone = _Undone(entity, shift, before)
            fields = undone.fields()
            problems += undone.problems
            kept += undone.kept
            lost += undone.lost
            if entity.id == upgrade.site_id:
                fields |= _made(entity, upgrade)
            updates.append(Update(id=entity.id, fields=fields))
            recasts += _recasts(shift)
    if upgrade.site_id not in shifts and upgrade.site_id in live:
        updates.append(Update(id=upgrade.site_id, fields=_made(live[upgrade.site_id], upgrade)))
    lost += [f"{each.path} is there no more" for each in upgrade.shifts if each.id not in live]
    return Return((*updates, *recasts), tuple(kept), tuple(lost), tuple(problems))


def _made(site: Entity, upgrade: SiteUpgrade) -> dict[str, Any]:
    """The older versions; what else the site was made of since stays as it is."""
    if upgrade.made is None or site.made is None:
        return {}
    versions = {name: before for name, (before, _) in upgrade.versions.items()}
    return {"made": msgspec.structs.replace(site.made, ontologies={**site.made.ontologies, **versions})}


def _unfit(entity: Entity, before: Ontology, examples: Mapping[Any, Shift]) -> list[str]:
    """Why something that came since, or that the upgrade did not change, cannot be of the older version."""
    type_ = before.types.get(entity.type)
    known = set() if type_ is None else {*type_.points}
    if type_ is not None and known.issuperset(entity.points) and entity.type not in examples:
        return []
    return [f"{entity.path} came after the upgrade and is of {entity.type} as it is now: delete it first"]


def _recasts(shift: Shift) -> list[Entry]:
    """The readings under their names of before; of two that became one, the first gets it back."""
    found: dict[str, Recast] = {}
    for each in shift.recasts:
        units = shift.units.get(each.point)
        factor, offset = (1.0, 0.0) if units is None else affine(units[1], units[0])
        whole = each.whole if units is None else each.point in shift.whole
        back = Recast(id=each.id, point=each.to, to=each.point, factor=factor, offset=offset, whole=whole)
        found.setdefault(each.to, back)
    return list(found.values())


class _Undone:
    """One entity on its way back."""

    def __init__(self, live: Entity, shift: Shift, before: Ontology) -> None:
        self.live = live
        self.shift = shift
        self.was = _with(live, shift.before)
        self.became = _with(live, shift.after)
        self.type: EntityType | None = before.types.get(self.was.type)
        self.names = {**shift.points, **shift.properties}
        self.kept: list[str] = []
        self.lost: list[str] = []
        self.problems: list[str] = []
        if live.type != self.became.type:
            self.problems.append(f"{live.path} has become {live.type} since: it was {self.became.type}")

    def fields(self) -> dict[str, Any]:
        """The update's fields."""
        fields: dict[str, Any] = {}
        for name in self.shift.before:
            was, became, now = (getattr(each, name) for each in (self.was, self.became, self.live))
            if now == became:
                fields[name] = was
            elif isinstance(now, dict):
                fields[name] = self._merged(name, was, became, now)
            elif isinstance(now, tuple):
                fields[name] = self._members(was, became, now)
            elif name != "type":
                self.kept.append(f"{self.live.path}: {name} stays as it was changed since")
        sends = self._sends(fields.get("sends", self.live.sends))
        return fields | ({"sends": sends} if sends != self.live.sends else {})

    def _merged(
        self, field: str, was: Mapping[str, Any], became: Mapping[str, Any], now: Mapping[str, Any]
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        forward = {name: self._forward(field, name) for name in was}
        for name, new in forward.items():
            if new not in became or (new in now and now[new] == became[new]):
                found[name] = was[name]
            elif new in now:
                found[name] = self._converted(name, now[new])
                self._keep(field, name, found[name])
        taken = set(forward.values())
        for new, value in now.items():
            if new in taken or became.get(new) == value:
                continue
            name = self._backward(field, new)
            if self._has_place(field, name):
                found[name] = self._converted(name, value)
                self._keep(field, name, found[name])
            else:
                self.lost.append(f"{self.live.path}: {new} = {value}, which there was no place for before")
        return found

    def _keep(self, field: str, name: str, value: Any) -> None:
        if field not in {"declared", "sends"}:
            self.kept.append(f"{self.live.path}: {name} stays {value}, as set since")

    def _members(self, was: tuple[str, ...], became: tuple[str, ...], now: tuple[str, ...]) -> tuple[str, ...]:
        """Points or commands: those of before that are still there, and what came since and had a place before."""
        gone = {name for name in was if self.names.get(name, name) in became and self.names.get(name, name) not in now}
        back = {new: old for old, new in self.names.items()}
        come = [back.get(name, name) for name in now if name not in became]
        known = (
            [] if self.type is None else [name for name in come if name in {**self.type.points, **self.type.commands}]
        )
        return tuple(name for name in dict.fromkeys((*was, *known)) if name not in gone)

    def _forward(self, field: str, name: str) -> str:
        """The name of now for a key of a field; a name that nothing has where it is gone."""
        place, dot, member = name.rpartition(".") if field == "declared" else ("", "", name)
        if field in {"roles", "sends"} or (field == "declared" and not dot):
            return name
        return f"{place}{dot}{self.names.get(member, member)}"

    def _backward(self, field: str, name: str) -> str:
        place, dot, member = name.rpartition(".") if field == "declared" else ("", "", name)
        back = {new: old for old, new in self.names.items()}
        return name if field in {"roles", "sends"} else f"{place}{dot}{back.get(member, member)}"

    def _has_place(self, field: str, name: str) -> bool:
        known = self.type
        if known is None or field in {"roles", "sends", "declared"}:
            return True
        return name in (known.properties if field == "properties" else known.points)

    def _converted(self, name: str, value: Any) -> Any:
        """A value of now in the unit of before."""
        name = name.rpartition(".")[2]
        units = self.shift.units.get(name)
        if units is None:
            return value
        factor, offset = affine(units[1], units[0])
        whole = name in self.shift.whole
        return recast_value(value, Recast(id="", point="", to="", factor=factor, offset=offset, whole=whole))

    def _sends(self, sends: Mapping[str, Sent]) -> dict[str, Sent]:
        """A device that has learnt the new names meanwhile is understood as well."""
        found = dict(sends)
        if self.live.kind in {"device", "gateway"} and self.type is not None:
            for old, new in self.shift.points.items():
                if new not in self.type.points:
                    units = self.shift.units.get(old)
                    found.setdefault(new, Sent(old, None if units is None else units[1]))
        return found


def _with(entity: Entity, fields: Mapping[str, Any]) -> Entity:
    """The entity with other fields, in the fields' own types."""
    return apply_update(entity, Update(id=entity.id, fields=dict(fields)), 0, "")
