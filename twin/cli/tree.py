"""A twin as a tree: what contains what, and what each point says now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twin.graph.query import children
from twin.graph.readings import quality_at
from twin.times import now, rfc3339

if TYPE_CHECKING:
    from twin.engine import Twin
    from twin.graph.model import Entity

__all__ = ["as_data", "as_text"]

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def as_data(twin: Twin, entity: Entity) -> dict[str, Any]:
    """An entity and all below it, for ``--json``."""
    data: dict[str, Any] = {
        "id": entity.id,
        "path": entity.path,
        "kind": entity.kind,
        "type": entity.type,
        "title": entity.title,
        "properties": entity.properties,
        "serial": entity.serial,
        "revision": entity.revision,
        "points": {point: _reading(twin, entity, point) for point in entity.points},
    }
    return {**data, "children": [as_data(twin, child) for child in children(twin.mirror, entity)]}


def _reading(twin: Twin, entity: Entity, point: str) -> dict[str, Any] | None:
    reading = twin.read(entity, point)
    if reading is None:
        return None
    type_ = twin.ontology.of(entity.site).types[entity.type].points[point]
    return {
        "value": reading.value,
        "unit": type_.unit,
        "time": rfc3339(reading.time),
        "quality": quality_at(reading, type_.every, now()),
    }


def as_text(twin: Twin, entity: Entity) -> str:
    """An entity and all below it, one line each."""
    return "\n".join(_lines(twin, entity, "", ""))


def _lines(twin: Twin, entity: Entity, lead: str, indent: str) -> list[str]:
    below = children(twin.mirror, entity)
    lines = [
        f"{lead + (entity.key if lead else entity.path):<36} {_short(entity.type):<22} {_said(twin, entity)}".rstrip()
    ]
    for child in below:
        last = child is below[-1]
        lines += _lines(twin, child, indent + ("└─ " if last else "├─ "), indent + ("   " if last else "│  "))
    return lines


def _said(twin: Twin, entity: Entity) -> str:
    return ", ".join(_point(twin, entity, point) for point in entity.points)


def _point(twin: Twin, entity: Entity, point: str) -> str:
    reading = twin.read(entity, point)
    if reading is None:
        return f"{point} -"
    type_ = twin.ontology.of(entity.site).types[entity.type].points[point]
    unit = f" {type_.unit}" if type_.unit else ""
    stale = ", stale" if quality_at(reading, type_.every, now()) == "stale" else ""
    return f"{point} {reading.value}{unit} ({_age((now() - reading.time) / 1_000_000)}{stale})"


def _age(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{max(seconds, 0):.0f} s ago"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min ago"
    if seconds < _DAY:
        return f"{seconds / _HOUR:.0f} h ago"
    return f"{seconds / _DAY:.0f} d ago"


def _short(name: str) -> str:
    return name.rsplit("/", 1)[-1]
