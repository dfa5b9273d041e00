"""Where people sign in at external issuers only: no pages and no grants of people, and metadata that say so."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from tests.api.conftest import Served


@pytest.fixture
def elsewhere(fresh: Served) -> Iterator[httpx2.Client]:
    fresh.engine.authority.external_only = True
    with httpx2.Client(base_url=fresh.url) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/login"),
        ("POST", "/login"),
        ("GET", "/account"),
        ("GET", "/account/password?link=x"),
        ("GET", "/oauth/authorize"),
        ("POST", "/oauth/consent"),
        ("GET", "/device"),
        ("POST", "/oauth/par"),
        ("POST", "/oauth/device_authorization"),
        ("GET", "/oauth/userinfo"),
    ],
)
def test_what_is_for_people_is_not_there(elsewhere: httpx2.Client, method: str, path: str) -> None:
    answer = elsewhere.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (404, "path.unknown")


def test_machines_get_tokens_and_nobody_else_does(fresh: Served, elsewhere: httpx2.Client) -> None:
    client_id, secret = fresh.engine.clients.add("machine", ["twin:read"], None)
    form = {"grant_type": "client_credentials"}
    answer = elsewhere.post("/oauth/token", data=form, auth=(client_id, secret)).json()
    got = elsewhere.get("/api/v1/sites", headers={"Authorization": f"Bearer {answer['access_token']}"})
    assert got.status_code == 200
    for grant in ("authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"):
        refused = elsewhere.post("/oauth/token", data={"grant_type": grant}, auth=(client_id, secret))
        assert (refused.status_code, refused.json()["error"]) == (400, "unsupported_grant_type")


def test_the_metadata_promise_no_more(elsewhere: httpx2.Client) -> None:
    found = elsewhere.get("/.well-known/oauth-authorization-server").json()
    assert found["grant_types_supported"] == ["client_credentials"]
    assert found["response_types_supported"] == []
    assert not [name for name in found if "authorization_endpoint" in name or "userinfo" in name]
    assert found == elsewhere.get("/.well-known/openid-configuration").json()


def test_beside_it_all_is_there(served: Served) -> None:
    with httpx2.Client(base_url=served.url) as client:
        assert client.get("/login").status_code == 200
        assert "authorization_endpoint" in client.get("/.well-known/oauth-authorization-server").json()
