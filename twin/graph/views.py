"""What views include: by being listed, by rule, through other views; kept as changes arrive.

What a rule includes is an INCLUDES edge of the live graph, marked ``rule``: worked out, never stored, and no relation
of `Mirror.relations`. A member that is listed as well is one edge, the listed one. The rules of a site are first asked
when somebody looks, by narrowed scans; from then on every change is asked of the rules it can alter, and of no others.

Invariants: wherever rules have been asked, what is included is what asking every rule of every entity would include;
without an ontology, rules include nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.graph.membership import Membership
from twin.graph.model import INCLUDES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from twin.graph.living import LiveGraph
    from twin.graph.membership import Changed
    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity
    from twin.ontology.model import Ontology

    Sees = Callable[[str], bool]

__all__ = ["ASIDE", "Views"]

ASIDE = frozenset({"title", "properties", "desired", "roles", "sends", "serial", "commands"})
"""Fields of an entity that decide nothing but themselves: no rule asks for them, and no point is worked out by them."""


class Views:
    """The views of a mirror. What is not said to be for the mirror is for everybody."""

    def __init__(self, mirror: Mirror, graph: LiveGraph) -> None:
        self.ontology: Ontology | None = None
        self.changed: Changed = {}
        """View -> what the last change let come into it, or go (itself, not what is below), of the views that are
        still there. Where nobody has asked for what a site's rules include, they are not among them.
        """
        self.rearranged: dict[str, None] = {}
        """Sites whose views themselves the last change has made, changed, put into each other or ended."""
        self._mirror = mirror
        self._graph = graph
        self.era = 0
        """How often everything was forgotten."""
        self._stamps: dict[str, int] = {}
        self._sites: dict[str, Membership] = {}
        self._unsettled: dict[str, None] = {}
        self.waiting: dict[str, None] = {}
        """Sites with rules that nobody has asked for."""
        self._first: dict[str, None] = {}
        """Sites that have got their first rule by the change that is being applied."""
        self._inner: dict[str, dict[str, None]] = {}
        self._outer: dict[str, dict[str, None]] = {}

    # Questions

    def complete(self) -> None:
        """Ask all rules that have not been asked, of every site."""
        for site in tuple(self.waiting):
            self.ready(site)

    def ready(self, site: str) -> None:
        """Ask the rules of a site, if they have not been."""
        self._ask(site)

    def nested(self, view: str, sees: Sees | None = None) -> list[str]:
        """The ids of a view and of all views in it. Where some are hidden, ``sees`` says which are not: nothing is
        found by way of the others, here and below.
        """
        return _reached(view, self._inner, sees)

    def covers(self, view: str, entity: Entity) -> bool:
        """Whether the view at this path includes an entity: itself, with what contains it, or through another view."""
        found = self._mirror.by_path(view)
        if found is None:
            return False
        views = self.nested(found.id)
        return any(
            self._graph.has_edge(each, part, INCLUDES) for part in self._mirror.line(entity.id) for each in views
        )

    def around(self, entity: str, sees: Sees | None = None) -> dict[str, None]:
        """The ids of the views that an entity is in: itself, with what contains it, or through another view."""
        found: dict[str, None] = {}
        for part in self._mirror.line(entity):
            if sees is None or sees(part):
                self._gather(part, found, sees)
        return found

    def including(self, entity: str, sees: Sees | None = None) -> dict[str, None]:
        """The ids of the views that include an entity itself, or a view that does."""
        found: dict[str, None] = {}
        self._gather(entity, found, sees)
        return found

    def _gather(self, entity: str, found: dict[str, None], sees: Sees | None) -> None:
        for source, keys in self._graph.coming(entity).items():
            if INCLUDES in keys and source not in found and (sees is None or sees(source)):
                found.update(dict.fromkeys(_reached(source, self._outer, sees)))

    def listed(self, view: str) -> Iterator[str]:
        """The ids of what a view itself includes, in no particular order."""
        return (target for target, keys in self._graph.leaving(view).items() if INCLUDES in keys)

    def members(self, view: str, sees: Sees | None = None) -> Iterator[str]:
        """The ids of what a view and the views in it include; some more than once."""
        found = (member for each in self.nested(view, sees) for member in self.listed(each))
        return found if sees is None else filter(sees, found)

    def stamp(self, site: str) -> tuple[int, int]:
        """As long as this is the same, everything of a site is where it was, of the type and in the views it was."""
        return self.era, self._stamps.get(site, 0)

    # For the mirror

    def clear(self) -> None:
        """Forget everything."""
        for index in (self._sites, self._unsettled, self.waiting, self._first, self._inner, self._outer):
            index.clear()
        self.era += 1
        self.begin()

    def begin(self) -> None:
        """A change is about to be applied."""
        self.changed = {}
        self.rearranged.clear()
        self._first.clear()

    def put(self, entity: Entity) -> None:
        """An entity is new, or another than it was."""
        self._mark(entity.site)
        if entity.kind == "view":
            self.rearranged[entity.site] = None
        site = self._at(entity.site)
        if site is not None:
            site.put(entity)
        elif entity.rule is not None and entity.site not in self.waiting:
            self.waiting[entity.site] = self._first[entity.site] = None

    def drop(self, entity: Entity) -> None:
        """An entity is about to go, with all its edges."""
        self._mark(entity.site)
        if entity.kind == "view":
            self.rearranged[entity.site] = None
        for view, keys in self._graph.coming(entity.id).items():
            if INCLUDES in keys:
                self._tell({view: {entity.id}})
        for outer in self._outer.pop(entity.id, ()):
            del self._inner[outer][entity.id]
        for inner in self._inner.pop(entity.id, ()):
            del self._outer[inner][entity.id]
        site = self._at(entity.site)
        if site is not None:
            site.drop(entity)
        if entity.id == entity.site:
            for index in (self._sites, self._unsettled, self.waiting, self._first):
                index.pop(entity.id, None)

    def forget(self, site: str, ids: Collection[str]) -> None:
        """A site goes, with all that it contained, whatever is left of it; what it comes back with will be asked."""
        for index in (self._sites, self._unsettled, self.waiting, self._first):
            index.pop(site, None)
        for steps in (self._inner, self._outer):
            for view in [each for each in steps if each in ids]:
                del steps[view]
            for views in steps.values():
                for view in [each for each in views if each in ids]:
                    del views[view]
        self.era += 1

    def link(self, view: str, member: str) -> None:
        """A view lists a member from now on: the edge is there."""
        if self._mirror.entities[member].kind == "view":
            self._inner.setdefault(view, {})[member] = None
            self._outer.setdefault(member, {})[view] = None
            self.rearranged[self._mirror.entities[view].site] = None
        self._relinked(view, member)

    def unlink(self, view: str, member: str) -> None:
        """A view does not list a member any more: the edge is gone."""
        if member in self._inner.get(view, ()):
            del self._inner[view][member], self._outer[member][view]
            self.rearranged[self._mirror.entities[view].site] = None
        self._relinked(view, member)

    def settle(self) -> None:
        """A change has been applied: ask the rules that it can alter. Those of a site that is still being built wait
        until somebody looks.
        """
        for site in self._first:
            if self._mirror.prompt or not self._mirror.entities[site].hidden:
                self._tell(self._ask(site))
        for site in self._unsettled:
            self._tell(self._sites[site].settle())
        self._unsettled.clear()
        self.changed = {view: members for view, members in self.changed.items() if view in self._mirror.entities}

    def adopt(self, ontology: Ontology) -> None:
        """Rules mean what they mean in this ontology, from now on."""
        self.ontology = ontology
        for id_, site in self._sites.items():
            if site.ontology is not ontology.of(id_):
                self._tell(site.adopt(ontology.of(id_)))

    def _ask(self, site: str) -> Changed:
        """Ask the rules of a site, if they have not been; what they include."""
        if site not in self.waiting or self.ontology is None:
            return {}
        del self.waiting[site]
        made = self._sites[site] = Membership(self._mirror.entities[site], self._mirror, self._graph, self)
        return made.adopt(self.ontology.of(site))

    def _at(self, site: str) -> Membership | None:
        """The rules of a site, if they have been asked; they will be settled."""
        found = self._sites.get(site)
        if found is not None:
            self._unsettled[site] = None
        return found

    def _relinked(self, view: str, member: str) -> None:
        self._tell({view: {member}})
        site = self._at(self._mirror.entities[view].site)
        if site is not None:
            site.relink(view, member)

    def _mark(self, site: str) -> None:
        self._stamps[site] = self._stamps.get(site, 0) + 1

    def _tell(self, changed: Changed) -> None:
        for view, members in changed.items():
            self.changed.setdefault(view, set()).update(members)
            found = self._mirror.entities.get(view)
            if found is not None:
                self._mark(found.site)


def _reached(view: str, steps: Mapping[str, Mapping[str, None]], sees: Sees | None = None) -> list[str]:
    """A view and all that steps lead to from it, each once."""
    found = {view: None}
    pending = [view]
    for each in pending:
        further = [step for step in steps.get(each, ()) if step not in found and (sees is None or sees(step))]
        found.update(dict.fromkeys(further))
        pending += further
    return pending
