"""What one who asks may see and do, at one time: its token's scopes, and the permissions that its roles give it.

A permission counts where the token carries its scope as well (`Principal.counts`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from twin.access.principals import SCOPE_OF
from twin.access.privacy import SCOPE, is_private
from twin.access.visibility import insufficient
from twin.graph.visibility import Part, Visibility, shows
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.access.principals import Principal
    from twin.access.visibility import Visibilities
    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity
    from twin.graph.visibility import Sites
    from twin.ontology.model import Ontology, Permission, PointType

__all__ = ["Graph", "Rights"]


class Graph(Protocol):
    """What is asked about: what exists, its words, and who may see what of it."""

    @property
    def mirror(self) -> Mirror:
        """What exists."""

    @property
    def ontology(self) -> Ontology:
        """Everything that is in force."""

    @property
    def visibilities(self) -> Visibilities:
        """What each who asks may see and do."""


class Rights:
    """Asked about entities that are there; what may not be seen is nobody's to ask about."""

    __slots__ = ("_asked", "_graph", "_partly", "_principal", "private", "sites")

    def __init__(self, graph: Graph, principal: Principal) -> None:
        self._graph = graph
        self._principal = principal
        self._asked: dict[tuple[Permission, bool], Sites] = {}
        self.sites = self._of("read")
        """What may be seen."""
        self._partly = isinstance(self.sites, Visibility)
        self.private = principal.may(SCOPE)
        """Whether what is private is there at all, for this token."""

    @property
    def all_private(self) -> bool:
        """Whether nothing is hidden in what may be seen."""
        return self.private and not self._partly

    def hold(self) -> bool:
        """Whether they are what they would be now."""
        return self._graph.visibilities.of(self._principal, now()) is self.sites

    def may(self, permission: Permission, entity: Entity, *, wholly: bool = False) -> bool:
        """Whether there is a permission on an entity that may be seen; ``wholly``: on all that may be in it as well."""
        if not self._principal.counts(permission):
            return False
        return not self._partly or shows(self._graph.mirror, entity, self._of(permission, wholly=wholly))

    def require(self, permission: Permission, entity: Entity, *, wholly: bool = False) -> None:
        """Raise `Forbidden` unless it is there: naming the scope that is missing, or (``role.insufficient``) the
        permission.
        """
        self._principal.require(SCOPE_OF[permission])
        if not self.may(permission, entity, wholly=wholly):
            raise insufficient(permission, entity)

    def shows(self, entity: Entity, kind: PointType) -> bool:
        """Whether an entity that may be seen has a point, as far as may be seen."""
        return (
            kind.name in entity.points
            and self.follows(entity, kind.name)
            and (self.reads_private(entity) or not is_private(self._graph.mirror, self._graph.ontology, entity, kind))
        )

    def reads_private(self, entity: Entity) -> bool:
        """Whether what is private of an entity is there."""
        return self.private and self.may("read-private", entity)

    def follows(self, entity: Entity, point: str) -> bool:
        """Whether what a point says comes from nothing that is hidden: the point that it follows, or all that it may
        be worked out from.
        """
        if not self._partly:
            return True
        source = entity.sources.get(point)
        if source is not None:
            followed = self._graph.mirror.get(source[0])
            return followed is not None and self._follows_to(followed)
        return point not in entity.computed or self.may("read", entity, wholly=True)

    def _follows_to(self, followed: Entity) -> bool:
        return shows(self._graph.mirror, followed, self.sites)

    def whole(self, permissions: tuple[Permission, ...]) -> frozenset[str] | None:
        """The sites on the whole of which there are all of these; None: all sites."""
        at, found = now(), None
        for permission in permissions:
            sites = self._graph.visibilities.whole(self._principal, at, permission)
            found = sites if found is None else found if sites is None else found & sites
        return found

    def openly(self, types: frozenset[str]) -> Sites:
        """What may be seen that is of these types, or that may be read in private."""
        if not self._partly:
            return self.sites
        return _Openly(self._graph.mirror, self.sites, self._of("read-private"), types)

    def _of(self, permission: Permission, *, wholly: bool = False) -> Sites:
        key = (permission, wholly)
        if key not in self._asked:
            self._asked[key] = self._graph.visibilities.of(self._principal, now(), permission, wholly=wholly)
        return self._asked[key]


class _Openly(Visibility):
    """What is seen, less what is of other types and may not be read in private."""

    def __init__(self, mirror: Mirror, seen: Sites, private: Sites, types: frozenset[str]) -> None:
        self._mirror = mirror
        self._seen = seen
        self._private = private
        self._types = types

    def __iter__(self) -> Iterator[str]:
        return iter(self._seen or ())

    def part(self, site: str) -> Part | None:
        """What is left of a site."""
        seen = self._seen.part(site) if isinstance(self._seen, Visibility) else None
        if seen is None:
            return None
        entities = self._mirror.entities
        return Part(
            [
                each
                for each in seen.order
                if entities[each].type in self._types or shows(self._mirror, entities[each], self._private)
            ],
            entities,
        )
