"""The fields of one entity that exists, against those that a topology asks for.

Some the topology alone decides (`_DECIDED`); the others belong to who set them last (`twin.topology.plan.ownership`).
What it has never given, and no type has taken away, is left as it is.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from twin.topology.plan.ownership import ABSENT, DESIRED, PROPERTIES, given_as, given_by, held_of, rule
from twin.topology.plan.steps import FieldChange

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from twin.graph.model import Computed, Entity
    from twin.topology.desired import DesiredEntity
    from twin.topology.plan.beside import Beside
    from twin.topology.plan.ownership import Ruling, Take

__all__ = ["Fields", "described", "is_as_wanted", "new_fields"]

_UNSEEN = frozenset({"declared", "hidden"})
"""How the twin keeps its books: changed, and not shown."""
_OTHER = object()
"""Is equal to nothing that is given."""

Sources = dict[str, tuple[str, str]]


def new_fields(wanted: DesiredEntity) -> dict[str, Any]:
    """What a new entity begins with: the ontology's defaults, and what the topology says."""
    return {
        "type": wanted.type,
        "title": dict(wanted.title),
        "properties": {**wanted.property_defaults, **wanted.properties},
        "points": wanted.points,
        "commands": wanted.commands,
        "computed": dict(wanted.computed),
        "rule": wanted.rule,
        "desired": {**wanted.defaults, **wanted.desired},
        "roles": dict(wanted.roles),
        "serial": wanted.serial,
        "declared": given_by(wanted),
    }


def is_as_wanted(held: Entity, wanted: DesiredEntity, sources: Sources) -> bool:
    """Whether nothing at all differs: true of nearly every entity of nearly every plan, so it is asked first."""
    return (
        held.type == wanted.type
        and held.points == wanted.points
        and held.commands == wanted.commands
        and held.sources == sources
        and held.computed == wanted.computed
        and held.rule == wanted.rule
        and held.roles == wanted.roles
        and not held.hidden
        and len(held.declared) == len(wanted.given)
        and (not wanted.given or all(_is_as_given(held, wanted, name) for name in wanted.given))
    )


def _is_as_given(held: Entity, wanted: DesiredEntity, name: str) -> bool:
    """Whether a field is what the topology gives, and gave before."""
    given = given_as(wanted, name)
    return bool(given == held.declared.get(name, _OTHER) and given == held_of(held, name))


class Fields:
    """Compares entities of one plan. ``path_of`` gives the path that an id will have."""

    def __init__(self, take: Take | None, beside: Beside, path_of: Callable[[str], str]) -> None:
        self._take = take
        self._beside = beside
        self._path_of = path_of

    def rulings(self, held: Entity, wanted: DesiredEntity) -> list[Ruling]:
        """What becomes of each field that the topology gives, or gave before."""
        given, last = given_by(wanted), held.declared
        return [
            rule(
                name,
                held_of(held, name),
                last.get(name, ABSENT),
                given.get(name, ABSENT),
                self._take,
                self._default(wanted, name),
            )
            for name in dict.fromkeys((*given, *last))
            if name in given or self._may_have(held, wanted, name)
        ]

    def _default(self, wanted: DesiredEntity, name: str) -> Any:
        """What a field is where nobody says: the ontology's default, or `ABSENT`."""
        if name.startswith(DESIRED):
            key = name[len(DESIRED) :]
            point = self._beside.point_of(wanted.type, key)
            return wanted.defaults.get(key, point.default if point is not None else ABSENT)
        if name.startswith(PROPERTIES):
            key = name[len(PROPERTIES) :]
            known = self._beside.property_of(wanted.type, key)
            return wanted.property_defaults.get(key, known.default if known is not None else ABSENT)
        return ABSENT

    def _may_have(self, held: Entity, wanted: DesiredEntity, name: str) -> bool:
        """Whether an entity still has the place for a field that it was given before."""
        if name.startswith(DESIRED):
            return name[len(DESIRED) :] in wanted.points
        of_type = name.removeprefix(PROPERTIES)
        return of_type == name or held.type == wanted.type or not self._beside.lacks_property(wanted.type, of_type)

    def differences(
        self, held: Entity, wanted: DesiredEntity, sources: Sources, rulings: list[Ruling]
    ) -> list[FieldChange]:
        """Every field that changes, as it is kept with the entity."""
        after: dict[str, Any] = {
            "type": wanted.type,
            "points": wanted.points,
            "commands": wanted.commands,
            "sources": sources,
            "computed": dict(wanted.computed),
            "rule": wanted.rule,
            "roles": dict(wanted.roles),
            "properties": self._properties(held, wanted),
            "desired": _desired(held, wanted),
            "declared": given_by(wanted),
            "hidden": False,
        }
        for ruling in rulings:
            _settle(after, ruling)
        if any(ruling.verdict == "conflict" for ruling in rulings):
            after["declared"] = held.declared  # until somebody has said whose it is, nothing is forgotten
        return [
            FieldChange(name, getattr(held, name), value)
            for name, value in after.items()
            if getattr(held, name) != value
        ]

    def _properties(self, held: Entity, wanted: DesiredEntity) -> dict[str, Any]:
        """As they are; of another type, without what that does not have, and with what it has by default."""
        if held.type == wanted.type:
            return dict(held.properties)
        lacks = self._beside.lacks_property
        kept = {name: value for name, value in held.properties.items() if not lacks(wanted.type, name)}
        return {**wanted.property_defaults, **kept}

    def itemised(self, changes: list[FieldChange], wanted: DesiredEntity) -> tuple[FieldChange, ...]:
        """The changes that people are shown: maps entry by entry, with paths for ids, and units."""
        shown: list[FieldChange] = []
        for change in changes:
            if change.name in _UNSEEN:
                continue
            one_by_one = self._entries(change, wanted.type)
            if one_by_one is None:
                shown.append(change)
                continue
            before, after, units = one_by_one
            shown += [
                FieldChange(name, before.get(name), after.get(name), units.get(name))
                for name in sorted(before.keys() | after.keys())
                if before.get(name) != after.get(name)
            ]
        return tuple(shown)

    def _entries(
        self, change: FieldChange, type_name: str
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, str | None]] | None:
        """A map before and after, by the names that people see, with units; None: the field is no map."""
        before, after = change.before, change.after
        names = [] if change.name == "title" or not isinstance(before, dict) else [*before, *after]
        match change.name:
            case "properties":
                return before, after, {name: self._unit(PROPERTIES + name, type_name) for name in names}
            case "desired":
                return before, after, {name: self._unit(DESIRED + name, type_name) for name in names}
            case "sources":
                return self._followed(before), self._followed(after), {}
            case "computed":
                return _worked_out(before), _worked_out(after), {}
            case "roles":
                return _under("roles", before), _under("roles", after), {}
            case _:
                return None

    def _followed(self, sources: Sources) -> dict[str, str]:
        """``temperature from`` -> ``flat/kitchen/climate.temperature``."""
        return {f"{point} from": f"{self._path_of(source)}.{other}" for point, (source, other) in sources.items()}

    def _unit(self, name: str, type_name: str) -> str | None:
        """The unit of a field; None where it has none."""
        if name.startswith(DESIRED):
            point = self._beside.point_of(type_name, name[len(DESIRED) :])
            return point.unit if point is not None else None
        fact = self._beside.property_of(type_name, name.removeprefix(PROPERTIES))
        return fact.unit if fact is not None else None

    def summary(self, wanted: DesiredEntity) -> str:
        """A new entity in a few words: ``Floor, level 7``."""
        facts = ""
        for name, value in wanted.properties.items():
            unit = self._unit(PROPERTIES + name, wanted.type)
            facts += f", {name} {value} {unit}" if unit else f", {name} {value}"
        return wanted.type.rpartition("/")[2] + facts

    def shown(self, ruling: Ruling, wanted: DesiredEntity) -> FieldChange:
        """A field that is kept or in conflict, as people see it."""
        name = ruling.name.removeprefix(DESIRED).removeprefix(PROPERTIES)
        return FieldChange(name, ruling.live, ruling.given, self._unit(ruling.name, wanted.type))

    def changed_by(self, held: Entity) -> str:
        """Who changed an entity last, and when."""
        if not held.updated_by:
            return ""
        on = datetime.fromtimestamp(held.updated / 1_000_000, UTC)
        return f"(last changed by {self._beside.names(held.updated_by)}, {on.day} {on:%b %Y})"


def _desired(held: Entity, wanted: DesiredEntity) -> dict[str, Any]:
    """What is wished of its points: nothing of those it has no more, the default of those it has only now."""
    kept = {name: value for name, value in held.desired.items() if name in wanted.points}
    gained = {name: value for name, value in wanted.defaults.items() if name not in held.points}
    return {**gained, **kept}


def _settle(after: dict[str, Any], ruling: Ruling) -> None:
    """Enter what becomes of a field where it belongs."""
    if ruling.name == "title":
        after["title"] = ruling.after or {}
    elif ruling.name == "serial":
        after["serial"] = ruling.after
    else:
        field, name = ("desired", DESIRED) if ruling.name.startswith(DESIRED) else ("properties", PROPERTIES)
        key = ruling.name[len(name) :]
        if ruling.after is ABSENT:
            after[field].pop(key, None)
        else:
            after[field][key] = ruling.after


def described(computed: Computed) -> str:
    """``sum of active_power where type is PowerMeter``."""
    where = f" where {computed.rule}" if computed.rule is not None else ""
    return f"{computed.function} of {computed.of}{where}"


def _worked_out(computed: Mapping[str, Computed]) -> dict[str, str]:
    return {f"{name} computed": described(one) for name, one in computed.items()}


def _under(field: str, entries: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{field}.{name}": value for name, value in entries.items()}
