"""Times: microseconds since 1970 UTC inside, RFC 3339 in UTC outside (with decimals only where there is a fraction)."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

__all__ = ["micros", "now", "rfc3339"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now() -> int:
    """The clock at the edges: microseconds since 1970 UTC. What is pure has it passed in."""
    return time.time_ns() // 1000


def micros(at: datetime) -> int:
    """A time that says its zone, in microseconds since 1970 UTC."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def rfc3339(at: int) -> str:
    """Microseconds since 1970 UTC as ``2026-11-03T07:15:00Z`` or ``2026-11-03T07:15:00.250000Z``."""
    return (_EPOCH + timedelta(microseconds=at)).isoformat().replace("+00:00", "Z")
