"""One entity: what it is after the upgrade, what becomes of its readings, and how it was before.

Only what a step says changes. What users have set goes along: a value keeps its place and its meaning, under the new
name and in the new unit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from twin.graph.model import Computed, Recast, Sent
from twin.graph.readings import recast_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from twin.graph.model import Entity
    from twin.graph.upgrade.rules import RuleNames
    from twin.graph.upgrade.ways import Conversion, Way, Ways
    from twin.ontology.model import EntityType

__all__ = ["Shift", "converted", "shift"]

_SENDERS = frozenset({"device", "gateway"})
_OF_POINTS = frozenset({"desired", "computed", "sources", "status", "configuration"})


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """What an upgrade changes of one entity, and all that is needed to change it back."""

    id: str
    path: str
    before: dict[str, Any] = {}
    """The fields that change, as they were."""
    after: dict[str, Any] = {}
    """The same fields, as they shall be."""
    points: dict[str, str] = {}
    """Point of before -> its name of now, where that is another."""
    properties: dict[str, str] = {}
    units: dict[str, tuple[str, str]] = {}
    """Point or property of before -> the units from and to which its values are converted."""
    whole: tuple[str, ...] = ()
    """Points and properties of before that took whole numbers only."""
    recasts: tuple[Recast, ...] = ()
    removed: tuple[str, ...] = ()
    """Points and properties that are gone, by a step."""
    defaults: dict[str, Any] = {}
    """Properties and settings that got a value, having had none."""


def converted(value: Any, by: Conversion | None) -> Any:
    """A value in the unit of now."""
    if by is None:
        return value
    return recast_value(value, Recast(id="", point="", to="", factor=by.factor, offset=by.offset, whole=by.whole))


def shift(entity: Entity, way: Way, ways: Ways, names: RuleNames, others: Callable[[str], Way | None]) -> Shift:
    """What becomes of an entity whose type goes this way (to a type that exists); ``others`` gives the way of another
    entity of the site by its id.
    """
    fields, defaults = _after(entity, way, ways, names, others)
    changed = {name for name, value in fields.items() if value != getattr(entity, name)}
    removed = [name for name in entity.points if way.points.get(name, name) is None]
    removed += [name for name in entity.properties if way.properties.get(name, name) is None]
    members = (*entity.points, *entity.properties, *entity.desired)
    units = {name: by.units for name in members if (by := way.conversion(name)) is not None and by.units is not None}
    points, properties = way.before.points, way.before.properties
    whole = {name for name, each in points.items() if each.value == "integer"}
    whole |= {name for name, each in properties.items() if each.value == "integer"}
    return Shift(
        id=entity.id,
        path=entity.path,
        before={name: getattr(entity, name) for name in sorted(changed)},
        after={name: fields[name] for name in sorted(changed)},
        points={name: new for name in entity.points if (new := way.points.get(name)) not in {None, name}},
        properties={name: new for name in entity.properties if (new := way.properties.get(name)) not in {None, name}},
        units=units,
        whole=tuple(name for name in units if name in whole),
        recasts=_recasts(entity, way),
        removed=tuple(removed),
        defaults=defaults,
    )


def _after(
    entity: Entity, way: Way, ways: Ways, names: RuleNames, others: Callable[[str], Way | None]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of the entity afterwards, and which of them are defaults that it had no value for."""
    type_ = way.after
    if type_ is None:
        message = f"{entity.path} is of a type that is gone"
        raise AssertionError(message)
    points = _kept(entity.points, way.points, way.added_points(), type_.points)
    properties = _values(entity.properties, way.properties, way)
    desired = _values(entity.desired, way.points, way)
    defaults = _defaults(way, type_, points, properties, desired)
    fields = {
        "type": type_.name,
        "points": points,
        "commands": _kept(entity.commands, way.commands, way.added_commands(), type_.commands),
        "properties": properties,
        "desired": desired,
        "computed": {
            new: _computed(each, names)
            for name, each in entity.computed.items()
            if (new := way.points.get(name, name)) is not None
        },
        "sources": _sources(entity, way, others),
        "declared": _declared(entity.declared, way),
        "rule": None if entity.rule is None else names.renamed(entity.rule),
        "roles": {key: ways.role(role) or role for key, role in entity.roles.items()},
        "sends": _sends(entity, way),
    }
    return fields, defaults


def _defaults(
    way: Way, type_: EntityType, points: tuple[str, ...], properties: dict[str, Any], desired: dict[str, Any]
) -> dict[str, Any]:
    """Give values to what has none: as a step says, or where it is new, as the ontology does."""
    old, found = {*way.properties.values(), *way.points.values()}, dict[str, Any]()
    for name, each in type_.properties.items():
        value = way.defaults.get(name, each.default if each.required or name not in old else None)
        if name not in properties and value is not None:
            properties[name] = found[name] = value
    for name in points:
        point = type_.points[name]
        value = way.defaults.get(name, point.default if name not in old else None)
        if point.section == "configuration" and name not in desired and value is not None:
            desired[name] = found[name] = value
    return found


def _kept(
    had: tuple[str, ...], renamed: Mapping[str, str | None], added: list[str], order: Mapping[str, object]
) -> tuple[str, ...]:
    """Members by their new names, with those that every entity of the type has now, in the type's order."""
    now = {renamed.get(name, name) for name in had} | set(added)
    return tuple(name for name in order if name in now)


def _values(values: Mapping[str, Any], renamed: Mapping[str, str | None], way: Way) -> dict[str, Any]:
    return {
        new: converted(value, way.conversion(name))
        for name, value in values.items()
        if (new := renamed.get(name, name)) is not None
    }


def _computed(each: Computed, names: RuleNames) -> Computed:
    return each if each.rule is None else msgspec.structs.replace(each, rule=names.renamed(each.rule))


def _sources(entity: Entity, way: Way, others: Callable[[str], Way | None]) -> dict[str, tuple[str, str]]:
    """Points that follow a device's: both ends may have another name; what follows a device that goes ends with it."""
    found = {}
    for name, (source, point) in entity.sources.items():
        other = others(source)
        followed = None if other is None or other.after is None else other.points.get(point, point)
        new = way.points.get(name, name)
        if new is not None and followed is not None:
            found[new] = (source, followed)
    return found


def _declared(declared: Mapping[str, Any], way: Way) -> dict[str, Any]:
    """What the topology gave last, in the words of now: who has changed a value since stays plain."""
    found = {}
    for field, value in declared.items():
        place, dot, name = field.partition(".")
        renamed: Mapping[str, str | None] = {}
        if dot:
            renamed = way.properties if place == "properties" else way.points if place in _OF_POINTS else {}
        new = renamed.get(name, name)
        if new is not None:
            found[f"{place}{dot}{new}"] = converted(value, way.conversion(name)) if name in renamed else value
    return found


def _sends(entity: Entity, way: Way) -> dict[str, Sent]:
    """The names of before, in the units of before, for as long as the device uses them."""
    if entity.kind not in _SENDERS:
        return entity.sends
    found: dict[str, Sent] = {}
    for name, each in entity.sends.items():
        new = way.points.get(each.point, each.point)
        if new is not None:
            found[name] = Sent(new, each.unit or _unit_before(way, each.point))
    for name in entity.points:
        new, unit = way.points.get(name, name), _unit_before(way, name)
        if new is not None and name not in entity.sends and name not in entity.sources and (new != name or unit):
            found[name] = Sent(new, unit)
    return {name: each for name, each in found.items() if name != each.point or each.unit is not None}


def _unit_before(way: Way, name: str) -> str | None:
    by = way.conversion(name)
    return None if by is None or by.units is None else by.units[0]


def _recasts(entity: Entity, way: Way) -> tuple[Recast, ...]:
    """What becomes of its readings; those of a point that is gone are set aside, and come back with it."""
    found = []
    for name in entity.points:
        new, by = way.points.get(name, name), way.conversion(name)
        if name in entity.sources or name in entity.computed:
            continue  # it holds nothing of its own
        if new is None:
            found.append(Recast(id=entity.id, point=name, to=_set_aside(name)))
        elif new != name or by is not None:
            found.append(_recast(entity.id, name, new, by, way))
    return tuple(found)


def _recast(entity_id: str, name: str, new: str, by: Conversion | None, way: Way) -> Recast:
    if by is not None:
        return Recast(id=entity_id, point=name, to=new, factor=by.factor, offset=by.offset, whole=by.whole)
    old = way.before.points.get(name)
    return Recast(id=entity_id, point=name, to=new, whole=old is not None and old.value == "integer")


def _set_aside(name: str) -> str:
    """Under what name the reading of a point is kept that is gone: one that no point can have."""
    return f"{name}@"
