"""What must hold of a point, a property or a field once everything inherited is filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.ontology.compile.specs import numeric
from twin.ontology.model import FieldType, PointType, PropertyType
from twin.units import compatible, dimension, of_dimension

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.ontology.compile.narrowing import Valued
    from twin.ontology.compile.scope import Scope
    from twin.ontology.compile.specs import Spec
    from twin.source import Diagnostics

__all__ = ["complete", "judge"]

_TYPES = "number, integer, boolean, string, timestamp, or the name of an enum"
_ALL_TYPES = "number, integer, boolean, string, timestamp, object, list, or the name of an enum"
_A = {"enum": "an enum", "object": "an object", "integer": "an integer"}


def complete(spec: Spec, base: Valued | None, report: Diagnostics) -> bool:
    """Whether it says, or inherits, what its values are, all the way down; reports ``key.missing``."""
    if base is None and spec.value is None:
        help_ = f"add 'type': {_TYPES if spec.root == 'property' else _ALL_TYPES}"
        report.error("key.missing", f"{spec.subject} lacks 'type'", spec.key.place, help=help_)
        return False
    fields = None if isinstance(base, PropertyType) or base is None else base.fields
    items = None if isinstance(base, PropertyType) or base is None else base.items
    if spec.value == "object" and not fields and not spec.fields:
        help_ = "say what it is made of: 'fields: { x: { type: number, unit: m } }'"
        report.error("key.missing", f"{spec.called} is an object without 'fields'", spec.place("type"), help=help_)
        return False
    if spec.value == "list" and items is None and spec.items is None:
        help_ = "say what it is a list of: 'items: { type: string }'"
        report.error("key.missing", f"{spec.called} is a list without 'items'", spec.place("type"), help=help_)
        return False
    above = {**(fields or {}), "": items}
    return all([complete(part, above.get(part.name), report) for part in spec.parts])  # noqa: C419 - each is looked at


def judge(spec: Spec, made: Valued, scope: Scope, report: Diagnostics) -> None:
    """Report what does not hold: of one thing, the first."""
    fault = next(_unexpected(spec, made), None)
    if fault is not None:
        code, message, help_ = fault
        report.error(f"{code}.unexpected", message, spec.node.entries[code].key.place, help=help_)
    elif not numeric(made.value):
        _judge_plain(spec, made, scope, report)
    elif made.minimum is not None and made.maximum is not None and made.minimum > made.maximum:
        message = f"the range {made.minimum:g}..{made.maximum:g} is empty"
        report.error("range.empty", message, spec.place("range", "min", "max"), help="it must meet the parent's range")
    elif not isinstance(made, PropertyType):
        _judge_unit(spec, made, scope, report)
    if not isinstance(made, PropertyType):
        for name, part in (spec.fields or {}).items():
            if made.fields is not None:
                judge(part, made.fields[name], scope, report)
        if spec.items is not None and made.items is not None:
            judge(spec.items, made.items, scope, report)


def _unexpected(spec: Spec, made: Valued) -> Iterator[tuple[str, str, str]]:
    """Keys that mean nothing on what has such values: the key, why, and what to do."""
    kind, node = _A.get(made.value, f"a {made.value}"), spec.node
    if "fields" in node and made.value != "object":
        yield "fields", f"{spec.called} is {kind} and has no fields", "leave 'fields' out, or write 'type: object'"
    if "items" in node and made.value != "list":
        yield "items", f"{spec.called} is {kind} and has no items", "leave 'items' out, or write 'type: list'"
    if not spec.name:
        yield from ((key, f"{spec.called} is there, or it is not", "leave it out") for key in _OF_FIELDS if key in node)
    if not isinstance(made, PointType):
        return
    status = made.section == "status"
    if node.flag("accumulates") and not (status and numeric(made.value)):
        what = f"is {kind}" if status else "is a setting"
        help_ = "an index is a number or an integer under 'status': take 'accumulates' away"
        yield "accumulates", f"{spec.called} {what}, and cannot accumulate", help_
    if "deadband" in node and not numeric(made.value):
        yield "deadband", f"{spec.called} is {kind}: every change of it counts", "only numbers have a deadband"
    if "step" in node and (status or not numeric(made.value)):
        what = "is what a device says: that" if status else f"is {kind}: it"
        yield "step", f"{spec.called} {what} has no steps", "only numbers under 'configuration' go in steps"
    if "default" in node and status:
        help_ = "only what can be set has a default: leave it out, or move it to 'configuration'"
        yield "default", f"{spec.called} is what a device says: it has no default", help_


_OF_FIELDS = ("optional", "default")


def _judge_plain(spec: Spec, made: Valued, scope: Scope, report: Diagnostics) -> None:
    quantity = scope.quantities[spec.measures][1] if spec.measures else None
    kind = _A.get(made.value, f"a {made.value}")
    if spec.unit is not None:
        message = f"{spec.called} is {kind} and has no unit"
        report.error("unit.unexpected", message, spec.place("unit"), help="leave 'unit' out")
    elif spec.minimum is not None or spec.maximum is not None:
        message = f"{spec.called} is {kind} and has no range"
        report.error("range.unexpected", message, spec.place("range", "min", "max"), help="leave it out")
    elif quantity is not None and quantity.unit is not None:
        message = f"{spec.called} is {kind}, and {quantity.name} is a number"
        help_ = f"use 'type: number' and a unit such as {quantity.unit}"
        place, related = spec.place("type", "measures"), [(quantity.place, quantity.name)]
        report.error("quantity.type", message, place, related=related, help=help_)


def _judge_unit(spec: Spec, made: PointType | FieldType, scope: Scope, report: Diagnostics) -> None:
    measures = made.measures if isinstance(made, PointType) else None
    quantity = scope.quantities[measures][1] if measures else None
    if made.unit is None:
        if made.value == "number" or (quantity is not None and quantity.unit is not None):
            example = quantity.unit if quantity is not None and quantity.unit else None
            help_ = f"add 'unit: {_quoted(example)}'" if example else "add 'unit'; a plain number is in \"1\""
            report.error("unit.missing", f"{spec.subject} has no unit", spec.place("type"), help=help_)
    elif quantity is not None and quantity.unit is not None and not compatible(made.unit, quantity.unit):
        message = (
            f"{spec.noun} {spec.called} is in '{made.unit}', but '{quantity.name}' is measured in '{quantity.unit}'"
        )
        name = dimension(quantity.unit) or ""
        help_ = f"use a unit of {name}: {', '.join(of_dimension(name)[:4])}"
        related = [(quantity.place, quantity.name)]
        report.error("unit.incompatible", message, spec.place("unit", "measures"), related=related, help=help_)


def _quoted(unit: str) -> str:
    return unit if unit[0].isalpha() else f'"{unit}"'
