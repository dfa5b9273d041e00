"""Readings as they arrive, over graphql-transport-ws."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.api.conftest import Served, token

if TYPE_CHECKING:
    from collections.abc import Iterator

THERMOSTAT = "hugo/flat/living/thermostat"
READINGS = "subscription { readings%s { entity { path } point { name } reading { value unit } coalesced } }"


@contextmanager
def connection(served: Served, bearer: str | None = None, **more: Any) -> Iterator[ClientConnection]:
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    protocols = more.pop("subprotocols", ["graphql-transport-ws"])
    url = served.url.replace("http", "ws") + "/graphql"
    with connect(url, subprotocols=protocols, additional_headers=headers, **more) as opened:
        yield opened


def send(opened: ClientConnection, **message: Any) -> None:
    opened.send(json.dumps(message))


def receive(opened: ClientConnection) -> Any:
    frame = opened.recv(timeout=5)
    assert isinstance(frame, str), "the protocol has text frames only"
    return json.loads(frame)


def begin(opened: ClientConnection, payload: Any = None) -> None:
    send(opened, type="connection_init", **({} if payload is None else {"payload": payload}))
    assert receive(opened) == {"type": "connection_ack"}


def subscribe(served: Served, opened: ClientConnection, arguments: str = "") -> None:
    before = served.on_loop(lambda: len(served.engine.readings))
    send(opened, type="subscribe", id="1", payload={"query": READINGS % arguments})
    until(served, lambda: len(served.engine.readings) > before)


def until(served: Served, true: Any) -> None:
    for _ in range(1000):
        if served.on_loop(true):
            return
        time.sleep(0.005)
    pytest.fail("it never came to be")


def next_event(opened: ClientConnection) -> Any:
    message = receive(opened)
    assert (message["type"], message["id"]) == ("next", "1"), message
    assert "errors" not in message["payload"], message
    return message["payload"]["data"]["readings"]


def closed(opened: ClientConnection, *, silent: bool = False) -> int:
    """The code it is closed with, and that no event comes before, where it is to be silent."""
    while True:
        try:
            message = receive(opened)
        except ConnectionClosed as error:
            return error.rcvd.code if error.rcvd else 0
        assert not silent or message["type"] != "next", message


def tell(served: Served, *arguments: Any) -> None:
    served.on_loop(lambda: served.engine.tell(*arguments))


def test_readings_arrive_for_the_point_and_for_what_follows_it(served: Served) -> None:
    with connection(served, token(served)) as opened:
        begin(opened)
        subscribe(served, opened, "(measures: [air_temperature])")
        tell(served, THERMOSTAT, "battery", 90.0)
        tell(served, THERMOSTAT, "temperature", 22.0)
        events = [next_event(opened), next_event(opened)]
    assert [event["entity"]["path"] for event in events] == [THERMOSTAT, "hugo/flat/living"]
    assert events[0]["reading"] == {"value": 22.0, "unit": "Cel"}
    assert events[0]["point"] == {"name": "temperature"}
    assert events[0]["coalesced"] == 0


@pytest.mark.parametrize(
    "arguments", ["(type: Valve)", '(under: "hugo/flat/living/thermostat")', "(measures: [battery_level])"]
)
def test_only_what_was_asked_for(served: Served, arguments: str) -> None:
    with connection(served, token(served)) as opened:
        begin(opened)
        subscribe(served, opened, arguments)
        tell(served, THERMOSTAT, "temperature", 22.0)
        tell(served, THERMOSTAT, "battery", 91.0)
        tell(served, f"{THERMOSTAT}/valve", "open", False)
        wanted = "battery" if "measures" in arguments else "open"
        assert next_event(opened)["point"]["name"] == wanted


def test_a_view_covers_what_lies_below_its_members(served: Served) -> None:
    with connection(served, token(served)) as opened:
        begin(opened)
        subscribe(served, opened, '(in: "hugo/thermal")')
        tell(served, "hugo/box", "online", True)
        tell(served, f"{THERMOSTAT}/valve", "open", True)
        assert next_event(opened)["entity"]["path"] == f"{THERMOSTAT}/valve"


def test_another_site_is_never_heard_of(served: Served) -> None:
    with connection(served, token(served)) as opened:
        begin(opened)
        subscribe(served, opened)
        tell(served, "zola/flat/living/thermostat", "temperature", 5.0)
        tell(served, THERMOSTAT, "battery", 50.0)
        assert next_event(opened)["entity"]["path"] == THERMOSTAT


def test_the_newest_stays_where_readings_came_too_fast(served: Served) -> None:
    with connection(served, token(served)) as opened:
        begin(opened)
        subscribe(served, opened, "(measures: [battery_level])")
        served.on_loop(lambda: [served.engine.tell(THERMOSTAT, "battery", float(value)) for value in range(10)])
        event = next_event(opened)
    assert (event["reading"]["value"], event["coalesced"]) == (9.0, 9)


def test_who_leaves_is_forgotten(served: Served) -> None:
    before = served.on_loop(lambda: len(served.engine.readings))
    with connection(served, token(served)) as opened:
        begin(opened)
        subscribe(served, opened)
        send(opened, type="complete", id="1")
        until(served, lambda: len(served.engine.readings) == before)
        subscribe(served, opened)
    until(served, lambda: len(served.engine.readings) == before)


def test_the_token_may_come_in_the_first_message(served: Served) -> None:
    with connection(served) as opened:
        begin(opened, {"authorization": f"Bearer {token(served)}"})
        send(opened, type="subscribe", id="q", payload={"query": "{ me { scopes } }"})
        assert receive(opened)["payload"]["data"]["me"]["scopes"]


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (None, 4401),
        ({}, 4401),
        ({"authorization": "Bearer nonsense"}, 4401),
        ({"authorization": "Basic nonsense"}, 4401),
        ({"authorization": 7}, 4401),
        ([], 4401),
    ],
)
def test_without_a_good_token_it_is_closed(served: Served, payload: Any, code: int) -> None:
    with connection(served) as opened:
        send(opened, type="connection_init", payload=payload)
        assert closed(opened) == code


def test_a_bad_header_is_not_mended_by_the_first_message(served: Served) -> None:
    with connection(served, "nonsense") as opened:
        send(opened, type="connection_init", payload={"authorization": f"Bearer {token(served)}"})
        assert closed(opened) == 4401


def test_without_the_scope_it_is_closed(served: Served) -> None:
    with connection(served, token(served, "telemetry:write")) as opened:
        send(opened, type="connection_init")
        assert closed(opened) == 4403


def test_nothing_runs_before_the_handshake(served: Served) -> None:
    with connection(served, token(served)) as opened:
        send(opened, type="subscribe", id="1", payload={"query": READINGS % ""})
        assert closed(opened) == 4401


def test_the_old_protocol_is_not_spoken(served: Served) -> None:
    with connection(served, token(served), subprotocols=["graphql-ws"]) as opened:
        assert opened.subprotocol is None
        assert closed(opened) == 4406


def test_a_page_of_another_origin_is_refused(served: Served) -> None:
    from websockets.exceptions import InvalidStatus
    from websockets.typing import Origin

    with pytest.raises(InvalidStatus), connection(served, token(served), origin=Origin("https://evil.example")):
        pass


def test_the_stream_ends_with_its_client(fresh: Served) -> None:
    bearer = token(fresh, "twin:read")
    with connection(fresh, bearer) as opened:
        begin(opened)
        subscribe(fresh, opened)
        name = fresh.engine.clients.list()[0].name
        fresh.engine.clients.remove(name)
        tell(fresh, THERMOSTAT, "temperature", 30.0)
        assert closed(opened, silent=True) == 4401


def test_the_stream_ends_with_its_token(fresh: Served) -> None:
    from twin.times import now

    engine = fresh.engine
    client_id, _ = engine.clients.add("short", ["twin:read"], None)
    engine.tokens.lifetime = 2
    issued = engine.tokens.issue(client_id, scopes=frozenset({"twin:read"}), sites=None, generation=1, now=now())
    with connection(fresh, issued.token) as opened:
        begin(opened)
        subscribe(fresh, opened)
        assert closed(opened) == 4401


def test_where_readings_fall_silent_the_connection_ends_and_clients_may_come_again(fresh: Served) -> None:
    with connection(fresh, token(fresh)) as opened:
        begin(opened)
        subscribe(fresh, opened)
        fresh.on_loop(lambda: fresh.engine.readings.interrupt("the owner is silent"))
        assert closed(opened, silent=True) == 1013


def test_where_readings_are_silent_nobody_subscribes_and_everybody_reads(fresh: Served) -> None:
    fresh.engine.silent = "the owner is silent"
    with connection(fresh, token(fresh)) as opened:
        begin(opened)
        send(opened, type="subscribe", id="q", payload={"query": "{ me { scopes } }"})
        assert receive(opened)["payload"]["data"]["me"]["scopes"]
        assert receive(opened)["type"] == "complete"
        send(opened, type="subscribe", id="1", payload={"query": READINGS % ""})
        assert closed(opened, silent=True) == 1013


def test_what_is_wrong_with_an_operation_is_said(served: Served) -> None:
    with connection(served, token(served)) as opened:
        begin(opened)
        send(opened, type="subscribe", id="1", payload={"query": READINGS % '(under: "nowhere")'})
        message = receive(opened)
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"]["code"] == "entity.unknown"
