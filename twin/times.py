"""Times: microseconds since 1970 UTC inside, RFC 3339 in UTC outside (with decimals only where there is a fraction)."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from twin.errors import InvalidValue

__all__ = ["micros", "now", "rfc3339", "time_of"]

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


def time_of(text: str) -> int:
    """A time as people write it, in microseconds since 1970 UTC; UTC where no zone is said.

    Raises:
        InvalidValue: it is none.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidValue(
            f"{text!r} is no time", code="moment.invalid", help="write 2026-11-23, or 2026-11-23T14:03:49Z"
        ) from error
    aware = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return micros(aware)
