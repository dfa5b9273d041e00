"""The engine of a server: one loop that owns mirror, state and sessions; threads for journal, store and records.

Everything public here is called on the loop. What it promises to devices and apps is kept across kill -9: a message is
acknowledged once the journal has it, the store's watermark says how far the journal is worked in, and starting again
works in the rest.

Of several processes on one directory one is the owner (`Owner`), the others follow it (`Follower`): they answer and
commit as it does, hear from it what devices say, and one of them takes its place when it is gone.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeVar

import structlog

from twin.access.audit import Audit, Reported
from twin.access.visibility import Visibilities
from twin.engine.annals import Annals
from twin.engine.answering import settle
from twin.engine.arrivals import Arrivals
from twin.engine.auditing import Auditing, unreported
from twin.engine.authoring import Authoring
from twin.engine.authorizing import open_authority, open_tokens
from twin.engine.authors import names_in
from twin.engine.core import Core
from twin.engine.drift import DriftCheck
from twin.engine.following import Follower, take_in
from twin.engine.granting import end_what_is_over
from twin.engine.home import Home
from twin.engine.loading import logged
from twin.engine.owning import Owner
from twin.engine.positions import Positions
from twin.engine.repeating import repeat
from twin.engine.retention import forget
from twin.engine.topologies import Topologies
from twin.engine.upkeep import Upkeep
from twin.engine.vault import Vault
from twin.errors import BackendError, Conflict
from twin.mqtt.endpoint import Counts
from twin.records import Records
from twin.store.thread import StoreThread
from twin.telemetry.counters import Counters
from twin.telemetry.deadletters import DeadLetters

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from typing import Any

    from twin.events import Bus
    from twin.graph.mirror import Mirror
    from twin.graph.model import Change, ChangeSet, Committed
    from twin.ontology.model import Ontology
    from twin.settings import Settings
    from twin.state.current import Current, ReadingChanged

__all__ = ["Engine", "Role"]

Role = Literal["owner", "follower"]

_REVOKE_SECONDS = 0.3
_AUDIT_SECONDS = 0.25
_TRIM_SECONDS = 60.0
_FORGET_SECONDS = 3600.0
_CHECK_SECONDS = 5.0
_AGAIN_SECONDS = 1.0
_POOL_THREADS = 2

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Engine:
    """One process of a running twin. `start` opens everything, `stop` closes it in the reverse order."""

    def __init__(
        self, settings: Settings, url: str, port: int = 0, *, follow: bool = False, adopt: bool = False
    ) -> None:
        """``url`` is where clients reach the API: the tokens' issuer and audience; ``port`` is where it listens.
        ``follow``: beside the owner of the directory, if there is one; ``adopt``: take the graph over, whatever
        directory it was served from.
        """
        self.settings = settings
        self.url = url
        self._port = port
        self._may_follow = follow
        self._adopt = adopt
        self._closing = ExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self._owner: Owner | None = None
        self._follower: Follower | None = None
        self._opened = False
        self.restored = asyncio.Event()
        """Set once a backup was put in the place of what is served here: stop, and start again."""

    async def start(self, loading: Callable[[int, int], None] | None = None) -> None:
        """Open the data directory. As its owner, work in what the journal holds, and listen for devices; else follow.
        ``loading`` is told how much of the graph has been loaded, of how much; without it, the log is.

        Raises:
            BackendError: the directory, the store or the MQTT port cannot be used.
            Conflict: another process serves the directory, or another directory the graph.
        """
        try:
            self._open(loading or logged())
            if self._lease.held:
                await self._own(self._new_owner(), self._core.watermark)
            else:
                self._follow_owner()
        except BaseException:
            await self.stop()
            raise
        self._tasks += [asyncio.create_task(each) for each in (self._upkeep.run(), self.tokens.run())]
        self._every(self.settings.follow_seconds, self._follow)
        self._every(_REVOKE_SECONDS, self._revoke)
        self._every(_AUDIT_SECONDS, self._audit)
        self._every(_TRIM_SECONDS, self._trim)
        self._every(_TRIM_SECONDS, self._expire)
        if self.settings.log_days or self.settings.audit_days:
            self._every(_FORGET_SECONDS, self._forget, first=_TRIM_SECONDS)
        if self.settings.drift_seconds:
            self._every(self.settings.drift_seconds, self.drift.run, first=_CHECK_SECONDS)

    def _open(self, loading: Callable[[int, int], None]) -> None:
        settings, loop, closing = self.settings, asyncio.get_running_loop(), self._closing
        self._home = home = Home(settings.data)
        self._lease = home.lease()
        closing.callback(self._lease.release)
        if not self._lease.take() and not self._may_follow:
            raise home.owned_by_another()
        self._pool = closing.enter_context(ThreadPoolExecutor(_POOL_THREADS, "twin-pool"))
        self.vault = Vault()
        closing.callback(self.vault.close)
        records = Records(home.records)
        closing.callback(records.close)
        self.authority = open_authority(records, self.url, home.keys, settings, lambda: (self.mirror, self.ontology))
        self.clients = self.authority.clients
        self.tokens = open_tokens(self.authority, settings, lambda: self.mirror, self.in_pool)
        self._positions = Positions.open(home.keys)
        self.audit = Audit(records)
        self.auditing = Auditing(self.audit, self.in_pool, self._unreported)
        self.topologies = Topologies(records)
        self.deadletters = DeadLetters(records, keep=settings.deadletters)
        store = home.open_graph(settings.graph, remember=self._lease.held)
        closing.callback(store.close)
        self._store_thread = StoreThread(loop.call_soon_threadsafe)
        closing.callback(self._store_thread.stop)
        self._core = Core(store, self._store_thread.run, self._changed, self._was_restored, loading)
        self._upkeep = Upkeep(self._core)
        self.drift = DriftCheck(self._core, self._repaired)
        self.visibilities = Visibilities(self.mirror, lambda: self.ontology)
        names = partial(names_in, home.records)
        self.annals = Annals(store, self.mirror, self._positions, self._in_store, self.in_pool, names)
        self._arrivals = Arrivals(self.mirror, self._core.commits.follow, self._positions)
        self.authoring = Authoring(self.mirror, self.commit, self.current, names, settings.ontology_path)
        self._opened = True

    # Owner or follower

    def _new_owner(self) -> Owner:
        return Owner(self.settings, self._home, self._core, self._store_thread, self.deadletters, self.tokens, self)

    async def _own(self, owner: Owner, *stored: Any) -> None:
        await owner.start(*stored, adopt=self._adopt)
        self._owner, self._follower = owner, None
        await owner.follow_me(self._lease, self.url, self._port, self._core.commits.follow, self.tokens.fellows.add)

    def _follow_owner(self) -> None:
        owner = self._lease.owner()
        if owner is not None and owner.timeline != self.mirror.timeline:
            raise owner.other_graph()
        self._follower = Follower(self._lease, self._core, self._arrivals, self.url, self.tokens.fellows.add)
        self._tasks.append(asyncio.create_task(self._inherit(self._follower)))

    async def _inherit(self, follower: Follower) -> None:
        """Follow until the owner is gone, then take its place, however long that takes."""
        await follower.until_gone()
        while self._owner is None:
            owner = self._new_owner()
            try:
                states, watermark = await self._in_store(self._core.store.load_states)
                await self._arrivals.reach(await self._in_store(self._core.store.head))
                await take_in(self._core, states)
                await self._own(owner, watermark, states)
            except (BackendError, Conflict) as error:
                await self._give_up_for_now(owner, follower, error.message)
            except Exception as error:
                log.exception("lease.failed", error=str(error))
                await self._give_up_for_now(owner, follower, "the twin made a mistake; its log says more")
        follower.close()
        log.info("lease.inherited", url=self.url)

    async def _give_up_for_now(self, owner: Owner, follower: Follower, why: str) -> None:
        self._owner, self._follower = None, follower
        await owner.stop()
        follower.delayed(why)
        await asyncio.sleep(_AGAIN_SECONDS)

    async def _in_store(self, job: Callable[[], T]) -> T:
        """What a job returns that the store thread runs."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._store_thread.run(job, partial(settle, answer), urgent=False)
        return await answer

    async def stop(self) -> None:
        """Say goodbye to devices, work in and store what they sent, close everything; idempotent."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._opened:
            self._opened = False
            await self.authoring.close()
            self._core.commits.close()
        if self._follower is not None:
            self._follower.close()
        owner, self._owner, self._follower = self._owner, None, None
        if owner is not None:
            await owner.stop()
        closing, self._closing = self._closing, ExitStack()
        await asyncio.to_thread(closing.close)

    # What the web asks for

    @property
    def role(self) -> Role:
        """Whether this process has the journal and the devices, or follows the one that has."""
        return "follower" if self._owner is None else "owner"

    @property
    def silent(self) -> str:
        """Why readings are not to be trusted as live; empty: they are."""
        return "" if self._follower is None else self._follower.trouble

    @property
    def lag(self) -> int:
        """How many changes this process knew to be behind when it looked last."""
        return 0 if self._follower is None else self._follower.lag

    @property
    def feeds(self) -> int:
        """Connections of the feed: an owner's followers, or a follower's owner."""
        if self._owner is not None:
            return self._owner.followers
        return int(self._follower is not None and self._follower.connected)

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
        """What became of messages and readings; a follower has none."""
        return Counters(Counts()) if self._owner is None else self._owner.counters

    @property
    def mqtt_port(self) -> int:
        """Where devices are listened to; 0: they are not, here."""
        return 0 if self._owner is None else self._owner.mqtt_port

    @property
    def mqtt_url(self) -> str:
        """Where devices publish to; empty where that is not known."""
        if self._owner is not None:
            return self._owner.mqtt_url
        owner = self._lease.owner()
        return "" if owner is None else owner.mqtt

    @property
    def connections(self) -> int:
        """How many MQTT clients are connected."""
        return 0 if self._owner is None else self._owner.connections

    @property
    def told(self) -> Mapping[str, int]:
        """What became of messages for apps, over MQTT."""
        return {} if self._owner is None else self._owner.told

    async def commit(self, changeset: ChangeSet) -> Committed:
        """Commit a ChangeSet; on return it is durable and the mirror shows it.

        Raises:
            Conflict, NotFound, InvalidValue: it cannot stand on the graph as it is now.
            BackendError: the store is down; `OutcomeUnknown`: send it again with the same op_id.
        """
        answer: asyncio.Future[Committed] = asyncio.get_running_loop().create_future()
        self._core.commits.submit(changeset, partial(settle, answer))
        return await answer

    def position(self) -> str:
        """Where the graph stands now, for a client that wants at least that from another process of the twin."""
        return self._arrivals.position()

    async def reached(self, position: str) -> None:
        """Return once this process shows what a position stands for.

        Raises:
            InvalidValue: it is none of this twin's. Conflict: it is of before the twin was restored.
            BackendError: this process has not come so far in some seconds.
        """
        await self._arrivals.reached(position)

    async def in_pool(self, call: Callable[[], T]) -> T:
        """Run something that blocks (records, Authlib) on the pool's threads."""
        # With its context: what is done there is done for the same request.
        return await asyncio.get_running_loop().run_in_executor(self._pool, copy_context().run, call)

    def health(self) -> dict[str, str]:
        """Each part that must work: ``ok``, or why it does not."""
        owner = self._owner
        store = self._core.commits.failing or ("" if owner is None else owner.failing)
        found = {"mirror": "ok", "store": store or "ok"}
        if self._follower is not None:
            return found | {"feed": self.silent or "ok"}
        return found | ({"journal": "stopped", "mqtt": "stopped"} if owner is None else owner.health())

    # What happens by itself

    def _every(
        self, seconds: float, step: Callable[[], Coroutine[Any, Any, object]], first: float | None = None
    ) -> None:
        self._tasks.append(asyncio.create_task(repeat(seconds, step, first)))

    async def _follow(self) -> None:
        """See what scripts and other processes have committed."""
        self._core.commits.follow()

    async def _revoke(self) -> None:
        """End the connections of whom the authority knows no more, whichever process it was told in."""
        await self.in_pool(self.authority.refresh)
        if self._owner is not None:
            self._owner.revoke()

    async def _unreported(self, reported: Reported) -> tuple[str, list[Change]]:
        timeline = self.mirror.timeline
        return timeline, await self._in_store(partial(unreported, self._core.store, timeline, reported))

    async def _audit(self) -> None:
        """Write what waits for the audit; of several processes, the owner takes up what the graph's log has more."""
        await self.auditing.flush()
        if self._owner is not None:
            await self.auditing.follow(Reported(self.mirror.timeline, self.mirror.head))

    async def _trim(self) -> None:
        """Delete what is stored from the journal, once it is old enough."""
        if self._owner is not None:
            await self._owner.trim()

    async def _expire(self) -> None:
        """End the roles that have run out, if this process owns the twin."""
        if self._owner is not None:
            await end_what_is_over(self.mirror, self.commit)

    async def _forget(self) -> None:
        """Trim the graph's log and the audit, if this process owns the twin."""
        if self._owner is not None:
            await forget(self._core, self.settings, self.auditing, self._in_store)

    def _repaired(self) -> None:
        """A site of the mirror was taken anew: topics may lead elsewhere."""
        if self._owner is not None:
            self._owner.moved()

    def _was_restored(self) -> None:
        """The store holds another history: what is shown here is none of it."""
        if not self.restored.is_set():
            log.error("store.restored", help="a backup was put in place of the graph: the twin starts again")
            self.restored.set()

    def _changed(self, change: Change) -> None:
        """The graph has changed."""
        self._upkeep.grow(len(change.changeset.entries))
        self._arrivals.came()
        if self._owner is not None:
            self.authority.follow(change.changeset)
            self._owner.moved()
        if self._follower is not None:
            self._follower.took(change)
