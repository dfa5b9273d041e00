"""Points that are worked out from those of several devices, kept as readings come in and as the graph changes.

Invariants: such a point says what its function says of the last readings of the devices that contribute to it now:
those below its space, or in its view with what lies below, that have a point of the quantity and that its rule is true
of. Nothing of it is stored. What cannot be converted into its unit is left out. A site is worked out when somebody
first asks or listens; from then on every reading and every change goes only where it matters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.graph.model import Create, Delete, Link, Move, Recast, Update
from twin.graph.views import ASIDE
from twin.state.contributions import Contributions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from twin.graph.mirror import Mirror
    from twin.graph.model import Change, Entity, Entry
    from twin.graph.readings import Reading
    from twin.ontology.model import Ontology

__all__ = ["ComputedPoints", "Said"]

Said = tuple[str, str, "Reading", "Reading | None"]
"""(entity id, point, what it says now, what it said before)."""


class ComputedPoints:
    """All computed points of a mirror, over the readings that the points of devices hold."""

    def __init__(self, mirror: Mirror, held: Callable[[str, str], Reading | None], ontology: Ontology) -> None:
        """``held`` says the last reading of a device's own point."""
        self.owners: dict[str, Entity] = {}
        """Entities that have computed points."""
        self.waiting: dict[str, None] = {}
        """Sites that have computed points and were not worked out yet."""
        self._mirror = mirror
        self._ontology = ontology
        self._worked: dict[str, Ontology] = {}
        """Sites that were worked out, and by which ontology."""
        self._again: list[str] = []
        self._contributions = Contributions(mirror, held)
        self.feeds: Mapping[str, object] = self._contributions.feeds
        """Devices that contribute to something."""
        for entity in mirror.entities.values():
            if entity.computed:
                self.owners[entity.id] = entity
                self.waiting[entity.site] = None

    def read(self, entity_id: str, point: str) -> Reading | None:
        """What a computed point of one of the `owners` says."""
        self.ready(self.owners[entity_id].site)
        return self._contributions.works[entity_id][point].reading()

    def ready(self, site: str) -> None:
        """Work a site out, if it was not yet."""
        if site in self.waiting:
            del self.waiting[site]
            self._mirror.views.ready(site)
            self._mirror.intervals(site)  # worth their while: each point looks at all below its owner
            self._worked[site] = ontology = self._ontology.of(site)
            for owner in self.owners.values():
                if owner.site == site:
                    self._contributions.add(owner, ontology)

    def reset(self) -> None:
        """All that is held is another than before: work it out when it is asked for."""
        for site in tuple(self._worked):
            self._leave(site)
            self.waiting[site] = None

    def repaired(self, ids: Collection[str], ontology: Ontology) -> None:
        """The mirror shows these anew, or no more: work everything out when it is asked for."""
        self.reset()
        self._ontology = ontology
        for each in ids:
            self.owners.pop(each, None)
            entity = self._mirror.entities.get(each)
            if entity is not None and entity.computed:
                self.owners[each] = entity
                self.waiting[entity.site] = None
        for site in [each for each in self.waiting if each not in self._mirror.sites]:
            del self.waiting[site]

    def take(self, entity_id: str, point: str, reading: Reading, telling: bool) -> list[Said]:  # noqa: FBT001 - on the way of every reading
        """A device's point says this now; if somebody is to be told, the computed points that say something else."""
        device = self._mirror.entities[entity_id]
        told: list[Said] = []
        for work in self._contributions.feeds[entity_id].get(point, ()):
            before = work.reading() if telling else None
            work.hear(device, point, reading)
            if telling:
                told += _said(work.owner.id, work.point, before, work.reading())
        return told

    def begin(self, change: Change, ontology: Ontology) -> None:
        """The mirror shows a change: forget what it makes wrong before readings follow it."""
        self._ontology = ontology
        self._contributions.before.clear()
        entities = self._mirror.entities
        recast = (entities.get(entry.id) for entry in change.changeset.entries if isinstance(entry, Recast))
        sites = {each.site for each in recast if each is not None}
        sites |= {site for site, known in self._worked.items() if known is not ontology.of(site)}
        self._again = [site for site in self._worked if site in sites or site not in self._mirror.sites]
        for site in self._again:
            self._leave(site)

    def follow(self, change: Change, *, telling: bool) -> list[Said]:
        """Take the change in; the computed points that say something else after it. If somebody is to be told, a site
        that has got its first one is worked out at once, unless it is still being built.
        """
        waited = dict(self.waiting)
        devices: dict[str, None] = {}
        for entry in change.changeset.entries:
            if not isinstance(entry, Link):
                self._follow_entry(entry, devices)
        for site in self._again:
            if site in self._mirror.sites:
                self.waiting[site] = None
                self.ready(site)
        prompt = self._mirror.prompt
        for site in [each for each in self.waiting if each not in waited] if telling or prompt else ():
            if prompt or not self._mirror.entities[site].hidden:
                self.ready(site)
        self._follow_views(devices)
        for device in devices:
            self._place(device)
        return self._compared()

    def _follow_entry(self, entry: Entry, devices: dict[str, None]) -> None:
        """An entry was applied: what it is about may contribute elsewhere now."""
        match entry:
            case Create(entity):
                if entity.computed or entity.site in self._worked:
                    self._reconsider(entity.id, devices)
            case Update(id=entity_id, fields=fields):
                if not fields.keys() <= ASIDE:
                    self._reconsider(entity_id, devices)
            case Delete(id=entity_id):
                self._reconsider(entity_id, devices)
            case Move(id=entity_id):
                devices.update(dict.fromkeys(self._mirror.subtree(entity_id)))

    def _reconsider(self, entity_id: str, devices: dict[str, None]) -> None:
        """An entity is new, gone or another than it was."""
        devices[entity_id] = None
        entity, known = self._mirror.entities.get(entity_id), self.owners.pop(entity_id, None)
        if known is not None and (entity is None or (entity.computed, entity.type) != (known.computed, known.type)):
            self._contributions.drop(entity_id)
        if entity is None:
            self.waiting.pop(entity_id, None)
        elif entity.computed:
            self.owners[entity_id] = entity
            if entity.site not in self._worked:
                self.waiting[entity.site] = None
            elif entity_id not in self._contributions.works:
                self._contributions.add(entity, self._worked[entity.site])

    def _follow_views(self, devices: dict[str, None]) -> None:
        """What has come into a view or gone contributes elsewhere; where views themselves are others, look again."""
        views, entities = self._mirror.views, self._mirror.entities
        for view, members in views.changed.items():
            if entities[view].site in self._worked and self._contributions.concern(entities[view]):
                below = (each for member in members if member in entities for each in self._mirror.subtree(member))
                devices.update(dict.fromkeys(below))
        for site in views.rearranged:
            if site in self._worked:
                views.ready(site)
                self._contributions.gather_by_views(site)

    def _place(self, entity_id: str) -> None:
        entity = self._mirror.entities.get(entity_id)
        wanted = entity is not None and entity.kind == "device" and entity.site in self._worked
        if wanted or entity_id in self.feeds:
            self._contributions.place(entity_id)

    def _compared(self) -> list[Said]:
        """What says something else than was noted."""
        told: list[Said] = []
        for (owner, point), before in self._contributions.before.items():
            work = self._contributions.works.get(owner, {}).get(point)
            if work is not None:
                told += _said(owner, point, before, work.reading())
        return told

    def _leave(self, site: str) -> None:
        """Forget what was worked out for a site."""
        del self._worked[site]
        for owner in self.owners.values():
            if owner.site == site:
                self._contributions.drop(owner.id)


def _said(owner: str, point: str, before: Reading | None, now: Reading | None) -> list[Said]:
    return [(owner, point, now, before)] if now is not None and (before is None or before.value != now.value) else []
