"""RFC 9700 and OAuth 2.1, seen from outside: each rule that a client or an attacker can try is a test of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.api.conftest import Served
from tests.api.oauth.conftest import bearer
from tests.api.oauth.people import BACK, PASSWORD, VERIFIER, App, Person, answered

ISSUER = "http://twin.test"
LOOP = "http://127.0.0.1/back"


def code(app: App, person: Person, **changes: str | None) -> str:
    shown = person.consent(app.address(**changes))
    if shown.status_code != 303:
        shown = person.allow(shown, app.served.engine.id("hugo"))
    return answered(shown, changes.get("redirect_uri") or BACK)["code"]


def refused(answer: httpx2.Response, error: str, status: int = 400) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    assert answer.headers["cache-control"] == "no-store"


class TestRedirects:
    @pytest.mark.parametrize(
        "uri",
        [
            BACK + "/",
            BACK + "?x=1",
            BACK + "#x",
            BACK.replace("https", "http"),
            "https://evil.example/back",
            "https://app.example.evil.example/back",
            "https://app.example@evil.example/back",
            "https://app.example/%62ack",
            "//app.example/back",
            "javascript:alert(1)",
        ],
    )
    def test_an_address_that_is_not_registered_gets_no_answer(self, app: App, ada: Person, uri: str) -> None:
        for more in ({}, {"response_type": "token"}, {"prompt": "none"}):
            shown = ada.get(app.address(redirect_uri=uri, **more))
            assert shown.status_code == 400
            assert "location" not in shown.headers
            assert "evil" not in shown.text

    @pytest.mark.parametrize("client", ["nobody", "", None])
    def test_a_client_that_is_unknown_gets_no_answer(self, app: App, ada: Person, client: str | None) -> None:
        shown = ada.get(app.address(client_id=client))
        assert (shown.status_code, "location" in shown.headers) == (400, False)

    def test_a_machine_has_no_users(self, served: Served, ada: Person, app: App) -> None:
        machine = App(served, "Machine", grants=frozenset({"client_credentials"}))
        shown = ada.get(app.address(client_id=machine.id))
        assert (shown.status_code, "location" in shown.headers) == (400, False)

    def test_a_program_on_this_machine_may_listen_on_any_port(self, phone: App, ada: Person) -> None:
        back = "http://127.0.0.1:51004/back"
        redeemed = phone.redeem(code(phone, ada, redirect_uri=back), redirect_uri=back)
        assert redeemed.status_code == 200

    @pytest.mark.parametrize("uri", ["http://localhost:51004/back", "http://127.0.0.1:51004/", "http://127.0.0.2/back"])
    def test_and_on_nothing_else(self, phone: App, ada: Person, uri: str) -> None:
        assert ada.get(phone.address(redirect_uri=uri)).status_code == 400

    def test_the_address_may_be_left_out_where_there_is_one(self, app: App, phone: App, ada: Person) -> None:
        assert code(app, ada, redirect_uri=None)
        assert ada.get(phone.address(redirect_uri=None)).status_code == 400

    def test_the_code_is_bought_with_the_address_it_was_asked_for_with(self, app: App, ada: Person) -> None:
        refused(app.redeem(code(app, ada), redirect_uri=BACK + "/"), "invalid_grant")

    @pytest.mark.parametrize(
        "onward",
        [
            "https://evil.example/",
            "//evil.example/account",
            "/\\evil.example/account",
            "\\\\evil.example/account",
            "/account\n//evil.example",
            "http:/account",
            "/oauth/token",
            "/account/../../evil",
            "javascript:alert(1)",
        ],
    )
    def test_the_sign_in_is_no_open_redirector(self, served: Served, onward: str) -> None:
        person = Person(served, "ada@example.com")
        shown = person.http.get("/login", params={"next": onward})
        assert person.send(shown, email=person.email, password=PASSWORD).headers["location"] == "/account"
        shown = person.get("/login")
        assert person.send(shown, email=person.email, password=PASSWORD, next=onward).headers["location"] == "/account"

    def test_a_form_is_never_sent_on(self, app: App, ada: Person) -> None:
        """RFC 9700, section 4.12: 303, never 307, so that no password is posted to an app."""
        shown = ada.get(app.address())
        assert (shown.status_code, ada.sign_in(shown).status_code) == (303, 303)
        assert ada.allow(ada.get(app.address(prompt="consent")), app.served.engine.id("hugo")).status_code == 303


class TestRequests:
    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"response_type": "token"}, "unsupported_response_type"),
            ({"response_type": "code id_token"}, "unsupported_response_type"),
            ({"response_type": None}, "unsupported_response_type"),
            ({"response_mode": "fragment"}, "invalid_request"),
            ({"code_challenge": None}, "invalid_request"),
            ({"code_challenge_method": None}, "invalid_request"),
            ({"code_challenge_method": "plain"}, "invalid_request"),
            ({"code_challenge": "short"}, "invalid_request"),
            ({"scope": "everything"}, "invalid_scope"),
            ({"scope": "telemetry:write"}, "invalid_scope"),
            ({"resource": "https://other.example"}, "invalid_target"),
            ({"request": "e30.e30."}, "request_not_supported"),
            ({"prompt": "none login"}, "invalid_request"),
            ({"prompt": "dance"}, "invalid_request"),
            ({"max_age": "-1"}, "invalid_request"),
        ],
        ids=str,
    )
    def test_what_cannot_be_had_is_told_to_the_app(
        self, app: App, ada: Person, changes: dict[str, str | None], error: str
    ) -> None:
        told = answered(ada.get(app.address(**changes)))
        assert (told["error"], told["state"], told["iss"]) == (error, "s/t a&te", ISSUER)
        assert "code" not in told

    @pytest.mark.parametrize("name", ["state", "scope", "response_type", "code_challenge", "nonce", "prompt", "any"])
    def test_a_parameter_that_is_repeated_is_told_to_the_app(self, app: App, ada: Person, name: str) -> None:
        assert answered(ada.get(f"{app.address()}&{name}=x&{name}=x"))["error"] == "invalid_request"

    @pytest.mark.parametrize("name", ["client_id", "redirect_uri", "request_uri"])
    def test_and_to_the_person_where_it_says_who_the_app_is(self, app: App, ada: Person, name: str) -> None:
        shown = ada.get(f"{app.address()}&{name}=x&{name}=x")
        assert (shown.status_code, "location" in shown.headers) == (400, False)

    def test_scopes_that_the_client_may_not_have_are_left_out(self, app: App, ada: Person) -> None:
        tokens = app.tokens(ada, "hugo", scope="twin:read telemetry:write nonsense")
        assert tokens["scope"] == "twin:read"

    def test_the_server_itself_may_be_named_as_the_resource(self, app: App, ada: Person) -> None:
        bought = app.redeem(code(app, ada, resource=ISSUER), resource=f"{ISSUER}/")
        assert bought.status_code == 200
        refused(app.redeem("x", resource="https://other.example"), "invalid_target")

    def test_every_answer_says_whose_it_is(self, app: App, ada: Person, anyone: httpx2.Client) -> None:
        """RFC 9207: an app that talks to several servers is not mixed up."""
        metadata = anyone.get("/.well-known/oauth-authorization-server").json()
        assert metadata["authorization_response_iss_parameter_supported"] is True
        assert answered(ada.get(app.address(prompt="none")))["iss"] == metadata["issuer"]


class TestProof:
    @pytest.mark.parametrize("verifier", ["w" * 43, VERIFIER + "v", "v" * 42, "", "v" * 129, VERIFIER[:-1] + "\x00"])
    def test_a_stolen_code_is_worth_nothing(self, app: App, phone: App, ada: Person, verifier: str) -> None:
        for each in (app, phone):
            answer = each.redeem(code(each, ada), code_verifier=verifier)
            assert answer.json()["error"] in {"invalid_grant", "invalid_request"}

    def test_a_code_is_its_clients(self, app: App, phone: App, ada: Person) -> None:
        refused(phone.redeem(code(app, ada)), "invalid_grant")

    def test_a_code_that_comes_back_ends_what_it_bought(self, app: App, ada: Person) -> None:
        shown = code(app, ada)
        tokens = app.redeem(shown).json()
        assert app.sites(tokens["access_token"]) == ["hugo"]
        refused(app.redeem(shown), "invalid_grant")
        dead = app.http.get("/api/v1/sites", headers=bearer(tokens["access_token"]))
        assert (dead.status_code, dead.json()["code"]) == (401, "token.invalid")
        refused(app.refresh(tokens["refresh_token"]), "invalid_grant")

    def test_a_refresh_token_that_comes_back_ends_its_family(self, phone: App, ada: Person) -> None:
        first = phone.tokens(ada, "hugo")
        second = phone.refresh(first["refresh_token"]).json()
        assert second["refresh_token"] != first["refresh_token"]
        assert "id_token" not in second
        refused(phone.refresh(first["refresh_token"]), "invalid_grant")
        refused(phone.refresh(second["refresh_token"]), "invalid_grant")
        assert phone.http.get("/api/v1/sites", headers=bearer(second["access_token"])).status_code == 401

    def test_a_refresh_token_is_its_clients(self, app: App, phone: App, ada: Person) -> None:
        tokens = app.tokens(ada, "hugo")
        refused(phone.refresh(tokens["refresh_token"]), "invalid_grant")
        assert app.refresh(tokens["refresh_token"]).status_code == 200

    def test_less_may_be_refreshed_and_never_more(self, app: App, ada: Person) -> None:
        tokens = app.tokens(ada, "hugo", scope="twin:read twin:write")
        less = app.refresh(tokens["refresh_token"], scope="twin:read").json()
        assert less["scope"] == "twin:read"
        refused(app.refresh(less["refresh_token"], scope="twin:read email"), "invalid_scope")
        again = app.refresh(less["refresh_token"]).json()
        assert again["scope"] == "twin:read twin:write"

    @pytest.mark.parametrize("secret", [None, "", "wrong"])
    def test_a_client_with_a_secret_shows_it(self, app: App, ada: Person, secret: str | None) -> None:
        said = {"grant_type": "authorization_code", "code": code(app, ada), "code_verifier": VERIFIER}
        whole = {
            **said,
            "redirect_uri": BACK,
            "client_id": app.id,
            **({} if secret is None else {"client_secret": secret}),
        }
        refused(app.http.post("/oauth/token", data=whole), "invalid_client", 401)

    def test_a_public_client_gets_nothing_in_its_own_name(self, served: Served, phone: App) -> None:
        refused(phone.post("token", grant_type="client_credentials"), "unauthorized_client")
        made = App(served, "Careless", proof="none", grants=frozenset({"client_credentials"}))
        refused(made.post("token", grant_type="client_credentials"), "unauthorized_client")

    def test_who_authenticates_as_one_and_says_it_is_another_is_neither(self, app: App, phone: App) -> None:
        said = {"grant_type": "client_credentials", "client_id": phone.id}
        refused(app.http.post("/oauth/token", data=said, auth=app.basic), "invalid_client", 401)

    def test_the_password_grant_is_gone(self, app: App) -> None:
        said = {"grant_type": "password", "username": "ada@example.com", "password": PASSWORD}
        refused(app.post("token", **said), "unsupported_grant_type")


class TestTokens:
    def forged(self, served: Served, token: str) -> dict[str, str]:
        head, body, signature = token.split(".")
        header = json.loads(base64.urlsafe_b64decode(head + "=="))
        ring, mine = served.engine.authority.keys.ring, ECKey.generate_key("P-256")
        claims = jwt.decode(token, ring.current.private, algorithms=["ES256"]).claims

        def part(data: Any) -> str:
            return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")

        def shared(secret: bytes) -> str:
            signed = f"{part({**header, 'alg': 'HS256'})}.{body}"
            made = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
            return f"{signed}.{base64.urlsafe_b64encode(made).decode().rstrip('=')}"

        def by_me(**more: Any) -> str:
            return jwt.encode({**header, **more}, claims, mine, algorithms=["ES256"])

        return {
            "alg none": f"{part({**header, 'alg': 'none'})}.{body}.",
            "alg none, signature kept": f"{part({**header, 'alg': 'None'})}.{body}.{signature}",
            "HS256 with the public key": shared(ring.current.private.as_pem(private=False)),
            "a foreign key under our kid": by_me(),
            "a foreign kid": by_me(kid=mine.thumbprint()),
            "no kid": jwt.encode({"alg": "ES256", "typ": "at+jwt"}, claims, mine, algorithms=["ES256"]),
            "jku": by_me(jku="https://evil.example/jwks.json", kid=mine.thumbprint()),
            "x5u": by_me(x5u="https://evil.example/cert.pem", kid=mine.thumbprint()),
            "jwk": by_me(jwk=mine.as_dict(private=False), kid=mine.thumbprint()),
        }

    def test_what_we_did_not_sign_is_no_token(self, served: Served, app: App, ada: Person) -> None:
        good = app.tokens(ada, "hugo")["access_token"]
        assert app.sites(good) == ["hugo"]
        for name, token in self.forged(served, good).items():
            for address in ("/api/v1/sites", "/oauth/userinfo"):
                answer = app.http.get(address, headers=bearer(token))
                assert (answer.status_code, answer.json()["code"]) == (401, "token.invalid"), name

    def test_what_names_the_key_elsewhere_is_not_looked_at(self, served: Served, app: App, ada: Person) -> None:
        """A good signature under our own kid is good whatever else the header says."""
        key = served.engine.authority.keys.ring.current
        claims = jwt.decode(app.tokens(ada, "hugo")["access_token"], key.private, algorithms=["ES256"]).claims
        header = {
            "alg": "ES256",
            "kid": key.kid,
            "typ": "at+jwt",
            "jku": "http://127.0.0.1:9/x",
            "x5u": "http://127.0.0.1:9/",
        }
        assert app.sites(jwt.encode(header, claims, key.private, algorithms=["ES256"])) == ["hugo"]

    def test_an_id_token_is_no_access_token(self, app: App, ada: Person) -> None:
        token = app.tokens(ada, "hugo")["id_token"]
        assert app.http.get("/api/v1/sites", headers=bearer(token)).status_code == 401

    def test_nor_is_a_refresh_token_or_a_code(self, app: App, ada: Person) -> None:
        for token in (app.tokens(ada, "hugo")["refresh_token"], code(app, ada)):
            assert app.http.get("/api/v1/sites", headers=bearer(token)).status_code == 401

    def test_a_token_in_the_query_string_is_none(self, app: App, ada: Person) -> None:
        token = app.tokens(ada, "hugo")["access_token"]
        assert app.http.get("/oauth/userinfo", params={"access_token": token}).status_code == 401
        assert app.http.post("/oauth/userinfo", data={"access_token": token}).status_code == 401

    def test_old_tokens_outlive_a_rotation(self, served: Served, app: App, ada: Person, anyone: httpx2.Client) -> None:
        before = app.tokens(ada, "hugo")["access_token"]
        old = [each["kid"] for each in anyone.get("/oauth/jwks.json").json()["keys"]]
        served.engine.authority.keys.rotate(at_once=True)
        after = app.tokens(ada, "hugo")["access_token"]
        assert app.sites(before) == app.sites(after) == ["hugo"]
        assert (
            jwt.decode(after, served.engine.authority.keys.ring.current.private, algorithms=["ES256"]).header["kid"]
            == old[1]
        )


class TestForms:
    def test_a_form_of_another_site_counts_for_nothing(self, app: App, ada: Person) -> None:
        hugo = app.served.engine.id("hugo")
        shown = ada.consent(app.address())
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
        ):
            ada.http.headers.update(headers)
            assert ada.allow(shown, hugo).status_code == 403, headers
            for name in headers:
                del ada.http.headers[name]
        assert ada.allow(shown, hugo).status_code == 303

    def test_a_form_counts_for_what_it_was_shown_for(self, served: Served, app: App, phone: App, ada: Person) -> None:
        hugo = served.engine.id("hugo")
        shown = ada.consent(app.address())
        for changes in ({"request": phone.query()}, {"proof": "0" * 64}, {"proof": ""}):
            assert ada.allow(shown, hugo, **changes).status_code == 403
        bob = Person(served, "bob@example.com")
        bob.sign_in()
        theirs = bob.get(app.address())
        assert ada.http.post("/oauth/consent", data={"request": app.query(), "answer": "allow"}).status_code == 403
        crossed = {"proof": theirs.text.partition('name="proof" value="')[2][:64]}
        assert ada.allow(shown, hugo, **crossed).status_code == 403

    def test_nobody_is_signed_in_as_somebody_else(self, served: Served, anyone: httpx2.Client) -> None:
        """Login CSRF: a form that was not shown to this very browser signs nobody in."""
        person = Person(served, "ada@example.com")
        shown = person.get("/login")
        proof = shown.text.partition('name="proof" value="')[2][:64]
        said = {"email": person.email, "password": PASSWORD, "proof": proof, "next": "/account"}
        with httpx2.Client(base_url=served.url) as other:
            assert other.post("/login", data=said).status_code == 403

    @pytest.mark.parametrize(
        "address", ["/logout", "/account/revoke", "/device", "/oauth/consent", "/account/password"]
    )
    def test_every_form_wants_its_proof(self, ada: Person, address: str) -> None:
        ada.sign_in()
        assert ada.http.post(address, data={"client": "x", "user_code": "x", "answer": "allow"}).status_code in {
            403,
            404,
        }
        assert ada.get("/account").status_code == 200

    def test_a_session_is_new_after_each_sign_in(self, served: Served) -> None:
        person = Person(served, "ada@example.com")
        shown = person.get("/login")
        before = person.http.cookies["twin"]
        person.send(shown, email=person.email, password=PASSWORD)
        assert person.http.cookies["twin"] != before
        mid = person.http.cookies["twin"]
        person.sign_in()
        with httpx2.Client(base_url=served.url, cookies={"twin": mid}) as old:
            assert old.get("/account").status_code == 303

    def test_the_cookie_is_shown_to_us_alone(self, served: Served) -> None:
        person = Person(served, "ada@example.com")
        said = person.sign_in().headers["set-cookie"].lower()
        assert "httponly" in said
        assert "samesite=lax" in said
        assert "domain=" not in said


PAGES = ["/login", "/account", "/device", "/account/password?link=x", "/oauth/authorize?client_id=x"]


class TestHeaders:
    @pytest.mark.parametrize("address", PAGES)
    def test_no_page_is_framed_kept_or_runs_a_script(self, ada: Person, address: str) -> None:
        ada.sign_in()
        shown = ada.get(address)
        policy = shown.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "base-uri 'none'" in policy
        assert "script" not in policy
        assert "unsafe" not in policy
        assert shown.headers["x-frame-options"] == "DENY"
        assert shown.headers["cache-control"] == "no-store"
        assert shown.headers["referrer-policy"] == "same-origin"
        assert "<script" not in shown.text
        assert ' on"' not in shown.text

    def test_the_consent_leads_to_the_app_and_nowhere_else(self, app: App, ada: Person) -> None:
        policy = ada.consent(app.address()).headers["content-security-policy"]
        assert "form-action 'self' https://app.example;" in policy

    def test_what_an_app_is_called_is_not_html(self, served: Served, ada: Person) -> None:
        app = App(served, '<img src=x onerror="alert(1)">')
        shown = ada.consent(app.address(state='"><script>alert(2)</script>'))
        assert "<img" not in shown.text
        assert "<script" not in shown.text
        assert "&lt;img src=x" in shown.text

    def test_programs_in_a_browser_may_ask_for_documents_and_tokens(self, anyone: httpx2.Client) -> None:
        origin = {"Origin": "https://spa.example"}
        for address in (
            "/.well-known/oauth-authorization-server",
            "/.well-known/openid-configuration",
            "/oauth/jwks.json",
        ):
            answer = anyone.get(address, headers=origin)
            assert answer.headers["access-control-allow-origin"] == "*"
            assert answer.headers["cache-control"] == "public, max-age=300"
        token = anyone.post("/oauth/token", headers=origin)
        assert (token.headers["access-control-allow-origin"], token.headers["cache-control"]) == ("*", "no-store")
        asked = anyone.options("/oauth/token", headers={**origin, "Access-Control-Request-Method": "POST"})
        assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, "*")

    @pytest.mark.parametrize(
        "address",
        ["/oauth/authorize", "/login", "/account", "/device", "/oauth/introspect", "/oauth/register", "/oauth/par"],
    )
    def test_and_for_nothing_else(self, anyone: httpx2.Client, address: str) -> None:
        origin = {"Origin": "https://spa.example"}
        for answer in (anyone.get(address, headers=origin), anyone.post(address, headers=origin)):
            assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert anyone.options(address, headers=origin).status_code == 405
