"""A user through an app: what roles let them see and do, and what is hidden is absent, word for word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import msgspec
import pytest

from api.questions import Question
from api.watching import Watch
from tests.api.building import Changed, Double, _entity
from tests.api.conftest import token
from tests.graphs import party
from twin.access.principals import Principal
from twin.access.tokens import OnBehalf
from twin.graph.model import Create, Delete, Held, Link, Relation, Unlink, Update
from twin.times import now

if TYPE_CHECKING:
    from pathlib import Path

    from tests.api.conftest import Served

ROOM = "hugo/flat/living"
THERMOSTAT = f"{ROOM}/thermostat"
SCOPES = frozenset({"twin:read", "twin:read-private", "twin:write"})


def give(engine: Double, path: str, *roles: Held, who: str = "ana") -> None:
    """Ana gets roles there, in place of those she has."""
    entries: list[Any] = [] if who in engine.mirror.entities else [Create(party("user", who))]
    target = engine.id(path)
    if engine.mirror.relation(who, target, "HAS_ROLE") is not None:
        entries.append(Unlink(type="HAS_ROLE", source=who, target=target))
    if roles:
        entries.append(Link(Relation(type="HAS_ROLE", source=who, target=target, roles=roles)))
    engine.change(*entries)


def client(served: Served, sites: frozenset[str] | None = None) -> httpx2.Client:
    """An app of Ana's."""
    engine = served.engine
    known = {each.name: each.client_id for each in engine.clients.list()}
    app = known.get("Ana's app") or engine.clients.add("Ana's app", SCOPES, None)[0]
    generation = engine.clients.current(app) or 0
    ana = OnBehalf("ana", "authorization", now())
    token = engine.tokens.issue(app, scopes=SCOPES, sites=sites, generation=generation, now=now(), user=ana).token
    return httpx2.Client(base_url=served.url, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def guest(fresh: Served) -> httpx2.Client:
    fresh.on_loop(lambda: give(fresh.engine, ROOM, Held("home/Guest")))
    with client(fresh) as http:
        yield http


def paths(http: httpx2.Client, what: str) -> list[str]:
    return [each["path"] for each in http.get(f"/api/v1/{what}").json()["items"]]


def test_a_guest_of_a_room_sees_that_room(fresh: Served, guest: httpx2.Client) -> None:
    assert paths(guest, "sites") == paths(guest, "views") == paths(guest, "gateways") == []
    assert paths(guest, "spaces") == [ROOM]
    assert paths(guest, "devices") == [THERMOSTAT, f"{THERMOSTAT}/valve"]
    room = guest.get(f"/api/v1/entities/{fresh.engine.id(ROOM)}").json()
    assert (room["parent"], room["points"]) == (None, ["temperature"])
    asked = f'{{ entity(ref: "{THERMOSTAT}") {{ site {{ id }} parent {{ path }} views {{ id }} }} }}'
    found = guest.post("/graphql", json={"query": asked}).json()
    assert found == {"data": {"entity": {"site": None, "parent": {"path": ROOM}, "views": []}}}


def test_hidden_and_absent_are_the_same_words(fresh: Served, guest: httpx2.Client) -> None:
    hidden, absent = fresh.engine.id("hugo/flat"), "z" * 26
    for address in ("/api/v1/entities/{}", "/api/v1/entities/{}/children", "/api/v1/devices?under={}"):
        answers = [guest.get(address.format(each)) for each in (hidden, absent)]
        said = [{**each.json(), "instance": ""} for each in answers]
        assert said[0] == said[1]
        assert answers[0].status_code == answers[1].status_code == 404
    changed = [guest.patch(f"/api/v1/entities/{each}", json={"title": "Mine"}) for each in (hidden, absent)]
    assert changed[0].status_code == changed[1].status_code == 404
    plans = [
        guest.post("/api/v1/plans", json={"site": key, "document": "topology: x"}).json() for key in ("hugo", "no")
    ]
    assert plans[0]["code"] == "site.unknown"
    assert {**plans[0], "instance": ""} == {**plans[1], "instance": ""}


def test_seeing_is_not_changing(fresh: Served, guest: httpx2.Client) -> None:
    room = f"/api/v1/entities/{fresh.engine.id(ROOM)}"
    refused = guest.patch(room, json={"title": "Mine"})
    assert (refused.status_code, refused.json()["code"]) == (403, "role.insufficient")
    fresh.on_loop(lambda: give(fresh.engine, "hugo", Held("home/Owner")))
    assert guest.patch(room, json={"title": "Mine"}).status_code == 200


def test_a_role_given_or_taken_counts_at_once(fresh: Served, guest: httpx2.Client) -> None:
    fresh.on_loop(lambda: give(fresh.engine, "zola", Held("home/Owner")))
    assert paths(guest, "sites") == ["zola"]
    fresh.on_loop(lambda: give(fresh.engine, "zola", Held("home/Owner", until=now())))
    assert paths(guest, "sites") == []
    fresh.on_loop(lambda: give(fresh.engine, ROOM))
    assert paths(guest, "devices") == []


def test_what_may_be_acted_on_is_listed(fresh: Served, guest: httpx2.Client) -> None:
    engine = fresh.engine
    hugo, zola = engine.id("hugo"), engine.id("zola")
    fresh.on_loop(lambda: give(engine, "zola", Held("home/Owner", 2**52), Held("home/Gone"), Held("home/Guest", 1)))
    items = guest.get("/api/v1/access").json()["items"]
    room = {
        "role": "Guest",
        "id": engine.id(ROOM),
        "kind": "space",
        "path": ROOM,
        "permissions": ["read"],
        "until": None,
        "through": [],
    }
    assert items[0] == {"site": hugo, "whole": False, "roles": [room]}
    assert [(each["site"], [role["role"] for role in each["roles"]]) for each in items[1:]] == [(zola, ["Owner"])]
    # An owner may do everything, and this app what it carries the scopes for.
    assert items[1]["roles"][0]["permissions"] == ["read", "read-private", "administer"]
    first = guest.get("/api/v1/access?limit=1").json()
    assert [each["site"] for each in guest.get(first["next"]).json()["items"]] == [zola]
    asked = "{ me { subject sites { site whole roles { role id path permissions until } } } }"
    said = guest.post("/graphql", json={"query": asked}).json()["data"]["me"]
    assert (said["subject"], len(said["sites"])) == ("ana", 2)
    assert said["sites"][1]["roles"][0]["until"] == "2112-09-17T23:53:47.370496Z"


def test_a_client_in_its_own_name_lists_what_it_was_registered_for(fresh: Served) -> None:
    for sites, expected in ((("hugo",), ["hugo"]), (None, ["hugo", "zola"])):
        headers = {"Authorization": f"Bearer {token(fresh, 'twin:read', sites)}"}
        with httpx2.Client(base_url=fresh.url, headers=headers) as http:
            items = http.get("/api/v1/access").json()["items"]
            assert [each["site"] for each in items] == sorted(map(fresh.engine.id, expected))
            assert all(each["whole"] for each in items)


def test_an_app_is_let_touch_the_sites_that_its_user_picked(fresh: Served, guest: httpx2.Client) -> None:
    del guest
    fresh.on_loop(lambda: give(fresh.engine, "zola", Held("home/Owner")))
    with client(fresh, frozenset({fresh.engine.id("hugo")})) as http:
        assert paths(http, "sites") == []
        assert paths(http, "spaces") == [ROOM]


ASKED = [
    "sites",
    "spaces?sort=-title",
    "devices?where=has temperature and not (in view:thermal)",
    "devices?where=temperature > 20&sort=-temperature",
    "devices?limit=1",
    f"devices?under={ROOM}&measures=air_temperature",
    "search?q=thermostat",
    "search?q=thermostat appartement",
    "views",
]
GRAPHQL = """{
  readings(measures: [air_temperature]) { totalCount nodes { name reading { value } } }
  devices(first: 1) { totalCount nodes { path space { path } related(relation: "controls", direction: IN) {
    totalCount nodes { path } } } pageInfo { hasNextPage endCursor } }
}"""


def answers(http: httpx2.Client, ids: list[str]) -> list[bytes]:
    found = [http.get(f"/api/v1/{each}").content for each in ASKED]
    parts = ("", "/children", "/relations", "/relations?direction=in", "/upstream", "/views", "/points")
    found += [http.get(f"/api/v1/entities/{each}{part}").content for each in ids for part in parts]
    return [*found, http.post("/graphql", json={"query": GRAPHQL}).content]


def test_what_happens_out_of_sight_changes_no_byte(fresh: Served, guest: httpx2.Client) -> None:
    engine = fresh.engine
    ids = [engine.id(each) for each in (ROOM, THERMOSTAT, f"{THERMOSTAT}/valve")]
    before = answers(guest, ids)
    flat, box = engine.mirror.by_path("hugo/flat"), engine.id("hugo/box")
    thermal = engine.id("hugo/thermal")
    lamp = _entity("hugo/flat/second", "device", "Thermostat", "hugo/flat", points=("temperature",))
    for entries in (
        [Update(id=flat.id, fields={"title": {"": "Secret"}, "properties": {"area": 1.0}})],  # type: ignore[union-attr]
        [Create(msgspec.structs.replace(lamp, id="s" * 26))],
        [Link(Relation(type="controls", source="s" * 26, target=ids[1]))],
        [Unlink(type="INCLUDES", source=thermal, target=ids[1])],
        [Delete(id=box)],
        [Delete(id=thermal)],
    ):
        fresh.on_loop(lambda entries=entries: engine.change(*entries))  # type: ignore[misc]
        assert answers(guest, ids) == before
    fresh.on_loop(lambda: engine.tell("hugo/flat/second", "temperature", 99.0))
    assert answers(guest, ids) == before


def test_a_point_that_follows_what_is_hidden_is_hidden(fresh: Served, guest: httpx2.Client) -> None:
    engine = fresh.engine
    source = _entity("hugo/flat/probe", "device", "Thermostat", "hugo/flat", points=("temperature",))
    follows = Update(id=engine.id(ROOM), fields={"sources": {"temperature": (source.id, "temperature")}})
    fresh.on_loop(lambda: engine.change(Create(source), follows))
    assert guest.get(f"/api/v1/entities/{engine.id(ROOM)}").json()["points"] == []
    assert guest.get(f"/api/v1/entities/{engine.id(ROOM)}/points/temperature").json()["code"] == "point.unknown"


def test_who_listens_hears_what_they_may_see_now(tmp_path: Path) -> None:
    engine = Double(tmp_path)
    app = engine.clients.add("app", SCOPES, None)[0]
    ana = Principal(client=app, subject="ana", scopes=SCOPES, sites=None, generation=1, expires=2**62)
    watch = Watch(Question(engine, ana))
    reading = engine.current.read(engine.id(THERMOSTAT), "temperature")
    event: Any = Changed(engine.id(THERMOSTAT), "temperature", reading)  # type: ignore[arg-type]
    assert not watch.wants(event)
    give(engine, ROOM, Held("home/Guest"))
    assert watch.wants(event)
    below = Watch(Question(engine, ana), under=ROOM)
    assert below.wants(event)
    give(engine, ROOM, Held("home/Guest", until=now()))
    assert not watch.wants(event)
    assert not below.wants(event)
    give(engine, THERMOSTAT, Held("home/Guest"))
    assert not watch.wants(event)  # nobody is a guest of a device
    give(engine, "hugo", Held("home/Owner"))
    assert watch.wants(event)
    assert below.wants(event)
    engine.records.close()


def test_why_somebody_sees_something_is_told_to_them(fresh: Served, guest: httpx2.Client) -> None:
    said = guest.get("/api/v1/access/explain", params={"ref": THERMOSTAT}).json()
    assert (said["user"], said["path"], said["permissions"]) == ("ana", THERMOSTAT, ["read"])
    (way,) = said["ways"]
    assert (way["role"], way["steps"], way["stop"]) == ("home/Guest", [ROOM, THERMOSTAT], "")
    grant = {"role": "home/Guest", "givenOn": ROOM, "party": ""}
    assert said["removals"] == [{"permission": "read", "grants": [grant]}]
    assert said["gifts"] == []  # an owner is one of the whole site, which a guest of a room knows nothing of
    asked = (
        f'{{ accessOf(ref: "{THERMOSTAT}") {{ user path permissions ways {{ role givenOn steps until stop at party }} '
    )
    asked += "removals { permission grants { role givenOn party } } gifts { permission role on } } }"
    told = guest.post("/graphql", json={"query": asked}).json()["data"]["accessOf"]
    assert told["ways"] == [{name: way[name] for name in told["ways"][0]}]
    assert told["removals"] == said["removals"]
    fresh.on_loop(lambda: give(fresh.engine, ROOM))
    hidden = [guest.get("/api/v1/access/explain", params={"ref": each}).json() for each in (THERMOSTAT, "no/where")]
    assert {**hidden[0], "instance": ""} == {**hidden[1], "instance": ""}


def test_why_others_see_something_is_told_to_who_may_share_it(fresh: Served, guest: httpx2.Client) -> None:
    asked = {"ref": ROOM, "user": "ben"}
    refused = [guest.get("/api/v1/access/explain", params={**asked, "user": each}) for each in ("ben", "nobody")]
    assert [each.status_code for each in refused] == [403, 403]
    assert refused[0].json()["code"] == "role.insufficient"
    assert {**refused[0].json(), "instance": ""} == {**refused[1].json(), "instance": ""}
    site = fresh.engine.id("hugo")
    ben = Relation(type="HAS_ROLE", source="ben", target=site, roles=(Held("home/Owner"),))
    fresh.on_loop(lambda: fresh.engine.change(Create(party("user", "ben")), Link(ben)))
    auditor = token(fresh, "twin:read twin:audit", ("hugo",))
    with httpx2.Client(base_url=fresh.url, headers={"Authorization": f"Bearer {auditor}"}) as http:
        said = http.get("/api/v1/access/explain", params=asked).json()
        assert said["removals"][0] == {
            "permission": "read",
            "grants": [{"role": "home/Owner", "givenOn": "hugo", "party": ""}],
        }
        unknown = http.get("/api/v1/access/explain", params={**asked, "user": "nobody"}).json()
        assert (unknown["ways"], unknown["permissions"]) == ([], [])
        assert {"permission": "read", "role": "home/Guest", "on": ROOM} in unknown["gifts"]
        own = http.get("/api/v1/access/explain", params={"ref": ROOM}).json()
        assert own["ways"][0]["role"] == "its registration"
