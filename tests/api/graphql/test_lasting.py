"""Rights on streams that are open: a change of them ends, narrows or widens WebSockets and events alike."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import ConnectionClosed

from api import changing
from api.graphql import endpoint, streaming, subscriptions
from tests.api.building import _entity
from tests.api.conftest import Served
from tests.api.graphql.test_streaming import stream
from tests.api.graphql.test_subscriptions import READINGS, begin, connection, receive, send, until
from tests.api.test_rights import ROOM, SCOPES, THERMOSTAT, give
from twin.access.authorizations import Authorization, add
from twin.engine import server
from twin.graph.model import Create, Held, Move
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHANGES = "subscription { changes { change path } }"
VALVE = f"{THERMOSTAT}/valve"
PASSWORD = "correct horse battery"


class Socket:
    def __init__(self, opened: Any, query: str) -> None:
        self._opened = opened
        begin(opened)
        send(opened, type="subscribe", id="1", payload={"query": query})

    def next(self) -> Any:
        message = receive(self._opened)
        assert message["type"] == "next", message
        return next(iter(message["payload"]["data"].values()))

    def end(self) -> str:
        try:
            while True:
                message = receive(self._opened)
                assert message["type"] != "next" or "errors" in message["payload"], message
        except ConnectionClosed as error:
            return str(error.rcvd.code if error.rcvd else 0)


class Events:
    def __init__(self, found: Iterator[Any]) -> None:
        self._found = found

    def next(self) -> Any:
        name, said = next(self._found)
        assert name == "next", said
        assert "errors" not in said, said
        return next(iter(said["data"].values()))

    def end(self) -> str:
        (_, said), last = self._found
        assert last == ("complete", None)
        return str(said["errors"][0]["extensions"]["code"])


class Both:
    """The same subscription over a WebSocket and as events: what is told is the same."""

    def __init__(self, socket: Socket, events: Events) -> None:
        self._socket = socket
        self._events = events

    def next(self) -> Any:
        said = self._socket.next()
        assert self._events.next() == said
        return said

    def end(self) -> tuple[str, str]:
        """How each ends, and that nothing else comes before."""
        return self._socket.end(), self._events.end()


class User:
    """Ana, who signed in with an app."""

    def __init__(self, served: Served) -> None:
        self.served = served
        authority = served.engine.authority
        self.client, _ = authority.clients.add("Ana's app", SCOPES, None)
        user, secret = authority.users.add("ana@example.com")
        authority.users.choose(secret, PASSWORD)
        self.id = user.id
        authorization = Authorization(
            id="let",
            user=user.id,
            client=self.client,
            scopes=SCOPES,
            sites=frozenset(),
            signed_in=0,
            nonce="",
            created=0,
        )
        with served.engine.records.write() as session:
            add(session, authorization)
        served.on_loop(lambda: self.give(ROOM, Held("home/Guest")))

    def give(self, path: str, *roles: Held) -> None:
        """Roles there, in place of those there were; on the loop."""
        give(self.served.engine, path, *roles, who=self.id)

    def token(self) -> str:
        from twin.access.tokens import OnBehalf

        user = OnBehalf(self.id, "let", now())
        tokens = self.served.engine.tokens
        issued = tokens.issue(self.client, scopes=SCOPES, sites=None, generation=1, now=now(), user=user)
        return issued.token


@pytest.fixture
def user(fresh: Served, monkeypatch: pytest.MonkeyPatch) -> User:
    for where in (endpoint, streaming, changing):
        for name in ("_WATCH_SECONDS", "_LOOK_SECONDS"):
            monkeypatch.setattr(where, name, 0.02, raising=False)
    return User(fresh)


def test_whatever_is_ended_anywhere_ends_streams_within_a_second() -> None:
    """Told by another process: it is looked up, and then the streams are looked at."""
    looks = (endpoint._WATCH_SECONDS, streaming._LOOK_SECONDS, changing._LOOK_SECONDS)
    assert all(server._REVOKE_SECONDS + look < 1 for look in looks)


@pytest.fixture
def listening(user: User, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Opens a subscription of the user, and waits until it is there."""
    begun: list[object] = []

    class Noted(changing.Sight):
        def __init__(self, *arguments: Any, **more: Any) -> None:
            super().__init__(*arguments, **more)
            begun.append(self)

    monkeypatch.setattr(subscriptions, "Sight", Noted)

    @contextmanager
    def opened(query: str) -> Iterator[Both]:
        known = user.served.engine.readings._subscribers
        before, sights = user.served.on_loop(lambda: len(known)), len(begun)
        bearer = user.token()
        with connection(user.served, bearer) as socket, stream(user.served, query, bearer) as events:
            found = Both(Socket(socket, query), Events(events))
            until(user.served, lambda: len(known) == before + 2 and (query != CHANGES or len(begun) == sights + 2))
            yield found

    return opened


def _token_revoked(user: User) -> None:
    engine = user.served.engine
    for principal in list(engine.tokens._known.values()):
        engine.authority.revocations.add(principal.token)


def _consent_ended(user: User) -> None:
    user.served.engine.authority.end(user.id, user.client)


def _client_rotated(user: User) -> None:
    user.served.engine.clients.rotate("Ana's app")


def _client_removed(user: User) -> None:
    user.served.engine.clients.remove("Ana's app")


def _user_disabled(user: User) -> None:
    user.served.engine.authority.disable_user("ana@example.com", disabled=True)


def _user_removed(user: User) -> None:
    user.served.engine.authority.remove_user("ana@example.com")


ENDS = [_token_revoked, _consent_ended, _client_rotated, _client_removed, _user_disabled, _user_removed]


@pytest.mark.parametrize("end", ENDS, ids=[each.__name__.strip("_") for each in ENDS])
def test_a_stream_ends_when_its_right_does(user: User, listening: Any, end: Callable[[User], None]) -> None:
    with listening(READINGS % "") as opened:
        end(user)
        assert opened.end() == ("4401", "token.invalid")
    until(user.served, lambda: not len(user.served.engine.readings))


def test_a_stream_ends_when_its_token_expires(user: User, listening: Any) -> None:
    user.served.engine.tokens.lifetime = 2
    with listening(READINGS % "") as opened:
        assert opened.end() == ("4401", "token.invalid")


def test_a_role_that_is_taken_narrows(user: User, listening: Any) -> None:
    served = user.served
    with listening(CHANGES) as opened, listening(READINGS % "(measures: [battery_level])") as readings:
        served.on_loop(lambda: user.give(ROOM))
        assert {opened.next()["path"] for _ in range(3)} == {ROOM, THERMOSTAT, VALVE}
        served.on_loop(lambda: served.engine.tell(THERMOSTAT, "battery", 11.0))
        served.on_loop(lambda: user.give(ROOM, Held("home/Guest")))
        served.on_loop(lambda: served.engine.tell(THERMOSTAT, "battery", 12.0))
        event = readings.next()
        assert (event["reading"]["value"], event["coalesced"]) == (12.0, 0)


def test_a_role_that_runs_out_narrows_by_itself(user: User, listening: Any) -> None:
    with listening(CHANGES) as opened:
        user.served.on_loop(lambda: user.give(ROOM, Held("home/Guest", until=now() + 200_000)))
        told = [opened.next() for _ in range(3)]
    assert {each["change"] for each in told} == {"DELETED"}
    assert {each["path"] for each in told} == {ROOM, THERMOSTAT, VALVE}


def test_a_role_that_is_widened_widens(user: User, listening: Any) -> None:
    served = user.served
    with listening(CHANGES) as opened, listening(READINGS % "") as readings:
        served.on_loop(lambda: served.engine.tell("hugo/box", "online", True))
        served.on_loop(lambda: user.give("hugo", Held("home/Owner")))
        told = [opened.next() for _ in range(4)]
        assert {each["change"] for each in told} == {"CREATED"}
        assert {each["path"] for each in told} == {"hugo", "hugo/box", "hugo/flat", "hugo/thermal"}
        served.on_loop(lambda: served.engine.tell("hugo/box", "online", False))
        event = readings.next()
        assert (event["entity"]["path"], event["coalesced"]) == ("hugo/box", 0)


def test_what_is_moved_behind_a_door_is_gone(user: User, listening: Any) -> None:
    served, engine = user.served, user.served.engine
    types = {
        name: dataclasses.replace(each, boundary=name == "home/Flat") for name, each in engine.ontology.types.items()
    }

    def close_doors() -> None:
        engine.ontology = dataclasses.replace(engine.ontology, types=types)
        engine.change(Create(_entity("hugo/lamp", "device", "Thermostat", "hugo", points=("battery",))))
        user.give("hugo", Held("home/Owner"))

    served.on_loop(close_doors)
    with listening(CHANGES) as opened, listening(READINGS % "(measures: [battery_level])") as readings:
        lamp, site, flat = (engine.id(f"hugo{each}") for each in ("/lamp", "", "/flat"))
        served.on_loop(lambda: engine.change(Move(id=lamp, parent=flat, key="lamp")))
        assert opened.next() == {"change": "DELETED", "path": "hugo/lamp"}
        served.on_loop(lambda: engine.tell("hugo/flat/lamp", "battery", 1.0))
        served.on_loop(lambda: engine.change(Move(id=lamp, parent=site, key="lamp")))
        assert opened.next() == {"change": "CREATED", "path": "hugo/lamp"}
        served.on_loop(lambda: engine.tell("hugo/lamp", "battery", 2.0))
        assert readings.next()["reading"]["value"] == 2.0
