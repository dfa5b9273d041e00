"""A twin of several processes, started as a user would: one owns it, the others follow and one takes its place."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.neo4j_server import wipe
from tests.running import Running, start
from tests.telemetry import payload
from tests.twin.mqtt.peers import live
from twin import Twin
from twin.access.clients import Clients
from twin.engine.library import shipped
from twin.mqtt.client import Client
from twin.records import Records
from twin.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from twin.store.neo4j import Address

TOPIC = "r/flat/d/KITemp/events/pointset"
READINGS = 'subscription { readings(under: "flat/kitchen") { reading { value } } }'
PATH = "flat/kitchen/climate"
SECOND = 1_000_000


@pytest.fixture(params=["sqlite", pytest.param("neo4j", marks=pytest.mark.neo4j)])
def twin(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Several:
    """A flat, kept in one store or the other, that nobody serves yet."""
    graph = ""
    if request.param == "neo4j":
        address: Address = request.getfixturevalue("neo4j_address")
        wipe(address)
        scheme, _, host = address.uri.partition("://")
        graph = f"{scheme}://{address.user}@{host}/{address.database}"
        monkeypatch.setenv("TWIN_NEO4J_PASSWORD", address.password)
    with Twin(tmp_path / "data", graph=graph) as twin:
        twin.apply(twin.plan(shipped("examples") / "flat.yaml"))
    return Several(tmp_path / "data")


class Several:
    """The processes of one twin, and the clients that talk to them."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.processes: list[Running] = []
        records = Records(data / "records.sqlite")
        clients = Clients(records)
        self.secrets = {
            name: clients.add(name, scopes, None)
            for name, scopes in {
                "app": ["twin:read", "twin:write"],
                "other": ["twin:read"],
                "gateway": ["telemetry:write"],
            }.items()
        }
        records.close()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.mqtt_port: int = probe.getsockname()[1]

    def start(self) -> Running:
        """One process more."""
        process = start(self.data, "--mqtt-port", str(self.mqtt_port), command="serve")
        self.processes.append(process)
        return process

    def apply(self, **parameters: str) -> None:
        """What a script does beside them."""
        with Twin(self.data) as twin:
            twin.apply(twin.plan(shipped("examples") / "flat.yaml", parameters=parameters))

    def remove(self, client: str) -> None:
        """What `twin client remove` does beside them."""
        records = Records(self.data / "records.sqlite")
        Clients(records).remove(client)
        records.close()

    def stop(self) -> None:
        for process in self.processes:
            process.process.send_signal(signal.SIGCONT)
            process.stop()

    async def token(self, url: str, name: str = "app") -> str:
        async with httpx2.AsyncClient() as http:
            form = {"grant_type": "client_credentials"}
            answer = await http.post(f"{url}/oauth/token", data=form, auth=self.secrets[name])
            return str(answer.raise_for_status().json()["access_token"])

    def publisher(self, urls: list[str]) -> Client:
        """A device, whose token comes from whoever answers."""

        async def token() -> str:
            for url in urls:
                try:
                    return await self.token(url, "gateway")
                except httpx2.HTTPError:
                    continue
            raise OSError

        return Client("127.0.0.1", self.mqtt_port, "gateway", token, sleep=lambda _: asyncio.sleep(0.05))


class At:
    """One process as an app sees it, over a connection that is kept."""

    def __init__(self, process: Running, http: httpx2.AsyncClient) -> None:
        self.process = process
        self.http = http

    async def get(self, path: str, position: str | None = None) -> Any:
        headers = {} if position is None else {"Twin-Position": position}
        return (await self._asked("GET", path, headers=headers)).json()

    async def rename(self, entity_id: str, title: str) -> str:
        """Give something another title; the position of that."""
        said = await self._asked("PATCH", f"/entities/{entity_id}", json={"title": title})
        return str(said.headers["Twin-Position"])

    async def _asked(self, method: str, path: str, **more: Any) -> httpx2.Response:
        """Ask as an app does: again, where the answer says so."""
        async with asyncio.timeout(30):
            while (said := await self.http.request(method, f"/api/v1{path}", **more)).status_code == 503:  # noqa: ASYNC110 - as told
                await asyncio.sleep(float(said.headers["Retry-After"]) / 10)
        assert said.is_success, said.text
        return said

    async def ready(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.http.get("/readyz")).json()
        return found

    async def figure(self, name: str) -> float:
        page = (await self.http.get("/metrics")).text
        return float(next(line for line in page.splitlines() if line.startswith(name)).rsplit(" ", 1)[1])

    async def reads(self, entity_id: str) -> Any:
        found = await self.get(f"/entities/{entity_id}/points/temperature")
        return found["reading"] and found["reading"]["value"]

    @asynccontextmanager
    async def listening(self, token: str) -> AsyncIterator[ClientConnection]:
        """A subscription to what the kitchen says."""
        url = self.process.facts["graphql"].replace("http", "ws")
        headers = {"Authorization": f"Bearer {token}"}
        async with connect(url, subprotocols=["graphql-transport-ws"], additional_headers=headers) as opened:  # type: ignore[list-item]
            before = await self.figure("twin_subscriptions")
            await opened.send(json.dumps({"type": "connection_init"}))
            assert json.loads(await opened.recv())["type"] == "connection_ack"
            await opened.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": READINGS}}))

            async def begun() -> bool:
                return opened.close_code is not None or await self.figure("twin_subscriptions") > before

            await until(begun)
            yield opened


async def until(true: Callable[[], Awaitable[Any]], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not await true():  # noqa: ASYNC110 - other processes have no event here
            await asyncio.sleep(0.02)


async def heard(opened: ClientConnection) -> Any:
    async with asyncio.timeout(10):
        message = json.loads(await opened.recv())
    assert message["type"] == "next", message
    return message["payload"]["data"]["readings"]["reading"]["value"]


async def ended(opened: ClientConnection) -> int:
    async with asyncio.timeout(10):
        try:
            while True:
                await opened.recv()
        except ConnectionClosed as closed:
            return 0 if closed.rcvd is None else closed.rcvd.code


class Device:
    """Publishes one temperature after the other, each a second later of source time."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.sent = 0
        self._began = time.time_ns() // 1000 - 3600 * SECOND

    async def publish(self) -> float:
        self.sent += 1
        value = 10.0 + self.sent % 20
        said = payload({"temperature": value}, rfc3339(self._began + self.sent * SECOND))
        await self.client.publish(TOPIC, said)
        return value

    async def settle(self) -> float:
        value = await self.publish()
        await self.client.drain()
        return value


@asynccontextmanager
async def apps(twin: Several, *processes: Running) -> AsyncIterator[list[At]]:
    """An app at each process; all with the token of the first."""
    token = await twin.token(processes[0].facts["issuer"])
    headers = {"Authorization": f"Bearer {token}"}
    found = [
        At(each, httpx2.AsyncClient(base_url=each.facts["issuer"], headers=headers, timeout=10)) for each in processes
    ]
    try:
        yield found
    finally:
        for each in found:
            await each.http.aclose()


@live
async def test_one_owns_the_twin_and_the_other_follows_until_it_takes_its_place(twin: Several) -> None:
    try:
        owner = await asyncio.to_thread(twin.start)
        follower = await asyncio.to_thread(twin.start)
        assert [each.facts["role"] for each in twin.processes] == ["owner", "follower"]
        assert {each.facts["mqtt"] for each in twin.processes} == {f"mqtt://127.0.0.1:{twin.mqtt_port}"}
        async with apps(twin, owner, follower) as (at_owner, at_follower):
            await until(lambda: is_live(at_follower))
            devices = (await at_owner.get("/devices"))["items"]
            climate = next(each["id"] for each in devices if each["path"] == PATH)
            await writes_are_read_elsewhere(twin, climate, at_owner, at_follower)
            async with twin.publisher([each.facts["issuer"] for each in twin.processes]) as client:
                device = Device(client)
                await readings_are_heard(twin, device, climate, at_follower)
                await a_paused_owner_is_waited_for(twin, device, climate, at_owner, at_follower)
                await the_place_of_a_killed_owner_is_taken(device, climate, at_owner, at_follower)
    finally:
        await asyncio.to_thread(twin.stop)


async def is_live(at: At) -> bool:
    return (await at.ready())["status"] == "ok"


async def writes_are_read_elsewhere(twin: Several, climate: str, *processes: At) -> None:
    """A change is seen by whoever passes its position, at once; and by everybody else within a second or so."""
    for number, (writer, reader) in enumerate(zip(processes, (*processes[1:], processes[0]), strict=True)):
        position = await writer.rename(climate, f"Sensor {number}")
        assert (await reader.get(f"/entities/{climate}", position))["title"] == f"Sensor {number}"
    rename = f'mutation {{ updateEntity(ref: "{PATH}", title: "Sensor") {{ __typename }} }}'
    made = (await processes[1].http.post("/graphql", json={"query": rename})).json()
    asked = {"query": f'{{ entity(ref: "{PATH}") {{ title }} }}'}
    headers = {"Twin-Position": made["extensions"]["position"]}
    said = await processes[0].http.post("/graphql", json=asked, headers=headers)
    assert said.json()["data"]["entity"]["title"] == "Sensor"

    await asyncio.to_thread(twin.apply, name="Fürth")
    for each in processes:
        await until(lambda each=each: is_called(each, "Flat Fürth"))


async def is_called(at: At, title: str) -> bool:
    return bool((await at.get("/sites"))["items"][0]["title"] == title)


async def readings_are_heard(twin: Several, device: Device, climate: str, at: At) -> None:
    """What devices say to the owner, a follower's subscribers hear; but for one whose client was removed."""
    url = at.process.facts["issuer"]
    async with at.listening(await twin.token(url)) as app, at.listening(await twin.token(url, "other")) as other:
        value = await device.settle()
        assert (await heard(app), await heard(other)) == (value, value)
        assert await at.reads(climate) == value
        await asyncio.to_thread(twin.remove, "other")
        assert await ended(other) == 4401
        value = await device.settle()
        assert await heard(app) == value


async def a_paused_owner_is_waited_for(twin: Several, device: Device, climate: str, owner: At, at: At) -> None:
    """It keeps its lease: who follows says that nothing is heard, ends what is open, and answers what is asked."""
    token = await twin.token(at.process.facts["issuer"])
    value = await device.settle()
    await until(lambda: says(at, climate, value))
    async with at.listening(token) as opened:
        owner.process.process.send_signal(signal.SIGSTOP)
        assert await ended(opened) == 1013
    ready = await at.ready()
    assert (ready["status"], ready["role"]) == ("unavailable", "follower")
    assert "silent" in ready["parts"]["feed"]
    assert await at.reads(climate) == value
    async with at.listening(token) as opened:
        assert await ended(opened) == 1013
    position = await at.rename(climate, "Meanwhile")
    owner.process.process.send_signal(signal.SIGCONT)
    await until(lambda: is_live(at))
    assert (await owner.get(f"/entities/{climate}", position))["title"] == "Meanwhile"
    value = await device.settle()
    await until(lambda: says(at, climate, value))


async def says(at: At, entity_id: str, value: float) -> bool:
    return bool(await at.reads(entity_id) == value)


async def the_place_of_a_killed_owner_is_taken(device: Device, climate: str, owner: At, after: At) -> None:
    """By a process that keeps its connections; what was acknowledged is there, once."""
    publishing = asyncio.create_task(keep_publishing(device))
    await asyncio.sleep(0)
    await until(lambda: applied(owner, 200))
    owner.process.kill()
    await until(lambda: owns(after))
    await until(lambda: applied(after, device.sent))
    publishing.cancel()
    await asyncio.wait((publishing,))
    value = await device.settle()
    await until(lambda: says(after, climate, value))
    assert device.client.tally.acknowledged == device.sent
    await until(lambda: applied(after, device.sent))
    await until(lambda: has_worked_in_all(after))
    assert await after.figure('twin_readings_total{fate="applied"}') == device.sent
    again = [await after.figure(f'twin_readings_total{{fate="{fate}"}}') for fate in ("late", "duplicate")]
    assert sum(again) <= device.client.tally.resent, "what was sent again may have been kept before"
    assert await is_live(after)


async def keep_publishing(device: Device) -> None:
    while True:
        await device.publish()
        await asyncio.sleep(0.001)


async def applied(at: At, count: int) -> bool:
    return await at.figure('twin_readings_total{fate="applied"}') >= count


async def has_worked_in_all(at: At) -> bool:
    return await at.figure("twin_messages_pending") == 0


async def owns(at: At) -> bool:
    return bool((await at.ready())["role"] == "owner")
