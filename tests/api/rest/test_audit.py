"""``/api/v1/audit``: who did what, and was refused."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import orjson
import pytest

from tests.api.conftest import Served, token
from twin.access.audit import Deed, Record


def asking(served: Served, scopes: str) -> httpx2.Client:
    return httpx2.Client(base_url=served.url, headers={"Authorization": f"Bearer {token(served, scopes)}"})


def written(served: Served) -> list[Record]:
    served.on_loop(lambda: None)
    asyncio.run(served.engine.auditing.flush())
    return list(served.engine.audit.export())


@pytest.fixture
def audited(fresh: Served) -> Served:
    sites = [fresh.engine.id("hugo"), fresh.engine.id("zola"), "", fresh.engine.id("hugo")]
    fresh.engine.audit.add(
        Deed(at=number * 1_000_000, action="token.issue" if site else "request", site=site, user=f"u{number}")
        for number, site in enumerate(sites, start=1)
    )
    return fresh


def test_only_what_is_about_ones_own_sites_the_newest_first(audited: Served) -> None:
    with asking(audited, "twin:audit") as client:
        first = client.get("/api/v1/audit?limit=1").json()
        second = client.get(first["next"]).json()
        assert [each["user"] for each in (*first["items"], *second["items"])] == ["u4", "u1"]
        assert second["next"] is None
        narrowed = client.get("/api/v1/audit", params={"until": "1970-01-01T00:00:03Z", "action": "token"}).json()
        assert [each["at"] for each in narrowed["items"]] == ["1970-01-01T00:00:01Z"]
        assert client.get("/api/v1/audit?result=refused").json()["items"] == []


def test_no_number_of_a_record_is_told(audited: Served) -> None:
    with asking(audited, "twin:audit") as client:
        cursors = {client.get("/api/v1/audit?limit=1").json()["next"] for _ in range(2)}
        assert len(cursors) == 2
        assert client.get("/api/v1/audit?after=1").json()["code"] == "cursor.invalid"
        assert client.get("/api/v1/audit?since=yesterday").json()["code"] == "value.invalid"


def test_all_of_it_as_lines(audited: Served) -> None:
    with asking(audited, "twin:audit") as client:
        answer = client.get("/api/v1/audit", headers={"Accept": "application/x-ndjson"})
    assert answer.headers["content-type"] == "application/x-ndjson"
    found: list[dict[str, Any]] = [orjson.loads(line) for line in answer.text.splitlines()]
    assert [each["user"] for each in found] == ["u1", "u4"]


def test_whoever_may_not_is_refused_and_that_is_kept(audited: Served) -> None:
    before = len(written(audited))
    with asking(audited, "twin:read twin:write twin:read-private") as client:
        for _ in range(3):
            assert client.get("/api/v1/audit").json()["code"] == "scope.insufficient"
    with httpx2.Client(base_url=audited.url) as stranger:
        assert stranger.get("/api/v1/sites", headers={"Authorization": "Bearer x.y.z"}).status_code == 401
    refused = [each.deed for each in written(audited)[before:]]
    assert [(each.result, each.detail, each.times) for each in refused] == [
        ("scope.insufficient", "GET /api/v1/audit", 3),
        ("token.invalid", "GET /api/v1/sites", 1),
    ]
    assert all(each.address == "127.0.0.1" for each in refused)
    assert refused[0].client
    assert refused[0].token
    assert not refused[1].client


def test_a_refusal_within_graphql_is_kept(fresh: Served) -> None:
    change = 'mutation { updateEntity(ref: "hugo", title: "x") { __typename ... on UpdateRefused { code } } }'
    with asking(fresh, "twin:read") as client:
        answer = client.post("/graphql", json={"query": change}).json()
    assert answer["errors"][0]["extensions"]["code"] == "scope.insufficient"
    assert [each.deed.result for each in written(fresh)] == ["scope.insufficient"]


def test_a_change_says_whose_it_is(fresh: Served) -> None:
    with asking(fresh, "twin:read twin:write") as client:
        changed = client.patch(f"/api/v1/entities/{fresh.engine.id('hugo')}", json={"title": "Another"})
        assert changed.status_code == 200
    author = fresh.engine.log.changes[-1].changeset.actor
    assert author.client == author.name
    assert (author.address, author.via) == ("127.0.0.1", "rest")
    assert author.token
