from __future__ import annotations

import pytest

from twin.errors import InvalidValue
from twin.store.neo4j import Address


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("neo4j://ana@db.example:7687/twin", ("neo4j://db.example:7687", "twin", "ana")),
        ("bolt+s://127.0.0.1", ("bolt+s://127.0.0.1", "neo4j", "neo4j")),
        ("neo4j://a%40b@[::1]:7000/", ("neo4j://[::1]:7000", "neo4j", "a@b")),
    ],
)
def test_a_url_says_where_and_who(url: str, expected: tuple[str, str, str]) -> None:
    address = Address.parse(url, "secret")
    assert (address.uri, address.database, address.user) == expected
    assert address.auth == (expected[2], "secret")
    assert "secret" not in repr(address)


@pytest.mark.parametrize("url", ["http://x", "neo4j://", "neo4j", "neo4j://user:word@host/db", "neo4j://host/db?x=1"])
def test_what_is_none_or_shows_a_password_is_refused(url: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        Address.parse(url, "")
    assert caught.value.code_ == "graph.url"
    assert "word" not in caught.value.message.replace("password", "")
