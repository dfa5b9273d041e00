"""Where a box may be let in, and whether it has the place that it was let into: what the graph says of assets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.access.declaring import BLOCKED, STATE, place_of, places, unfit
from twin.graph.model import DECLARES, Unlink
from twin.graph.visibility import among, shown, shows

if TYPE_CHECKING:
    from twin.access.boxes import Box
    from twin.graph.mirror import Mirror
    from twin.graph.model import ChangeSet, Entity, Kind
    from twin.graph.visibility import Sites
    from twin.ontology.model import Ontology

__all__ = ["admitted", "in_place", "offered", "released", "sites_for"]

_KINDS: frozenset[Kind] = frozenset({"gateway", "device"})


def in_place(mirror: Mirror, box: Box) -> bool:
    """Whether the graph declares that the asset is that gateway or device, and the asset is not blocked."""
    return admitted(mirror, box.asset) is not None and mirror.declared.place_of(box.asset) == box.device


def admitted(mirror: Mirror, asset_id: str) -> Entity | None:
    """An asset, by its id, unless it is blocked."""
    asset = mirror.get(asset_id)
    return None if asset is None or asset.properties.get(STATE) == BLOCKED else asset


def released(changeset: ChangeSet) -> list[str]:
    """The ids of the assets that a change takes the place of."""
    return [each.source for each in changeset.entries if isinstance(each, Unlink) and each.type == DECLARES]


def sites_for(mirror: Mirror, asset: Entity, administered: Sites) -> list[str]:
    """The ids of the sites in which somebody may let an asset in, who administers that: the one where it has its place,
    where it has one.
    """
    place = place_of(mirror, asset)
    if place is not None:
        return [place.site] if shows(mirror, place, administered) else []
    sites = mirror.sites if administered is None else administered
    return [each for each in sites if shown(mirror, each, administered)]


def offered(mirror: Mirror, ontology: Ontology, asset: Entity, site: str, administered: Sites) -> list[Entity]:
    """The places of a site that somebody who administers them may give to an asset: the one that it has; or the one
    that was built with its serial; or else all that are free and of its type.
    """
    place = place_of(mirror, asset)
    if place is not None:
        fits = place.site == site and shows(mirror, place, administered) and not unfit(ontology, asset, place)
        return [place] if fits else []
    candidates = (
        among(mirror, mirror.below(site, mirror.types_of(_KINDS)), administered) if site in mirror.sites else []
    )
    found = list(places(mirror, ontology, asset, candidates))
    named = [each for each in found if each.serial is not None]
    return named or found
