"""Non-interference over the real faces: what somebody may not see changes no byte of what they are answered.

Random changes are made to a random graph with random grants. Where one leaves all that a principal sees as it was (by
what every entity, relation, reading and permission that it sees says of itself), the same requests must be answered
with the same bytes: status, headers and bodies, of REST and of GraphQL; and no subscription may hear of it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import quote

import httpx2

from api.app import create_app
from api.changing import Altered, Sight
from api.questions import Question
from api.sharing import shared
from api.watching import Watch, watch
from tests.api.building import Double, prop
from tests.graphs import changeset
from tests.rights import EVERYONE, Granting, may
from twin.access.principals import SCOPES
from twin.access.tokens import OnBehalf
from twin.access.visibility import Visibilities
from twin.engine.annals import Annals
from twin.engine.authoring import Authoring
from twin.graph.model import MEMBER_OF, Computed, Create, Delete, Link, Move, Recast, Unlink, Update
from twin.graph.readings import Reading, order_key
from twin.graph.visibility import seeing, shows
from twin.ontology.model import KINDS, PERMISSIONS
from twin.state.current import Current
from twin.times import now

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

    from twin.access.principals import Principal
    from twin.graph.model import Entity
    from twin.ontology.model import Ontology, RoleType

__all__ = ["World", "hold"]

_REQUEST = "r" * 26
_FEW, _TRIES = 5, 30
"""Who sees less than so many things is given something, so often at most."""
_PRIVATE = {"t/Sensor": "present", "t/Meter": "power"}
_LEVEL = prop("level", "integer")
_NOTE = prop("note", "string", private=True)
_LISTS = ("access/grants", "access/invitations", "organisations", "assets")
_RELATIONS = ("feeds", "INCLUDES", "CONNECTS")
_WHERE = ("level == 1", "has warmth", "type is Sensor", "level > 0 or measures occupancy", 'note == "x"', "warmth > 20")
_SORT = ("title", "-key", "level", "-warmth", "created", "-updated", "note", "busy", "-heat")
_PARTS = ("", "/children", "/children?limit=1", "/relations", "/relations?direction=in&limit=2", "/relations?depth=3")
_PARTS += ("/upstream", "/downstream", "/views", "/points", "/log", "/log?limit=1")


class Told(Granting):
    """A graph whose sensors and meters keep something private, with something private of all that there is."""

    def words(self, given: list[RoleType]) -> Ontology:
        made = super().words(given)
        return dataclasses.replace(made, types={name: _secretive(each) for name, each in made.types.items()})


def _secretive(type_: Any) -> Any:
    points = {
        name: dataclasses.replace(each, private=_PRIVATE.get(type_.name) == name) for name, each in type_.points.items()
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
        self.granting = granting = Told(seed, 45)
        self.dice: random.Random = granting.dice
        self.mirror, self.ontology = granting.mirror, granting.ontology
        self.visibilities = Visibilities(self.mirror, lambda: self.ontology)
        self.log.changes.clear()
        self.annals = Annals(self.log, self.mirror, self.positions, self.in_pool, self.in_pool)  # type: ignore[arg-type]
        self.authoring = Authoring(self.mirror, self.commit)
        current = Current(self.mirror, self.ontology)
        self.current: Any = current
        self.readings = current.readings
        self.asker, self.token = self._principal()
        for _ in range(_TRIES):
            if _FEW < len(self.seen(self.asker)) < len(self.mirror.entities) * 2 // 3:
                break
            granting.give_or_take()
            self.asker, self.token = self._principal()
        for each in list(self.mirror.entities.values()):
            if each.kind in {"site", "space", "view"} and self.dice.random() < 0.7:
                self.follow(changeset(Update(id=each.id, fields=self._worked(each))))
            for _ in each.points:
                self.measure(each)

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
            measured = [each for each in self.mirror.entities.values() if each.points and each.kind == "device"]
            if measured:
                self.measure(self.dice.choice(measured))
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
        applied = self.granting.walk.apply

        def noted(made: Any) -> Any:
            change = applied(made)
            taken.append(change)
            self.log.changes.append(change)
            self.current.follow(change, self.ontology)
            return change

        self.granting.walk.apply = noted  # type: ignore[method-assign]
        try:
            self.granting.step()
        finally:
            self.granting.walk.apply = applied  # type: ignore[method-assign]
        assert self.mirror.head == before + len(taken)
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
        word = self.dice.choice(["x", "y", "lamp"])
        fields: dict[str, Any] = self.dice.choice(
            [{"properties": {"note": word, "level": self.dice.randrange(3)}}, {"title": {"": word}}]
        )
        return changeset(Update(id=one.id, fields=fields), summary=f"note {one.path}")

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

    def measure(self, entity: Entity) -> None:
        """One of its points says something."""
        if entity.kind != "device" or not entity.points:
            return
        for name in self.dice.sample(entity.points, 1):
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
        entities = self.seen(self.asker)
        edges = self.mirror.graph.edges(keys=True)
        return (
            entities,
            sorted(each for each in edges if each[0] in entities and each[1] in entities),
            {id_: self._said(each) for id_, each in entities.items()},
            {id_: self._allowed(each) for id_, each in entities.items()},
            sorted(self._roles(entities)),
            sorted(self._shared()),
        )

    def _said(self, entity: Entity) -> list[Any]:
        private = _PRIVATE.get(entity.type)
        reads = self._may("read-private", entity) and self.asker.may("twin:read-private")
        return [
            self.current.read(entity.id, each)
            for each in entity.points
            if (each != private or reads) and each not in entity.computed and each not in entity.sources
        ]

    def _allowed(self, entity: Entity) -> list[bool]:
        return [self._may(each, entity, wholly=wholly) for each in PERMISSIONS for wholly in (False, True)]

    def _may(self, permission: Any, entity: Entity, *, wholly: bool = False) -> bool:
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


_orders = iter(range(1, 2**40))


class Asking:
    """The same questions, again and again."""

    def __init__(self, world: World, count: int) -> None:
        self._world = world
        dice, mirror = world.dice, world.mirror
        seen = sorted(world.seen(world.asker))
        hidden = sorted(each.id for each in mirror.entities.values() if each.id not in seen and each.site)
        self._refs = [*dice.sample(seen, min(6, len(seen))), *dice.sample(hidden, min(3, len(hidden))), "z" * 26]
        self._refs += [mirror.entities[each].path for each in self._refs[:-1]]
        self.requests = [self._request(dice) for _ in range(count)]
        self.requests += [("GET", f"/api/v1/{each}s?limit=2", None) for each in KINDS]
        self.requests += [("GET", "/api/v1/access", None), ("GET", "/api/v1/audit", None)]
        self.requests += [("GET", "/api/v1/deadletters", None), ("POST", "/graphql", {"query": _ME})]
        self.requests += [("GET", f"/api/v1/access/explain?ref={quote(each)}", None) for each in self._refs[:6]]
        self.requests += [("GET", f"/api/v1/{each}", None) for each in _LISTS]
        worked = [each for each in seen if mirror.entities[each].kind in {"site", "space", "view"}]
        worked = dice.sample(worked, min(8, len(worked)))
        self.requests += [("GET", f"/api/v1/entities/{each}/points", None) for each in worked]

    async def answers(self) -> list[tuple[str, bytes]]:
        """What is answered, page after page."""
        transport = httpx2.ASGITransport(app=self._world.app)
        headers = {"Authorization": f"Bearer {self._world.token}"}
        found: list[tuple[str, bytes]] = []
        async with httpx2.AsyncClient(transport=transport, base_url="http://twin.test", headers=headers) as http:
            with (
                patch("api.middleware.mint", lambda: _REQUEST),
                patch("twin.engine.positions.secrets.token_bytes", lambda count: b"n" * count),
            ):
                for method, address, body in self.requests:
                    following: str | None = address
                    pages = 0
                    while following is not None and pages < 5:
                        said = await http.request(method, following, json=body)
                        pages += 1
                        told = json.dumps([said.status_code, sorted(said.headers.items())]).encode() + said.content
                        found.append((f"{method} {following} {body or ''}", told))
                        assert said.status_code < 500, told
                        whole = said.json() if method == "GET" and said.status_code == 200 else {}
                        following = whole.get("next") if isinstance(whole, dict) else None
        return found

    def _request(self, dice: random.Random) -> tuple[str, str, Any]:
        makes = [self._collection, self._entity, self._entity, self._search, self._way, self._change, self._graphql]
        return dice.choice([*makes, self._graphql, self._graphql])(dice)

    def _ref(self, dice: random.Random) -> str:
        return dice.choice(self._refs)

    def _collection(self, dice: random.Random) -> tuple[str, str, Any]:
        kind = dice.choice(["space", "space", "device", "device", "view", "site", "gateway"])
        given = {
            "type": dice.choice(["Room", "Sensor", "Meter", "Hall", "Space"]),
            "under": self._ref(dice),
            "in": self._ref(dice),
            "measures": dice.choice(["temperature", "occupancy", "active_power"]),
            "where": dice.choice([*_WHERE, f"in view:{self._ref(dice).rpartition('/')[2]}"]),
            "sort": dice.choice(_SORT),
            "limit": str(dice.choice([1, 2, 50])),
        }
        names = dice.sample(sorted(given), dice.randint(0, 4))
        asked = "&".join(f"{name}={quote(given[name])}" for name in names)
        return "GET", f"/api/v1/{kind}s?{asked}", None

    def _entity(self, dice: random.Random) -> tuple[str, str, Any]:
        part = dice.choice([*_PARTS, "/points/warmth", "/points/present", "/points/heat", "/points/busy"])
        return "GET", f"/api/v1/entities/{quote(self._ref(dice), safe='')}{part}", None

    def _search(self, dice: random.Random) -> tuple[str, str, Any]:
        words = dice.choice(["lamp", "device", "site room", "space", "inner", "view x"])
        return "GET", f"/api/v1/search?q={quote(words)}&limit={dice.choice([2, 50])}", None

    def _way(self, dice: random.Random) -> tuple[str, str, Any]:
        start, end = quote(self._ref(dice), safe=""), quote(self._ref(dice), safe="")
        return "GET", f"/api/v1/entities/{start}/way?to={end}", None

    def _change(self, dice: random.Random) -> tuple[str, str, Any]:
        """Something that is refused, whatever the rights: a revision that nothing has."""
        return "PATCH", f"/api/v1/entities/{quote(self._ref(dice), safe='')}", {"title": ""}

    def _graphql(self, dice: random.Random) -> tuple[str, str, Any]:
        ref = self._ref(dice)
        root = dice.choice(
            [
                f"devices{self._arguments(dice)} {{ {_page(dice, 'Device')} }}",
                f"spaces{self._arguments(dice)} {{ {_page(dice, 'Space')} }}",
                f"views{self._arguments(dice)} {{ {_page(dice, 'View')} }}",
                f"sites {{ {_page(dice, 'Site')} }}",
                f"readings(measures: [{dice.choice(['temperature', 'occupancy'])}], first: 3) {_POINTS}",
                f'search(text: "{dice.choice(["lamp", "device", "room"])}") {{ totalCount nodes {{ path }} }}',
                f'entity(ref: "{ref}") {{ {_fields(dice, 2)} }}',
                f'node(id: "{ref}") {{ id ... on Entity {{ {_fields(dice, 2)} }} }}',
                f"nodes(ids: {json.dumps([self._ref(dice) for _ in range(3)])}) {{ id }}",
            ]
        )
        return "POST", "/graphql", {"query": f"{{ {root} }}"}

    def _arguments(self, dice: random.Random) -> str:
        given = {
            "under": json.dumps(self._ref(dice)),
            "in": json.dumps(self._ref(dice)),
            "where": json.dumps(dice.choice(_WHERE)),
            "sort": json.dumps(dice.choice(_SORT)),
            "first": str(dice.choice([1, 2, 10])),
        }
        names = {"first", *dice.sample(sorted(given), dice.randint(0, 3))}
        return f"({', '.join(f'{name}: {given[name]}' for name in sorted(names))})"


_ME = "{ me { subject scopes sites { site whole roles { role id path permissions until } } } }"
_POINTS = "{ totalCount pageInfo { endCursor hasNextPage } nodes { name entity { path } reading { value } } }"
_EDGES = "{ totalCount edges { depth relation from { id } node { path } } }"
_OWN = {
    "Device": "parts { totalCount nodes { path } } space { path }",
    "Space": "spaces(recursive: true) { totalCount nodes { path } } devices { totalCount nodes { id } }",
    "View": "members { totalCount nodes { path } } rule",
    "Site": "key",
}


def _page(dice: random.Random, kind: str) -> str:
    own = _OWN[kind] if dice.random() < 0.6 else ""
    return f"totalCount pageInfo {{ hasNextPage hasPreviousPage endCursor }} nodes {{ {_fields(dice, 1)} {own} }}"


def _fields(dice: random.Random, depth: int) -> str:
    inner = _fields(dice, depth - 1) if depth else "path"
    several = f"totalCount pageInfo {{ endCursor hasNextPage }} nodes {{ {inner} }}"
    fields = [
        "id path title type revision createdAt updatedAt offers",
        f"site {{ {inner} }} parent {{ {inner} }}",
        f"children(first: 2) {{ {several} }}",
        f"views {{ {inner} }}",
        f'related(relation: "{dice.choice(_RELATIONS)}", direction: {dice.choice(["IN", "OUT"])}, depth: 2) {_EDGES}',
        "upstream(first: 3) { totalCount edges { depth node { path } } }",
        "downstream { totalCount nodes { id } }",
        "points { name private reading { value time quality } }",
        "properties { name value }",
        "log(first: 2) { pageInfo { endCursor hasNextPage } nodes { at summary lines { what } } }",
        "roles { key role }",
    ]
    return " ".join(["id", *dice.sample(fields, dice.randint(1, 4))])


def _comes_to(told: list[Altered], before: dict[str, Entity], after: dict[str, Entity]) -> None:
    """What is told of changes leads from what was seen to what is."""
    gone = {each.entity.id for each in told if each.what == "DELETED"}
    come = {each.entity.id for each in told if each.what == "CREATED"}
    assert (before.keys() - gone) | come == after.keys()
    other = {each.entity.id for each in told if each.what == "CHANGED"}
    assert other >= {id_ for id_ in before.keys() & after.keys() if before[id_].revision != after[id_].revision}


def hold(world: World, seed: int, *, steps: int, requests: int) -> int:
    """Raise where something out of sight was told; how often something out of sight has happened."""
    return asyncio.run(_held(world, seed, steps, requests))


async def _come_through() -> None:
    """For what was heard to be told."""
    for _ in range(5):
        await asyncio.sleep(0)


async def _held(world: World, seed: int, steps: int, requests: int) -> int:
    world.begin(seed)
    asking = Asking(world, requests)
    before, told = world.sight(), await asking.answers()
    stream = watch(Watch(Question(world, world.asker)))
    heard = asyncio.ensure_future(anext(stream))
    sight_of = Sight(Question(world, world.asker))
    unseen = 0
    try:
        for number in range(steps):
            entities = world.seen(world.asker)
            entries = world.happen()
            sight = world.sight()
            await _come_through()
            if sight == before and not world.touches(entries, entities):
                unseen += 1
                answered = await asking.answers()
                for (asked, one), (_, other) in zip(told, answered, strict=False):
                    assert one == other, f"seed {seed}, step {number}: {entries}\n{asked}\n{one!r}\n{other!r}"
                assert len(told) == len(answered), f"seed {seed}, step {number}: more pages"
                assert not heard.done(), f"seed {seed}, step {number}: {heard.result()}"
                assert list(sight_of.news()) == [], f"seed {seed}, step {number}: {entries}"
            else:
                told = await asking.answers()
                _comes_to(list(sight_of.news()), entities, world.seen(world.asker))
                while heard.done():
                    heard = asyncio.ensure_future(anext(stream))
                    await _come_through()
            before = sight
        world.agrees()
    finally:
        heard.cancel()
        with suppress(asyncio.CancelledError):
            await heard
        await stream.aclose()
        await world.authoring.close()
    return unseen
