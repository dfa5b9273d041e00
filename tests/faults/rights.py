"""Non-interference at length: random graphs, grants, plans, and changes out of sight that no answer may tell of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.noninterference import Builders, World, hold, keep_apart

if TYPE_CHECKING:
    from pathlib import Path

_GRAPHS = 20
_STEPS = 20
_REQUESTS = 60


def round_of(seed: int, folder: Path) -> str:
    """Some graphs, each with one who asks; and sites, each with one who plans."""
    seeds = range(seed * _GRAPHS, (seed + 1) * _GRAPHS)
    world = World(folder)
    try:
        unseen = sum(hold(world, each, steps=_STEPS, requests=_REQUESTS) for each in seeds)
    finally:
        world.records.close()
    assert unseen, "nothing has happened out of sight"
    (folder / "plans").mkdir()
    builders = Builders(folder / "plans")
    try:
        plans = sum(keep_apart(builders, each, requests=_REQUESTS) for each in seeds)
    finally:
        builders.records.close()
    assert plans, "no plan was made"
    return f"{_GRAPHS} graphs, {unseen} changes out of sight, none of them told; {plans} plans that tell nothing else"
