"""A disk that takes nothing for a while, as a limit of the kernel (``RLIMIT_FSIZE``): graph, records and journal alike.

Writes are refused with 503 and a time to wait, reads are answered, devices are not acknowledged. As soon as there is
room, all goes on by itself, and nothing that was acknowledged is missing.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from tests.running import Running, done, start
from tests.series import balanced
from tests.twin.mqtt.peers import live
from twin.engine import Twin
from twin.engine.library import shipped
from twin.mqtt.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TOPIC = "r/flat/d/KITemp/events/pointset"
SCOPES = ("twin:read", "twin:read-private", "twin:write", "telemetry:write")
FLAT = shipped("examples") / "flat.yaml"
TOPOLOGY = FLAT.read_text(encoding="utf-8")
UPDATE = 'mutation { updateEntity(ref: "flat", title: "Full") { __typename } }'


class House:
    """A server, and whoever asks it."""

    def __init__(self, data: Path) -> None:
        with Twin(data) as twin:
            twin.apply(twin.plan(FLAT))
            self.kitchen = twin.find("flat/kitchen")
        words = [word for scope in SCOPES for word in ("--scope", scope)]
        client = done("client", "add", "all", *words, "--all-sites", "--data", data)
        self.twin: Running = start(data, command="serve")
        self.twin.facts |= {name: client[name] for name in ("client_id", "client_secret")}
        self.token = self.twin.token()

    def full(self, *, is_: bool) -> None:
        limit = 0 if is_ else resource.RLIM_INFINITY
        resource.prlimit(self.twin.process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str | None, Any]:
        """Status, Retry-After and body of an answer."""
        headers |= {"Authorization": f"Bearer {self.token}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.twin.facts['issuer']}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, None, json.loads(response.read())
        except urllib.error.HTTPError as error:
            return error.code, error.headers["Retry-After"], json.loads(error.read())

    def rename(self, title: str, key: str) -> tuple[int, str | None, Any]:
        headers = {"Idempotency-Key": key}
        return self.ask("PATCH", f"/api/v1/entities/{self.kitchen.id}", {"title": title}, **headers)

    def parts(self) -> dict[str, str]:
        """What does not work, as /readyz has it."""
        parts: dict[str, str] = self.ask("GET", "/readyz")[2]["parts"]
        return {name: state for name, state in parts.items() if state != "ok"}

    async def until(self, holds: Callable[[], bool]) -> None:
        ends = time.monotonic() + 30
        while not await asyncio.to_thread(holds):
            assert time.monotonic() < ends, self.parts()
            await asyncio.sleep(0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are Linux's: run this test there")
@live
async def test_a_full_disk_refuses_writes_answers_reads_and_ends_by_itself(tmp_path: Path) -> None:
    house = House(tmp_path / "data")
    try:
        async with Client(*house.twin.mqtt, "box", lambda: house.token) as client:
            await say(client, 20)
            await client.drain()
            assert house.rename("Before", "k0")[0] == 200
            plan = house.ask("POST", "/api/v1/plans", {"site": "annex", "document": TOPOLOGY})[2]["id"]
            house.full(is_=True)
            job = house.ask("POST", f"/api/v1/plans/{plan}/apply", {})[2]["id"]
            await check_full(house, client)
            assert house.ask("GET", f"/api/v1/jobs/{job}")[2]["state"] == "running"
            house.full(is_=False)
            await house.until(lambda: house.parts() == {})
            async with asyncio.timeout(30):
                await client.drain()
            assert client.tally.acknowledged == 2
        status, _, kitchen = house.rename("During", "k1")
        assert (status, kitchen["revision"]) == (200, house.kitchen.revision + 2)
        await house.until(lambda: house.ask("GET", f"/api/v1/jobs/{job}")[2]["state"] == "done")
        counters = house.twin.settled(2)
        assert balanced(counters)
        assert counters["journaled"] == 2
        readings = house.ask("GET", f"/api/v1/entities/{house.kitchen.id}/points/temperature")[2]
        assert readings["reading"]["value"] == 21
    finally:
        code, said = house.twin.stop()
    assert code == 0, said
    assert "Traceback" not in said, said
    with Twin(tmp_path / "data") as twin:
        kitchen = twin.find("flat/kitchen")
        assert (kitchen.title, kitchen.revision) == ({"": "During"}, house.kitchen.revision + 2)
        assert twin.read("flat/kitchen", "temperature") is not None


async def check_full(house: House, client: Client) -> None:
    for status, retry, problem in (house.rename("During", "k1"), house.rename("During", "k1")):
        assert (status, retry) == (503, "2"), problem
        assert problem["code"] in {"store.unavailable", "commit.unknown"}
    modern = {"Accept": "application/graphql-response+json"}
    status, retry, answer = house.ask("POST", "/graphql", {"query": UPDATE}, **modern)
    assert (status, retry) == (503, "2"), answer
    assert answer["errors"][0]["extensions"]["code"] in {"store.unavailable", "commit.unknown"}
    status, retry, problem = house.ask("POST", "/api/v1/topologies", {"document": TOPOLOGY})
    assert (status, retry, problem["code"]) == (503, "2", "records.unavailable"), problem
    await say(client, 21)
    await house.until(lambda: house.parts().keys() == {"store", "journal"})
    assert client.tally.acknowledged == 1
    kitchen = f"/api/v1/entities/{house.kitchen.id}"
    for path in (kitchen, f"{kitchen}/points", "/api/v1/devices", "/api/v1/topologies", "/api/v1/deadletters"):
        assert house.ask("GET", path)[0] == 200, path
    assert house.ask("GET", kitchen)[2]["title"] == "Before"
    assert house.ask("POST", "/graphql", {"query": '{ entity(ref: "flat") { title } }'})[0] == 200
    with pytest.raises(urllib.error.HTTPError) as refused:  # the audit cannot keep whose it is
        house.twin.token()
    assert (refused.value.code, refused.value.headers["Retry-After"]) == (503, "2")
    refused.value.close()
    assert "twin_part_up" in house.twin.text("/metrics")


async def say(client: Client, temperature: int) -> None:
    await client.publish(TOPIC, json.dumps({"points": {"temperature": {"present_value": temperature}}}).encode())
