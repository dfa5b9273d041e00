"""The turns in which messages are worked in, and the way of what came of them into the store.

On the loop, in turns of two milliseconds, so that everything else is answered in between; from there in slices to the
store thread: the dead letters first, then the states with their watermark, so a crash in between doubles nothing.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

from twin.errors import BackendError
from twin.store import HeadMovedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from twin.graph.readings import Reading
    from twin.store import GraphStore, Watermark
    from twin.store.commits import Commits
    from twin.store.thread import StoreThread
    from twin.telemetry.deadletters import DeadLetters
    from twin.telemetry.ingest import Ingest, Slice
    from twin.telemetry.journal import Journal, JournalMessage

__all__ = ["Workings", "resume"]

_TURN_SECONDS = 0.002
_STORE_SECONDS = 0.1
_RETRY_SECONDS = 1.0
_FOLLOW_SECONDS = 0.02

log = structlog.get_logger(__name__)


def resume(ingest: Ingest, journal: Journal, letters: DeadLetters, watermark: Watermark) -> int:
    """Have an ingest go on where a store's watermark says, whatever journal there is: from which message on the journal
    is to be worked through. What does not belong together is logged.
    """
    extent = journal.extent
    found = ingest.resume(extent, watermark, letters.after(extent.id))
    journal.skip_to(found.next)
    letters.forget(extent.id, max(found.since, extent.first), extent.next)
    for finding in found.findings:
        log.error(finding.code, problem=finding.message, help=finding.help, missing=found.missing)
    return found.since


class Workings:
    """Runs an `Ingest` on the loop and stores its slices, one at a time."""

    def __init__(
        self,
        ingest: Ingest,
        store: GraphStore,
        letters: DeadLetters,
        thread: StoreThread,
        stored: int,
        commits: Commits,
    ) -> None:
        """``stored`` is where the store's watermark stands; ``commits`` know what others have committed."""
        self._commits = commits
        self._ingest = ingest
        self._store = store
        self._letters = letters
        self._thread = thread
        self._running = False
        self._storing: asyncio.TimerHandle | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self.stored = stored
        """Every message of the journal numbered below is in the store."""
        self.failing = ""
        """Why slices cannot be stored, while they cannot; empty when they can."""

    async def replay(
        self, messages: Iterable[JournalMessage], known: Mapping[tuple[str, str], Reading] | None = None
    ) -> None:
        """Work in what a journal holds, before anything new comes; others have their turns meanwhile. ``known``: what
        the store holds, where the current state knows more already.

        Raises:
            BackendError: the store cannot be written to.
        """
        started = time.monotonic()
        for piece in self._ingest.replay_in_turns(messages, _TURN_SECONDS, known):
            if piece is None:
                await asyncio.sleep(0)
                continue
            try:
                await self._written(piece)
            except HeadMovedError:
                self._ingest.put_back(piece)
                self._commits.follow()
                await asyncio.sleep(_FOLLOW_SECONDS)
            else:
                self._settle(piece)
        count = self._ingest.counters.replayed
        if count:
            log.info("journal.replayed", messages=count, seconds=round(time.monotonic() - started, 3))

    async def _written(self, piece: Slice) -> None:
        answer: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self._thread.run(lambda: self._write(piece), answer.set_result, urgent=False)
        refusal = await answer
        if refusal is not None:
            raise refusal

    def wake(self) -> None:
        """There is something to work on."""
        if not self._running:
            self._running = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        more = self._ingest.run(_TURN_SECONDS)
        if more:
            asyncio.get_running_loop().call_soon(self._turn)
        self._running = more
        self._store_soon(_STORE_SECONDS)

    def _store_soon(self, seconds: float) -> None:
        if self._storing is None:
            self._storing = asyncio.get_running_loop().call_later(seconds, self._store_now)

    def _store_now(self) -> None:
        self._storing = None
        piece = self._ingest.take_slice()
        if piece is not None:
            self._idle.clear()
            self._thread.run(lambda: self._write(piece), lambda answer: self._stored(piece, answer), urgent=False)

    def _write(self, piece: Slice) -> None:
        """On the store thread: letters, then states."""
        self._letters.add_many(piece.states.watermark.journal, piece.letters)
        self._store.write_states(piece.states)

    def _stored(self, piece: Slice, answer: Exception | None) -> None:
        self._idle.set()
        if answer is None:
            self.failing = ""
            self._settle(piece)
            self._store_soon(_STORE_SECONDS)
            return
        self._ingest.put_back(piece)
        if isinstance(answer, HeadMovedError):
            self._commits.follow()
            self._store_soon(_STORE_SECONDS)
            return
        self._store_soon(_RETRY_SECONDS)
        if not self.failing:
            log.error("state.unstored", error=str(answer), exc_info=not isinstance(answer, BackendError) and answer)
        self.failing = str(answer)

    def _settle(self, piece: Slice) -> None:
        self.stored = piece.states.watermark.offset
        self._ingest.confirm(piece)

    async def finish(self) -> None:
        """Work in and store everything that has been taken, if the store lets us."""
        stored = True
        while stored and not self.failing:
            while self._running:  # noqa: ASYNC110 - the turns are on this loop: each sleep lets one of them run
                await asyncio.sleep(0)
            await self._idle.wait()
            self._cancel()
            self._store_now()
            stored = not self._idle.is_set()
            await self._idle.wait()
        self._cancel()

    def _cancel(self) -> None:
        if self._storing is not None:
            self._storing.cancel()
            self._storing = None
