"""The token endpoint and what leads to it, as foreign clients meet them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session

from twin.access.clients import Clients

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2

    from tests.api.conftest import Served

GRANT = {"grant_type": "client_credentials"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def credentials(served: Served) -> Iterator[tuple[str, str]]:
    clients = served.engine.clients
    yield clients.add("box", ["twin:read", "telemetry:write"], [served.engine.id("hugo")])
    clients.remove("box")


def test_a_secret_buys_a_token(anyone: httpx2.Client, served: Served, credentials: tuple[str, str]) -> None:
    answer = anyone.post("/oauth/token", data=GRANT, auth=credentials)
    said = answer.json()
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert said.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert (said["token_type"], said["expires_in"]) == ("Bearer", 600)
    assert said["scope"] == "telemetry:write twin:read"
    keys = KeySet.import_key_set(anyone.get("/oauth/jwks.json").json())
    claims = jwt.decode(said["access_token"], keys, algorithms=["ES256"]).claims
    assert claims["sites"] == [served.engine.id("hugo")]
    assert claims["client_id"] == claims["sub"] == credentials[0]


def test_the_secret_may_be_in_the_body(anyone: httpx2.Client, credentials: tuple[str, str]) -> None:
    client_id, secret = credentials
    body = {**GRANT, "client_id": client_id, "client_secret": secret, "scope": "twin:read"}
    answer = anyone.post("/oauth/token", data=body)
    assert (answer.status_code, answer.json()["scope"]) == (200, "twin:read")


def test_less_may_be_asked_for(anyone: httpx2.Client, credentials: tuple[str, str]) -> None:
    answer = anyone.post("/oauth/token", data={**GRANT, "scope": "twin:read twin:read"}, auth=credentials)
    assert answer.json()["scope"] == "twin:read"
    assert anyone.post("/oauth/token", data={**GRANT, "scope": " "}, auth=credentials).json()["scope"].count(" ") == 1
    assert anyone.post("/oauth/token", data={**GRANT, "scope": ""}, auth=credentials).json()["scope"].count(" ") == 1


@pytest.mark.parametrize("scope", ["twin:write", "twin:read twin:write", "everything"])
def test_more_may_not(anyone: httpx2.Client, credentials: tuple[str, str], scope: str) -> None:
    answer = anyone.post("/oauth/token", data={**GRANT, "scope": scope}, auth=credentials)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


def test_a_wrong_secret_and_an_unknown_client_read_the_same(
    anyone: httpx2.Client, credentials: tuple[str, str]
) -> None:
    client_id, secret = credentials
    wrong = anyone.post("/oauth/token", data=GRANT, auth=(client_id, "x"))
    unknown = anyone.post("/oauth/token", data=GRANT, auth=("nobody", secret))
    posted = anyone.post("/oauth/token", data={**GRANT, "client_id": "nobody", "client_secret": "x"})
    assert wrong.content == unknown.content == posted.content
    for answer in (wrong, unknown, posted):
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.headers["www-authenticate"] == 'Basic realm="twin", charset="UTF-8"'


@pytest.mark.parametrize(
    "authorization", ["Basic", "Basic !", "Basic /w==", "Basic " + base64.b64encode(b"noone").decode(), "Bearer x"]
)
def test_credentials_that_are_none(anyone: httpx2.Client, authorization: str) -> None:
    answer = anyone.post("/oauth/token", data=GRANT, headers={"Authorization": authorization})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("body", ["grant_type=client_credentials&grant_type=client_credentials", "scope=a&scope=a"])
def test_a_repeated_parameter_is_refused(anyone: httpx2.Client, credentials: tuple[str, str], body: str) -> None:
    answer = anyone.post("/oauth/token", content=body, headers=FORM, auth=credentials)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_one_way_to_authenticate_at_a_time(anyone: httpx2.Client, credentials: tuple[str, str]) -> None:
    body = {**GRANT, "client_id": credentials[0], "client_secret": credentials[1]}
    answer = anyone.post("/oauth/token", data=body, auth=credentials)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_nothing_in_the_query_string(anyone: httpx2.Client, credentials: tuple[str, str]) -> None:
    client_id, secret = credentials
    query = f"?grant_type=client_credentials&client_id={client_id}&client_secret={quote(secret)}"
    assert anyone.post("/oauth/token" + query).json()["error"] == "invalid_request"
    assert anyone.get("/oauth/token" + query).status_code == 405


@pytest.mark.parametrize(
    ("grant", "error"),
    [
        ("password", "unsupported_grant_type"),
        ("", "unsupported_grant_type"),
        ("authorization_code", "unauthorized_client"),
        ("refresh_token", "unauthorized_client"),
    ],
)
def test_other_grants_are_not_given(
    anyone: httpx2.Client, credentials: tuple[str, str], grant: str, error: str
) -> None:
    answer = anyone.post("/oauth/token", data={"grant_type": grant}, auth=credentials)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.parametrize(
    ("content", "kind"), [(b"{}", "application/json"), (b"\xff=\xff", FORM["Content-Type"]), (b"", "")]
)
def test_a_body_that_is_no_form(anyone: httpx2.Client, credentials: tuple[str, str], content: bytes, kind: str) -> None:
    answer = anyone.post("/oauth/token", content=content, headers={"Content-Type": kind}, auth=credentials)
    assert answer.status_code == 400


def test_metadata_agrees_with_itself(anyone: httpx2.Client) -> None:
    server = anyone.get("/.well-known/oauth-authorization-server").json()
    resource = anyone.get("/.well-known/oauth-protected-resource").json()
    assert server["issuer"] == "http://twin.test"
    assert resource["authorization_servers"] == [server["issuer"]]
    assert server["token_endpoint"] == "http://twin.test/oauth/token"
    assert "client_credentials" in server["grant_types_supported"]
    assert set(server["scopes_supported"]) - set(resource["scopes_supported"]) == {"openid", "profile", "email"}
    assert resource["bearer_methods_supported"] == ["header"]


def test_requests_oauthlib_gets_one(
    served: Served, credentials: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    client_id, secret = credentials
    with OAuth2Session(client=BackendApplicationClient(client_id=client_id, scope=["twin:read"])) as session:
        said = session.fetch_token(f"{served.url}/oauth/token", client_id=client_id, client_secret=secret)
    assert said["scope"] == ["twin:read"]


def test_a_bug_tells_nothing(fresh: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx2

    def fail(*_: Any) -> None:
        raise RuntimeError("the secret text of a bug")

    monkeypatch.setattr(Clients, "authenticate", fail)
    answer = httpx2.post(f"{fresh.url}/oauth/token", data=GRANT, auth=("a", "b"))
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert answer.json()["instance"] == answer.headers["x-request-id"]
    assert "secret text" not in answer.text
