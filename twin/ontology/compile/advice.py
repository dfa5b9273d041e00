"""Warnings: what an ontology may say, and probably did not mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.ontology.compile.lineage import CORE
from twin.units import dimension, of_dimension

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twin.ontology.model import EntityType, Ontology, PointType
    from twin.source import Diagnostics

__all__ = ["advise"]

_MEANT = {
    "temperature": "temperature",
    "humidity": "ratio",
    "power": "power",
    "energy": "energy",
    "voltage": "voltage",
    "illuminance": "illuminance",
    "pressure": "pressure",
}
"""What the last word of a point's name promises of its unit."""
_AMOUNTS = frozenset({"energy", "reactive energy", "volume", "mass", "time", "length", "area", "data"})
"""What there can be more and more of; the rest are levels and rates."""


def advise(ontology: Ontology, given: Iterable[str], report: Diagnostics) -> None:
    """Look at the documents that were asked for; what they import has its own authors."""
    names = frozenset(given)
    whole = not report.has_errors  # a type that is wrong may be the one that another lacks
    for found in ontology.types.values():
        if found.name.rpartition("/")[0] in names:
            if whole:
                _barren(found, ontology, report)
            for point in _own(found):
                _misnamed(point, report)
                _heaping(point, report)


def _own(found: EntityType) -> Iterator[PointType]:
    return (point for point in found.points.values() if point.declared_by == found.name)


def _barren(found: EntityType, ontology: Ontology, report: Diagnostics) -> None:
    root = not found.parents and found.name.startswith(f"{CORE}/")
    if found.abstract and not found.mixin and not root and not ontology.concrete(found.name):
        message = f"nothing can be a {found.short}: it is abstract, and no concrete type descends from it"
        help_ = "add a type that is one, or take 'abstract' away"
        report.warn("type.barren", message, found.place, help=help_)


def _misnamed(point: PointType, report: Diagnostics) -> None:
    promised = _MEANT.get(point.name.rpartition("_")[2])
    if promised is None or point.unit is None:
        return
    measured = dimension(point.unit)
    if measured is not None and measured.rpartition(" ")[2] != promised:
        message = f"'{point.name}' sounds like a {promised}, and is in '{point.unit}'"
        help_ = f"units of {promised}: {', '.join(of_dimension(promised)[:4])}"
        report.warn("unit.contradicts", message, point.place, help=help_)


def _heaping(point: PointType, report: Diagnostics) -> None:
    """An index of what does not add up: a sum of temperatures, of powers."""
    if not point.accumulates or point.unit in {None, "1"}:
        return
    measured = dimension(point.unit or "")
    if measured not in _AMOUNTS:
        message = f"'{point.name}' accumulates, and is in '{point.unit}': {measured} does not add up"
        help_ = "take 'accumulates' away, or give it the unit of an amount: kW.h, m3, h"
        report.warn("accumulates.contradicts", message, point.place, help=help_)
