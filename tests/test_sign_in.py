"""Foreign OAuth2 clients at a whole twin, with discovery only: a person lets them in, on one of two sites."""

from __future__ import annotations

import json
import re
import subprocess
import time
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from hashlib import sha256
from html import unescape
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from joserfc.jwk import ECKey
from requests_oauthlib import OAuth2Session

from tests.browser import chromium
from tests.foreign import Node
from tests.running import ROOT, Running, running
from twin import Twin
from twin.access.applications import CODE, DEVICE, REFRESH, Application
from twin.access.authority import Authority
from twin.graph.model import HAS_ROLE, Actor, ChangeSet, Create, Entity, Held, Link, Relation
from twin.ids import mint
from twin.records import Records
from twin.times import now

EMAIL, PASSWORD = "ada@example.com", "correct horse battery"
BACK = "http://127.0.0.1:5/back"
KEY = ECKey.generate_key("P-256", auto_kid=True)
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


class Signed:
    """A twin with two sites, a person who holds both, and clients of every kind."""

    def __init__(self, twin: Running) -> None:
        self.twin = twin
        self.issuer = twin.facts["issuer"]
        self.http = httpx2.Client(base_url=self.issuer, timeout=60)
        with Twin(twin.data, create=False) as script, closing(Records(twin.data / "records.sqlite")) as records:
            script.apply(script.plan(ROOT / "examples" / "flat.yaml", site="annex"))
            self.sites = {key: script.find(key).id for key in ("flat", "annex")}
            authority = Authority(records, self.issuer, sites_of=lambda _: frozenset())
            person, link = authority.users.add(EMAIL, "Ada")
            _give(script, person.id, self.sites.values())
            self._register(authority)
        self.send(self.http.get(f"/account/password?link={link}"), password=PASSWORD)

    def _register(self, authority: Authority) -> None:
        scopes, web = ["twin:read", "openid", "profile", "email"], frozenset({CODE, REFRESH})
        keys = {"keys": [KEY.as_dict(private=False)]}
        made = {
            "web": Application(title="Web", grants=web, redirect_uris=(BACK,)),
            "phone": Application(title="Phone", grants=web, redirect_uris=(BACK,), proof="none"),
            "box": Application(title="Box", grants=frozenset({DEVICE, REFRESH}), proof="none"),
            "keyed": Application(title="Keyed", proof="key", keys=keys),
        }
        self.clients = {name: authority.clients.add(name, scopes, None, each) for name, each in made.items()}
        self.initial = authority.initial_tokens.make(["twin:read", "openid"], uses=1, seconds=600)

    def send(self, shown: httpx2.Response, **said: Any) -> httpx2.Response:
        """Fill in the form of a page and send it."""
        form = re.search(r'<form method="post" action="([^"]*)">(.*?)</form>', shown.text)
        assert form is not None, shown.text
        carried = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form[2])
        fields = {unescape(name): unescape(value) for name, value in carried}
        return self.http.post(unescape(form[1]), data={**fields, **said})

    def visit(self, address: str) -> str:
        """What the person does with an address: sign in, allow it for the flat; where their browser ends."""
        shown = self.http.get(address)
        while True:
            location = shown.headers.get("location", "")
            if location.startswith(BACK):
                return location
            if location:
                shown = self.http.get(location)
            elif 'name="password"' in shown.text and 'name="email"' in shown.text:
                shown = self.send(shown, email=EMAIL, password=PASSWORD)
            elif 'id="user_code"' in shown.text:
                code = parse_qs(urlsplit(address).query)["user_code"][0]
                shown = self.send(shown, user_code=code)
            elif 'value="allow"' in shown.text:
                shown = self.send(shown, answer="allow", site=self.sites["flat"])
            else:
                assert "is let in" in shown.text, shown.text
                return ""

    def code(self, name: str) -> str:
        asked = {
            "response_type": "code",
            "client_id": self.clients[name][0],
            "redirect_uri": BACK,
            "scope": "openid twin:read",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        back = self.visit(f"/oauth/authorize?{urlencode(asked)}")
        return parse_qs(urlsplit(back).query)["code"][0]

    def metadata(self) -> dict[str, str]:
        found: dict[str, str] = self.http.get("/.well-known/oauth-authorization-server").json()
        return found


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signed]:
    with running(tmp_path_factory.mktemp("sign-in") / "data", "--no-simulate") as twin:
        made = Signed(twin)
        yield made
        made.http.close()


@pytest.fixture
def _over_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")


def _give(script: Twin, user: str, sites: Iterable[str]) -> None:
    """Have somebody own sites."""
    role = (Held("connected-home/Owner"),)
    person = Entity(id=user, kind="user", type="core/User", key=user, path=f"user:{user}", site="")
    given = [Relation(type=HAS_ROLE, source=user, target=each, roles=role) for each in sites]
    entries = (Create(person), *(Link(each) for each in given))
    script.commit(ChangeSet(op_id=mint(), actor=Actor("test", "tests"), at=now(), entries=entries))


@pytest.mark.node
@pytest.mark.parametrize("script", ["openid.mjs", "oauth4webapi.mjs"])
def test_node(signed: Signed, tmp_path: Path, script: str) -> None:
    node = Node(tmp_path)
    facts = {
        "machine": {"id": signed.twin.facts["client_id"], "secret": signed.twin.facts["client_secret"]},
        **{name: {"id": made[0], "secret": made[1]} for name, made in signed.clients.items()},
        "keyed": {"id": signed.clients["keyed"][0], "key": KEY.as_dict(private=True)},
        "initialToken": signed.initial,
        "redirectUri": BACK,
    }
    words = [node.program, str(tmp_path / script), signed.issuer, json.dumps(facts)]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        assert run.stderr is not None
        report: dict[str, Any] = {}
        for line in run.stdout:
            said = json.loads(line)
            report = said.get("report", report)
            if "visit" in said:
                run.stdin.write(signed.visit(said["visit"]) + "\n")
                run.stdin.flush()
        assert run.wait(60) == 0, run.stderr.read()
    assert report["machine"].split()
    assert report["device"] == "twin:read"
    assert report["user"]["sub"]
    if script == "openid.mjs":
        assert report["keyed"] == "twin:read"
        assert report["claims"]["iss"] == signed.issuer
        assert report["user"]["email"] == EMAIL
        assert [each["key"] for each in report["sites"]["items"]] == ["flat"]
        assert (report["introspected"], report["revoked"]) == (True, "invalid_grant")
        assert report["pushed"] == report["registered"] == "openid twin:read"
    else:
        assert report["resource"] == [signed.issuer]
        assert "twin:read" in report["access"]
        assert report["user"]["name"] == "Ada"
        assert report["introspected"] is False


@pytest.mark.usefixtures("_over_http")
def test_requests_oauthlib(signed: Signed) -> None:
    found, (name, secret) = signed.metadata(), signed.clients["web"]
    with OAuth2Session(name, redirect_uri=BACK, scope=["openid", "twin:read"], pkce="S256") as session:
        address, _ = session.authorization_url(found["authorization_endpoint"])
        token = session.fetch_token(
            found["token_endpoint"], authorization_response=signed.visit(address), client_secret=secret
        )
        again = session.refresh_token(found["token_endpoint"], client_id=name, client_secret=secret)
        assert again["refresh_token"] != token["refresh_token"]
        sites = session.get(f"{signed.issuer}/api/v1/sites", timeout=30).json()
    assert [each["key"] for each in sites["items"]] == ["flat"]


@pytest.mark.usefixtures("_over_http")
def test_authlib(signed: Signed) -> None:
    found = signed.metadata()
    for name, secret in (signed.clients["web"], signed.clients["phone"]):
        method = "client_secret_basic" if secret else "none"
        with AuthlibSession(
            name,
            secret or None,
            scope="openid twin:read",
            redirect_uri=BACK,
            code_challenge_method="S256",
            token_endpoint_auth_method=method,
            revocation_endpoint_auth_method=method,
        ) as session:
            address, _ = session.create_authorization_url(found["authorization_endpoint"], code_verifier=VERIFIER)
            back = signed.visit(address)
            token = session.fetch_token(found["token_endpoint"], authorization_response=back, code_verifier=VERIFIER)
            assert [each["key"] for each in session.get(f"{signed.issuer}/api/v1/sites").json()["items"]] == ["flat"]
            again = session.refresh_token(found["token_endpoint"])
            assert again["refresh_token"] != token["refresh_token"]
            assert session.revoke_token(found["revocation_endpoint"], token=again["refresh_token"]).status_code == 200
            assert session.get(f"{signed.issuer}/api/v1/sites").status_code == 401


@pytest.mark.usefixtures("_over_http")
def test_authlib_with_a_key_and_on_a_box(signed: Signed) -> None:
    from authlib.oauth2.rfc7523 import PrivateKeyJWT

    found = signed.metadata()
    with AuthlibSession(signed.clients["keyed"][0], KEY, token_endpoint_auth_method="private_key_jwt") as session:
        session.register_client_auth_method(PrivateKeyJWT(found["token_endpoint"], alg="ES256"))
        assert session.fetch_token(found["token_endpoint"], grant_type="client_credentials")["scope"] == "twin:read"
    with AuthlibSession(signed.clients["box"][0], token_endpoint_auth_method="none") as session:
        asked = {"client_id": signed.clients["box"][0], "scope": "twin:read"}
        begun = httpx2.post(found["device_authorization_endpoint"], data=asked).json()
        signed.visit(begun["verification_uri_complete"])
        token = session.fetch_token(found["token_endpoint"], grant_type=DEVICE, device_code=begun["device_code"])
        assert token["scope"] == "twin:read"


@pytest.mark.parametrize("kind", ["code", "refresh", "device"])
def test_of_a_thousand_at_once_one_is_answered_and_the_replay_ends_it(signed: Signed, kind: str) -> None:
    said = redemption(signed, kind)
    address = f"{signed.issuer}/oauth/token"
    with ThreadPoolExecutor(50) as pool, httpx2.Client(timeout=60, limits=httpx2.Limits(max_connections=50)) as http:
        answers = list(pool.map(lambda _: http.post(address, data=said), range(1000)))
    assert Counter(each.status_code for each in answers) == {200: 1, 400: 999}
    assert {each.json()["error"] for each in answers if each.status_code == 400} == {"invalid_grant"}
    [won] = [each.json() for each in answers if each.status_code == 200]
    after = {"grant_type": "refresh_token", "client_id": said["client_id"], "refresh_token": won["refresh_token"]}
    assert httpx2.post(address, data=after).json()["error"] == "invalid_grant"
    bearer = {"Authorization": f"Bearer {won['access_token']}"}
    until = time.monotonic() + 30
    while httpx2.get(f"{signed.issuer}/api/v1/sites", headers=bearer).status_code != 401:
        assert time.monotonic() < until


def redemption(signed: Signed, kind: str) -> dict[str, str]:
    """A request that buys tokens, once."""
    phone, box = signed.clients["phone"][0], signed.clients["box"][0]
    if kind == "device":
        begun = httpx2.post(
            f"{signed.issuer}/oauth/device_authorization", data={"client_id": box, "scope": "twin:read"}
        ).json()
        signed.visit(begun["verification_uri_complete"])
        return {"grant_type": DEVICE, "client_id": box, "device_code": begun["device_code"]}
    bought = {
        "grant_type": "authorization_code",
        "client_id": phone,
        "code": signed.code("phone"),
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
    }
    if kind == "code":
        return bought
    token = httpx2.post(f"{signed.issuer}/oauth/token", data=bought).json()["refresh_token"]
    return {"grant_type": "refresh_token", "client_id": phone, "refresh_token": token}


def test_what_is_taken_back_ends_open_streams(signed: Signed) -> None:
    """A subscription of an app ends once its user has taken back what they let it do."""
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    bought = {**redemption(signed, "code")}
    token = httpx2.post(f"{signed.issuer}/oauth/token", data=bought).json()["access_token"]
    query = 'subscription { readings(under: "flat") { entity { path } } }'
    address = signed.twin.facts["graphql"].replace("http", "ws", 1)
    headers = {"Authorization": f"Bearer {token}"}
    with connect(address, subprotocols=["graphql-transport-ws"], additional_headers=headers) as opened:
        opened.send(json.dumps({"type": "connection_init"}))
        assert json.loads(opened.recv(30))["type"] == "connection_ack"
        opened.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": query}}))
        account = signed.http.get("/account")
        forms = re.findall(r'<form method="post" action="/account/revoke">.*?</form>', account.text)
        [mine] = [each for each in forms if signed.clients["phone"][0] in each]
        fields = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', mine))
        assert signed.http.post("/account/revoke", data=fields).status_code == 303
        with pytest.raises(ConnectionClosed) as caught:
            opened.recv(30)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 4401


@pytest.mark.browser
@pytest.mark.usefixtures("_over_http")
def test_chromium(signed: Signed, tmp_path: Path) -> None:
    """A person signs in with a real browser and allows one of two sites; the app then sees exactly that one."""
    found, (name, secret) = signed.metadata(), signed.clients["web"]
    back: list[str] = []

    class Back(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            back.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<title>Back</title>")

        def log_message(self, *_: Any) -> None:
            pass

    with (
        HTTPServer(("127.0.0.1", 0), Back) as listening,
        chromium(tmp_path) as browser,
        OAuth2Session(
            name, redirect_uri=f"http://127.0.0.1:{listening.server_port}/back", scope=["twin:read"], pkce="S256"
        ) as session,
    ):
        answering = Thread(target=listening.serve_forever)
        answering.start()
        try:
            address, _ = session.authorization_url(found["authorization_endpoint"], prompt="consent")
            browser.go(address)
            browser.fill(email=EMAIL, password=PASSWORD)
            browser.press("Sign in")
            browser.until("document.title.startsWith('Allow Web?')")
            assert browser.run("document.querySelectorAll('input[name=site]').length") == 2
            for box in browser.run("[...document.querySelectorAll('input[name=site]:checked')].map(e => e.value)"):
                browser.run(f"document.querySelector('input[value=\"{box}\"]').click()")
            browser.run(f"document.querySelector('input[value=\"{signed.sites['annex']}\"]').click()")
            browser.press("Allow")
            browser.until("document.title == 'Back'")
        finally:
            listening.shutdown()
            answering.join()
        said = f"http://127.0.0.1:{listening.server_port}{back[0]}"
        session.fetch_token(found["token_endpoint"], authorization_response=said, client_secret=secret)
        sites = session.get(f"{signed.issuer}/api/v1/sites", timeout=30).json()
        assert [each["key"] for each in sites["items"]] == ["annex"]
        browser.go(f"{signed.issuer}/account")
        browser.press("End this for Web")
        browser.until("document.title.startsWith('Your account') && !document.body.innerText.includes('Web may')")
        browser.press("Sign out")
        browser.until("document.title.startsWith('Sign in')")
        ended = session.get(f"{signed.issuer}/api/v1/sites", timeout=30)
    assert ended.status_code == 401
