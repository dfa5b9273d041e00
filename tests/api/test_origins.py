"""Pages that have an origin of their own answer there alone, and nothing else does."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from api.origins import Origins
from tests.api.conftest import Served
from twin.engine.authorizing import open_authority
from twin.errors import InvalidValue
from twin.records import Records
from twin.settings import Settings

PAGES = "https://account.test"
HERE, THERE = {"Host": "twin.test"}, {"Host": "account.test"}


@pytest.fixture
def apart(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served.engine.authority, "pages", PAGES)


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize(
    "address", ["/login", "/account", "/device", "/account/password?link=x", "/oauth/authorize?client_id=x"]
)
def test_a_page_is_where_people_are_and_nowhere_else(anyone: httpx2.Client, address: str) -> None:
    assert anyone.get(address, headers=THERE).headers.get("location", "/").startswith("/")
    sent = anyone.get(address, headers=HERE)
    assert (sent.status_code, sent.headers["location"]) == (303, PAGES + address)
    refused = anyone.post(address, headers=HERE)
    assert (refused.status_code, refused.json()["code"]) == (404, "path.unknown")


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize("host", ["account.test", "account.test:443"])
def test_nothing_else_is_there(anyone: httpx2.Client, host: str) -> None:
    there = {"Host": host}
    nothing = anyone.get("/nothing", headers=HERE)
    for address in ("/api/v1/sites", "/graphql", "/docs", "/oauth/jwks.json", "/metrics", "/", "/nothing"):
        for method in ("GET", "POST"):
            answer = anyone.request(method, address, headers=there)
            assert (answer.status_code, answer.content) == (404, nothing.content), address
    assert anyone.post("/oauth/token", headers=there).status_code == 404
    assert anyone.get("/login", headers=there).status_code == 200


@pytest.mark.usefixtures("apart")
def test_a_form_counts_where_it_was_shown(served: Served, anyone: httpx2.Client) -> None:
    shown = anyone.get("/login", headers=THERE)
    assert shown.headers["set-cookie"].startswith("__Host-twin=")
    said = {"proof": shown.text.partition('name="proof" value="')[2][:64], "email": "x@example.com", "password": "x"}
    cookie = shown.headers["set-cookie"].partition(";")[0]
    for origin, status in (("https://twin.test", 403), (PAGES, 401)):
        sent = {**THERE, "Origin": origin, "Cookie": cookie}
        assert anyone.post("/login", data=said, headers=sent).status_code == status


@pytest.mark.usefixtures("apart")
def test_programs_are_told_where_people_go(anyone: httpx2.Client) -> None:
    for name in ("oauth-authorization-server", "openid-configuration"):
        said = anyone.get(f"/.well-known/{name}", headers=HERE).json()
        assert said["authorization_endpoint"] == f"{PAGES}/oauth/authorize"
        assert said["issuer"] == "http://twin.test"
        assert said["token_endpoint"] == "http://twin.test/oauth/token"


def test_a_socket_is_not_opened_among_the_pages() -> None:
    sent: list[Any] = []

    async def app(*_: object) -> None:
        sent.append("let through")

    async def send(message: Any) -> None:
        sent.append(message["type"])

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    authority = SimpleNamespace(pages=PAGES, issuer="https://twin.test")
    state = SimpleNamespace(engine=SimpleNamespace(authority=authority))
    asked = {"type": "websocket", "path": "/graphql", "app": SimpleNamespace(state=state)}
    for host in (b"account.test", b"twin.test"):
        asyncio.run(Origins(app, pages={"/login"})({**asked, "headers": [(b"host", host)]}, receive, send))
    assert sent == ["websocket.close", "let through"]


@pytest.mark.parametrize(
    "address", ["account.test", "ftp://account.test", "https://a.test/x", "https://u@a.test", "https://twin.test", "x"]
)
def test_what_is_no_origin_of_their_own_is_refused(tmp_path: Any, address: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        _opened(tmp_path, address)
    assert refused.value.code_ == "account.url"


@pytest.mark.parametrize(("address", "pages"), [("", "https://twin.test"), ("https://a.test/", "https://a.test")])
def test_an_origin_is_taken_as_it_is(tmp_path: Any, address: str, pages: str) -> None:
    assert _opened(tmp_path, address) == pages


def _opened(folder: Any, address: str) -> str:
    records = Records(folder / "records.sqlite")

    async def opened() -> str:
        settings = Settings(data=folder, account_url=address)
        graph: Any = None
        return open_authority(records, "https://twin.test", folder, settings, graph).pages

    try:
        return asyncio.run(opened())
    finally:
        records.close()
