"""The map of measured series: which file holds which point of which device."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from twin.errors import AuthoringError
from twin.ontology.authoring import read_document
from twin.source import Diagnostics, MapNode, Scalar, conform
from twin.topology.shape import SERIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.errors import Place
    from twin.source import Entry, Source

__all__ = ["SeriesMap", "Target", "read_series"]

_TARGET = re.compile(r"([a-z0-9][a-z0-9-]*(?:/[a-z0-9][a-z0-9-]*)*)\.([a-z][a-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class Target:
    """The point that a series belongs to. ``device`` is a path below the site."""

    device: str
    point: str
    place: Place


@dataclass(frozen=True, slots=True)
class SeriesMap:
    """Files by name, and the site they were measured in."""

    site: str
    series: Mapping[str, Target]


def read_series(source: Source) -> SeriesMap:
    """The map that a document describes. Raises `AuthoringError` with all that is wrong."""
    report = Diagnostics()
    root = read_document(source, "series", report)
    if root is None:
        raise AuthoringError(report.all)
    node = cast("MapNode", conform(root, SERIES, report, "the map of series", root.entries["series"].key.place))
    series: dict[str, Target] = {}
    for entry in node.under("series"):
        target = _target(entry, series, report)
        if target is not None:
            series[entry.key.text] = target
    report.raise_if_errors()
    return SeriesMap(node.text("site") or "", series)


def _target(entry: Entry, earlier: Mapping[str, Target], report: Diagnostics) -> Target | None:
    if not isinstance(entry.value, Scalar):
        return None
    match = _TARGET.fullmatch(entry.value.text)
    if match is None:
        help_ = "name a device below the site, and its point: kitchen/climate.temperature"
        report.error("path.invalid", f"'{entry.value.text}' names no point", entry.value.place, help=help_)
        return None
    target = Target(match[1], match[2], entry.value.place)
    for name, other in earlier.items():
        if (other.device, other.point) == (target.device, target.point):
            related = [(other.place, name)]
            message = f"'{entry.value.text}' is fed by two files"
            help_ = "a point has one series: map one of the two"
            report.error("series.duplicate", message, target.place, related=related, help=help_)
    return target
