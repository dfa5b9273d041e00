"""GraphQL over HTTP: what apps ask, and what they get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx2

    from tests.api.conftest import Served

MODERN = "application/graphql-response+json"


def ask(app: httpx2.Client, query: str, **variables: Any) -> Any:
    answer = app.post("/graphql", json={"query": query, "variables": variables}).json()
    assert "errors" not in answer, answer
    return answer["data"]


def refusal(app: httpx2.Client, query: str, **variables: Any) -> Any:
    [error] = app.post("/graphql", json={"query": query, "variables": variables}).json()["errors"]
    return error


def test_the_first_query_of_an_app(app: httpx2.Client) -> None:
    query = """{ entity(ref: "hugo/flat") { title(lang: "fr") ... on Space { spaces { nodes { title
        devices(type: Thermostat) { nodes { ... on Thermostat {
            temperature { value unit time receivedAt quality }
            setpoint { reported { value } } mode { reported { value } }
        } } } } } } } }"""
    assert ask(app, query)["entity"] == {
        "title": "Appartement",
        "spaces": {
            "nodes": [
                {
                    "title": "Living",
                    "devices": {
                        "nodes": [
                            {
                                "temperature": {
                                    "value": 21.5,
                                    "unit": "Cel",
                                    "time": "2026-11-03T07:00:00Z",
                                    "receivedAt": "2026-11-03T07:00:00.250000Z",
                                    "quality": "STALE",
                                },
                                "setpoint": {"reported": None},
                                "mode": {"reported": None},
                            }
                        ]
                    },
                }
            ]
        },
    }


def test_everything_an_entity_says_of_itself(app: httpx2.Client, served: Served) -> None:
    query = """{ entity(ref: "hugo/flat/living/thermostat") { __typename id key path type revision createdAt
        site { key } parent { path } views { key } properties { name value unit }
        related(relation: "controls") { edges { relation node { path } } totalCount }
        points { name section measures unit } children { nodes { path } }
        ... on Device { serial space { path } parts { nodes { key } } }
        ... on Thermostat { vendor relativeHumidity { value } } ... on BatteryPowered { battery { value } } } }"""
    assert ask(app, query)["entity"] == {
        "__typename": "Thermostat",
        "id": served.engine.id("hugo/flat/living/thermostat"),
        "key": "thermostat",
        "path": "hugo/flat/living/thermostat",
        "type": "Thermostat",
        "revision": 1,
        "createdAt": "2026-11-03T07:00:00Z",
        "site": {"key": "hugo"},
        "parent": {"path": "hugo/flat/living"},
        "views": [{"key": "thermal"}],
        "properties": [{"name": "vendor", "value": "Velio", "unit": None}],
        "related": {
            "edges": [{"relation": "controls", "node": {"path": "hugo/flat/living/thermostat/valve"}}],
            "totalCount": 1,
        },
        "points": [
            {"name": "battery", "section": "STATUS", "measures": "battery_level", "unit": "%"},
            {"name": "temperature", "section": "STATUS", "measures": "air_temperature", "unit": "Cel"},
            {"name": "setpoint", "section": "CONFIGURATION", "measures": None, "unit": "Cel"},
            {"name": "mode", "section": "CONFIGURATION", "measures": None, "unit": None},
        ],
        "children": {"nodes": [{"path": "hugo/flat/living/thermostat/valve"}]},
        "serial": "SN-hugo",
        "space": {"path": "hugo/flat/living"},
        "parts": {"nodes": [{"key": "valve"}]},
        "vendor": "Velio",
        "relativeHumidity": None,
        "battery": None,
    }


def test_what_is_farther_along_relations_and_by_name(app: httpx2.Client) -> None:
    query = """{ entity(ref: "hugo/box") { related(depth: 2) { edges { depth relation from { key } node { key } } } }
        search(text: "valve living") { totalCount nodes { key } } }"""
    found = ask(app, query)
    assert found["entity"]["related"]["edges"] == [
        {"depth": 1, "relation": "CONNECTS", "from": {"key": "box"}, "node": {"key": "thermostat"}},
        {"depth": 2, "relation": "controls", "from": {"key": "thermostat"}, "node": {"key": "valve"}},
    ]
    assert found["search"] == {"totalCount": 1, "nodes": [{"key": "valve"}]}
    assert refusal(app, '{ entity(ref: "hugo/box") { related(depth: 99) { totalCount } } }')["extensions"]["code"] == (
        "limit.exceeded"
    )


def test_readings_of_every_kind_of_value(app: httpx2.Client, served: Served) -> None:
    valve, thermostat = "hugo/flat/living/thermostat/valve", "hugo/flat/living/thermostat"

    def tell() -> None:
        served.engine.tell(valve, "strokes", 2**40)
        served.engine.tell(valve, "open", value=True)
        served.engine.tell(valve, "firmware", "1.2")
        served.engine.tell(valve, "serviced", "2026-01-01T00:00:00Z")
        served.engine.tell(valve, "type", 4.0)
        served.engine.tell(thermostat, "mode", "eco")

    served.on_loop(tell)
    query = """query ($v: Ref!, $t: Ref!) { valve: entity(ref: $v) { type ... on Valve {
        strokes { value unit } open { value quality } firmware { value } serviced { value } typePoint { value } }
        points { name reading { value } } }
        thermostat: entity(ref: $t) { ... on Thermostat { mode { reported { value time } } } } }"""
    said = ask(app, query, v=valve, t=thermostat)
    assert said["valve"] == {
        "type": "Valve",
        "strokes": {"value": 2**40, "unit": None},
        "open": {"value": True, "quality": "GOOD"},
        "firmware": {"value": "1.2"},
        "serviced": {"value": "2026-01-01T00:00:00Z"},
        "typePoint": {"value": 4.0},
        "points": [
            {"name": "strokes", "reading": {"value": 2**40}},
            {"name": "open", "reading": {"value": True}},
            {"name": "firmware", "reading": {"value": "1.2"}},
            {"name": "serviced", "reading": {"value": "2026-01-01T00:00:00Z"}},
            {"name": "type", "reading": {"value": 4.0}},
        ],
    }
    assert said["thermostat"]["mode"]["reported"]["value"] == "eco"


def test_a_reading_is_told_in_the_unit_asked_for(app: httpx2.Client) -> None:
    query = """query ($unit: String) { entity(ref: "hugo/flat/living") {
        ... on Room { temperature(unit: $unit) { value unit } } } }"""
    assert ask(app, query, unit="[degF]")["entity"]["temperature"] == {"value": pytest.approx(70.7), "unit": "[degF]"}
    assert ask(app, query, unit=None)["entity"]["temperature"] == {"value": 21.5, "unit": "Cel"}
    error = refusal(app, query, unit="kW")
    assert error["extensions"]["code"] == "unit.incompatible"
    assert "[degF]" in error["extensions"]["help"]
    assert error["path"] == ["entity", "temperature"]


def test_lists_come_in_pages(app: httpx2.Client) -> None:
    query = """query ($after: String) { devices(first: 1, after: $after) {
        totalCount edges { cursor node { key } } nodes { key }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
    first = ask(app, query)["devices"]
    assert (first["totalCount"], first["nodes"]) == (2, [{"key": "thermostat"}])
    assert first["edges"][0]["cursor"] == first["pageInfo"]["endCursor"] == first["pageInfo"]["startCursor"]
    assert (first["pageInfo"]["hasNextPage"], first["pageInfo"]["hasPreviousPage"]) == (True, False)
    second = ask(app, query, after=first["pageInfo"]["endCursor"])["devices"]
    assert (second["nodes"], second["pageInfo"]["hasNextPage"]) == ([{"key": "valve"}], False)
    assert second["pageInfo"]["hasPreviousPage"]


@pytest.mark.parametrize(
    ("arguments", "keys"),
    [
        ("", ["thermostat", "valve"]),
        ("(type: HeatingEquipment)", ["thermostat", "valve"]),
        ("(type: BatteryPowered)", ["thermostat"]),
        ('(type: Valve, under: "hugo/flat")', ["valve"]),
        ('(in: "hugo/thermal")', ["thermostat", "valve"]),
        ('(under: "hugo/flat/living/thermostat")', ["valve"]),
        ('(under: "hugo/thermal")', []),
    ],
)
def test_devices_are_picked(app: httpx2.Client, arguments: str, keys: list[str]) -> None:
    assert [
        each["key"] for each in ask(app, f"{{ devices{arguments} {{ nodes {{ key }} }} }}")["devices"]["nodes"]
    ] == keys


def test_below_a_space_and_a_site(app: httpx2.Client) -> None:
    query = """{ entity(ref: "hugo") { ... on Site {
        spaces { nodes { key } } all: spaces(recursive: true) { nodes { key } }
        rooms: spaces(type: Room, recursive: true) { totalCount } gateways { nodes { key connects { nodes { key } } } }
        devices { totalCount } deep: devices(recursive: true) { totalCount }
        views { key members { nodes { key } } } } } }"""
    said = ask(app, query)["entity"]
    assert said["spaces"]["nodes"] == [{"key": "flat"}]
    assert said["all"]["nodes"] == [{"key": "flat"}, {"key": "living"}]
    assert said["rooms"]["totalCount"] == 1
    assert said["gateways"]["nodes"] == [{"key": "box", "connects": {"nodes": [{"key": "thermostat"}]}}]
    assert (said["devices"]["totalCount"], said["deep"]["totalCount"]) == (0, 2)
    assert said["views"] == [{"key": "thermal", "members": {"nodes": [{"key": "thermostat"}]}}]


def test_readings_by_what_they_measure(app: httpx2.Client) -> None:
    query = """query ($after: String, $type: DeviceType) {
        readings(measures: [air_temperature], under: "hugo/flat", type: $type, first: 1, after: $after) {
            totalCount nodes { name entity { path } reading { value unit } } pageInfo { endCursor hasNextPage } } }"""
    first = ask(app, query)["readings"]
    assert first["totalCount"] == 2
    assert first["nodes"] == [
        {"name": "temperature", "entity": {"path": "hugo/flat/living"}, "reading": {"value": 21.5, "unit": "Cel"}}
    ]
    second = ask(app, query, after=first["pageInfo"]["endCursor"])["readings"]
    assert [each["entity"]["path"] for each in second["nodes"]] == ["hugo/flat/living/thermostat"]
    assert not second["pageInfo"]["hasNextPage"]
    assert ask(app, query, type="Thermostat")["readings"]["totalCount"] == 1


def test_all_points_one_page_after_another(app: httpx2.Client) -> None:
    query = """query ($after: String) { readings(first: 2, after: $after) {
        totalCount nodes { name entity { key } } pageInfo { endCursor hasNextPage } } }"""
    seen: list[tuple[str, str]] = []
    after, more = None, True
    while more:
        page = ask(app, query, after=after)["readings"]
        seen += [(each["entity"]["key"], each["name"]) for each in page["nodes"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert len(seen) == len(set(seen)) == page["totalCount"] == 11


def test_nodes_by_id(app: httpx2.Client, served: Served) -> None:
    flat, hidden = served.engine.id("hugo/flat"), served.engine.id("zola/flat")
    query = "query ($ids: [ID!]!, $id: ID!) { nodes(ids: $ids) { id } node(id: $id) { id ... on Flat { area } } }"
    said = ask(app, query, ids=[flat, hidden, "hugo/flat"], id=flat)
    assert said == {"nodes": [{"id": flat}, None, None], "node": {"id": flat, "area": 42.5}}


def test_me(app: httpx2.Client, served: Served) -> None:
    said = ask(app, "{ me { clientId subject scopes sites { site whole roles { role } } } }")["me"]
    assert said["scopes"] == ["twin:read", "twin:write"]
    assert said["subject"] == said["clientId"]
    assert said["sites"] == [{"site": served.engine.id("hugo"), "whole": True, "roles": []}]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ devices(first: 0) { totalCount } }", "limit.exceeded"),
        ("{ devices(first: 1001) { totalCount } }", "limit.exceeded"),
        ('{ devices(after: "x") { totalCount } }', "cursor.invalid"),
        ('{ devices(in: "hugo/flat") { totalCount } }', "view.expected"),
        ('{ devices(under: "nowhere") { totalCount } }', "entity.unknown"),
        ("{ devices(type: Room) { totalCount } }", "graphql.invalid"),
        ("{ nothing }", "graphql.invalid"),
        ("{ me", "graphql.syntax"),
    ],
)
def test_what_is_wrong_is_said(app: httpx2.Client, query: str, code: str) -> None:
    assert refusal(app, query)["extensions"]["code"] == code


def test_too_deep_or_too_large_is_not_begun(app: httpx2.Client) -> None:
    deep = "parent { " * 25 + "id" + " }" * 25
    assert "fields deep" in refusal(app, f'{{ entity(ref: "hugo") {{ {deep} }} }}')["message"]
    nested = "sites(first: 1000) { nodes { spaces(first: 1000) { nodes { id key } } } }"
    assert refusal(app, f"{{ {nested} }}")["extensions"]["code"] == "limit.exceeded"
    by_variable = "query ($n: Int) { sites(first: $n) { nodes { spaces(first: $n) { nodes { id key } } } } }"
    assert refusal(app, by_variable, n=1000)["extensions"]["code"] == "limit.exceeded"
    assert ask(app, by_variable, n=10)["sites"]["nodes"]


def test_spread_fragments_are_measured_without_being_unfolded(app: httpx2.Client) -> None:
    fragments = " ".join(f"fragment f{n} on Entity {{ ...f{n + 1} ...f{n + 1} }}" for n in range(40))
    query = f'{{ entity(ref: "hugo") {{ ...f0 }} }} {fragments} fragment f40 on Entity {{ id }}'
    assert refusal(app, query)["extensions"]["code"] in {"limit.exceeded", "graphql.invalid"}


def test_introspection_is_for_those_with_a_token(app: httpx2.Client, anyone: httpx2.Client) -> None:
    query = '{ __schema { queryType { name } } __type(name: "Thermostat") { interfaces { name } } }'
    said = ask(app, query)
    assert {each["name"] for each in said["__type"]["interfaces"]} == {
        "HeatingEquipment",
        "BatteryPowered",
        "Device",
        "Entity",
        "Node",
    }
    assert anyone.post("/graphql", json={"query": query}).status_code == 401


def test_queries_come_by_get_and_mutations_do_not(app: httpx2.Client) -> None:
    answer = app.get("/graphql", params={"query": "{ me { scopes } }"})
    assert answer.json()["data"]["me"]["scopes"]
    mutation = 'mutation { updateEntity(ref: "hugo", title: "x") { __typename } }'
    assert app.get("/graphql", params={"query": mutation}).status_code in {400, 405}


def test_there_is_no_page_that_loads_from_elsewhere(app: httpx2.Client) -> None:
    answer = app.get("/graphql", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "http" not in answer.text.replace("https", "http").replace("http://twin", "")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"query": "{ me { scopes } }"}, 200),
        ({"query": "{ nothing }"}, 400),
        ({"query": "{ me"}, 400),
        ({}, 400),
        ({"query": 7}, 400),
        ({"query": "{ me { scopes } }", "variables": 7}, 400),
        ({"query": "query ($u: Int!) { devices(first: $u) { totalCount } }"}, 400),
        ({"query": "{ me { scopes } }", "operationName": "other"}, 400),
        ([{"query": "{ me { scopes } }"}], 400),
    ],
)
def test_the_modern_media_type(app: httpx2.Client, body: object, status: int) -> None:
    answer = app.post("/graphql", json=body, headers={"Accept": MODERN})
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (status, MODERN)
    assert ("data" in answer.json()) == (status == 200)
    assert all(error["extensions"]["code"] for error in answer.json().get("errors", []))


def test_the_older_media_type_says_200(app: httpx2.Client) -> None:
    answer = app.post("/graphql", json={"query": "{ nothing }"}, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'"text"', b"null", b'{"query": NaN}'])
def test_a_body_that_is_no_request(app: httpx2.Client, content: bytes) -> None:
    answer = app.post("/graphql", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"]


def test_a_bug_tells_nothing(fresh: Served) -> None:
    import httpx2

    from tests.api.conftest import token

    def fail(*_: Any) -> None:
        raise RuntimeError("the secret text of a bug")

    fresh.engine.current.read = fail  # type: ignore[method-assign, assignment]
    query = '{ entity(ref: "hugo/flat/living") { ... on Room { temperature { value } } } }'
    answer = httpx2.post(
        f"{fresh.url}/graphql", json={"query": query}, headers={"Authorization": f"Bearer {token(fresh)}"}
    )
    [error] = answer.json()["errors"]
    assert (error["extensions"]["code"], error["path"]) == ("internal", ["entity", "temperature"])
    assert error["extensions"]["instance"] == answer.headers["x-request-id"]
    assert "secret text" not in answer.text


def test_the_schema_follows_the_ontology(fresh: Served, issue: Callable[..., str]) -> None:
    import httpx2

    from tests.api.building import ontology
    from tests.api.conftest import token

    headers = {"Authorization": f"Bearer {token(fresh)}"}
    query = {"query": '{ __type(name: "Thermostat") { name } }'}
    assert httpx2.post(f"{fresh.url}/graphql", json=query, headers=headers).json()["data"]["__type"]
    other = ontology()
    short = {name: full for name, full in other.short_names.items() if name != "Thermostat"}
    types = {name: each for name, each in other.types.items() if each.short != "Thermostat"}
    fresh.engine.ontology = other.__class__(
        (), types, other.relations, other.quantities, other.enums, short_names=short
    )
    assert httpx2.post(f"{fresh.url}/graphql", json=query, headers=headers).json()["data"]["__type"] is None
