"""Apps in a browser at another origin (CORS): with a token to the API, with a cookie nowhere, and to no page at all."""

from __future__ import annotations

import asyncio
import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from api.crossing import OPEN, methods_of
from api.docs.openapi import openapi
from api.oauth.pages import PAGES
from tests.browser import chromium

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx2

    from tests.api.conftest import Served

APP = {"Origin": "https://spa.example"}
ASKS = {**APP, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
CLOSED = [
    *sorted(PAGES),
    "/",
    "/docs",
    "/healthz",
    "/metrics",
    "/mqtt",
    "/nothing",
    "/api/v1",
    "/graphql/x",
    "/oauth/authorize",
    "/oauth/commissioning",
    "/oauth/commissioning/key",
    "/oauth/consent",
    "/oauth/device_authorization",
    "/oauth/introspect",
    "/oauth/par",
    "/oauth/register",
]


def crossing(answer: httpx2.Response) -> set[str]:
    return {name for name in answer.headers if name.startswith("access-control-")}


def opened(answer: httpx2.Response) -> bool:
    """Whether an app may read an answer, and it alone: not with a person's cookies."""
    assert crossing(answer) <= {"access-control-allow-origin", "access-control-expose-headers"}
    return answer.headers.get_list("access-control-allow-origin") == ["*"]


class TestOpen:
    @pytest.mark.parametrize("path", [*OPEN, "/api/v1/sites", "/api/v1/nothing/at/all"])
    def test_a_browser_may_ask_first_without_a_token(self, anyone: httpx2.Client, path: str) -> None:
        answer = anyone.options(path, headers=ASKS)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["access-control-allow-methods"] == methods_of(path)
        assert answer.headers["access-control-max-age"] == "7200"
        assert "access-control-allow-credentials" not in answer.headers

    def test_which_is_nothing_to_the_audit_and_waits_for_nothing(self, served: Served, anyone: httpx2.Client) -> None:
        asyncio.run(served.engine.auditing.flush())
        before = served.engine.audit.list(limit=1)
        for more in ({}, {"Authorization": "Bearer x"}, {"Twin-Position": "x"}):
            assert anyone.options("/api/v1/sites", headers={**ASKS, **more}).status_code == 204
        asyncio.run(served.engine.auditing.flush())
        assert served.engine.audit.list(limit=1) == before

    def test_any_other_question_of_that_method_is_what_it_was(self, anyone: httpx2.Client) -> None:
        for headers in ({}, APP, {"Access-Control-Request-Method": "POST"}):
            answer = anyone.options("/api/v1/sites", headers=headers)
            assert (answer.status_code, answer.headers["allow"]) == (405, "GET")

    def test_the_table_has_every_method_that_is_served(self) -> None:
        served: dict[str, set[str]] = {}
        for path, item in openapi()["paths"].items():
            if methods_of(path) is not None:
                served.setdefault("/api/v1/" if path.startswith("/api/") else path, set()).update(map(str.upper, item))
        served["/oauth/userinfo"].add("POST")
        served["/graphql"] = {"GET", "POST"}
        assert {path: set(methods.split(", ")) for path, methods in OPEN.items()} == served

    def test_what_is_read_may_be_sent(self, anyone: httpx2.Client) -> None:
        allowed = anyone.options("/graphql", headers=ASKS).headers["access-control-allow-headers"].lower().split(", ")
        operations = [each for item in openapi()["paths"].values() for each in item.values()]
        read = {
            parameter["name"].lower()
            for operation in operations
            for parameter in operation.get("parameters", ())
            if parameter["in"] == "header"
        }
        assert read == {"if-match", "idempotency-key", "twin-position"}
        assert {*read, "authorization", "content-type", "accept"} == set(allowed)

    def test_answers_can_be_read_with_what_their_heads_say(self, served: Served, app: httpx2.Client) -> None:
        found = served.engine.id("hugo/flat")
        answers = [
            app.get(f"/api/v1/entities/{found}", headers=APP),
            app.get("/api/v1/devices?limit=1", headers=APP),
            app.get("/graphql", params={"query": "{ sites { totalCount } }"}, headers=APP),
            app.post("/graphql", json={"query": "{ sites { totalCount } }"}, headers=APP),
        ]
        for answer in answers:
            assert (answer.status_code, opened(answer)) == (200, True)
        told = answers[0].headers["access-control-expose-headers"].lower().split(", ")
        said = {name for answer in answers for name in answer.headers}
        assert {"etag", "x-request-id", "link"} <= said
        usual = {"date", "server", "content-length", "content-type", "cache-control", "transfer-encoding"}
        careful = {"x-content-type-options", "referrer-policy", "content-security-policy"}
        ours = {"cross-origin-resource-policy", *crossing(answers[0])}
        assert said - usual - careful - ours <= set(told)
        assert {"twin-position", "location", "retry-after", "www-authenticate"} <= set(told)

    def test_errors_are_answers(
        self, anyone: httpx2.Client, app: httpx2.Client, issue: Callable[..., str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        none = {**APP, "Authorization": f"Bearer {issue('twin:write', ('hugo',))}"}
        large = b"x" * (9 * 1024 * 1024)
        answers = {
            400: app.get("/api/v1/sites?limit=x", headers=APP),
            401: anyone.get("/api/v1/sites", headers=APP),
            403: anyone.get("/api/v1/sites", headers=none),
            404: app.get("/api/v1/nothing", headers=APP),
            405: app.delete("/api/v1/sites", headers=APP),
            409: app.get("/api/v1/sites", headers={**APP, "Twin-Position": "x"}),
            413: app.post("/graphql", content=large, headers={**APP, "Content-Type": "application/json"}),
        }
        assert answers.pop(409).status_code in {400, 409}
        for status, answer in answers.items():
            assert (answer.status_code, opened(answer)) == (status, True), status
            assert "code" in answer.json()
        graphql = anyone.post("/graphql", json={"query": "{ me { id } }"}, headers=APP)
        assert (graphql.status_code, opened(graphql)) == (401, True)

        def broken(*_: Any, **__: Any) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr("api.rest.shapes.Response", broken)
        bug = app.get("/api/v1/sites", headers=APP)
        assert (bug.status_code, bug.json()["code"], opened(bug)) == (500, "internal", True)

    def test_what_is_told_as_it_happens_can_be_read(self, app: httpx2.Client) -> None:
        asked = {"query": "subscription { changes { __typename } }"}
        with app.stream("POST", "/graphql", json=asked, headers={**APP, "Accept": "text/event-stream"}) as answer:
            assert (answer.headers["content-type"].partition(";")[0], opened(answer)) == ("text/event-stream", True)

    def test_a_cookie_is_nobody(self, anyone: httpx2.Client, issue: Callable[..., str]) -> None:
        token = issue()
        for path in ("/api/v1/sites", "/graphql?query=%7B__typename%7D"):
            for name in ("twin", "__Host-twin", "access_token", "Authorization"):
                answer = anyone.get(path, headers={**APP, "Cookie": f"{name}=Bearer {token}"})
                assert (answer.status_code, opened(answer)) == (401, True)
                assert "set-cookie" not in answer.headers


class TestClosed:
    @pytest.mark.parametrize("path", CLOSED)
    def test_no_page_and_nothing_of_servers_is_read_from_elsewhere(self, anyone: httpx2.Client, path: str) -> None:
        assert methods_of(path) is None
        for headers in (APP, {**APP, "Cookie": "twin=x"}, {"Origin": "null"}):
            for method in ("GET", "POST"):
                assert not crossing(anyone.request(method, path, headers=headers))
        asked = anyone.options(path, headers=ASKS)
        assert asked.status_code in {404, 405}
        assert not crossing(asked)

    def test_the_origin_of_pages_answers_as_if_there_were_nothing(
        self, served: Served, anyone: httpx2.Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(served.engine.authority, "pages", "https://account.test")
        for path in (*OPEN, "/api/v1/sites"):
            for method in ("GET", "POST", "OPTIONS"):
                answer = anyone.request(method, path, headers={**ASKS, "Host": "account.test"})
                assert (answer.status_code, crossing(answer)) == (404, set()), (method, path)
            assert anyone.options(path, headers={**ASKS, "Host": "twin.test"}).status_code == 204


class Page(BaseHTTPRequestHandler):
    """An app's own page: another port is another origin."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>App</title>")

    def log_message(self, *_: Any) -> None:
        pass


ASKING = """
(async () => {
  const url = %s, headers = { Authorization: "Bearer " + %s }, said = {}
  const ask = async (path, more = {}) => await fetch(url + path, { headers, ...more })
  const site = await ask("/api/v1/entities/" + %s)
  said.etag = site.headers.get("etag")
  said.key = (await site.json()).key
  const json = { ...headers, "Content-Type": "application/json" }
  const changed = { method: "PATCH", headers: { ...json, "If-Match": '"1"', "Idempotency-Key": "k" }, body: "{}" }
  const wrong = await ask("/api/v1/entities/x", changed)
  said.wrong = [wrong.status, !!wrong.headers.get("x-request-id")]
  const query = JSON.stringify({ query: "{ sites { totalCount } }" })
  said.graphql = await (await ask("/graphql", { method: "POST", headers: json, body: query })).json()
  const nobody = await ask("/api/v1/sites", { headers: {} })
  said.nobody = [nobody.status, !!nobody.headers.get("www-authenticate")]
  const fails = (path, more) => ask(path, more).then(() => false, () => true)
  said.page = await fails("/login", { headers: {} })
  said.cookies = await fails("/api/v1/sites", { credentials: "include" })
  document.title = JSON.stringify(said)
})()
"""


@pytest.mark.browser
def test_an_app_in_a_real_browser(served: Served, issue: Callable[..., str], tmp_path: Path) -> None:
    words = tuple(map(json.dumps, (served.url, issue(), served.engine.id("hugo"))))
    with HTTPServer(("127.0.0.1", 0), Page) as listening, chromium(tmp_path) as browser:
        answering = Thread(target=listening.serve_forever)
        answering.start()
        try:
            browser.go(f"http://127.0.0.1:{listening.server_port}/")
            browser.until("document.title == 'App'")
            browser.run(ASKING % words)
            browser.until("document.title != 'App'")
            said = json.loads(browser.run("document.title"))
        finally:
            listening.shutdown()
            answering.join()
    assert said.pop("etag").strip('"').isdigit()
    assert said == {
        "key": "hugo",
        "wrong": [404, True],
        "graphql": {"data": {"sites": {"totalCount": 1}}},
        "nobody": [401, True],
        "page": True,
        "cookies": True,
    }
