"""UDMI's pointset events: ``{"timestamp", "version", "points": {name: {"present_value": 21.5}}}``.

Two ways to the same answer: a typed decoder in C for what is as it should be, and a careful reading in Python for
everything else, which knows what is wrong. What is read: ``timestamp`` (RFC 3339; absent means that the source does
not say), ``points``, and per point ``present_value`` and an optional ``unit`` or ``units``. Other fields are tolerated.
A name given twice is ambiguous and refused: two values for one point must not end as one.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Never, cast

import msgspec

from twin.telemetry.decode import Datum, Pointset, Undecodable

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["instant", "pointset"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEAP = ":60"
_LONG_INTEGER = 40
_SHOWN = 60


class _Point(Datum, frozen=True, kw_only=True, gc=False):
    value: Any = msgspec.field(name="present_value")
    units: str | None = None


class _Payload(msgspec.Struct, gc=False):
    points: dict[str, _Point]
    timestamp: datetime | None = None
    version: Any = msgspec.UNSET


_decode = msgspec.json.Decoder(_Payload).decode


def pointset(payload: bytes) -> Pointset:
    """What a payload says.

    Raises `Undecodable`: ``payload.not_utf8``, ``payload.not_json``, ``payload.too_deep``, ``payload.not_object``,
    ``payload.no_points``, ``payload.repeated_name``, ``time.invalid``, ``time.no_zone``, ``time.leap_second``,
    ``time.absurd``.
    """
    try:
        found = _decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _careful(payload)
    points = cast("dict[str, Datum]", found.points)
    time = found.timestamp
    # One colon per name, and two in the time: with no more than these, no name is there twice. An escape may hide one.
    colons = 1 + 2 * len(points) + (time is not None and 3) + (found.version is not msgspec.UNSET)
    if payload.count(b":") != colons or b"\\" in payload:
        if _doubtful(payload, found.points):
            return _careful(payload)
        points = {name: Datum(point.value, point.unit or point.units) for name, point in found.points.items()}
    return Pointset(None if time is None else _microseconds(time), points)


def _doubtful(payload: bytes, points: dict[str, _Point]) -> bool:
    """Whether some name may be there twice, of which the typed decoder has kept the last; never no when one is."""
    if any(isinstance(point.value, dict | list) for point in points.values()):
        return True
    if payload.count(b'present_value"') != len(points) or payload.count(b'"timestamp"') > 1 or b"\\u" in payload:
        return True
    units = payload.count(b'"unit')
    return units != sum((point.unit is not None) + (point.units is not None) for point in points.values())


def instant(text: str) -> int:
    """An RFC 3339 date and time as microseconds since 1970 UTC; raises `Undecodable` as `pointset` does."""
    try:
        found = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        if _LEAP in text:
            raise Undecodable("time.leap_second", f"{_show(text)} is in a leap second, or has no second 60") from None
        raise Undecodable("time.invalid", f"{_show(text)} is not a date and time as RFC 3339 writes them") from None
    return _microseconds(found)


def _microseconds(time: datetime) -> int:
    if time.tzinfo is None:
        raise Undecodable("time.no_zone", f"{time.isoformat()} does not say in which time zone: end it with Z")
    since = time - _EPOCH
    if since.days < 0:
        raise Undecodable("time.absurd", f"{time.isoformat()} is before 1970: a clock that was never set")
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


class _Object(dict[str, Any]):
    """A JSON object that remembers which of its names were given more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        for name, value in pairs:
            (name + value if isinstance(value, str) else name).encode()  # raises on half a surrogate pair
        twice = len(pairs) > len(self)
        self.repeated = {name for name, times in Counter(n for n, _ in pairs).items() if times > 1} if twice else set()


def _careful(payload: bytes) -> Pointset:
    """The same answer as the typed decoder's where it has one, and otherwise the reason."""
    document = _parse(payload)
    if not isinstance(document, _Object):
        raise Undecodable("payload.not_object", f"a pointset is a JSON object, this is {_show(document)}")
    points = document.get("points")
    if not isinstance(points, _Object):
        raise Undecodable("payload.no_points", "the object 'points' is missing")
    _refuse_repeated(document, {"timestamp", "points"})
    _refuse_repeated(points, points.keys())
    return Pointset(_time(document.get("timestamp")), {name: _datum(point) for name, point in points.items()})


def _parse(payload: bytes) -> Any:
    try:
        return json.loads(
            payload.decode(),
            object_pairs_hook=_Object,
            parse_constant=_no_constant,
            parse_int=lambda digits: int(digits) if len(digits) < _LONG_INTEGER else float(digits),
        )
    except UnicodeDecodeError as error:
        raise Undecodable("payload.not_utf8", f"byte {error.start} is not UTF-8") from None
    except RecursionError:
        raise Undecodable("payload.too_deep", "the JSON is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise Undecodable("payload.not_json", f"{error.msg} at character {error.pos}") from None
    except UnicodeEncodeError:
        raise Undecodable("payload.not_json", "a text holds half of a surrogate pair") from None


def _no_constant(name: str) -> Never:
    raise Undecodable("payload.not_json", f"{name} is not JSON")


def _refuse_repeated(found: _Object, names: Iterable[str]) -> None:
    twice = sorted(name for name in names if name in found.repeated)
    if twice:
        raise Undecodable("payload.repeated_name", f"{_show(twice[0])} is there more than once in one object")


def _time(timestamp: Any) -> int | None:
    if timestamp is None:
        return None
    if not isinstance(timestamp, str):
        raise Undecodable("time.invalid", f"the timestamp {_show(timestamp)} is not text as RFC 3339 writes it")
    return instant(timestamp)


def _datum(point: Any) -> Datum:
    if not isinstance(point, _Object):
        return Datum(msgspec.UNSET)
    _refuse_repeated(point, {"present_value", "unit", "units"})
    unit = point.get("unit") or point.get("units")
    value = point.get("present_value", msgspec.UNSET)
    _refuse_ambiguous(value)
    return Datum(value, unit if unit is None else str(unit))


def _refuse_ambiguous(value: Any) -> None:
    """Refuse a name that is there twice in any object of a value, however deep."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, _Object):
            _refuse_repeated(each, each.keys())
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
