"""Values that an ontology gives itself, as the property or the point they are for says they should be."""

from __future__ import annotations

import re
from math import isfinite
from typing import TYPE_CHECKING, TypeAlias

from twin.source import did_you_mean

if TYPE_CHECKING:
    from twin.ontology.model import FieldType, PointType, PropertyType, ValueKind
    from twin.source import Diagnostics, Scalar
    from twin.source.nodes import Value

__all__ = ["Plain", "Wanted", "plain"]

Plain: TypeAlias = "str | int | float | bool"
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:[Zz]|[+-]\d\d:\d\d)?)?")
_NOUNS = {
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "string": "text",
    "enum": "a word",
    "timestamp": "a time, like 2017-03-09T12:00:00Z",
    "object": "an object",
    "list": "a list",
}


Wanted: TypeAlias = "PropertyType | PointType | FieldType"
"""What a value is for."""


def plain(scalar: Scalar, wanted: Wanted, report: Diagnostics) -> Plain | None:
    """A single value; None when it is wrong, which has been reported."""
    value = scalar.value
    related = [(wanted.place, wanted.name)]
    if value is None or not _fits(value, wanted.value):
        message = f"'{wanted.name}' must be {_NOUNS[wanted.value]}, not '{scalar.text}'"
        quotes = wanted.value in {"string", "enum"} and isinstance(value, int | float)
        help_ = f'write it in quotes: "{scalar.text}"' if quotes else ""
        report.error("value.type", message, scalar.place, related=related, help=help_)
        return None
    if wanted.values is not None and value not in wanted.values:
        help_, suggestions = did_you_mean(str(value), wanted.values, "one of")
        message = f"'{wanted.name}' cannot be '{value}'"
        report.error("value.invalid", message, scalar.place, related=related, help=help_, suggestions=suggestions)
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and not _within(value, wanted):
        bounds = "..".join("" if end is None else f"{end:g}" for end in (wanted.minimum, wanted.maximum))
        message = f"'{wanted.name}' is {value:g}, outside {bounds}{f' {wanted.unit}' if wanted.unit else ''}"
        report.error("value.outside", message, scalar.place, related=related)
        return None
    return float(value) if wanted.value == "number" else value


def _fits(value: Value, wanted: ValueKind) -> bool:
    match wanted:
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
        case "timestamp":
            return isinstance(value, str) and _TIMESTAMP.fullmatch(value) is not None
    return isinstance(value, str) and wanted in {"string", "enum"}


def _within(value: float, wanted: Wanted) -> bool:
    low, high = wanted.minimum, wanted.maximum
    return (low is None or value >= low) and (high is None or value <= high)
