"""Our side is down: writes say so with a time to wait and nothing of where our things lie, reads go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from api.problems import CODES
from tests.api.conftest import Served, token
from twin.errors import BackendError, OutcomeUnknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECRET = "/srv/secret/place/twin.sqlite"
UPDATE = 'mutation { updateEntity(ref: "hugo/flat", title: "Home") { __typename } }'
READ = '{ entity(ref: "hugo/flat") { title } }'
MODERN = "application/graphql-response+json"


def down(code: str = "store.full") -> BackendError:
    return BackendError(f"there is no room for {SECRET}", code=code, help=f"look at {SECRET}", path=SECRET)


@pytest.fixture
def writer(fresh: Served) -> Iterator[httpx2.Client]:
    everything = "twin:read twin:write twin:read-private"
    headers = {"Authorization": f"Bearer {token(fresh, everything, None)}"}
    with httpx2.Client(base_url=fresh.url, headers=headers) as client:
        yield client


def failing(served: Served, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    async def commit(_: object) -> None:
        raise error

    monkeypatch.setattr(served.engine, "commit", commit)


def rest(served: Served, client: httpx2.Client) -> httpx2.Response:
    return client.patch(f"/api/v1/entities/{served.engine.id('hugo/flat')}", json={"title": "Home"})


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (down(), "store.full"),
        (down("store.busy"), "store.busy"),
        (down("store.closed"), "backend.unavailable"),
        (down("journal.unavailable"), "backend.unavailable"),
        (OutcomeUnknown("nobody knows", op_id="x", reason=f"{SECRET} is full"), "commit.unknown"),
    ],
)
def test_a_write_that_cannot_be_kept_says_when_to_try_again(
    fresh: Served, writer: httpx2.Client, monkeypatch: pytest.MonkeyPatch, error: BackendError, code: str
) -> None:
    failing(fresh, monkeypatch, error)
    answer = rest(fresh, writer)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert (answer.json()["code"], "secret" in answer.text) == (code, False)
    assert answer.json().get("help") or code == "commit.unknown"
    for accept, status in ((MODERN, 503), ("application/json", 200)):
        answer = writer.post("/graphql", json={"query": UPDATE}, headers={"Accept": accept})
        assert (answer.status_code, answer.headers.get("retry-after")) == (status, "2" if status == 503 else None)
        (said,) = answer.json()["errors"]
        assert (said["extensions"]["code"], said["extensions"]["retryAfter"]) == (code, 2)
        assert "secret" not in answer.text


def test_part_of_an_answer_is_an_answer(fresh: Served, writer: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = writer.post("/graphql", json={"query": READ}, headers={"Accept": MODERN})
    assert answer.status_code == 200
    wrong = writer.post("/graphql", json={"query": "{ nothing }"}, headers={"Accept": MODERN})
    assert (wrong.status_code, "retry-after" in wrong.headers) == (400, False)


def test_reads_go_on(fresh: Served, writer: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(fresh, monkeypatch, down())
    fresh.engine.parts["store"] = "there is no room"
    for path in ("/api/v1/sites", "/api/v1/devices?limit=2", "/docs", "/healthz", "/metrics"):
        assert writer.get(path).status_code == 200, path
    assert writer.post("/graphql", json={"query": READ}).json()["data"]["entity"]["title"] == "Flat"
    ready = writer.get("/readyz")
    assert (ready.status_code, ready.headers["retry-after"]) == (503, "2")
    assert ready.json()["parts"]["store"] == "there is no room"


def records(monkeypatch: pytest.MonkeyPatch, owner: Any, *names: str) -> None:
    """Every method of these fails as one whose records cannot be used."""

    def fail(*_: object, **__: object) -> None:
        raise down("records.unavailable")

    for name in names:
        monkeypatch.setattr(owner, name, fail)


ASKED: list[tuple[str, Callable[[httpx2.Client], httpx2.Response]]] = [
    ("deadletters", lambda app: app.get("/api/v1/deadletters")),
    ("deadletters", lambda app: app.get("/api/v1/deadletters/1")),
    ("topologies", lambda app: app.get("/api/v1/topologies")),
    ("topologies", lambda app: app.get("/api/v1/topologies/flat")),
    ("topologies", lambda app: app.delete("/api/v1/topologies/flat")),
    ("topologies", lambda app: app.post("/api/v1/plans", json={"site": "new", "topology": "flat"})),
]


@pytest.mark.parametrize("number", range(len(ASKED)))
def test_records_that_cannot_be_used_are_503(
    fresh: Served, writer: httpx2.Client, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    part, ask = ASKED[number]
    records(monkeypatch, fresh.engine.deadletters, "list", "show")
    records(monkeypatch, fresh.engine.topologies, "get", "list", "forget")
    answer = ask(writer)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2"), (part, answer.text)
    assert answer.json()["code"] == "records.unavailable"
    assert answer.json()["detail"] == CODES["records.unavailable"]
    assert "secret" not in answer.text


def test_a_token_that_cannot_be_looked_up_is_503(fresh: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    client_id, secret = fresh.engine.clients.add("new", ["twin:read"], None)
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    records(monkeypatch, fresh.engine.clients, "authenticate")
    answer = httpx2.post(f"{fresh.url}/oauth/token", data=form)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2"), answer.text
