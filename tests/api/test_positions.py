"""Reading one's own writes: positions in headers, in GraphQL and on WebSockets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.conftest import Served, token
from tests.api.graphql.test_subscriptions import begin, closed, connection, receive, send
from twin.engine.positions import Position
from twin.ids import mint

if TYPE_CHECKING:
    import httpx2

RENAME = 'mutation { updateEntity(ref: "hugo/flat", title: "%s") { __typename } }'


def foreign(served: Served) -> str:
    return served.engine.positions.write(Position(mint(), 1))


def ahead(served: Served) -> str:
    return served.engine.positions.write(Position(served.engine.mirror.timeline, 10**9))


def test_a_write_says_where_it_is_and_a_read_does_not(served: Served, app: httpx2.Client) -> None:
    flat = served.engine.id("hugo/flat")
    said = app.patch(f"/api/v1/entities/{flat}", json={"title": "Home"})
    position = said.headers["Twin-Position"]
    assert served.engine.positions.read(position, served.engine.mirror.timeline) == served.engine.mirror.head
    read = app.get(f"/api/v1/entities/{flat}", headers={"Twin-Position": position})
    assert (read.status_code, read.json()["title"]) == (200, "Home")
    assert "Twin-Position" not in read.headers


def test_what_was_refused_has_no_position(served: Served, app: httpx2.Client) -> None:
    for path, body in ((mint(), {"title": "x"}), (served.engine.id("hugo/flat"), {"nothing": 1})):
        assert "Twin-Position" not in app.patch(f"/api/v1/entities/{path}", json=body).headers


def test_graphql_says_it_in_extensions_and_in_the_header(served: Served, app: httpx2.Client) -> None:
    said = app.post("/graphql", json={"query": RENAME % "Home again"})
    position = said.json()["extensions"]["position"]
    assert said.headers["Twin-Position"] == position
    query = app.post("/graphql", json={"query": "{ me { scopes } }"}, headers={"Twin-Position": position})
    assert query.status_code == 200
    assert "extensions" not in query.json()
    refused = app.post("/graphql", json={"query": 'mutation { updateEntity(ref: "no", title: "x") { __typename } }'})
    assert "position" not in refused.json().get("extensions", {})


@pytest.mark.parametrize(
    ("made", "status", "code"),
    [(foreign, 409, "position.foreign"), (ahead, 503, "position.unreached"), (lambda _: "x", 400, "position.invalid")],
)
def test_what_cannot_be_reached_is_said(served: Served, app: httpx2.Client, made: Any, status: int, code: str) -> None:
    for path in ("/api/v1/sites", "/graphql?query={me{scopes}}"):
        said = app.get(path, headers={"Twin-Position": made(served)})
        assert (said.status_code, said.json()["code"]) == (status, code)
        assert ("Retry-After" in said.headers) == (status == 503)


@pytest.mark.parametrize(
    ("made", "code"), [(foreign, 4409), (ahead, 1013), (lambda _: "x", 4400), (lambda _: ["x"], 4400)]
)
def test_a_websocket_says_it_when_it_begins(served: Served, made: Any, code: int) -> None:
    with connection(served, token(served)) as opened:
        send(opened, type="connection_init", payload={"position": made(served)})
        assert closed(opened) == code


def test_on_a_websocket_too_a_mutation_says_where_it_is(served: Served) -> None:
    with connection(served, token(served)) as opened:
        begin(opened, {"position": served.engine.position()})
        send(opened, type="subscribe", id="1", payload={"query": RENAME % "Here"})
        position = receive(opened)["payload"]["extensions"]["position"]
    with connection(served, token(served)) as opened:
        begin(opened, {"position": position})
