"""Who has which role on what, as the graph says it: by HAS_ROLE on the thing itself, or on a fleet that manages it.

A role is had on an entity of a site, where it may be had (`RoleType.on`); what follows from that for other entities is
`twin.access.reach`'s to say. A role on a fleet is as good as the same role on each site and device that the fleet
manages, wherever it may be had. Who is a member of an organisation has its roles, as long as both last.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, NamedTuple

from twin.graph.model import HAS_ROLE, MANAGES, MEMBER_OF, Held

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twin.graph.mirror import Mirror

__all__ = ["Grant", "Holding", "Holdings", "Rights", "earlier", "grants_of", "parties_of", "rights_of"]


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
    """Until it ends, or the membership through which it is had."""
    holdings: tuple[Holding, ...]
    """What it stands for: itself, or the same on all that the fleet manages."""
    party: str
    """The id of whom it was given to: of an organisation, too, for its members."""


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


def parties_of(mirror: Mirror, holder: str, also: Sequence[str] = ()) -> Iterator[tuple[str, Held | None]]:
    """By id, everybody whose roles somebody has: they themselves, the organisations that they are members of (and as
    what, whether or not that has run out), and those that they belong to by their token (``also``).
    """
    yield holder, None
    if holder in mirror.entities:
        for target, edges in mirror.leaving(holder).items():
            for standing in edges.get(MEMBER_OF, {}).get("roles", ()):
                yield target, standing
    for each in also:
        if (found := mirror.entities.get(each)) is not None and found.kind == "organisation":
            yield each, None


def grants_of(mirror: Mirror, holder: str, also: Sequence[str] = ()) -> Iterator[Grant]:
    """The roles of a user, a client or an organisation, by its id, and those of the organisations that it belongs to,
    whether or not they have run out.
    """
    for party, standing in parties_of(mirror, holder, also):
        if party in mirror.entities:
            yield from _given(mirror, party, None if standing is None else standing.until)


def _given(mirror: Mirror, party: str, until: int | None) -> Iterator[Grant]:
    """What one party was given; it counts no longer than ``until``."""
    for target, edges in mirror.leaving(party).items():
        roles: tuple[Held, ...] = edges.get(HAS_ROLE, {}).get("roles", ())
        if until is not None:
            roles = tuple(Held(held.role, earlier(held.until, until)) for held in roles)
        if mirror.entities[target].kind == "fleet":
            within = mirror.entities  # what is in no site is an asset, which nobody has a role on
            managed = [each for each, keys in mirror.leaving(target).items() if MANAGES in keys and within[each].site]
            for held in roles:
                yield Grant(target, held, tuple(Holding(each, held.role) for each in managed), party)
        else:
            for held in roles:
                yield Grant(target, held, (Holding(target, held.role),), party)


def rights_of(mirror: Mirror, holder: str, now: int, also: Sequence[str] = ()) -> Rights:
    """What a user or a client has at a time. Costs its grants, and what their fleets manage; ``also`` are the ids of
    organisations that it belongs to by its token.
    """
    found: dict[str, set[Holding]] = {}
    sources = dict.fromkeys((holder, *also))
    since, over = 0, inf
    for grant in grants_of(mirror, holder, also):
        sources[grant.party] = sources[grant.entity] = None
        until = grant.held.until
        if until is not None:
            if until <= now:
                since = max(since, until)
                continue
            over = min(over, until)
        for holding in grant.holdings:
            found.setdefault(mirror.entities[holding.entity].site, set()).add(holding)
    for party, _ in parties_of(mirror, holder):
        sources[party] = None
    by_site = {site: frozenset(holdings) for site, holdings in found.items()}
    return Rights(by_site, since, over, tuple((source, mirror.rights.get(source, 0)) for source in sources))


def earlier(first: int | None, second: int | None) -> int | None:
    """The sooner of two ends; None never comes."""
    if first is None or second is None:
        return second if first is None else first
    return min(first, second)
