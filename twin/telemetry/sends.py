"""What a device says by a name, or in a unit, of before: understood as what its point is called and measured in now.

A value goes the way that the readings of before went (`twin.graph.readings.recast`): into the unit that the device
means, and from there into the point's own. So a message that is worked in again is known for the one it was.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from twin.telemetry.rules import accept
from twin.units import convert

if TYPE_CHECKING:
    from twin.ontology.model import PointType
    from twin.telemetry.rules import Accept

__all__ = ["accept_sent"]

_NUMBERS = frozenset({"number", "integer"})
_LARGEST = 1e300
"""What is beyond cannot be rounded to a whole number, and is out of any range."""


def accept_sent(point: PointType, unit: str | None) -> Accept:
    """What a point accepts from a device whose bare numbers are in ``unit``; None: in the point's own."""
    own, after = point.unit, accept(point)
    if unit is None or own is None or unit == own or point.value not in _NUMBERS:
        return after
    before = accept(replace(point, value="number", unit=unit, minimum=None, maximum=None, step=None))
    whole = point.value == "integer"

    def take(value: Any, said: str | None) -> Any:
        converted = convert(before(value, said), unit, own)  # type: ignore[arg-type]  # a number point keeps numbers
        return after(round(converted) if whole and abs(converted) < _LARGEST else converted, None)

    return take
