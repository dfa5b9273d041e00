"""The publisher against the endpoint: everything arrives, whatever happens on the way, or it says why not."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.twin.mqtt.doubles import OpenDoor
from tests.twin.mqtt.peers import Site, listening, live, until
from twin.errors import BackendError, Conflict, Forbidden, InvalidValue, RequestError, Unauthenticated
from twin.mqtt.client import Client
from twin.mqtt.connection import Connection
from twin.mqtt.endpoint import Endpoint, Limits, Refusal
from twin.mqtt.link import Link
from twin.mqtt.packets import Connack, Connect, Disconnect, Packet, Pingreq, Publish, Reason, parse, serialise

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class Tokens:
    """Numbers the tokens it gives out, and may be out of order."""

    def __init__(self) -> None:
        self.given = 0
        self.error: Exception | None = None

    def __call__(self) -> str:
        self.given += 1
        if self.error is not None:
            raise self.error
        return f"token-{self.given}"


async def at_once(_: float) -> None:
    await asyncio.sleep(0.001)


def client_of(port: int, token: Any = None, **more: Any) -> Client:
    return Client("127.0.0.1", port, "replay", token or Tokens(), random=lambda: 0.5, sleep=at_once, **more)


def in_order(site: Site, count: int) -> bool:
    """Whether all arrived, and each for the first time after the one before it."""
    firsts = list(dict.fromkeys(payload for _, payload in site.door.kept))
    return firsts == [b"%d" % number for number in range(count)]


@live
async def test_everything_is_acknowledged_before_the_client_leaves() -> None:
    async with listening() as site:
        async with client_of(site.port) as client:
            for number in range(5000):
                await client.publish(f"t/{number % 9}", b"%d" % number)
        assert in_order(site, 5000)
        assert (client.tally.sent, client.tally.acknowledged) == (5000, 5000)
        assert (client.tally.resent, client.tally.refused) == (0, 0)
        await until(lambda: site.endpoint.connections == 0)


@live
async def test_publishing_waits_for_room_and_heeds_the_server() -> None:
    async with listening(OpenDoor(held=True), limits=Limits(receive_maximum=5)) as site:
        async with client_of(site.port) as client:
            publishing = asyncio.create_task(publish(client, 12))
            await until(lambda: len(site.door.kept) == 5)
            await asyncio.sleep(0.01)
            assert (client.tally.sent, publishing.done()) == (5, False)
            site.door.held = False
            site.door.settle(True)
            await publishing
        assert in_order(site, 12)


async def publish(client: Client, count: int) -> None:
    for number in range(count):
        await client.publish("t", b"%d" % number)


@live
async def test_what_was_not_acknowledged_is_sent_again_after_the_connection_is_lost() -> None:
    async with listening(OpenDoor(held=True)) as site:
        tokens = Tokens()
        async with client_of(site.port, tokens, window=50) as client:
            publishing = asyncio.create_task(publish(client, 120))
            await until(lambda: len(site.door.kept) == 50)
            for connection in tuple(site.endpoint._everyone):
                connection.abort()
            await until(lambda: len(site.door.kept) == 100)
            site.door.held = False
            site.door.settle(True)
            await publishing
        assert in_order(site, 120)
        assert (client.tally.acknowledged, client.tally.resent) == (120, 50)
        assert tokens.given == 2
        assert [connect.password for connect in site.door.connects] == [b"token-1", b"token-2"]


@live
async def test_a_server_that_is_away_for_a_while_is_waited_for() -> None:
    async with listening() as first:
        async with client_of(first.port) as client:
            await client.publish("t", b"0")
            await client.drain()
            await first.endpoint.close(0.1)
            publishing = asyncio.create_task(publish(client, 10))
            await asyncio.sleep(0.01)
            second = Endpoint(first.door)
            await second.start("127.0.0.1", first.port)
            await publishing
            await client.drain()
            assert len(first.door.kept) == 11
        await second.close(0.1)


@live
async def test_endings_that_pass_are_survived() -> None:
    async with listening() as site, client_of(site.port) as client:
        for reason in (Reason.MAXIMUM_CONNECT_TIME, Reason.NOT_AUTHORIZED, Reason.SERVER_BUSY):
            await client.publish("t", b"p")
            await client.drain()
            assert site.endpoint.end(lambda _: True, reason) == 1
            await until(lambda: site.endpoint.connections == 0)
        await client.publish("t", b"p")
        await client.drain()
        assert client.tally.acknowledged == 4


@live
async def test_refused_messages_are_counted_with_their_reason() -> None:
    async with listening() as site, client_of(site.port) as client:
        await client.publish("denied/t", b"p")
        await client.publish("t", b"p")
        await client.drain()
        assert (client.tally.acknowledged, client.tally.refused) == (1, 1)
        assert client.tally.reasons == {Reason.NOT_AUTHORIZED: 1}


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (Refusal.BAD_CREDENTIALS, Unauthenticated),
        (Refusal.NOT_AUTHORIZED, Forbidden),
        (Refusal.CLIENT_IDENTIFIER, RequestError),
        (Refusal.BUSY, BackendError),
    ],
)
@live
async def test_a_refusal_at_the_first_connection_is_raised_at_once(refusal: Refusal, error: type[Exception]) -> None:
    door = OpenDoor()
    door.refuse = refusal
    async with listening(door) as site:
        tokens = Tokens()
        with pytest.raises(error) as caught:
            await client_of(site.port, tokens).connect()
        assert tokens.given == 1
        assert "token-1" not in str(caught.value)


@live
async def test_a_client_that_keeps_being_refused_gives_up_and_says_so_to_everyone() -> None:
    async with listening() as site:
        tokens = Tokens()
        client = client_of(site.port, tokens)
        await client.connect()
        site.door.refuse = Refusal.BAD_CREDENTIALS
        site.endpoint.end(lambda _: True)
        with pytest.raises(Unauthenticated, match="bad user name or password"):
            await publish(client, 10_000_000)
        with pytest.raises(Unauthenticated):
            await client.drain()
        assert tokens.given == 4
        await client.close()


@live
async def test_a_refusal_that_passes_is_forgotten() -> None:
    async with listening() as site, client_of(site.port, refusals=1_000_000) as client:
        site.door.refuse = Refusal.BAD_CREDENTIALS
        site.endpoint.end(lambda _: True)
        await until(lambda: len(site.door.connects) >= 4)
        site.door.refuse = None
        await client.publish("t", b"p")
        await client.drain()
        assert client.tally.acknowledged == 1


@live
async def test_a_client_that_is_taken_over_does_not_fight() -> None:
    async with listening() as site:
        old = client_of(site.port)
        await old.connect()
        async with client_of(site.port) as new:
            with pytest.raises(Conflict, match="session taken over"):
                await publish(old, 10_000_000)
            await new.publish("t", b"mine")
        await old.close()


@live
async def test_no_server_is_a_clear_error_at_first_and_later_when_patience_ends() -> None:
    async with listening() as site:
        client = client_of(site.port, patience=0.02)
        await client.connect()
        await site.endpoint.close(0.1)
        with pytest.raises(BackendError, match=f"no MQTT server answers at 127.0.0.1:{site.port}") as caught:
            await publish(client, 10_000_000)
        assert caught.value.code_ == "mqtt.unreachable"
        with pytest.raises(BackendError):
            await client_of(site.port).connect()
        await client.close()


@live
async def test_a_token_that_cannot_be_had_for_a_while_is_asked_for_again() -> None:
    async with listening() as site:
        tokens = Tokens()
        client = client_of(site.port, tokens)
        await client.connect()
        tokens.error = ConnectionRefusedError("no token endpoint")
        site.endpoint.end(lambda _: True)
        await until(lambda: tokens.given > 5)
        tokens.error = None
        await client.publish("t", b"p")
        await client.drain()
        tokens.error = ZeroDivisionError("a bug")
        site.endpoint.end(lambda _: True)
        with pytest.raises(ZeroDivisionError):
            await publish(client, 10_000_000)
        await client.close()


@live
async def test_a_token_may_be_awaited_for() -> None:
    async def token() -> str:
        await asyncio.sleep(0)
        return "later"

    async with listening() as site, client_of(site.port, token) as client:
        await client.publish("t", b"p")
        await client.drain()
        assert site.door.connects[0].password == b"later"


@live
async def test_a_message_that_cannot_be_sent_is_refused_where_it_is_published() -> None:
    async with listening(limits=Limits(packet=1000)) as site, client_of(site.port) as client:
        with pytest.raises(InvalidValue):
            await client.publish("t", b"x" * 1000)
        await client.publish("t", b"x" * 900)
        await client.drain()
        assert client.tally.sent == 1


@live
async def test_large_messages_wait_for_a_server_that_reads_slowly() -> None:
    async with listening() as site, client_of(site.port) as client:
        for _ in range(100):
            await client.publish("t", b"x" * 200_000)
        await client.drain()
        assert client.tally.acknowledged == 100


@live
async def test_before_connecting_nothing_can_be_published() -> None:
    with pytest.raises(RuntimeError, match=r"connect\(\) comes first"):
        await client_of(1).publish("t", b"p")


# Over TLS


def contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's and a client's, who trust each other."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(hours=1)
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(secret + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.pem")
    return server, ssl.create_default_context(cadata=pem.decode())


@live
async def test_a_client_can_speak_tls(tmp_path: Path) -> None:
    serving, trusting = contexts(tmp_path)
    async with listening() as site:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Connection(site.endpoint), "127.0.0.1", 0, ssl=serving)
        port = server.sockets[0].getsockname()[1]
        async with Client("localhost", port, "replay", Tokens(), tls=trusting) as client:
            await client.publish("t", b"p")
        assert site.door.kept == [("t", b"p")]
        server.close()


# Against servers that do as they like


@asynccontextmanager
async def server(*answers: Packet | bytes) -> AsyncIterator[tuple[int, list[Packet]]]:
    """A server that gives one answer to each packet, and what it heard."""
    heard: list[Packet] = []
    script = iter(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readexactly(2)
                heard.append(parse(head[0], await reader.readexactly(head[1]), 5))
                answer = next(script, b"")
                writer.write(answer if isinstance(answer, bytes) else serialise(answer))
        except asyncio.IncompleteReadError:
            writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listener:
        yield listener.sockets[0].getsockname()[1], heard


@live
async def test_a_fault_of_the_server_is_told_to_it() -> None:
    async with server(Connack(), b"\x90\x03\x00\x01\x00", Connack()) as (port, heard):
        client = client_of(port)
        await client.connect()
        await client.publish("t", b"p")
        await until(lambda: len(heard) >= 4)
        assert heard[2] == Disconnect(Reason.MALFORMED_PACKET)
        assert isinstance(heard[3], Connect)
        await client.close()


@live
async def test_a_packet_that_a_server_may_not_send_ends_the_connection() -> None:
    async with server(Connack(), Pingreq(), b"", Connack()) as (port, heard):
        client = client_of(port)
        await client.connect()
        await client.publish("t", b"p")
        await until(lambda: len(heard) >= 5)
        assert heard[2] == Disconnect(Reason.PROTOCOL_ERROR)
        assert heard[4] == Publish("t", b"p", 1, 1, dup=True)
        await client.close()


@live
async def test_a_server_that_hangs_up_at_connect_is_not_there() -> None:
    async with server(Disconnect(Reason.SERVER_BUSY)) as (port, _):
        with pytest.raises(BackendError, match="no MQTT server answers"):
            await client_of(port).connect()


@live
async def test_a_quiet_connection_is_kept_alive_and_a_dead_one_given_up() -> None:
    async with server(Connack()) as (port, heard):
        link = Link(lambda _: None)
        await link.greet(Connect("c"), "127.0.0.1", port, None)
        link.beat(60)
        await asyncio.sleep(0.01)
        link.beat(0.015)
        await until(lambda: len(heard) == 2)
        assert heard[1] == Pingreq()
        await asyncio.sleep(0.03)
        link.beat(0.015)
        assert await asyncio.wait_for(link.over, 5) is None
