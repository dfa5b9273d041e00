"""How long a server's loop is held, at most, while a large building is applied: through the API's jobs, and by a script
beside it, whose changes it follows.

Every step that the loop takes is watched, by the time that its thread has worked: on a machine that others use as well,
the truer figure. The peer is the same entities and relations added to a networkx graph in one step.
"""

from __future__ import annotations

import asyncio
import asyncio.events
import gc
import sys
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.bench.plan import block_source, networkx_built
from twin.engine import Engine
from twin.engine.authoring import Asked
from twin.graph import query
from twin.graph.model import Actor
from twin.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.report import Report

_FLOORS, _FLATS = 100, 28
_ASK_SECONDS = 0.02
_SCRIPT = """
import sys
from pathlib import Path
from tests.bench.plan import block_source
from twin.engine import Twin
with Twin(sys.argv[1]) as twin:
    parameters = {"floors": int(sys.argv[2]), "flats_per_floor": int(sys.argv[3]), "rooms_per_flat": 6}
    twin.apply(twin.plan(block_source(), site="script", parameters=parameters))
"""


class Watch:
    """The longest step of the loop, and the longest collection of garbage, since it was made or asked."""

    def __init__(self) -> None:
        self.longest = self.wall = self.collecting = 0.0
        self.step = ""
        self.steps = 0
        self._began = 0.0

    @contextmanager
    def on(self) -> Iterator[Watch]:
        """Watch every step while this lasts."""
        run = asyncio.events.Handle._run

        def watched(handle: Any) -> None:
            worked, began = time.thread_time(), time.perf_counter()
            said = repr(handle._callback)
            run(handle)
            self._note(time.thread_time() - worked, time.perf_counter() - began, said)

        asyncio.events.Handle._run = watched  # type: ignore[method-assign]
        gc.callbacks.append(self._collected)
        try:
            yield self
        finally:
            asyncio.events.Handle._run = run  # type: ignore[method-assign]
            gc.callbacks.remove(self._collected)

    def _note(self, worked: float, wall: float, step: str) -> None:
        self.steps += 1
        self.wall = max(self.wall, wall)
        if worked > self.longest:
            self.longest, self.step = worked, step

    def _collected(self, phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.thread_time()
        else:
            self.collecting = max(self.collecting, time.thread_time() - self._began)


def run(report: Report) -> None:
    """A block of 100,000 entities, each way."""
    asyncio.run(_measure(report, _FLOORS, _FLATS))


async def _measure(report: Report, floors: int, flats: int) -> None:
    for name, apply in (("through the API", _by_job), ("by a script beside it", _by_script)):
        with tempfile.TemporaryDirectory() as folder:
            engine = Engine(Settings(data=folder, port=0, mqtt_port=0), "http://127.0.0.1")
            await engine.start()
            try:
                with Watch().on() as watch:
                    asking = asyncio.create_task(_ask(engine))
                    await apply(engine, folder, floors, flats)
                    asking.cancel()
                peer = networkx_built(engine.mirror)
                note = (
                    f"{len(engine.mirror):,} entities; {watch.steps:,} steps; by the clock {watch.wall * 1e3:.0f} ms; "
                    f"a collection {watch.collecting * 1e3:.0f} ms; the longest: {watch.step[:60]}"
                )
                report.times(f"longest hold, applied {name}", watch.longest, peer, "networkx, in one step", note)
            finally:
                await engine.stop()


async def _ask(engine: Engine) -> None:
    """Somebody who looks at everything, again and again: whatever has to be made anew for it is."""
    while True:
        await asyncio.sleep(_ASK_SECONDS)
        for site in tuple(engine.mirror.sites):
            engine.mirror.intervals(site)
            engine.mirror.views.ready(site)
        query.select(engine.mirror, kinds=("device",), first=50)
        query.search(engine.mirror, "sensor", first=10)


async def _by_job(engine: Engine, _folder: str, floors: int, flats: int) -> None:
    parameters = {"floors": floors, "flats_per_floor": flats, "rooms_per_flat": 6}
    asked = Asked(topology=block_source(), site="job", parameters=parameters)
    kept = await engine.authoring.plan("bench", asked, install=True, private=True)
    job = engine.authoring.apply(kept, Actor("bench", "bench"))
    while job.finished is None:  # noqa: ASYNC110 - a job tells nobody
        await asyncio.sleep(0.1)
    assert job.state == "done", job.error


async def _by_script(engine: Engine, folder: str, floors: int, flats: int) -> None:
    arguments = [sys.executable, "-c", _SCRIPT, folder, str(floors), str(flats)]
    script = await asyncio.create_subprocess_exec(*arguments)
    assert await script.wait() == 0
    while (site := engine.mirror.by_path("script")) is None or site.hidden:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.1)
