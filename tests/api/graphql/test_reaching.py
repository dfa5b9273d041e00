"""Along relations, and by value: the same in GraphQL as in REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.conftest import token
from tests.api.graphql.test_queries import ask, refusal
from twin.graph.model import Actor, ChangeSet, Link, Relation

if TYPE_CHECKING:
    import httpx2

    from tests.api.conftest import Served

WAY = "query W($from: Ref!, $to: Ref!, $along: [String!]) { entity(ref: $from) { way(to: $to, relations: $along) { \
    from { path } relation direction to { path } } } }"
THERMOSTAT = "hugo/flat/living/thermostat"


def way(app: httpx2.Client, start: str, end: str, along: list[str] | None = None) -> Any:
    found = ask(app, WAY, **{"from": start, "to": end, "along": along})["entity"]["way"]
    return found and [(hop["relation"], hop["direction"], hop["to"]["path"]) for hop in found]


def test_a_way_is_found_along_any_relations_or_some(app: httpx2.Client, served: Served) -> None:
    assert way(app, "hugo/box", "hugo/thermal") == [
        ("CONNECTS", "OUT", THERMOSTAT),
        ("INCLUDES", "IN", "hugo/thermal"),
    ] or way(app, "hugo/box", "hugo/thermal") == [("CONTAINS", "IN", "hugo"), ("CONTAINS", "OUT", "hugo/thermal")]
    along = ["CONNECTED_BY", "controls"]
    valve = f"{THERMOSTAT}/valve"
    assert way(app, "hugo/box", valve, along) == [("CONNECTS", "OUT", THERMOSTAT), ("controls", "OUT", valve)]
    assert way(app, valve, valve) == []
    assert way(app, "hugo/box", valve, ["controls"]) is None
    assert way(app, "hugo/box", valve, ["nothing"]) is None
    box = served.engine.id("hugo/box")
    over_rest = app.get(
        f"/api/v1/entities/{box}/way", params={"to": valve, "relation": ["CONNECTS", "controls"]}
    ).json()
    assert [(hop["relation"], hop["direction"], hop["entity"]["path"]) for hop in over_rest["hops"]] == [
        ("CONNECTS", "out", THERMOSTAT),
        ("controls", "out", valve),
    ]
    assert over_rest["hops"][0]["source"] == box
    assert app.get(f"/api/v1/entities/{box}/way", params={"to": valve, "relation": "no"}).json() == {"hops": None}


def test_nothing_leads_to_what_is_hidden(app: httpx2.Client, served: Served) -> None:
    hidden, absent = (
        refusal(app, WAY, **{"from": "hugo/box", "to": to, "along": None}) for to in ("zola/box", "nowhere")
    )
    assert hidden == absent
    assert hidden["extensions"]["code"] == "entity.unknown"
    box = served.engine.id("hugo/box")
    one, other = (app.get(f"/api/v1/entities/{box}/way", params={"to": to}) for to in ("zola/box", "nowhere"))
    assert (one.status_code, one.json()["code"]) == (other.status_code, other.json()["code"]) == (404, "entity.unknown")


@pytest.fixture
def fed(fresh: Served) -> Served:
    """A home in which the valve feeds the living room."""
    engine = fresh.engine
    feeds = Link(Relation(type="feeds", source=engine.id(f"{THERMOSTAT}/valve"), target=engine.id("hugo/flat/living")))
    made = ChangeSet(op_id="feeds", actor=Actor("t", "t"), at=1, entries=(feeds,))
    fresh.on_loop(lambda: engine.follow(made))
    return fresh


def test_what_feeds_what(fed: Served, app: httpx2.Client) -> None:
    import httpx2 as http

    query = """query F($ref: Ref!) { entity(ref: $ref) {
        upstream { totalCount edges { depth relation from { path } node { path } } }
        downstream(depth: 1) { nodes { path } } } }"""
    with http.Client(base_url=fed.url, headers={"Authorization": f"Bearer {token(fed)}"}) as client:
        living = ask(client, query, ref="hugo/flat/living")["entity"]
        valve = ask(client, query, ref=f"{THERMOSTAT}/valve")["entity"]
        rest = client.get(f"/api/v1/entities/{fed.engine.id('hugo/flat/living')}/upstream").json()["items"]
    edges = living["upstream"]["edges"]
    assert living["upstream"]["totalCount"] == len(edges) == len(rest)
    assert [edge["node"]["path"] for edge in edges] == [each["entity"]["path"] for each in rest]
    assert {(edge["depth"], edge["relation"]) for edge in edges} >= {(1, "feeds")}
    assert f"{THERMOSTAT}/valve" in [edge["node"]["path"] for edge in edges]
    assert "hugo/flat/living" in [each["path"] for each in valve["downstream"]["nodes"]]
    assert refusal(app, '{ entity(ref: "hugo") { upstream(depth: 99) { totalCount } } }')["extensions"]["code"] == (
        "limit.exceeded"
    )


def test_lists_by_value_and_in_the_order_of_one(app: httpx2.Client, served: Served) -> None:
    served.on_loop(lambda: served.engine.tell(THERMOSTAT, "temperature", 21.5))

    def paths(arguments: str) -> list[str]:
        return [
            each["path"] for each in ask(app, f"{{ devices({arguments}) {{ nodes {{ path }} }} }}")["devices"]["nodes"]
        ]

    assert paths('where: "temperature > 20"') == [THERMOSTAT]
    assert paths('where: "temperature > 30"') == []
    assert paths('sort: "-key"') == [f"{THERMOSTAT}/valve", THERMOSTAT]
    assert paths('sort: "key", first: 1') == [THERMOSTAT]
    assert paths('type: Thermostat, where: "vendor == \'Velio\'", sort: "temperature"') == [THERMOSTAT]
    assert refusal(app, '{ devices(where: "(") { totalCount } }')["extensions"]["code"] == "where.invalid"
    assert refusal(app, '{ spaces(sort: "nothing") { totalCount } }')["extensions"]["code"] == "sort.invalid"


def test_too_many_walks_are_not_begun(app: httpx2.Client) -> None:
    for walk in ('way(to: "hugo") { relation }', "log { nodes { at } }", "upstream { totalCount }"):
        error = refusal(app, f"{{ devices(first: 500) {{ nodes {{ {walk} }} }} }}")
        assert error["extensions"]["code"] == "limit.exceeded"
    lists = " ".join(f'd{number}: devices(where: "temperature > 20") {{ totalCount }}' for number in range(11))
    assert refusal(app, f"{{ {lists} }}")["extensions"]["code"] == "limit.exceeded"
    rooms = "{ spaces { nodes { upstream { totalCount } log(first: 3) { nodes { at } } } } }"
    assert ask(app, rooms)["spaces"]["nodes"]
    nested = 'relation to { way(to: "hugo") { ' * 8 + "relation" + " } }" * 8
    assert refusal(app, f'{{ entity(ref: "hugo") {{ way(to: "hugo") {{ {nested} }} }} }}')["extensions"]["code"] == (
        "limit.exceeded"
    )
