"""The graph in memory: a live networkx graph, and beside it the indexes that answer requests.

Invariants: only `Mirror.apply` (and `Mirror.load`) change it, by sequence, after the store has committed; what is in
the indexes goes in by `_enlist` and `_put` and out by `_drop`; the order of a site's tree is kept as it changes
(`Tree`). `Mirror.graph` is for any networkx algorithm: node = entity id with its `Entity` as ``entity``, edge key =
relation type. It is live and read-only; an algorithm that runs for long takes a copy. What views include by rule are
edges of it too, marked ``rule``, and no relations (`Mirror.views`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from twin.graph.declared import Declared
from twin.graph.living import LiveGraph, data_of, relation_of
from twin.graph.model import (
    CONTAINS,
    DECLARES,
    HAS_ROLE,
    INCLUDES,
    MANAGES,
    MEMBER_OF,
    Change,
    Create,
    Delete,
    Entity,
    Link,
    Move,
    Recast,
    Relation,
    Unlink,
    Update,
    apply_update,
    created,
    moved,
    relocated,
)
from twin.graph.names import Names
from twin.graph.tree import Tree
from twin.graph.views import ASIDE, Views
from twin.ids import sort_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    import networkx as nx

    from twin.graph.intervals import Intervals
    from twin.graph.model import ChangeSet, Document, Entry, Kind
    from twin.ontology.model import Ontology

__all__ = ["Mirror"]


class Mirror:
    """Everything that exists, at one sequence of the store's log."""

    def __init__(self) -> None:
        self.head = 0
        self.timeline = ""
        self.documents: dict[str, Document] = {}
        self.sites: dict[str, int] = {}
        """Site id -> the sequence that last touched it (the head at load time, where nothing has since)."""
        self.rights: dict[str, int] = {}
        """Whoever has roles, manages or is a member -> the sequence that last changed of what, since the load."""
        self._graph = LiveGraph()
        self.entities: dict[str, Entity] = self._graph.entities
        self._tree = Tree(self._graph)
        self._paths: dict[str, str] = {}
        self._serials: dict[tuple[str, str], str] = {}
        self.declared = Declared()
        self._names: dict[str, Names] = {}
        self._kinds: dict[Kind, dict[str, None]] = {}
        self._types_of: dict[frozenset[Kind], frozenset[str]] = {}
        self._seen = self._graph.view()
        self.views = Views(self, self._graph)
        self.prompt = False
        """Whether what is new is put in order at once, also of sites that are still being built: then nothing is left
        to do when somebody first looks at them. A server does so, whom a long turn would hold.
        """
        self._unasked = False
        """Whether rules wait for the ontology that a change has brought."""

    @property
    def graph(self) -> nx.MultiDiGraph[str]:
        """Everything as a networkx graph, with what views include by rule; live and read-only."""
        self.views.complete()
        return self._seen

    def load(
        self,
        *,
        head: int,
        timeline: str,
        documents: Iterable[Document],
        entities: Iterable[Entity],
        relations: Iterable[Relation],
    ) -> None:
        """Take a whole snapshot in place of whatever is here."""
        for index in (self._graph, self.views, self.sites, self.documents, self._paths, self._serials, self.declared):
            index.clear()
        self._names.clear()
        self.rights.clear()
        self.head, self.timeline = head, timeline
        self.documents.update((document.name, document) for document in documents)
        self._graph.put_all(entities)
        self._tree.load()
        paths, types = self._paths, dict[str, str]()
        for entity in self.entities.values():
            paths[entity.path] = entity.id
            if entity.serial is not None:
                self._serials[entity.site, entity.serial] = entity.id
            if types.get(entity.type) != entity.kind:
                types[entity.type] = entity.kind
                self._learn(entity)
            if entity.kind == "view":
                self.views.put(entity)
            elif entity.kind == "asset":
                self.declared.put(entity)
        for site in self._tree.sites():
            self.sites[site] = head
        for view, member in self._graph.draw_all(relations):
            self.views.link(view, member)
        self.declared.join_all(self._graph.leaving)

    @property
    def parties(self) -> Collection[str]:
        """The ids of what is in no site: users, clients, organisations, fleets."""
        return self._tree.parties

    @property
    def era(self) -> int:
        """As long as this is the same, the graph has changed by `apply` alone."""
        return self.views.era

    def __len__(self) -> int:
        return len(self.entities)

    def get(self, entity_id: str) -> Entity | None:
        """An entity by its id."""
        return self.entities.get(entity_id)

    def by_path(self, path: str) -> Entity | None:
        """An entity by its path."""
        return self.entities.get(self._paths.get(path, ""))

    def by_serial(self, site: str, serial: str) -> Entity | None:
        """An entity of a site (by the site's id) by its declared serial."""
        return self.entities.get(self._serials.get((site, serial), ""))

    def children(self, entity_id: str) -> list[str]:
        """The ids of what an entity contains, in natural order. The list is the index's own: do not change it."""
        return self._tree.children(entity_id)

    def edges(self, entity: Entity, direction: Literal["OUT", "IN"]) -> Mapping[str, Mapping[str, dict[str, Any]]]:
        """The edges that leave an entity, or come to it: other end -> relation type -> data, with what is by rule."""
        if entity.site in self.views.waiting:
            self.views.ready(entity.site)
        return self._graph.leaving(entity.id) if direction == "OUT" else self._graph.coming(entity.id)

    def placing(self, sites: Collection[str]) -> Callable[[Entity], Any]:
        """What the entities of these sites compare by to be in natural order of path: their place by the labels of
        their site, where it is one and has labels now.
        """
        site = next(iter(sites)) if len(sites) == 1 else ""
        if not self._tree.ordered(site):
            return lambda entity: sort_key(entity.path)
        return self._tree.intervals(site).place

    def leaving(self, entity_id: str) -> Mapping[str, Mapping[str, dict[str, Any]]]:
        """The edges that leave an entity, as `edges`; what is there by rule may be missing, or there no more."""
        return self._graph.leaving(entity_id)

    def line(self, entity_id: str) -> Iterator[str]:
        """The ids of an entity and of all that contains it, nearest first."""
        at: str | None = entity_id
        while at is not None:
            yield at
            at = self.entities[at].parent

    def below(self, entity_id: str, types: frozenset[str]) -> Iterator[str]:
        """The ids of all below an entity of these concrete types: by the labels of its site, if there are any now."""
        site = self.entities[entity_id].site
        if self._tree.ordered(site):
            return iter(self._tree.intervals(site).below(entity_id, types))
        return (each for each in self.subtree(entity_id)[1:] if self.entities[each].type in types)

    def intervals(self, site: str) -> Intervals:
        """The labels of a site's tree: others when the tree has changed since."""
        return self._tree.intervals(site)

    def count(self, site: str, types: Iterable[str] | None) -> int:
        """How many entities of these concrete types there are in a site; None: of all."""
        return self._tree.count(site, types)

    def names(self, site: str) -> Names:
        """The words by which a site's entities are called; kept from now on."""
        found = self._names.get(site)
        if found is None:
            found = self._names[site] = Names(self.entities[each] for each in self.subtree(site))
        return found

    def types_of(self, kinds: frozenset[Kind]) -> frozenset[str]:
        """The concrete types that entities of these kinds have, or ever had since the load."""
        found = self._types_of.get(kinds)
        if found is None:
            found = frozenset(name for kind in kinds for name in self._kinds.get(kind, ()))
            self._types_of[kinds] = found
        return found

    def relations(self) -> Iterable[Relation]:
        """Every relation but CONTAINS, in no particular order; what is there by rule is none."""
        for source, target, key, data in self._graph.edges(keys=True, data=True):
            if key != CONTAINS and "rule" not in data:
                yield relation_of(source, target, key, data)

    def relation(self, source: str, target: str, type: str) -> Relation | None:  # noqa: A002 - the field's own name
        """One relation by its ends and type, or None; what is there by rule is none."""
        data = self._graph.data(source, target, type)
        if data is None or "rule" in data:
            return None
        return relation_of(source, target, type, data)

    def adopt(self, ontology: Ontology) -> None:
        """Types and quantities mean what they mean in this ontology, from now on: rules are asked accordingly.

        `Ontology.of` says what they mean at a site; to be called again when that has changed.
        """
        self.views.adopt(ontology)
        if self._unasked:
            self._unasked = False
            self.views.settle()

    def apply(self, change: Change) -> None:
        """Follow the log by one record: the next sequence, already committed by the store."""
        if change.sequence != self.head + 1:
            message = f"the mirror is at {self.head} and cannot apply {change.sequence}"
            raise AssertionError(message)
        changeset = change.changeset
        self.views.begin()
        for entry in changeset.entries:
            _TAKES[type(entry)](self, entry, change)
        self._unasked = _renews(changeset)  # what it means to rules, `adopt` will say
        if not self._unasked:
            self.views.settle()
        self.documents.update((document.name, document) for document in changeset.documents)
        self.head = change.sequence

    def _create(self, entry: Create, change: Change) -> None:
        entity = created(entry.entity, change.changeset)
        self._graph.put(entity)
        self._tree.enter(entity)
        self._enlist(entity)
        if self.prompt and entity.kind == "site":
            self._tree.intervals(entity.id)
            self.names(entity.id)
        elif entity.site in self._names:
            self._names[entity.site].put(None, entity)
        self._touch(entity.site, change)

    def _touch(self, site: str, change: Change) -> None:
        if site:  # users and fleets are in none
            self.sites[site] = change.sequence

    def _update(self, entry: Update, change: Change) -> None:
        changeset, before = change.changeset, self.entities[entry.id]
        self._put(apply_update(before, entry, changeset.at, changeset.actor.name))
        if not entry.fields.keys() <= ASIDE:
            self.views.put(self.entities[entry.id])
        self._touch(before.site, change)

    def _move(self, entry: Move, change: Change) -> None:
        changeset, before = change.changeset, self.entities[entry.id]
        below = self._tree.uproot(before)
        after = moved(before, entry, self.entities[entry.parent], changeset.at, changeset.actor.name)
        self._rename(after)
        self._tree.replant(after, below)
        for each in below:
            self._rename(relocated(self.entities[each], before.path, after.path))
        self.sites[after.site] = change.sequence

    def _delete(self, entry: Delete, change: Change) -> None:
        site = self.entities[entry.id].site
        for source in self._graph.coming(entry.id):  # of other sites too: what they had begun is gone
            self._touch(self.entities[source].site, change)
        self._drop(entry.id)
        if site in self.entities:
            self.sites[site] = change.sequence
        elif not site:
            self.rights[entry.id] = change.sequence

    def _recast(self, entry: Recast, change: Change) -> None:
        self.sites[self.entities[entry.id].site] = change.sequence

    def _join(self, entry: Link, change: Change) -> None:
        self._link(entry.relation)
        self._related(entry.relation, change)

    def _part(self, entry: Unlink, change: Change) -> None:
        self._graph.erase(entry.source, entry.target, entry.type)
        if entry.type == INCLUDES:
            self.views.unlink(entry.source, entry.target)
        elif entry.type == DECLARES:
            self.declared.part(entry.source, entry.target)
        self._related(entry, change)

    def _related(self, relation: Relation | Unlink, change: Change) -> None:
        if relation.type in {HAS_ROLE, MANAGES, MEMBER_OF}:
            self.rights[relation.source] = change.sequence
        self._touch(self.entities[relation.source].site, change)

    def subtree(self, entity_id: str) -> list[str]:
        """The ids of an entity and of all below it, parents first."""
        return self._tree.subtree(entity_id)

    def _rename(self, entity: Entity) -> None:
        """The same entity under another path."""
        before = self.entities[entity.id].path
        if self._paths.get(before) == entity.id:
            del self._paths[before]
        self._paths[entity.path] = entity.id
        self._put(entity)
        self.views.put(entity)

    def _enlist(self, entity: Entity) -> None:
        """An entity is new: be able to find it."""
        self._paths[entity.path] = entity.id
        if entity.serial is not None:
            self._serials[entity.site, entity.serial] = entity.id
        self._learn(entity)
        self.views.put(entity)
        if entity.kind == "asset":
            self.declared.put(entity)

    def _put(self, entity: Entity) -> None:
        """An entity in place of what it was."""
        before = self.entities[entity.id]
        self._graph.replace(entity)
        if before.serial is not None:
            self._serials.pop((before.site, before.serial), None)
        if entity.serial is not None:
            self._serials[entity.site, entity.serial] = entity.id
        if before.type != entity.type:
            self._tree.retype(before, entity)
            self._learn(entity)
        if entity.site in self._names:
            self._names[entity.site].put(before, entity)

    def _learn(self, entity: Entity) -> None:
        known = self._kinds.setdefault(entity.kind, {})
        if entity.type not in known:
            known[entity.type] = None
            self._types_of.clear()

    def _drop(self, entity_id: str) -> None:
        entity = self.entities[entity_id]
        self.views.drop(entity)
        self.declared.drop(entity)
        self._tree.leave(entity)
        self._graph.remove_node(entity_id)
        del self._paths[entity.path]
        if entity.serial is not None:
            self._serials.pop((entity.site, entity.serial), None)
        if entity.site in self._names:
            self._names[entity.site].drop(entity)
        if entity.parent is None:
            self.sites.pop(entity_id, None)
            self._names.pop(entity_id, None)

    def _link(self, relation: Relation) -> None:
        source, target = self.entities[relation.source].id, self.entities[relation.target].id  # many share these texts
        if relation.type == INCLUDES and self._graph.data(source, target, INCLUDES) is not None:
            self._graph.erase(source, target, INCLUDES)  # by rule: what is listed takes its place
        self._graph.draw(source, target, relation.type, **data_of(relation))
        if relation.type == INCLUDES:
            self.views.link(source, target)
        elif relation.type == DECLARES:
            self.declared.join(source, target)


_TAKES: dict[type[Entry], Callable[[Mirror, Any, Change], None]] = {
    Create: Mirror._create,  # noqa: SLF001 - ours
    Update: Mirror._update,  # noqa: SLF001 - ours
    Move: Mirror._move,  # noqa: SLF001 - ours
    Delete: Mirror._delete,  # noqa: SLF001 - ours
    Link: Mirror._join,  # noqa: SLF001 - ours
    Unlink: Mirror._part,  # noqa: SLF001 - ours
    Recast: Mirror._recast,  # noqa: SLF001 - ours
}


def _renews(changeset: ChangeSet) -> bool:
    """Whether words may mean something else after it: it brings documents, or a site to another version of them."""
    made = (isinstance(entry, Update) and "made" in entry.fields for entry in changeset.entries)
    return bool(changeset.documents) or any(made)
