"""Sign-in and consent, from the app's first address to its tokens."""

from __future__ import annotations

import re
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.api.conftest import Served
from tests.api.oauth.conftest import bearer
from tests.api.oauth.people import BACK, App, Person, answered
from twin.times import now

ISSUER = "http://twin.test"


def claims(anyone: httpx2.Client, token: str) -> dict[str, Any]:
    keys = KeySet.import_key_set(anyone.get("/oauth/jwks.json").json())
    return dict(jwt.decode(token, keys, algorithms=["ES256"]).claims)


def test_a_person_allows_an_app_one_of_two_sites(app: App, ada: Person, anyone: httpx2.Client) -> None:
    shown = ada.get(app.address())
    assert shown.status_code == 303
    assert shown.headers["location"].startswith("/login?next=%2Foauth%2Fauthorize%3F")
    consent = ada.follow(ada.sign_in(shown))
    assert consent.status_code == 200
    assert "<h1>Allow Comfort?</h1>" in consent.text
    assert "Your answer goes to app.example." in consent.text
    assert "See the sites it was given: their spaces, views, gateways and devices" in consent.text
    assert "See your e-mail address." in consent.text
    assert "Build and change" not in consent.text
    told = answered(ada.allow(consent, app.served.engine.id("hugo")))
    assert told.keys() == {"code", "state", "iss"}
    assert (told["state"], told["iss"]) == ("s/t a&te", ISSUER)
    bought = app.redeem(told["code"])
    assert bought.status_code == 200
    assert bought.headers["cache-control"] == "no-store"
    tokens = bought.json()
    assert tokens.keys() == {"access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 600)
    assert tokens["scope"] == "email openid twin:read"
    assert app.sites(tokens["access_token"]) == ["hugo"]
    known = anyone.get("/oauth/userinfo", headers=bearer(tokens["access_token"])).json()
    assert known == {"sub": ada.user.id, "email": "ada@example.com"}
    said = claims(anyone, tokens["id_token"])
    assert (said["iss"], said["aud"], said["sub"], said["nonce"]) == (ISSUER, app.id, ada.user.id, "n-1")
    assert abs(said["auth_time"] - now() // 1_000_000) < 60
    access = claims(anyone, tokens["access_token"])
    assert (access["sub"], access["client_id"], access["aud"]) == (ada.user.id, app.id, ISSUER)


def test_what_a_person_does_not_hold_cannot_be_picked(served: Served, app: App) -> None:
    bob = Person(served, "bob@example.com", sites=("zola",))
    shown = bob.consent(app.address())
    assert served.engine.id("hugo") not in shown.text
    again = bob.allow(shown, served.engine.id("hugo"))
    assert again.status_code == 400
    assert "Pick at least one site" in again.text
    told = answered(bob.allow(again, served.engine.id("hugo"), served.engine.id("zola")))
    assert app.sites(app.redeem(told["code"]).json()["access_token"]) == ["zola"]


def test_who_holds_nothing_can_let_nothing_be_touched(served: Served, app: App) -> None:
    nobody = Person(served, "eve@example.com", sites=())
    shown = nobody.consent(app.address())
    assert "There is no site" in shown.text
    assert 'value="allow"' not in shown.text
    assert nobody.allow(shown, served.engine.id("hugo")).status_code == 400
    assert answered(nobody.send(shown, answer="deny"))["error"] == "access_denied"
    signed_in = app.tokens(nobody, scope="openid")
    assert signed_in["scope"] == "openid"
    refused = app.http.get("/api/v1/sites", headers=bearer(signed_in["access_token"]))
    assert (refused.status_code, refused.json()["code"]) == (403, "scope.insufficient")


def test_what_a_user_loses_their_apps_lose_at_the_next_refresh(served: Served, app: App, ada: Person) -> None:
    tokens = app.tokens(ada, "hugo", "zola")
    assert app.sites(tokens["access_token"]) == ["hugo", "zola"]
    served.engine.holdings[ada.user.id] = frozenset({served.engine.id("zola")})
    tokens = app.refresh(tokens["refresh_token"]).json()
    assert app.sites(tokens["access_token"]) == ["zola"]


def test_a_client_that_is_bound_to_sites_is_offered_no_others(served: Served, ada: Person) -> None:
    clients = served.engine.clients
    from twin.access.applications import Application

    made = App(served, "Bound")
    made.id, made.secret = clients.add(
        "Bound",
        ["twin:read"],
        [served.engine.id("zola")],
        Application(title="Bound", grants=frozenset({"authorization_code"}), redirect_uris=(BACK,)),
    )
    shown = ada.consent(made.address())
    assert served.engine.id("hugo") not in shown.text
    tokens = made.redeem(answered(ada.allow(shown, served.engine.id("zola")))["code"]).json()
    assert made.sites(tokens["access_token"]) == ["zola"]
    assert "refresh_token" not in tokens


def test_an_app_that_was_answered_before_is_not_asked_about_again(served: Served, app: App, ada: Person) -> None:
    app.tokens(ada, "hugo")
    told = answered(ada.get(app.address(prompt="none")))
    assert app.sites(app.redeem(told["code"]).json()["access_token"]) == ["hugo"]
    assert ada.get(app.address(prompt="consent")).status_code == 200
    wider = ada.get(app.address(scope="twin:read twin:write"))
    assert wider.status_code == 200
    assert re.search(rf'value="{served.engine.id("hugo")}" checked', wider.text)
    assert not re.search(rf'value="{served.engine.id("zola")}" checked', wider.text)


def test_an_app_that_anybody_could_pass_for_is_asked_about_each_time(phone: App, ada: Person) -> None:
    phone.tokens(ada, "hugo")
    assert ada.get(phone.address()).status_code == 200
    assert answered(ada.get(phone.address(prompt="none")))["error"] == "consent_required"


def test_letting_an_app_do_more_asks_for_the_password_again(
    served: Served, app: App, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.tokens(ada, "hugo")
    monkeypatch.setattr("api.oauth.pages.consent.FRESH_SECONDS", -1)
    hugo, zola = served.engine.id("hugo"), served.engine.id("zola")
    shown = ada.get(app.address(prompt="consent"))
    assert 'type="password"' in shown.text
    for said in ({}, {"password": "wrong wrong wrong"}):
        again = ada.allow(shown, hugo, zola, **said)
        assert (again.status_code, "The password is wrong." in again.text) == (400, True)
    assert "code" in answered(ada.allow(shown, hugo))
    assert "code" in answered(ada.allow(shown, hugo, zola, password="correct horse battery"))


@pytest.mark.parametrize("more", [{"prompt": "login"}, {"max_age": "0"}, {"prompt": "select_account"}], ids=str)
def test_an_app_may_want_the_sign_in_anew(
    app: App, ada: Person, anyone: httpx2.Client, more: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = claims(anyone, app.tokens(ada, "hugo")["id_token"])["auth_time"]
    shown = ada.get(app.address(**more))
    assert shown.headers["location"].startswith("/login?")
    onward = ada.sign_in(shown)
    assert "&signed_in=" in onward.headers["location"]
    told = answered(ada.follow(onward))
    assert claims(anyone, app.redeem(told["code"]).json()["id_token"])["auth_time"] >= first
    forged = onward.headers["location"].rpartition("=")[0] + "=" + "0" * 64
    assert ada.get(forged).headers["location"].startswith("/login?")


def test_nobody_is_asked_where_nobody_may_be_asked(served: Served, app: App) -> None:
    stranger = Person(served, "ada@example.com")
    told = answered(stranger.get(app.address(prompt="none")))
    assert (told["error"], told["iss"], told["state"]) == ("login_required", ISSUER, "s/t a&te")


def test_a_pushed_request_is_answered_once(served: Served, app: App, ada: Person) -> None:
    fields = dict(re.findall(r"([^=&]+)=([^&]*)", app.query()))
    from urllib.parse import unquote_plus

    pushed = app.post("par", **{name: unquote_plus(value) for name, value in fields.items()})
    assert pushed.status_code == 201
    assert pushed.json()["expires_in"] == 600
    uri = pushed.json()["request_uri"]
    assert uri.startswith("urn:ietf:params:oauth:request_uri:")
    address = f"/oauth/authorize?client_id={app.id}&request_uri={uri}"
    shown = ada.consent(address)
    told = answered(ada.allow(shown, served.engine.id("hugo")))
    assert app.redeem(told["code"]).status_code == 200
    assert ada.allow(shown, served.engine.id("hugo")).status_code == 400
    assert ada.get(address).status_code == 400


def test_a_pushed_request_is_its_clients(app: App, phone: App, ada: Person) -> None:
    refused = app.post("par", response_type="code")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    assert app.post("par", request_uri="urn:x").json()["error"] == "invalid_request"
    pushed = app.post(
        "par",
        response_type="code",
        redirect_uri=BACK,
        code_challenge="c" * 43,
        code_challenge_method="S256",
    ).json()["request_uri"]
    assert ada.get(f"/oauth/authorize?client_id={phone.id}&request_uri={pushed}").status_code == 400


def test_an_app_may_send_its_request_as_a_form(app: App, ada: Person) -> None:
    shown = ada.http.post(
        "/oauth/authorize", content=app.query(), headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert shown.status_code == 303
    assert ada.follow(ada.sign_in(ada.follow(shown))).status_code == 200
