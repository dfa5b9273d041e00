"""Entities as they are asked for, once everything about them is known."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from twin.topology.desired import DesiredEntity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.graph.model import Computed
    from twin.topology.grown import Sprout
    from twin.topology.seeds import Said

__all__ = ["entity"]

T = TypeVar("T")


def entity(
    sprout: Sprout, sources: Mapping[str, tuple[str, str]], computed: Mapping[str, Computed], rules: Mapping[str, str]
) -> DesiredEntity:
    """The entity that a sprout has become. ``rules`` are those of views, by path."""
    seed, parent, prepared = sprout.seed, sprout.parent, sprout.seed.prepared
    said = seed.said
    if sprout.properties is not seed.properties or sprout.settings is not seed.settings or sprout.serial is not None:
        said = _said(sprout)
    elif said is None:
        said = seed.said = _said(sprout)
    return DesiredEntity(  # by position: this is done for every entity of a building
        prepared.part.kind,
        seed.type,
        sprout.key,
        sprout.path,
        None if parent is None else parent.path,
        sprout.title,
        sprout.properties,
        sprout.points,
        sources,
        sprout.serial,
        said[0],
        prepared.part.place,
        prepared.commands,
        computed,
        rules.get(sprout.path),
        sprout.settings,
        said[1],
        said[2],
        prepared.roles,
    )


def _said(sprout: Sprout) -> Said:
    """Which fields the topology gives, and the defaults for those that it does not."""
    prepared, properties, settings = sprout.seed.prepared, sprout.properties, sprout.settings
    return (
        _given(tuple(properties), tuple(settings), bool(sprout.title), bool(sprout.serial)),
        _without(prepared.defaults, settings),
        _without(prepared.property_defaults, properties),
    )


@lru_cache(maxsize=4096)
def _given(properties: tuple[str, ...], settings: tuple[str, ...], titled: bool, declared: bool) -> tuple[str, ...]:  # noqa: FBT001 - a cache knows no names
    """The names of the fields that the topology gives: the same for all that grew from one part."""
    given = [f"properties.{name}" for name in properties] + [f"desired.{name}" for name in settings]
    return tuple(sorted([*given, *(["title"] if titled else []), *(["serial"] if declared else [])]))


def _without(defaults: Mapping[str, T], said: Mapping[str, object]) -> Mapping[str, T]:
    return {name: value for name, value in defaults.items() if name not in said} if said else defaults
