"""What the one process of a twin has that holds its lease: journal, ingest, the MQTT endpoint, and the feed.

It begins with what the store lacks: the journal beyond the store's watermark is worked in before anything new comes.
"""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Protocol, cast

import structlog

from twin.engine.feed import Feed
from twin.engine.lease import Announcement
from twin.engine.workings import Workings, resume
from twin.errors import BackendError, Conflict
from twin.mqtt.endpoint import Counts, Endpoint, Limits
from twin.telemetry.announcing import Announcing
from twin.telemetry.door import TelemetryDoor, principal_of
from twin.telemetry.hearing import Hearing, Twin
from twin.telemetry.ingest import Ingest
from twin.telemetry.journal import Journal
from twin.telemetry.noting import Noting
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from twin.access.principals import Principal
    from twin.access.tokens import Tokens
    from twin.engine.auditing import Auditing
    from twin.engine.core import Core
    from twin.engine.home import Home
    from twin.engine.lease import Lease
    from twin.engine.trusting import Trusting
    from twin.graph.readings import Reading
    from twin.mqtt.endpoint import Admission
    from twin.settings import Settings
    from twin.store import Watermark
    from twin.store.thread import StoreThread
    from twin.telemetry.counters import Counters
    from twin.telemetry.deadletters import DeadLetters
    from twin.telemetry.door import Owner as Session

__all__ = ["Owner"]

_DAY = 86_400_000_000
_AGAIN_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Audited(Twin, Protocol):
    """What apps hear of, and what keeps who asked."""

    @property
    def auditing(self) -> Auditing:
        """What the audit is told through."""


class Owner:
    """`start` opens everything and lets devices in, `stop` closes it in the reverse order. All is on one loop."""

    def __init__(
        self,
        settings: Settings,
        home: Home,
        core: Core,
        store_thread: StoreThread,
        deadletters: DeadLetters,
        tokens: Tokens | Trusting,
        twin: Audited,
    ) -> None:
        """``twin`` is what apps hear of, and who is told who came in."""
        self.mqtt_port = 0
        self._twin = twin
        self._noting = Noting(twin.auditing.soon)
        self._announcing: Announcing | None = None
        self._settings = settings
        self._home = home
        self._core = core
        self._store_thread = store_thread
        self._deadletters = deadletters
        self._tokens = tokens
        self._pressed: set[str] = set()
        self._counts = Counts()
        self._journal: Journal | None = None
        self._workings: Workings | None = None
        self._endpoint: Endpoint | None = None
        self._feed: Feed | None = None
        self._ingest = Ingest(
            core.mirror,
            core.current,
            self._counts,
            clock=time.perf_counter,
            future=round(settings.future_seconds * 1_000_000),
            on_work=self._work,
            on_pressure=lambda pressed: self._press("ingest", pressed=pressed),
        )

    async def start(
        self, watermark: Watermark, known: Mapping[tuple[str, str], Reading] | None = None, *, adopt: bool = False
    ) -> None:
        """Work in what the journal holds beyond the store's watermark, then listen. ``known`` is what the store holds,
        where the current state knows more. ``adopt``: whatever directory has served the graph before.

        Raises:
            BackendError: the journal, the store or the MQTT port cannot be used.
            Conflict: another data directory serves the graph.
        """
        try:
            journal = await self._open_journal()
            if not adopt:
                _check_ours(journal, watermark, self._home, self._settings)
            since = resume(self._ingest, journal, self._deadletters, watermark)
            core = self._core
            self._workings = Workings(
                self._ingest, core.store, self._deadletters, self._store_thread, since, core.commits
            )
            await self._workings.replay(journal.read(since), known)
            await self._listen(journal)
        except BaseException:
            await self.stop()
            raise

    async def follow_me(
        self, lease: Lease, url: str, port: int, on_moved: Callable[[], object], on_fellow: Callable[[str], object]
    ) -> None:
        """Tell other processes of the directory what comes, and where. ``port`` is the API's."""
        mirror = self._core.mirror
        self._feed = feed = Feed(mirror, self._core.current, url, on_moved=on_moved, on_fellow=on_fellow)
        feed_port = await feed.start()
        said = Announcement(
            pid=os.getpid(),
            url=url,
            port=port,
            mqtt=self.mqtt_url,
            feed=feed_port,
            secret=feed.secret,
            timeline=mirror.timeline,
        )
        self._announce(lease, said)

    def _announce(self, lease: Lease, said: Announcement) -> None:
        """Say it, however long the disk takes nothing: whoever asks this process is answered meanwhile."""
        if self._feed is None:
            return
        try:
            lease.announce(said)
        except OSError as error:
            log.warning("lease.unannounced", why=error.strerror, help="others cannot follow this process before it is")
            asyncio.get_running_loop().call_later(_AGAIN_SECONDS, self._announce, lease, said)

    async def stop(self) -> None:
        """Say goodbye to devices, work in and store what they sent; idempotent."""
        endpoint, self._endpoint = self._endpoint, None
        if self._announcing is not None:
            self._announcing.close()
        if endpoint is not None:
            await endpoint.close()
        journal, self._journal = self._journal, None
        if journal is not None:
            await asyncio.to_thread(journal.close)
            await asyncio.sleep(0)  # what the journal kept last is told on the loop
        if endpoint is not None and self._workings is not None:
            await self._workings.finish()
        feed, self._feed = self._feed, None
        if feed is not None:
            await feed.close()

    async def _open_journal(self) -> Journal:
        on_loop = asyncio.get_running_loop().call_soon_threadsafe
        self._journal = journal = await asyncio.to_thread(
            Journal,
            self._home.journal,
            on_loop=on_loop,
            on_pressure=lambda pressed: self._press("journal", pressed=pressed),
        )
        return journal

    async def _listen(self, journal: Journal) -> None:
        tokens, settings = self._tokens, self._settings
        hearing = Hearing(self._twin, tokens.holds, self._listened)
        door = TelemetryDoor(
            self._core.mirror,
            journal,
            self._ingest,
            lambda token: tokens.verify(token, now()),
            self._counts,
            hearing=hearing,
            noting=self._noting,
        )
        endpoint = Endpoint(door, limits=Limits(connections=settings.connections))
        self._announcing = Announcing(self._twin, hearing, endpoint)
        host, port = settings.mqtt_host, settings.mqtt_port
        try:
            self.mqtt_port = await endpoint.start(host, port)
        except OSError as error:
            raise BackendError(
                f"the MQTT endpoint cannot listen on {host}:{port}: {error.strerror}",
                code="port.taken",
                help="stop what listens there, or choose another with --mqtt-port (0 takes a free one)",
            ) from error
        self._endpoint = endpoint

    # What others ask of it

    @property
    def mqtt_url(self) -> str:
        """Where devices publish to."""
        return f"mqtt://{self._settings.mqtt_host}:{self.mqtt_port}"

    @property
    def counters(self) -> Counters:
        """What became of messages and readings."""
        return self._ingest.counters

    @property
    def connections(self) -> int:
        """How many MQTT clients are connected."""
        return 0 if self._endpoint is None else self._endpoint.connections

    @property
    def told(self) -> dict[str, int]:
        """What became of messages for apps; ``unsaid`` are readings that no message was made of, for want of room."""
        if self._endpoint is None or self._announcing is None:
            return {}
        found = {"subscriptions": self._endpoint.subscriptions, "unsaid": self._announcing.dropped}
        return found | asdict(self._endpoint.told)

    @property
    def followers(self) -> int:
        """How many processes follow."""
        return 0 if self._feed is None else self._feed.followers

    @property
    def failing(self) -> str:
        """Why states cannot be stored, while they cannot."""
        return "" if self._workings is None else self._workings.failing

    def health(self) -> dict[str, str]:
        """Each part of it: ``ok``, or why it does not work."""
        trouble = "closed" if self._journal is None else self._journal.trouble
        return {"journal": trouble or "ok", "mqtt": "ok" if self._endpoint is not None else "stopped"}

    def moved(self) -> None:
        """The graph has changed: topics may lead elsewhere, and followers want to know."""
        if self._endpoint is not None:
            self._endpoint.forget_routes()
        if self._announcing is not None:
            self._announcing.moved()
        if self._feed is not None:
            self._feed.moved()

    def revoke(self) -> None:
        """End the connections of those whose tokens have ended, and what waits for them."""
        if self._endpoint is None or self._announcing is None:
            return
        self._announcing.rest()
        at = now()

        def holds(principal: Principal) -> bool:
            return self._tokens.holds(principal, at)

        self._endpoint.end(lambda admission: self._revoked(admission, holds, at))
        self._endpoint.forget_sessions(lambda owner: not cast("Session", owner).last(holds))

    def _revoked(self, admission: Admission, holds: Callable[[Principal], bool], at: int) -> bool:
        """Whether a connection is to end before its time, which the audit is told; the endpoint ends it at its time."""
        over = admission.expires is not None and admission.expires <= at
        if over or holds(principal_of(admission)):
            return False
        self._noting.ended(admission, principal_of(admission))
        return True

    async def trim(self) -> None:
        """Delete what is stored from the journal, once it is old enough."""
        if self._journal is not None and self._workings is not None:
            keep_after = now() - round(self._settings.journal_days * _DAY)
            keep_bytes = self._settings.journal_mb * 1_000_000
            await asyncio.to_thread(self._journal.trim, self._workings.stored, keep_after, keep_bytes)

    # What happens by itself

    def _listened(self) -> None:
        """Somebody may listen from now on."""
        if self._announcing is not None:
            self._announcing.listen()

    def _work(self) -> None:
        """The ingest has something to do; `Workings` is made after it."""
        if self._workings is not None:
            self._workings.wake()

    def _press(self, source: str, *, pressed: bool) -> None:
        """More waits than should, somewhere: read from nobody until nowhere does."""
        before = bool(self._pressed)
        (self._pressed.add if pressed else self._pressed.discard)(source)
        if self._endpoint is not None and bool(self._pressed) != before:
            (self._endpoint.pause if pressed else self._endpoint.resume)()


def _check_ours(journal: Journal, watermark: Watermark, home: Home, settings: Settings) -> None:
    """A graph belongs to the directory that served it first, for there lies what its devices sent last. One that lies
    in a directory itself is that directory's, whatever journal fed it.
    """
    if watermark.journal not in {"", journal.id} and not home.holds_graph(settings.graph):
        url = home.graph_url(settings.graph)
        raise Conflict(
            f"the graph at {url} is served from another data directory than {home.directory}",
            code="graph.foreign",
            help="serve it from the directory that it belongs to (--data DIR); where that is lost, take the graph over "
            "with twin serve --adopt",
        )
