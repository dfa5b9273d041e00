"""Entities as they are asked for, once everything about them is known."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from twin.topology.desired import DesiredEntity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.graph.model import Computed
    from twin.topology.growing import Sprout

__all__ = ["entity"]

T = TypeVar("T")


def entity(
    sprout: Sprout, sources: Mapping[str, tuple[str, str]], computed: Mapping[str, Computed], rules: Mapping[str, str]
) -> DesiredEntity:
    """The entity that a sprout has become. ``rules`` are those of views, by path."""
    prepared = sprout.prepared
    return DesiredEntity(
        path=sprout.path,
        kind=sprout.part.kind,
        type=sprout.type,
        key=sprout.key,
        parent=sprout.parent.path if sprout.parent is not None else None,
        title=sprout.title,
        properties=sprout.properties,
        points=sprout.points,
        sources=sources,
        serial=sprout.serial,
        place=sprout.part.place,
        given=_given(tuple(sprout.properties), tuple(sprout.settings), bool(sprout.title), bool(sprout.serial)),
        commands=prepared.commands,
        computed=computed,
        rule=rules.get(sprout.path),
        desired=sprout.settings,
        defaults=_without(prepared.defaults, sprout.settings),
        property_defaults=_without(prepared.property_defaults, sprout.properties),
        roles=prepared.roles,
    )


@lru_cache(maxsize=4096)
def _given(properties: tuple[str, ...], settings: tuple[str, ...], titled: bool, declared: bool) -> tuple[str, ...]:  # noqa: FBT001 - a cache knows no names
    """The names of the fields that the topology gives: the same for all that grew from one part."""
    given = [f"properties.{name}" for name in properties] + [f"desired.{name}" for name in settings]
    return tuple(sorted([*given, *(["title"] if titled else []), *(["serial"] if declared else [])]))


def _without(defaults: Mapping[str, T], said: Mapping[str, object]) -> Mapping[str, T]:
    return {name: value for name, value in defaults.items() if name not in said} if said else defaults
