"""A building that pretends: plausible values for every point of a device, a pure function of time.

Each point swings slowly around the middle of what it usually says, with its own phase, so two devices never move in
step and the same moment always gives the same value. For demos and for trying things out; nothing else depends on it.
"""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING

import orjson

from twin.ontology.model import PointType
from twin.times import rfc3339
from twin.units import convert, dimension

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.graph.model import Entity, Scalar, Value
    from twin.ontology.model import EntityType, FieldType

__all__ = ["pointset", "value_at"]

_DAY = 86_400.0
_RIPPLE = 97.0
_USUAL: dict[str, tuple[float, float]] = {
    "air_temperature": (21.0, 2.0),
    "outdoor_air_temperature": (9.0, 6.0),
    "temperature_setpoint": (20.0, 1.0),
    "supply_water_temperature": (45.0, 8.0),
    "return_water_temperature": (36.0, 6.0),
    "relative_humidity": (48.0, 8.0),
    "illuminance": (260.0, 240.0),
    "co2_concentration": (650.0, 220.0),
    "active_power": (350.0, 300.0),
    "battery_level": (82.0, 3.0),
    "signal_strength": (-67.0, 6.0),
    "voltage": (231.0, 3.0),
    "current": (1.5, 1.2),
    "people_count": (6.0, 5.0),
    "supply_air_temperature": (18.0, 3.0),
    "chilled_water_temperature": (9.0, 3.0),
    "hot_water_temperature": (54.0, 4.0),
    "outdoor_humidity": (70.0, 15.0),
    "water_pressure": (1.8, 0.2),
}
"""Middle and swing, in the unit of the quantity, of what is common in buildings; the rest is taken from the range."""
_ALARMS = frozenset(
    {"alarm", "carbon_monoxide", "combustible_gas", "fault", "intrusion", "smoke", "tamper", "water_leak"}
)
"""What is false on any ordinary day."""
_RATES: dict[str, tuple[float, str]] = {"energy": (0.4, "kW.h"), "volume": (0.02, "m3"), "time": (0.5, "h")}
"""How much an index rises in an hour, by dimension; anything else by one."""
_BEGINNING = 1_600_000_000.0
"""When every index stood at nothing: before any moment that is simulated."""
_ITEMS = 2


def value_at(device: str, point: PointType, seconds: float) -> Value:
    """What a point of a device says at a time (seconds since 1970 UTC), in the point's own unit and range."""
    phase = zlib.crc32(f"{device} {point.name}".encode()) / 2**32
    if point.accumulates:
        index = _index(point, seconds, phase)
        return int(index) if point.value == "integer" else round(index, 2)
    return _value(point, seconds, phase)


def _value(of: PointType | FieldType, seconds: float, phase: float) -> Value:
    if of.fields is not None:
        return {name: _value(field, seconds, phase) for name, field in sorted(of.fields.items())}
    if of.items is not None:
        return [_value(of.items, seconds, phase + place / _ITEMS) for place in range(_ITEMS)]
    return _single(of, seconds, phase)


def _single(of: PointType | FieldType, seconds: float, phase: float) -> Scalar:
    wave = math.sin(2 * math.pi * (seconds / _DAY + phase))
    ripple = math.sin(2 * math.pi * (seconds / _RIPPLE + phase))
    match of.value:
        case "boolean":
            return ripple > 0 and not (isinstance(of, PointType) and of.measures in _ALARMS)
        case "enum":
            words = of.values or ("",)
            return words[int((wave + 1) / 2 * len(words)) % len(words)]
        case "timestamp":
            return rfc3339(int(seconds) * 1_000_000)
        case "string":
            return f"{of.name} {int(phase * 100)}"
        case "integer":
            return round(_number(of, wave, ripple))
        case _:
            return round(_number(of, wave, ripple), 2)


def _index(point: PointType, seconds: float, phase: float) -> float:
    """Rising at a steady rate, each device at its own, and starting again where it may rise no further."""
    rate, unit = _RATES.get((point.unit and dimension(point.unit)) or "", (1.0, ""))
    risen = (0.5 + phase) * rate * max(0.0, seconds - _BEGINNING) / 3600
    low, high = point.minimum or 0.0, point.maximum
    risen = convert(risen, unit, point.unit) if unit and point.unit else risen
    return low + (risen if high is None or high <= low else risen % (high - low))


def _number(of: PointType | FieldType, wave: float, ripple: float) -> float:
    low, high = of.minimum, of.maximum
    usual = _USUAL.get(of.measures or "") if isinstance(of, PointType) else None
    middle, swing = usual or _span(low, high)
    value = middle + swing * (0.9 * wave + 0.1 * ripple)
    return min(max(value, value if low is None else low), value if high is None else high)


def _span(low: float | None, high: float | None) -> tuple[float, float]:
    if low is None or high is None:
        return (low + 10.0, 10.0) if low is not None else (0.0, 10.0)
    return (low + high) / 2, (high - low) / 4


def pointset(device: Entity, type_: EntityType, time: int, points: Iterable[str] | None = None) -> bytes:
    """A UDMI pointset message of what a device says at a time (µs), of all its points or of some."""
    names = device.points if points is None else points
    values = {name: {"present_value": value_at(device.path, type_.points[name], time / 1_000_000)} for name in names}
    return orjson.dumps({"version": "1.5.7", "timestamp": rfc3339(time), "points": values})
