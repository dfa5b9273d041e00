"""One site of a mirror taken anew, whatever has become of it: a part of the mirror, in a module of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity, Relation

__all__ = ["reload_site"]


def reload_site(mirror: Mirror, site: str, entities: Sequence[Entity], relations: Iterable[Relation]) -> set[str]:
    """Take what a site holds at the mirror's head in place of whatever is there of it, damaged or not; the ids of what
    was there and of what is. ``site`` empty: what is in none. Relations that begin elsewhere stay as they are.
    """
    graph, tree = mirror._graph, mirror._tree  # noqa: SLF001 - ours
    known, after = mirror.entities, {each.id for each in entities}
    before = {each.id for each in known.values() if each.site == site or each.id in after}
    before |= graph.strays() - known.keys()
    ends = [each for node in before for each in graph.relations_to(node) if each.source not in before]
    _forget(mirror, site, before)
    for entity in entities:
        graph.put(entity)
    for entity in entities:
        tree.enter(entity)
        mirror._enlist(entity)  # noqa: SLF001 - ours
    for relation in (*(each for each in relations if each.source in after), *ends):
        if relation.source in known and relation.target in known:
            mirror._link(relation)  # noqa: SLF001 - ours
    if site in known:
        mirror.sites[site] = mirror.head
    mirror.rights.update(dict.fromkeys(() if site else before | after, mirror.head))
    mirror.views.settle()
    return before | after


def _forget(mirror: Mirror, site: str, ids: set[str]) -> None:
    """The end of a site, whatever is left of it."""
    graph, tree = mirror._graph, mirror._tree  # noqa: SLF001 - ours
    mirror.views.forget(site, ids)
    tree.forget(site, ids)
    graph.forget(ids)
    mirror.declared.forget(ids)
    paths, serials, names = mirror._paths, mirror._serials, mirror._names  # noqa: SLF001 - ours
    for path in [path for path, each in paths.items() if each in ids]:
        del paths[path]
    for slot in [slot for slot, each in serials.items() if each in ids or slot[0] == site]:
        del serials[slot]
    names.pop(site, None)
    mirror.sites.pop(site, None)
    mirror.views.begin()
