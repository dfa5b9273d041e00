"""What is private is not there for whoever may not read it: byte for byte, on every channel."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx2

from tests.api.building import AT, Double, ontology, prop
from tests.api.conftest import Served, token
from tests.api.graphql.test_subscriptions import begin, connection, next_event, subscribe, tell
from twin.graph.model import Actor, Change, ChangeSet, Computed, Made, Update

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twin.ontology.model import Ontology

THERMOSTAT, ROOM, SITE = "hugo/flat/living/thermostat", "hugo/flat/living", "hugo"
PUBLIC = "twin:read twin:write"
PRIVATE = "twin:read twin:write twin:read-private"


def discreet() -> Ontology:
    """The same types, whose thermostats measure what is private; so does a flat's note."""
    plain = ontology()
    thermostat, residence, flat = (plain.types[f"home/{name}"] for name in ("Thermostat", "Residence", "Flat"))
    points = {
        name: replace(each, private=name in {"temperature", "setpoint"}) for name, each in thermostat.points.items()
    }
    mean = replace(thermostat.points["temperature"], name="mean", every=None)
    secret = {**flat.properties, "tenant": prop("tenant", "string", private=True)}
    types = {
        **plain.types,
        thermostat.name: replace(thermostat, points=points),
        residence.name: replace(residence, points={"mean": mean}),
        flat.name: replace(flat, properties=secret),
    }
    return replace(plain, types=types)


class Discreet(Double):
    """The building with things to hide, or (``hidden`` false) without them."""

    def __init__(self, folder: Path, *, there: bool) -> None:
        super().__init__(folder)
        self.ontology = discreet()
        self.current.kept.clear()
        hidden: dict[str, dict[str, Any]] = {
            THERMOSTAT: {"desired": {"setpoint": 20.0, "mode": "eco"}} if there else {"points": ("battery", "mode")},
            ROOM: {"declared": {"x": 1}} if there else {"points": (), "sources": {}},
            "hugo/flat": {"properties": {"area": 42.5, "tenant": "Ana"}} if there else {"declared": {"x": 1}},
            SITE: {"points": ("mean",), "computed": {"mean": Computed("avg", "air_temperature")}, "made": made("Ana")}
            if there
            else {"made": made("Zoe")},
        }
        if not there:
            hidden[THERMOSTAT]["desired"] = {"mode": "eco"}
        entries = tuple(Update(id=self.id(path), fields=fields) for path, fields in hidden.items())
        changeset = ChangeSet(op_id="hide", actor=Actor("test", "test"), at=AT, entries=entries)
        self.mirror.apply(Change(self.mirror.head + 1, changeset))


def made(name: str) -> Made:
    return Made(topology="home", version="1.0.0", parameters={"name": name})


@contextmanager
def web(folder: Path, *, there: bool = True) -> Iterator[Served]:
    folder.mkdir(exist_ok=True)
    engine = Discreet(folder, there=there)
    served = Served(engine)
    try:
        yield served
    finally:
        served.close()
        engine.records.close()


ASKED = """{ entity(ref: "%s") { path title revision properties { name value } points { name desired reading { value } }
    offers roles { key } children { totalCount } related { totalCount }
    ... on Thermostat { temperature(unit: "kW") { value } setpoint { desired reported { value } } mode { desired } }
    ... on Room { temperature { value } } ... on Flat { area tenant } ... on Residence { mean { value } }
    ... on Site { made { topology version parameters } } } }"""
COUNTED = """{ readings { totalCount nodes { name reading { value } } }
    measured: readings(measures: [air_temperature]) { totalCount nodes { entity { path } } } }"""


ASKED_BY_VALUE: list[tuple[str, dict[str, str]]] = [
    ("devices", {"where": "temperature > 30"}),
    ("devices", {"where": "not (has temperature)"}),
    ("devices", {"where": "measures air_temperature", "sort": "-temperature"}),
    ("devices", {"sort": "-setpoint", "limit": "1"}),
    ("spaces", {"where": "has temperature or measures air_temperature"}),
    ("spaces", {"where": 'tenant == "Ana"'}),
    ("spaces", {"where": "not (temperature > 3)", "sort": "tenant"}),
    ("sites", {"sort": "mean", "limit": "1"}),
]


def everything(served: Served, scope: str) -> list[tuple[int, bytes]]:
    """All that a token can ask about what may be hidden."""
    with httpx2.Client(base_url=served.url, headers={"Authorization": f"Bearer {token(served, scope)}"}) as client:
        asked = [client.post("/graphql", json={"query": COUNTED})]
        asked.append(client.get("/api/v1/devices", params={"measures": "air_temperature"}))
        for kind, asking in ASKED_BY_VALUE:
            asked.append(client.get(f"/api/v1/{kind}", params=asking))
        for path in (THERMOSTAT, ROOM, "hugo/flat", SITE):
            asked.append(client.post("/graphql", json={"query": ASKED % path}))
            here = f"/api/v1/entities/{served.engine.id(path)}"
            ends = (
                "",
                "/points",
                "/points/temperature",
                "/points/setpoint",
                "/points/mean",
                "/points/temperature?unit=x",
            )
            asked += [client.get(here + end) for end in ends]
            asked.append(client.get(f"{here}/points", params={"measures": "air_temperature"}))
        asked.append(
            client.patch(f"/api/v1/entities/{served.engine.id('hugo/flat')}", json={"properties": {"tenant": 3}})
        )
        return [_anonymous(answer) for answer in asked]


def _anonymous(answer: httpx2.Response) -> tuple[int, bytes]:
    """Without the one thing that no two requests have in common."""
    return answer.status_code, re.sub(rb'"instance":"[a-z0-9]{26}"', b"", answer.content)


def test_what_is_private_is_not_there(tmp_path: Path) -> None:
    with web(tmp_path / "there") as there, web(tmp_path / "absent", there=False) as absent:
        silent = everything(there, PUBLIC)
        there.on_loop(lambda: there.engine.tell(THERMOSTAT, "temperature", 31.25))
        assert everything(there, PUBLIC) == silent
        assert silent == everything(absent, PUBLIC)
    assert not any(b"31.25" in content or b"Ana" in content for _, content in silent)


def test_with_the_scope_it_is(tmp_path: Path) -> None:
    with web(tmp_path) as served:
        engine = served.engine
        served.on_loop(lambda: engine.tell(THERMOSTAT, "temperature", 31.25))
        with httpx2.Client(
            base_url=served.url, headers={"Authorization": f"Bearer {token(served, PRIVATE)}"}
        ) as client:
            room = client.get(f"/api/v1/entities/{engine.id(ROOM)}/points/temperature").json()
            thermostat = client.get(f"/api/v1/entities/{engine.id(THERMOSTAT)}").json()
            site = client.post("/graphql", json={"query": ASKED % SITE}).json()["data"]["entity"]
            setpoint = client.get(f"/api/v1/entities/{engine.id(THERMOSTAT)}/points/setpoint").json()
            flat = client.get(f"/api/v1/entities/{engine.id('hugo/flat')}").json()
    assert room["reading"]["value"] == 31.25
    assert thermostat["points"] == ["temperature", "battery", "setpoint", "mode"]
    assert site["made"] == {"topology": "home", "version": "1.0.0", "parameters": {"name": "Ana"}}
    assert [each["name"] for each in site["points"]] == ["mean"]
    assert (setpoint["private"], setpoint["desired"]) == (True, 20.0)
    assert flat["properties"]["tenant"] == "Ana"


def test_a_subscription_does_not_tell_it(tmp_path: Path) -> None:
    with (
        web(tmp_path) as served,
        connection(served, token(served, PUBLIC)) as outside,
        connection(served, token(served, PRIVATE)) as inside,
    ):
        for opened in (outside, inside):
            begin(opened)
            subscribe(served, opened)
        tell(served, THERMOSTAT, "temperature", 31.25)
        tell(served, THERMOSTAT, "battery", 80.0)
        first = next_event(outside)
        assert (first["point"]["name"], first["coalesced"]) == ("battery", 0)
        assert [next_event(inside)["point"]["name"] for _ in range(3)] == ["temperature", "temperature", "battery"]


def test_the_schema_says_which_points_are_private(tmp_path: Path) -> None:
    from api.graphql.schema import build

    thermostat: Any = build(discreet()).core.type_map["Thermostat"]
    assert "twin:read-private" in thermostat.fields["temperature"].description
    assert thermostat.fields["battery"].description is None
