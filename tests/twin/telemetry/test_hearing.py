"""What apps hear over MQTT: the real server, and paho."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema_rs
import paho.mqtt.client as paho
import pytest
from msgspec.structs import replace

from api.docs.asyncapi import asyncapi
from tests.foreign import Node
from tests.hearing import BEDROOM, CLIMATE, KITCHEN, OTHER, PRESENCE, READ, Ear, build, staged
from tests.twin.mqtt.peers import live, until
from twin.graph.model import Create, Move
from twin.telemetry.told import topic_of
from twin.times import now

if TYPE_CHECKING:
    from typing import Any

PRIVATE = READ | {"twin:read-private"}
ALL = "twin/house/readings/#"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("house") / "data"
    build(data)
    return data


@pytest.fixture
def data(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "data"))


def _heard(ear: Ear, point: str, times: int) -> bool:
    """Whether it was told of news of a point so often."""
    return sum(point in said and not retained for _, said, retained in ear.said) == times


@pytest.mark.parametrize("protocol", [paho.MQTTv311, paho.MQTTv5])
@live
async def test_paho_is_told_what_is_so_and_then_what_changes(data: Path, protocol: Any) -> None:
    async with staged(data) as stage:
        stage.say(CLIMATE, "temperature", 20.5)
        ear = await stage.ear(stage.token(None), protocol=protocol)
        assert await stage.apart(lambda: ear.subscribe(ALL)) == [1]
        await stage.until(ear, lambda: len(ear.told) == 2)
        assert ear.said == [("kitchen", {"temperature": 20.5}, True), ("kitchen/climate", {"temperature": 20.5}, True)]
        stage.say(CLIMATE, "temperature", 21.0)
        stage.say(CLIMATE, "humidity", 40.0)
        await stage.until(ear, lambda: len(ear.told) == 4)
        assert ear.said[2:] == [
            ("kitchen/climate", {"temperature": 21.0, "humidity": 40.0}, False),
            ("kitchen", {"temperature": 21.0}, False),
        ]
        document = json.loads(ear.told[2].payload)
        assert document["id"] == stage.there(CLIMATE).id
        described = jsonschema_rs.validator_for(asyncapi(stage.engine.ontology)["components"]["schemas"]["readings"])
        assert all(described.is_valid(json.loads(each.payload)) for each in ear.told)
        said = document["points"]["temperature"]
        assert (said["value"], said["unit"], said["quality"]) == (21.0, "Cel", "good")
        assert said.keys() == {"value", "unit", "time", "receivedAt", "quality"}


@live
async def test_a_filter_chooses_and_a_wildcard_in_the_place_of_the_site_gives_what_is_seen(data: Path) -> None:
    async with staged(data) as stage:
        for path in (CLIMATE, OTHER, "villa/kitchen/climate"):
            stage.say(path, "temperature", 20.0)
        house = frozenset({stage.there("house").id})
        ear = await stage.ear(stage.token(None, sites=house))
        await stage.apart(lambda: ear.subscribe("twin/house/readings/+"))
        await stage.until(ear, lambda: len(ear.told) == 2)
        assert [topic for topic, _, _ in ear.said] == ["bedroom", "kitchen"]
        for number, wide in enumerate(("twin/+/readings/kitchen/climate", "#"), start=1):
            assert await stage.apart(partial(ear.subscribe, wide)) == [1]
            stage.say("villa/kitchen/climate", "temperature", 1.0)
            stage.say(CLIMATE, "humidity", 30.0 + 9 * number)
            await stage.until(ear, partial(_heard, ear, "humidity", number))
        assert all(each.topic.startswith("twin/house/") for each in ear.told)


@live
async def test_a_guest_of_a_room_hears_that_room_and_nothing_private(data: Path) -> None:
    async with staged(data) as stage:
        await stage.give(KITCHEN, "Guest")
        guest = await stage.ear(stage.token(scopes=PRIVATE))
        await stage.apart(lambda: guest.subscribe("twin/#"))
        for path, point, value in (
            (OTHER, "temperature", 1.0),
            (PRESENCE, "occupied", True),
            (PRESENCE, "brightness", 80.0),
        ):
            stage.say(path, point, value)
        await stage.until(guest, lambda: bool(guest.told))
        assert guest.said == [("kitchen/presence", {"brightness": 80.0}, False)]
        assert stage.engine.told["withheld"] == 3


@live
async def test_what_is_private_takes_the_scope_and_the_permission(data: Path) -> None:
    async with staged(data) as stage:
        await stage.give("house", "Owner")
        stage.say(PRESENCE, "occupied", True)
        stage.say(PRESENCE, "brightness", 80.0)
        plain = await stage.ear(stage.token(), "plain")
        full = await stage.ear(stage.token(scopes=PRIVATE), "full")
        for ear in (plain, full):
            await stage.apart(partial(ear.subscribe, topic_of(PRESENCE)))
            await stage.until(ear, partial(len, ear.told))
        assert plain.said == [("kitchen/presence", {"brightness": 80.0}, True)]
        assert full.said == [("kitchen/presence", {"occupied": True, "brightness": 80.0}, True)]
        stage.say(PRESENCE, "occupied", False)
        stage.say(PRESENCE, "brightness", 70.0)
        await stage.until(full, lambda: len(full.told) == 3)
        await stage.until(plain, lambda: len(plain.told) == 2)
        assert plain.said[1:] == [("kitchen/presence", {"brightness": 70.0}, False)]
        assert [said for _, said, _ in full.said[1:]] == [{"occupied": False}, {"brightness": 70.0}]


@live
async def test_a_site_of_others_and_a_site_of_nobody_are_denied_in_the_same_words(data: Path) -> None:
    async with staged(data) as stage:
        await stage.give(KITCHEN, "Guest")
        for protocol, denied in ((paho.MQTTv5, 0x87), (paho.MQTTv311, 0x80)):
            ear = await stage.ear(stage.token(), protocol=protocol)
            for site in ("villa", "castle"):
                filters = (f"twin/{site}/readings/#", f"twin/{site}/readings/kitchen", f"+/{site}/#")
                assert await stage.apart(partial(ear.subscribe, *filters)) == [denied] * 3
            assert await stage.apart(partial(ear.subscribe, "r/house/#", "twin", "$SYS/#", "hello")) == [denied] * 4
            assert await stage.apart(partial(ear.subscribe, "twin/house/readings/bedroom")) == [1]


@live
async def test_a_role_that_ends_or_narrows_ends_what_is_heard(data: Path) -> None:
    async with staged(data) as stage:
        await stage.give("house", "Guest")
        ear = await stage.ear(stage.token())
        await stage.apart(lambda: ear.subscribe(ALL))
        stage.say(OTHER, "temperature", 1.0)
        await stage.until(ear, lambda: len(ear.told) == 2)
        await stage.give("house", None)
        await stage.give(KITCHEN, "Guest")
        stage.say(OTHER, "temperature", 2.0)
        stage.say(CLIMATE, "temperature", 3.0)
        await stage.until(ear, lambda: len(ear.told) == 4)
        assert [topic for topic, _, _ in ear.said[2:]] == ["kitchen/climate", "kitchen"]
        await stage.give(KITCHEN, "Guest", until=now())
        machine = await stage.ear(stage.token(None), "machine")
        await stage.apart(lambda: machine.subscribe("twin/house/readings/kitchen/climate"))
        stage.say(CLIMATE, "temperature", 4.0)
        await stage.until(machine, lambda: ("kitchen/climate", {"temperature": 4.0}, False) in machine.said)
        await stage.give("house", "Guest")
        stage.say(OTHER, "temperature", 5.0)
        await stage.until(ear, lambda: len(ear.told) == 6)
        assert [said for _, said, _ in ear.said[4:]] == [{"temperature": 5.0}] * 2


@live
async def test_what_was_queued_for_a_client_that_is_then_revoked_is_delivered_to_nobody(data: Path) -> None:
    async with staged(data) as stage:
        await stage.give("house", "Guest")
        phone = await stage.ear(stage.token(), keep=True)
        await stage.apart(lambda: phone.subscribe(ALL))
        await stage.apart(phone.close)
        machine = await stage.ear(stage.token(None, "machine"), "machine")
        await stage.apart(lambda: machine.subscribe("twin/house/readings/kitchen/climate"))
        stage.say(CLIMATE, "temperature", 20.0)
        await stage.until(machine, lambda: bool(machine.told))
        await until(lambda: stage.engine.told["waiting"] == 2)
        old = stage.token()
        await stage.engine.in_pool(lambda: stage.engine.clients.rotate(stage.app()))
        await until(lambda: stage.engine.told["waiting"] == 0)
        refused = await stage.ear(old, keep=True)
        assert (refused.connects, refused.told) == (["Bad user name or password"], [])
        again = await stage.ear(stage.token(), keep=True)
        assert not again.flags.session_present
        await stage.apart(lambda: again.subscribe("twin/house/readings/bedroom"))
        stage.say(OTHER, "temperature", 1.0)
        await stage.until(again, lambda: bool(again.told))
        assert again.said == [("bedroom", {"temperature": 1.0}, False)]


@live
async def test_what_was_queued_is_not_delivered_once_the_right_to_it_is_gone(data: Path) -> None:
    async with staged(data) as stage:
        await stage.give("house", "Guest")
        phone = await stage.ear(stage.token(), keep=True)
        await stage.apart(lambda: phone.subscribe(ALL))
        await stage.apart(phone.close)
        machine = await stage.ear(stage.token(None, "machine"), "machine")
        await stage.apart(lambda: machine.subscribe("twin/house/readings/bedroom"))
        stage.say(CLIMATE, "temperature", 20.0)
        stage.say(OTHER, "temperature", 1.0)
        await stage.until(machine, lambda: bool(machine.told))
        await until(lambda: stage.engine.told["waiting"] == 4)
        await stage.give("house", None)
        await stage.give(BEDROOM, "Guest")
        back = await stage.ear(stage.token(), keep=True)
        assert back.flags.session_present
        await stage.until(back, lambda: len(back.told) == 2)
        assert [topic for topic, _, _ in back.said] == ["bedroom/climate", "bedroom"]
        assert stage.engine.told["withheld"] == 2


@live
async def test_what_is_so_is_not_told_once_the_right_to_it_is_gone(data: Path) -> None:
    async with staged(data) as stage:
        await stage.give("house", "Guest")
        stage.say(CLIMATE, "temperature", 20.0)
        stage.say(OTHER, "temperature", 1.0)
        ear = await stage.ear(stage.token())
        await stage.apart(lambda: ear.subscribe(ALL))
        await stage.until(ear, lambda: len(ear.told) == 4)
        await stage.give("house", None)
        await stage.give(BEDROOM, "Guest")
        await stage.apart(lambda: ear.subscribe(ALL))
        await stage.until(ear, lambda: len(ear.told) == 6)
        assert [(topic, retain) for topic, _, retain in ear.said[4:]] == [("bedroom", True), ("bedroom/climate", True)]
        await stage.give(BEDROOM, None)
        assert await stage.apart(lambda: ear.subscribe(ALL)) == [0x87]


@pytest.mark.parametrize("who", [{"app": "another"}, {"user": "ben"}, {"user": None}, {"authorization": "later"}])
@live
async def test_who_presents_the_client_identifier_of_another_hears_nothing_of_theirs(
    data: Path, who: dict[str, Any]
) -> None:
    async with staged(data) as stage:
        await stage.give("house", "Guest")
        await stage.give("house", "Guest", "ben")
        phone = await stage.ear(stage.token(), keep=True)
        await stage.apart(lambda: phone.subscribe(ALL))
        await stage.apart(phone.close)
        machine = await stage.ear(stage.token(None, "machine"), "machine")
        await stage.apart(lambda: machine.subscribe("twin/house/readings/kitchen"))
        stage.say(CLIMATE, "temperature", 20.0)
        await stage.until(machine, lambda: bool(machine.told))
        thief = await stage.ear(stage.token(**who), keep=True)
        assert not thief.flags.session_present
        await stage.apart(lambda: thief.subscribe("twin/house/readings/bedroom"))
        stage.say(OTHER, "temperature", 1.0)
        await stage.until(thief, lambda: bool(thief.told))
        assert thief.said == [("bedroom", {"temperature": 1.0}, False)]
        back = await stage.ear(stage.token(), keep=True)
        await stage.until(back, lambda: len(back.told) == 4)
        assert [topic for topic, _, _ in back.said] == ["kitchen/climate", "kitchen", "bedroom/climate", "bedroom"]


@live
async def test_what_was_queued_of_what_has_moved_since_is_told_to_nobody(data: Path) -> None:
    async with staged(data) as stage:
        await stage.give(BEDROOM, "Guest")
        phone = await stage.ear(stage.token(), keep=True)
        await stage.apart(lambda: phone.subscribe(ALL))
        await stage.apart(phone.close)
        machine = await stage.ear(stage.token(None, "machine"), "machine")
        await stage.apart(lambda: machine.subscribe("twin/house/readings/#"))
        stage.say(PRESENCE, "brightness", 20.0)
        await stage.until(machine, lambda: bool(machine.told))
        presence, bedroom = stage.there(PRESENCE), stage.there(BEDROOM)
        await stage.change(Move(id=presence.id, parent=bedroom.id, key="presence"))
        back = await stage.ear(stage.token(), keep=True)
        stage.say(f"{BEDROOM}/presence", "brightness", 30.0)
        await stage.until(back, lambda: bool(back.told))
        assert back.said == [("bedroom/presence", {"brightness": 30.0}, False)]


@live
async def test_a_connection_whose_token_has_ended_is_ended_and_the_audit_says_all(data: Path) -> None:
    async with staged(data) as stage:
        await stage.give("house", "Guest")
        ear = await stage.ear(stage.token())
        await stage.apart(lambda: ear.subscribe(ALL, "twin/castle/#"))
        await stage.ear("no token")
        await stage.engine.in_pool(lambda: stage.engine.clients.rotate(stage.app()))
        await stage.until(ear, lambda: bool(ear.ends))
        assert ear.ends == ["Not authorized"]
        await stage.engine.auditing.flush()
        wanted = [each for each in stage.engine.audit.export() if each.deed.action.startswith("mqtt.")]
        said = [(each.deed.action, each.deed.result, each.deed.user, each.deed.detail) for each in wanted]
        assert said == [
            ("mqtt.connect", "ok", "ana", "phone"),
            ("mqtt.subscribe", "topic.denied", "ana", "twin/castle/#"),
            ("mqtt.connect", "token.invalid", "", ""),
            ("mqtt.end", "token.invalid", "ana", ""),
        ]
        assert {each.deed.address for each in wanted} == {"127.0.0.1"}
        assert wanted[0].deed.token


@live
async def test_an_app_publishes_nothing(data: Path) -> None:
    async with staged(data) as stage:
        ear = await stage.ear(stage.token(None, scopes=READ | {"telemetry:write"}))
        for topic in ("twin/house/readings/kitchen", "twin/castle/readings/x", "r/castle/d/x/state"):
            waiting = await stage.apart(partial(ear.client.publish, topic, b"{}", 1))
            await stage.apart(partial(waiting.wait_for_publish, 10))
        await until(lambda: stage.engine.counters.now()["denied"] == 3)


@live
async def test_nothing_is_gathered_while_nobody_listens(data: Path) -> None:
    async with staged(data) as stage:
        assert len(stage.engine.readings) == 0
        ear = await stage.ear(stage.token(None))
        await stage.apart(lambda: ear.subscribe(ALL))
        assert len(stage.engine.readings) == 1
        await stage.apart(ear.close)
        await until(lambda: stage.engine.told["subscriptions"] == 0)
        await until(lambda: len(stage.engine.readings) == 0)


@pytest.mark.node
@pytest.mark.parametrize("version", ["4", "5"])
@live
async def test_mqtt_js_is_told_what_it_missed_as_far_as_it_may_still_hear_it(
    data: Path, version: str, tmp_path: Path
) -> None:
    node = Node(tmp_path)
    async with staged(data) as stage:
        await stage.give("house", "Guest")

        def words(token: str) -> list[str]:
            return ["127.0.0.1", str(stage.engine.mqtt_port), token, ALL, version, "1", "js", "false"]

        with node.lines("listen.mjs", *words(stage.token())) as lines:
            assert await stage.apart(lines.next) == {"ready": [1], "present": False}
        await until(lambda: stage.engine.connections == 0)
        stage.say(CLIMATE, "temperature", 20.0)
        stage.say(OTHER, "temperature", 1.0)
        await until(lambda: stage.engine.told["waiting"] == 4)
        await stage.give("house", None)
        await stage.give(BEDROOM, "Guest")
        await stage.give("house", "Guest", "ben")
        with node.lines("listen.mjs", *words(stage.token("ben"))) as lines:
            said = [await stage.apart(lines.next) for _ in range(5)]
            assert {"ready": [1], "present": False} in said
            assert all(each["retain"] for each in said if "topic" in each)
        with node.lines("listen.mjs", *words(stage.token())) as lines:
            said = [await stage.apart(lines.next) for _ in range(5)]
        missed = [each["topic"] for each in said if "topic" in each and not each["retain"]]
        assert missed == ["twin/house/readings/bedroom/climate", "twin/house/readings/bedroom"]
        assert {each["topic"] for each in said if "topic" in each} == set(missed)
        assert {"ready": [1], "present": True} in said


@live
async def test_people_fleets_and_sites_that_are_being_built_are_no_sites(data: Path) -> None:
    async with staged(data) as stage:
        await stage.give("house", "Guest")
        await stage.change(
            Create(replace(stage.there("villa"), id="v" * 26, key="new", path="new", site="v" * 26, hidden=True))
        )
        ear = await stage.ear(stage.token(None))
        denied = await stage.apart(partial(ear.subscribe, "twin/user:ana/#", "twin/user:nobody/#", "twin/new/#"))
        assert denied == [0x87] * 3


@live
async def test_a_token_that_runs_out_ends_its_connection_as_the_protocol_has_it(data: Path) -> None:
    async with staged(data) as stage:
        stage.engine.authority.tokens.lifetime = 1
        ear = await stage.ear(stage.token(None))
        await stage.until(ear, lambda: bool(ear.ends))
        assert ear.ends == ["Maximum connect time"]
        await stage.engine.auditing.flush()
        assert [each.deed.action for each in stage.engine.audit.export() if each.deed.action == "mqtt.end"] == []
