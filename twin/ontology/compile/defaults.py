"""Defaults: read as the values they stand for, and judged by what they are the default of.

A default that lies outside its range, off its steps, or is a word that a subtype leaves out, is legal and of no use: it
is warned of, and nothing is wished.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from twin.ontology.compile.amounts import ends
from twin.ontology.model import FieldType, PointType, PropertyType
from twin.ontology.values import plain
from twin.source import ListNode, MapNode, Scalar, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twin.errors import Place
    from twin.ontology.compile.narrowing import Valued
    from twin.ontology.compile.specs import Spec
    from twin.ontology.model import Default
    from twin.source import Diagnostics, Node

__all__ = ["Defaults"]

V = TypeVar("V", PointType, PropertyType, FieldType)


@dataclass(frozen=True, slots=True)
class Defaults:
    """Fills defaults in; ``advises`` says whether warnings about this document are wanted."""

    report: Diagnostics
    advises: bool

    def fill(self, spec: Spec, made: V) -> V:
        """The same, with its own default or the inherited one, and those of all that lies in it."""
        if not isinstance(made, PropertyType):
            made = replace(made, fields=self.fill_fields(spec.fields, made.fields), items=self._items(spec, made))
        node = spec.node.get("default")
        default = made.default if node is None else self._read(node, made, spec.node.entries["default"].key.place)
        place = spec.place("default", "range", "min", "max", "step")
        if default is None or self._outside(default, made, place):
            return replace(made, default=None)
        return replace(made, default=default)

    def fill_fields(
        self, specs: Mapping[str, Spec] | None, made: Mapping[str, FieldType] | None
    ) -> Mapping[str, FieldType] | None:
        """The same fields, those that are written with their defaults."""
        if made is None or not specs:
            return made
        filled = {name: self.fill(specs[name], field) if name in specs else field for name, field in made.items()}
        return MappingProxyType(filled)

    def _items(self, spec: Spec, made: PointType | FieldType) -> FieldType | None:
        return made.items if spec.items is None or made.items is None else self.fill(spec.items, made.items)

    def _read(self, node: Node, wanted: Valued, key: Place) -> Default | None:
        """The value that a node stands for; None when it is wrong, which has been reported."""
        fields = None if isinstance(wanted, PropertyType) else wanted.fields
        items = None if isinstance(wanted, PropertyType) else wanted.items
        if isinstance(node, Scalar):
            return plain(node, replace(wanted, minimum=None, maximum=None), self.report)
        if isinstance(node, ListNode) and items is not None:
            found = [self._read(item, replace(items, name=wanted.name), key) for item in node.items]
            return None if any(item is None for item in found) else found
        if isinstance(node, MapNode) and fields is not None:
            return self._object(node, fields, key)
        noun = "a list" if isinstance(node, ListNode) else "an object"
        message = f"'{wanted.name}' is of type {wanted.value}, and this is {noun}"
        self.report.error("value.type", message, node.place, related=[(wanted.place, wanted.name)])
        return None

    def _object(self, node: MapNode, fields: Mapping[str, FieldType], key: Place) -> dict[str, Any] | None:
        found: dict[str, Any] = {}
        for entry in node:
            if entry.key.text in fields:
                found[entry.key.text] = self._read(entry.value, fields[entry.key.text], key)
                continue
            help_, suggestions = did_you_mean(entry.key.text, fields, "its fields")
            message = f"there is no field '{entry.key.text}'"
            self.report.error("field.unknown", message, entry.key.place, help=help_, suggestions=suggestions)
            return None
        lacking = [name for name, each in fields.items() if name not in found and _needed(each)]
        if lacking:
            help_ = "give it a value, or say that it is optional"
            self.report.error("key.missing", f"the default lacks '{lacking[0]}'", key, help=help_)
            return None
        return None if None in found.values() else dict(sorted(found.items()))

    def _outside(self, default: Default, wanted: Valued, place: Place) -> bool:
        fault = _fault(default, wanted)
        if fault and self.advises:
            message = f"the default of '{wanted.name}' {fault}"
            help_ = "choose another, or widen what it may be"
            if isinstance(wanted, PointType):
                help_ = f"nothing is wished until it fits: {help_}"
            self.report.warn("default.outside", message, place, help=help_)
        return bool(fault)


def _needed(field: FieldType) -> bool:
    return not field.optional and field.default is None


def _fault(value: Default, wanted: Valued) -> str:
    """Why a value cannot be wished, though it is of the right kind; "" when it can."""
    if isinstance(value, list | dict):
        return next((fault for part in _parts(value, wanted) if (fault := _fault(*part))), "")
    if isinstance(value, str):
        return f"is '{value}', which it cannot be here" if wanted.values and value not in wanted.values else ""
    return "" if isinstance(value, bool) else _amiss(value, wanted)


def _parts(value: list[Any] | dict[str, Any], wanted: Valued) -> Iterator[tuple[Default, FieldType]]:
    fields, items = (None, None) if isinstance(wanted, PropertyType) else (wanted.fields, wanted.items)
    if isinstance(value, dict):
        yield from ((each, fields[name]) for name, each in value.items() if fields and name in fields)
    elif items is not None:
        yield from ((each, items) for each in value)


def _amiss(value: float, wanted: Valued) -> str:
    low, high = wanted.minimum, wanted.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        return f"is {value:g}, outside {ends(low, high)}"
    step = wanted.step if isinstance(wanted, PointType) else None
    if step is not None and (Fraction(str(value)) - Fraction(str(low or 0.0))) % Fraction(str(step)):
        return f"is {value:g}, which is not on its steps of {step:g}{f' from {low:g}' if low else ''}"
    return ""
