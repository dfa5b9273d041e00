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
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from twin.errors import BackendError, OutcomeUnknown, TwinError
from twin.graph.check import check, overlaps, stands_alone, touched
from twin.graph.model import Change, Committed
from twin.store import HeadMovedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from twin.graph.mirror import Mirror
    from twin.graph.model import ChangeSet
    from twin.store import GraphStore

__all__ = ["Commits", "Run", "inline"]

T = TypeVar("T")

_TURN_ENTRIES = 2_000
"""So many entries are checked, or applied, before others have their turn on the loop: some 20 ms."""
_CHANGES_A_READ = 1000
_MANY = 1_000_000_000
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


class Commits:
    """The queue in front of a store, and the mirror behind it. Everything but ``run``'s jobs happens on one thread."""

    def __init__(self, store: GraphStore, mirror: Mirror, run: Run, applied: Callable[[Change], None]) -> None:
        """``applied`` is told of every change, ours and others', right after the mirror has it."""
        self._store = store
        self._mirror = mirror
        self._run = run
        self._applied = applied
        self._queue: deque[_Waiting] = deque()
        self._group: list[_Waiting] = []
        self._busy = False
        self._closed = False
        self._turn = _MANY if run is inline else _TURN_ENTRIES
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
        self._group = self._form_group()
        if self._group:
            self._busy = True
            sets, head = _all(self._group), self._mirror.head
            self._run(lambda: self._store.commit(sets, head), self._committed)

    def _form_group(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        seen: set[str] = set()
        entries = 0
        while self._queue:
            waiting = self._queue[0]
            first, *rest = waiting.changesets
            entries += len(first.entries)
            if group and (rest or entries > self._turn or first.expected_head is not None or overlaps(first, seen)):
                break
            self._queue.popleft()
            try:
                check(self._mirror, *waiting.changesets)
            except TwinError as refusal:
                self._refuse(waiting, refusal)
                continue
            group.append(waiting)
            if rest or stands_alone(first):
                break
            if self._queue:  # only another that waits may meet it
                seen |= touched(first)
        return group

    def _refuse(self, waiting: _Waiting, refusal: TwinError) -> None:
        """Answer no, unless these very op_ids were committed before: then answer what they got."""

        def answered(known: list[Committed | None] | Exception) -> None:
            found = [] if isinstance(known, Exception) else [each for each in known if each is not None]
            waiting.done(found if len(found) == len(waiting.changesets) else refusal)

        op_ids = [changeset.op_id for changeset in waiting.changesets]
        self._run(lambda: [self._store.outcome(op_id) for op_id in op_ids], answered)

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
        for changeset, result in zip(_all(self._group), results, strict=True):
            if result.sequence == self._mirror.head + 1:
                self._take(Change(result.sequence, changeset))
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
        self._run(lambda: _read_log(self._store, head), self._caught_up)

    def _caught_up(self, answer: list[Change] | Exception) -> None:
        self._unreadable = answer if isinstance(answer, BackendError) else None
        if isinstance(answer, Exception):
            self._finish(lambda waiting: _unsettled(waiting, answer))
            return
        self._take_in_turns(deque(answer), {})

    def _take_in_turns(self, changes: deque[Change], places: dict[str, Committed]) -> None:
        """Follow what the log says, however much, and let others have their turn now and then."""
        entries = 0
        while changes and entries < self._turn:
            change = changes.popleft()
            if change.sequence > self._mirror.head:
                self._take(change)
            entries += len(change.changeset.entries)
            places[change.changeset.op_id] = Committed(change.sequence, change.changeset.op_id)
        if changes:
            self._run(lambda: None, lambda _: self._take_in_turns(changes, places))
        else:
            self._settle(places)

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


def _unsettled(waiting: _Waiting, reason: Any) -> OutcomeUnknown:
    return OutcomeUnknown(
        "the store did not confirm it: this change may or may not have been committed",
        op_id=waiting.changesets[0].op_id,
        reason=str(reason),
        help="send it again with the same op_id: it is committed once, whatever happened",
    )
