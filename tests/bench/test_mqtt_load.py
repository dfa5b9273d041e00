"""The load generator counts what the endpoint acknowledges, and complains where it does not."""

from __future__ import annotations

import asyncio
import json
import sys

import pytest

from tests.bench.mqtt_load import run
from tests.conftest import ROOT
from tests.twin.mqtt.peers import BOTH, listening, live
from twin.mqtt.endpoint import Limits


@pytest.mark.parametrize("version", BOTH)
@live
async def test_every_message_is_sent_once_and_counted(version: int) -> None:
    async with listening() as site:
        topics, payloads = [f"t/{number}" for number in range(7)], [b"a", b"bb", b"ccc"]
        result = await asyncio.to_thread(
            run, "127.0.0.1", site.port, topics=topics, payloads=payloads, messages=3000, connections=3, window=40,
            version=version, username="u", password=b"p",
        )  # fmt: skip
        assert result.acknowledged == 3000 == len(site.door.kept)
        assert result.rate == pytest.approx(3000 / result.seconds)
        assert {topic for topic, _ in site.door.kept} == set(topics)
        assert {payload for _, payload in site.door.kept} == set(payloads)


@live
async def test_refusals_are_not_counted_as_acknowledgements() -> None:
    async with listening() as site:
        with pytest.raises(ConnectionError, match="refused messages"):
            await asyncio.to_thread(
                run, "127.0.0.1", site.port, topics=["denied/t"], payloads=[b""], messages=10, window=5
            )


@live
async def test_a_server_that_hangs_up_is_an_error() -> None:
    async with listening(limits=Limits(packet=100)) as site:
        with pytest.raises(ConnectionError, match=r"refused messages|hung up|reset"):
            await asyncio.to_thread(
                run, "127.0.0.1", site.port, topics=["t"], payloads=[b"x" * 200], messages=10, window=5
            )


@live
async def test_it_runs_in_a_process_of_its_own() -> None:
    async with listening() as site:
        arguments = {"host": "127.0.0.1", "port": site.port, "topics": ["t"], "payloads": ["p"], "messages": 500}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.mqtt_load", stdin=-1, stdout=-1, cwd=ROOT
        )
        answer, _ = await process.communicate(json.dumps(arguments).encode())
        assert json.loads(answer)["acknowledged"] == 500
