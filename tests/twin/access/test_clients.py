"""Clients and their secrets, in real records."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from twin.access.clients import Clients
from twin.errors import Conflict, InvalidValue, NotFound, Unauthenticated
from twin.records import Records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READ = ["twin:read"]


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    opened = Records(tmp_path / "records.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def clients(records: Records) -> Clients:
    return Clients(records, clock=lambda: 7)


def test_a_client_is_known_by_its_secret(clients: Clients) -> None:
    client_id, secret = clients.add("box", READ, ["s2", "s1", "s1"])
    client = clients.authenticate(client_id, secret)
    assert (client.client_id, client.name, client.created) == (client_id, "box", 7)
    assert (client.scopes, client.sites, client.generation) == ({"twin:read"}, {"s1", "s2"}, 1)


def test_no_sites_are_not_all_sites(clients: Clients) -> None:
    clients.add("none", READ, [])
    clients.add("all", READ, None)
    assert [client.sites for client in clients.list()] == [None, frozenset()]


@pytest.mark.parametrize("change", [lambda s: s[:-1], lambda s: s + "A", lambda _: "", lambda s: s.swapcase()])
def test_a_wrong_secret_and_an_unknown_client_are_told_the_same(clients: Clients, change: object) -> None:
    client_id, secret = clients.add("box", READ, None)
    with pytest.raises(Unauthenticated) as wrong:
        clients.authenticate(client_id, change(secret))  # type: ignore[operator]
    with pytest.raises(Unauthenticated) as unknown:
        clients.authenticate("nobody", secret)
    assert wrong.value.as_dict() == unknown.value.as_dict()
    assert wrong.value.code_ == "client.invalid"


def test_the_secret_is_kept_nowhere(clients: Clients, records: Records) -> None:
    client_id, secret = clients.add("box", READ, None)
    with sqlite3.connect(records.path) as connection:
        rows = connection.execute("SELECT * FROM clients").fetchall()
    connection.close()
    assert client_id in str(rows)
    assert secret not in str(rows)
    assert secret not in repr(clients.list())


def test_rotating_ends_the_old_secret_and_its_tokens(clients: Clients) -> None:
    client_id, old = clients.add("box", READ, None)
    again, new = clients.rotate("box")
    assert (again, new != old) == (client_id, True)
    assert clients.current(client_id) == 2
    assert clients.authenticate(client_id, new).generation == 2
    with pytest.raises(Unauthenticated):
        clients.authenticate(client_id, old)


def test_removing_ends_it_all(clients: Clients) -> None:
    client_id, secret = clients.add("box", READ, None)
    assert clients.remove(client_id).name == "box"
    assert clients.current(client_id) is None
    assert clients.list() == []
    with pytest.raises(Unauthenticated):
        clients.authenticate(client_id, secret)


def test_a_name_names_one(clients: Clients) -> None:
    clients.add("box", READ, None)
    with pytest.raises(Conflict) as caught:
        clients.add("box", READ, None)
    assert caught.value.code_ == "client.exists"


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 101])
def test_a_name_is_something_to_say(clients: Clients, name: str) -> None:
    with pytest.raises(InvalidValue):
        clients.add(name, READ, None)


def test_scopes_are_known_ones(clients: Clients) -> None:
    with pytest.raises(InvalidValue):
        clients.add("box", ["twin:everything"], None)


@pytest.mark.parametrize("act", ["rotate", "remove"])
def test_a_client_that_is_not_there(clients: Clients, act: str) -> None:
    with pytest.raises(NotFound) as caught:
        getattr(clients, act)("nobody")
    assert caught.value.code_ == "client.unknown"


def test_what_another_process_does_counts_after_a_refresh(clients: Clients, records: Records) -> None:
    elsewhere = Clients(records)
    client_id, secret = elsewhere.add("box", READ, None)
    assert clients.current(client_id) is None
    clients.authenticate(client_id, secret)
    assert clients.current(client_id) == 1
    elsewhere.rotate("box")
    assert clients.current(client_id) == 1
    clients.refresh()
    assert clients.current(client_id) == 2
