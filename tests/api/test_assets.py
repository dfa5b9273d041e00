"""Assets over REST and GraphQL: who may do what with them, and what a stranger may learn."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from tests.api.conftest import token
from tests.graphs import party
from twin.access.audit import Filter
from twin.access.boxes import Box
from twin.access.placing import in_place
from twin.graph.model import HAS_ROLE, MANAGES, Create, Held, Link, Relation
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.api.conftest import Served

BOTH = "twin:read twin:write"
CODE = "7KQM-2FXH-9RTB"


def http(served: Served, bearer: str) -> httpx2.Client:
    return httpx2.Client(base_url=served.url, headers={"Authorization": f"Bearer {bearer}"})


def person(served: Served, name: str, *on: str, scopes: str = BOTH, sites: tuple[str, ...] = ()) -> httpx2.Client:
    """Somebody who is owner of these (by path), and lets an app touch all of these sites."""
    engine = served.engine

    def give() -> None:
        held = (Held("home/Owner"),)
        entries: list[Any] = [Create(party("user", name))]
        entries += [Link(Relation(type=HAS_ROLE, source=name, target=engine.id(each), roles=held)) for each in on]
        engine.change(*entries)

    served.on_loop(give)
    client_id = engine.clients.add(f"app of {name}", scopes.split(), None)[0]
    issued = engine.tokens.issue(
        client_id,
        scopes=frozenset(scopes.split()),
        sites=frozenset(map(engine.id, sites)),
        generation=1,
        now=now(),
        user=_on_behalf(name),
    )
    return http(served, issued.token)


def _on_behalf(name: str) -> Any:
    from twin.access.tokens import OnBehalf

    return OnBehalf(name, f"authorization of {name}", now())


@pytest.fixture
def operator(fresh: Served) -> Iterator[httpx2.Client]:
    """Runs the twin; the fleet north owns the assets, and manages hugo."""
    engine = fresh.engine

    def build() -> None:
        managed = Relation(type=MANAGES, source="north", target=engine.id("hugo"))
        engine.change(Create(party("fleet", "north")), Create(party("fleet", "south")), Link(managed))

    fresh.on_loop(build)
    with http(fresh, token(fresh, BOTH, None)) as made:
        yield made


def declare(client: httpx2.Client, *serials: str, code: str = CODE, **said: str) -> list[Any]:
    said = {"type": "Box", "fleet": "north", "claimCode": code} | said
    answered = client.post("/api/v1/assets", json={"assets": [{"serial": each, **said} for each in serials]})
    assert answered.status_code == 200, answered.text
    return list(answered.json()["items"])


def claim(client: httpx2.Client, serial: str, code: str = CODE, at: str = "hugo/box") -> httpx2.Response:
    return client.post(f"/api/v1/assets/{serial}/claim", json={"code": code, "at": at})


def said(answer: httpx2.Response) -> tuple[Any, ...]:
    """What an answer tells, but for the id of the request."""
    body = answer.json()
    return answer.status_code, body["code"], body["detail"], body.get("help")


def test_an_asset_is_declared_claimed_replaced_and_released(fresh: Served, operator: httpx2.Client) -> None:
    old, new = declare(operator, "EB-1", "EB-2", vendor="Velio")
    assert (old["state"], old["fleet"], old["place"], old["claimCode"]) == ("declared", "north", None, None)
    claimed = claim(operator, "EB-1").json()
    assert (claimed["state"], claimed["place"]["path"]) == ("claimed", "hugo/box")
    assert claim(operator, "EB-1").json() == claimed
    box = fresh.engine.id("hugo/box")
    assert operator.get(f"/api/v1/entities/{box}").json()["serial"] == "EB-1"
    replaced = operator.post("/api/v1/assets/EB-1/replace", json={"serial": "EB-2", "code": "7kqm2fxh9rtb"}).json()
    assert (replaced["serial"], replaced["place"]["id"]) == ("EB-2", box)
    assert fresh.engine.mirror.declared.asset_of(box) == new["id"]
    assert [each["state"] for each in operator.get("/api/v1/assets").json()["items"]] == ["declared", "claimed"]
    assert [each["serial"] for each in operator.get("/api/v1/assets?state=claimed").json()["items"]] == ["EB-2"]
    assert operator.post("/api/v1/assets/EB-2/release").json()["state"] == "declared"
    assert operator.post("/api/v1/assets/EB-2/release").status_code == 200
    assert operator.get(f"/api/v1/entities/{box}").json()["serial"] is None
    summaries = [each.changeset.summary for each in fresh.engine.log.changes][-4:]
    assert summaries[1:] == ["claim EB-1 as hugo/box", "replace EB-1 by EB-2", "release EB-2"]


def test_a_box_is_out_as_soon_as_it_is_blocked_released_or_replaced(fresh: Served, operator: httpx2.Client) -> None:
    old, new = declare(operator, "EB-1", "EB-2")
    claim(operator, "EB-1")
    mirror, place = fresh.engine.mirror, fresh.engine.id("hugo/box")
    before, after = Box(old["id"], place), Box(new["id"], place)
    assert in_place(mirror, before)
    assert operator.post("/api/v1/assets/EB-1/block").json()["state"] == "blocked"
    assert not in_place(mirror, before)
    assert operator.post("/api/v1/assets/EB-1/unblock").json()["state"] == "claimed"
    assert in_place(mirror, before)
    operator.post("/api/v1/assets/EB-1/replace", json={"serial": "EB-2", "code": CODE})
    assert (in_place(mirror, before), in_place(mirror, after)) == (False, True)
    operator.post("/api/v1/assets/EB-2/release")
    assert not in_place(mirror, after)


def test_what_is_removed_is_gone_with_its_code(fresh: Served, operator: httpx2.Client) -> None:
    first, _ = declare(operator, "EB-1", "EB-2")
    claim(operator, "EB-1", at="zola/box")
    assert said(operator.delete("/api/v1/assets/EB-1"))[:2] == (409, "asset.claimed")
    with person(fresh, "zoe", "zola", sites=("zola",)) as zoe:
        assert said(zoe.delete("/api/v1/assets/EB-1"))[:2] == (403, "role.insufficient")
        assert said(zoe.delete("/api/v1/assets/EB-2"))[:2] == (404, "asset.unknown")
        operator.post("/api/v1/assets/EB-1/release")
        assert said(zoe.delete("/api/v1/assets/EB-1"))[:2] == (404, "asset.unknown")
    gone = operator.delete("/api/v1/assets/EB-1")
    assert (gone.status_code, gone.json()["id"], gone.json()["state"]) == (200, first["id"], "declared")
    assert said(operator.delete("/api/v1/assets/EB-1"))[:2] == (404, "asset.unknown")
    assert said(claim(operator, "EB-1", at="zola/box"))[1] == "claim.refused"
    (again,) = declare(operator, "EB-1", code="")
    assert again["id"] != first["id"]
    assert again["claimCode"] is not None
    assert fresh.engine.log.changes[-2].changeset.summary == "remove EB-1"


def test_a_claim_code_is_drawn_and_told_once(operator: httpx2.Client) -> None:
    (first,) = declare(operator, "EB-1", code="")
    (again,) = declare(operator, "EB-1", code="", vendor="Velio")
    assert again["claimCode"] is None
    assert (again["id"], again["vendor"]) == (first["id"], "Velio")
    assert operator.get("/api/v1/assets/EB-1").json()["claimCode"] is None
    assert claim(operator, "EB-1", first["claimCode"]).status_code == 200


def test_all_are_declared_or_none(operator: httpx2.Client) -> None:
    for code, wrong in {
        "serial.invalid": {"serial": "a/b", "type": "Box"},
        "asset.type": {"serial": "b", "type": "Residence"},
        "asset.twice": {"serial": "a", "type": "Box"},
        "claim.code": {"serial": "b", "type": "Box", "claimCode": "1234"},
        "fleet.unknown": {"serial": "b", "type": "Box", "fleet": "east"},
    }.items():
        answer = operator.post("/api/v1/assets", json={"assets": [{"serial": "a", "type": "Box"}, wrong]})
        assert answer.json()["code"] == code
        assert 400 <= answer.status_code < 500
    assert operator.get("/api/v1/assets").json()["items"] == []
    many = [{"serial": f"S{each}", "type": "Box"} for each in range(1001)]
    assert operator.post("/api/v1/assets", json={"assets": many}).json()["code"] == "limit.exceeded"


def test_a_place_is_found_where_there_is_one(operator: httpx2.Client) -> None:
    declare(operator, "EB-1", "EB-2")
    declare(operator, "SN-hugo", type="Thermostat")
    declare(operator, "T-2", type="device")
    assert claim(operator, "EB-1", at="hugo").json()["place"]["path"] == "hugo/box"
    assert claim(operator, "EB-1", at="hugo").status_code == 200
    assert said(claim(operator, "EB-2", at="hugo"))[1] == "place.unclear"
    assert said(claim(operator, "EB-2"))[1] == "place.taken"
    assert claim(operator, "SN-hugo", at="hugo").json()["place"]["path"] == "hugo/flat/living/thermostat"
    assert claim(operator, "T-2", at="hugo/flat").json()["place"]["path"] == "hugo/flat/living/thermostat/valve"
    assert said(claim(operator, "EB-2", at="zola/flat/living/thermostat/valve"))[1] == "asset.unfit"
    assert said(claim(operator, "EB-2", at="nowhere"))[1] == "entity.unknown"


def test_a_stranger_cannot_tell_what_there_is(fresh: Served, operator: httpx2.Client) -> None:
    declare(operator, "OPEN", "TAKEN", "SHUT")
    assert claim(operator, "TAKEN").status_code == 200
    operator.post("/api/v1/assets/SHUT/block")
    with person(fresh, "zoe", "zola", sites=("zola",)) as zoe:
        named = [zoe.get(f"/api/v1/assets/{each}") for each in ("OPEN", "TAKEN", "SHUT", "NONE")]
        assert len({said(each) for each in named}) == 1
        assert said(named[0])[:2] == (404, "asset.unknown")
        for act in ("release", "block", "unblock"):
            done = [zoe.post(f"/api/v1/assets/{each}/{act}") for each in ("OPEN", "TAKEN", "SHUT", "NONE")]
            assert {said(each) for each in done} == {said(named[0])}
        guessed = [claim(zoe, each, "WRONG-CODE", "zola/box") for each in ("OPEN", "TAKEN", "SHUT", "NONE")]
        assert len({said(each) for each in guessed}) == 1
        assert said(guessed[0])[:2] == (403, "claim.refused")
        assert said(claim(zoe, "SHUT", CODE, "zola/box")) == said(guessed[0])
        taken = claim(zoe, "TAKEN", CODE, "zola/box")
        assert said(taken)[:2] == (409, "asset.claimed")
        assert "hugo" not in taken.text
        assert zoe.get("/api/v1/assets").json()["items"] == []
        assert said(claim(zoe, "OPEN", CODE, "hugo/box"))[1] == "entity.unknown"
        assert claim(zoe, "OPEN", CODE, "zola/box").json()["fleet"] == "north"
    refusals = fresh.engine.audit.list(Filter(action="asset.claim", refused=True))
    asyncio.run(fresh.engine.auditing.flush())
    refusals = fresh.engine.audit.list(Filter(action="asset.claim", refused=True))
    assert {each.deed.user for each in refusals} == {"zoe"}
    assert sum(each.deed.times for each in refusals) == 5
    assert CODE not in str(refusals)


def test_guesses_run_out_whether_or_not_there_is_such_an_asset(fresh: Served, operator: httpx2.Client) -> None:
    declare(operator, "EB-1")
    with person(fresh, "zoe", "zola", sites=("zola",)) as zoe:
        ends = []
        for serial in ("EB-1", "NONE"):
            tries = [said(claim(zoe, serial, f"WRONG-CODE-{each}", "zola/box"))[:2] for each in range(11)]
            assert tries[9] == (403, "claim.refused")
            ends.append(tries[10])
        assert ends == [(429, "login.throttled")] * 2
        assert said(claim(zoe, "EB-1", CODE, "zola/box"))[0] == 429


def test_whose_role_administers_the_fleet_declares_and_blocks(fresh: Served, operator: httpx2.Client) -> None:
    declare(operator, "EB-1")
    declare(operator, "EB-9", fleet="south")
    with person(fresh, "ana", "fleet:north", sites=("hugo",)) as ana:
        assert [each["serial"] for each in ana.get("/api/v1/assets").json()["items"]] == ["EB-1"]
        (mine,) = declare(ana, "EB-9", code="AAAA-BBBB")
        assert mine["fleet"] == "north"
        strange = [
            said(ana.post("/api/v1/assets", json={"assets": [{"serial": "x", "type": "Box", "fleet": each}]}))
            for each in ("south", "east")
        ]
        assert [each[:2] for each in strange] == [(404, "fleet.unknown")] * 2
        assert said(ana.post("/api/v1/assets", json={"assets": [{"serial": "x", "type": "Box"}]}))[1] == "asset.fleet"
        assert ana.post("/api/v1/assets/EB-1/block").json()["state"] == "blocked"
        assert said(operator.get("/api/v1/assets/EB-9"))[1] == "asset.ambiguous"
        assert operator.get(f"/api/v1/assets/{mine['id']}").json()["serial"] == "EB-9"
    with person(fresh, "ben", "fleet:north", "zola", sites=("zola",)) as ben:
        assert ben.get("/api/v1/assets").json()["items"] == []  # his app was let into zola alone
    with person(fresh, "cleo", "fleet:north", scopes="twin:read", sites=("hugo",)) as cleo:
        assert said(cleo.get("/api/v1/assets"))[:2] == (403, "scope.insufficient")


def test_who_administers_a_place_sees_and_releases_what_is_there(fresh: Served, operator: httpx2.Client) -> None:
    declare(operator, "EB-1")
    claim(operator, "EB-1", at="zola/box")
    with person(fresh, "zoe", "zola", sites=("zola",)) as zoe:
        assert [each["serial"] for each in zoe.get("/api/v1/assets").json()["items"]] == ["EB-1"]
        assert said(zoe.post("/api/v1/assets/EB-1/block"))[:2] == (403, "role.insufficient")
        with person(fresh, "ana", "fleet:north", sites=("hugo",)) as ana:
            seen = ana.get("/api/v1/assets/EB-1").json()
            assert (seen["state"], seen["place"]) == ("claimed", None)  # hers, in a home that she may not see
        assert zoe.post("/api/v1/assets/EB-1/release").json()["state"] == "declared"
        assert said(zoe.get("/api/v1/assets/EB-1"))[:2] == (404, "asset.unknown")


def test_of_two_claims_at_once_one_wins(fresh: Served, operator: httpx2.Client) -> None:
    declare(operator, "EB-1")
    with person(fresh, "zoe", "zola", sites=("zola",)) as zoe, person(fresh, "hal", "hugo", sites=("hugo",)) as hal:

        async def both() -> list[httpx2.Response]:
            async with httpx2.AsyncClient(base_url=fresh.url) as web:
                asked = [
                    web.post("/api/v1/assets/EB-1/claim", json={"code": CODE, "at": at}, headers=dict(each.headers))
                    for each, at in ((zoe, "zola/box"), (hal, "hugo/box"))
                ]
                return list(await asyncio.gather(*asked))

        answers = asyncio.run(both())
        assert sorted(each.status_code for each in answers) == [200, 409]
        loser = next(each for each in answers if each.status_code == 409)
        assert said(loser)[1] == "asset.claimed"
        assert not {"zola", "hugo"} & set(loser.text.replace('"', "/").split("/"))
    assert len(list(fresh.engine.mirror.declared.places())) == 1


DECLARE = """mutation ($given: [AssetInput!]!) { declareAssets(assets: $given) {
  ... on AssetsDeclared { assets { serial state type vendor fleet claimCode } } ... on AssetRefused { code } } }"""
RESULT = "{ ... on AssetChanged { asset { serial state place { path } } } ... on AssetRefused { code message help } }"


def ask(client: httpx2.Client, text: str, **variables: Any) -> Any:
    answer = client.post("/graphql", json={"query": text, "variables": variables}).json()
    assert "errors" not in answer, answer
    return answer["data"]


def test_graphql_does_the_same(fresh: Served, operator: httpx2.Client) -> None:
    given = [{"serial": each, "type": "Box", "vendor": "Velio", "fleet": "north"} for each in ("EB-1", "EB-2")]
    made = ask(operator, DECLARE, given=given)["declareAssets"]["assets"]
    assert [each["state"] for each in made] == ["DECLARED", "DECLARED"]
    codes = [each["claimCode"] for each in made]
    claimed = ask(
        operator, f'mutation ($c: String!) {{ claimAsset(serial: "EB-1", code: $c, at: "hugo") {RESULT} }}', c=codes[0]
    )
    assert claimed["claimAsset"]["asset"] == {"serial": "EB-1", "state": "CLAIMED", "place": {"path": "hugo/box"}}
    replaced = ask(
        operator,
        f'mutation ($c: String!) {{ replaceAsset(serial: "EB-1", new: "EB-2", code: $c) {RESULT} }}',
        c=codes[1],
    )
    assert replaced["replaceAsset"]["asset"]["place"] == {"path": "hugo/box"}
    for name, state in (("blockAsset", "BLOCKED"), ("unblockAsset", "CLAIMED"), ("releaseAsset", "DECLARED")):
        done = ask(operator, f'mutation {{ {name}(serial: "EB-2") {RESULT} }}')
        assert done[name]["asset"]["state"] == state
    declare(operator, "EB-3")
    gone = ask(operator, f'mutation {{ removeAsset(serial: "EB-3") {RESULT} }}')["removeAsset"]
    assert gone["asset"] == {"serial": "EB-3", "state": "DECLARED", "place": None}
    listed = ask(
        operator, '{ assets(fleet: "north", first: 1) { totalCount nodes { serial } pageInfo { endCursor } } }'
    )
    assert (listed["assets"]["totalCount"], listed["assets"]["nodes"]) == (2, [{"serial": "EB-1"}])
    after = listed["assets"]["pageInfo"]["endCursor"]
    rest = ask(operator, "query ($a: String) { assets(after: $a) { nodes { serial model } } }", a=after)
    assert rest["assets"]["nodes"] == [{"serial": "EB-2", "model": None}]
    assert ask(operator, '{ a: asset(serial: "EB-1") { serial } b: asset(serial: "none") { serial } }') == {
        "a": {"serial": "EB-1"},
        "b": None,
    }
    wrong = ask(operator, f'mutation {{ claimAsset(serial: "EB-1", code: "WRONG-CODE", at: "hugo") {RESULT} }}')
    assert wrong["claimAsset"]["code"] == "claim.refused"
    assert ask(operator, DECLARE, given=[{"serial": "x y"}])["declareAssets"]["code"] == "serial.invalid"


def test_refused_blocks_are_in_the_audit(fresh: Served, operator: httpx2.Client) -> None:
    declare(operator, "EB-1")
    claim(operator, "EB-1", at="zola/box")
    with person(fresh, "zoe", "zola", sites=("zola",)) as zoe:
        refused = ask(zoe, f'mutation {{ blockAsset(serial: "EB-1") {RESULT} }}')["blockAsset"]
        assert refused["code"] == "role.insufficient"
    asyncio.run(fresh.engine.auditing.flush())
    (record,) = fresh.engine.audit.list(Filter(action="asset.block", refused=True))
    assert (record.deed.user, record.deed.result) == ("zoe", "role.insufficient")
