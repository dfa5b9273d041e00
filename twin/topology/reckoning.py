"""Points that are worked out: which devices they are worked out from here, and whether that means anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.graph.model import Computed
from twin.topology.computing import AVERAGES, adds_up
from twin.topology.searching import merged, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.errors import Place
    from twin.ontology.model import Ontology, PointType
    from twin.source import Diagnostics
    from twin.topology.computing import Computing
    from twin.topology.grown import Reckoning, Sprout
    from twin.topology.searching import Searcher

__all__ = ["Reckoner"]


class Reckoner:
    """Makes the computed points of entities."""

    def __init__(self, searcher: Searcher, ontology: Ontology, report: Diagnostics) -> None:
        self.computed: dict[str, dict[str, Computed]] = {}
        """By path of the entity, then by point."""
        self._searcher = searcher
        self._ontology = ontology
        self._report = report
        self._made: dict[tuple[Computing, str | None], Computed] = {}
        self._contributed: dict[Place, bool] = {}
        self._measuring: dict[tuple[str, str], tuple[frozenset[str], frozenset[str]]] = {}

    def reckon(self, one: Reckoning) -> None:
        """Enter a computed point, and note whether anything contributes to it."""
        computation, rule = one.computing.computation, None
        if one.search is not None:
            rule = self._searcher.text(one.search)
            if rule is None:
                return
        known = (one.computing, rule)
        computed = self._made.get(known)
        if computed is None:
            computed = self._made[known] = Computed(computation.function, computation.quantity.text, rule)
        self.computed.setdefault(one.origin.path, {})[one.computing.point.name] = computed
        place = computation.quantity.place
        if not self._contributed.get(place):
            self._contributed[place] = any(True for _ in self._contributors(one))
        if computation.function in AVERAGES and self._types(computation.function, computation.quantity.text)[1]:
            self._warn_of_averages(one)

    def warn_of_nothing(self) -> None:
        """Warn of every computation that nothing contributes to, whoever says it."""
        for place, contributed in self._contributed.items():
            if not contributed and not self._report.has_errors:
                help_ = "no device that is there measures it in a way that can be used"
                self._report.warn("computed.empty", "this is worked out from nothing", place, help=help_)

    def _types(self, function: str, quantity: str) -> tuple[frozenset[str], frozenset[str]]:
        """The types of devices that may contribute, and those of them by an index that only rises."""
        known = (function, quantity)
        if known not in self._measuring:
            usable: set[str] = set()
            rising: set[str] = set()
            for name, points in self._ontology.measuring(quantity).items():
                found = self._ontology.types[name]
                counted = [point for point in points if adds_up(function, found.points[point])]
                if found.kind == "device" and counted:
                    usable.add(name)
                    rising |= {name} if any(found.points[point].accumulates for point in counted) else set()
            self._measuring[known] = frozenset(usable), frozenset(rising)
        return self._measuring[known]

    def _contributors(self, one: Reckoning, *, rising: bool = False) -> Iterator[Sprout]:
        """The devices that a point is worked out from, or those whose point is an index."""
        computation, searcher = one.computing.computation, self._searcher
        types = self._types(computation.function, computation.quantity.text)[rising]
        origin = one.origin
        spans = searcher.cover(origin.path) if origin.part.kind == "view" else merged([searcher.below(origin.path)])
        rule = searcher.rule(one.search) if one.search is not None else None
        for position in within(searcher.of_types(types), spans):
            device = searcher.all[position]
            points = self._points(device, one, rising=rising)
            if points and (rule is None or rule.fits(device, searcher)):
                yield device

    def _points(self, device: Sprout, one: Reckoning, *, rising: bool) -> list[PointType]:
        computation, found = one.computing.computation, device.seed.prepared.type
        if found is None:
            return []
        named = self._ontology.measuring(computation.quantity.text)[found.name]
        points = [found.points[name] for name in device.points if name in named]
        return [point for point in points if adds_up(computation.function, point) and (point.accumulates or not rising)]

    def _warn_of_averages(self, one: Reckoning) -> None:
        device = next(self._contributors(one, rising=True), None)
        if device is None:
            return
        computation = one.computing.computation
        index = self._points(device, one, rising=True)[0]
        message = (
            f"'{computation.function}' of {computation.quantity.text}: '{device.key}' has an index that only rises"
        )
        related = [(index.place, index.name)]
        help_ = "add it up with 'sum', or choose the quantity that it is the sum of: power rather than energy"
        self._report.warn("average.accumulates", message, computation.word.place, related=related, help=help_)
