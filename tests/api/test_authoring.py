"""Authoring through a server: documents checked and kept, plans made and carried out, hostile clients refused."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from twin.cli.serve import serving
from twin.settings import Settings
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twin.engine import Engine

CABINS = """ontology: cabins
version: 1.0.0
imports: { core: ^1.0 }
sites:
  Cabin: { is: Site, properties: { owner: { type: string, private: true } } }
  Barn: { is: Site, properties: { owner: { type: string } } }
spaces: { Den: { is: Space } }
devices:
  Lamp:
    is: Device
    status: { lit: { type: boolean } }
"""
CABIN = """topology: cabin
version: 1.0.0
uses: { cabins: ^1.0 }
parameters:
  dens: { type: integer, range: 0..100000, default: 2 }
  owner: { type: string, default: Ana }
site: { type: Cabin, title: Cabin, properties: { owner: "${owner}" } }
spaces:
  "den-${n}":
    each: { n: 1..dens }
    type: Den
    devices: { lamp: { type: Lamp } }
"""
WRITE, ALL = "twin:read twin:write", "twin:read twin:write twin:read-private"
PLAN = """mutation ($input: PlanInput!) { planTopology(input: $input) { __typename
    ... on PlanMade { plan { id site empty summary counts steps(first: 3) { totalCount nodes { sign kind path
        fields { name before after } } pageInfo { hasNextPage endCursor } } warnings { code } } }
    ... on PlanRefused { code message help diagnostics {
        code file line column message help severity suggestions related { line } } } } }"""
APPLY = """mutation ($plan: ID!, $delete: Boolean!, $key: String) {
    applyPlan(plan: $plan, allowDelete: $delete, idempotencyKey: $key) { __typename
    ... on ApplyBegun { job { id state done total error { code } } } ... on ApplyRefused { code message help } } }"""


class Web:
    """A whole twin, engine and web, on a loop in a thread."""

    def __init__(self, data: Path) -> None:
        self._settings = Settings(data=data, port=0, mqtt_port=0)
        self._ready, self._stop = Event(), asyncio.Event()
        self._apps: list[httpx2.Client] = []
        self._thread = Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        assert self._ready.wait(20)

    async def _run(self) -> None:
        async with serving(self._settings) as self.engine:
            self._loop = asyncio.get_running_loop()
            self._ready.set()
            await self._stop.wait()

    def close(self) -> None:
        for app in self._apps:
            app.close()
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)

    def app(self, scope: str = ALL, sites: tuple[str, ...] | None = None) -> httpx2.Client:
        """A client registered just now; ``sites`` by key."""
        engine: Engine = self.engine
        ids = None if sites is None else frozenset(found.id for key in sites if (found := engine.mirror.by_path(key)))
        scopes = frozenset(scope.split())
        client_id, _ = engine.clients.add(f"app-{time.monotonic_ns()}", scopes, ids)
        issued = engine.tokens.issue(client_id, scopes=scopes, sites=ids, generation=1, now=now())
        headers = {"Authorization": f"Bearer {issued.token}"}
        self._apps.append(httpx2.Client(base_url=engine.url, headers=headers, timeout=30))
        return self._apps[-1]


@contextmanager
def web(data: Path) -> Iterator[Web]:
    found = Web(data)
    try:
        yield found
    finally:
        found.close()


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with web(tmp_path_factory.mktemp("twin") / "data") as found:
        for key in ("hugo", "zola"):
            assert build(found.app(), key)["state"] == "done"
        yield found


def wish(key: str, **more: Any) -> dict[str, Any]:
    return {"site": key, "document": CABIN, "ontologies": {"cabins": CABINS}, **more}


def build(app: httpx2.Client, key: str, **more: Any) -> dict[str, Any]:
    """Plan and apply through REST; the job when it is over."""
    made = app.post("/api/v1/plans", json=wish(key, **more))
    assert made.status_code == 201, made.text
    begun = app.post(f"/api/v1/plans/{made.json()['id']}/apply", json={})
    assert begun.status_code == 202, begun.text
    return over(app, begun.json()["id"])


def over(app: httpx2.Client, job: str) -> dict[str, Any]:
    while True:
        found: dict[str, Any] = app.get(f"/api/v1/jobs/{job}").json()
        if found["state"] in {"done", "failed"}:
            return found
        time.sleep(0.01)


def ask(app: httpx2.Client, query: str, **variables: Any) -> Any:
    answer = app.post("/graphql", json={"query": query, "variables": variables}).json()
    assert "errors" not in answer, answer
    [found] = answer["data"].values()
    return found


def graphql_wish(key: str, **more: Any) -> dict[str, Any]:
    return {"site": key, "document": CABIN, "ontologies": [{"name": "cabins", "document": CABINS}], **more}


def test_a_site_is_made_and_changed_through_rest(twin: Web) -> None:
    app = twin.app()
    made = app.post("/api/v1/plans", json=wish("rest"))
    plan = made.json()
    assert made.headers["location"] == f"/api/v1/plans/{plan['id']}"
    assert (plan["topology"], plan["site"], plan["empty"], plan["counts"]["create"]) == ("cabin", "rest", False, 5)
    assert {step["sign"] for step in plan["steps"]} == {"+"}
    assert "Made at" not in plan["summary"]
    pages = [app.get(f"/api/v1/plans/{plan['id']}", params={"limit": 2}).json()]
    while pages[-1]["next"]:
        pages.append(app.get(pages[-1]["next"]).json())
    assert [step for page in pages for step in page["steps"]] == plan["steps"]
    begun = app.post(f"/api/v1/plans/{plan['id']}/apply", json={})
    assert begun.headers["location"] == f"/api/v1/jobs/{begun.json()['id']}"
    job = over(app, begun.json()["id"])
    assert (job["state"], job["error"], job["done"]) == ("done", None, job["total"])
    assert app.get("/api/v1/devices", params={"under": "rest"}).json()["items"][0]["path"] == "rest/den-1/lamp"
    again = app.post("/api/v1/plans", json=wish("rest")).json()
    assert (again["empty"], again["steps"]) == (True, [])
    assert build(app, "rest", parameters={"dens": 3})["state"] == "done"
    assert app.get("/api/v1/spaces", params={"ref": "rest/den-3"}).json()["items"]


def test_a_site_is_made_through_graphql(twin: Web) -> None:
    app = twin.app()
    made = ask(app, PLAN, input=graphql_wish("graph"))
    assert made["__typename"] == "PlanMade"
    steps = made["plan"]["steps"]
    assert (steps["totalCount"], len(steps["nodes"]), steps["nodes"][0]["sign"]) == (5, 3, "CREATE")
    applied = ask(app, APPLY, plan=made["plan"]["id"], delete=False)
    assert (applied["job"]["state"], applied["job"]["error"]) == ("DONE", None)
    query = "query ($id: ID!) { job(id: $id) { state plan site done finishedAt } }"
    assert ask(app, query, id=applied["job"]["id"])["site"] == "graph"
    site = ask(app, '{ entity(ref: "graph") { ... on Cabin { owner made { topology version parameters } } } }')
    assert site["owner"] == "Ana"
    assert (site["made"]["topology"], site["made"]["parameters"]["dens"]) == ("cabin", 2)


def test_every_mistake_is_told_with_its_place(twin: Web) -> None:
    app = twin.app()
    wrong = CABIN.replace("type: Lamp", "type: Lmap").replace("type: Den\n", "type: Hen\n")
    refused = ask(app, PLAN, input=graphql_wish("wrong", document=wrong, file="cabin.yaml"))
    assert (refused["__typename"], refused["code"]) == ("PlanRefused", "document.invalid")
    places = [(each["code"], each["file"], each["line"]) for each in refused["diagnostics"]]
    assert places == [("type.unknown", "cabin.yaml", 11), ("type.unknown", "cabin.yaml", 12)]
    assert refused["diagnostics"][1]["suggestions"] == ["Lamp"]
    answer = app.post("/api/v1/plans", json=wish("wrong", document=wrong, file="cabin.yaml"))
    assert (answer.status_code, answer.json()["code"]) == (422, "document.invalid")
    assert [(each["code"], each["file"], each["line"]) for each in answer.json()["diagnostics"]] == places


def test_deletions_need_a_yes(twin: Web) -> None:
    app = twin.app()
    build(app, "less")
    made = ask(app, PLAN, input=graphql_wish("less", parameters={"dens": 1}))
    refused = ask(app, APPLY, plan=made["plan"]["id"], delete=False)
    assert (refused["__typename"], refused["code"]) == ("ApplyRefused", "plan.deletes")
    assert ask(app, APPLY, plan=made["plan"]["id"], delete=True)["job"]["state"] == "DONE"


def test_a_plan_is_stale_once_its_site_has_changed(twin: Web) -> None:
    app = twin.app()
    build(app, "stale")
    first = app.post("/api/v1/plans", json=wish("stale", parameters={"dens": 3})).json()
    build(app, "stale", parameters={"dens": 4})
    answer = app.post(f"/api/v1/plans/{first['id']}/apply", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "plan.stale")
    new = [app.post("/api/v1/plans", json=wish("race")).json()["id"] for _ in range(2)]
    assert over(app, app.post(f"/api/v1/plans/{new[0]}/apply", json={}).json()["id"])["state"] == "done"
    assert app.post(f"/api/v1/plans/{new[1]}/apply", json={}).json()["code"] == "plan.stale"


def test_applying_many_times_at_once_is_one_job(twin: Web) -> None:
    app = twin.app()
    plan = app.post("/api/v1/plans", json=wish("once", parameters={"dens": 2000})).json()["id"]

    def begin(number: int) -> str:
        answer = app.post(f"/api/v1/plans/{plan}/apply", json={}, headers={"Idempotency-Key": f"k{number % 2}"})
        return str(answer.json()["id"])

    with ThreadPoolExecutor(8) as pool:
        [job] = set(pool.map(begin, range(8)))
    done = over(app, job)
    assert (done["state"], done["done"]) == ("done", done["total"])
    assert app.get("/api/v1/spaces", params={"under": "once", "limit": 1000}).json()["next"]


def test_an_idempotency_key_is_for_one_plan(twin: Web) -> None:
    app = twin.app()
    first, second = (app.post("/api/v1/plans", json=wish(key)).json()["id"] for key in ("key-a", "key-b"))
    headers = {"Idempotency-Key": "the same"}
    job = app.post(f"/api/v1/plans/{first}/apply", json={}, headers=headers).json()
    over(app, job["id"])
    assert app.post(f"/api/v1/plans/{first}/apply", json={}, headers=headers).json()["id"] == job["id"]
    reused = app.post(f"/api/v1/plans/{second}/apply", json={}, headers=headers)
    assert (reused.status_code, reused.json()["code"]) == (409, "key.reused")
    assert ask(app, APPLY, plan=second, delete=False, key="the same")["code"] == "key.reused"
    other = ask(app, APPLY, plan=second, delete=False, key="")
    assert other["code"] == "key.invalid"


def test_plans_and_jobs_of_others_do_not_exist(twin: Web) -> None:
    mine, other = twin.app(), twin.app()
    plan = mine.post("/api/v1/plans", json=wish("mine")).json()["id"]
    job = mine.post(f"/api/v1/plans/{plan}/apply", json={}).json()["id"]
    over(mine, job)
    for path, name in (("/api/v1/plans/{}", plan), ("/api/v1/jobs/{}", job)):
        theirs, nobodys = other.get(path.format(name)), other.get(path.format("a" * 26))
        assert (theirs.status_code, theirs.content) == (404, nobodys.content)
    theirs, nobodys = (other.post(f"/api/v1/plans/{name}/apply", json={}) for name in (plan, "a" * 26))
    assert (theirs.status_code, theirs.content) == (404, nobodys.content)
    assert ask(other, APPLY, plan=plan, delete=False) == ask(other, APPLY, plan="a" * 26, delete=False)
    assert ask(other, "query ($id: ID!) { plan(id: $id) { id } }", id=plan) is None
    assert ask(other, "query ($id: ID!) { job(id: $id) { id } }", id=job) is None


def test_a_client_bound_to_sites_plans_for_these_only(twin: Web) -> None:
    app = twin.app(ALL, ("hugo",))
    assert app.post("/api/v1/plans", json=wish("hugo", parameters={"dens": 3})).status_code == 201
    answers = {
        key: [app.post("/api/v1/plans", json=wish(key)).content, ask(app, PLAN, input=graphql_wish(key))]
        for key in ("zola", "nobody", "hugo/den-1", "NOT A KEY")
    }
    assert all(each == answers["nobody"] for each in answers.values())
    assert answers["zola"][1]["code"] == "site.unknown"


def test_a_client_bound_to_sites_changes_no_ontology(twin: Web) -> None:
    app = twin.app(ALL, ("hugo",))
    bare = CABINS.replace("private: true", "private: false").replace("1.0.0", "1.0.1")
    answer = app.post("/api/v1/plans", json=wish("hugo", ontologies={"cabins": bare}))
    assert (answer.status_code, answer.json()["code"]) == (403, "ontology.foreign")


def test_what_is_in_force_needs_not_be_sent(twin: Web) -> None:
    made = twin.app(ALL, ("hugo",)).post("/api/v1/plans", json={"site": "hugo", "document": CABIN})
    assert (made.status_code, made.json()["empty"]) == (201, True)


def test_private_fields_are_withheld(twin: Web) -> None:
    said = wish("hugo", parameters={"owner": "Zoe"})
    shown, withheld = (twin.app(scope, ("hugo",)).post("/api/v1/plans", json=said) for scope in (ALL, WRITE))
    assert "Ana" in shown.text
    assert "Zoe" in shown.text
    assert "Ana" not in withheld.text
    assert "Zoe" not in withheld.text
    assert [step["path"] for step in shown.json()["steps"]] == [step["path"] for step in withheld.json()["steps"]]


@pytest.mark.parametrize("scope", ["twin:read", "twin:write", "telemetry:write"])
def test_both_scopes_are_needed(twin: Web, scope: str) -> None:
    app = twin.app(scope)
    for method, path in (
        ("POST", "/plans"),
        ("GET", "/plans/x"),
        ("POST", "/plans/x/apply"),
        ("GET", "/jobs/x"),
        ("POST", "/ontologies"),
        ("GET", "/topologies"),
        ("POST", "/topologies"),
        ("DELETE", "/topologies/x"),
    ):
        answer = app.request(method, f"/api/v1{path}", json={} if method == "POST" else None)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope.insufficient"), path
    said = app.post("/graphql", json={"query": PLAN, "variables": {"input": graphql_wish("x")}}).json()
    assert "scope.insufficient" in {said.get("code"), *(each["extensions"]["code"] for each in said.get("errors", ()))}


def test_topologies_are_kept_for_the_client_that_left_them(twin: Web) -> None:
    app, other = twin.app(), twin.app()
    checked = app.post("/api/v1/topologies", json={"document": CABIN, "file": "cabin.yaml", "keep": False}).json()
    assert (checked["valid"], checked["kept"], checked["name"]) == (True, False, "cabin")
    assert app.get("/api/v1/topologies").json()["items"] == []
    wrong = app.post("/api/v1/topologies", json={"document": CABIN.replace("Lamp", "Lmap")}).json()
    assert (wrong["valid"], wrong["kept"], wrong["diagnostics"][0]["code"]) == (False, False, "type.unknown")
    assert app.post("/api/v1/topologies", json={"document": CABIN}).json()["kept"]
    assert app.get("/api/v1/topologies").json()["items"][0]["name"] == "cabin"
    assert app.get("/api/v1/topologies/cabin").json()["document"] == CABIN
    assert app.post("/api/v1/plans", json={"site": "kept", "topology": "cabin"}).status_code == 201
    for path in ("/api/v1/topologies/cabin", "/api/v1/topologies/none"):
        assert other.get(path).status_code == 404
        assert other.delete(path).status_code == 404
    assert other.post("/api/v1/plans", json={"site": "kept", "topology": "cabin"}).json()["code"] == "topology.unknown"
    assert app.delete("/api/v1/topologies/cabin").status_code == 204
    assert app.get("/api/v1/topologies/cabin").json()["code"] == "topology.unknown"


def test_ontologies_in_force_are_listed_and_others_are_checked(twin: Web) -> None:
    app = twin.app()
    assert {"core", "cabins"} <= {each["name"] for each in app.get("/api/v1/ontologies").json()["items"]}
    found = app.get("/api/v1/ontologies/cabins").json()
    assert [each["name"] for each in found["types"]] == ["Cabin", "Barn", "Den", "Lamp"]
    assert found["types"][0]["properties"][-1]["private"]
    assert app.get("/api/v1/ontologies/none").json()["code"] == "ontology.unknown"
    assert app.post("/api/v1/ontologies", json={"document": CABINS}).json()["valid"]
    wrong = app.post("/api/v1/ontologies", json={"document": CABINS.replace("boolean", "bolean")}).json()
    assert (wrong["valid"], wrong["name"]) == (False, None)
    assert wrong["diagnostics"][0]["line"] == 11


BOMB = "topology: b\na: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(8)
)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"document": BOMB}, "alias.bomb"),
        ({"document": "topology: d\nx: " + "[" * 500 + "]" * 500}, "yaml.deep"),
        ({"document": "topology: n\n" + "x: 1\n" * 2}, "key.duplicate"),
        ({"document": CABIN.replace("cabins: ^1.0", '"../../../../etc/x": ^1.0')}, ""),
        ({"parameters": {"dens": 100_000_000}}, "parameter.invalid"),
        ({"parameters": {"dens": {"a": [1]}}}, ""),
        ({"tables": {"dens": "a,b\n"}}, ""),
    ],
)
def test_hostile_documents_are_diagnosed(twin: Web, more: dict[str, Any], code: str) -> None:
    answer = twin.app().post("/api/v1/plans", json=wish("hostile", **more))
    assert answer.status_code in {400, 422}, answer.text
    assert "Traceback" not in answer.text
    assert not code or code in {each["code"] for each in answer.json()["diagnostics"]}


def test_what_is_too_large_is_not_read(twin: Web) -> None:
    app = twin.app()
    rows = "key,serial\n" + "".join(f"{n},x\n" for n in range(1_000_000))
    assert len(rows) > 8_000_000
    assert app.post("/api/v1/plans", json=wish("large", tables={"dens": rows})).status_code == 413
    assert app.post("/graphql", json={"query": PLAN, "variables": {"input": {"document": rows}}}).status_code == 413
    cells = "key,serial\n" + ",\n" * 600_000
    many = CABIN.replace(
        "parameters:\n", "parameters:\n  meters: { type: table, key: key, columns: { serial: string } }\n"
    )
    many = many.replace("title: Cabin", 'title: "${meters[dens].serial}"')
    answer = app.post("/api/v1/plans", json=wish("large", document=many, tables={"meters": cells}))
    assert "sheet.large" in {each["code"] for each in answer.json()["diagnostics"]}


@pytest.mark.parametrize(
    "body",
    [b"[1]", b'{"site": 3}', b'{"site": "x", "extra": 1}', b"{", b'{"site": "x", "take": "both"}', b"[" * 100_000],
)
def test_bodies_that_mean_nothing(twin: Web, body: bytes) -> None:
    answer = twin.app().post("/api/v1/plans", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["code"] in {"value.invalid", "body.unreadable"}


def test_more_mistakes_than_anybody_reads_are_not_told(twin: Web) -> None:
    many = CABIN + "".join(f"  hut-{n}: {{ type: None }}\n" for n in range(3000))
    answer = twin.app().post("/api/v1/plans", json=wish("many", document=many))
    assert (answer.status_code, answer.json()["detail"]) == (422, "3000 errors in the documents")
    assert len(answer.json()["diagnostics"]) == 500
    refused = ask(twin.app(), PLAN, input=graphql_wish("many", document=many))
    assert len(refused["diagnostics"]) == 500


def test_a_document_or_a_kept_one(twin: Web) -> None:
    app = twin.app()
    for more in ({}, {"document": CABIN, "topology": "cabin"}):
        answer = app.post("/api/v1/plans", json={"site": "x", **more})
        assert (answer.status_code, answer.json()["code"]) == (400, "value.invalid")
    refused = ask(app, PLAN, input={"site": "x", "document": CABIN, "parameters": [1]})
    assert refused["code"] == "value.invalid"


def test_others_are_answered_while_a_large_plan_is_made_and_applied(tmp_path: Path) -> None:
    with web(tmp_path / "data") as twin:
        app = twin.app()
        plan = app.post("/api/v1/plans", json=wish("large", parameters={"dens": 6000})).json()
        job = app.post(f"/api/v1/plans/{plan['id']}/apply", json={}).json()
        seen = {job["state"]}
        while job["state"] not in {"done", "failed"}:
            job = app.get(f"/api/v1/jobs/{job['id']}").json()
            seen.add(job["state"])
            assert app.get("/healthz").status_code == 200
            site = app.get("/api/v1/sites", params={"ref": "large"}).json()["items"]
            assert bool(site) == (job["state"] == "done") or job["state"] == "running"
        assert (job["state"], job["done"], "running" in seen) == ("done", job["total"], True)
        assert twin.engine.mirror.by_path("large/den-6000/lamp") is not None


def test_what_was_kept_in_memory_is_gone_after_a_restart_and_the_rest_is_not(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with web(data) as twin:
        app = twin.app()
        build(app, "here")
        app.post("/api/v1/topologies", json={"document": CABIN})
        plan = app.post("/api/v1/plans", json=wish("here", parameters={"dens": 5})).json()["id"]
        headers = app.headers
        url = twin.engine.url
    with web(data) as twin:
        assert twin.engine.url != url
        [client] = twin.engine.clients.list()
        issued = twin.engine.tokens.issue(
            client.client_id, scopes=client.scopes, sites=None, generation=client.generation, now=now()
        )
        headers = {"Authorization": f"Bearer {issued.token}"}
        with httpx2.Client(base_url=twin.engine.url, headers=headers) as app:
            assert app.post(f"/api/v1/plans/{plan}/apply", json={}).json()["code"] == "plan.unknown"
            assert app.get("/api/v1/topologies").json()["items"][0]["name"] == "cabin"
            assert app.post("/api/v1/plans", json={"site": "here", "topology": "cabin"}).json()["empty"]


def test_what_was_applied_before_is_not_told_to_who_may_not_read_what_is_private(twin: Web) -> None:
    assert build(twin.app(), "ruth", parameters={"owner": "Ruth"})["state"] == "done"
    weak = twin.app(WRITE, ("ruth",))
    for document in (
        CABIN.replace("title: Cabin,", 'title: "${owner}",'),
        CABIN.replace("type: string, default: Ana", "type: integer"),
        CABIN.replace('"den-${n}":', '"den-${owner}-${n}":'),
    ):
        refused = weak.post("/api/v1/plans", json=wish("ruth", document=document))
        assert refused.status_code == 422
        assert "Ruth" not in refused.text
        assert [each["code"] for each in refused.json()["diagnostics"]] == ["parameter.missing"]
        told = twin.app(ALL, ("ruth",)).post("/api/v1/plans", json=wish("ruth", document=document))
        assert "Ruth" in told.text
    assert weak.post("/api/v1/plans", json=wish("ruth", parameters={"owner": "Zoe"})).status_code == 201


def test_an_ontology_is_not_changed_by_who_may_not_read_what_is_private(twin: Web) -> None:
    told = CABINS.replace("private: true", "private: false").replace("version: 1.0.0", "version: 2.0.0")
    document = CABIN.replace("^1.0", "^2.0")
    said = {"site": "open", "document": document, "ontologies": {"cabins": told}}
    refused = twin.app(WRITE).post("/api/v1/plans", json=said)
    assert (refused.status_code, refused.json()["code"]) == (403, "ontology.foreign")
    assert twin.app(WRITE).post("/api/v1/plans", json=wish("more")).status_code == 201


def test_what_is_private_is_not_opened_by_another_type(twin: Web) -> None:
    assert build(twin.app(), "rolf", parameters={"owner": "Rolf"})["state"] == "done"
    barn = CABIN.replace("type: Cabin", "type: Barn").replace('properties: { owner: "${owner}" }', "")
    said = wish("rolf", document=barn, parameters={"owner": "x", "dens": 2})
    refused = twin.app(WRITE, ("rolf",)).post("/api/v1/plans", json=said)
    assert (refused.status_code, refused.json()["code"]) == (403, "type.reveals")
    assert twin.app(ALL, ("rolf",)).post("/api/v1/plans", json=said).status_code == 201
    kept = wish("rolf", parameters={"owner": "x", "dens": 3})
    assert twin.app(WRITE, ("rolf",)).post("/api/v1/plans", json=kept).status_code == 201


def test_where_the_documents_lie_is_not_told(twin: Web) -> None:
    app = twin.app(ALL, ("hugo",))
    for document in (CABIN.replace("{ owner:", "{ ownr:"), CABIN.replace("{ type: Lamp }", "{ type: Lamp, asset: 3 }")):
        refused = app.post("/api/v1/plans", json=wish("hugo", document=document, ontologies={})).json()
        files = {related["file"] for each in refused.get("diagnostics", ()) for related in each["related"]}
        assert files <= {"cabins.yaml", "core.yaml"}
    found = app.post("/api/v1/plans", json=wish("hugo", document=CABIN.replace("{ owner:", "{ ownr:"), ontologies={}))
    assert found.json()["diagnostics"][0]["related"][0]["file"] == "cabins.yaml"
