"""An owner beside a disk that takes nothing."""

from __future__ import annotations

import asyncio
import errno
import os
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from tests.twin.mqtt.peers import live
from twin.engine import Engine, owning
from twin.engine.lease import Announcement, Lease
from twin.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


@live
async def test_an_owner_that_cannot_say_where_it_is_answers_and_says_it_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce, refused = Lease.announce, []

    def full(lease: Lease, said: Announcement) -> None:
        if len(refused) < 2:
            refused.append(said)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        announce(lease, said)

    monkeypatch.setattr(Lease, "announce", full)
    monkeypatch.setattr(owning, "_AGAIN_SECONDS", 0.0)
    engine = Engine(Settings(data=tmp_path, mqtt_port=0), "http://127.0.0.1:1")
    with capture_logs() as logs:
        await engine.start()
        try:
            assert engine.role == "owner"
            async with asyncio.timeout(30):
                while Lease(tmp_path).owner() is None:  # noqa: ASYNC110 - a file that appears has no event here
                    await asyncio.sleep(0)
        finally:
            await engine.stop()
    assert [each["event"] for each in logs].count("lease.unannounced") == 2
