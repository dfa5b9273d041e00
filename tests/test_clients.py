"""Programs that know nothing of the twin but the protocols: each publishes or asks, and the twin shows the effect."""

from __future__ import annotations

import itertools
import json
import queue
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from oauthlib.oauth2 import BackendApplicationClient, InvalidClientError
from paho.mqtt.enums import MQTTProtocolVersion
from requests_oauthlib import OAuth2Session
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.foreign import Node, Paho, output, paho_client, printing, program
from tests.running import ROOT, Running, done, running

V311, V5 = MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5
BAD_CREDENTIALS, NOT_AUTHORIZED = 0x86, 0x87
TOPIC = "r/flat/d/KITemp/events/pointset"
NOT_OURS = ["r/annex/d/KITemp/events/pointset", "r/nowhere/d/KITemp/events/pointset"]
"""A site of somebody else, and one that does not exist."""
HEARD = "twin/+/readings/kitchen/climate"
KITCHEN = '{ entity(ref: "flat/kitchen/climate") { points { name reading { value } } } }'
READINGS = 'subscription { readings(under: "flat/kitchen") { entity { path } point { name } reading { value } } }'
QOS = pytest.mark.parametrize("qos", [0, 1])
VERSIONS = pytest.mark.parametrize("version", [V311, V5], ids=["3.1.1", "5"])

_values = itertools.count(1)


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The demo, and a site beside its own that its clients may not touch."""
    with running(tmp_path_factory.mktemp("clients") / "data", "--no-simulate") as twin:
        done("apply", ROOT / "examples" / "flat.yaml", "--site", "annex", "--data", twin.data)
        yield twin


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Node:
    return Node(tmp_path_factory.mktemp("node"))


@pytest.fixture(scope="module")
def mosquitto_pub() -> str:
    return program("mosquitto_pub", "apt-get install mosquitto-clients")


@pytest.fixture(scope="module")
def curl() -> str:
    return program("curl", "apt-get install curl")


def measured(further: float = 0) -> tuple[float, str]:
    """A temperature that nobody has sent yet, and the payload that says so."""
    value = 15 + next(_values) / 100 + further
    points = {"temperature": {"present_value": value}}
    return value, json.dumps({"timestamp": datetime.now(UTC).isoformat(), "version": "1.5.2", "points": points})


def temperature(answer: Any) -> float | None:
    points = {each["name"]: each["reading"] for each in answer["data"]["entity"]["points"]}
    return points["temperature"] and points["temperature"]["value"]


def assert_arrives(twin: Running, value: float) -> None:
    until = time.monotonic() + 30
    while (shown := temperature(twin.graphql(KITCHEN, token=twin.facts["token"]))) != value:
        assert time.monotonic() < until, shown
        time.sleep(0.02)


def denied(twin: Running) -> int:
    return twin.counters()["denied"]


# MQTT


def mosquitto(twin: Running, password: str, topic: str, payload: str, *words: str) -> subprocess.CompletedProcess[str]:
    host, port = twin.mqtt
    to = ["-h", host, "-p", str(port), "-u", "ignored", "-P", password, "-t", topic, "-m", payload]
    return subprocess.run(["mosquitto_pub", *to, *words], capture_output=True, text=True, check=False, timeout=30)


@pytest.mark.mosquitto
@pytest.mark.usefixtures("mosquitto_pub")
class TestMosquitto:
    versions = pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])

    @versions
    @pytest.mark.parametrize("qos", ["0", "1"])
    def test_publishes(self, twin: Running, version: str, qos: str) -> None:
        value, payload = measured()
        result = mosquitto(twin, twin.facts["token"], TOPIC, payload, "-V", version, "-q", qos)
        assert (result.returncode, result.stderr) == (0, "")
        assert_arrives(twin, value)

    def test_with_mqtt_5_is_told_that_the_topic_is_not_its_own_and_stays(self, twin: Running) -> None:
        before, token, words = denied(twin), twin.facts["token"], ["-V", "mqttv5", "-q", "1"]
        results = [mosquitto(twin, token, topic, measured()[1], *words) for topic in NOT_OURS]
        assert [each.returncode for each in results] == [0, 0]
        assert "Not authorized" in results[0].stderr
        assert results[0].stderr == results[1].stderr
        assert denied(twin) == before + 2

    def test_with_mqtt_311_is_cut_off_where_the_topic_is_not_its_own(self, twin: Running) -> None:
        before, token, words = denied(twin), twin.facts["token"], ["-V", "mqttv311", "-q", "1"]
        results = [mosquitto(twin, token, topic, measured()[1], *words) for topic in NOT_OURS]
        assert all(each.returncode != 0 and "connection was lost" in each.stderr for each in results)
        assert denied(twin) == before + 2

    @pytest.mark.parametrize(("version", "reason"), [("mqttv311", 4), ("mqttv5", BAD_CREDENTIALS)])
    def test_is_told_that_its_password_is_wrong(self, twin: Running, version: str, reason: int) -> None:
        assert mosquitto(twin, "wrong", TOPIC, measured()[1], "-V", version).returncode == reason


class TestPaho:
    @VERSIONS
    @QOS
    def test_publishes(self, twin: Running, version: MQTTProtocolVersion, qos: int) -> None:
        value, payload = measured()
        with paho_client(twin, twin.facts["token"], version) as peer:
            assert peer.publish(TOPIC, payload, qos) == 0
            assert_arrives(twin, value)

    def test_with_mqtt_5_is_told_that_the_topic_is_not_its_own_and_stays(self, twin: Running) -> None:
        with paho_client(twin, twin.facts["token"], V5) as peer:
            assert [peer.publish(topic, measured()[1], 1) for topic in NOT_OURS] == [NOT_AUTHORIZED, NOT_AUTHORIZED]
            assert peer.publish(TOPIC, measured()[1], 1) == 0
            assert peer.ended.empty()

    @VERSIONS
    def test_is_told_that_its_password_is_wrong(self, twin: Running, version: MQTTProtocolVersion) -> None:
        with paho_client(twin, "wrong", version) as peer:
            assert peer.connected.get(timeout=30) == BAD_CREDENTIALS

    @VERSIONS
    def test_may_not_come_in_with_a_token_neither_for_telling_nor_for_hearing(
        self, twin: Running, version: MQTTProtocolVersion
    ) -> None:
        with paho_client(twin, twin.token("twin:write"), version) as peer:
            assert peer.connected.get(timeout=30) == NOT_AUTHORIZED


@pytest.mark.node
class TestMqttJs:
    versions = pytest.mark.parametrize("version", ["4", "5"], ids=["3.1.1", "5"])

    @staticmethod
    def publish(node: Node, twin: Running, token: str, topic: str, payload: str, version: str, qos: str) -> Any:
        host, port = twin.mqtt
        return node.run("publish.mjs", host, str(port), token, topic, payload, version, qos)

    @versions
    @pytest.mark.parametrize("qos", ["0", "1"])
    def test_publishes(self, twin: Running, node: Node, version: str, qos: str) -> None:
        value, payload = measured()
        assert self.publish(node, twin, twin.facts["token"], TOPIC, payload, version, qos) == {"published": True}
        assert_arrives(twin, value)

    def test_is_told_that_the_topic_is_not_its_own(self, twin: Running, node: Node) -> None:
        said = [self.publish(node, twin, twin.facts["token"], topic, "{}", "5", "1") for topic in NOT_OURS]
        assert said[0]["code"] == NOT_AUTHORIZED
        assert said[0] == said[1]

    @pytest.mark.parametrize(("version", "reason"), [("4", 4), ("5", BAD_CREDENTIALS)], ids=["3.1.1", "5"])
    def test_is_told_that_its_password_is_wrong(self, twin: Running, node: Node, version: str, reason: int) -> None:
        assert self.publish(node, twin, "wrong", TOPIC, "{}", version, "1")["code"] == reason


class TestListening:
    """Each subscribes over MQTT to what one device says: it is told what that is now, then what is published."""

    @staticmethod
    def assert_hears(twin: Running, lines: Any) -> None:
        """A listener prints the payloads that it hears."""
        lines.next()
        value, payload = measured(further=3)  # less than a point's deadband is no news
        with paho_client(twin, twin.facts["token"], V5) as peer:
            assert peer.publish(TOPIC, payload, 1) == 0
            assert any(heard["points"]["temperature"]["value"] == value for heard in iter(lines.next, None))

    @pytest.fixture(autouse=True)
    def _something_to_hear(self, twin: Running) -> None:
        with paho_client(twin, twin.facts["token"], V5) as peer:
            peer.publish(TOPIC, measured()[1], 1)

    @pytest.mark.mosquitto
    @pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])
    def test_mosquitto_sub(self, twin: Running, version: str) -> None:
        host, port = twin.mqtt
        who = ["-h", host, "-p", str(port), "-u", "ignored", "-P", twin.token("twin:read"), "-V", version]
        with printing(
            program("mosquitto_sub", "apt-get install mosquitto-clients"), *who, "-t", HEARD, "-q", "1", "-F", "%p"
        ) as lines:
            self.assert_hears(twin, lines)

    @VERSIONS
    def test_paho(self, twin: Running, version: MQTTProtocolVersion) -> None:
        with paho_client(twin, twin.token("twin:read"), version) as peer:
            heard = queue.Queue[Any]()
            peer.client.on_message = lambda _c, _u, message: heard.put(json.loads(message.payload))
            peer.client.subscribe(HEARD, 1)
            self.assert_hears(twin, SimpleNamespace(next=lambda: heard.get(timeout=30)))

    @pytest.mark.node
    @pytest.mark.parametrize("version", ["4", "5"], ids=["3.1.1", "5"])
    def test_mqtt_js(self, twin: Running, node: Node, version: str) -> None:
        words = [*map(str, twin.mqtt), twin.token("twin:read"), HEARD, version, "1", "listener", "true"]
        with node.lines("listen.mjs", *words) as lines:
            said = (json.loads(line["payload"]) for line in iter(lines.next, None) if "payload" in line)
            self.assert_hears(twin, SimpleNamespace(next=lambda: next(said)))


# HTTP


class TestCurl:
    @staticmethod
    def token(curl: str, twin: Running) -> str:
        pair = f"{twin.facts['client_id']}:{twin.facts['client_secret']}"
        url = f"{twin.facts['issuer']}/oauth/token"
        answer = json.loads(output(curl, "-sS", "--fail", "-u", pair, "-d", "grant_type=client_credentials", url))
        assert answer["token_type"].lower() == "bearer"
        return str(answer["access_token"])

    def test_gets_a_token_and_asks_in_graphql(self, twin: Running, curl: str) -> None:
        bearer = f"Authorization: Bearer {self.token(curl, twin)}"
        url, query = twin.facts["graphql"], twin.facts["query"]
        body = ["-H", "Content-Type: application/json", "-d", json.dumps({"query": query})]
        posted = output(curl, "-sS", "--fail", "-H", bearer, *body, url)
        gotten = output(curl, "-sS", "--fail", "-H", bearer, "-G", "--data-urlencode", f"query={query}", url)
        assert posted == gotten
        assert json.loads(posted)["data"]["entity"]["title"] == "Kitchen"

    def test_gets_a_device_by_its_path(self, twin: Running, curl: str) -> None:
        bearer = f"Authorization: Bearer {self.token(curl, twin)}"
        answer = output(curl, "-sS", "--fail", "-H", bearer, f"{twin.facts['rest']}/devices?ref=flat/kitchen/valve")
        assert [each["path"] for each in json.loads(answer)["items"]] == ["flat/kitchen/valve"]

    @pytest.mark.parametrize("bearer", [[], ["-H", "Authorization: Bearer nonsense"]], ids=["none", "nonsense"])
    @pytest.mark.parametrize("path", ["/graphql", "/api/v1/devices"])
    def test_without_a_valid_token_is_challenged(self, twin: Running, curl: str, path: str, bearer: list[str]) -> None:
        body = ["-H", "Content-Type: application/json", "-d", "{}"] if path == "/graphql" else []
        answer = output(curl, "-sS", "-i", *bearer, *body, f"{twin.facts['issuer']}{path}")
        assert answer.startswith("HTTP/1.1 401")
        challenge = next(line for line in answer.splitlines() if line.lower().startswith("www-authenticate: "))
        assert challenge.split(": ")[1].startswith("Bearer")
        assert ('error="invalid_token"' in challenge) == bool(bearer)


class TestRequestsOAuthlib:
    @pytest.fixture(autouse=True)
    def _over_http(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")

    def test_fetches_a_token_and_asks(self, twin: Running) -> None:
        who = {"client_id": twin.facts["client_id"], "client_secret": twin.facts["client_secret"]}
        with OAuth2Session(client=BackendApplicationClient(twin.facts["client_id"], scope=["twin:read"])) as session:
            token = session.fetch_token(f"{twin.facts['issuer']}/oauth/token", **who)
            assert token["scope"] == ["twin:read"]
            answer = session.post(twin.facts["graphql"], json={"query": twin.facts["query"]}, timeout=30)
            assert answer.json()["data"]["entity"]["title"] == "Kitchen"
            assert session.get(f"{twin.facts['rest']}/sites", timeout=30).json()["items"][0]["key"] == "flat"

    def test_reads_why_it_is_refused(self, twin: Running) -> None:
        with (
            OAuth2Session(client=BackendApplicationClient(twin.facts["client_id"])) as session,
            pytest.raises(InvalidClientError),
        ):
            session.fetch_token(
                f"{twin.facts['issuer']}/oauth/token", client_id=twin.facts["client_id"], client_secret="wrong"
            )


# Subscriptions


def websocket_url(twin: Running) -> str:
    return twin.facts["graphql"].replace("http", "ws", 1)


@pytest.mark.node
def test_the_audits_of_graphql_over_http_are_met(twin: Running, node: Node) -> None:
    found = node.run("audit.mjs", twin.facts["graphql"], twin.facts["token"])
    assert found["unmet"] == []
    assert found["audits"] > 50


@pytest.mark.node
class TestGraphqlWs:
    def test_hears_a_reading_that_is_published_while_it_listens(self, twin: Running, node: Node) -> None:
        words = [websocket_url(twin), twin.facts["token"], READINGS]
        with node.lines("subscribe.mjs", *words) as lines, paho_client(twin, twin.facts["token"], V5) as peer:
            assert lines.next() == "READY"
            sent, event = first_heard(peer, lines)
            heard = event["data"]["readings"]
            assert heard["entity"]["path"] == "flat/kitchen/climate"
            assert heard["point"]["name"] == "temperature"
            assert heard["reading"]["value"] in sent

    def test_is_refused_without_a_token_that_holds(self, twin: Running, node: Node) -> None:
        with node.lines("subscribe.mjs", websocket_url(twin), "nonsense", READINGS) as lines:
            assert lines.next() == {"closed": 4401, "reason": "Unauthorized"}


@pytest.mark.node
class TestGraphqlSse:
    def test_hears_a_reading_that_is_published_while_it_listens(self, twin: Running, node: Node) -> None:
        words = [twin.facts["graphql"], twin.facts["token"], READINGS]
        with node.lines("events.mjs", *words) as lines, paho_client(twin, twin.facts["token"], V5) as peer:
            sent, event = first_heard(peer, lines)
            heard = event["data"]["readings"]
            assert heard["entity"]["path"] == "flat/kitchen/climate"
            assert heard["reading"]["value"] in sent

    def test_is_refused_without_a_token_that_holds(self, twin: Running, node: Node) -> None:
        with node.lines("events.mjs", twin.facts["graphql"], "nonsense", READINGS) as lines:
            assert lines.next()["status"] == 401

    def test_is_told_that_its_client_was_removed(self, twin: Running, node: Node) -> None:
        scopes = ["--scope", "twin:read,telemetry:write"]
        added = done("client", "add", "to-end-events", *scopes, "--site", "flat", "--data", twin.data)
        facts = {**twin.facts, "client_id": added["client_id"], "client_secret": added["client_secret"]}
        token = Running(twin.process, twin.data, facts).token()
        with (
            node.lines("events.mjs", twin.facts["graphql"], token, READINGS) as lines,
            paho_client(twin, token, V5) as peer,
        ):
            first_heard(peer, lines)
            done("client", "remove", "to-end-events", "--data", twin.data)
            end = [lines.next(), lines.next()]
            while end[-1] != "complete":
                end = [end[1], lines.next()]
            assert end[0]["errors"][0]["extensions"]["code"] == "token.invalid"


def test_curl_reads_events(twin: Running, curl: str) -> None:
    asked = ["-sS", "-N", "-H", f"Authorization: Bearer {twin.facts['token']}", "-H", "Accept: text/event-stream"]
    query = json.dumps({"query": "{ me { subject } }"})
    said = output(curl, *asked, "--json", query, "-H", "Accept: text/event-stream", twin.facts["graphql"])
    assert said.startswith("event: next\ndata: {")
    assert said.endswith("event: complete\ndata: \n\n")


def first_heard(peer: Paho, lines: Any) -> tuple[list[float], Any]:
    """Publish until the first event comes: the protocol does not say when a subscription has begun."""
    sent = []
    for _ in range(100):
        value, payload = measured()
        sent.append(value)
        assert peer.publish(TOPIC, payload, 1) == 0
        event = lines.soon(0.3)
        if event is not None:
            return sent, event
    pytest.fail("the subscription hears nothing")


def test_the_older_websocket_protocol_is_refused(twin: Running) -> None:
    token = {"Authorization": f"Bearer {twin.facts['token']}"}
    with connect(websocket_url(twin), subprotocols=["graphql-ws"], additional_headers=token) as opened:
        with pytest.raises(ConnectionClosed) as caught:
            opened.recv(timeout=30)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 4406


# The end of a client


@pytest.mark.node
@pytest.mark.parametrize("command", ["rotate", "remove"])
def test_a_client_that_is_rotated_or_removed_is_cut_off_at_once(twin: Running, node: Node, command: str) -> None:
    scopes = ["--scope", "twin:read,telemetry:write"]
    added = done("client", "add", f"to-{command}", *scopes, "--site", "flat", "--data", twin.data)
    facts = {**twin.facts, "client_id": added["client_id"], "client_secret": added["client_secret"]}
    token = Running(twin.process, twin.data, facts).token()
    with (
        node.lines("subscribe.mjs", websocket_url(twin), token, READINGS) as lines,
        paho_client(twin, token, V5) as peer,
    ):
        assert lines.next() == "READY"
        first_heard(peer, lines)
        done("client", command, f"to-{command}", "--data", twin.data)
        assert peer.ended.get(timeout=30) == NOT_AUTHORIZED
        said = lines.next()
        while "data" in said:
            said = lines.next()
        assert said == {"closed": 4401, "reason": "Unauthorized"}
        assert peer.connected.get(timeout=30) == 0
        assert peer.connected.get(timeout=30) == BAD_CREDENTIALS  # paho comes back by itself, with the same token
