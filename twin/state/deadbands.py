"""Deadbands: which readings differ too little from the last announced one to be worth telling.

They thin what is announced and never what is held. A point of its own kind is asked about only when its name is one
that some type gives a deadband: any other costs one look into a set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.graph.readings import quality_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.graph.readings import Reading
    from twin.ontology.model import Ontology, PointType

__all__ = ["Deadbands"]

_ROUNDING = 1e-9
"""Of the deadband: 20.3 is 0.1 away from 20.2, whatever binary fractions make of it."""


class Deadbands:
    """Remembers what was last announced of points that have a deadband."""

    def __init__(self, ontology: Ontology) -> None:
        self.points: frozenset[str] = frozenset()
        """The names of points that have a deadband in some type."""
        self.told: dict[tuple[str, str], Reading] = {}
        """What was last announced of each."""
        self.renew(ontology)

    def renew(self, ontology: Ontology) -> None:
        """Go by another ontology from now on; of every point the next reading is told."""
        self.points = frozenset(_thinned(ontology))
        self.told.clear()

    def withholds(self, point: tuple[str, str], kind: PointType | None, reading: Reading, last: Reading | None) -> bool:
        """Whether a reading need not be told; if it is, it is the one that later ones are compared with.

        ``last`` is the one held before it: a point that had been silent for too long is heard of again.
        """
        told = self.told.get(point)
        if told is not None and last is not None and kind is not None and kind.deadband is not None:
            near = _near(told.value, reading.value, kind.deadband)
            if near and quality_at(last, kind.every, reading.received) == "good":
                return True
        self.told[point] = reading
        return False

    def forget(self, point: tuple[str, str]) -> None:
        """Tell the next reading of a point, whatever it is."""
        self.told.pop(point, None)


def _thinned(ontology: Ontology) -> Iterator[str]:
    for each in (ontology, *ontology.older.values()):
        for found in each.types.values():
            yield from (point.name for point in found.points.values() if point.deadband is not None)


def _near(one: object, other: object, deadband: float) -> bool:
    """Whether two numbers differ by less than the deadband."""
    return (
        isinstance(one, int | float)
        and isinstance(other, int | float)
        and abs(one - other) < deadband - deadband * _ROUNDING
    )
