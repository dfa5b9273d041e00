"""The engine of a server: one loop that owns mirror, state and sessions; threads for journal, store and records.

Everything public here is called on the loop. What it promises to devices and apps is kept across kill -9: a message is
acknowledged once the journal has it, the store's watermark says how far the journal is worked in, and starting again
works in the rest.
"""

from __future__ import annotations

import asyncio
import gc
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast

import structlog

from twin.access.clients import Clients
from twin.access.keys import Keys
from twin.access.tokens import Tokens
from twin.engine.authoring import Authoring
from twin.engine.authors import names_in
from twin.engine.core import Core
from twin.engine.home import Home
from twin.engine.topologies import Topologies
from twin.engine.workings import Workings, resume
from twin.errors import BackendError
from twin.mqtt.endpoint import Counts, Endpoint, Limits
from twin.records import Records
from twin.store.thread import StoreThread
from twin.telemetry.deadletters import DeadLetters
from twin.telemetry.door import TelemetryDoor
from twin.telemetry.ingest import Ingest
from twin.telemetry.journal import Journal
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from twin.access.principals import Principal
    from twin.events import Bus
    from twin.graph.mirror import Mirror
    from twin.graph.model import Change, ChangeSet, Committed
    from twin.mqtt.endpoint import Admission
    from twin.ontology.model import Ontology
    from twin.settings import Settings
    from twin.state.current import Current, ReadingChanged
    from twin.telemetry.counters import Counters

__all__ = ["Engine"]

_REVOKE_SECONDS = 0.5
_TRIM_SECONDS = 60.0
_POOL_THREADS = 2
_DAY = 86_400_000_000

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Engine:
    """One running twin. `start` opens everything, `stop` closes it in the reverse order."""

    def __init__(self, settings: Settings, url: str) -> None:
        """``url`` is where clients reach the API: the tokens' issuer and audience."""
        self.settings = settings
        self.url = url
        self.mqtt_port = 0
        self._closing = ExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self._pressed: set[str] = set()
        self._endpoint: Endpoint | None = None

    async def start(self) -> None:
        """Open the data directory, work in what the journal holds, and listen for devices.

        Raises:
            BackendError: the directory, the store or the MQTT port cannot be used.
            Conflict: another process serves the directory.
        """
        try:
            self._open()
            await self._listen()
        except BaseException:
            await self.stop()
            raise
        gc.freeze()  # what was loaded stays: no collection needs to look at it again
        self._every(self.settings.follow_seconds, self._follow)
        self._every(_REVOKE_SECONDS, self._revoke)
        self._every(_TRIM_SECONDS, self._trim)

    def _open(self) -> None:
        settings, loop, closing = self.settings, asyncio.get_running_loop(), self._closing
        home = Home(settings.data)
        closing.enter_context(home.owned())
        self._on_loop: Callable[[Callable[[], None]], object] = loop.call_soon_threadsafe
        self._pool = closing.enter_context(ThreadPoolExecutor(_POOL_THREADS, "twin-pool"))
        records = Records(home.records)
        closing.callback(records.close)
        self.clients = Clients(records)
        self.keys = Keys(records, earlier=home.keys)
        self.tokens = Tokens(
            lambda: self.keys.ring,
            issuer=self.url,
            audience=self.url,
            current=self.clients.current,
            lifetime=settings.token_seconds,
        )
        self.topologies = Topologies(records)
        self.deadletters = DeadLetters(records, keep=settings.deadletters)
        store = home.open_graph(settings.graph)
        closing.callback(store.close)
        self._store_thread = StoreThread(self._on_loop)
        closing.callback(self._store_thread.stop)
        self._core = Core(store, self._store_thread.run, self._changed)
        self._journal = Journal(
            home.journal, on_loop=self._on_loop, on_pressure=lambda pressed: self._press("journal", pressed=pressed)
        )
        closing.callback(self._journal.close)
        self._resume()
        self.authoring = Authoring(
            self.mirror, self.commit, self.current, partial(names_in, home.records), settings.ontology_path
        )

    def _resume(self) -> None:
        """Work in what the journal holds beyond the store's watermark, before anything new arrives."""
        counts = Counts()
        self._ingest = Ingest(
            self.mirror,
            self.current,
            counts,
            clock=time.perf_counter,
            future=round(self.settings.future_seconds * 1_000_000),
            on_work=self._work,
            on_pressure=lambda pressed: self._press("ingest", pressed=pressed),
        )
        since = resume(self._ingest, self._journal, self.deadletters, self._core.watermark)
        self._workings = Workings(
            self._ingest, self._core.store, self.deadletters, self._store_thread, since, self._core.commits
        )
        self._workings.replay(self._journal.read(since))
        door = TelemetryDoor(
            self.mirror, self._journal, self._ingest, lambda token: self.tokens.verify(token, now()), counts
        )
        self._endpoint = Endpoint(door, limits=Limits(connections=self.settings.connections))

    async def _listen(self) -> None:
        host, port = self.settings.mqtt_host, self.settings.mqtt_port
        try:
            self.mqtt_port = await self._open_endpoint.start(host, port)
        except OSError as error:
            raise BackendError(
                f"the MQTT endpoint cannot listen on {host}:{port}: {error.strerror}",
                code="port.taken",
                help="stop what listens there, or choose another with --mqtt-port (0 takes a free one)",
            ) from error

    async def stop(self) -> None:
        """Say goodbye to devices, work in and store what they sent, close everything; idempotent."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._endpoint is not None:
            await self.authoring.close()
            self._core.commits.close()
            await self._endpoint.close()
            self._endpoint = None
            await asyncio.to_thread(self._journal.close)
            await asyncio.sleep(0)  # what the journal kept last is told on the loop
            await self._workings.finish()
        closing, self._closing = self._closing, ExitStack()
        await asyncio.to_thread(closing.close)

    @property
    def _open_endpoint(self) -> Endpoint:
        if self._endpoint is None:
            message = "the engine is not running"
            raise RuntimeError(message)
        return self._endpoint

    # What the web asks for

    @property
    def ontology(self) -> Ontology:
        """Every type in force; another object as soon as anything about it changes."""
        return self._core.ontology

    @property
    def mirror(self) -> Mirror:
        """What exists."""
        return self._core.mirror

    @property
    def current(self) -> Current:
        """What it says now."""
        return self._core.current

    @property
    def readings(self) -> Bus[ReadingChanged]:
        """Where every new reading is told."""
        return self._core.current.readings

    @property
    def counters(self) -> Counters:
        """What became of messages and readings."""
        return self._ingest.counters

    @property
    def mqtt_url(self) -> str:
        """Where devices publish to."""
        return f"mqtt://{self.settings.mqtt_host}:{self.mqtt_port}"

    @property
    def connections(self) -> int:
        """How many MQTT clients are connected."""
        return self._open_endpoint.connections

    async def commit(self, changeset: ChangeSet) -> Committed:
        """Commit a ChangeSet; on return it is durable and the mirror shows it.

        Raises:
            Conflict, NotFound, InvalidValue: it cannot stand on the graph as it is now.
            BackendError: the store is down; `OutcomeUnknown`: send it again with the same op_id.
        """
        answer: asyncio.Future[Committed] = asyncio.get_running_loop().create_future()

        def done(result: Committed | Exception) -> None:
            if answer.cancelled():
                return
            if isinstance(result, Exception):
                answer.set_exception(result)
            else:
                answer.set_result(result)

        self._core.commits.submit(changeset, done)
        return await answer

    async def in_pool(self, call: Callable[[], T]) -> T:
        """Run something that blocks (records, Authlib) on the pool's threads."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def health(self) -> dict[str, str]:
        """Each part that must work: ``ok``, or why it does not."""
        mqtt = self._endpoint is not None
        return {
            "mirror": "ok",
            "store": self._core.commits.failing or self._workings.failing or "ok",
            "journal": self._journal.trouble or "ok",
            "mqtt": "ok" if mqtt else "stopped",
        }

    # What happens by itself

    def _every(self, seconds: float, step: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._tasks.append(asyncio.create_task(_repeat(seconds, step)))

    async def _follow(self) -> None:
        """See what scripts and other processes have committed."""
        self._core.commits.follow()

    async def _revoke(self) -> None:
        """End the connections of clients that were removed or rotated, wherever that was done."""
        await self.in_pool(self.clients.refresh)
        await self.in_pool(self.keys.refresh)
        at = now()
        self._open_endpoint.end(lambda admission: not self.tokens.holds(_principal(admission), at))

    async def _trim(self) -> None:
        """Delete what is stored from the journal, once it is old enough."""
        below = self._workings.stored
        keep_after = now() - round(self.settings.journal_days * _DAY)
        keep_bytes = self.settings.journal_mb * 1_000_000
        await asyncio.to_thread(self._journal.trim, below, keep_after, keep_bytes)

    def _changed(self, _: Change) -> None:
        """The graph has changed: topics may lead elsewhere."""
        if self._endpoint is not None:
            self._endpoint.forget_routes()

    def _work(self) -> None:
        """The ingest has something to do; `Workings` is made after it."""
        self._workings.wake()

    def _press(self, source: str, *, pressed: bool) -> None:
        """More waits than should, somewhere: read from nobody until nowhere does."""
        before = bool(self._pressed)
        (self._pressed.add if pressed else self._pressed.discard)(source)
        if self._endpoint is not None and bool(self._pressed) != before:
            (self._endpoint.pause if pressed else self._endpoint.resume)()


async def _repeat(seconds: float, step: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Again and again; what goes wrong once is logged and tried again."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await step()
        except BackendError as error:
            log.warning("engine.step_failed", step=step.__name__, error=str(error))
        except Exception:
            log.exception("engine.step_failed", step=step.__name__)


def _principal(admission: Admission) -> Principal:
    return cast("Principal", admission.principal)
