"""What a function says of the values of many points, kept as they come and go.

Invariant: a tally says exactly what the function would say of the values it holds, worked out afresh, whatever came
before: sums are kept as whole numbers (a float is a whole number of 2**-1074), and rounded once when they are read.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, Protocol

from twin.graph.readings import Reading, order_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from twin.graph.model import Function

__all__ = ["Point", "Tally"]

Point = tuple[str, str]
"""(entity id, name of the point)."""
_Part = tuple[Any, int, int]
"""A value, its source time and when it was received."""
_TINY = 1074
"""The smallest float is 2 to the minus so many."""


class Tally:
    """The readings of some points, by a function: ``sum avg min max`` of numbers, ``any all`` of booleans, ``count`` of
    the devices that say true, or say anything that is not a boolean.
    """

    def __init__(self, function: Function, *, whole: bool) -> None:
        """``whole``: what it says is rounded to a whole number."""
        self._function = _FUNCTIONS[function]()
        self._whole = whole
        self._parts: dict[Point, _Part] = {}
        self._time = _Extreme(max)
        self._received = _Extreme(max)
        self._said: Reading | None = None
        self._known = True

    def put(self, point: Point, reading: Reading, scale: Callable[[float], float]) -> None:
        """A point says this now. What the function can make nothing of counts as nothing said."""
        value = self._function.taken(reading.value, scale)
        if value is None:
            self.drop(point)
            return
        before = self._parts.get(point)
        self._parts[point] = after = (value, reading.time, reading.received)
        self._add(point, after)  # before the other goes: the greatest may rise, and need not be looked for
        if before is not None:
            self._remove(point, before)

    def drop(self, point: Point) -> None:
        """A point says nothing any more, or never did."""
        part = self._parts.pop(point, None)
        if part is not None:
            self._remove(point, part)

    def _add(self, point: Point, part: _Part) -> None:
        self._function.add(point, part[0])
        self._time.add(point, part[1])
        self._received.add(point, part[2])
        self._known = False

    def _remove(self, point: Point, part: _Part) -> None:
        self._function.remove(point, part[0])
        self._time.remove(point, part[1])
        self._received.remove(point, part[2])
        self._known = False

    def reading(self) -> Reading | None:
        """What the function says of them all, as new as the newest; None where none has said anything."""
        if not self._known:
            self._said, self._known = self._read(), True
        return self._said

    def _read(self) -> Reading | None:
        if not self._parts:
            return None
        parts = self._parts.values()
        value = self._function.value(part[0] for part in parts)
        if value is None:
            return None
        if self._whole and isinstance(value, float):
            value = round(value)
        time = self._time.value(part[1] for part in parts)
        received = self._received.value(part[2] for part in parts)
        return Reading(value, time, received, order_key(0, time, 0, value))


class _Function(Protocol):
    """What is kept of the values of parts, so that a function of them is at hand."""

    def taken(self, value: Any, scale: Callable[[float], float]) -> Any:
        """The value as the function takes it; None for what it takes not."""

    def add(self, point: Point, value: Any) -> None:
        """One more value."""

    def remove(self, point: Point, value: Any) -> None:
        """One value less."""

    def value(self, values: Iterable[Any]) -> Any:
        """The function of all values (which it may look at again); None where there is no such number."""


class _Numbers:
    """Takes finite numbers, in the tally's own unit."""

    def taken(self, value: Any, scale: Callable[[float], float]) -> float | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        scaled = scale(value)
        return scaled if isfinite(scaled) else None


class _Sum(_Numbers):
    def __init__(self) -> None:
        self._total = 0
        self._count = 0

    def add(self, _point: Point, value: float) -> None:
        self._total += _exact(value)
        self._count += 1

    def remove(self, _point: Point, value: float) -> None:
        self._total -= _exact(value)
        self._count -= 1

    def value(self, _values: Iterable[float]) -> float | None:
        return _rounded(self._total, 1)


class _Average(_Sum):
    def value(self, _values: Iterable[float]) -> float | None:
        return _rounded(self._total, self._count)


class _Extreme(_Numbers):
    """The least or the greatest, and how many say so; looked for again only when the last of them has gone."""

    def __init__(self, pick: Callable[..., Any]) -> None:
        self._pick = pick
        self._best: Any = None
        self._times = 0

    def add(self, _point: Point, value: float) -> None:
        if self._times and value == self._best:
            self._times += 1
        elif self._times and self._pick(self._best, value) == value:
            self._best, self._times = value, 1

    def remove(self, _point: Point, value: float) -> None:
        if self._times and value == self._best:
            self._times -= 1

    def value(self, values: Iterable[float]) -> Any:
        if not self._times:
            found = list(values)
            self._best = self._pick(found)
            self._times = found.count(self._best)
        return self._best


class _Any:
    def __init__(self) -> None:
        self._true = self._false = 0

    def taken(self, value: Any, _scale: Callable[[float], float]) -> bool | None:
        return value if isinstance(value, bool) else None

    def add(self, _point: Point, value: bool) -> None:  # noqa: FBT001 - the value itself
        self._true += value
        self._false += not value

    def remove(self, _point: Point, value: bool) -> None:  # noqa: FBT001 - the value itself
        self._true -= value
        self._false -= not value

    def value(self, _values: Iterable[bool]) -> bool:
        return self._true > 0


class _All(_Any):
    def value(self, _values: Iterable[bool]) -> bool:
        return self._false == 0


class _Count:
    """Devices, however many of their points say so."""

    def __init__(self) -> None:
        self._devices: dict[str, int] = {}

    def taken(self, value: Any, _scale: Callable[[float], float]) -> bool:
        return value is not False

    def add(self, point: Point, value: bool) -> None:  # noqa: FBT001 - the value itself
        if value:
            self._devices[point[0]] = self._devices.get(point[0], 0) + 1

    def remove(self, point: Point, value: bool) -> None:  # noqa: FBT001 - the value itself
        if value:
            self._devices[point[0]] -= 1
            if not self._devices[point[0]]:
                del self._devices[point[0]]

    def value(self, _values: Iterable[bool]) -> int:
        return len(self._devices)


_FUNCTIONS: dict[Function, Callable[[], _Function]] = {
    "sum": _Sum,
    "avg": _Average,
    "min": lambda: _Extreme(min),
    "max": lambda: _Extreme(max),
    "any": _Any,
    "all": _All,
    "count": _Count,
}


def _exact(value: float) -> int:
    """How many times 2**-1074 a number is."""
    over, under = value.as_integer_ratio()
    return over << (_TINY + 1 - under.bit_length())


def _rounded(total: int, count: int) -> float | None:
    """The float nearest to so many times 2**-1074, divided; None where it would be too large."""
    try:
        return total / (count << _TINY)
    except OverflowError:
        return None
