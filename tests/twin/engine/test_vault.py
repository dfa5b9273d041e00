from __future__ import annotations

import asyncio
import threading

import pytest

from twin.engine.vault import Busy, Vault


def test_who_comes_when_too_many_wait_is_told_at_once() -> None:
    async def flood() -> list[object]:
        vault, go = Vault(threads=1, waiting=2), threading.Event()
        inside = [asyncio.create_task(vault.run(go.wait)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Busy) as refused:
            await vault.run(go.is_set)
        assert refused.value.code_ == "login.busy"
        go.set()
        done: list[object] = [*await asyncio.gather(*inside), await vault.run(go.is_set)]
        vault.close()
        return done

    assert asyncio.run(flood()) == [True] * 4


def test_who_went_away_counts_until_the_thread_is_free() -> None:
    async def leave() -> None:
        vault, go = Vault(threads=1, waiting=0), threading.Event()
        gone = asyncio.create_task(vault.run(go.wait))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        with pytest.raises(Busy):
            await vault.run(go.wait)
        go.set()
        while True:
            try:
                assert await vault.run(go.is_set)
                break
            except Busy:
                await asyncio.sleep(0)
        vault.close()

    asyncio.run(leave())


def test_what_fails_fails_for_whoever_waits() -> None:
    async def fail() -> None:
        vault = Vault()
        with pytest.raises(ZeroDivisionError):
            await vault.run(lambda: 1 // 0)
        vault.close()

    asyncio.run(fail())
