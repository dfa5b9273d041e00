"""What could not be used, for those who may write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
import pytest

from api.cursors import decode, encode
from tests.api.conftest import Served, token
from twin.telemetry.deadletters import DeadLetter
from twin.telemetry.journal import JournalMessage

if TYPE_CHECKING:
    from collections.abc import Iterator


OPERATOR = "twin:write twin:read-private"


@pytest.fixture
def letters(fresh: Served) -> Iterator[httpx2.Client]:
    sites = (fresh.engine.id("hugo"), fresh.engine.id("hugo"), fresh.engine.id("zola"), None)
    fresh.engine.deadletters.add_many(
        "journal",
        [
            DeadLetter(
                JournalMessage(number=number, sender="box", received=0, topic=b"r/x/d/y", payload=b"not json\xff"),
                "payload.undecodable",
                "it is no JSON",
                site=site,
            )
            for number, site in enumerate(sites)
        ],
    )
    headers = {"Authorization": f"Bearer {token(fresh, OPERATOR)}"}
    with httpx2.Client(base_url=f"{fresh.url}/api/v1", headers=headers) as client:
        yield client


def test_the_letters_of_ones_sites(letters: httpx2.Client, fresh: Served) -> None:
    first = letters.get("/deadletters?limit=1").json()
    second = letters.get(first["next"].removeprefix("/api/v1")).json()
    found = [*first["items"], *second["items"]]
    assert (len(found), second["next"]) == (2, None)
    assert {each["site"] for each in found} == {fresh.engine.id("hugo")}
    assert all(each["payload"] is None for each in found)
    shown = letters.get(f"/deadletters/{found[0]['id']}").json()
    assert shown["payload"] == "not json�"
    assert letters.get("/deadletters?code=other").json()["items"] == []


def test_the_letters_of_others_do_not_exist(letters: httpx2.Client, fresh: Served) -> None:
    mine = {each["id"] for each in letters.get("/deadletters").json()["items"]}
    kept = fresh.engine.deadletters
    every = {kept.names.of(each.id) for each in kept.list()}
    assert len(every - mine) == 2
    for other in (*(every - mine), "1", "-1", "x" * 32, "é"):
        answer = letters.get(f"/deadletters/{other}")
        assert (answer.status_code, answer.json()["detail"]) == (404, f"there is no dead letter {other!r}")
    everything = {"Authorization": f"Bearer {token(fresh, OPERATOR, None)}"}
    assert len(letters.get("/deadletters", headers=everything).json()["items"]) == 4


def test_nothing_tells_how_many_others_have(letters: httpx2.Client, fresh: Served) -> None:
    """Letters are numbered through all sites: neither an id nor a cursor tells a number."""
    first = letters.get("/deadletters?limit=1").json()
    again = letters.get("/deadletters?limit=1").json()
    assert first == again
    after = first["next"].rpartition("=")[2]
    assert (first["items"][0]["id"],) == decode(after)
    for number in range(5):
        assert letters.get(f"/deadletters?after={encode(str(number))}").json()["code"] == "cursor.invalid"


def test_reading_is_not_enough(letters: httpx2.Client, fresh: Served) -> None:
    reader = {"Authorization": f"Bearer {token(fresh, 'twin:read')}"}
    assert letters.get("/deadletters", headers=reader).status_code == 403
