"""Plans, and applying them, of somebody who may do that on one site: the same whatever goes on elsewhere.

One and the same series of requests is sent in two worlds that differ by what is hidden from whoever asks: in one of
them others plan, apply and delete sites of their own, some at the keys that are asked for, keep topologies of the same
names, use the same idempotency keys, and have given the site another private value. But for ids and times, which are
random, the answers must be the same bytes. Only a private value that is guessed aright is not asked for: that a plan
leaves it as it is says that it is that.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx2
from msgspec.structs import replace

from api.app import create_app
from tests.api.building import Double
from tests.graphs import changeset, entity, party
from tests.noninterference.documents import CABIN, CABINS, documents
from twin.access.principals import SCOPES
from twin.access.tokens import OnBehalf
from twin.access.visibility import Visibilities
from twin.engine.annals import Annals
from twin.engine.authoring import Asked, Authoring
from twin.errors import NotFound, TwinError
from twin.graph.mirror import Mirror
from twin.graph.model import Actor, Create, Delete, Held, Link, Relation, Update
from twin.ids import mint
from twin.ontology.compile import compile_documents
from twin.source import Source
from twin.state.current import Current
from twin.times import now

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Builders", "keep_apart"]

_KEYS = (*["mine"] * 12, "other", "late", "nowhere", "mine/den-1", "other/den-1", "user:ana", "fleet:x")
_THEIRS = ("other", "late", "far")
_OTHERWISE = (("title: Cabin", "title: Hut"), ("title: Cabin", 'title: "${owner}"'), ("den-", "room-"))
_NAMES = ("Ruth", "Zoe")
_BUILDER = Actor("builder", "script")
_ID = re.compile(rb"[a-z2-7]{26}")
_POSITION = re.compile(rb"[\w-]{80,}")
"""It is sealed with something random."""
_TIME = re.compile(rb"20\d\d-\d\d-\d\dT[\d:.]+Z")
_PLAN = """mutation ($input: PlanInput!) { planTopology(input: $input) { __typename
    ... on PlanMade { plan { id site empty summary counts notes steps(first: 9) { totalCount nodes { sign kind path
        detail fields { name before after } } pageInfo { hasNextPage endCursor } } warnings { code } } }
    ... on PlanRefused { code message help diagnostics { code message help } } } }"""
_APPLY = """mutation ($plan: ID!, $delete: Boolean!, $key: String) {
    applyPlan(plan: $plan, allowDelete: $delete, idempotencyKey: $key) { __typename
    ... on ApplyBegun { job { id state done total error { code message } } }
    ... on ApplyRefused { code message help } } }"""


class Builders(Double):
    """A twin with a site that whoever asks may build on, and others that they may not know of."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.app = create_app(self)
        self.documents = documents()
        self.ontology = compile_documents(self.documents)

    async def begin(self, seed: int, *, busy: bool) -> None:
        """A twin anew; ``busy``: where something goes on out of sight."""
        self.dice, self._theirs, self._busy = random.Random(seed), random.Random(seed + 1), busy
        self.mirror = Mirror()
        self.visibilities = Visibilities(self.mirror, lambda: self.ontology)
        self.log.changes.clear()
        self.op_ids.clear()
        self.annals = Annals(self.log, self.mirror, self.positions, self.in_pool, self.in_pool)  # type: ignore[arg-type]
        self.authoring = Authoring(self.mirror, self.commit)
        self.follow(changeset(documents=self.documents))
        self.mirror.adopt(self.ontology)
        self.current: Any = Current(self.mirror, self.ontology)
        self.readings = self.current.readings
        who, private = self.dice.choice(["ana", "app"]), self.dice.random() < 0.4
        await self.build("mine", owner="Ruth" if private or not busy else "Zoe")
        self.change(Create(party("user", "ana")), Create(party("user", "ben")))
        self._token = self._authorize(who, private=private)
        for owner in ("builder", "an app"):
            with suppress(NotFound):
                self.topologies.forget(owner, "cabin")
        if busy:
            source = Source("theirs.yaml", CABIN.replace("title: Cabin", "title: Theirs"))
            for owner in ("builder", f"{self._client}:ben", "an app"):
                self.topologies.keep(owner, "cabin", "1.0.0", source)

    def _authorize(self, who: str, *, private: bool) -> str:
        """A token of a user who has a role on the site, or of a client that is bound to it."""
        scopes = frozenset(each for each in SCOPES if private or each != "twin:read-private")
        site = self.id("mine")
        self._client, _ = self.clients.add(f"app {mint()}", scopes, None if who == "ana" else frozenset({site}))
        if who == "ana":
            held = (Held("cabins/Owner" if private else "cabins/Keeper"),)
            self.change(Link(Relation(type="HAS_ROLE", source="ana", target=site, roles=held)))
        user = OnBehalf("ana", "let by ana", now()) if who == "ana" else None
        sites = None if who == "ana" else frozenset({site})
        issued = self.tokens.issue(self._client, scopes=scopes, sites=sites, generation=1, now=now(), user=user)
        return issued.token

    async def build(self, key: str, *, owner: str, dens: int = 2, kept: str | None = None) -> None:
        """Somebody who may touch everything makes a site, or changes it."""
        asked = Asked(
            topology=Source("cabin.yaml", CABIN),
            site=key,
            parameters={"owner": owner, "dens": dens},
            ontologies={"cabins": Source("cabins.yaml", CABINS)},
        )
        made = await self.authoring.plan("builder", asked, install=True, private=True)
        job = self.authoring.apply(made, _BUILDER, allow_delete=True, key=kept)
        if job.task is not None:
            await job.task

    async def go_on(self) -> None:
        """Something happens out of sight, in the world in which it does."""
        if not self._busy:
            return
        dice = self._theirs
        key = dice.choice(_THEIRS)
        site = self.mirror.by_path(key)
        what = dice.randrange(5)
        if what <= 1 or site is None:
            with suppress(TwinError):
                await self.build(key, owner=dice.choice(_NAMES), dens=dice.randrange(4), kept=dice.choice([None, "k1"]))
        elif what == 2:
            below = list(self.mirror.subtree(site.id))
            self.change(*(Delete(id=each) for each in reversed(below)))
        elif what == 3:
            self.change(Update(id=site.id, fields={"title": {"": dice.choice(_NAMES)}}))
        else:
            made = replace(entity(f"unfinished-{len(self.log.changes)}", "site", type="cabins/Cabin"), hidden=True)
            self.change(Create(made))

    # What is asked

    async def answers(self, count: int) -> list[tuple[str, bytes]]:
        """What somebody is answered who plans and applies, with ids by the order in which they come up."""
        transport = httpx2.ASGITransport(app=self.app)
        headers = {"Authorization": f"Bearer {self._token}"}
        found: list[tuple[str, bytes]] = []
        self._plans, self._jobs = ["z" * 26], ["z" * 26]
        async with httpx2.AsyncClient(transport=transport, base_url="http://twin.test", headers=headers) as http:
            for _ in range(count):
                await self.go_on()
                method, address, more = self._request()
                said = await http.request(method, address, **more)
                assert said.status_code < 500, said.text
                self._learn(said)
                told = json.dumps([said.status_code, sorted(said.headers.items())]).encode() + said.content
                found.append((f"{method} {address} {more}", told))
                await asyncio.gather(*self.authoring._tasks)
        await self.authoring.close()
        return _alike(found)

    def _learn(self, said: httpx2.Response) -> None:
        """Remember the plans and jobs that were made."""
        made = said.json() if said.content else {}
        inner = next(iter((made.get("data") or {}).values()), None) or made if isinstance(made, dict) else {}
        for name, kept in (("plan", self._plans), ("job", self._jobs)):
            if isinstance(inner.get(name), dict):
                kept.append(inner[name]["id"])
        if "steps" in made and said.status_code == 201:
            self._plans.append(made["id"])
        if said.status_code == 202:
            self._jobs.append(made["id"])

    def _request(self) -> tuple[str, str, dict[str, Any]]:
        return self.dice.choice([self._plan, self._plan, self._apply, self._apply, self._other])()

    def _plan(self) -> tuple[str, str, dict[str, Any]]:
        dice = self.dice
        key = dice.choice(_KEYS)
        document = dice.choice([CABIN, *(CABIN.replace(*each) for each in _OTHERWISE)])
        parameters: dict[str, Any] = {"dens": dice.randrange(4)} if dice.random() < 0.8 else {}
        parameters |= {"owner": "Ida"} if dice.random() < 0.5 else {}
        wish: dict[str, Any] = {"site": key, "parameters": parameters}
        wish |= {"topology": "cabin"} if dice.random() < 0.2 else {"document": document}
        wish |= {"take": "topology"} if dice.random() < 0.2 else {}
        wished = dice.random()
        if wished < 0.15:
            wish["ontologies"] = {"cabins": CABINS.replace("1.0.0", "1.0.1")}
        if wished < 0.6:
            return "POST", "/api/v1/plans", {"json": wish}
        named = [{"name": name, "document": text} for name, text in wish.get("ontologies", {}).items()]
        wish |= {"ontologies": named} if named else {}
        wish |= {"take": "TOPOLOGY"} if "take" in wish else {}
        return "POST", "/graphql", {"json": {"query": _PLAN, "variables": {"input": wish}}}

    def _apply(self) -> tuple[str, str, dict[str, Any]]:
        dice = self.dice
        plan, delete = dice.choice(self._plans[-3:]), dice.random() < 0.5
        key = dice.choice([None, None, "k1", "k2"])
        if dice.random() < 0.6:
            headers = {} if key is None else {"Idempotency-Key": key}
            return "POST", f"/api/v1/plans/{plan}/apply", {"json": {"allowDelete": delete}, "headers": headers}
        variables = {"plan": plan, "delete": delete, "key": key}
        return "POST", "/graphql", {"json": {"query": _APPLY, "variables": variables}}

    def _other(self) -> tuple[str, str, dict[str, Any]]:
        dice = self.dice
        key = quote(dice.choice(_KEYS), safe="")
        return dice.choice(
            [
                ("GET", f"/api/v1/plans/{dice.choice(self._plans)}?limit=2", {}),
                ("GET", f"/api/v1/jobs/{dice.choice(self._jobs)}", {}),
                ("GET", "/api/v1/topologies", {}),
                ("GET", "/api/v1/topologies/cabin", {}),
                ("POST", "/api/v1/topologies", {"json": {"document": CABIN}}),
                ("DELETE", "/api/v1/topologies/cabin", {}),
                ("GET", f"/api/v1/entities/{key}", {}),
                ("PATCH", f"/api/v1/entities/{key}", {"json": {"title": dice.choice(["Hut", "Cabin"])}}),
                ("GET", "/api/v1/spaces?limit=50", {}),
                ("GET", "/api/v1/ontologies", {}),
            ]
        )


def _alike(found: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Answers with the same ids, times and positions, whatever they were."""
    known: dict[bytes, bytes] = {}

    def name(match: re.Match[bytes]) -> bytes:
        return known.setdefault(match[0], f"{len(known):026}".encode())

    said = [(asked, _POSITION.sub(lambda match: b"%d sealed" % len(match[0]), told)) for asked, told in found]
    return [(asked, _TIME.sub(b"then", _ID.sub(name, told))) for asked, told in said]


def keep_apart(builders: Builders, seed: int, *, requests: int) -> int:
    """Raise where somebody is told of what goes on elsewhere; how many of their plans were made."""
    return asyncio.run(_kept_apart(builders, seed, requests))


async def _kept_apart(builders: Builders, seed: int, requests: int) -> int:
    told: list[list[tuple[str, bytes]]] = []
    for busy in (False, True):
        await builders.begin(seed, busy=busy)
        told.append(await builders.answers(requests))
    for number, ((asked, one), (_, other)) in enumerate(zip(*told, strict=True)):
        assert one == other, f"seed {seed}, request {number}: {asked}\n{one!r}\n{other!r}"
    return sum(b"[201" in answer or b"PlanMade" in answer for _, answer in told[0])
