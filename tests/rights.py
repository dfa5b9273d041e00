"""Random grants over random graphs, and who may do what by asking of every entity: the reference."""

from __future__ import annotations

import dataclasses
import random
from typing import TYPE_CHECKING

import networkx as nx

from tests.graphs import ONTOLOGY as WORDS
from tests.graphs import Walk, changeset, party
from twin.access.principals import Principal
from twin.errors import Place
from twin.graph.model import HAS_ROLE, INCLUDES, MANAGES, MEMBER_OF, STANDINGS, Create, Held, Link, Relation, Unlink
from twin.ontology.model import PERMISSIONS, Ontology, RoleType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity, Entry
    from twin.ontology.model import Permission

_HERE = Place("test.yaml", 1, 1, 2)
_DOORS = ("t/Hall", "t/Sensor")
EVERYONE = ("ana", "ben", "cleo")
ORGANISATIONS = ("acme", "best")


def role(
    name: str, on: Iterable[str], may: Iterable[str], crosses: Iterable[str] = (), *, where: str = "t"
) -> RoleType:
    """A role of tests, of the ontology that is named."""
    return RoleType(
        name=f"{where}/{name}",
        short=name,
        on=tuple(on),
        may=frozenset(may),  # type: ignore[arg-type]  # words of permissions
        crosses=tuple(crosses),
        title={},
        description={},
        place=_HERE,
    )


def words_with(*roles: RoleType) -> Ontology:
    """The types of `tests.graphs` with doors at halls and sensors, and these roles."""
    types = {name: dataclasses.replace(type_, boundary=name in _DOORS) for name, type_ in WORDS.types.items()}
    return dataclasses.replace(WORDS, types=types, roles={each.name: each for each in roles})


def roles(dice: random.Random) -> list[RoleType]:
    """Some roles."""
    names = ["t/Home", "t/Space", "t/Room", "t/Hall", "t/Device", "t/Sensor", "t/Group", "t/Zone"]
    return [
        role(
            f"Role{number}",
            dice.sample(names, dice.randint(1, 6)),
            {"read", *dice.sample(PERMISSIONS, 2)} if dice.random() < 0.8 else dice.sample(PERMISSIONS, 2),
            dice.sample(_DOORS, dice.choice([0, 0, 1, 2])),
        )
        for number in range(4)
    ]


class Granting:
    """A walk over a graph in which roles are given and taken as well."""

    def __init__(self, seed: int, steps: int) -> None:
        self.dice = random.Random(seed)
        self.ontology = self.words(roles(self.dice))
        self.walk = Walk(self.dice)
        self.walk.mirror.adopt(self.ontology)
        for _ in range(steps):
            self.walk.apply(self.walk.step())
        people = [party("user", name) for name in EVERYONE[:2]] + [party("client", EVERYONE[2])]
        people += [party("organisation", name) for name in ORGANISATIONS]
        self.walk.apply(
            changeset(*(Create(each) for each in [*people, party("fleet", "north"), party("fleet", "south")]))
        )
        for _ in range(self.dice.randint(2, 12)):
            self.give_or_take()

    def words(self, given: list[RoleType]) -> Ontology:
        """The types and these roles."""
        return words_with(*given)

    @property
    def mirror(self) -> Mirror:
        """The graph."""
        return self.walk.mirror

    def give_or_take(self) -> None:
        """Change what somebody has, what a fleet manages, or who is a member of what."""
        if self.dice.random() < 0.15:
            source, kinds, name = self.dice.choice(EVERYONE[:2]), {"organisation"}, MEMBER_OF
        elif self.dice.random() < 0.4:
            source, kinds, name = self.dice.choice(["north", "south"]), {"site", "device"}, MANAGES
        else:
            source, name = self.dice.choice([*EVERYONE, *ORGANISATIONS]), HAS_ROLE
            kinds = {"site", "fleet", "space", "view", "device"}
        targets = [each.id for each in self.mirror.entities.values() if each.kind in kinds]
        if not targets:
            return
        target = self.dice.choice(targets)
        entries: list[Entry] = []
        if self.mirror.relation(source, target, name) is not None:
            entries.append(Unlink(type=name, source=source, target=target))
        if not entries or self.dice.random() < 0.5:
            named = self.dice.sample([*self.ontology.roles, "t/Gone"], self.dice.randint(1, 3))
            held = tuple(Held(each, self.dice.choice([None, None, 5, 10])) for each in named)
            standing = (Held(self.dice.choice(STANDINGS), held[0].until),)
            said = {HAS_ROLE: held, MEMBER_OF: standing}.get(name, ())
            made = Relation(type=name, source=source, target=target, roles=said)
            entries.append(Link(made))
        self.walk.apply(changeset(*entries))

    def step(self) -> None:
        """Something happens."""
        if self.dice.random() < 0.3:
            self.give_or_take()
        else:
            self.walk.apply(self.walk.step())


def principal(who: str, sites: frozenset[str] | None = None, client: str = "app") -> Principal:
    """Somebody who asks through a client; ``client`` the same as ``who``: in its own name."""
    return Principal(
        client=client, subject=who, scopes=frozenset({"twin:read"}), sites=sites, generation=1, expires=2**62
    )


def may(mirror: Mirror, ontology: Ontology, who: str, entity: Entity, permission: Permission, now: int) -> bool:
    """The reference: whether somebody has a permission on one entity, by looking at every relation."""
    joined = {
        each.target
        for each in mirror.relations()
        if each.type == MEMBER_OF and each.source == who and (each.roles[0].until is None or now < each.roles[0].until)
    }
    for relation in mirror.relations():
        if relation.type != HAS_ROLE or relation.source not in {who, *joined}:
            continue
        for held in relation.roles:
            found = ontology.roles.get(held.role)
            if found is None or permission not in found.may or (held.until is not None and now >= held.until):
                continue
            places = [relation.target]
            if mirror.entities[relation.target].kind == "fleet":
                places = [
                    each.target
                    for each in mirror.relations()
                    if each.type == MANAGES and each.source == relation.target
                ]
            if any(_reaches(mirror, ontology, found, mirror.entities[place], entity) for place in places):
                return True
    return False


def _reaches(mirror: Mirror, ontology: Ontology, found: RoleType, place: Entity, entity: Entity) -> bool:
    if place.site != entity.site or not set(ontology.types[place.type].lineage) & set(found.on):
        return False
    line = list(mirror.line(entity.id))
    doors = [each for each in line if _stops(mirror.entities[each], ontology, found)]
    if place.id in line:
        return not any(line.index(each) < line.index(place.id) for each in doors)
    if place.kind != "view":
        return False
    includes = nx.DiGraph((a, b) for a, b, key in mirror.graph.edges(keys=True) if key == INCLUDES)
    includes.add_node(place.id)
    views = {each for each in nx.descendants(includes, place.id) if mirror.entities[each].kind == "view"}
    nested = {place.id} | {each for each in views if nx.has_path(includes.subgraph({place.id, *views}), place.id, each)}
    if entity.id in nested:
        return entity.site == place.site
    members = {member for each in nested for member in includes.successors(each)}
    return bool(members & set(line)) and not any(each != entity.site for each in doors)


def _stops(entity: Entity, ontology: Ontology, found: RoleType) -> bool:
    type_ = ontology.types[entity.type]
    return type_.boundary and not set(type_.lineage) & set(found.crosses)
