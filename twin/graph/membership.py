"""What the rules of one site include, kept as its entities change.

What is new or changed is *loose* until the rules that it can alter have been asked of it, level by level: what one view
includes may decide what a later one does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from twin.graph.asking import Asking, RuleView, includable
from twin.graph.model import INCLUDES
from twin.graph.rules import parse_rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twin.graph.asking import Level
    from twin.graph.living import LiveGraph
    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity
    from twin.graph.views import Views
    from twin.ontology.model import Ontology

__all__ = ["Changed", "Membership"]

Changed = dict[str, set[str]]
"""View -> what came into it by rule, or went."""
_FEW = 3
"""To look for the members of more views than this, the labels of the site are worth making."""
_Said = tuple[str, str, str | None]
"""What of a view matters here: path, type and rule."""
_NOTHING: _Said = ("", "", None)
"""What a view says that is gone."""

_log = structlog.get_logger(__name__)


class Membership:
    """The edges that the rules of a site stand for."""

    def __init__(self, site: Entity, mirror: Mirror, graph: LiveGraph, views: Views) -> None:
        """``graph`` is the mirror's own, in which edges are drawn; nothing is drawn before `adopt`."""
        self.ontology: Ontology | None = None
        self._site = site.id
        self._mirror = mirror
        self._graph = graph
        self._views = views
        self._said: dict[str, _Said] = {}
        self._asking = Asking((), self._nested)
        self._fitting: dict[str, set[str]] = {}
        self._found_by: dict[str, set[str]] = {}
        self._loose: dict[str, None] = {}
        self._relinked: dict[tuple[str, str], None] = {}
        self._stirred: dict[str, None] = {}
        """Views that are new, gone or other since the rules were put in order."""
        self._rearranged = True
        self._changed: Changed = {}
        for child in mirror.children(site.id):
            self.put(mirror.entities[child])

    def put(self, entity: Entity) -> None:
        """An entity is new, or another than it was."""
        if entity.kind == "view":
            said = (entity.path, entity.type, entity.rule)
            if self._said.get(entity.id) != said:
                self._stirred[entity.id] = None
            self._said[entity.id] = said
        else:
            self._loose[entity.id] = None

    def drop(self, entity: Entity) -> None:
        """An entity goes, with all its edges."""
        self._loose.pop(entity.id, None)
        for view in self._found_by.pop(entity.id, ()):
            self._fitting[view].discard(entity.id)
        if self._said.pop(entity.id, None) is not None:
            self._stirred[entity.id] = None

    def relink(self, view: str, member: str) -> None:
        """A view lists a member from now on, or does not any more."""
        self._rearranged |= member in self._said and not self._asking.plain
        self._relinked[view, member] = None

    def adopt(self, ontology: Ontology) -> Changed:
        """Rules mean what they mean in this ontology: ask them all."""
        self.ontology = ontology
        self._rearranged = True
        return self.settle()

    def settle(self) -> Changed:
        """Ask the rules that what has happened since can alter; what came and went."""
        self._changed = {}
        fresh = self._arrange() if self._rearranged or self._stirred else frozenset()
        if len(fresh) > _FEW:
            self._mirror.intervals(self._site)
        self._relist()
        loose, self._loose = self._loose, {}
        for level in self._asking.levels:
            for view in fresh & level.views.keys():
                self._ask_everything(level.views[view], loose)
            for entity in tuple(loose):
                self._ask_of(self._mirror.entities[entity], level, loose)
        return self._changed

    def _arrange(self) -> frozenset[str]:
        """Put the rules in order again; those to be asked of everything."""
        stirred, self._stirred = self._stirred, {}
        made = {view: self._bound(view) for view in stirred}
        if not self._rearranged and self._asking.plain and not any(each.rule.views for each in made.values() if each):
            return frozenset(view for view in stirred if self._renew(view, made[view]))
        self._rearranged = False
        before, circular = self._asking.views, self._asking.circular
        bound = ((view, made[view] if view in made else self._bound(view)) for view in self._said)
        found = {view: each for view, each in bound if each is not None}
        self._asking = Asking(found.values(), self._nested)
        asked = {view for level in self._asking.levels for view in level.views}
        for view in before.keys() - asked:
            self._forget(view)
        for view in self._asking.circular - circular:
            _log.warning("view.circular", view=self._said[view][0])
        return frozenset(view for view in asked if found[view] is not before.get(view) or found[view].rule.views)

    def _renew(self, view: str, made: RuleView | None) -> bool:
        """One view is another, or gone; whether it is to be asked of everything."""
        if made is self._asking.views.get(view):
            return False
        self._asking.renew(view, made)
        if made is None:
            self._forget(view)
        return made is not None

    def _forget(self, view: str) -> None:
        """A view includes nothing by rule any more."""
        for entity in tuple(self._fitting.get(view, ())):
            self._take(view, entity, self._loose)
        self._fitting.pop(view, None)

    def _bound(self, view: str) -> RuleView | None:
        """The view with its rule, the very same as before where nothing about it is new; None where it has none."""
        path, type_, text = self._said.get(view, _NOTHING)
        if text is None or self.ontology is None:
            return None
        known = self._asking.views.get(view)
        if known is not None and known.said == (path, type_, text) and known.ontology is self.ontology:
            return known
        rule = parse_rule(text, self.ontology)
        if rule.problem:
            _log.warning("view.rule_void", view=path, rule=text, problem=rule.problem)
        types = includable(type_, rule, self.ontology)
        return RuleView(view, (path, type_, text), rule, types, self.ontology)

    def _nested(self, key: str) -> Iterable[str]:
        found = self._mirror.by_path(f"{self._mirror.entities[self._site].path}/{key}")
        return () if found is None else self._views.nested(found.id)

    def _relist(self) -> None:
        """Where a listing ended, the rule may still include; where a view is asked for, what it lists matters."""
        relinked, self._relinked = self._relinked, {}
        for view, member in relinked:
            if view in self._mirror.entities and member in self._mirror.entities:
                if member in self._fitting.get(view, ()):
                    self._draw(view, member)
                if view in self._asking.needed:
                    self._loosen(member, self._loose)

    def _ask_everything(self, view: RuleView, loose: dict[str, None]) -> None:
        entities = self._mirror.entities
        candidates = (entities[each] for each in self._candidates(view))
        found = {each.id for each in candidates if each.site == self._site and view.fits(each, self._views)}
        before = self._fitting.setdefault(view.id, set())
        for entity in before - found:
            self._take(view.id, entity, loose)
        for entity in found - before:
            self._give(view.id, entity, loose)

    def _candidates(self, view: RuleView) -> Iterator[str]:
        """All that a view can include by its rule, and not much else."""
        mirror, rule = self._mirror, view.rule
        if rule.within is None and rule.inside is not None:
            for key in rule.inside:
                for nested in self._nested(key):
                    for member in self._views.listed(nested):
                        yield from mirror.subtree(member)
            return
        root = mirror.entities[self._site].path
        for place in rule.within if rule.within is not None else ("",):
            found = mirror.by_path(root + place)
            if found is not None:
                yield from mirror.below(found.id, view.types)

    def _ask_of(self, entity: Entity, level: Level, loose: dict[str, None]) -> None:
        asked = dict.fromkeys(level.asked(entity, self._keys_around))
        asked.update((level.views[view], None) for view in self._found_by.get(entity.id, ()) if view in level.views)
        for view in asked:
            fits, did = view.fits(entity, self._views), entity.id in self._fitting.get(view.id, ())
            if fits and not did:
                self._give(view.id, entity.id, loose)
            elif did and not fits:
                self._take(view.id, entity.id, loose)

    def _keys_around(self, entity: Entity) -> list[str]:
        return [self._mirror.entities[view].key for view in self._views.around(entity.id)]

    def _give(self, view: str, entity: str, loose: dict[str, None]) -> None:
        self._fitting.setdefault(view, set()).add(entity)
        self._found_by.setdefault(entity, set()).add(view)
        self._draw(view, entity)
        self._note(view, entity, loose)

    def _take(self, view: str, entity: str, loose: dict[str, None]) -> None:
        self._fitting[view].discard(entity)
        found_by = self._found_by[entity]
        found_by.discard(view)
        if not found_by:
            del self._found_by[entity]
        data = self._graph.data(view, entity, INCLUDES)
        if data is not None and data.get("rule"):
            self._graph.erase(view, entity, INCLUDES)
        self._note(view, entity, loose)

    def _draw(self, view: str, entity: str) -> None:
        """The edge of a rule, unless the view lists the entity anyway."""
        if self._graph.data(view, entity, INCLUDES) is None:
            self._graph.draw(view, entity, INCLUDES, rule=True)

    def _note(self, view: str, entity: str, loose: dict[str, None]) -> None:
        self._changed.setdefault(view, set()).add(entity)
        if view in self._asking.needed:
            self._loosen(entity, loose)

    def _loosen(self, entity: str, loose: dict[str, None]) -> None:
        """Whether an entity and all below it are in some view is in question."""
        if self._mirror.entities[entity].site == self._site:
            loose.update((each, None) for each in self._mirror.subtree(entity))
