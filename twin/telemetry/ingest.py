"""From journaled messages to the current state, in turns, and what there is to store after them.

Pure and synchronous: `Ingest.run` works for as long as it is given, `Ingest.take_slice` says what there is to store
since the last time. A slice's watermark covers only messages whose letters are in that slice or were stored before it,
so after a crash the journal is worked through again from there, and nothing is missed or counted twice.
"""

from __future__ import annotations

from collections import deque
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from twin.state.behind import Behind
from twin.store import StateBatch, Watermark
from twin.telemetry.counters import Counters
from twin.telemetry.fates import Fates
from twin.telemetry.resuming import start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from twin.graph.readings import Reading
    from twin.mqtt.door import Counts
    from twin.state.current import Current
    from twin.telemetry.deadletters import DeadLetter
    from twin.telemetry.journal import Extent, JournalMessage
    from twin.telemetry.resuming import Start
    from twin.telemetry.targets import Graph

__all__ = ["Ingest", "Slice"]

_FUTURE = 300_000_000
_QUEUE = 64 << 20
_OVERHEAD = 500
"""Bytes that a waiting message takes beside its payload, roughly."""
_LETTERS = 10_000
_REPLAYED = 20_000


class Slice(NamedTuple):
    """What is to be stored together: the letters first, then the states with their watermark. A crash in between is
    harmless: letters beyond the watermark are forgotten (`DeadLetters.forget`) before the journal is worked
    through again, and made again.
    """

    states: StateBatch
    letters: tuple[DeadLetter, ...]


class Ingest:
    """Works messages into the current state, in the order of the journal; called on the loop only.

    ``counts`` are the endpoint's; ``clock`` (seconds) measures turns; ``future`` is how far ahead of its receipt a
    source time may lie (µs); ``on_work`` is told when there is something to `run` for again, ``on_pressure`` when more
    is waiting than should, and when that is over.
    """

    def __init__(  # noqa: PLR0913 - what it is wired to
        self,
        graph: Graph,
        current: Current,
        counts: Counts,
        *,
        clock: Callable[[], float],
        future: int = _FUTURE,
        on_work: Callable[[], object] = lambda: None,
        on_pressure: Callable[[bool], object] = lambda _: None,
        queue_bytes: int = _QUEUE,
    ) -> None:
        self.counters = Counters(counts)
        self._graph = graph
        self._current = current
        self._fates = Fates(graph, current, self.counters, future=future)
        self._clock = clock
        self._on_work = on_work
        self._on_pressure = on_pressure
        self._queue_bytes = queue_bytes
        self._queue: deque[JournalMessage] = deque()
        self._waiting = 0
        self._pressed = False
        self._journal = ""
        self._offset = 0
        self._stored = Watermark()
        self._out: Slice | None = None

    def resume(self, journal: Extent, watermark: Watermark, lettered: int = 0) -> Start:
        """Go on where a store's watermark says; ``lettered`` as in `twin.telemetry.resuming.start`."""
        found = start(journal, watermark, lettered)
        self.counters.resume(watermark.counters, found.missing)
        self._journal, self._offset, self._stored = journal.id, found.since, watermark
        return found

    def replay(self, messages: Iterable[JournalMessage]) -> Iterator[Slice]:
        """Work through what the journal holds beyond the watermark, before anything new is added. Each slice is to be
        stored and confirmed, or put back, before the next is asked for.
        """
        return (each for each in self.replay_in_turns(messages, inf) if each is not None)

    def replay_in_turns(
        self,
        messages: Iterable[JournalMessage],
        budget: float,
        stored: Mapping[tuple[str, str], Reading] | None = None,
    ) -> Iterator[Slice | None]:
        """The same, with None after each so many seconds of work: others have their turn. ``stored`` is what the store
        holds, where the current state knows more than that already: fates are decided by it.
        """
        if stored is not None:
            self._fates.current = Behind(self._current, stored)
        try:
            yield from self._replay(messages, budget)
        finally:
            self._fates.current = self._current

    def _replay(self, messages: Iterable[JournalMessage], budget: float) -> Iterator[Slice | None]:
        self._fates.refresh()
        until = self._clock() + budget
        for number, message in enumerate(messages, start=1):
            self.counters.replayed += 1
            self._work(message)
            if number % _REPLAYED == 0 or self._is_full():
                yield from self._slices()
            elif self._clock() < until:
                continue
            else:
                yield None
            self._fates.refresh()
            until = self._clock() + budget
        yield from self._slices()

    def _slices(self) -> Iterator[Slice]:
        """What there is to store, again where it was put back."""
        while (found := self.take_slice()) is not None:
            yield found

    def add(self, messages: Iterable[JournalMessage]) -> None:
        """Take messages that the journal has just kept, in its order."""
        was_idle, taken = not self._queue, list(messages)
        self._queue.extend(taken)
        self._waiting += sum([len(message.payload) for message in taken]) + _OVERHEAD * len(taken)
        self.counters.added += len(taken)
        if was_idle and taken:
            self._on_work()
        if not self._pressed and self._waiting > self._queue_bytes:
            self._press(pressed=True)

    def run(self, budget: float) -> bool:
        """Work for so many seconds at most (a message that was begun is finished); whether to be called again.

        False means that nothing waits, or that so many letters wait to be stored that a slice has to be taken first;
        either way ``on_work`` says when it is time.
        """
        self._fates.refresh()
        queue, clock, letters = self._queue, self._clock, self._fates.letters
        until = clock() + budget
        while queue and len(letters) < _LETTERS:
            message = queue.popleft()
            self._waiting -= len(message.payload) + _OVERHEAD
            self._work(message)
            if clock() >= until:
                break
        if self._pressed and self._waiting <= self._queue_bytes // 2:
            self._press(pressed=False)
        return bool(queue) and not self._is_full()

    def take_slice(self) -> Slice | None:
        """What came about since the last slice; None when nothing did, or the last one is not settled yet."""
        if self._out is not None:
            return None
        watermark = Watermark(self._journal, self._offset, self.counters.settled())
        if watermark == self._stored:
            return None
        letters, self._fates.letters = tuple(self._fates.letters), []
        self._out = Slice(StateBatch(self._current.take_dirty(), watermark, self._graph.head), letters)
        return self._out

    def confirm(self, stored: Slice) -> None:
        """A slice is in the store."""
        self._out = None
        self._stored = stored.states.watermark
        if self._queue:
            self._on_work()

    def put_back(self, unstored: Slice) -> None:
        """A slice could not be stored, or nobody knows whether it was: the next one holds it again."""
        self._out = None
        self._fates.letters[:0] = unstored.letters
        self._current.put_back(unstored.states.readings)

    def _work(self, message: JournalMessage) -> None:
        self._fates.decide(message)
        self._offset = message.number + 1

    def _is_full(self) -> bool:
        return len(self._fates.letters) >= _LETTERS

    def _press(self, *, pressed: bool) -> None:
        self._pressed = pressed
        self._on_pressure(pressed)
