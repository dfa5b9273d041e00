"""Plans and jobs of a server, where things go wrong."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

import pytest

from twin.engine import authoring as module
from twin.engine.authoring import Asked, Authoring
from twin.errors import BackendError, OutcomeUnknown, TooMany
from twin.graph.check import check
from twin.graph.mirror import Mirror
from twin.graph.model import Actor, Change, ChangeSet, Committed
from twin.source import Source

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from twin.engine.keeping import Job, Kept

CABINS = """ontology: cabins
version: 1.0.0
imports: { core: ^1.0 }
sites: { Cabin: { is: Site } }
spaces: { Den: { is: Space } }
"""
CABIN = """topology: cabin
version: 1.0.0
uses: { cabins: ^1.0 }
parameters: { dens: { type: integer } }
site: { type: Cabin }
spaces: { "den-${n}": { each: { n: 1..dens }, type: Den } }
"""
ACTOR = Actor("ana", "tests")


class Store:
    """Commits to a mirror, and says about the outcome what it is told to say."""

    def __init__(self) -> None:
        self.mirror = Mirror()
        self.mirror.timeline = "t"
        self.say: list[Exception | None] = []
        self.known: dict[str, Committed] = {}

    async def commit(self, changeset: ChangeSet) -> Committed:
        await asyncio.sleep(0)
        said = self.say.pop(0) if self.say else None
        if said is not None and not isinstance(said, OutcomeUnknown):
            raise said
        if changeset.op_id not in self.known:
            check(self.mirror, changeset)
            self.mirror.apply(Change(self.mirror.head + 1, changeset))
            self.known[changeset.op_id] = Committed(self.mirror.head, changeset.op_id)
        if said is not None:
            raise said
        return self.known[changeset.op_id]


def run(story: Callable[[Authoring, Store], Awaitable[None]]) -> None:
    async def told() -> None:
        store = Store()
        authoring = Authoring(store.mirror, store.commit)
        try:
            await story(authoring, store)
        finally:
            await authoring.close()
        assert gc.isenabled()

    asyncio.run(told())


def asked(dens: int = 2, **more: Any) -> Asked:
    given = {"ontologies": {"cabins": Source("cabins.yaml", CABINS)}, "parameters": {"dens": dens}, **more}
    return Asked(topology=Source("cabin.yaml", CABIN), site="cabin", **given)


async def planned(authoring: Authoring, dens: int = 2) -> Kept:
    return await authoring.plan("me", asked(dens), install=True, private=True)


async def ended(job: Job) -> Job:
    assert job.task is not None
    await asyncio.wait({job.task})
    return job


def test_a_store_that_takes_nothing_or_does_not_say_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE_SECONDS", 0.0)

    async def story(authoring: Authoring, store: Store) -> None:
        store.say = [OutcomeUnknown("?"), BackendError("the disk is full"), OutcomeUnknown("?"), None]
        job = await ended(authoring.apply(await planned(authoring), ACTOR))
        assert (job.state, store.mirror.head) == ("done", 1)

    run(story)


def test_a_job_that_fails_in_the_middle_leaves_the_rest_to_another_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TRIES", 0)

    async def story(authoring: Authoring, store: Store) -> None:
        kept = await planned(authoring, 2500)
        store.say = [None, BackendError("the disk is full")]
        job = await ended(authoring.apply(kept, ACTOR))
        assert (job.state, job.done) == ("failed", 500)
        assert isinstance(job.error, BackendError)
        site = store.mirror.by_path("cabin")
        assert site is not None
        assert site.hidden
        rest = await planned(authoring, 2500)
        assert 0 < len(rest.made.entries) < len(kept.made.entries)
        assert (await ended(authoring.apply(rest, ACTOR))).state == "done"
        assert len(store.mirror) == 2501
        finished = store.mirror.by_path("cabin")
        assert finished is not None
        assert not finished.hidden

    run(story)


def test_a_mistake_of_ours_ends_the_job_and_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret")

    async def story(authoring: Authoring, _store: Store) -> None:
        kept = await planned(authoring)
        monkeypatch.setattr(module, "plan_changesets", broken)
        job = await ended(authoring.apply(kept, ACTOR))
        assert (job.state, job.finished is not None) == ("failed", True)
        assert job.error is not None
        assert (job.error.code_, "secret" in job.error.message) == ("job.failed", False)

    run(story)


def test_jobs_end_when_the_twin_stops() -> None:
    jobs = []

    async def story(authoring: Authoring, _store: Store) -> None:
        jobs.append(authoring.apply(await planned(authoring, 3000), ACTOR))
        await asyncio.sleep(0)  # it has begun, and no more

    run(story)
    assert jobs[0].state == "failed"
    assert jobs[0].error is not None
    assert jobs[0].error.code_ == "engine.stopping"


def test_only_so_many_plans_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WAITING", 2)

    async def story(authoring: Authoring, _store: Store) -> None:
        answers = await asyncio.gather(*(planned(authoring) for _ in range(4)), return_exceptions=True)
        refused = [each for each in answers if isinstance(each, Exception)]
        assert [type(each) for each in refused] == [TooMany, TooMany]

    run(story)


def test_a_name_is_never_a_path(tmp_path: Any) -> None:
    (tmp_path / "secret.yaml").write_text(CABINS.replace("cabins", "secret"))
    (tmp_path / "below").mkdir()

    async def story(store: Store) -> None:
        authoring = Authoring(store.mirror, store.commit, ontology_path=[tmp_path / "below"])
        try:
            checked = await authoring.check(
                "topology", Source("x.yaml", CABIN.replace("cabins", '"../secret"').replace("uses: {", "uses: {")), {}
            )
            assert not checked.name
            assert all("secret.yaml" not in each.place.file for each in checked.diagnostics)
        finally:
            await authoring.close()

    asyncio.run(story(Store()))
