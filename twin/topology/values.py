"""The value of a property or of a setting: what an author wrote, as the type says it should be."""

from __future__ import annotations

import re
from math import isfinite
from typing import TYPE_CHECKING, TypeAlias

from twin.expressions import Range, Table, described
from twin.source import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.expressions import Result
    from twin.graph.model import Scalar as Fact
    from twin.ontology.model import FieldType, PointType, PropertyType
    from twin.source import Diagnostics, Scalar
    from twin.topology.parts import Text

__all__ = ["Wanted", "fact", "named"]

Wanted: TypeAlias = "PropertyType | PointType | FieldType"
"""What says what a value should be."""

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:[Zz]|[+-]\d\d:\d\d)?)?")
_AMOUNT = re.compile(r"(-?\d+(?:\.\d+)?) ?[^\d\s+*/().-][^+*()]*")
_WORKED_OUT = re.compile(r"^[\w ().]+[+*/-][\w +*/().-]+$")
_TEXTS = frozenset({"string", "enum", "timestamp"})
_NUMERIC = frozenset({"number", "integer"})
_NOUNS = {
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "string": "text",
    "enum": "a word",
    "timestamp": "a time, like 2017-03-09T12:00:00Z",
}


def fact(text: Text, wanted: Wanted, names: Mapping[str, Result], report: Diagnostics) -> Fact | None:
    """A single value; None when it has none, or a wrong one, which has been reported.

    Raises `ExpressionError`.
    """
    scalar = text.scalar
    value = scalar.value if text.pattern.constant else text.pattern.value(names)
    if value is None and not text.pattern.constant:
        return None
    spelled = isinstance(value, str) or not (text.pattern.constant or isinstance(value, Range | tuple | Table))
    if wanted.value in _TEXTS and spelled:
        value = text.pattern.filled(names)
    return _checked(value, wanted, scalar, report)


def _as_number(written: str, wanted: Wanted) -> str:
    """How a text may be said where a number is wanted: without its unit, or as what is worked out."""
    if wanted.value not in _NUMERIC:
        return ""
    found = _AMOUNT.fullmatch(written)
    if found is not None:
        return f"give the number alone: {found[1]}" + (f" (in {wanted.unit})" if wanted.unit else "")
    return f'what is worked out is written in ${{…}}: "${{{written}}}"' if _WORKED_OUT.search(written) else ""


def _checked(value: Result, wanted: Wanted, scalar: Scalar, report: Diagnostics) -> Fact | None:
    noun = _NOUNS[wanted.value]
    if not _fits(value, wanted):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        found = f"{value:g}" if number and wanted.value in _NUMERIC else described(value)
        found = "empty" if value is None else found
        message = f"{named(wanted)} must be {noun}, not {found}"
        quotes = wanted.value in _TEXTS and isinstance(value, int | float)
        help_ = f'write it in quotes: "{scalar.text}"' if quotes else _as_number(scalar.text, wanted)
        related = [(wanted.place, wanted.name or "an item")]
        report.error("value.type", message, scalar.place, related=related, help=help_)
        return None
    if wanted.values is not None and value not in wanted.values:
        help_, suggestions = did_you_mean(str(value), wanted.values, "one of")
        message = f"{named(wanted)} cannot be '{value}'"
        report.error("value.invalid", message, scalar.place, help=help_, suggestions=suggestions)
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _bounded(value, wanted, scalar, report)
    return value if isinstance(value, str | bool) else None


def named(wanted: Wanted) -> str:
    """How messages speak of it; the items of a list have no name."""
    return f"'{wanted.name}'" if wanted.name else "an item"


def _fits(value: Result, wanted: Wanted) -> bool:
    if wanted.value == "boolean":
        return isinstance(value, bool)
    if wanted.value == "timestamp":
        return isinstance(value, str) and _TIMESTAMP.fullmatch(value) is not None
    if wanted.value in _TEXTS:
        return isinstance(value, str)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, int) if wanted.value == "integer" else isfinite(value)


def _bounded(value: float, wanted: Wanted, scalar: Scalar, report: Diagnostics) -> float | None:
    low, high = wanted.minimum, wanted.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        bounds = f"{'' if low is None else f'{low:g}'}..{'' if high is None else f'{high:g}'}"
        unit = f" {wanted.unit}" if wanted.unit else ""
        message = f"{named(wanted)} is {value:g}, outside {bounds}{unit}"
        report.error("value.outside", message, scalar.place, related=[(wanted.place, wanted.name or "an item")])
        return None
    return float(value) if wanted.value == "number" else value
