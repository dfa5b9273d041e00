"""What configuration points shall be set to: do the points exist, and do the values fit them?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin.expressions import ExpressionError
from twin.source import did_you_mean
from twin.topology.offering import point_of
from twin.topology.parts import Fields, Items, Text
from twin.topology.spelling import report_expression
from twin.topology.values import fact, named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twin.errors import Place
    from twin.expressions import Result
    from twin.graph.model import Value as Fact
    from twin.ontology.model import EntityType, FieldType, PointType
    from twin.source import Diagnostics
    from twin.topology.parts import Body, Setting, Value

__all__ = ["Configuring", "setting", "settings_of"]

_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Configuring:
    """A configuration point, and what it shall be set to."""

    point: PointType
    setting: Setting


def settings_of(body: Body, found: EntityType, report: Diagnostics) -> Iterator[Configuring]:
    """What an entity says under ``configuration``, of points that its type has."""
    for key, value in body.settings:
        point = point_of(key, found, "configuration", report)
        if point is not None:
            yield Configuring(point, value)


def setting(one: Configuring, names: Mapping[str, Result], report: Diagnostics) -> Fact | None:
    """The value that a point shall have; None where it has none, or a wrong one, which has been reported."""
    value = _worked_out(one.setting.value, one.point, names, report)
    step = one.point.step
    if value is None or step is None or isinstance(value, str | bool | list | dict):
        return value
    steps = (value - (one.point.minimum or 0)) / step
    if abs(steps - round(steps)) <= _TOLERANCE * max(1, abs(steps)):
        return value
    below = (one.point.minimum or 0) + step * (steps // 1)
    message = f"'{one.point.name}' is {value:g}, between two steps of {step:g}"
    related = [(one.point.place, one.point.name)]
    help_ = f"the nearest are {below:g} and {below + step:g}"
    report.error("value.step", message, _place(one.setting.value), related=related, help=help_)
    return None


def _place(value: Value) -> Place:
    return value.scalar.place if isinstance(value, Text) else value.place


def _worked_out(
    value: Value, wanted: PointType | FieldType, names: Mapping[str, Result], report: Diagnostics
) -> Fact | None:
    if isinstance(value, Text) and wanted.value not in {"object", "list"}:
        try:
            return fact(value, wanted, names, report)
        except ExpressionError as error:
            report_expression(error, value.scalar, report)
            return None
    if isinstance(value, Items) and wanted.value == "list" and wanted.items is not None:
        return _listed(value, wanted.items, names, report)
    if isinstance(value, Fields) and wanted.value == "object":
        return _object(value, wanted, names, report)
    noun = {"object": "a map of its fields", "list": "a list"}.get(wanted.value, "a single value")
    found = "a single value" if isinstance(value, Text) else "a list" if isinstance(value, Items) else "a map"
    related = [(wanted.place, wanted.name or "an item")]
    report.error("value.type", f"{named(wanted)} must be {noun}, not {found}", _place(value), related=related)
    return None


def _listed(value: Items, wanted: FieldType, names: Mapping[str, Result], report: Diagnostics) -> list[Fact] | None:
    items = [_worked_out(item, wanted, names, report) for item in value.items]
    known = [item for item in items if item is not None]
    return known if len(known) == len(items) else None


def _object(
    value: Fields, wanted: PointType | FieldType, names: Mapping[str, Result], report: Diagnostics
) -> dict[str, Fact] | None:
    known = wanted.fields or {}
    before, made = len(report), dict[str, "Fact"]()
    for key, inner in value.fields:
        if key.text not in known:
            help_, suggestions = did_you_mean(key.text, known, "its fields")
            message = f"'{key.text}' is not a field of {named(wanted)}"
            related = [(wanted.place, wanted.name or "an item")]
            report.error("field.unknown", message, key.place, related=related, help=help_, suggestions=suggestions)
            continue
        found = _worked_out(inner, known[key.text], names, report)
        if found is not None:
            made[key.text] = found
    said = {key.text for key, _ in value.fields}
    for name, one in known.items():
        if name in said:
            continue
        if one.default is not None:
            made[name] = one.default
        elif not one.optional:
            message = f"{named(wanted)} must have the field '{name}'"
            report.error("field.missing", message, value.place, related=[(one.place, name)], help=f"add '{name}: …'")
    return made if len(report) == before else None
