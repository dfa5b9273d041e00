"""What else RFC 9700, OAuth 2.1 and their relatives ask for that can be tried from outside; see test_profile."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any
from urllib.parse import unquote_plus, urlencode

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.responses import Response

from api.oauth.pages.browser import Browser, forget, know_again, remember
from tests.api.conftest import Served
from tests.api.oauth.conftest import bearer
from tests.api.oauth.people import BACK, CHALLENGE, PASSWORD, App, Person, answered
from twin.access.applications import CODE, DEVICE, MACHINE
from twin.engine.vault import Vault

ISSUER = "http://twin.test"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PUSHED = {"response_type": "code", "redirect_uri": BACK, "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
PROGRAMS = {
    "token": {"grant_type": "refresh_token", "refresh_token": "x"},
    "revoke": {"token": "x"},
    "introspect": {"token": "x"},
    "device_authorization": {"scope": "twin:read"},
    "par": PUSHED,
}
EC = ECKey.generate_key("P-256")


@pytest.fixture
def box(served: Served) -> App:
    """A client that signs with a key of its own."""
    keys = {"keys": [EC.as_dict(private=False)]}
    return App(served, "Box", proof="key", keys=keys, grants=frozenset({MACHINE, DEVICE, CODE}))


def assertion(client: str, **changes: Any) -> str:
    at = int(time.time())
    said = {"iss": client, "sub": client, "aud": ISSUER, "iat": at, "exp": at + 60, "jti": str(uuid.uuid4()), **changes}
    return jwt.encode({"alg": "ES256"}, said, EC, algorithms=["ES256"])


class TestPrograms:
    """The endpoints that programs use: RFC 6749 sections 2.3 and 3.2, RFC 7009, 7662, 8628, 9126."""

    @pytest.mark.parametrize("endpoint", PROGRAMS)
    def test_a_parameter_that_is_repeated_is_refused(self, app: App, endpoint: str) -> None:
        said = PROGRAMS[endpoint]
        for name in (*said, "client_id", "scope", "anything"):
            body = urlencode([*said.items(), (name, "y"), (name, "y")])
            answer = app.http.post(f"/oauth/{endpoint}", content=body, headers=FORM, auth=app.basic)
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), name

    @pytest.mark.parametrize("endpoint", PROGRAMS)
    def test_nothing_is_read_from_the_query_string(self, app: App, endpoint: str) -> None:
        said = PROGRAMS[endpoint]
        answer = app.http.post(f"/oauth/{endpoint}?{urlencode(said)}", auth=app.basic)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        mixed = app.http.post(f"/oauth/{endpoint}?client_secret={app.secret}", data={**said, "client_id": app.id})
        assert (mixed.status_code, mixed.json()["error"]) == (400, "invalid_request")

    @pytest.mark.parametrize("endpoint", PROGRAMS)
    def test_json_is_no_form(self, app: App, endpoint: str) -> None:
        answer = app.http.post(f"/oauth/{endpoint}", json={**PROGRAMS[endpoint], "client_id": app.id})
        assert answer.status_code in {400, 401}

    @pytest.mark.parametrize("endpoint", PROGRAMS)
    def test_only_a_post_is_answered(self, app: App, endpoint: str) -> None:
        for method in ("GET", "PUT", "DELETE"):
            answer = app.http.request(method, f"/oauth/{endpoint}", params={"client_id": app.id})
            assert (answer.status_code, answer.headers["cache-control"]) == (405, "no-store")

    @pytest.mark.parametrize("endpoint", PROGRAMS)
    def test_who_has_not_shown_who_it_is_gets_nothing(self, app: App, endpoint: str) -> None:
        for said in ({}, {"client_id": app.id}, {"client_id": app.id, "client_secret": "x"}, {"client_id": "nobody"}):
            answer = app.http.post(f"/oauth/{endpoint}", data={**PROGRAMS[endpoint], **said})
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), said
            assert answer.headers["cache-control"] == "no-store"

    @pytest.mark.parametrize("endpoint", PROGRAMS)
    def test_what_is_too_large_is_not_read(self, app: App, endpoint: str) -> None:
        many = urlencode([(f"a{number}", "x") for number in range(101)])
        for body, status in (("a=" + "x" * 1_100_000, 413), (many, 400)):
            answer = app.http.post(f"/oauth/{endpoint}", content=body, headers=FORM, auth=app.basic)
            assert answer.status_code == status
            assert "xxx" not in answer.text

    @pytest.mark.parametrize("endpoint", ["token", "par", "device_authorization"])
    def test_a_token_is_asked_for_us_alone(self, app: App, endpoint: str) -> None:
        """RFC 8707, section 2."""
        for others in (["https://other.example"], [ISSUER, "https://other.example"], [f"{ISSUER}/#x"], [""]):
            fields = [*PROGRAMS[endpoint].items(), *(("resource", each) for each in others)]
            answer = app.http.post(f"/oauth/{endpoint}", content=urlencode(fields), headers=FORM, auth=app.basic)
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_target"), others

    def test_a_hint_of_another_kind_hinders_nothing(self, app: App, ada: Person) -> None:
        """RFC 7009, section 2.1: the hint only says where to look first."""
        for hint in ("access_token", "refresh_token", "nonsense"):
            tokens = app.tokens(ada, "hugo")
            assert app.post("introspect", token=tokens["refresh_token"], token_type_hint=hint).json()["active"]
            assert app.post("revoke", token=tokens["refresh_token"], token_type_hint=hint).status_code == 200
            assert app.http.get("/api/v1/sites", headers=bearer(tokens["access_token"])).status_code == 401

    def test_an_access_token_looks_into_nothing(self, app: App, ada: Person) -> None:
        token = app.tokens(ada, "hugo")["access_token"]
        answer = app.http.post("/oauth/introspect", data={"token": token}, headers=bearer(token))
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")

    def test_a_box_asks_for_its_own_code_only(self, app: App, phone: App) -> None:
        asked = phone.post("device_authorization", scope="twin:read").json()
        answer = app.post("token", grant_type=DEVICE, device_code=asked["device_code"])
        assert answer.json()["error"] == "invalid_grant"
        mine = phone.post("token", grant_type=DEVICE, device_code=asked["device_code"])
        assert mine.json()["error"] == "authorization_pending"
        assert phone.post("token", grant_type=DEVICE, device_code="x").json()["error"] == "invalid_grant"


class TestAssertions:
    """RFC 7523 and RFC 8725: what is good in one place is worth nothing in another."""

    def show(self, app: App, token: str, endpoint: str = "token", **more: str) -> httpx2.Response:
        said = {"grant_type": MACHINE, "client_assertion_type": ASSERTION, "client_assertion": token, **more}
        return app.http.post(f"/oauth/{endpoint}", data=said)

    def test_an_access_token_is_no_assertion(self, box: App) -> None:
        token = self.show(box, assertion(box.id)).json()["access_token"]
        assert self.show(box, token).status_code == 401
        assert self.show(box, token, client_id=box.id).status_code == 401

    def test_nor_an_assertion_an_access_token(self, box: App) -> None:
        for typ in ("JWT", "at+jwt"):
            claims = {"iss": box.id, "sub": box.id, "aud": ISSUER, "client_id": box.id, "scope": "twin:read"}
            at = int(time.time())
            whole = {**claims, "exp": at + 60, "iat": at, "jti": "j", "generation": 1, "sites": None}
            kid = box.served.engine.authority.keys.ring.current.kid
            token = jwt.encode({"alg": "ES256", "typ": typ, "kid": kid}, whole, EC, algorithms=["ES256"])
            assert box.http.get("/api/v1/sites", headers=bearer(token)).status_code == 401

    def test_an_id_token_is_no_assertion(self, app: App, ada: Person) -> None:
        token = app.tokens(ada, "hugo")["id_token"]
        assert self.show(app, token, client_id=app.id).status_code == 401

    def test_one_proof_counts_once_whatever_it_is_shown_for(self, box: App) -> None:
        proof = assertion(box.id)
        first = self.show(box, proof, "device_authorization", scope="twin:read")
        assert first.status_code == 200
        assert self.show(box, proof).status_code == 401

    def test_a_proof_of_another_type_is_none(self, box: App) -> None:
        for kind in ("", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"):
            assert self.show(box, assertion(box.id), client_assertion_type=kind).status_code == 401

    def test_what_is_too_long_is_no_proof(self, box: App) -> None:
        assert self.show(box, assertion(box.id, more="x" * 9000)).status_code == 401


class TestPushed:
    """RFC 9126: what was pushed counts, and nothing beside it."""

    def test_what_the_browser_says_beside_it_is_not_looked_at(self, app: App, ada: Person) -> None:
        uri = app.post("par", **PUSHED, scope="openid twin:read", state="s").json()["request_uri"]
        said = {"client_id": app.id, "request_uri": uri, "scope": "twin:write", "redirect_uri": "https://evil.example/"}
        shown = ada.consent(f"/oauth/authorize?{urlencode(said)}")
        assert "Build and change" not in shown.text
        assert answered(ada.allow(shown, app.served.engine.id("hugo")))["state"] == "s"

    @pytest.mark.parametrize(
        "uri", ["https://evil.example/request.jwt", "http://127.0.0.1:1/x", "urn:ietf:params:oauth:request_uri:x", "x"]
    )
    def test_no_address_of_a_stranger_is_fetched(self, app: App, ada: Person, uri: str) -> None:
        shown = ada.get(f"/oauth/authorize?{urlencode({'client_id': app.id, 'request_uri': uri})}")
        assert (shown.status_code, "location" in shown.headers) == (400, False)

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
            ({"code_challenge_method": "plain"}, "invalid_request"),
            ({"response_type": "token"}, "unsupported_response_type"),
            ({"scope": "telemetry:write"}, "invalid_scope"),
            ({"request_uri": "urn:x"}, "invalid_request"),
            ({"request": "e30.e30."}, "request_not_supported"),
        ],
        ids=str,
    )
    def test_what_cannot_be_had_is_told_at_once(self, app: App, changes: dict[str, str], error: str) -> None:
        answer = app.post("par", **{**PUSHED, **changes})
        assert (answer.status_code, answer.json()["error"]) == (400, error)

    def test_nobody_pushes_in_the_name_of_another(self, app: App, phone: App) -> None:
        assert app.post("par", **PUSHED, client_id=phone.id).status_code == 401


class TestSignIn:
    @pytest.mark.parametrize(
        "onward", ["/account?€", "/account#\N{SNOWMAN}", "/oauth/authorize?state=é", "/account?\t"]
    )
    def test_where_to_go_on_is_a_plain_address(self, served: Served, onward: str) -> None:
        person = Person(served, "ada@example.com")
        shown = person.get("/login")
        done = person.send(shown, email=person.email, password=PASSWORD, next=onward)
        assert (done.status_code, done.headers["location"]) == (303, "/account")

    def test_signing_out_leads_nowhere_else(self, ada: Person) -> None:
        """No open redirector (RFC 9700, section 4.11), and no sign-out by a link."""
        ada.sign_in()
        onward = {"next": "https://evil.example/", "post_logout_redirect_uri": "https://evil.example/"}
        assert ada.http.get("/logout", params=onward).status_code == 405
        shown = ada.get("/account")
        forms = shown.text.partition('action="/logout">')[2]
        proof = forms.partition('name="proof" value="')[2][:64]
        done = ada.http.post("/logout", params=onward, data={**onward, "proof": proof})
        assert (done.status_code, done.headers["location"]) == (303, "/login")

    def test_who_guesses_keeps_nobody_out(self, served: Served) -> None:
        """A browser that somebody has signed in with before has tries of its own."""
        person = Person(served, "ada@example.com")
        person.sign_in()
        del person.http.cookies["twin"]
        guesser = Person(served, person.email)
        page = guesser.get("/login")
        wrong = [guesser.send(page, email=person.email, password="wrong wrong wrong").status_code for _ in range(12)]
        assert wrong[-1] == 429
        assert guesser.sign_in().status_code == 429
        assert person.sign_in().headers["location"] == "/account"
        page = person.get("/login")
        tries = [person.send(page, email=person.email, password="wrong wrong wrong").status_code for _ in range(11)]
        assert tries == [401] * 10 + [429]

    def test_a_known_browser_is_its_users_alone(self, served: Served) -> None:
        ada, bob = Person(served, "ada@example.com"), Person(served, "bob@example.com")
        ada.sign_in()
        del ada.http.cookies["twin"]
        page = ada.get("/login")
        tries = [ada.send(page, email=bob.email, password="wrong wrong wrong").status_code for _ in range(11)]
        assert tries[-1] == 429
        _, link = served.engine.authority.users.link(ada.email)
        served.engine.authority.choose_password(link, PASSWORD)
        assert not served.engine.authority.browsers.knows(ada.http.cookies["twin-known"], ada.email)

    def test_who_floods_the_sign_in_is_told_to_come_back(self, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        person = Person(served, "ada@example.com")
        page = person.get("/login")
        monkeypatch.setattr(served.engine, "vault", Vault(threads=1, waiting=-1))
        busy = person.send(page, email=person.email, password=PASSWORD)
        assert (busy.status_code, "try again in some seconds" in busy.text) == (503, True)
        assert busy.headers["x-frame-options"] == "DENY"
        monkeypatch.undo()
        assert person.sign_in().status_code == 303

    def test_a_sign_in_for_one_request_is_for_that_one_and_a_while(
        self, app: App, ada: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """OpenID Connect Core, section 3.1.2.1: the address stays in the history of a browser."""
        shown = ada.get(app.address(prompt="login"))
        marked = ada.sign_in(shown).headers["location"]
        assert "<h1>Allow Comfort?</h1>" in ada.get(marked).text
        other = marked.replace("n-1", "n-2")
        assert ada.get(other).headers["location"].startswith("/login?")
        monkeypatch.setattr("api.oauth.pages.consent.FRESH_SECONDS", -1)
        assert ada.get(marked).headers["location"].startswith("/login?")

    def test_a_user_is_the_same_to_every_app(self, app: App, phone: App, ada: Person) -> None:
        subjects = set()
        for each in (app, phone, app):
            tokens = each.tokens(ada, "hugo")
            key = each.served.engine.authority.keys.ring.current.private
            for name in ("access_token", "id_token"):
                subjects.add(jwt.decode(tokens[name], key, algorithms=["ES256"]).claims["sub"])
            subjects.add(each.http.get("/oauth/userinfo", headers=bearer(tokens["access_token"])).json()["sub"])
        assert subjects == {ada.user.id}

    def test_an_app_learns_of_its_user_what_it_asked_for(self, app: App, ada: Person) -> None:
        token = app.tokens(ada, "hugo", scope="twin:read")["access_token"]
        refused = app.http.get("/oauth/userinfo", headers=bearer(token))
        assert (refused.status_code, refused.json()["code"]) == (403, "scope.insufficient")
        tokens = app.tokens(ada, scope="openid")
        said = app.http.get("/oauth/userinfo", headers=bearer(tokens["access_token"])).json()
        assert said == {"sub": ada.user.id}
        assert app.http.get("/api/v1/sites", headers=bearer(tokens["access_token"])).status_code == 403


class TestPages:
    @pytest.mark.parametrize(
        "address",
        [
            "/oauth/authorize?client_id=%3Cmark%3E&redirect_uri=https://mark.example",
            "/oauth/authorize?client_id=a&client_id=mark",
            "/oauth/authorize?%ff=mark",
            "/oauth/authorize?request_uri=mark&client_id=mark",
            "/account/password?link=mark",
            "/login/mark",
            "/oauth/mark",
            "/device/mark?mark",
        ],
    )
    def test_what_was_asked_is_not_said_again(self, anyone: httpx2.Client, address: str) -> None:
        answer = anyone.get(address)
        assert answer.status_code in {400, 404}
        assert "mark" not in answer.text
        assert "location" not in answer.headers

    def test_a_request_by_form_is_not_of_any_length(self, app: App, anyone: httpx2.Client) -> None:
        said = {"client_id": app.id, "state": "x" * 20_000}
        assert anyone.post("/oauth/authorize", data=said).status_code == 413

    def test_where_we_are_is_not_what_a_host_header_says(self, anyone: httpx2.Client, app: App) -> None:
        there = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
        for address in (
            "/.well-known/oauth-authorization-server",
            app.address(),
            "/.well-known/oauth-protected-resource",
        ):
            answer = anyone.get(address, headers=there)
            assert "evil.example" not in answer.text + json.dumps(dict(answer.headers))

    def test_an_answer_tells_no_referrer(self, app: App, ada: Person) -> None:
        """RFC 9700, section 4.2.4: what is in an address of ours is told to nobody."""
        shown = ada.allow(ada.consent(app.address()), app.served.engine.id("hugo"))
        assert shown.headers["referrer-policy"] == "no-referrer"
        assert shown.headers["cache-control"] == "no-store"
        again = ada.sign_in(ada.get(app.address(prompt="login")))
        assert again.headers["referrer-policy"] == "no-referrer"

    @pytest.mark.parametrize("address", ["/oauth/token", "/oauth/revoke", "/oauth/userinfo", "/oauth/jwks.json"])
    def test_a_preflight_lets_no_cookie_through(self, anyone: httpx2.Client, address: str) -> None:
        asked = {"Origin": "https://spa.example", "Access-Control-Request-Method": "POST"}
        answer = anyone.options(address, headers=asked)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers
        assert "x-" not in answer.headers["access-control-allow-headers"].lower()

    def test_over_tls_a_cookie_is_ours_alone(self, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        """``__Host-``: over TLS only, of this host only, for all of it."""
        monkeypatch.setattr(served.engine.authority, "pages", "https://twin.test")
        browser = Browser(served.engine, "", None, "", (), "", genuine=True)  # type: ignore[arg-type]
        for act, name in ((remember, "__Host-twin"), (know_again, "__Host-twin-known")):
            said = act(Response(), browser, "secret").headers["set-cookie"]
            assert said.startswith(f"{name}=secret; ")
            for part in ("; HttpOnly", "; Path=/", "; SameSite=lax", "; Secure"):
                assert part in said
            assert "Domain" not in said
        gone = forget(Response(), browser).headers["set-cookie"]
        assert gone.startswith('__Host-twin=""')
        assert "Secure" in gone


WEB = {"client_name": "Web", "redirect_uris": [BACK], "grant_types": ["authorization_code", "refresh_token"]}


class TestRegistration:
    """RFC 7591, section 5: what a stranger says of itself is bounded, and believed only where it must be."""

    @pytest.fixture
    def initial(self, served: Served) -> str:
        return served.engine.authority.initial_tokens.make(["twin:read", "openid"], uses=1, seconds=60)

    def register(self, anyone: httpx2.Client, initial: str, **said: Any) -> httpx2.Response:
        return anyone.post("/oauth/register", json={**WEB, **said}, headers=bearer(initial))

    @pytest.mark.parametrize(
        "uri",
        [
            "javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:https://app.example/x",
            "http://app.example/back",
            "https://app.example/back#x",
            "https://user@app.example/back",
            "https://*.example/back",
            "https:///back",
            "https://app.example/b\nack",
            "https://app.example/\N{CYRILLIC SMALL LETTER A}",
            "app.example:/back",
            "//app.example/back",
            "",
        ],
    )
    def test_answers_cannot_be_sent_just_anywhere(self, anyone: httpx2.Client, initial: str, uri: str) -> None:
        answer = self.register(anyone, initial, redirect_uris=[BACK, uri])
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_redirect_uri")

    @pytest.mark.parametrize(
        "said",
        [
            {"redirect_uris": [BACK] * 21},
            {"client_name": "a\N{RIGHT-TO-LEFT OVERRIDE}b"},
            {"client_name": "a\nb"},
            {"client_name": ["a"]},
            {"grant_types": ["implicit"]},
            {"grant_types": ["password"]},
            {"grant_types": ["client_credentials"]},
            {"response_types": ["token"]},
            {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "http://127.0.0.1:1/"},
            {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [EC.as_dict(private=True)]}},
            {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [EC.as_dict(private=False)] * 11}},
            {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}},
            {"token_endpoint_auth_method": "tls_client_auth"},
        ],
        ids=lambda said: str(said)[:60],
    )
    def test_what_cannot_be_registered(self, anyone: httpx2.Client, initial: str, said: dict[str, Any]) -> None:
        answer = self.register(anyone, initial, **said)
        assert answer.status_code == 400
        assert answer.json()["error"] in {"invalid_client_metadata", "invalid_redirect_uri"}

    def test_nobody_chooses_who_they_are(
        self, served: Served, anyone: httpx2.Client, initial: str, ada: Person
    ) -> None:
        """RFC 9700, section 4.15: a client that had a user's id could pass for the user."""
        said = {"client_id": ada.user.id, "client_secret": "mine", "client_id_issued_at": 1, "sub": ada.user.id}
        more = {"software_statement": "e30.e30.", "logo_uri": "javascript:x", "policy_uri": "https://evil.example/"}
        made = self.register(anyone, initial, **said, **more).json()
        assert made["client_id"] != ada.user.id
        assert made["client_secret"] != "mine"
        assert "evil" not in json.dumps(made)
        assert served.engine.authority.clients.find(ada.user.id) is None

    def test_what_is_too_large_is_not_read(self, anyone: httpx2.Client, initial: str) -> None:
        assert self.register(anyone, initial, client_name="x" * 1_100_000).status_code == 413
        long = self.register(anyone, initial, client_name="x" * 1000).json()
        assert long["client_name"] == "x" * 60

    def test_a_token_of_another_kind_registers_nothing(self, app: App, anyone: httpx2.Client, ada: Person) -> None:
        tokens = app.tokens(ada, "hugo")
        for token in (tokens["access_token"], tokens["id_token"], tokens["refresh_token"], "x"):
            answer = self.register(anyone, token)
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


def test_a_pushed_request_is_asked_about_in_its_own_name(app: App, ada: Person) -> None:
    """A stranger's link cannot have a person answer what was pushed for another app."""
    mine = App(app.served, "Mine")
    uri = app.post("par", **PUSHED).json()["request_uri"]
    shown = ada.consent(f"/oauth/authorize?{urlencode({'client_id': mine.id, 'request_uri': uri})}")
    assert (shown.status_code, "location" in shown.headers) == (400, False)
    assert unquote_plus(uri) not in shown.text
