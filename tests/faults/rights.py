"""Non-interference at length: random graphs, grants and changes out of sight, and not a byte of an answer changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.noninterference import World, hold

if TYPE_CHECKING:
    from pathlib import Path

_GRAPHS = 20
_STEPS = 20
_REQUESTS = 60


def round_of(seed: int, folder: Path) -> str:
    """Some graphs, each with one who asks."""
    world = World(folder)
    try:
        unseen = sum(
            hold(world, seed * _GRAPHS + number, steps=_STEPS, requests=_REQUESTS) for number in range(_GRAPHS)
        )
    finally:
        world.records.close()
    assert unseen, "nothing has happened out of sight"
    return f"{_GRAPHS} graphs, {unseen} changes out of sight, none of them told"
