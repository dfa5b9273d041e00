"""A graph at random, and somebody who sees a part of it: what they see, and what they may know of it."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from msgspec.structs import replace

from api.app import create_app
from api.questions import Question
from api.sharing import shared
from tests.api.building import HERE, Double, prop
from tests.graphs import Walk, changeset, entity
from tests.noninterference.aside import tied
from tests.rights import EVERYONE, Granting, may, role
from twin.access.principals import SCOPES
from twin.access.tokens import OnBehalf
from twin.access.visibility import Visibilities
from twin.engine.annals import Annals
from twin.engine.authoring import Authoring
from twin.graph.model import (
    HAS_ROLE,
    INCLUDES,
    MEMBER_OF,
    Computed,
    Create,
    Delete,
    Held,
    Link,
    Move,
    Recast,
    Relation,
    Unlink,
    Update,
)
from twin.graph.readings import Reading, order_key
from twin.graph.visibility import seeing, shows
from twin.ontology.model import PERMISSIONS, RelationType
from twin.state.current import Current
from twin.times import now

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

    from twin.access.principals import Principal
    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity
    from twin.ontology.model import Ontology, RoleType

__all__ = ["PRIVATE", "Told", "World"]

PRIVATE = {"t/Sensor": "present", "t/Meter": "power"}
"""The point of each type that is private."""
_STEPS = 40
_FEW, _TRIES = 5, 30
"""Who sees, or is kept from, less than so many things of the same sites is given something, so often at most."""
_ISLANDS, _TIES = 3, 12
"""So many things are shown inside of what is hidden, and so many relations lead from what is seen to what is not."""
_LEVEL = prop("level", "integer")
_NOTE = prop("note", "string", private=True)
_LOOK = role("Look", ["t/Home", "t/Space", "t/Group", "t/Device"], ["read"])
_FEEDS = RelationType("feeds", ("device",), ("space", "device", "view"), "fed_by", {}, HERE)


class Told(Granting):
    """A graph whose sensors and meters keep something private, with something private of all that there is."""

    def words(self, given: list[RoleType]) -> Ontology:
        made = super().words([*given, _LOOK])
        types = {name: _secretive(each) for name, each in made.types.items()}
        return dataclasses.replace(made, relations={"feeds": _FEEDS}, types=types)


def _secretive(type_: Any) -> Any:
    points = {
        name: dataclasses.replace(each, private=PRIVATE.get(type_.name) == name) for name, each in type_.points.items()
    }
    return dataclasses.replace(type_, points=points, properties={"level": _LEVEL, "note": _NOTE})


class World(Double):
    """An engine over a graph that changes at random, asked by one principal."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.app = create_app(self)
        self._client = self.clients.add("an app", SCOPES, None)[0]

    def begin(self, seed: int) -> None:
        """Another graph, and another principal."""
        taken: list[Any] = []
        with noted(Walk, taken):
            self.granting = granting = Told(seed, _STEPS)
        self.dice: random.Random = granting.dice
        self.ontology = granting.ontology
        self.move(granting.mirror, None, taken)
        self._furnish()
        self.asker, self.token = self._principal()
        for _ in range(_TRIES):
            if all(len(each) > _FEW for each in self.border()):
                break
            self._give(list(self.mirror.entities.values()))
            self.asker, self.token = self._principal()
        for _ in range(_ISLANDS):
            hidden = self.border()[1]
            hides = {each.id for each in hidden}
            self._give([each for each in hidden if each.parent in hides])
        for _ in range(_TIES):
            made = tied(self, *self.border()) if all(self.border()) else None
            if made is not None:
                self.follow(changeset(Link(made)))
        for each in list(self.mirror.entities.values()):
            if each.site and self.dice.random() < 0.4:
                self.follow(self._noted(each))
            if each.kind in {"site", "space", "view"} and self.dice.random() < 0.7:
                self.follow(changeset(Update(id=each.id, fields=self._worked(each))))
            for _ in each.points:
                self.measure(each)

    def _furnish(self) -> None:
        """Every site has views, that include something."""
        for site in sorted(self.mirror.sites):
            home = self.mirror.entities[site]
            inside = [each.id for each in self.mirror.entities.values() if each.site == site and each.id != site]
            for name in ("one", "two"):
                made = entity(f"{home.path}/view-{name}", "view", home)
                members = self.dice.sample(inside, min(3, len(inside)))
                links = [Link(Relation(type=INCLUDES, source=made.id, target=each)) for each in members]
                self.follow(changeset(Create(made), *links, site=site))

    def move(self, mirror: Mirror, current: Any, changes: list[Any]) -> None:
        """Be about another graph, with these records of its log."""
        self.mirror = self.granting.walk.mirror = mirror
        self.visibilities = Visibilities(mirror, lambda: self.ontology)
        self.log.changes[:] = changes
        self.annals = Annals(self.log, mirror, self.positions, self.in_pool, self.in_pool)  # type: ignore[arg-type]
        self.authoring = Authoring(mirror, self.commit)
        self.current: Any = Current(mirror, self.ontology) if current is None else current
        self.readings = self.current.readings

    def _give(self, places: list[Entity]) -> None:
        """Have whoever asks look at something, or anything happen that gives or takes a right."""
        found = [each for each in places if each.kind in {"site", "space", "view", "device"}]
        if self.dice.random() < 0.3 or not found:
            self.granting.give_or_take()
            return
        target = self.dice.choice(found).id
        if self.mirror.relation(self.asker.subject, target, HAS_ROLE) is None:
            held = (Held(_LOOK.name),)
            self.follow(changeset(Link(Relation(type=HAS_ROLE, source=self.asker.subject, target=target, roles=held))))

    def border(self) -> tuple[list[Entity], list[Entity]]:
        """What is seen, and what is hidden, of the sites of which something is seen."""
        seen = self.seen(self.asker)
        sites = {each.site for each in seen.values()}
        hidden = [each for each in self.mirror.entities.values() if each.site in sites and each.id not in seen]
        return list(seen.values()), hidden

    def _principal(self) -> tuple[Principal, str]:
        scopes = frozenset(SCOPES) if self.dice.random() < 0.7 else frozenset({"twin:read"})
        sites = sorted(self.mirror.sites)
        picked = None if self.dice.random() < 0.7 else frozenset(self.dice.sample(sites, len(sites) // 2 + 1))
        made: list[tuple[Principal, str]] = []
        for who in EVERYONE[:2]:
            user = OnBehalf(who, f"let by {who}", now())
            issued = self.tokens.issue(
                self._client, scopes=scopes, sites=picked, generation=1, now=now(), user=user
            ).token
            made.append((self.tokens.verify(issued, now()), issued))
        return max(made, key=lambda each: len(self.seen(each[0])))

    # What happens

    def happen(self) -> Any:
        """Something, anywhere; its entries, where the graph was changed."""
        if self.dice.random() < 0.35:
            self.measure_any(hidden=False)
            return ()
        made = self._note() if self.dice.random() < 0.25 else None
        if made is None:
            return self.step()
        self.follow(made)
        return made.entries

    def step(self) -> Any:
        """A change of the graph or of the grants."""
        before = self.mirror.head
        taken: list[Any] = []
        with noted(Walk, taken):
            self.granting.step()
        assert self.mirror.head == before + len(taken)
        for change in taken:
            self.log.changes.append(change)
            self.current.follow(change, self.ontology)
        return tuple(entry for change in taken for entry in change.changeset.entries)

    def follow(self, changeset: Any) -> None:
        super().follow(changeset)
        if isinstance(self.current, Current):
            self.current.follow(self.log.changes[-1], self.ontology)

    def _note(self) -> Any:
        """Something private is written down, something is named, somewhere."""
        found = [each for each in self.mirror.entities.values() if each.site]
        if not found:
            return None
        one = self.dice.choice(found)
        if one.kind in {"site", "space", "view"} and self.dice.random() < 0.5:
            return changeset(Update(id=one.id, fields=self._worked(one)))
        return self._noted(one)

    def _noted(self, one: Entity) -> Any:
        word = self.dice.choice(["x", "y", "lamp"])
        fields: dict[str, Any] = self.dice.choice(
            [{"properties": {"note": word, "level": self.dice.randrange(3)}}, {"title": {"": word}}]
        )
        return changeset(Update(id=one.id, fields=fields), summary=f"note {one.path}", site=one.site)

    def _worked(self, entity: Entity) -> dict[str, Any]:
        """It has the points that are worked out from others, and some that follow one."""
        sensors = [
            each.id for each in self.mirror.entities.values() if each.site == entity.site and "warmth" in each.points
        ]
        followed = {"heat": (self.dice.choice(sensors), "warmth")} if sensors and self.dice.random() < 0.5 else {}
        computed = {name: each for name, each in entity.computed.items() if name not in followed}
        if not followed and "devices" not in computed:
            computed["devices"] = Computed("count", "temperature", None)
        return {"points": tuple(sorted({*computed, *followed})), "computed": computed, "sources": followed}

    def measure_any(self, *, hidden: bool) -> None:
        """A point of some device says something: one that is ``hidden``, if there is any, or just any."""
        devices = [each for each in self.mirror.entities.values() if each.points and each.kind == "device"]
        seen = self.seen(self.asker)
        found = [(each, name) for each in devices for name in each.points]
        secret = [(each, name) for each, name in found if each.id not in seen or self.hides(each, name)]
        if found:
            self.measure(*self.dice.choice(secret if hidden and secret else found))

    def measure(self, entity: Entity, name: str | None = None) -> None:
        """One of its points says something."""
        if entity.kind != "device" or not entity.points:
            return
        name = self.dice.choice(entity.points) if name is None else name
        value: Any = self.dice.random() < 0.5 if name == "present" else float(self.dice.randrange(40))
        at = now()
        order = order_key(0, at, next(_orders), value)
        self.current.offer(entity.id, name, Reading(value=value, time=at, received=at, order=order))

    # What is seen

    def seen(self, asker: Principal) -> dict[str, Entity]:
        """What a principal sees of the graph."""
        sees = seeing(self.mirror, self.visibilities.of(asker, now()))
        return {id_: each for id_, each in self.mirror.entities.items() if sees(id_)}

    def sight(self) -> object:
        """All that the principal may know: of each entity that it sees what it says, what may be done with it."""
        seen = self.seen(self.asker)
        entities = {id_: self._told(each) for id_, each in seen.items()}
        edges = self.mirror.graph.edges(keys=True)
        return (
            entities,
            sorted(each for each in edges if each[0] in entities and each[1] in entities),
            {id_: self._said(each) for id_, each in seen.items()},
            {id_: self._allowed(each) for id_, each in seen.items()},
            sorted(self._roles(entities)),
            sorted(self._shared()),
        )

    def _told(self, entity: Entity) -> Entity:
        """It without what is private, where that may not be read."""
        if self.reads(entity):
            return entity
        points = tuple(name for name in entity.points if not self.hides(entity, name))
        open_ = {name: value for name, value in entity.properties.items() if name != _NOTE.name}
        return replace(entity, points=points, properties=open_)

    def _said(self, entity: Entity) -> list[Any]:
        return [
            self.current.read(entity.id, each)
            for each in entity.points
            if not self.hides(entity, each) and each not in entity.computed and each not in entity.sources
        ]

    def hides(self, entity: Entity, point: str) -> bool:
        """Whether a point of something that is seen is private, and not to be read."""
        return PRIVATE.get(entity.type) == point and not self.reads(entity)

    def reads(self, entity: Entity) -> bool:
        """Whether what is private of something may be read."""
        return self.asker.may("twin:read-private") and self.may("read-private", entity)

    def _allowed(self, entity: Entity) -> list[bool]:
        return [self.may(each, entity, wholly=wholly) for each in PERMISSIONS for wholly in (False, True)]

    def may(self, permission: Any, entity: Entity, *, wholly: bool = False) -> bool:
        """Whether there is a permission on something; ``wholly``: on all that may be in it."""
        sites = self.visibilities.of(self.asker, now(), permission, wholly=wholly)
        return shows(self.mirror, entity, sites)

    def _roles(self, entities: dict[str, Entity]) -> Iterator[Any]:
        """What it holds on what it sees: `me` lists it."""
        from twin.access.grants import grants_of

        for grant in grants_of(self.mirror, self.asker.subject):
            for holding in grant.holdings:
                if holding.entity in entities:
                    yield holding.entity, holding.role, grant.held.until or 0, grant.entity, grant.party

    def _shared(self) -> Iterator[Any]:
        """What it may know of the roles of others, and of whom it belongs to."""
        yield from ((each.on.path, each.party.path, str(each.held)) for each in shared(Question(self, self.asker)))
        for each in self.mirror.relations():
            if each.type == MEMBER_OF and self._belongs(each.target):
                yield each.source, each.target, str(each.roles)

    def _belongs(self, organisation: str) -> bool:
        return self.mirror.relation(self.asker.subject, organisation, MEMBER_OF) is not None

    def touches(self, entries: Any, entities: dict[str, Entity]) -> bool:
        """Whether something that is seen was itself changed: its log says so, even if it is as it was."""
        for each in entries:
            if isinstance(each, Update | Move | Recast | Delete) and each.id in entities:
                return True
            if isinstance(each, Create) and each.entity.id in entities:
                return True
            if isinstance(each, Link) and {each.relation.source, each.relation.target} <= entities.keys():
                return True
            if isinstance(each, Unlink) and {each.source, each.target} <= entities.keys():
                return True
        return False

    def agrees(self) -> None:
        """What is seen is what looking at every relation comes to."""
        sees = self.seen(self.asker)
        for each in self.mirror.entities.values():
            inside = self.asker.sites is None or each.site in self.asker.sites
            allowed = bool(each.site) and inside
            allowed = allowed and may(self.mirror, self.ontology, self.asker.subject, each, "read", now())
            assert (each.id in sees) == allowed, each.path


@contextmanager
def noted(walk: type[Walk], taken: list[Any]) -> Iterator[None]:
    """Have what is applied to a graph be listed."""
    applied = walk.apply

    def apply(self: Walk, made: Any) -> Any:
        taken.append(applied(self, made))
        return taken[-1]

    with patch.object(walk, "apply", apply):
        yield


_orders = iter(range(1, 2**40))
