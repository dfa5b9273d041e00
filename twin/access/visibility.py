"""What each principal may see and do, compiled from its grants: per site and permission, the entities it reaches.

Whoever has the same roles on the same things of a site shares what was compiled of them. Nothing is recomputed before
somebody asks, and then only where a grant, the tree, a view or the ontology of that very site has changed.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar

from twin.access.grants import Rights, rights_of
from twin.access.reach import Stretch, closed_to, may_have, merged, reach_of, stretches, whole_types
from twin.errors import Forbidden
from twin.graph.visibility import NOTHING, Part, Visibility

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from twin.access.grants import Holdings
    from twin.access.principals import Principal
    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity
    from twin.graph.visibility import Sites
    from twin.ontology.model import Ontology, Permission, RoleType

__all__ = ["Access", "Visibilities", "insufficient"]

K = TypeVar("K")
V = TypeVar("V")

_KEPT = 10_000
"""So many principals are kept: the oldest go first."""
_MOST_IDS = 4_000_000
"""Parts are kept that hold so many entities together (some 100 bytes each at most); the oldest go first."""
_Kept: TypeAlias = "tuple[tuple[int, int], Ontology, Part]"


class Asked(NamedTuple):
    """What is asked of each entity."""

    permission: Permission
    wholly: bool
    """On it and on all that is or may be in it, as far as types can tell."""


class Access(Visibility):
    """What one principal may see, or do: `Visibilities.of` gives another one as soon as its rights have changed."""

    def __init__(
        self, compiled: _Compiled, rights: Rights, asked: Asked, whole: Collection[str], within: Sites
    ) -> None:
        """``whole`` are sites that are open to it whatever its roles; its roles count ``within`` these sites."""
        self._compiled = compiled
        self._by_site = {
            site: holdings for site, holdings in rights.by_site.items() if within is None or site in within
        }
        self._asked = asked
        self._whole = whole

    def __iter__(self) -> Iterator[str]:
        """The ids of the sites of which something may be seen."""
        yield from self._whole
        for site in self._by_site:
            if site not in self._whole and self.part(site):
                yield site

    @property
    def alone(self) -> str | None:
        """The one site of which something may be seen, where no other can be."""
        return next(iter(self._by_site)) if len(self._by_site) == 1 and not self._whole else None

    def part(self, site: str) -> Part | None:
        """What may be seen of a site as it is now; None: all of it."""
        if site in self._whole:
            return None
        holdings = self._by_site.get(site)
        return NOTHING if holdings is None else self._compiled.part(site, holdings, self._asked)


class Visibilities:
    """The visibility of every principal."""

    def __init__(self, mirror: Mirror, ontology: Callable[[], Ontology]) -> None:
        """``ontology`` says what is in force."""
        self._mirror = mirror
        self._compiled = _Compiled(mirror, ontology)
        self._rights: dict[tuple[str, tuple[str, ...]], tuple[int, Rights]] = {}
        self._known: dict[tuple[str, tuple[str, ...], bool, frozenset[str] | None, Asked], tuple[Rights, Access]] = {}

    def of(self, principal: Principal, now: int, permission: Permission = "read", *, wholly: bool = False) -> Sites:
        """Where a principal has a permission, at a time (microseconds): the very same object until that may differ.
        ``wholly``: only what it has it on with all that is, or may be, in it.

        A client that acts in its own name has every permission on the sites that it was registered for, and beside
        them what its roles give it. A user has what its roles give it, on the sites that it let the client touch. A
        client that is one gateway or device has topics to send to, and nothing to see.
        """
        if principal.device:
            return frozenset()
        rights = self._rights_of((principal.subject, principal.parties), now)
        own = principal.own
        if own and (principal.sites is None or not rights.by_site):
            return principal.sites
        asked = Asked(permission, wholly)
        key = (principal.subject, principal.parties, own, principal.sites, asked)
        known = self._known.get(key)
        if known is not None and known[0] is rights:
            return known[1]
        whole = principal.sites if own and principal.sites is not None else frozenset[str]()
        made = Access(self._compiled, rights, asked, whole, None if own else principal.sites)
        _keep(self._known, key, (rights, made))
        return made

    def whole(self, principal: Principal, now: int, permission: Permission) -> frozenset[str] | None:
        """The sites on the whole of which a principal has a permission, by their ids; None: all."""
        found = self.of(principal, now, permission, wholly=True)
        if not isinstance(found, Visibility):
            return None if found is None else frozenset(found)
        return frozenset(site for site in found if (part := found.part(site)) is None or site in part)

    def _rights_of(self, holder: tuple[str, tuple[str, ...]], now: int) -> Rights:
        """What somebody has, with the organisations that they belong to by their token."""
        era = self._mirror.views.era
        known = self._rights.get(holder)
        if known is not None and known[0] == era and known[1].hold(self._mirror, now):
            return known[1]
        found = rights_of(self._mirror, holder[0], now, holder[1])
        _keep(self._rights, holder, (era, found))
        return found


def insufficient(permission: Permission, entity: Entity) -> Forbidden:
    """What to raise where roles let somebody see an entity, and not do what they ask."""
    return Forbidden(
        f"your roles on {entity.path} do not let you {permission} there",
        code="role.insufficient",
        help="ask somebody who may share it for a role that does: twin grant add",
        permission=permission,
    )


class _Compiled:
    """What holdings on a site come to, for each thing that is asked."""

    def __init__(self, mirror: Mirror, ontology: Callable[[], Ontology]) -> None:
        self._mirror = mirror
        self._ontology = ontology
        self._parts: dict[tuple[str, Holdings, Asked], _Kept] = {}
        self._size = 0
        """Of all parts together, in entities."""
        self._doors: dict[str, tuple[Ontology, frozenset[str], frozenset[str]]] = {}

    def part(self, site: str, holdings: Holdings, asked: Asked) -> Part:
        """What of a site those who have these roles there may do that on."""
        ontology = self._ontology().of(site)
        key = (site, holdings, asked)
        known = self._parts.get(key)
        if known is not None and known[1] is ontology and known[0] == self._mirror.views.stamp(site):
            return known[2]
        found = self._compile(site, holdings, asked, ontology) if site in self._mirror.sites else NOTHING
        self._let_go(self._parts.pop(key, None))
        self._parts[key] = (self._mirror.views.stamp(site), ontology, found)
        self._size += len(found.order)
        while self._size > _MOST_IDS and len(self._parts) > 1:
            self._let_go(self._parts.pop(next(iter(self._parts))))
        return found

    def _let_go(self, kept: _Kept | None) -> None:
        if kept is not None:
            self._size -= len(kept[2].order)

    def _compile(self, site: str, holdings: Holdings, asked: Asked, ontology: Ontology) -> Part:
        labels, entities = self._mirror.intervals(site), self._mirror.entities
        order = labels.order
        found: list[Stretch] = []
        for holding in holdings:
            role, entity = ontology.roles.get(holding.role), entities.get(holding.entity)
            if role is None or entity is None or asked.permission not in role.may:
                continue
            if may_have(ontology, role, entity):
                closed, whole = self._doors_of(role, ontology)
                for reach in reach_of(self._mirror, entity, closed):
                    passed = stretches(labels, reach.entity, closed)
                    found.extend(_only(passed, whole, order, entities) if asked.wholly else passed)
        return Part(list(chain.from_iterable(order[start:end] for start, end in merged(found))), entities)

    def _doors_of(self, role: RoleType, ontology: Ontology) -> tuple[frozenset[str], frozenset[str]]:
        """The types that stop a role, and those in which nothing does."""
        known = self._doors.get(role.name)
        if known is None or known[0] is not ontology:
            closed = closed_to(ontology, role)
            known = self._doors[role.name] = ontology, closed, whole_types(ontology, closed)
        return known[1], known[2]


def _only(
    found: Iterable[Stretch], types: frozenset[str], order: Sequence[str], entities: Mapping[str, Entity]
) -> Iterator[Stretch]:
    """The positions of what is of these types."""
    for start, end in found:
        for position in range(start, end):
            if entities[order[position]].type in types:
                yield Stretch(position, position + 1)


def _keep(kept: dict[K, V], key: K, value: V) -> None:
    """Put the newest last, and let go of the oldest where there are too many."""
    kept.pop(key, None)
    if len(kept) >= _KEPT:
        del kept[next(iter(kept))]
    kept[key] = value
