"""Who has which role on what, as the graph says it: by HAS_ROLE on the thing itself, or on a fleet that manages it.

A role is had on an entity of a site, where it may be had (`RoleType.on`); what follows from that for other entities is
`twin.access.reach`'s to say. A role on a fleet is as good as the same role on each site and device that the fleet
manages, wherever it may be had.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, NamedTuple

from twin.graph.model import HAS_ROLE, MANAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.graph.mirror import Mirror
    from twin.graph.model import Held

__all__ = ["Grant", "Holding", "Holdings", "Rights", "grants_of", "rights_of"]


class Holding(NamedTuple):
    """A role that somebody has on an entity."""

    entity: str
    role: str


Holdings = frozenset[Holding]


class Grant(NamedTuple):
    """A role as it was given."""

    entity: str
    """The id of what it was given on: of a fleet, too."""
    held: Held
    holdings: tuple[Holding, ...]
    """What it stands for: itself, or the same on all that the fleet manages."""


class Rights:
    """What somebody has at one time, site by site."""

    __slots__ = ("_marks", "_over", "_since", "by_site")

    def __init__(
        self, by_site: dict[str, Holdings], since: int, over: float, marks: tuple[tuple[str, int], ...]
    ) -> None:
        """It is so from one moment on, and over at another; ``marks``: who gave what, as of which sequence."""
        self.by_site = by_site
        self._since = since
        self._over = over
        self._marks = marks

    def hold(self, mirror: Mirror, now: int) -> bool:
        """Whether nothing has been given or taken since, and nothing has run out."""
        changed = mirror.rights
        return self._since <= now < self._over and all(changed.get(source, 0) == mark for source, mark in self._marks)


def grants_of(mirror: Mirror, holder: str) -> Iterator[Grant]:
    """The roles of a user or a client, by its id, whether or not they have run out."""
    if holder not in mirror.entities:
        return
    for target, edges in mirror.leaving(holder).items():
        roles: tuple[Held, ...] = edges.get(HAS_ROLE, {}).get("roles", ())
        if mirror.entities[target].kind == "fleet":
            managed = [each for each, keys in mirror.leaving(target).items() if MANAGES in keys]
            for held in roles:
                yield Grant(target, held, tuple(Holding(each, held.role) for each in managed))
        else:
            for held in roles:
                yield Grant(target, held, (Holding(target, held.role),))


def rights_of(mirror: Mirror, holder: str, now: int) -> Rights:
    """What a user or a client has at a time. Costs its grants, and what their fleets manage."""
    found: dict[str, set[Holding]] = {}
    sources = {holder: None}
    since, over = 0, inf
    for grant in grants_of(mirror, holder):
        sources[grant.entity] = None
        until = grant.held.until
        if until is not None:
            if until <= now:
                since = max(since, until)
                continue
            over = min(over, until)
        for holding in grant.holdings:
            found.setdefault(mirror.entities[holding.entity].site, set()).add(holding)
    by_site = {site: frozenset(holdings) for site, holdings in found.items()}
    return Rights(by_site, since, over, tuple((source, mirror.rights.get(source, 0)) for source in sources))
