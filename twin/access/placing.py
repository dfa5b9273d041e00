"""Where a box may be let in, and whether it has the place that it was let into: what the graph says of assets."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twin.access.boxes import Box
    from twin.graph.mirror import Mirror

__all__ = ["BLOCKED", "in_place"]

BLOCKED = "blocked"
"""The state of an asset that nobody lets in, and that nothing is taken from."""


def in_place(mirror: Mirror, box: Box) -> bool:
    """Whether the graph declares that the asset is that gateway or device, and the asset is not blocked."""
    asset = mirror.get(box.asset)
    return (
        asset is not None
        and asset.properties.get("state") != BLOCKED
        and mirror.declared.place_of(box.asset) == box.device
    )
