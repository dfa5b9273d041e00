from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.graphs import changeset, contents, entity
from twin.errors import BackendError, Conflict, NotFound, OutcomeUnknown
from twin.graph.mirror import Mirror
from twin.graph.model import Change, ChangeSet, Committed, Create, Delete, Entity, Update
from twin.store import TimelineMovedError
from twin.store.commits import Anew, Commits, inline
from twin.store.memory import MemoryStore
from twin.store.thread import StoreThread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from twin.store import Snapshot


class Later:
    """Runs jobs when told to, so that a queue can build up in between."""

    def __init__(self) -> None:
        self.jobs: list[Callable[[], None]] = []

    def __call__(self, job: Callable[[], Any], done: Callable[[Any], None]) -> None:
        self.jobs.append(lambda: inline(job, done))

    def drain(self) -> None:
        while self.jobs:
            self.jobs.pop(0)()


class Spy(MemoryStore):
    """Remembers the size of each group, and fails as told."""

    def __init__(self) -> None:
        super().__init__()
        self.groups: list[int] = []
        self.failures: list[Callable[[Callable[[], list[Committed]]], list[Committed]]] = []

    def commit(self, group: Sequence[ChangeSet], head: int) -> list[Committed]:
        self.groups.append(len(group))
        if self.failures:
            return self.failures.pop(0)(lambda: MemoryStore.commit(self, group, head))
        return super().commit(group, head)


class Bench:
    def __init__(self) -> None:
        self.store, self.later, self.mirror = Spy(), Later(), Mirror()
        self.applied: list[Change] = []
        self.slow = False
        """Whether three milliseconds pass whenever somebody looks at the clock."""
        self.time = 0.0
        self.commits = Commits(self.store, self.mirror, self.later, self.applied.append, clock=self.clock)
        self.answers: dict[str, Committed | Exception] = {}

    def clock(self) -> float:
        self.time += 0.003 * self.slow
        return self.time

    def submit(self, made: ChangeSet) -> ChangeSet:
        self.commits.submit(made, lambda answer: self.answers.__setitem__(made.op_id, answer))
        return made

    def sequence(self, made: ChangeSet) -> int:
        answer = self.answers[made.op_id]
        assert isinstance(answer, Committed), answer
        return answer.sequence


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_what_queues_behind_a_commit_goes_in_one_group(bench: Bench) -> None:
    sets = [bench.submit(changeset(Create(entity(f"home-{number}", "site")))) for number in range(10)]
    bench.later.drain()
    assert bench.store.groups == [1, 9]
    assert [bench.sequence(made) for made in sets] == list(range(1, 11))
    assert [change.sequence for change in bench.applied] == list(range(1, 11))
    assert bench.mirror.head == 10


def test_many_changes_of_others_are_followed_in_turns(bench: Bench) -> None:
    sites = [entity(f"home-{number}", "site") for number in range(5)]
    bench.store.commit([changeset(Create(site)) for site in sites], 0)
    mine = bench.submit(changeset(Create(entity("mine", "site"))))
    bench.slow = True
    heads = []
    while bench.later.jobs:
        bench.later.jobs.pop(0)()
        heads.append(bench.mirror.head)
    assert heads == [0, 2, 4, 5, 6]
    assert bench.sequence(mine) == 6


def test_a_group_is_not_larger_than_one_turn(bench: Bench) -> None:
    bench.slow = True
    for number in range(5):
        bench.submit(changeset(Create(entity(f"home-{number}", "site"))))
    bench.later.drain()
    assert bench.store.groups == [1, 2, 2]


def test_a_group_is_applied_in_turns_and_answered_as_a_whole(bench: Bench) -> None:
    sets = [bench.submit(changeset(Create(entity(f"home-{number}", "site")))) for number in range(6)]
    bench.later.jobs.pop(0)()
    bench.slow = True
    heads = []
    while bench.later.jobs:
        bench.later.jobs.pop(0)()
        heads.append((bench.mirror.head, len(bench.answers)))
    assert heads == [(3, 1), (5, 1), (6, 6)]
    assert [bench.sequence(made) for made in sets] == list(range(1, 7))


def test_overlapping_sets_and_deletions_wait_for_the_next_group(bench: Bench) -> None:
    home = entity("home", "site")
    bench.submit(changeset(Create(home)))
    bench.submit(changeset(Update(id=home.id, expected=1, fields={"title": {"en": "A"}})))
    loser = bench.submit(changeset(Update(id=home.id, expected=1, fields={"title": {"en": "B"}})))
    gone = bench.submit(changeset(Delete(id=home.id)))
    bench.later.drain()
    assert isinstance(bench.answers[loser.op_id], Conflict)
    assert bench.sequence(gone) == 3
    assert len(bench.mirror) == 0


def series(home: Entity) -> list[ChangeSet]:
    """Three that stand on one another."""
    room = entity("home/room", "space", home)
    return [
        changeset(Create(home)),
        changeset(Create(room)),
        changeset(Update(id=room.id, expected=1, fields={"title": {"en": "A"}}), Update(id=home.id, fields={})),
    ]


@pytest.mark.parametrize("fault", [None, "answer", "question"])
def test_a_series_is_one_transaction_with_a_place_for_each(bench: Bench, fault: str | None) -> None:
    answers: list[list[Committed] | Exception] = []
    before = bench.submit(changeset(Create(entity("cabin", "site"))))
    bench.later.drain()
    if fault is not None:
        bench.store.failures.append(_lose_the_answer if fault == "answer" else _lose_the_question)
    sets = series(entity("home", "site"))
    bench.commits.submit_series(sets, answers.append)
    after = bench.submit(changeset(Create(entity("hut", "site"))))
    bench.later.drain()
    assert answers == [[Committed(number, made.op_id) for number, made in enumerate(sets, start=2)]]
    assert (bench.sequence(before), bench.sequence(after)) == (1, 5)
    assert [change.sequence for change in bench.applied] == [1, 2, 3, 4, 5]
    bench.commits.submit_series(sets, answers.append)
    bench.later.drain()
    assert answers[1] == answers[0]


def test_a_series_of_which_one_cannot_stand_is_refused_as_a_whole(bench: Bench) -> None:
    answers: list[list[Committed] | Exception] = []
    sets = series(entity("home", "site"))
    bench.commits.submit_series([*sets, changeset(Create(entity("home", "site")))], answers.append)
    bench.later.drain()
    assert isinstance(answers[0], Conflict)
    assert bench.store.head() == len(bench.mirror) == 0


def test_others_commits_are_applied_first_and_the_group_is_checked_again(bench: Bench) -> None:
    foreign = entity("home", "site")
    bench.store.commit([changeset(Create(foreign))], 0)
    late = bench.submit(changeset(Create(entity("home", "site"))))
    fine = bench.submit(changeset(Create(entity("cabin", "site"))))
    bench.later.drain()
    assert isinstance(bench.answers[late.op_id], Conflict)
    assert bench.sequence(fine) == 2
    assert bench.mirror.get(foreign.id) is not None


def test_what_cannot_stand_here_is_checked_again_where_others_have_gone_on(bench: Bench) -> None:
    home = entity("home", "site")
    bench.store.commit([changeset(Create(home))], 0)
    room = bench.submit(changeset(Create(entity("home/room", "space", home))))
    never = bench.submit(changeset(Delete(id="nothing")))
    bench.later.drain()
    assert bench.sequence(room) == 2
    assert isinstance(bench.answers[never.op_id], NotFound)


def test_following_sees_what_others_committed(bench: Bench) -> None:
    bench.store.commit([changeset(Create(entity("home", "site")))], 0)
    bench.commits.follow()
    bench.later.drain()
    assert bench.mirror.head == 1


def test_the_same_op_id_again_gets_the_same_answer(bench: Bench) -> None:
    made = bench.submit(changeset(Create(entity("home", "site"))))
    bench.later.drain()
    bench.answers.clear()
    bench.submit(made)
    bench.later.drain()
    assert bench.sequence(made) == 1
    assert bench.store.head() == 1


def _lose_the_answer(commit: Callable[[], list[Committed]]) -> list[Committed]:
    commit()
    raise OutcomeUnknown("no answer")


def _lose_the_question(_: Callable[[], list[Committed]]) -> list[Committed]:
    raise OutcomeUnknown("no answer")


@pytest.mark.parametrize("fault", [_lose_the_answer, _lose_the_question])
def test_an_unknown_outcome_is_settled_by_the_op_id(
    bench: Bench, fault: Callable[[Callable[[], list[Committed]]], list[Committed]]
) -> None:
    bench.store.failures.append(fault)
    made = bench.submit(changeset(Create(entity("home", "site"))))
    after = bench.submit(changeset(Create(entity("cabin", "site"))))
    bench.later.drain()
    assert (bench.sequence(made), bench.sequence(after)) == (1, 2)
    assert bench.store.head() == 2


def test_a_store_that_is_down_is_said_and_the_next_commit_tries_again(bench: Bench) -> None:
    bench.store.failures.append(_refuse)
    lost = bench.submit(changeset(Create(entity("home", "site"))))
    bench.later.drain()
    assert isinstance(bench.answers[lost.op_id], BackendError)
    assert bench.commits.failing == "down"
    kept = bench.submit(changeset(Create(entity("home", "site"))))
    bench.later.drain()
    assert bench.sequence(kept) == 1
    assert bench.commits.failing == ""


def test_a_commit_that_is_never_confirmed_is_answered_and_does_not_go_round(bench: Bench) -> None:
    bench.store.failures += [_lose_the_question] * 5
    lost = bench.submit(changeset(Create(entity("home", "site"))))
    waits = bench.submit(changeset(Create(entity("cabin", "site"))))
    bench.later.drain()
    for made in (lost, waits):
        answer = bench.answers[made.op_id]
        assert isinstance(answer, OutcomeUnknown)
        assert answer.details == {"op_id": made.op_id, "reason": "no answer"}
    assert bench.store.groups == [1, 2, 1]
    assert bench.store.head() == 0
    assert bench.commits.failing == "no answer"


def test_a_store_that_took_nothing_is_asked_again_when_following(bench: Bench) -> None:
    bench.store.failures += [_refuse, _refuse]
    bench.submit(changeset(Create(entity("home", "site"))))
    bench.later.drain()
    failing = []
    for _ in range(2):
        bench.commits.follow()
        bench.later.drain()
        failing.append(bench.commits.failing)
    assert failing == ["down", ""]
    assert bench.store.groups == [1, 0, 0]


def _refuse(_: object) -> list[Committed]:
    raise BackendError("down")


def test_two_committers_on_one_store_lose_nothing() -> None:
    store = MemoryStore()
    benches = [Mirror(), Mirror()]
    threads = [StoreThread(lambda call: call()) for _ in benches]
    done = threading.Semaphore(0)
    pairs = list(zip(benches, threads, strict=True))
    queues = [Commits(store, mirror, thread.run, lambda _: None) for mirror, thread in pairs]
    locks = [threading.Lock() for _ in queues]

    def submit(which: int, number: int) -> None:
        with locks[which]:
            made = changeset(Create(entity(f"home-{which}-{number}", "site")))
            queues[which].submit(made, lambda _: done.release())

    for number in range(50):
        # each queue is fed only once its last answer is in: Commits belongs to one thread at a time
        for which in range(2):
            submit(which, number)
            assert done.acquire(timeout=10)
    for which in range(2):
        with locks[which]:
            queues[which].follow()
    for thread in threads:
        thread.stop()
    assert store.head() == 100
    assert contents(benches[0]) == contents(benches[1])


def test_closing_answers_everyone(bench: Bench) -> None:
    home = entity("home", "site")
    written = bench.submit(changeset(Create(home)))
    waits = bench.submit(changeset(Update(id=home.id, fields={"title": {"en": "A"}})))
    bench.commits.close()
    late = bench.submit(changeset(Create(entity("cabin", "site"))))
    bench.commits.follow()
    bench.later.drain()
    assert bench.sequence(written) == 1
    for refused in (waits, late):
        answer = bench.answers[refused.op_id]
        assert isinstance(answer, BackendError)
        assert answer.code_ == "engine.stopping"


def test_urgent_jobs_go_first() -> None:
    order: list[str] = []
    gate = threading.Event()
    thread = StoreThread(lambda call: call())
    thread.run(gate.wait, lambda _: None)
    thread.run(lambda: order.append("state"), lambda _: None, urgent=False)
    thread.run(lambda: order.append("commit"), lambda _: None)
    gate.set()
    thread.stop()
    assert order == ["commit", "state"]


class Anewed(Bench):
    """One whose mirror takes everything again where that is needed."""

    def __init__(self, restored: Callable[[], None] | None = None) -> None:
        super().__init__()
        anew = Anew(self.store.load, self._take, restored)
        self.commits = Commits(self.store, self.mirror, self.later, self.applied.append, anew)

    def _take(self, snapshot: Snapshot) -> None:
        parts = {name: getattr(snapshot, name) for name in ("head", "timeline", "documents", "entities", "relations")}
        self.mirror.load(**parts)


def _moved(_: object) -> list[Committed]:
    raise TimelineMovedError(7)


@pytest.mark.parametrize("served", [True, False])
def test_what_was_made_for_another_history_is_refused_whole(monkeypatch: pytest.MonkeyPatch, *, served: bool) -> None:
    told: list[bool] = []
    bench = Anewed((lambda: told.append(True)) if served else None)
    bench.store.commit([changeset(Create(entity("home", "site")))], 0)
    bench.store.failures.append(_moved)
    with monkeypatch.context() as patch:
        patch.setattr(MemoryStore, "changes", lambda *_: _moved(None))
        made = [bench.submit(changeset(Create(entity(f"new-{number}", "site")))) for number in range(2)]
        while bench.later.jobs and not bench.answers:
            bench.later.jobs.pop(0)()
    for each in made[: 1 if served else 2]:
        answer = bench.answers[each.op_id]
        assert isinstance(answer, Conflict)
        assert answer.code_ == "store.restored"
    assert bool(told) == served
    assert bool(bench.commits.failing) == served
    assert bench.mirror.head == (0 if served else 1)


def test_a_log_that_is_not_kept_so_far_back_is_loaded_past() -> None:
    bench = Anewed()
    others = [changeset(Create(entity(f"home-{number}", "site"))) for number in range(4)]
    bench.store.commit(others, 0)
    bench.store.trim(3)
    made = bench.submit(changeset(Create(entity("mine", "site"))))
    bench.later.drain()
    assert bench.sequence(made) == 5
    assert bench.mirror.head == len(bench.mirror) == 5


def test_what_is_about_to_come_is_said_where_the_store_is_called() -> None:
    store, later, mirror = Spy(), Later(), Mirror()
    foreseen: list[tuple[list[str], int]] = []

    def foresee(changesets: Iterable[ChangeSet]) -> None:
        foreseen.append(([each.op_id for each in changesets], mirror.head))

    commits = Commits(store, mirror, later, lambda _: None, foresee=foresee)
    mine, theirs = changeset(Create(entity("mine", "site"))), changeset(Create(entity("theirs", "site")))
    commits.submit(mine, lambda _: None)
    later.drain()
    store.commit([theirs], 1)
    commits.follow()
    later.drain()
    assert foreseen == [([mine.op_id], 0), ([theirs.op_id], 1)]
    assert mirror.head == 2
