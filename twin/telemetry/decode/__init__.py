"""Decoders: from a payload's bytes to a `Pointset`, or to a named reason why not. Pure; one module per format."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["Datum", "Pointset", "Undecodable"]


class Datum(msgspec.Struct, frozen=True, gc=False):
    """What a message says of one point, as it says it."""

    value: Any
    """`msgspec.UNSET` where the message names the point and gives no value."""
    unit: str | None = None


class Pointset(msgspec.Struct, frozen=True, gc=False):
    """The points that one message reports, by their names."""

    time: int | None
    """Source time in microseconds since 1970 UTC; None where the message does not say."""
    points: dict[str, Datum]


class Undecodable(Exception):
    """A payload that says nothing usable: a stable code, and why in a sentence for people."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why
