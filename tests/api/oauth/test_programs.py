"""What programs ask beside tokens: boxes without a browser, keys of their own, registration, taking back."""

from __future__ import annotations

import time
import uuid
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from tests.api.conftest import Served
from tests.api.oauth.conftest import bearer
from tests.api.oauth.people import BACK, CHALLENGE, App, Person
from twin.access.applications import DEVICE, MACHINE

ISSUER = "http://twin.test"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
EC, RSA = ECKey.generate_key("P-256"), RSAKey.generate_key(2048)


def poll(app: App, device_code: str) -> httpx2.Response:
    return app.post("token", grant_type=DEVICE, device_code=device_code)


class TestBoxes:
    def begin(self, app: App, **said: str) -> dict[str, Any]:
        answer = app.post("device_authorization", scope="twin:read", **said)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def test_a_person_lets_a_box_in(self, served: Served, phone: App, ada: Person) -> None:
        asked = self.begin(phone)
        assert asked["verification_uri"] == f"{ISSUER}/device"
        assert (asked["interval"], asked["expires_in"]) == (5, 900)
        assert poll(phone, asked["device_code"]).json()["error"] == "authorization_pending"
        assert poll(phone, asked["device_code"]).json()["error"] == "slow_down"
        typing = ada.consent(asked["verification_uri_complete"].removeprefix(ISSUER))
        assert f'value="{asked["user_code"]}"' in typing.text
        shown = ada.send(typing, user_code=asked["user_code"].lower())
        assert "<h1>Allow Phone?</h1>" in shown.text
        assert asked["user_code"] in shown.text
        assert "Pick at least one site" in ada.allow(shown).text
        assert "is let in" in ada.allow(shown, served.engine.id("zola")).text
        bought = poll(phone, asked["device_code"])
        assert bought.status_code == 200
        assert phone.sites(bought.json()["access_token"]) == ["zola"]
        assert phone.refresh(bought.json()["refresh_token"]).status_code == 200
        assert "No device shows that code" in ada.allow(shown, served.engine.id("zola")).text

    def test_a_box_is_turned_away(self, phone: App, ada: Person) -> None:
        asked = self.begin(phone)
        shown = ada.send(ada.consent("/device"), user_code=asked["user_code"])
        assert "not let in" in ada.send(shown, answer="deny").text
        assert poll(phone, asked["device_code"]).json()["error"] == "access_denied"

    def test_codes_cannot_be_guessed_for_long(self, phone: App, ada: Person) -> None:
        page = ada.consent("/device")
        statuses = [ada.send(page, user_code="BBBB-BBBB").status_code for _ in range(22)]
        assert statuses == [404] * 20 + [429] * 2
        asked = self.begin(phone)
        assert ada.send(page, user_code=asked["user_code"]).status_code == 429

    def test_a_form_for_one_box_lets_no_other_in(self, served: Served, phone: App, ada: Person) -> None:
        mine, other = self.begin(phone), self.begin(phone)
        shown = ada.send(ada.consent("/device"), user_code=mine["user_code"])
        assert ada.allow(shown, served.engine.id("hugo"), user_code=other["user_code"]).status_code == 403
        assert poll(phone, other["device_code"]).json()["error"] == "authorization_pending"

    def test_not_every_client_is_a_box(self, served: Served) -> None:
        web = App(served, "Web", grants=frozenset({"authorization_code"}))
        refused = web.post("device_authorization")
        assert (refused.status_code, refused.json()["error"]) == (400, "unauthorized_client")
        assert web.post("token", grant_type=DEVICE, device_code="x").json()["error"] == "unauthorized_client"


class TestKeys:
    @pytest.fixture
    def gateway(self, served: Served) -> App:
        keys = {"keys": [EC.as_dict(private=False), RSA.as_dict(private=False)]}
        made = App(served, "Gateway", proof="key", keys=keys, grants=frozenset({MACHINE}))
        assert made.secret == ""
        return made

    def assertion(self, app: App, key: Any = EC, header: dict[str, Any] | None = None, **changes: Any) -> str:
        at = int(time.time())
        said = {"iss": app.id, "sub": app.id, "aud": ISSUER, "iat": at, "exp": at + 60, "jti": str(uuid.uuid4())}
        claims = {name: value for name, value in {**said, **changes}.items() if value is not None}
        alg = "ES256" if key is EC or isinstance(key, ECKey) else "RS256"
        return jwt.encode({"alg": alg, **(header or {})}, claims, key, algorithms=[alg])

    def show(self, app: App, assertion: str, **more: str) -> httpx2.Response:
        said = {"grant_type": MACHINE, "client_assertion_type": ASSERTION, "client_assertion": assertion, **more}
        return app.http.post("/oauth/token", data=said)

    @pytest.mark.parametrize("key", [EC, RSA], ids=["ES256", "RS256"])
    @pytest.mark.parametrize("audience", [ISSUER, f"{ISSUER}/oauth/token", [ISSUER]], ids=str)
    def test_a_client_proves_itself_by_a_key_of_its_own(self, gateway: App, key: Any, audience: Any) -> None:
        answer = self.show(gateway, self.assertion(gateway, key, aud=audience))
        assert answer.status_code == 200, answer.text
        assert self.show(gateway, self.assertion(gateway, key), client_id=gateway.id).status_code == 200

    def test_each_proof_counts_once(self, gateway: App) -> None:
        proof = self.assertion(gateway)
        assert [self.show(gateway, proof).status_code for _ in range(2)] == [200, 401]

    @pytest.mark.parametrize(
        "changes",
        [
            {"aud": "https://other.example"},
            {"aud": [ISSUER, "https://other.example"]},
            {"aud": None},
            {"iss": "somebody"},
            {"sub": "somebody"},
            {"exp": None},
            {"exp": 1},
            {"exp": 9_999_999_999},
            {"exp": "soon"},
            {"nbf": 9_999_999_999},
            {"iat": 9_999_999_999},
            {"jti": None},
        ],
        ids=str,
    )
    def test_what_proves_nothing(self, gateway: App, changes: dict[str, Any]) -> None:
        answer = self.show(gateway, self.assertion(gateway, **changes))
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")

    def test_a_key_of_somebody_else_proves_nothing(self, gateway: App) -> None:
        mine = ECKey.generate_key("P-256")
        for header in ({}, {"jwk": mine.as_dict(private=False)}, {"jku": "https://evil.example/"}, {"kid": "x"}):
            assert self.show(gateway, self.assertion(gateway, mine, header)).status_code == 401
        head, body, _ = self.assertion(gateway).split(".")
        assert head
        assert self.show(gateway, f"eyJhbGciOiJub25lIn0.{body}.").status_code == 401
        assert self.show(gateway, "x").status_code == self.show(gateway, "a.b.c").status_code == 401

    def test_who_has_a_key_is_not_let_in_by_less(self, gateway: App, app: App) -> None:
        said = {"grant_type": MACHINE, "client_id": gateway.id}
        for more in ({}, {"client_secret": ""}, {"client_secret": "x"}):
            assert gateway.http.post("/oauth/token", data={**said, **more}).status_code == 401
        assert gateway.http.post("/oauth/token", data=said, auth=(gateway.id, "")).status_code == 401
        assert self.show(gateway, self.assertion(app)).status_code == 401

    def test_one_proof_at_a_time(self, gateway: App, app: App) -> None:
        answer = self.show(gateway, self.assertion(gateway), client_secret="x")
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        assert self.show(gateway, self.assertion(gateway), client_id=app.id).status_code == 401


class TestTakingBack:
    def test_a_refresh_token_goes_with_all_it_bought(self, app: App, ada: Person) -> None:
        tokens = app.tokens(ada, "hugo")
        again = app.refresh(tokens["refresh_token"]).json()
        answer = app.post("revoke", token=again["refresh_token"], token_type_hint="refresh_token")
        assert (answer.status_code, answer.content) == (200, b"")
        assert app.refresh(again["refresh_token"]).json()["error"] == "invalid_grant"
        for each in (tokens, again):
            assert app.http.get("/api/v1/sites", headers=bearer(each["access_token"])).status_code == 401

    def test_an_access_token_goes_alone(self, app: App, ada: Person) -> None:
        tokens = app.tokens(ada, "hugo")
        assert app.post("revoke", token=tokens["access_token"]).status_code == 200
        assert app.http.get("/api/v1/sites", headers=bearer(tokens["access_token"])).status_code == 401
        assert app.sites(app.refresh(tokens["refresh_token"]).json()["access_token"]) == ["hugo"]

    def test_nobody_takes_back_what_is_not_theirs_or_learns_of_it(self, app: App, phone: App, ada: Person) -> None:
        tokens = app.tokens(ada, "hugo")
        answers = [phone.post("revoke", token=tokens[name]) for name in ("refresh_token", "access_token")]
        answers.append(phone.post("revoke", token="nonsense"))
        assert {(each.status_code, each.content) for each in answers} == {(200, b"")}
        assert app.sites(tokens["access_token"]) == ["hugo"]
        assert app.refresh(tokens["refresh_token"]).status_code == 200
        assert app.post("revoke").json()["error"] == "invalid_request"
        assert app.http.post("/oauth/revoke", data={"token": "x", "client_id": app.id}).status_code == 401

    def test_a_client_looks_into_its_own_tokens_only(self, served: Served, app: App, phone: App, ada: Person) -> None:
        tokens = app.tokens(ada, "hugo")
        access = app.post("introspect", token=tokens["access_token"]).json()
        assert (access["active"], access["sub"], access["client_id"]) == (True, ada.user.id, app.id)
        assert access["scope"] == tokens["scope"]
        assert app.post("introspect", token=tokens["refresh_token"]).json()["active"] is True
        other = App(served, "Other")
        for token in (tokens["access_token"], tokens["refresh_token"], tokens["id_token"], "nonsense"):
            assert other.post("introspect", token=token).json() == {"active": False}
        assert phone.post("introspect", token=tokens["access_token"]).status_code == 401
        app.post("revoke", token=tokens["refresh_token"])
        assert app.post("introspect", token=tokens["access_token"]).json() == {"active": False}


WEB = {"client_name": "Web", "redirect_uris": [BACK], "grant_types": ["authorization_code", "refresh_token"]}


class TestRegistration:
    @pytest.fixture
    def initial(self, served: Served) -> str:
        return served.engine.authority.initial_tokens.make(["twin:read", "openid"], uses=1, seconds=60)

    def register(self, anyone: httpx2.Client, initial: str, **said: Any) -> httpx2.Response:
        return anyone.post("/oauth/register", json=said, headers=bearer(initial))

    def test_a_program_registers_itself_and_its_users_pick_the_sites(
        self, served: Served, anyone: httpx2.Client, initial: str, ada: Person
    ) -> None:
        answer = self.register(anyone, initial, **WEB, logo_uri="https://app.example/x.png")
        assert answer.status_code == 201
        assert answer.headers["cache-control"] == "no-store"
        made = answer.json()
        assert (made["client_name"], made["redirect_uris"], made["client_secret_expires_at"]) == ("Web", [BACK], 0)
        assert made["scope"] == "openid twin:read"
        app = App(served, "Registered")
        app.id, app.secret = made["client_id"], made["client_secret"]
        assert "registered itself" in ada.consent(app.address(scope="twin:read")).text
        tokens = app.tokens(ada, "hugo", scope="twin:read twin:write")
        assert (tokens["scope"], app.sites(tokens["access_token"])) == ("twin:read", ["hugo"])

    def test_the_token_works_as_often_as_it_may(self, anyone: httpx2.Client, initial: str) -> None:
        bad = self.register(anyone, initial, **{**WEB, "redirect_uris": ["http://app.example/"]})
        assert (bad.status_code, bad.json()["error"]) == (400, "invalid_redirect_uri")
        statuses = [self.register(anyone, initial, **WEB).status_code for _ in range(3)]
        assert statuses == [201, 401, 401]

    @pytest.mark.parametrize("headers", [{}, bearer("x"), {"Authorization": "Basic eDp4"}], ids=str)
    def test_nobody_registers_without_one(self, anyone: httpx2.Client, headers: dict[str, str]) -> None:
        answer = anyone.post("/oauth/register", json=WEB, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"redirect_uris": []}, "invalid_redirect_uri"),
            ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
            ({"redirect_uris": [BACK] * 21}, "invalid_redirect_uri"),
            ({"redirect_uris": "x"}, "invalid_client_metadata"),
            ({"grant_types": ["client_credentials"]}, "invalid_client_metadata"),
            ({"grant_types": ["implicit"]}, "invalid_client_metadata"),
            ({"grant_types": []}, "invalid_client_metadata"),
            ({"response_types": ["token"]}, "invalid_client_metadata"),
            ({"token_endpoint_auth_method": "client_secret_jwt"}, "invalid_client_metadata"),
            ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
            (
                {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "http://169.254.169.254/"},
                "invalid_client_metadata",
            ),
            ({"scope": "twin:write"}, "invalid_client_metadata"),
            ({"client_name": "a\nb"}, "invalid_client_metadata"),
        ],
        ids=str,
    )
    def test_what_cannot_be_registered(
        self, anyone: httpx2.Client, initial: str, changes: dict[str, Any], error: str
    ) -> None:
        answer = self.register(anyone, initial, **{**WEB, **changes})
        assert (answer.status_code, answer.json()["error"]) == (400, error), answer.text

    def test_a_public_one_and_one_with_a_key_get_no_secret(self, served: Served, anyone: httpx2.Client) -> None:
        initial = served.engine.authority.initial_tokens.make(["twin:read"], uses=2, seconds=60)
        public = self.register(anyone, initial, **WEB, token_endpoint_auth_method="none").json()
        keyed = self.register(
            anyone,
            initial,
            **WEB,
            token_endpoint_auth_method="private_key_jwt",
            jwks={"keys": [EC.as_dict(private=False)]},
        ).json()
        assert "client_secret" not in public | keyed
        assert keyed["jwks"]["keys"][0]["kty"] == "EC"


def test_the_metadata_names_what_is_there(anyone: httpx2.Client) -> None:
    provider = anyone.get("/.well-known/openid-configuration").json()
    server = anyone.get("/.well-known/oauth-authorization-server").json()
    assert provider == server
    for name, address in provider.items():
        if name.endswith(("_endpoint", "_uri")) and name != "registration_endpoint":
            path = address.removeprefix(ISSUER)
            assert path.startswith("/")
            assert anyone.options(path).status_code in {204, 405}, name
    assert provider["code_challenge_methods_supported"] == ["S256"]
    assert provider["response_types_supported"] == ["code"]


def test_pkce_is_told_in_the_spelling_of_the_rfc() -> None:
    """RFC 7636, appendix B."""
    from twin.access.authorizations import _challenge

    assert _challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert len(CHALLENGE) == 43
