"""Boxes that know only a serial and a claim code: how they get a key of their own, and how nobody else does."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from joserfc.jwk import ECKey

from tests.api.conftest import Served, token
from tests.api.oauth.boxes import ISSUER, Factory, give, offered, typed
from tests.api.oauth.conftest import bearer
from tests.api.oauth.people import PASSWORD, App, Person
from tests.graphs import entity
from twin.access.audit import Filter
from twin.access.declaring import asset_in, block, release
from twin.graph.model import DECLARES, HAS_ROLE, Create, Delete, Held, Link, Relation, Unlink, Update
from twin.times import now


@pytest.fixture(autouse=True)
def _tries(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    throttle = served.engine.authority._of_serials
    monkeypatch.setattr(throttle, "_full_at", type(throttle._full_at)())


@pytest.fixture
def box(served: Served) -> Iterator[Factory]:
    made = Factory(served, model="Bridge 3", vendor="Velio & Co")
    yield made
    free(served, made)


@pytest.fixture
def ben(served: Served) -> Person:
    """Somebody who holds the other site."""
    return Person(served, "ben@example.com", ("zola",))


def change(served: Served, *entries: Any) -> None:
    served.on_loop(lambda: served.engine.change(*entries))


def free(served: Served, box: Factory) -> None:
    mirror = served.engine.mirror
    asset = asset_in(mirror, box.serial, "")
    assert asset is not None
    change(served, *block(asset, blocked=False))
    asset = mirror.entities[asset.id]
    change(served, *release(mirror, asset))


def deeds(served: Served, action: str) -> list[Any]:
    return [each.deed for each in served.engine.audit.list(Filter(action=action))]


def error(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


# The way of an honest box


def test_a_box_gets_a_key_of_its_own_and_knows_where_to_publish(served: Served, box: Factory, ada: Person) -> None:
    asked = box.begin()
    assert asked["verification_uri"] == f"{ISSUER}/device"
    assert (asked["interval"], asked["expires_in"]) == (5, 900)
    assert error(box.poll(asked["device_code"])) == (400, "authorization_pending")
    assert error(box.poll(asked["device_code"])) == (400, "slow_down")
    shown = typed(ada, asked["user_code"].lower())
    for said in (asked["user_code"], box.serial, "Bridge 3", "Velio &amp; Co"):
        assert said in shown.text
    assert offered(shown) == ["Hugo", "Zola"]
    shown = ada.send(shown, answer="site", site=served.engine.id("hugo"))
    assert offered(shown) == ["Box (hugo/box, Box)"]
    assert "is let in at hugo/box" in give(ada, shown, served, "hugo/box").text
    bought = box.poll(asked["device_code"])
    assert bought.status_code == 200
    assert bought.json()["scope"] == "commissioning"
    answer = box.swap(bought.json()["access_token"])
    assert answer.status_code == 201
    place = served.engine.id("hugo/box")
    facts = answer.json()
    assert facts == {
        "client_id": box.client_id,
        "issuer": ISSUER,
        "token_endpoint": f"{ISSUER}/oauth/token",
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": "telemetry:write",
        "mqtt": "mqtt://twin.test:1883",
        "site": "hugo",
        "device": place,
        "path": "hugo/box",
        "topics": [f"r/hugo/d/{box.serial}/events/pointset", "r/hugo/d/SN-hugo/events/pointset"],
    }
    principal = served.engine.tokens.verify(box.token(), now())
    assert (principal.device, principal.sites) == (place, frozenset({served.engine.id("hugo")}))
    assert box.http.get("/oauth/commissioning", headers=bearer(box.token())).json() == facts


def test_what_was_done_is_in_the_audit(served: Served, box: Factory, ada: Person) -> None:
    facts = box.commission(ada)
    site = served.engine.id("hugo")
    began, approved, bought, got = (deeds(served, f"box.{each}")[0] for each in ("begin", "approve", "token", "key"))
    assert (began.entity, began.result) == (box.asset, "ok")
    assert (approved.user, approved.entity, approved.site) == (ada.user.id, facts["device"], site)
    assert (bought.entity, bought.site) == (facts["device"], site)
    assert (got.client, got.entity, got.site) == (box.client_id, facts["device"], site)
    assert box.code not in str([began, approved, bought, got])


def test_a_device_that_connects_by_itself_is_let_in_the_same_way(served: Served, ada: Person) -> None:
    box = Factory(served, "device", serial="SN-zola")
    asked = box.begin()
    shown = ada.send(typed(ada, asked["user_code"]), answer="site", site=served.engine.id("zola"))
    assert offered(shown) == ["Thermostat (zola/flat/living/thermostat, Thermostat)"]
    give(ada, shown, served, "zola/flat/living/thermostat")
    facts = box.swap(box.poll(asked["device_code"]).json()["access_token"]).json()
    assert facts["topics"] == ["r/zola/d/SN-zola/events/pointset"]
    change(served, *release(served.engine.mirror, served.engine.mirror.entities[box.asset]))


def test_who_has_one_site_is_not_asked_for_it(served: Served, box: Factory, ben: Person) -> None:
    shown = typed(ben, box.begin()["user_code"])
    assert offered(shown) == ["Box (zola/box, Box)"]
    assert "<dd>Zola</dd>" in shown.text
    assert "is let in" in give(ben, shown, served, "zola/box").text


def test_a_box_whose_answer_was_lost_asks_again_with_the_same_key(box: Factory, ada: Person) -> None:
    token = box.let_in(ada)
    first = box.swap(token)
    assert (first.status_code, box.swap(token).json()) == (201, first.json())


def test_a_box_changes_its_key_by_itself(served: Served, box: Factory, ada: Person) -> None:
    box.commission(ada)
    old, new = box.key, ECKey.generate_key("P-256")
    token = box.token()
    answer = box.rekey(new)
    assert (answer.status_code, answer.json()["client_id"]) == (200, box.client_id)
    assert box.http.get("/oauth/commissioning", headers=bearer(token)).status_code == 401
    assert error(box.ask_token(old)) == (401, "invalid_client")
    assert box.ask_token(new).status_code == 200
    assert deeds(served, "box.rekey")[0].client == box.client_id


# Who is refused, and how


def test_every_box_that_cannot_be_let_in_is_refused_in_the_same_words(
    served: Served, box: Factory, ada: Person
) -> None:
    undeclared, blocked = Factory(served, declared=False), Factory(served)
    change(served, *block(served.engine.mirror.entities[blocked.asset], blocked=True))
    box.commission(ada)
    answers = [
        undeclared.ask(),
        blocked.ask(),
        blocked.ask(claim_code="wrong"),
        box.ask(),
        box.ask(claim_code="wrong"),
        Factory(served).ask(claim_code="wrong"),
    ]
    assert {(each.status_code, each.content) for each in answers} == {(400, answers[0].content)}
    assert answers[0].json()["error"] == "access_denied"
    assert box.token()


def test_guessing_claim_codes_runs_out_whether_or_not_there_is_such_a_box(served: Served) -> None:
    for box in (Factory(served), Factory(served, declared=False)):
        statuses = [box.ask(claim_code="wrong").status_code for _ in range(12)]
        assert statuses == [400] * 10 + [429] * 2
        late = box.ask()
        assert error(late) == (429, "slow_down")
        assert int(late.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"serial": ""}, "invalid_request"),
        ({"claim_code": ""}, "invalid_request"),
        ({"client_secret": "x"}, "access_denied"),
    ],
)
def test_what_is_missing_is_said(served: Served, changes: dict[str, str], expected: str) -> None:
    box = Factory(served, declared=False)
    assert error(box.ask(**changes)) == (400, expected)


def test_a_claim_code_in_an_address_counts_for_nothing(served: Served) -> None:
    box = Factory(served)
    said = {"client_id": "commissioning", "serial": box.serial}
    answer = box.http.post("/oauth/device_authorization", params={"claim_code": box.code}, data=said)
    assert error(answer) == (400, "invalid_request")
    answer = box.http.post("/oauth/device_authorization", data=said, auth=("commissioning", box.code))
    assert error(answer) == (400, "invalid_request")


def test_the_client_id_of_boxes_is_good_for_nothing_else(served: Served) -> None:
    box = Factory(served)
    for grant in ("client_credentials", "authorization_code", "refresh_token"):
        answer = box.http.post("/oauth/token", data={"client_id": "commissioning", "grant_type": grant})
        assert error(answer) == (400, "unauthorized_client")
    assert error(box.poll("nonsense")) == (400, "invalid_grant")
    assert error(box.poll("")) == (400, "invalid_request")
    assert error(box.http.post("/oauth/par", data={"client_id": "commissioning"})) == (401, "invalid_client")


def test_a_person_who_administers_nothing_has_nowhere_to_let_it_in(served: Served, box: Factory) -> None:
    guest = Person(served, "guest@example.com", ())
    role = (Held("home/Guest"),)
    relation = Relation(type=HAS_ROLE, source=guest.user.id, target=served.engine.id("hugo"), roles=role)
    change(served, Link(relation))
    shown = typed(guest, box.begin()["user_code"])
    assert "There is no place for it that you administer" in shown.text
    assert "hugo" not in shown.text.lower()
    forced = guest.send(shown, answer="allow", site=served.engine.id("hugo"), place=served.engine.id("hugo/box"))
    assert "is let in" not in forced.text
    change(served, Unlink(type=HAS_ROLE, source=guest.user.id, target=served.engine.id("hugo")))


def test_nobody_lets_a_box_in_elsewhere_than_where_they_may(served: Served, box: Factory, ben: Person) -> None:
    asked = box.begin()
    shown = typed(ben, asked["user_code"])
    for place in ("hugo/box", "zola", "zola/flat/living/thermostat"):
        forced = ben.send(shown, answer="allow", site=served.engine.id("hugo"), place=served.engine.id(place))
        assert forced.status_code == 400
        assert "hugo" not in forced.text.lower()
    assert error(box.poll(asked["device_code"])) == (400, "authorization_pending")


def test_a_box_that_has_its_place_is_let_in_there_by_who_administers_it_alone(
    served: Served, box: Factory, ada: Person, ben: Person
) -> None:
    box.let_in(ada)
    asked = box.begin()
    assert "There is no place for it that you administer" in typed(ben, asked["user_code"]).text
    shown = typed(ada, asked["user_code"])
    assert offered(shown) == ["Box (hugo/box, Box)"]


def test_two_people_at_once_let_it_in_once(served: Served, box: Factory, ada: Person, ben: Person) -> None:
    asked = box.begin()
    first, second = typed(ada, asked["user_code"]), typed(ben, asked["user_code"])
    first = ada.send(first, answer="site", site=served.engine.id("hugo"))
    assert "is let in" in give(ada, first, served, "hugo/box").text
    late = give(ben, second, served, "zola/box")
    assert late.status_code == 404
    facts = box.swap(box.poll(asked["device_code"]).json()["access_token"]).json()
    assert facts["site"] == "hugo"


def test_a_box_is_turned_away(served: Served, box: Factory, ada: Person) -> None:
    asked = box.begin()
    assert "was not let in" in ada.send(typed(ada, asked["user_code"]), answer="deny").text
    assert error(box.poll(asked["device_code"])) == (400, "access_denied")
    assert deeds(served, "box.deny")[0].user == ada.user.id


def test_a_form_for_one_box_lets_no_other_in(served: Served, box: Factory, ada: Person) -> None:
    other = Factory(served)
    mine, theirs = box.begin(), other.begin()
    shown = typed(ada, mine["user_code"])
    assert give(ada, shown, served, "hugo/box", user_code=theirs["user_code"]).status_code == 403
    assert error(other.poll(theirs["device_code"])) == (400, "authorization_pending")


def test_a_link_with_the_code_lets_nobody_in_by_itself(box: Factory, ada: Person) -> None:
    asked = box.begin()
    page = ada.consent(asked["verification_uri_complete"].removeprefix(ISSUER))
    assert f'value="{asked["user_code"]}"' in page.text
    shown = ada.send(page, user_code=asked["user_code"])
    assert "who sent you the code gets what you allow" in shown.text
    assert "has this serial on its label" in shown.text
    assert "<script" not in shown.text
    assert "frame-ancestors 'none'" in shown.headers["content-security-policy"]
    assert error(box.poll(asked["device_code"])) == (400, "authorization_pending")


def test_codes_of_boxes_cannot_be_guessed_for_long(box: Factory, ada: Person) -> None:
    page = ada.consent("/device")
    assert [ada.send(page, user_code="BBBB-BBBB").status_code for _ in range(21)][-1] == 429
    assert ada.send(page, user_code=box.begin()["user_code"]).status_code == 429


def test_who_signed_in_long_ago_shows_the_password_again(
    served: Served, box: Factory, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.oauth.pages.consent.FRESH_SECONDS", -1)
    asked = box.begin()
    shown = ada.send(typed(ada, asked["user_code"]), answer="site", site=served.engine.id("hugo"))
    assert 'type="password"' in shown.text
    assert "The password is wrong" in give(ada, shown, served, "hugo/box", password="no").text
    assert "is let in" in give(ada, shown, served, "hugo/box", password=PASSWORD).text


# Tokens and keys


def test_the_token_for_a_key_opens_nothing_else(box: Factory, app: App, ada: Person) -> None:
    token = box.let_in(ada)
    for path in ("/api/v1/sites", "/api/v1/access", "/oauth/userinfo", "/oauth/commissioning"):
        assert box.http.get(path, headers=bearer(token)).status_code == 401
    assert box.http.post("/graphql", json={"query": "{ me { clientId } }"}, headers=bearer(token)).status_code == 401
    assert app.post("introspect", token=token).json() == {"active": False}
    assert box.swap(token).status_code == 201


def test_a_token_buys_one_key(box: Factory, ada: Person) -> None:
    token = box.let_in(ada)
    thief = ECKey.generate_key("P-256")
    assert box.swap(token).status_code == 201
    assert error(box.swap(token, thief)) == (401, "invalid_token")
    assert box.ask_token().status_code == 200


def test_of_many_that_bring_a_token_at_once_one_has_the_box(box: Factory, ada: Person) -> None:
    token = box.let_in(ada)
    keys = [ECKey.generate_key("P-256") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda key: box.swap(token, key).status_code, keys))
    assert sorted(statuses) == [201] + [401] * 7


def test_keys_that_must_not_be_leave_the_token_as_it_is(box: Factory, ada: Person) -> None:
    token = box.let_in(ada)
    weak = ECKey.generate_key("P-384").as_dict(private=False)
    for jwk in (box.key.as_dict(private=True), weak, {"kty": "oct", "k": "A" * 43}, {}, None, []):
        refused = box.swap(token, jwk=jwk)
        assert error(refused) == (400, "invalid_request")
        assert box.key.as_dict(private=True)["d"] not in refused.text
    other = ECKey.generate_key("P-256")
    for proof in (box.proof(token, other), box.proof("another"), box.proof(token, aud=ISSUER), "x", ""):
        assert error(box.swap(token, proof=proof)) == (401, "invalid_token")
    assert box.swap(token).status_code == 201


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"jwk": {}}', b'{"jwk": {}, "proof": 1}'])
def test_a_body_that_is_none_is_refused(served: Served, body: bytes) -> None:
    box = Factory(served, declared=False)
    answer = box.http.post("/oauth/commissioning/key", content=body, headers=bearer("x"))
    assert error(answer) == (400, "invalid_request")


def test_neither_token_nor_statement_or_both_are_refused(box: Factory, ada: Person) -> None:
    box.commission(ada)
    assert error(box.swap("")) == (400, "invalid_request")
    assert error(box.swap("x", client_assertion="y")) == (400, "invalid_request")
    assert error(box.swap("nonsense")) == (401, "invalid_token")


def test_what_does_not_change_a_key(served: Served, box: Factory, ada: Person, ben: Person) -> None:
    box.commission(ada)
    other = Factory(served)
    other.commission(ben, "zola/box")
    new = ECKey.generate_key("P-256")
    said = [
        box.signed(jkt=new.thumbprint()),
        box.statement(ECKey.generate_key("P-256")),
        box.statement(new, ECKey.generate_key("P-256")),
        box.statement(new, other.key),
        box.signed(aud=f"{ISSUER}/oauth/commissioning/key"),
        "x",
    ]
    for each in said:
        assert error(box.rekey(new, each)) == (401, "invalid_token")
    once = box.statement(new)
    assert error(box.swap("", new, client_assertion=once, proof=box.proof("another", new))) == (401, "invalid_token")
    assert box.rekey(new, once).status_code == 200
    assert box.ask_token(new).status_code == 200
    free(served, other)


def test_a_statement_for_another_key_is_no_proof_at_the_token_endpoint(box: Factory, ada: Person) -> None:
    box.commission(ada)
    said = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": box.statement(ECKey.generate_key("P-256")),
    }
    assert error(box.http.post("/oauth/token", data=said)) == (401, "invalid_client")


# What a box may see


def test_a_box_sees_nothing_but_itself(served: Served, box: Factory, app: App, ada: Person) -> None:
    box.commission(ada)
    token = bearer(box.token())
    for path in ("/api/v1/sites", "/api/v1/access", f"/api/v1/entities/{served.engine.id('hugo/box')}"):
        assert box.http.get(path, headers=token).status_code == 403
    asked = box.http.post("/graphql", json={"query": "{ sites { nodes { key } } }"}, headers=token)
    assert asked.json().get("data") is None
    assert box.http.get("/oauth/commissioning", headers=token).json()["path"] == "hugo/box"


def test_who_is_no_box_is_told_so(served: Served) -> None:
    with httpx2.Client(base_url=served.url) as anyone:
        answer = anyone.get("/oauth/commissioning", headers=bearer(token(served, "telemetry:write")))
        assert (answer.status_code, answer.json()["code"]) == (403, "box.none")
        assert anyone.get("/oauth/commissioning").status_code == 401


# The end


@pytest.mark.parametrize("how", ["block", "release", "remove"])
def test_who_loses_its_place_loses_its_tokens_at_once(served: Served, ada: Person, how: str) -> None:
    box, mirror = Factory(served), served.engine.mirror
    box.commission(ada)
    token = bearer(box.token())
    asset = mirror.entities[box.asset]
    made = mirror.entities[served.engine.id("hugo/box")]
    before = [each for each in mirror.relations() if made.id in (each.source, each.target) and each.type != DECLARES]
    entries = {
        "block": lambda: block(asset, blocked=True),
        "release": lambda: release(mirror, asset),
        "remove": lambda: [Unlink(type=DECLARES, source=asset.id, target=made.id)],
    }[how]()
    change(served, *entries)
    assert box.http.get("/oauth/commissioning", headers=token).status_code == 401
    assert error(box.ask_token()) == (401, "invalid_client")
    assert error(box.rekey(ECKey.generate_key("P-256"))) == (401, "invalid_token")
    assert [each for each in mirror.relations() if each in before] == before
    if how == "block":
        change(served, *block(mirror.entities[asset.id], blocked=False))
        assert box.ask_token().status_code == 200
    free(served, box)
    place = mirror.entities[made.id]
    if place.serial is not None:
        change(served, Update(id=place.id, fields={"serial": None}))


def test_a_box_that_was_released_needs_a_person_again(served: Served, box: Factory, ada: Person, ben: Person) -> None:
    box.commission(ada)
    old = box.key
    mirror = served.engine.mirror
    entries = release(mirror, mirror.entities[box.asset])
    change(served, *entries)
    served.engine.authority.refresh()
    assert deeds(served, "box.end")[0].detail == f"asset {box.asset}"
    box.key = ECKey.generate_key("P-256")
    facts = box.commission(ben, "zola/box")
    assert facts["site"] == "zola"
    assert error(box.ask_token(old)) == (401, "invalid_client")
    assert box.ask_token().status_code == 200


def test_an_asset_that_is_no_more_is_not_let_in(served: Served, ada: Person) -> None:
    box = Factory(served)
    asked = box.begin()
    shown = typed(ada, asked["user_code"])
    change(served, *block(served.engine.mirror.entities[box.asset], blocked=True))
    assert ada.send(shown, answer="site", site=served.engine.id("hugo")).status_code == 404
    assert error(box.poll(asked["device_code"])) == (400, "authorization_pending")


def test_another_box_does_not_take_a_place_that_is_taken(served: Served, box: Factory, ada: Person) -> None:
    box.commission(ada)
    other = Factory(served)
    shown = ada.send(typed(ada, other.begin()["user_code"]), answer="site", site=served.engine.id("hugo"))
    assert offered(shown) == []
    forced = ada.send(shown, answer="allow", site=served.engine.id("hugo"), place=served.engine.id("hugo/box"))
    assert "is let in" not in forced.text
    assert box.ask_token().status_code == 200


def test_a_place_that_was_built_with_the_serial_is_the_only_one(served: Served, ada: Person) -> None:
    engine = served.engine
    site = engine.mirror.entities[engine.id("hugo")]
    spare = entity("hugo/spare", "gateway", site, serial="BX-built", type="home/Box")
    change(served, Create(spare))
    box = Factory(served, serial="BX-built")
    shown = ada.send(typed(ada, box.begin()["user_code"]), answer="site", site=site.id)
    assert offered(shown) == ["hugo/spare (Box)"]
    assert "is let in" in give(ada, shown, served, "hugo/spare").text
    change(served, Delete(id=spare.id))


def test_metadata_say_how_boxes_begin(anyone: httpx2.Client) -> None:
    found = anyone.get("/.well-known/oauth-authorization-server").json()
    assert found["commissioning_client_id"] == "commissioning"
    assert found["commissioning_key_endpoint"] == f"{ISSUER}/oauth/commissioning/key"
