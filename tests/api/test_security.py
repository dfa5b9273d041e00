"""No token, bad tokens, wrong scopes; and what is hidden is absent, byte for byte."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.api.conftest import Served, token
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable

METADATA = 'resource_metadata="http://twin.test/.well-known/oauth-protected-resource"'
QUERY = {"query": "{ me { clientId } }"}


def addresses(served: Served) -> list[tuple[str, str, Any]]:
    here = f"/api/v1/entities/{served.engine.id('hugo/flat')}"
    lists = [("GET", f"/api/v1/{kind}s", None) for kind in ("site", "space", "view", "gateway", "device")]
    below = [("GET", here + end, None) for end in ("", "/children", "/relations", "/views", "/points", "/points/x")]
    others = [
        ("PATCH", here, {"title": "x"}),
        ("POST", "/graphql", QUERY),
        ("GET", "/graphql?query={me{scopes}}", None),
    ]
    authoring = [("GET", f"/api/v1/{name}", None) for name in ("ontologies", "topologies", "plans/x", "jobs/x")]
    authoring += [("POST", f"/api/v1/{name}", {}) for name in ("ontologies", "topologies", "plans", "plans/x/apply")]
    others += [*authoring, ("GET", "/api/v1/ontologies/x", None), ("DELETE", "/api/v1/topologies/x", None)]
    return [*lists, *below, *others, ("GET", "/api/v1/deadletters", None), ("GET", "/api/v1/deadletters/1", None)]


def test_without_a_token_there_is_a_challenge(served: Served, anyone: httpx2.Client) -> None:
    for method, address, body in addresses(served):
        answer = anyone.request(method, address, json=body)
        assert (answer.status_code, answer.json()["code"]) == (401, "token.missing"), address
        assert answer.headers["www-authenticate"] == f'Bearer realm="twin", {METADATA}'
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_token_in_the_query_string_is_none(served: Served, anyone: httpx2.Client) -> None:
    good = token(served)
    assert anyone.get("/api/v1/sites", params={"access_token": good}).status_code == 401
    assert anyone.post("/graphql", params={"access_token": good}, json=QUERY).status_code == 401
    both = anyone.get("/api/v1/sites", params={"access_token": good}, headers={"Authorization": f"Bearer {good}"})
    assert (both.status_code, both.json()["code"]) == (400, "token.ambiguous")
    assert 'error="invalid_request"' in both.headers["www-authenticate"]


def test_two_authorizations_are_refused(served: Served, anyone: httpx2.Client) -> None:
    good = ("Authorization", f"Bearer {token(served)}")
    assert anyone.get("/api/v1/sites", headers=[good, good]).status_code == 400


@pytest.mark.parametrize("scheme", ["Basic", "Token", "Bearer,"])
def test_other_schemes_are_no_token(served: Served, anyone: httpx2.Client, scheme: str) -> None:
    answer = anyone.get("/api/v1/sites", headers={"Authorization": f"{scheme} x"})
    assert answer.status_code == 401


def test_the_scheme_is_read_in_any_case(served: Served, anyone: httpx2.Client) -> None:
    assert anyone.get("/api/v1/sites", headers={"Authorization": f"bEARER {token(served)}"}).status_code == 200


def forged(served: Served) -> dict[str, str]:
    good, ring = token(served), served.engine.authority.keys.ring
    claims = jwt.decode(good, ring.current.private, algorithms=["ES256"]).claims
    header = {"alg": "ES256", "kid": ring.current.kid, "typ": "at+jwt"}

    def part(data: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")

    def signed(head: dict[str, Any] | None = None, key: ECKey = ring.current.private, **changes: Any) -> str:
        return jwt.encode({**header, **(head or {})}, {**claims, **changes}, key, algorithms=["ES256"])

    def relabelled(**changes: Any) -> str:
        _, payload, signature = good.split(".")
        return f"{part({**header, **changes})}.{payload}.{signature}"

    past = now() // 1_000_000 - 1
    return {
        "no algorithm": f"{part({**header, 'alg': 'none'})}.{good.split('.')[1]}.",
        "a shared secret": relabelled(alg="HS256"),
        "a foreign kid": signed({"kid": "x"}),
        "a foreign key": signed(key=ECKey.generate_key("P-256")),
        "an id token": signed({"typ": "JWT"}),
        "another issuer": signed(iss="https://evil.example"),
        "another audience": signed(aud="https://evil.example"),
        "the past": signed(exp=past, iat=past - 600),
        "the future": signed(nbf=past + 600),
        "a changed payload": ".".join([good.split(".")[0], part({**claims, "sites": None}), good.split(".")[2]]),
        "nonsense": "nonsense",
    }


def test_bad_tokens_all_read_the_same(served: Served, anyone: httpx2.Client) -> None:
    seen = set()
    for name, bad in forged(served).items():
        for method, address, body in [("GET", "/api/v1/sites", None), ("POST", "/graphql", QUERY)]:
            answer = anyone.request(method, address, json=body, headers={"Authorization": f"Bearer {bad}"})
            assert (answer.status_code, answer.json()["code"]) == (401, "token.invalid"), name
            assert 'error="invalid_token"' in answer.headers["www-authenticate"]
            seen.add(json.dumps({**answer.json(), "instance": ""}))
    assert len(seen) == 1


def test_a_scope_that_is_missing_is_named(served: Served, anyone: httpx2.Client) -> None:
    sender = {"Authorization": f"Bearer {token(served, 'telemetry:write')}"}
    for method, address, body in addresses(served):
        answer = anyone.request(method, address, json=body, headers=sender)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope.insufficient"), address
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
        assert METADATA in answer.headers["www-authenticate"]


def test_a_removed_client_is_out(fresh: Served) -> None:
    headers = {"Authorization": f"Bearer {token(fresh)}"}
    assert httpx2.get(f"{fresh.url}/api/v1/sites", headers=headers).status_code == 200
    [client] = fresh.engine.clients.list()
    fresh.engine.clients.rotate(client.name)
    assert httpx2.get(f"{fresh.url}/api/v1/sites", headers=headers).status_code == 401


ENDS = ("", "/children", "/relations", "/views", "/points", "/points/temperature")


def answers(client: httpx2.Client, path: str, entity_id: str) -> list[tuple[int, bytes]]:
    """Everything that can be asked about one entity."""
    asked: list[httpx2.Response] = []
    for ref in (path, entity_id):
        asked += [client.get(f"/api/v1/{kind}s", params={"ref": ref}) for kind in ("site", "space", "device")]
        asked += [client.get("/api/v1/devices", params={where: ref}) for where in ("under", "in")]
        for query in (
            "query ($r: Ref!) { entity(ref: $r) { path } }",
            "query ($r: Ref!) { devices(under: $r) { totalCount } }",
            "query ($r: Ref!) { readings(in: $r) { totalCount } }",
            'mutation ($r: Ref!) { updateEntity(ref: $r, title: "x") { ... on UpdateRefused { code message help } } }',
            "query ($r: ID!) { node(id: $r) { id } nodes(ids: [$r]) { id } }",
        ):
            asked.append(client.post("/graphql", json={"query": query, "variables": {"r": ref}}))
    asked += [client.get(f"/api/v1/entities/{entity_id}{end}") for end in ENDS]
    asked.append(client.patch(f"/api/v1/entities/{entity_id}", json={"title": "x"}, headers={"If-Match": '"9"'}))
    return [(answer.status_code, answer.content) for answer in asked]


def test_hidden_is_absent(served: Served, app: httpx2.Client) -> None:
    hidden = answers(app, "zola/flat/living/thermostat", served.engine.id("zola/flat/living/thermostat"))
    absent = answers(app, "zora/flat/living/thermostat", "a" * 26)
    assert hidden == absent
    assert all(b"zola" not in content for _, content in hidden)


def test_a_hidden_view_and_a_hidden_site_are_absent(served: Served, app: httpx2.Client) -> None:
    for path in ("zola/thermal", "zola"):
        assert answers(app, path, served.engine.id(path)) == answers(app, "none", "b" * 26)


def test_counts_know_nothing_of_the_rest(served: Served, app: httpx2.Client, issue: Callable[..., str]) -> None:
    count = {"query": "{ sites { totalCount } devices { totalCount } readings { totalCount } }"}
    mine = app.post("/graphql", json=count).json()["data"]
    every = {"Authorization": f"Bearer {issue('twin:read', None)}"}
    all_of_it = app.post("/graphql", json=count, headers=every).json()["data"]
    assert [mine[name]["totalCount"] * 2 for name in mine] == [all_of_it[name]["totalCount"] for name in mine]
    nothing = {"Authorization": f"Bearer {issue('twin:read', ())}"}
    none = app.post("/graphql", json=count, headers=nothing).json()["data"]
    assert {each["totalCount"] for each in none.values()} == {0}


def test_a_cursor_of_another_leads_nowhere_new(app: httpx2.Client, served: Served) -> None:
    from api.cursors import encode

    for path in ("zola/flat/living/thermostat", "zora/flat/living/thermostat"):
        assert app.get("/api/v1/devices", params={"after": encode(path)}).json()["items"] == []


def test_answers_are_not_kept_framed_or_sniffed(anyone: httpx2.Client) -> None:
    headers = anyone.get("/healthz").headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "access-control-allow-origin" not in anyone.get("/healthz", headers={"Origin": "https://x.example"}).headers
    assert len(headers["x-request-id"]) == 26
