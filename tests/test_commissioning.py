"""A box from the factory at a whole twin: a process of its own is let in by a person, publishes, and is cut off."""

from __future__ import annotations

import importlib.util
import json
import os
import queue
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from html import unescape
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from tests.browser import chromium
from tests.foreign import paho_client
from tests.running import ROOT, Running, done, running
from twin import Twin
from twin.access.applications import DEVICE
from twin.access.authority import Authority
from twin.graph.model import CONNECTS, HAS_ROLE, Actor, ChangeSet, Create, Entity, Held, Link, Relation, Unlink
from twin.ids import mint
from twin.records import Records
from twin.times import now

EMAIL, PASSWORD = "ada@example.com", "correct horse battery"
SERIAL, CODE = "BX-77", "7KQM-2FXH-9RTB"
V311, V5 = MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5
NOT_AUTHORIZED, BAD_CREDENTIALS = 0x87, 0x86
OWN, CONNECTED = f"r/flat/d/{SERIAL}/events/pointset", "r/flat/d/KITemp/events/pointset"
KITCHEN = '{ entity(ref: "flat/kitchen/climate") { points { name reading { value } } } }'


class World:
    """A twin with two flats, somebody who holds the first, and a box that was declared."""

    def __init__(self, twin: Running, folder: Path) -> None:
        self.twin = twin
        self.state = folder / "box"
        table = folder / "assets.csv"
        table.write_text(f"serial,type,model,claim_code\n{SERIAL},EnOceanBox,,{CODE}\nBX-78,EnOceanBox,,{CODE}\n")
        done("asset", "import", table, "--data", twin.data)
        self.http = httpx2.Client(base_url=twin.facts["issuer"], timeout=60)
        with Twin(twin.data, create=False) as script, closing(Records(twin.data / "records.sqlite")) as records:
            script.apply(script.plan(ROOT / "examples" / "flat.yaml", site="annex"))
            person, link = Authority(records, "x", sites_of=lambda _: frozenset()).users.add(EMAIL, "Ada")
            path = f"user:{person.id}"
            ada = Entity(id=person.id, kind="user", type="core/User", key=person.id, path=path, site="")
            role = Relation(
                type=HAS_ROLE,
                source=person.id,
                target=script.find("flat").id,
                roles=(Held("connected-home/Owner"),),
            )
            self.change(script, Create(ada), Link(role))
        self.send(self.http.get(f"/account/password?link={link}"), password=PASSWORD)

    def change(self, script: Twin, *entries: Any) -> None:
        script.commit(ChangeSet(op_id=mint(), actor=Actor("test", "tests"), at=now(), entries=entries))

    def send(self, shown: httpx2.Response, **said: Any) -> httpx2.Response:
        form = re.search(r'<form method="post" action="([^"]*)">(.*?)</form>', shown.text)
        assert form is not None, shown.text
        carried = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form[2])
        fields = {unescape(name): unescape(value) for name, value in carried}
        return self.http.post(unescape(form[1]), data={**fields, **said})

    def let_in(self, user_code: str) -> None:
        """What the person does who stands in front of the box."""
        self.send(self.http.get("/login"), email=EMAIL, password=PASSWORD)
        shown = self.send(self.http.get("/device"), user_code=user_code)
        assert SERIAL in shown.text
        assert "annex" not in shown.text
        place = re.search(r'<option value="([^"]+)" selected>', shown.text)
        assert place is not None, shown.text
        assert "is let in" in self.send(shown, answer="allow", place=place[1]).text

    def box(self, *words: str, code: str = CODE) -> subprocess.Popen[str]:
        """The program of the box."""
        asked = [self.twin.facts["issuer"], "--serial", SERIAL, "--state", str(self.state), *words]
        return subprocess.Popen(
            [sys.executable, str(ROOT / "examples" / "gateway.py"), *asked],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "CLAIM_CODE": code},
        )

    def said(self, *words: str, code: str = CODE) -> tuple[int, str, str]:
        process = self.box(*words, code=code)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def token(self) -> str:
        return str(_program().Box(self.twin.facts["issuer"], SERIAL, self.state).token())

    def temperature(self) -> float | None:
        answer = self.twin.graphql(KITCHEN, token=self.twin.facts["token"])
        points = {each["name"]: each["reading"] for each in answer["data"]["entity"]["points"]}
        reading: Any = points["temperature"]
        return None if reading is None else float(reading["value"])


def _program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gateway", ROOT / "examples" / "gateway.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("commissioning")
    with running(folder / "data", "--no-simulate") as twin:
        made = World(twin, folder)
        yield made
        made.http.close()


@pytest.fixture(scope="module")
def published(world: World) -> World:
    """The box was let in, and has published."""
    process = world.box("--point", "temperature=17.25")
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate(timeout=30)
    world.let_in(line.split()[-1])
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    topics = json.loads((world.state / "box.json").read_text())["topics"]
    assert {OWN, CONNECTED} <= set(topics)
    assert json.loads(out) == {"published": len(topics), "refused": 0}
    return world


def soon(said: Any, expected: Any) -> None:
    until = time.monotonic() + 30
    while (shown := said()) != expected:
        assert time.monotonic() < until, shown
        time.sleep(0.02)


def test_what_it_measures_arrives_and_its_key_is_its_own_alone(published: World) -> None:
    soon(published.temperature, 17.25)
    assert (published.state / "key.json").stat().st_mode & 0o777 == 0o600
    assert done("asset", "show", SERIAL, "--data", published.twin.data)["state"] == "claimed"


def test_it_needs_nobody_from_then_on_and_changes_its_key_by_itself(published: World) -> None:
    before = (published.state / "key.json").read_text()
    code, out, err = published.said("--rotate", "--point", "temperature=18.5", code="")
    assert code == 0, err
    assert json.loads(out)["refused"] == 0
    soon(published.temperature, 18.5)
    assert (published.state / "key.json").read_text() != before
    assert not (published.state / "next.json").exists()


@pytest.mark.browser
def test_a_person_sees_what_it_is_in_a_real_browser(world: World, tmp_path: Path) -> None:
    said = {"client_id": "commissioning", "serial": "BX-78", "claim_code": CODE}
    asked = world.http.post("/oauth/device_authorization", data=said).json()
    with chromium(tmp_path) as browser:
        browser.go(asked["verification_uri_complete"])
        browser.fill(email=EMAIL, password=PASSWORD)
        browser.press("Sign in")
        browser.until(f"document.getElementById('user_code').value == '{asked['user_code']}'")
        browser.press("Go on")
        browser.until("document.title.startsWith('Let a box in?')")
        shown = browser.run("document.body.innerText")
        assert "BX-78" in shown
        assert asked["user_code"] in shown
        assert browser.run("document.scripts.length") == 0
        browser.press("Do not let it in")
        browser.until("document.body.innerText.includes('was not let in')")
    poll = {"client_id": "commissioning", "grant_type": DEVICE, "device_code": asked["device_code"]}
    assert world.http.post("/oauth/token", data=poll).json()["error"] == "access_denied"


def test_a_stolen_claim_code_buys_nothing_once_the_box_is_let_in(published: World) -> None:
    thief = World.__new__(World)
    thief.twin, thief.state = published.twin, published.state.parent / "thief"
    said = [thief.said("--point", "temperature=1"), thief.said("--point", "temperature=1", code="wrong")]
    assert [(code, err) for code, _, err in said] == [(1, "the twin refuses: access_denied\n")] * 2


@pytest.mark.parametrize("version", [V311, V5], ids=["3.1.1", "5"])
def test_it_publishes_for_itself_and_what_it_connects(published: World, version: MQTTProtocolVersion) -> None:
    with paho_client(published.twin, published.token(), version) as peer:
        assert peer.connected.get(timeout=30) == 0
        assert [peer.publish(topic, "{}", 1) for topic in (OWN, CONNECTED)] == [0, 0]


def others(world: World) -> list[str]:
    with Twin(world.twin.data, create=False) as script:
        radiator = next(each for each in script.devices(under="flat") if each.type.endswith("/Radiator"))
        elsewhere = script.find("annex/box").id
    names = [radiator.id, "nobody", elsewhere]
    topics = [f"r/flat/d/{each}/events/pointset" for each in names]
    return [
        *topics,
        "r/annex/d/KITemp/events/pointset",
        "r/nowhere/d/KITemp/events/pointset",
        f"r/flat/d/{SERIAL}/config",
    ]


def test_with_mqtt_5_it_is_told_the_same_of_every_topic_that_is_not_its_own(published: World) -> None:
    topics = others(published)
    with paho_client(published.twin, published.token(), V5) as peer:
        assert [peer.publish(topic, "{}", 1) for topic in topics] == [NOT_AUTHORIZED] * len(topics)
        assert peer.publish(OWN, "{}", 1) == 0
        assert peer.ended.empty()


def test_with_mqtt_311_it_is_cut_off_the_same_wherever_the_topic_is_not_its_own(published: World) -> None:
    ends = []
    for topic in others(published)[:4]:
        with paho_client(published.twin, published.token(), V311) as peer:
            assert peer.connected.get(timeout=30) == 0
            peer.client.publish(topic, "{}", 1)
            ends.append(peer.ended.get(timeout=30))
    assert len(set(ends)) == 1


def test_another_client_with_its_mqtt_client_id_neither_takes_it_over_nor_speaks_as_it(published: World) -> None:
    twin = published.twin
    with (
        paho_client(twin, published.token(), V5, SERIAL) as mine,
        paho_client(twin, twin.token("telemetry:write"), V5, SERIAL) as other,
    ):
        assert other.connected.get(timeout=30) == 0
        assert other.publish(CONNECTED, "{}", 1) == 0
        assert mine.publish(CONNECTED, "{}", 1) == 0
        assert mine.ended.empty()


def test_what_it_connects_no_more_it_does_not_speak_for(published: World) -> None:
    with paho_client(published.twin, published.token(), V5) as peer, Twin(published.twin.data, create=False) as script:
        assert peer.publish(CONNECTED, "{}", 1) == 0
        box, sensor = script.find("flat/box"), script.find("flat/kitchen/climate")
        published.change(script, Unlink(type=CONNECTS, source=box.id, target=sensor.id))
        soon(lambda: peer.publish(CONNECTED, "{}", 1), NOT_AUTHORIZED)
        assert peer.publish(OWN, "{}", 1) == 0
        published.change(script, Link(Relation(type=CONNECTS, source=box.id, target=sensor.id)))
        soon(lambda: peer.publish(CONNECTED, "{}", 1), 0)


def test_who_is_blocked_is_cut_off_and_may_come_back_when_it_is_not(published: World) -> None:
    token, twin = published.token(), published.twin
    with paho_client(twin, token, V5) as peer:
        assert peer.publish(OWN, "{}", 1) == 0
        done("asset", "block", SERIAL, "--data", twin.data)
        assert peer.ended.get(timeout=30) == NOT_AUTHORIZED
        assert peer.connected.get(timeout=30) == 0
        assert peer.connected.get(timeout=30) == BAD_CREDENTIALS
    with pytest.raises(Exception, match="invalid_client"):
        published.token()
    done("asset", "unblock", SERIAL, "--data", twin.data)


def test_who_is_replaced_is_cut_off_for_good(published: World) -> None:
    twin = published.twin
    until = time.monotonic() + 30
    token = None
    while token is None:
        with suppress(Exception):
            token = published.token()
        assert time.monotonic() < until
    with paho_client(twin, token, V5) as peer:
        assert peer.publish(OWN, "{}", 1) == 0
        done("asset", "replace", SERIAL, "BX-78", "--data", twin.data)
        assert peer.ended.get(timeout=30) == NOT_AUTHORIZED
    done("asset", "replace", "BX-78", SERIAL, "--data", twin.data)
    with pytest.raises(Exception, match="invalid_client"):
        published.token()
    with pytest.raises(queue.Empty):
        peer.published.get_nowait()
