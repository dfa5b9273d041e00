"""The questions that are asked again and again: of what is at the border, of everything by value, and any."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import quote

import httpx2

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from tests.noninterference.world import World
    from twin.graph.model import Entity

__all__ = ["Asking"]

_REQUEST = "r" * 26
_HUT = "topology: hut\nversion: 1.0.0\nuses: { connected-home: ^1.0 }\nsite: { type: Residence }\n"
_PLAN = """mutation ($site: String!, $document: String!) { planTopology(input: { site: $site, document: $document }) {
    __typename ... on PlanRefused { code message help } } }"""
_UNASKABLE = (b"Cannot query field", b"used in position", b"Syntax Error")
"""What an operation is answered that asks for nothing."""
_PAGES = 5
"""So many pages of a list are read."""
_BORDER = 5
"""So much of what is at the border is asked for all that is around it."""
_KINDS = ("site", "space", "view", "gateway", "device")
_LISTS = ("access/grants", "access/invitations", "organisations", "assets")
_RELATIONS = ("feeds", "INCLUDES", "CONNECTS")
_WHERE = ("level == 1", "has warmth", "type is Sensor", "level > 0 or measures occupancy", 'note == "x"', "warmth > 20")
_WHERE += ("present == true", "has present", "power > 15", 'note == "z"', "measures active_power", "heat > 60")
_WHERE += ("devices > 1", "busy == true", "watts < 1")
_SORT = ("title", "-key", "level", "-warmth", "created", "-updated", "note", "busy", "-heat", "power", "present")
_TEXTS = ("lamp", "device", "site room", "inner lamp", "x device", "y", "a lamp")
_PARTS = ("", "/children", "/children?limit=1", "/relations", "/relations?direction=in&limit=2", "/relations?depth=3")
_PARTS += ("/upstream", "/downstream", "/views", "/points", "/log", "/log?limit=1", "/relations?direction=in")
_PARTS += ("/relations?limit=1", "/relations?relation=fed_by", "/relations?relation=INCLUDES&direction=in")


class Asking:
    """The same questions, again and again."""

    def __init__(self, world: World, count: int) -> None:
        self._world = world
        dice, mirror = world.dice, world.mirror
        seen = sorted(world.seen(world.asker))
        hidden = sorted(each.id for each in mirror.entities.values() if each.id not in seen and each.site)
        border = _border(world)
        border = dice.sample(border, min(_BORDER, len(border)))
        near = [each.id for each in world.border()[1]]
        self._refs = [*border, *dice.sample(seen, min(6 - len(border), len(seen)))]
        self._refs += [*dice.sample(near, min(2, len(near))), *dice.sample(hidden, min(1, len(hidden))), "z" * 26]
        self._refs += [mirror.entities[each].path for each in self._refs[:-1]]
        self._views = [each.key for each in mirror.entities.values() if each.kind == "view"] or ["none"]
        self.requests = [self._request(dice) for _ in range(count)]
        self.requests += [("GET", f"/api/v1/{each}s?limit={_third(world, each)}", None) for each in _KINDS]
        self.requests += [("GET", "/api/v1/access", None), ("GET", "/api/v1/audit", None)]
        self.requests += [("GET", "/api/v1/deadletters", None), ("POST", "/graphql", {"query": _ME})]
        self.requests += [("GET", f"/api/v1/access/explain?ref={quote(each)}", None) for each in self._refs[:9:2]]
        self.requests += [("GET", f"/api/v1/{each}", None) for each in _LISTS]
        worked = [each for each in seen if mirror.entities[each].kind in {"site", "space", "view"}]
        self.requests += [_asked(_SAID, each) for each in _cut(worked)]
        ends = [each for each in self._refs if each in seen]
        self.requests += [_around(each, dice.choice(ends)) for each in [*self._refs[:8], *dice.sample(self._refs, 2)]]
        self.requests.append(_asked("entity(ref: {}) { id title }", self._refs))
        self.requests += self._by_value()

    def _by_value(self) -> list[tuple[str, str, Any]]:
        """Every condition and every order, of devices and of what they are in."""
        views = [f"in view:{each}" for each in self._views[:4]]
        seen = [each.id for each in self._world.border()[0] if each.kind == "view"][:4]
        asked = [
            *((f"devices(where: {{}}, first: 20) {_ITEMS}", each) for each in _cut([*_WHERE, *views])),
            *((f"devices(sort: {{}}, first: 9) {_ITEMS}", each) for each in _cut(_SORT)),
            *((f"spaces(where: {{}}, first: 20) {_ITEMS}", each) for each in _cut([*_WHERE[-6:], *views])),
            (f"devices(in: {{}}, first: 20) {_ITEMS}", seen),
            ("search(text: {}, first: 50) { totalCount nodes { path } }", _TEXTS),
        ]
        return [("POST", "/graphql", {"query": _READINGS}), *(_asked(*each) for each in asked if each[1])]

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
                    while following is not None and pages < _PAGES:
                        said = await http.request(method, following, json=body)
                        pages += 1
                        told = json.dumps([said.status_code, sorted(said.headers.items())]).encode() + said.content
                        found.append((f"{method} {following} {body or ''}", told))
                        assert said.status_code < 500, told
                        assert not any(each in said.content for each in _UNASKABLE), told
                        whole = said.json() if method == "GET" and said.status_code == 200 else {}
                        following = whole.get("next") if isinstance(whole, dict) else None
        return found

    def _request(self, dice: random.Random) -> tuple[str, str, Any]:
        makes = [self._collection, self._entity, self._entity, self._search, self._way, self._change, self._graphql]
        return dice.choice([*makes, self._deed, self._deed, self._graphql, self._graphql])(dice)

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

    def _deed(self, dice: random.Random) -> tuple[str, str, Any]:
        """Something else that is refused: of what is seen, of what is hidden, and of what is not there."""
        ref = self._ref(dice)
        keys = sorted(each.key for each in self._world.mirror.entities.values() if each.kind == "site")
        site = dice.choice([*keys, "nowhere", ref])
        return dice.choice(
            [
                ("POST", "/api/v1/plans", {"site": site, "document": _HUT}),
                ("POST", "/graphql", {"query": _PLAN, "variables": {"site": site, "document": _HUT}}),
                ("POST", "/api/v1/grants", {"party": dice.choice(["ben", "nobody"]), "role": "Nobody", "on": ref}),
                ("POST", "/api/v1/transfers", {"site": ref, "email": "nobody"}),
                ("POST", "/api/v1/assets", {"assets": [_asset(dice)]}),
                ("GET", f"/api/v1/organisations/organisation:{dice.choice(['acme', 'best', 'none'])}", None),
            ]
        )

    def _graphql(self, dice: random.Random) -> tuple[str, str, Any]:
        ref = self._ref(dice)
        root = dice.choice(
            [
                f"devices{self._arguments(dice)} {{ {_page(dice, 'Device')} }}",
                f"spaces{self._arguments(dice)} {{ {_page(dice, 'Space')} }}",
                f"views{self._arguments(dice)} {{ {_page(dice, 'View')} }}",
                f"sites {{ {_page(dice, 'Site')} }}",
                f"readings(measures: [{dice.choice(['temperature', 'occupancy'])}], first: 3) {_POINTS}",
                f'search(text: "{dice.choice(["lamp", "device", "room"])}") {{ totalCount nodes {{ path title }} }}',
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


def _border(world: World) -> list[str]:
    """What is seen that is linked to, contains or lies in what is hidden."""
    seen, hidden = world.border()
    hides = {each.id for each in hidden}

    def borders(each: Entity) -> bool:
        ends = (*world.mirror.edges(each, "OUT"), *world.mirror.edges(each, "IN"), *world.mirror.children(each.id))
        return each.parent in hides or not hides.isdisjoint(ends)

    return sorted(each.id for each in seen if borders(each))


def _asset(dice: random.Random) -> dict[str, Any]:
    """One that cannot be: its type is none."""
    return {"serial": "S1", "type": "Nothing", "fleet": dice.choice(["north", "south", "none"])}


def _third(world: World, kind: str) -> int:
    """A length of pages by which all of a kind that is seen are read, and the last page may be full."""
    return max(1, sum(each.kind == kind for each in world.border()[0]) // 3)


def _around(ref: str, end: str) -> tuple[str, str, Any]:
    """Everything that there is around something, and a way from it."""
    return "POST", "/graphql", {"query": _AROUND, "variables": {"ref": ref, "end": end}}


def _asked(field: str, given: Sequence[str]) -> tuple[str, str, Any]:
    """A field, asked of each; the same text for as many, so it is understood once."""
    names = [f"a{at}" for at in range(len(given))]
    kind = "Ref!" if "ref: {}" in field or "in: {}" in field else "String!"
    fields = " ".join(f"{name}: {field.replace('{}', f'${name}')}" for name in names)
    query = f"query ({', '.join(f'${name}: {kind}' for name in names)}) {{ {fields} }}"
    return "POST", "/graphql", {"query": query, "variables": dict(zip(names, given, strict=True))}


def _cut(given: Sequence[str]) -> list[Sequence[str]]:
    """As many at a time as one operation may ask."""
    return [given[at : at + 8] for at in range(0, len(given), 8)]


_ITEMS = "{ totalCount pageInfo { hasNextPage } nodes { id } }"
_SAID = "entity(ref: {}) { points { name reading { value time quality } } }"
_READINGS = """{ a: readings(measures: [occupancy], first: 20) { totalCount nodes { name entity { id } } }
    b: readings(measures: [active_power], first: 20) { totalCount nodes { name entity { id } } } }"""
_ME = "{ me { subject scopes sites { site whole roles { role id path permissions until } } } }"
_POINTS = "{ totalCount pageInfo { endCursor hasNextPage } nodes { name entity { path } reading { value } } }"
_EDGES = "{ totalCount edges { depth relation from { id } node { path title } } }"
_AROUND = f"""query ($ref: Ref!, $end: Ref!) {{ entity(ref: $ref) {{
    id path revision parent {{ path title }} site {{ path }} way(to: $end) {{ relation direction to {{ path }} }}
    children {{ totalCount nodes {{ path title }} }}
    out: related(direction: OUT) {_EDGES} in: related(direction: IN) {_EDGES}
    far: related(direction: OUT, depth: 3) {_EDGES} near: related(direction: IN, depth: 3) {_EDGES}
    fed: related(relation: "fed_by") {_EDGES} upstream {_EDGES} downstream {_EDGES} views {{ path title }}
    points {{ name reading {{ value }} }} properties {{ name value }}
    log(first: 9) {{ pageInfo {{ endCursor hasNextPage }} nodes {{ at summary lines {{
        what relation fields {{ name before after }} other {{ path title }} }} }} }}
    ... on View {{ members {{ totalCount nodes {{ path title }} }} }}
    ... on Device {{ parts {{ totalCount }} space {{ path title }} }}
    ... on Space {{ spaces(recursive: true) {{ totalCount }} devices(recursive: true) {{ totalCount }} }} }} }}"""
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
        "upstream(first: 3) { totalCount edges { depth node { path title } } }",
        "downstream { totalCount nodes { id } }",
        "points { name private reading { value time quality } }",
        "properties { name value }",
        "log(first: 2) { pageInfo { endCursor hasNextPage } nodes { at summary lines { what } } }",
        "roles { key role }",
    ]
    return " ".join(["id", *dice.sample(fields, dice.randint(1, 4))])
