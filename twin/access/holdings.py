"""Which sites somebody holds: those on which, or in which, they have a role now, themselves or by a fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.graph.model import HAS_ROLE, MANAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.graph.mirror import Mirror

__all__ = ["sites_held"]


def sites_held(mirror: Mirror, holder: str, now: int) -> frozenset[str]:
    """The ids of the sites that a user (or a client) holds at ``now``; none for who is not in the graph."""
    if mirror.get(holder) is None:
        return frozenset()
    return frozenset(site for target in _held(mirror, holder, now) for site in _sites(mirror, target))


def _held(mirror: Mirror, holder: str, now: int) -> Iterator[str]:
    for target, relations in mirror.leaving(holder).items():
        roles = relations.get(HAS_ROLE, {}).get("roles", ())
        if any(each.until is None or each.until > now for each in roles):
            yield target


def _sites(mirror: Mirror, target: str) -> Iterator[str]:
    entity = mirror.get(target)
    if entity is None:
        return
    if entity.kind != "fleet":
        yield entity.site
        return
    for managed, relations in mirror.leaving(target).items():
        found = mirror.get(managed)
        if MANAGES in relations and found is not None:
            yield found.site
