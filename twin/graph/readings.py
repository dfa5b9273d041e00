"""A reading: what one point says, when it said it, and how two readings of a point are ordered.

Order (design, invariant 3): the greatest (epoch, source time, sequence, value bytes) wins. All four come from the
message itself, never from when or how it arrived, so any permutation, duplication or batching of the same messages ends
in the same state. `order_key` packs them into bytes whose plain comparison is that order: SQL and Cypher use it too.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Literal

import msgspec
import orjson

from twin.graph.model import Recast, Value
from twin.units import scaled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.graph.model import Entry

__all__ = [
    "Fate",
    "Quality",
    "Reading",
    "order_head",
    "order_key",
    "quality_at",
    "recast",
    "recast_value",
    "recasts_of",
]

Quality = Literal["good", "stale", "uncertain", "bad"]
Fate = Literal["applied", "late", "duplicate", "quarantined", "dead"]
"""What may become of a decoded reading: exactly one of these, and each is counted."""

_ORDER = struct.Struct(">IQQ")
_SIGN = 1 << 63
_GRACE = 1.1


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One value of one point, in the point's own unit. Times are microseconds since 1970 UTC."""

    value: Value
    """Of an object the fields are in alphabetical order."""
    time: int
    """When the source says it was so; the journaled receive time where the source said nothing."""
    received: int
    order: bytes


def order_head(epoch: int, time: int, sequence: int) -> bytes:
    """What the readings of one message share of their order: 20 bytes of (epoch, time, sequence), big-endian.

    ``time`` is signed microseconds and may lie before 1970.
    """
    return _ORDER.pack(epoch, time + _SIGN, sequence)


def order_key(epoch: int, time: int, sequence: int, value: Value) -> bytes:
    """The packed order of a reading: `order_head`, then the value as JSON, the fields of objects in order."""
    return order_head(epoch, time, sequence) + orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def quality_at(reading: Reading, every: float | None, now: int) -> Quality:
    """Good, or stale when the point has been silent for longer than its interval (and a tenth, for jitter).

    ``every`` is in seconds (None: never stale), ``now`` in microseconds. Silence is measured from the last receipt.
    """
    if every is not None and now - reading.received > every * _GRACE * 1_000_000:
        return "stale"
    return "good"


def recasts_of(entries: Iterable[Entry]) -> list[Recast]:
    """Those entries that give readings another name or unit."""
    return [entry for entry in entries if isinstance(entry, Recast)]


def recast(reading: Reading, entry: Recast) -> Reading:
    """The reading as its point says it under the new name. Its order is that of the same message had it come
    afterwards: so the message is known for a duplicate when it does come again.
    """
    value = recast_value(reading.value, entry)
    order = reading.order[: _ORDER.size] + orjson.dumps(value)
    return Reading(value, reading.time, reading.received, order)


def recast_value(value: Value, entry: Recast) -> Value:
    """A value in the new unit; what is no number stays as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    same = entry.factor == 1 and entry.offset == 0
    if entry.whole:
        return value if same and isinstance(value, int) else round(scaled(value, entry.factor, entry.offset))
    return float(value) if same else scaled(value, entry.factor, entry.offset)
