"""A twin beside a certified OpenID Connect provider (npm oidc-provider): its tokens, its keys, and its absence."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc.jwk import ECKey
from paho.mqtt.enums import MQTTProtocolVersion
from websockets.sync.client import connect

from tests.foreign import Node, paho_client
from tests.graphs import party
from tests.issuing import TWIN
from tests.running import Running, running
from twin import Twin
from twin.access.authority import Authority
from twin.engine.issuers import examine
from twin.graph.model import HAS_ROLE, Actor, ChangeSet, Create, Held, Link, Relation
from twin.ids import mint
from twin.records import Records
from twin.times import now

pytestmark = pytest.mark.node

BACK = "http://127.0.0.1:5/back"
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SITES = "/sites"


class Provider:
    """The provider, on a port of its own that it keeps when it is started again."""

    def __init__(self, node: Node) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._node = node
        self._keys: list[dict[str, Any]] = []
        self._process: subprocess.Popen[str] | None = None

    def start(self, *, new_key: bool = False) -> None:
        """Start it; with a new key, the old one is gone."""
        if new_key or not self._keys:
            key = ECKey.generate_key("P-256", {"kid": mint(), "use": "sig", "alg": "ES256"})
            self._keys = [key.as_dict(private=True)]
        file = self._node.folder / "issuer-keys.json"
        file.write_text(json.dumps({"keys": self._keys}))
        words = [self._node.program, str(self._node.folder / "issuer.mjs"), str(self.port), str(file), TWIN]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._process.stdout is not None
        assert json.loads(self._process.stdout.readline()) == {"issuer": self.url}

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate(timeout=20)

    def of_machine(self, scope: str = "twin:read telemetry:write", resource: str = TWIN) -> str:
        """A token of the machine's own."""
        form = {"grant_type": "client_credentials", "scope": scope, "resource": resource}
        pair = ("machine", "a%20secret%20of%20the%20tests")
        answer = httpx2.post(f"{self.url}/token", data=form, auth=pair)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def of(self, login: str, scope: str = "openid twin:read") -> dict[str, str]:
        """What an app gets for somebody who signs in with it: tokens by name."""
        asked = {
            "client_id": "app",
            "response_type": "code",
            "redirect_uri": BACK,
            "scope": scope,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "resource": TWIN,
        }
        with httpx2.Client(base_url=self.url) as browser:
            shown = browser.get("/auth", params=asked)
            while True:
                location = shown.headers.get("location", "")
                if location.startswith(BACK):
                    break
                if location:
                    shown = browser.get(location)
                    continue
                form = re.search(r'action="([^"]*)"', shown.text)
                prompt = re.search(r'name="prompt" value="([^"]*)"', shown.text)
                assert form is not None, shown.text
                assert prompt is not None, shown.text
                shown = browser.post(form[1], data={"prompt": prompt[1], "login": login, "password": "any"})
            code = parse_qs(urlsplit(location).query)["code"][0]
            form_ = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "client_id": "app"}
            answer = browser.post("/token", data={**form_, "code_verifier": VERIFIER, "resource": TWIN})
        assert answer.status_code == 200, answer.text
        found: dict[str, str] = answer.json()
        return found


class Beside:
    """A twin, the provider that it trusts, and who may do what there."""

    def __init__(self, twin: Running, provider: Provider, authority: Authority) -> None:
        self.twin = twin
        self.provider = provider
        self.authority = authority

    def get(self, path: str, token: str) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx2.get(f"{self.twin.facts['rest']}{path}", headers=headers, timeout=30)

    def sites(self, token: str) -> list[str]:
        answer = self.get(SITES, token)
        assert answer.status_code == 200, answer.text
        return [each["key"] for each in answer.json()["items"]]

    def until_sites(self, keys: list[str], token: str) -> None:
        """Wait until the twin has followed what a script beside it wrote."""
        end = time.monotonic() + 20
        while (found := self.sites(token)) != keys:
            assert time.monotonic() < end, found
            time.sleep(0.05)

    def code(self, token: str) -> str:
        return str(self.get(SITES, token).json()["code"])

    def until(self, code: str, token: str) -> None:
        """Wait until a token is refused with a code; an empty one: until it is good."""
        end = time.monotonic() + 20
        while (answer := self.get(SITES, token)).json().get("code", "") != code:
            assert time.monotonic() < end, answer.text
            time.sleep(0.05)

    def figure(self, name: str) -> float:
        lines = self.twin.text("/metrics").splitlines()
        return next(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f'{name}{{issuer="login"}}'))


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    folder = tmp_path_factory.mktemp("issuers")
    provider = Provider(Node(tmp_path_factory.mktemp("node")))
    provider.start()
    data = folder / "data"
    data.mkdir(mode=0o700)
    (data / "issuers.toml").write_text(f"""
[issuers.login]
issuer     = "{provider.url}"
audience   = "{TWIN}"
algorithms = ["ES256"]
users      = "everyone"

[[issuers.login.gives]]
when          = {{ group = "installers" }}
organisations = ["north"]
""")
    try:
        with running(data, "--no-simulate") as twin, closing(Records(data / "records.sqlite")) as records:
            authority = Authority(records, twin.facts["issuer"], sites_of=lambda _: frozenset())
            _owners(data, authority.users.add("ada@example.com")[0].id)
            found = Beside(twin, provider, authority)
            found.until_sites(["flat"], provider.of("ada")["access_token"])
            yield found
    finally:
        provider.stop()


def _owners(data: Path, user: str) -> None:
    """Somebody owns the flat, and so does an organisation."""
    with Twin(data, create=False) as script:
        flat, role = script.find("flat").id, (Held("connected-home/Owner"),)
        entries = (
            Create(party("user", user)),
            Create(party("organisation", "north")),
            *(Link(Relation(type=HAS_ROLE, source=each, target=flat, roles=role)) for each in (user, "north")),
        )
        script.commit(ChangeSet(op_id=mint(), actor=Actor("test", "tests"), at=now(), entries=entries))


def test_who_was_invited_comes_in_and_sees_what_their_roles_reach(beside: Beside) -> None:
    tokens = beside.provider.of("ada")
    assert beside.sites(tokens["access_token"]) == ["flat"]
    query = '{ entity(ref: "flat/kitchen") { title } }'
    assert beside.twin.graphql(query, token=tokens["access_token"])["data"]["entity"]["title"] == "Kitchen"
    [link] = [each for each in beside.authority.identities.list() if each.subject == "ada"]
    found = beside.authority.users.find(link.holder)
    assert found is not None
    assert (link.issuer, found.email) == (beside.provider.url, "ada@example.com")


def test_an_id_token_and_a_token_for_another_are_no_tokens_for_us(beside: Beside) -> None:
    assert beside.code(beside.provider.of("ada")["id_token"]) == "token.invalid"
    assert beside.code(beside.provider.of_machine(resource="https://other.example")) == "token.invalid"
    assert beside.code(beside.provider.of_machine(resource=f"{TWIN}/opaque")) == "token.invalid"


def test_somebody_new_is_somebody_without_roles_but_those_of_their_groups(beside: Beside) -> None:
    assert beside.sites(beside.provider.of("cleo")["access_token"]) == []
    assert beside.sites(beside.provider.of("dora:installers")["access_token"]) == ["flat"]


def test_on_a_websocket_and_on_mqtt_it_is_as_good_as_ours(beside: Beside) -> None:
    token = beside.provider.of("ada")["access_token"]
    url = beside.twin.facts["graphql"].replace("http", "ws", 1)
    with connect(url, subprotocols=["graphql-transport-ws"]) as socket_:
        init = {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}
        socket_.send(json.dumps(init))
        assert json.loads(socket_.recv(timeout=30))["type"] == "connection_ack"
    flat = beside.get(SITES, token).json()["items"][0]["id"]
    identities = beside.authority.identities
    beside.authority.clients.add("bridge", ["twin:read", "telemetry:write"], [flat])
    identities.link(beside.provider.url, "machine", "client", "bridge")
    token = beside.provider.of_machine()
    assert beside.sites(token) == ["flat"]
    pointset = {
        "timestamp": "2026-11-23T20:00:00Z",
        "version": "1.5.2",
        "points": {"temperature": {"present_value": 20}},
    }
    with paho_client(beside.twin, token, MQTTProtocolVersion.MQTTv5) as peer:
        assert peer.publish("r/flat/d/KITemp/events/pointset", json.dumps(pointset), 1) == 0
        identities.unlink(beside.provider.url, "machine")
        assert peer.ended.get(timeout=30) == 0x87


def test_who_is_disabled_is_out_and_in_again_when_they_are_not(beside: Beside) -> None:
    token = beside.provider.of("cleo")["access_token"]
    assert beside.sites(token) == []
    beside.authority.disable_user("cleo@example.com", disabled=True)
    beside.until("identity.unknown", token)
    beside.authority.disable_user("cleo@example.com", disabled=False)
    beside.until("", token)


def test_the_metadata_name_it_and_the_doctor_has_asked_it(beside: Beside) -> None:
    found = json.loads(beside.twin.text("/.well-known/oauth-protected-resource"))
    assert found["authorization_servers"] == [beside.twin.facts["issuer"], beside.provider.url]
    said = {each.about: each for each in examine(beside.twin.data)}
    assert {each.verdict for each in said.values()} == {"ok"}
    assert "ES256" in said["issuer login: keys"].said
    assert beside.figure("twin_issuer_up") == 1


def test_a_new_key_counts_at_once_and_one_that_is_gone_no_more(beside: Beside) -> None:
    before = beside.provider.of("ada")["access_token"]
    assert beside.sites(before) == ["flat"]
    beside.provider.stop()
    beside.provider.start(new_key=True)
    assert beside.sites(beside.provider.of("ada")["access_token"]) == ["flat"]
    assert beside.code(before) == "token.invalid"


def test_while_it_is_away_its_keys_count_on_and_new_ones_wait(beside: Beside) -> None:
    known, fresh = (beside.provider.of(login)["access_token"] for login in ("ada", "ada"))
    assert beside.sites(known) == ["flat"]
    beside.provider.stop()
    assert beside.sites(known) == ["flat"]
    assert beside.sites(fresh) == ["flat"]
    beside.until("issuer.waiting", _renamed(fresh))
    answer = beside.get(SITES, _renamed(fresh))
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert beside.figure("twin_issuer_up") == 0
    [wrong] = examine(beside.twin.data)
    assert wrong.verdict == "wrong"
    assert "issuer.unreachable" in wrong.said
    assert beside.sites(fresh) == ["flat"]


def _renamed(token: str) -> str:
    """The same, as if a key had signed it of which nobody has heard."""
    header, rest = token.split(".", 1)
    said = json.loads(urlsafe_b64decode(header + "=="))
    other = json.dumps({**said, "kid": "unheard of"}).encode()
    return f"{urlsafe_b64encode(other).decode().rstrip('=')}.{rest}"
