"""What a point accepts: one function per point type, from what a message says to the value in the point's own unit.

Compiled once per entity, then called for every reading, so the usual case is a few comparisons. What is refused is
refused with a `Refused`: a stable code, and a sentence that names what was expected. An object comes out with its
fields in alphabetical order, so that what means the same has the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isfinite
from sys import float_info
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec
import orjson

from twin.errors import InvalidValue
from twin.graph.model import Value
from twin.telemetry.decode import Undecodable
from twin.telemetry.decode.udmi import instant
from twin.units import convert, resolve, suggest

if TYPE_CHECKING:
    from twin.ontology.model import FieldType, PointType, ValueKind

__all__ = ["LARGEST", "LONGEST", "Accept", "Refused", "accept"]

Accept = Callable[[Any, "str | None"], Value]
"""(value, unit or None) -> the value to keep; raises `Refused`."""

LONGEST = 4096
"""Characters of a text, at most."""
LARGEST = 16_384
"""Bytes of an object or a list as JSON, at most."""
_INTEGERS = -(2**63), 2**63 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHOWN = 40


class Refused(Exception):
    """A reading that its point cannot take: ``value.missing``, ``value.type``, ``value.range``, ``value.enum``,
    ``value.field``, ``value.too_long``, ``unit.unknown``, ``unit.incompatible``.
    """

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


def accept(point: PointType) -> Accept:
    """The function that a point's readings go through."""
    take = _RULES[point.value](point)
    return _bounded(point, take) if point.value in {"object", "list"} else take


def _number(point: PointType | FieldType) -> Accept:
    own = point.unit
    low = -float_info.max if point.minimum is None else point.minimum
    high = float_info.max if point.maximum is None else point.maximum

    def take(value: Any, unit: str | None) -> float:
        if type(value) is not float:
            value = _as_float(point, value)
        if unit is not None and unit != own:
            value = _converted(point, value, unit)
        if low <= value <= high:
            return value + 0.0  # type: ignore[no-any-return]  # so that -0.0 and 0.0 are one value
        return _out_of_range(point, value)

    return take


def _integer(point: PointType | FieldType) -> Accept:
    low = _INTEGERS[0] if point.minimum is None else max(point.minimum, _INTEGERS[0])
    high = _INTEGERS[1] if point.maximum is None else min(point.maximum, _INTEGERS[1])

    def take(value: Any, unit: str | None) -> int:
        if type(value) is not int or (unit is not None and unit != point.unit):
            number = _as_float(point, value)
            if unit is not None and unit != point.unit:
                number = _converted(point, number, unit)
            if isfinite(number) and not number.is_integer():
                raise Refused("value.type", f"'{point.name}' takes whole numbers, and this is {_show(number)}")
            value = int(number) if isfinite(number) else number
        if low <= value <= high:
            return value  # type: ignore[no-any-return]
        return _out_of_range(point, value)

    return take


def _boolean(point: PointType | FieldType) -> Accept:
    def take(value: Any, unit: str | None) -> bool:
        _refuse_unit(point, unit)
        return value if isinstance(value, bool) else _wrong(point, value, "true or false")

    return take


def _enum(point: PointType | FieldType) -> Accept:
    words = point.values or ()
    known = frozenset(words)

    def take(value: Any, unit: str | None) -> str:
        _refuse_unit(point, unit)
        if not isinstance(value, str):
            return _wrong(point, value, "a word")
        if value not in known:
            raise Refused("value.enum", f"'{point.name}' is one of {', '.join(words)}, and this is {_show(value)}")
        return value

    return take


def _string(point: PointType | FieldType) -> Accept:
    def take(value: Any, unit: str | None) -> str:
        _refuse_unit(point, unit)
        if not isinstance(value, str):
            return _wrong(point, value, "a text")
        if len(value) > LONGEST:
            raise Refused("value.too_long", f"'{point.name}' has {len(value)} characters; {LONGEST} is the most")
        return value

    return take


def _timestamp(point: PointType | FieldType) -> Accept:
    def take(value: Any, unit: str | None) -> str:
        _refuse_unit(point, unit)
        if not isinstance(value, str):
            return _wrong(point, value, "a date and time in RFC 3339")
        try:
            time = _EPOCH + timedelta(microseconds=instant(value))
        except Undecodable as refused:
            raise Refused("value.type", f"'{point.name}': {refused.why}") from None
        return time.isoformat().replace("+00:00", "Z")

    return take


def _object(point: PointType | FieldType) -> Accept:
    fields = dict(sorted((point.fields or {}).items()))
    takes = {name: _RULES[each.value](_within(point, f".{name}", each)) for name, each in fields.items()}
    needed = [name for name, each in fields.items() if not each.optional and each.default is None]
    given = {name: each.default for name, each in fields.items() if each.default is not None}

    def take(value: Any, unit: str | None) -> dict[str, Any]:
        _refuse_unit(point, unit)
        if not isinstance(value, dict):
            return _wrong(point, value, f"an object of {', '.join(fields)}")
        said = {**given, **{name: each for name, each in value.items() if each is not None}}
        if not said.keys() <= takes.keys():
            strange = min(said.keys() - takes.keys())
            raise Refused("value.field", f"'{point.name}' has no field {_show(strange)}; it has {', '.join(fields)}")
        for name in needed:
            if name not in said:
                raise Refused("value.field", f"'{point.name}' lacks its field '{name}'")
        return {name: takes[name](said[name], None) for name in takes if name in said}

    return take


def _list(point: PointType | FieldType) -> Accept:
    items = point.items
    each = None if items is None else _RULES[items.value](_within(point, "[]", items))

    def take(value: Any, unit: str | None) -> list[Any]:
        if each is None or not isinstance(value, list):
            return _wrong(point, value, "a list")
        if len(value) > LARGEST // 2:
            raise _too_large(point)
        return [each(item, unit) for item in value]

    return take


def _within(point: PointType | FieldType, suffix: str, part: FieldType) -> FieldType:
    """A part of a value, by the name it goes by in messages: ``position.x``, ``tags[]``."""
    return replace(part, name=f"{point.name}{suffix}")


def _bounded(point: PointType, take: Accept) -> Accept:
    def bounded(value: Any, unit: str | None) -> Value:
        taken = take(value, unit)
        if len(orjson.dumps(taken)) > LARGEST:
            raise _too_large(point)
        return taken

    return bounded


def _too_large(point: PointType | FieldType) -> Refused:
    return Refused("value.too_long", f"'{point.name}' is larger than {LARGEST} bytes of JSON")


_RULES: dict[ValueKind, Callable[[PointType | FieldType], Accept]] = {
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "enum": _enum,
    "string": _string,
    "timestamp": _timestamp,
    "object": _object,
    "list": _list,
}


def _as_float(point: PointType | FieldType, value: Any) -> float:
    """A JSON number as a float; infinite where it is too large."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _wrong(point, value, "a number")
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    return number


def _converted(point: PointType | FieldType, value: float, unit: str) -> float:
    """The value in the point's own unit."""
    code = resolve(unit)
    if code is None:
        known = ", ".join(suggest(unit))
        hint = f"; did you mean {known}?" if known else ""
        raise Refused("unit.unknown", f"'{point.name}' is given in {_show(unit)}, which is no unit{hint}")
    if code == point.unit or (code == "1" and point.unit is None):
        return value
    try:
        return convert(value, code, point.unit or "")
    except InvalidValue:
        own = point.unit or "no unit"
        raise Refused(
            "unit.incompatible", f"'{point.name}' is in {own}, and this is in {code}, which measures something else"
        ) from None


def _refuse_unit(point: PointType | FieldType, unit: str | None) -> None:
    if unit is not None:
        _converted(point, 0.0, unit)


def _out_of_range(point: PointType | FieldType, value: float) -> NoReturn:
    if not isfinite(value):
        raise Refused("value.type", f"'{point.name}' takes a number, and this one is too large for any")
    bounds = f"{_bound(point.minimum)}..{_bound(point.maximum)}"
    unit = f" {point.unit}" if point.unit else ""
    raise Refused("value.range", f"'{point.name}' is within {bounds}{unit}, and this is {_show(value)}{unit}")


def _wrong(point: PointType | FieldType, value: Any, expected: str) -> NoReturn:
    if value is None or value is msgspec.UNSET:
        raise Refused("value.missing", f"'{point.name}' is named without a present_value")
    raise Refused("value.type", f"'{point.name}' takes {expected}, and this is {_show(value)}")


def _bound(bound: float | None) -> str:
    return "" if bound is None else f"{bound:g}"


def _show(value: Any) -> str:
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
