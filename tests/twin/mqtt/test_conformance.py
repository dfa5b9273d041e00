"""mosquitto's own packet sequences, played against a real endpoint over a real socket.

Two of its answers are its own configuration and are read as what they stand for: the properties of its CONNACK are its
limits, and PUBACK's 0x10 says that nobody subscribed. What does not apply to this version is in `NOT_HERE`, each group
with its reason; the test holds that table to be exact, so a sequence that starts to pass must leave it.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.twin.mqtt.doubles import OpenDoor
from twin.mqtt.endpoint import Endpoint, Limits
from twin.mqtt.packets import V311, Connect, Pingreq, serialise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = ("CONNECT", "DISCONNECT", "PINGREQ", "PUBLISH", "PUBREL", "SUBSCRIBE")

QOS_2 = "QoS 2 is not spoken in this version: CONNACK says so, a QoS 2 message ends the connection (0x9B)"
UNKNOWN_RELEASE = "a release of a message that was never received is answered with the truth: 0x92, not success"
GRANTING = "QoS 2 is not spoken in this version: a subscription that asks for it is granted QoS 1"
FORWARDING = "what clients publish is told to nobody as it is, so it does not come back to who sent it"
RETAINING = "nothing is retained in this version: CONNACK says so, a retained message ends the connection (0x9A)"
SPOKEN = "mosquitto hangs up in silence; here the reason is said first (0x81, as section 4.13.1 wants)"
MQTT_31 = "MQTT 3.1 is not spoken: its level is refused with return code 1"

NOT_HERE = {
    MQTT_31: [
        r"v3.1 CONNECT / 1[04] ok ?(#2)?",
        r"v3.1 CONNECT / 10 empty client ID",
    ],
    SPOKEN: [r"v5.0 PINGREQ / C0 long"],
    RETAINING: [r"v5.0 PUBLISH / 31 retain 1.*"],
    QOS_2: [r".* / (34|3C) QoS 2 Dup \d"],
    UNKNOWN_RELEASE: [
        r"v5.0 PUBREL / 62 unsolicited len=(2|3|3 fail|4 ok|4 rc=fail)",
        r"v5.0 PUBREL ALLOWED PROPERTIES / 62 with (reason-string|user-property|2\*user-property)( property)?",
    ],
    FORWARDING: [r"v5.0 PUBLISH ALLOWED PROPERTIES / maximum packet size"],
    GRANTING: [r".* SUBSCRIBE / 82 single ok QoS 2 .*"],
}


class Sequence(NamedTuple):
    """One test of the data."""

    name: str
    version: int
    connect: bool
    ends: bool
    steps: list[tuple[bool, bytes]]
    """(sent, bytes): what the client sends, and what it must get."""


def sequences(folder: Path) -> Iterator[Sequence]:
    seen: dict[str, int] = {}
    for file in FILES:
        for group in json.loads((folder / f"{file}.json").read_text()):
            for test in group["tests"]:
                name = f"{' '.join(group['group'].split())} / {test['name'].strip()}"
                seen[name] = seen.get(name, 0) + 1
                yield _sequence(name if seen[name] == 1 else f"{name} #{seen[name]}", test)


def _sequence(name: str, test: dict[str, Any]) -> Sequence:
    steps = [(step["type"] == "send", bytes.fromhex(step["payload"].replace(" ", ""))) for step in test["msgs"]]
    return Sequence(name, test.get("ver", V311), test.get("connect", True), test.get("expect_disconnect", True), steps)


def reason(name: str) -> str | None:
    """Why a sequence does not apply, if it does not."""
    found = [why for why, patterns in NOT_HERE.items() if any(re.fullmatch(one, name) for one in patterns)]
    assert len(found) <= 1, f"{name} is listed twice"
    return found[0] if found else None


def meaning(packet: bytes) -> bytes:
    """A packet without what is the server's own configuration."""
    if packet[0] == 0x20 and len(packet) > 4:
        return packet[2:4]
    if packet[0] == 0x20:
        return packet[2:]
    if packet[0] == 0x40 and packet[4:] == b"\x10":
        return b"\x40\x02" + packet[2:4]
    return packet


async def packet_from(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(2)
    return head + await reader.readexactly(head[1])


async def play(port: int, sequence: Sequence) -> str | None:
    """What went otherwise than the data says, if anything did."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        if sequence.connect:
            writer.write(serialise(Connect("conformance", sequence.version, keep_alive=60), sequence.version))
            await packet_from(reader)
        for sent, data in sequence.steps:
            if sent:
                writer.write(data)
            elif meaning(answer := await packet_from(reader)) != meaning(data):
                return f"answered {answer.hex()}, not {data.hex()}"
        return await _outcome(sequence, reader, writer)
    except asyncio.IncompleteReadError:
        return "hung up"
    finally:
        writer.close()


async def _outcome(sequence: Sequence, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str | None:
    if sequence.ends:
        rest = await reader.read()
        return f"said {rest.hex()} before it hung up" if rest else None
    writer.write(serialise(Pingreq()))
    answer = await packet_from(reader)
    return None if answer == b"\xd0\x00" else f"answered {answer.hex()} to a ping"


async def failures(all_of_them: list[Sequence]) -> dict[str, str]:
    """Sequences that went otherwise than the data says."""
    endpoint = Endpoint(OpenDoor(), limits=Limits(linger=5.0))
    port = await endpoint.start("127.0.0.1", 0)
    try:
        failed = {}
        for sequence in all_of_them:
            try:
                async with asyncio.timeout(0.25 if reason(sequence.name) else 5):
                    problem = await play(port, sequence)
            except TimeoutError:
                problem = "did not hang up, or did not answer"
            if problem:
                failed[sequence.name] = problem
        return failed
    finally:
        await endpoint.close(0.1)


def test_every_sequence_that_applies_is_answered_as_mosquitto_must(shared_data: Path) -> None:
    everything = list(sequences(shared_data / "mqtt"))
    failed = asyncio.run(failures(everything))
    listed = {sequence.name for sequence in everything if reason(sequence.name)}
    assert {name: problem for name, problem in failed.items() if name not in listed} == {}
    assert listed - set(failed) == set(), "these pass now: take them out of NOT_HERE"


def test_every_line_of_the_table_matches_something(shared_data: Path) -> None:
    names = [sequence.name for sequence in sequences(shared_data / "mqtt")]
    for patterns in NOT_HERE.values():
        for pattern in patterns:
            assert any(re.fullmatch(pattern, name) for name in names), pattern
