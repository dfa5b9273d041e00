"""The one way in: ChangeSets are checked on the mirror, committed in groups, and applied by sequence.

The mirror is never ahead of the store. A ChangeSet that cannot stand is refused at once; one that meets an earlier
member of its group waits for the next group. When somebody else has committed, their changes are applied first and the
group is checked again. When the store does not say what became of a group, nothing else is committed until its log has
told; what was not committed is tried once more, and then answered: a disk that is full stays so for longer than that.

Where the store runs is passed in: on the store thread beside a loop, or inline in a script (`inline`).
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from twin.errors import BackendError, Conflict, OutcomeUnknown, TwinError
from twin.graph.check import check, overlaps, stands_alone, touched
from twin.graph.model import Change, Committed
from twin.store import HeadMovedError, LogTrimmed, TimelineMovedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from twin.graph.mirror import Mirror
    from twin.graph.model import ChangeSet
    from twin.store import GraphStore

__all__ = ["Anew", "Commits", "Run", "inline"]

T = TypeVar("T")

_TURN_SECONDS = 0.005
"""So long ChangeSets are checked, or applied, before others have their turn on the loop; one is never interrupted."""
_CHANGES_A_READ = 1000
_FOREVER = float("inf")
"""In a script there is nobody else to have a turn."""
_PATIENCE_SECONDS = 5.0
_PAUSE_SECONDS = 0.25
_MOST_TRIES = 2
"""How often a change is sent to a store that does not say what became of it."""


class Run(Protocol):
    """Runs a blocking job somewhere, and hands what it returned or raised to ``done`` on the caller's side."""

    def __call__(self, job: Callable[[], T], done: Callable[[T | Exception], None]) -> None:
        """Run ``job``; call ``done``."""


def inline(job: Callable[[], T], done: Callable[[T | Exception], None]) -> None:
    """Run a job here and now: how a script calls a store."""
    answer: T | Exception
    try:
        answer = job()
    except (TwinError, HeadMovedError) as error:
        answer = error
    done(answer)


@dataclass(slots=True, eq=False)
class _Waiting:
    changesets: tuple[ChangeSet, ...]
    """One, or a series of which each stands on those before it."""
    done: Callable[[list[Committed] | Exception], None]
    tries: int = 0
    """How often the store did not say what became of it."""
    refused_at: int = -1
    """The sequence at which it could not stand, while others had gone on already."""


class Anew(NamedTuple):
    """How everything is taken from a store again, where following its log does not do: the log is not kept so far back,
    or a backup was put in the place of what was there.
    """

    read: Callable[[], Any]
    """Where the store is called."""
    take: Callable[[Any], None]
    """Where the mirror is."""
    restored: Callable[[], None] | None = None
    """Told of a backup in place of taking it in."""


class Commits:
    """The queue in front of a store, and the mirror behind it. Everything but ``run``'s jobs happens on one thread."""

    def __init__(
        self,
        store: GraphStore,
        mirror: Mirror,
        run: Run,
        applied: Callable[[Change], None],
        anew: Anew | None = None,
        clock: Callable[[], float] = time.monotonic,
        foresee: Callable[[Iterable[ChangeSet]], None] = lambda _: None,
    ) -> None:
        """``applied`` is told of every change, ours and others', right after the mirror has it; ``foresee`` of what is
        about to come, where the store is called: what takes long to work out for it is best worked out there.
        """
        self._foresee = foresee
        self._store = store
        self._anew = anew
        self._mirror = mirror
        self._run = run
        self._applied = applied
        self._queue: deque[_Waiting] = deque()
        self._group: list[_Waiting] = []
        self._busy = False
        self._closed = False
        self._turn = _FOREVER if run is inline else _TURN_SECONDS
        self._clock = clock
        self._unwritable: BackendError | None = None
        self._unreadable: BackendError | None = None

    @property
    def failing(self) -> str:
        """Why the store cannot be read or written, while it cannot; empty when it can."""
        return str(self._unwritable or self._unreadable or "")

    def submit(self, changeset: ChangeSet, done: Callable[[Committed | Exception], None]) -> None:
        """Queue a ChangeSet; ``done`` gets its place in the log, or the reason why it has none."""
        self.submit_series((changeset,), lambda answer: done(answer[0] if isinstance(answer, list) else answer))

    def submit_series(
        self, changesets: Sequence[ChangeSet], done: Callable[[list[Committed] | Exception], None]
    ) -> None:
        """Queue ChangeSets that are written in one transaction, all or none, each with a place of its own in the log.
        Each may stand on those before it.
        """
        self._queue.append(_Waiting(tuple(changesets), done))
        self._pump()

    def close(self) -> None:
        """Take no more, and refuse what waits; a group that is being written gets its answer yet."""
        self._closed = True
        self._pump()

    def follow(self) -> None:
        """Look for what others have committed, unless a commit of ours is under way (which looks anyway); and whether
        a store that took nothing takes something again.
        """
        if self._busy:
            return
        self._busy = True
        if self._unwritable is None:
            self._catch_up()
        else:
            head = self._mirror.head
            self._run(lambda: self._store.commit((), head), self._probed)

    def _probed(self, answer: list[Committed] | Exception) -> None:
        self._unwritable = answer if isinstance(answer, BackendError) else None
        self._catch_up()

    def _pump(self) -> None:
        if self._closed:
            while self._queue:
                self._queue.popleft().done(_stopping())
        if self._busy or not self._queue:
            return
        self._group, refused = self._form_group()
        if self._group:
            self._busy = True
            sets, head = _all(self._group), self._mirror.head
            self._run(lambda: self._commit(sets, head), self._committed)
        for waiting, refusal in refused:
            self._refuse(waiting, refusal)

    def _form_group(self) -> tuple[list[_Waiting], list[tuple[_Waiting, TwinError]]]:
        """What is to be written together, and what cannot stand on the graph as it is known here."""
        group: list[_Waiting] = []
        refused: list[tuple[_Waiting, TwinError]] = []
        seen: set[str] = set()
        until = self._clock() + self._turn
        while self._queue:
            waiting = self._queue[0]
            first, *rest = waiting.changesets
            if group and (rest or self._clock() >= until or first.expected_head is not None or overlaps(first, seen)):
                break
            self._queue.popleft()
            try:
                check(self._mirror, *waiting.changesets)
            except TwinError as refusal:
                refused.append((waiting, refusal))
                continue
            group.append(waiting)
            if rest or stands_alone(first):
                break
            if self._queue:  # only another that waits may meet it
                seen |= touched(first)
        return group, refused

    def _refuse(self, waiting: _Waiting, refusal: TwinError) -> None:
        """Answer no, unless these very op_ids were committed before: then answer what they got. Where others have
        committed what is not known here yet, their changes are applied first, and it is checked again. A store that
        cannot say whether they were leaves it open.
        """

        def answered(told: tuple[list[Committed | None], int] | Exception) -> None:
            if isinstance(told, Exception):
                waiting.done(_unsettled(waiting, told))
                return
            known, head = told
            found = [each for each in known if each is not None]
            if len(found) == len(waiting.changesets):
                waiting.done(found)
            elif head > self._mirror.head > waiting.refused_at and not self._closed:
                waiting.refused_at = self._mirror.head
                self._queue.appendleft(waiting)
                self.follow()
            else:
                waiting.done(refusal)

        op_ids = [changeset.op_id for changeset in waiting.changesets]
        self._run(lambda: ([self._store.outcome(op_id) for op_id in op_ids], self._store.head()), answered)

    def _commit(self, sets: list[ChangeSet], head: int) -> list[Committed]:
        self._foresee(sets)
        return self._store.commit(sets, head)

    def _read_on(self, head: int) -> list[Change]:
        found = _read_log(self._store, head)
        self._foresee(each.changeset for each in found)
        return found

    def _committed(self, answer: list[Committed] | Exception) -> None:
        match answer:
            case list():
                self._succeed(answer)
            case OutcomeUnknown():
                self._unwritable = answer
                for waiting in self._group:
                    waiting.tries += 1
                self._catch_up()
            case HeadMovedError():
                self._catch_up()
            case _:
                if isinstance(answer, BackendError):
                    self._unwritable = answer
                self._finish(lambda _: answer)

    def _succeed(self, results: list[Committed]) -> None:
        self._unwritable = None
        at, changes = self._mirror.head, deque[Change]()
        for changeset, result in zip(_all(self._group), results, strict=True):
            if result.sequence == at + 1:
                at = result.sequence
                changes.append(Change(at, changeset))
        self._take_in_turns(changes, lambda: self._answer(results))

    def _answer(self, results: list[Committed]) -> None:
        if any(result.sequence > self._mirror.head for result in results):
            self._catch_up()  # an op_id of before, committed elsewhere, that this mirror has not seen yet
            return
        places = {result.op_id: result for result in results}
        self._finish(lambda waiting: [places[each.op_id] for each in waiting.changesets])

    def _take(self, change: Change) -> None:
        self._mirror.apply(change)
        self._applied(change)

    def _finish(self, answer: Callable[[_Waiting], list[Committed] | Exception]) -> None:
        group, self._group, self._busy = self._group, [], False
        for waiting in group:
            waiting.done(answer(waiting))
        self._pump()

    def _catch_up(self) -> None:
        head = self._mirror.head
        self._run(lambda: self._read_on(head), self._caught_up)

    def _caught_up(self, answer: list[Change] | Exception) -> None:
        self._unreadable = answer if isinstance(answer, BackendError) else None
        if self._anew is not None and isinstance(answer, TimelineMovedError | LogTrimmed):
            self._begin_anew(answer, self._anew)
            return
        if isinstance(answer, Exception):
            self._finish(lambda waiting: _unsettled(waiting, answer))
            return
        places = {each.changeset.op_id: Committed(each.sequence, each.changeset.op_id) for each in answer}
        self._take_in_turns(deque(answer), lambda: self._settle(places))

    def _begin_anew(self, why: TimelineMovedError | LogTrimmed, anew: Anew) -> None:
        """Take everything again. What waits was made for another history, where there is another now."""
        restored = isinstance(why, TimelineMovedError)
        if restored and anew.restored is not None:
            self._unreadable = _restored_below()
            anew.restored()
            self._finish(lambda _: _restored())
            return

        def take(found: Any) -> None:
            if isinstance(found, Exception):
                self._unreadable = found if isinstance(found, BackendError) else None
                self._finish(lambda waiting: _unsettled(waiting, found))
                return
            anew.take(found)
            if not restored:
                self._settle({})
                return
            self._group += self._queue
            self._queue.clear()
            self._finish(lambda _: _restored())

        self._run(anew.read, take)

    def _take_in_turns(self, changes: deque[Change], then: Callable[[], None]) -> None:
        """Apply what has been committed, however much, and let others have their turn now and then."""
        until = self._clock() + self._turn
        while changes:
            change = changes.popleft()
            if change.sequence > self._mirror.head:
                self._take(change)
            if changes and self._clock() >= until:
                self._run(lambda: None, lambda _: self._take_in_turns(changes, then))
                return
        then()

    def _settle(self, places: dict[str, Committed]) -> None:
        """The log has told: answer those that are in it, and try the others again."""

        def answer(waiting: _Waiting) -> list[Committed] | Exception:
            found = [places[each.op_id] for each in waiting.changesets if each.op_id in places]
            return found if len(found) == len(waiting.changesets) else _unsettled(waiting, self._unwritable)

        if places.keys() & {each.op_id for each in _all(self._group)}:
            self._unwritable = None
        again = [
            waiting
            for waiting in self._group
            if waiting.tries < _MOST_TRIES and not all(each.op_id in places for each in waiting.changesets)
        ]
        self._queue.extendleft(reversed(again))
        self._group = [waiting for waiting in self._group if waiting not in again]
        self._finish(answer)


def _all(group: Iterable[_Waiting]) -> list[ChangeSet]:
    return [changeset for waiting in group for changeset in waiting.changesets]


def _read_log(store: GraphStore, since: int) -> list[Change]:
    """Everything after a sequence, trying for some seconds where the store does not answer."""
    found: list[Change] = []
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            page = store.changes(found[-1].sequence if found else since, _CHANGES_A_READ)
        except BackendError:
            if time.monotonic() > until:
                raise
            time.sleep(_PAUSE_SECONDS)
            continue
        found += page
        if len(page) < _CHANGES_A_READ:
            return found


def _stopping() -> BackendError:
    return BackendError("the twin is stopping", code="engine.stopping", help="send it again once the twin is back")


def _restored() -> Conflict:
    return Conflict(
        "the twin was restored from a backup meanwhile: this was made for what it was before",
        code="store.restored",
        help="look at what it is now, and begin again",
    )


def _restored_below() -> BackendError:
    return BackendError(
        "a backup was put in the place of the graph that is served here",
        code="store.restored",
        help="start the twin again: it serves what was restored",
    )


def _unsettled(waiting: _Waiting, reason: Any) -> OutcomeUnknown:
    return OutcomeUnknown(
        "the store did not confirm it: this change may or may not have been committed",
        op_id=waiting.changesets[0].op_id,
        reason=str(reason),
        help="send it again with the same op_id: it is committed once, whatever happened",
    )
