"""One entity, what it says, and changing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from tests.api.building import AT
from tests.api.conftest import Served, token
from twin.graph.model import Actor, Change, ChangeSet, Link, Relation

if TYPE_CHECKING:
    from collections.abc import Iterator

THERMOSTAT = "hugo/flat/living/thermostat"


@pytest.fixture
def writer(fresh: Served) -> Iterator[httpx2.Client]:
    headers = {"Authorization": f"Bearer {token(fresh)}"}
    with httpx2.Client(base_url=f"{fresh.url}/api/v1/entities", headers=headers) as client:
        yield client


def at(served: Served, path: str) -> str:
    return f"/api/v1/entities/{served.engine.id(path)}"


def test_an_entity(app: httpx2.Client, served: Served) -> None:
    answer = app.get(at(served, THERMOSTAT))
    assert answer.headers["etag"] == '"1"'
    assert answer.json() == {
        "id": served.engine.id(THERMOSTAT),
        "kind": "device",
        "type": "Thermostat",
        "key": "thermostat",
        "path": THERMOSTAT,
        "title": "Thermostat",
        "titles": {"": "Thermostat"},
        "site": served.engine.id("hugo"),
        "parent": served.engine.id("hugo/flat/living"),
        "properties": {"vendor": "Velio"},
        "points": ["temperature", "battery", "setpoint", "mode"],
        "offers": [],
        "roles": [],
        "rule": None,
        "made": None,
        "serial": "SN-hugo",
        "revision": 1,
        "createdAt": "2026-11-03T07:00:00Z",
        "updatedAt": "2026-11-03T07:00:00Z",
    }


def test_what_is_around_it(app: httpx2.Client, served: Served) -> None:
    here = at(served, THERMOSTAT)
    assert [each["key"] for each in app.get(f"{here}/children").json()["items"]] == ["valve"]
    assert [each["key"] for each in app.get(f"{here}/views").json()["items"]] == ["thermal"]
    out = app.get(f"{here}/relations").json()["items"]
    assert [(each["relation"], each["entity"]["key"]) for each in out] == [("controls", "valve")]
    into = app.get(f"{here}/relations?direction=in").json()["items"]
    assert [(each["relation"], each["entity"]["key"]) for each in into] == [
        ("CONNECTS", "box"),
        ("INCLUDES", "thermal"),
    ]
    following = app.get(f"{here}/relations?direction=in&limit=1").json()["next"]
    assert [each["relation"] for each in app.get(following).json()["items"]] == ["INCLUDES"]
    only = app.get(f"{here}/relations?direction=in&relation=INCLUDES").json()["items"]
    assert [each["entity"]["key"] for each in only] == ["thermal"]


def test_what_is_farther_along_relations(app: httpx2.Client, served: Served) -> None:
    box = at(served, "hugo/box")
    found = app.get(f"{box}/relations?depth=2").json()["items"]
    assert [(each["depth"], each["relation"], each["entity"]["key"]) for each in found] == [
        (1, "CONNECTS", "thermostat"),
        (2, "controls", "valve"),
    ]
    assert [each["source"] for each in found] == [served.engine.id("hugo/box"), served.engine.id(THERMOSTAT)]
    following = app.get(f"{box}/relations?depth=2&limit=1").json()["next"]
    assert [each["entity"]["key"] for each in app.get(following).json()["items"]] == ["valve"]
    back = app.get(f"{at(served, THERMOSTAT)}/relations?relation=CONNECTED_BY&depth=10").json()["items"]
    assert [each["entity"]["key"] for each in back] == ["box"]
    assert app.get(f"{box}/relations?relation=warms&depth=3").json()["items"] == []
    assert app.get(f"{box}/relations?depth=11").status_code == 400


def test_what_feeds_what(fresh: Served, writer: httpx2.Client) -> None:
    engine = fresh.engine
    valve, flat, living = (engine.id(path) for path in (f"{THERMOSTAT}/valve", "hugo/flat", "hugo/flat/living"))
    feeds = Link(Relation(type="feeds", source=valve, target=flat))
    made = ChangeSet(op_id="feed", actor=Actor("test", "test"), at=AT, entries=(feeds,))
    fresh.on_loop(lambda: engine.mirror.apply(Change(engine.mirror.head + 1, made)))

    def found(address: str) -> list[str]:
        return [each["entity"]["key"] for each in writer.get(address).json()["items"]]

    assert found(f"{living}/upstream") == ["thermostat", "valve"]
    assert found(f"{engine.id(THERMOSTAT)}/downstream?depth=1") == ["flat", "living"]
    following = writer.get(f"{living}/upstream?limit=1").json()["next"]
    assert following.startswith(f"/api/v1/entities/{living}/upstream?limit=1&after=")
    rest = writer.get(following.removeprefix("/api/v1/entities/")).json()
    assert ([each["entity"]["key"] for each in rest["items"]], rest["next"]) == (["valve"], None)
    assert found(f"{living}/downstream") == []
    assert writer.get(f"{living}/upstream?depth=0").status_code == 400


def test_its_points_and_what_they_say(app: httpx2.Client, served: Served) -> None:
    room = at(served, "hugo/flat/living")
    served.on_loop(lambda: served.engine.tell(THERMOSTAT, "temperature", 21.5))
    [point] = app.get(f"{room}/points").json()["items"]
    assert point["name"] == "temperature"
    assert point["reading"] == {
        "value": 21.5,
        "unit": "Cel",
        "time": "2026-11-03T07:00:00Z",
        "receivedAt": "2026-11-03T07:00:00.250000Z",
        "quality": point["reading"]["quality"],
    }
    assert app.get(f"{room}/points/temperature").json() == point
    fahrenheit = app.get(f"{room}/points/temperature?unit=[degF]").json()
    assert fahrenheit["reading"]["value"] == pytest.approx(70.7)
    assert (fahrenheit["unit"], fahrenheit["reading"]["unit"]) == ("Cel", "[degF]")
    measured = app.get(f"{at(served, THERMOSTAT)}/points?measures=battery_level").json()["items"]
    assert [each["name"] for each in measured] == ["battery"]
    assert app.get(f"{at(served, THERMOSTAT)}/points/setpoint").json()["reading"] is None


@pytest.mark.parametrize(
    ("below", "status", "code"),
    [
        ("/points/height", 404, "point.unknown"),
        ("/points/relative_humidity", 404, "point.unknown"),
        ("/points/temperature?unit=kW", 400, "unit.incompatible"),
        ("/points?measures=happiness", 400, "measure.unknown"),
    ],
)
def test_points_that_are_not(app: httpx2.Client, served: Served, below: str, status: int, code: str) -> None:
    answer = app.get(at(served, THERMOSTAT) + below)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_change(writer: httpx2.Client, fresh: Served) -> None:
    here = fresh.engine.id("hugo/flat")
    body = {"title": "Home", "properties": {"area": 50}}
    answer = writer.patch(here, json=body, headers={"If-Match": '"1"', "Idempotency-Key": "k"})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert (answer.json()["title"], answer.json()["properties"]) == ("Home", {"area": 50})
    named = writer.patch(here, json={"title": {"fr": "Chez nous"}, "properties": {"area": None}}).json()
    assert (named["titles"], named["properties"], named["revision"]) == ({"fr": "Chez nous"}, {}, 3)
    assert writer.patch(here, json={}).json()["revision"] == 3


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        ({"title": "x"}, {"If-Match": '"7"'}, 412, "revision.conflict"),
        ({"title": "x"}, {"If-Match": "mine"}, 400, "value.invalid"),
        ({"title": ""}, {}, 400, "title.invalid"),
        ({"title": 7}, {}, 400, "value.invalid"),
        ({"name": "x"}, {}, 400, "value.invalid"),
        ([], {}, 400, "value.invalid"),
        ({"properties": {"height": 1}}, {}, 400, "property.unknown"),
        ({"properties": {"area": 0}}, {}, 400, "property.value"),
        ({"properties": {"area": [1]}}, {}, 400, "value.invalid"),
        ({"title": "x"}, {"Content-Type": "text/plain"}, 415, "body.unreadable"),
    ],
)
def test_a_change_that_cannot_be(
    writer: httpx2.Client, fresh: Served, body: Any, headers: dict[str, str], status: int, code: str
) -> None:
    answer = writer.patch(fresh.engine.id("hugo/flat"), json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"], answer.json()["status"]) == (status, code, status)
    assert fresh.engine.mirror.head == 1


def test_a_body_that_is_broken_or_too_long(writer: httpx2.Client, fresh: Served) -> None:
    here, kind = fresh.engine.id("hugo/flat"), {"Content-Type": "application/json"}
    assert writer.patch(here, content=b"{", headers=kind).json()["code"] == "body.unreadable"
    long = writer.patch(here, content=b'{"title": "' + b"x" * 1_100_000 + b'"}', headers=kind)
    assert (long.status_code, long.json()["code"]) == (413, "body.large")


def test_without_the_scope_nothing_changes(fresh: Served) -> None:
    headers = {"Authorization": f"Bearer {token(fresh, 'twin:read')}"}
    answer = httpx2.patch(f"{fresh.url}{at(fresh, 'hugo/flat')}", json={"title": "x"}, headers=headers)
    assert (answer.status_code, answer.json()["scope"]) == (403, "twin:write")
    assert 'error="insufficient_scope", scope="twin:write"' in answer.headers["www-authenticate"]
