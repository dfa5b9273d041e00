"""The log of an entity, over REST and GraphQL."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from tests.api.conftest import token
from twin.graph.model import INCLUDES, Actor, ChangeSet, Create, Link, Move, Recast, Relation, Unlink, Update

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.api.conftest import Served

AT = 1_793_700_000_000_000
THERMOSTAT = "hugo/flat/living/thermostat"


def change(served: Served, *entries: Any, by: str = "ana", via: str = "cli", **more: Any) -> None:
    engine = served.engine
    given = {"op_id": f"op-{engine.mirror.head}", "at": AT + engine.mirror.head, "summary": "", **more}
    made = ChangeSet(actor=Actor(by, via), entries=entries, **given)
    served.on_loop(lambda: engine.follow(made))


def reader(served: Served, *arguments: Any) -> httpx2.Client:
    return httpx2.Client(base_url=served.url, headers={"Authorization": f"Bearer {token(served, *arguments)}"})


@pytest.fixture
def one(fresh: Served) -> Iterator[httpx2.Client]:
    """An app that sees hugo, and nothing private."""
    with reader(fresh) as client:
        yield client


def log(client: httpx2.Client, served: Served, path: str, **given: Any) -> list[Any]:
    answer = client.get(f"/api/v1/entities/{served.engine.id(path)}/log", params=given)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def brief(items: list[Any]) -> list[list[tuple[Any, ...]]]:
    return [
        [
            (line["what"], *[(each["name"], each["before"], each["after"]) for each in line["fields"]])
            if line["fields"]
            else (line["what"], line["relation"], line["direction"], line["other"])
            for line in record["lines"]
        ]
        for record in items
    ]


def test_who_changed_what_of_it_and_when(fresh: Served, one: httpx2.Client) -> None:
    engine = fresh.engine
    device, living = engine.id(THERMOSTAT), engine.id("hugo/flat/living")
    hugo = engine.id("hugo")
    change(fresh, Update(id=device, fields={"title": {"": "Heat"}}), site=hugo, summary="called Heat")
    change(fresh, Update(id=device, fields={"properties": {"vendor": "Danfoss", "colour": "white"}}), by="ben")
    change(fresh, Update(id=living, fields={"title": {"": "Lounge"}}))
    change(fresh, Link(Relation(type="feeds", source=device, target=living)), via="rest", summary="of more sites")
    change(fresh, Unlink(type="controls", source=device, target=engine.id(f"{THERMOSTAT}/valve")))
    change(fresh, Move(id=device, parent=engine.id("hugo/flat"), key="stat"))
    change(fresh, Recast(id=device, point="temperature", to="battery"))
    path = "hugo/flat/stat"
    items = log(one, fresh, path)
    valve = engine.id(f"{path}/valve")
    thermal, box = engine.id("hugo/thermal"), engine.id("hugo/box")
    assert brief(items) == [
        [("recast", ("point", "temperature", "battery"))],
        [("move", ("key", "thermostat", "stat"), ("parent", living, engine.id("hugo/flat")))],
        [("unlink", "controls", "out", valve)],
        [("link", "feeds", "out", living)],
        [("update", ("properties.colour", None, "white"), ("properties.vendor", "Velio", "Danfoss"))],
        [("update", ("title", {"": "Thermostat"}, {"": "Heat"}))],
        [
            (
                "create",
                ("type", None, "Thermostat"),
                ("key", None, "thermostat"),
                ("parent", None, living),
                ("title", None, {"": "Thermostat"}),
                ("serial", None, "SN-hugo"),
                ("properties.vendor", None, "Velio"),
            ),
            ("link", INCLUDES, "in", thermal),
            ("link", "CONNECTS", "in", box),
            ("link", "controls", "out", valve),
        ],
    ]
    told = [(each["by"], each["via"], each["summary"]) for each in items]
    assert told[3:6] == [("ana", "rest", ""), ("ben", "cli", ""), ("ana", "cli", "called Heat")]
    assert items[5]["at"] == "2026-11-03T10:00:00.000001Z"
    with reader(fresh, "twin:read", None) as all_:
        assert log(all_, fresh, path)[3]["summary"] == "of more sites"


def test_pages_of_it(fresh: Served, one: httpx2.Client) -> None:
    device = fresh.engine.id(THERMOSTAT)
    for number in range(120):
        change(fresh, Update(id=device, fields={"title": {"": f"T{number}"}}))
    titles: list[str] = []
    address = f"/api/v1/entities/{device}/log?limit=25"
    while address:
        page = one.get(address).json()
        titles += [record["lines"][0]["fields"][-1]["after"] for record in page["items"][: 25 if page["next"] else -1]]
        address = page["next"]
    assert titles == [{"": f"T{number}"} for number in reversed(range(120))]
    asked = f"/api/v1/entities/{device}/log?limit=25"
    assert len({one.get(asked).json()["next"] for _ in range(2)}) == 2, "a cursor tells no sequence"
    refused = one.get(f"/api/v1/entities/{device}/log?after=cDoxMg")
    assert (refused.status_code, refused.json()["code"]) == (400, "cursor.invalid")


def test_what_is_private_and_what_is_elsewhere_is_not_there(fresh: Served, one: httpx2.Client) -> None:
    engine = fresh.engine
    device, zola = engine.id(THERMOSTAT), engine.id("zola/flat/living/thermostat")
    types = engine.ontology.types
    whole = types["home/Thermostat"]
    secret = dataclasses.replace(whole.properties["vendor"], private=True)
    hidden = dataclasses.replace(whole.points["setpoint"], private=True)
    types["home/Thermostat"] = dataclasses.replace(
        whole, properties={**whole.properties, "vendor": secret}, points={**whole.points, "setpoint": hidden}
    )
    before = log(one, fresh, THERMOSTAT)
    assert "Velio" not in str(before)
    change(fresh, Update(id=device, fields={"properties": {"vendor": "Danfoss"}}))
    change(fresh, Update(id=device, fields={"desired": {"setpoint": 21}, "declared": {"properties.vendor": "D"}}))
    change(fresh, Link(Relation(type="feeds", source=device, target=zola)))
    change(fresh, Recast(id=device, point="setpoint", to="setpoint", factor=2.0))
    assert log(one, fresh, THERMOSTAT) == before
    change(fresh, Update(id=device, fields={"desired": {"setpoint": 22, "mode": "eco"}}))
    assert brief(log(one, fresh, THERMOSTAT)[:-1]) == [[("update", ("desired.mode", None, "eco"))]]
    assert one.get(f"/api/v1/entities/{zola}/log").status_code == 404
    with reader(fresh, "twin:read twin:read-private", None) as all_:
        assert len(log(all_, fresh, THERMOSTAT)) == len(before) + 5


def test_what_is_made_and_changed_in_one(fresh: Served, one: httpx2.Client) -> None:
    engine = fresh.engine
    flat = engine.mirror.by_path("hugo/flat")
    assert flat is not None
    made = type(flat)(
        id="new".ljust(26, "a"), kind="space", type="home/Room", key="attic", path="hugo/flat/attic", site=flat.site,
        parent=flat.id, title={"": "Attic"},
    )  # fmt: skip
    change(fresh, Create(made), Update(id=made.id, fields={"title": {"": "Loft"}}))
    assert brief(log(one, fresh, "hugo/flat/attic"))[0][1] == ("update", ("title", {"": "Attic"}, {"": "Loft"}))


def test_the_same_in_graphql(fresh: Served, one: httpx2.Client) -> None:
    engine = fresh.engine
    device = engine.id(THERMOSTAT)
    change(fresh, Update(id=device, fields={"title": {"": "Heat"}}), by="ben", via="rest")
    query = """query Log($after: String) { entity(ref: "hugo/flat/living/thermostat") { log(first: 1, after: $after) {
        nodes { at by via summary lines { what relation direction other { path } fields { name before after } } }
        pageInfo { hasNextPage endCursor } } } }"""

    def ask(**variables: Any) -> Any:
        answer = one.post("/graphql", json={"query": query, "variables": variables}).json()
        assert "errors" not in answer, answer
        return answer["data"]["entity"]["log"]

    page = ask()
    altered = {"name": "title", "before": {"": "Thermostat"}, "after": {"": "Heat"}}
    nothing = {"relation": None, "direction": None, "other": None}
    assert page["nodes"] == [
        {
            "at": "2026-11-03T10:00:00.000001Z",
            "by": "ben",
            "via": "rest",
            "summary": "",
            "lines": [{"what": "UPDATE", **nothing, "fields": [altered]}],
        }
    ]
    second = ask(after=page["pageInfo"]["endCursor"])
    assert second["pageInfo"]["hasNextPage"] is False
    lines = second["nodes"][0]["lines"]
    assert (lines[0]["what"], lines[1]["other"]) == ("CREATE", {"path": "hugo/thermal"})
