"""Readings as they arrive, over server-sent events (graphql-sse, distinct connections)."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from api import changing
from api.graphql import streaming
from tests.api.building import Double, _entity
from tests.api.conftest import Served, token
from tests.api.graphql.test_subscriptions import READINGS, THERMOSTAT, tell, until
from twin.graph.model import Create, Delete, Update
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

EVENTS = "text/event-stream"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A web of its own: readings that are told here are what others would find."""
    engine = Double(tmp_path_factory.mktemp("engine"))
    found = Served(engine)
    yield found
    found.close()
    engine.records.close()


@contextmanager
def stream(served: Served, query: str, bearer: str | None = None, method: str = "POST") -> Iterator[Iterator[Any]]:
    """The events of an operation; the response is checked and its subscription is there."""
    headers = {"Authorization": f"Bearer {bearer or token(served)}", "Accept": EVENTS}
    asked: Any = {"json": {"query": query}} if method == "POST" else {"params": {"query": query}}
    with (
        httpx2.Client(base_url=served.url, headers=headers, timeout=10) as http,
        http.stream(method, "/graphql", **asked) as response,
    ):
        assert response.status_code == 200, response.read()
        assert response.headers["Content-Type"] == EVENTS
        assert response.headers["Cache-Control"] == "no-store, no-transform"
        yield events(response)


@contextmanager
def listening(served: Served, arguments: str = "", bearer: str | None = None, **more: Any) -> Iterator[Iterator[Any]]:
    subscribers = served.engine.readings._subscribers
    before = served.on_loop(lambda: set(subscribers))
    with stream(served, READINGS % arguments, bearer, **more) as found:
        until(served, lambda: not before.issuperset(subscribers))
        yield found


def events(response: Any) -> Iterator[Any]:
    """(name, data) of each event, and ("", comment) of each comment."""
    name = ""
    for line in response.iter_lines():
        field, _, value = line.partition(":")
        if field == "event":
            name = value.strip()
        elif field == "data":
            yield name, json.loads(value) if value.strip() else None
        elif line:
            assert not field, line
            yield "", value.strip()


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_readings_arrive_as_events(served: Served, method: str) -> None:
    with listening(served, "(measures: [air_temperature])", method=method) as found:
        tell(served, THERMOSTAT, "temperature", 22.0)
        name, said = next(found)
    reading = said["data"]["readings"]
    assert (name, reading["entity"]["path"], reading["reading"]["value"]) == ("next", THERMOSTAT, 22.0)


def test_a_query_is_one_event_and_the_end(served: Served) -> None:
    with stream(served, "{ me { scopes } }") as found:
        assert list(found) == [("next", {"data": {"me": {"scopes": ["twin:read", "twin:write"]}}}), ("complete", None)]


def test_what_is_wrong_with_an_operation_is_an_event(served: Served) -> None:
    for query, code in (
        ("{ nothing }", "graphql.invalid"),
        ("{", "graphql.syntax"),
        (READINGS % '(under: "nowhere")', "entity.unknown"),
    ):
        with stream(served, query) as found:
            (name, said), end = found
        assert (name, end) == ("next", ("complete", None))
        assert said["errors"][0]["extensions"]["code"] in {code, "path.unknown", "ref.unknown"}, said


def test_a_mutation_is_not_made_by_get(served: Served) -> None:
    with stream(served, "mutation { __typename }", method="GET") as found:
        name, said = next(found)
    assert name == "next"
    assert "data" not in said
    assert said["errors"]


def test_who_leaves_is_forgotten(served: Served) -> None:
    with listening(served):
        pass
    until(served, lambda: not len(served.engine.readings))


def test_without_a_good_token_there_is_no_stream(anyone: httpx2.Client) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        said = anyone.post("/graphql", json={"query": READINGS % ""}, headers={**headers, "Accept": EVENTS})
        assert said.status_code == 401
        assert said.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_subscription_is_no_plain_request(app: httpx2.Client) -> None:
    modern = {"Accept": "application/graphql-response+json"}
    said = app.post("/graphql", json={"query": READINGS % ""}, headers=modern)
    assert said.status_code == 400
    assert "data" not in said.json()
    extensions = said.json()["errors"][0]["extensions"]
    assert extensions["code"] == "subscription.plain"
    assert "text/event-stream" in extensions["help"]
    assert (
        app.get("/graphql", params={"query": READINGS % ""}).json()
        == app.post("/graphql", json={"query": READINGS % ""}).json()
    )


def test_the_stream_ends_with_its_client(fresh: Served) -> None:
    with listening(fresh, bearer=token(fresh, "twin:read")) as found:
        fresh.engine.clients.remove(fresh.engine.clients.list()[0].name)
        (name, said), end = found
    assert (name, end) == ("next", ("complete", None))
    assert said["errors"][0]["extensions"]["code"] == "token.invalid"
    assert "data" not in said
    until(fresh, lambda: not len(fresh.engine.readings))


def test_the_stream_ends_with_its_token(fresh: Served) -> None:
    engine = fresh.engine
    client_id, _ = engine.clients.add("short", ["twin:read"], None)
    engine.tokens.lifetime = 2
    issued = engine.tokens.issue(client_id, scopes=frozenset({"twin:read"}), sites=None, generation=1, now=now())
    with listening(fresh, bearer=issued.token) as found:
        assert [name for name, _ in found] == ["next", "complete"]


def test_a_quiet_stream_says_that_it_is_there(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "_QUIET_SECONDS", 0.01)
    monkeypatch.setattr(streaming, "_LOOK_SECONDS", 0.01)
    with listening(served) as found:
        assert next(found) == ("", "still here")


def test_who_reads_too_slowly_is_ended_and_told(fresh: Served) -> None:
    """As over a WebSocket: more points wait than a mailbox holds."""
    with listening(fresh, "(measures: [battery_level])") as found:
        mailbox = fresh.on_loop(lambda: next(iter(fresh.engine.readings._subscribers)))
        fresh.on_loop(lambda: setattr(mailbox, "bound", 0))
        tell(fresh, THERMOSTAT, "battery", 60.0)
        (name, said), end = found
    assert (name, end) == ("next", ("complete", None))
    assert said["errors"][0]["extensions"]["code"] == "subscription.overrun"


def test_who_reads_nothing_at_all_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "_STUCK_SECONDS", 0.01)
    closed = asyncio.Event()

    async def unread(_message: Any) -> None:
        if _message["type"] == "http.response.body":
            await asyncio.Event().wait()

    async def found() -> AsyncGenerator[str, None]:
        try:
            yield "event: next\n\n"
        finally:
            closed.set()

    async def cut_off() -> None:
        await streaming.EventStream(found()).stream_response(unread)
        await closed.wait()

    asyncio.run(cut_off())


@pytest.mark.parametrize("query", [READINGS % "", "subscription { changes { path } }"])
def test_where_readings_fall_silent_the_stream_says_so(fresh: Served, query: str) -> None:
    with stream(fresh, query) as found:
        until(fresh, lambda: len(fresh.engine.readings) == 1)
        fresh.on_loop(lambda: fresh.engine.readings.interrupt("the owner is silent"))
        (_, said), end = found
    assert end == ("complete", None)
    assert said["errors"][0]["extensions"]["code"] == "feed.silent"


CHANGES = "subscription { changes%s { change id path entity { title } } }"


def test_entities_that_come_change_and_go_are_told(fresh: Served) -> None:
    engine, room = fresh.engine, fresh.engine.id("hugo/flat/living")
    made = _entity("hugo/flat/lamp", "device", "Valve", "hugo/flat")
    with stream(fresh, CHANGES % '(under: "hugo/flat")') as found:
        told = iter(lambda: next(found)[1]["data"]["changes"], None)
        fresh.on_loop(lambda: engine.change(Create(made)))
        lamp = {"change": "CREATED", "id": made.id, "path": "hugo/flat/lamp", "entity": {"title": "Lamp"}}
        assert next(told) == lamp
        fresh.on_loop(lambda: engine.change(Update(id=engine.id("hugo/box"), fields={"title": {"": "Not under"}})))
        fresh.on_loop(lambda: engine.change(Update(id=room, fields={"title": {"": "Salon"}})))
        assert next(told) == {"change": "CHANGED", "id": room, "path": "hugo/flat/living", "entity": {"title": "Salon"}}
        fresh.on_loop(lambda: engine.change(Delete(id=made.id)))
        assert next(told) == {**lamp, "change": "DELETED", "entity": None}


def test_too_many_entities_are_not_followed(fresh: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changing, "_MOST", 3)
    with stream(fresh, CHANGES % "") as found:
        (_, said), _end = found
    assert said["errors"][0]["extensions"]["code"] == "subscription.broad"
