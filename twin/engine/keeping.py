"""What authoring keeps in memory: plans for an hour, jobs for a day, and not too many of either."""

from __future__ import annotations

import asyncio
from typing import Literal

import msgspec

from twin.errors import Conflict, Diagnostic, NotFound, TwinError
from twin.topology.plan import Plan

__all__ = ["Job", "JobState", "Kept", "Shelf"]

JobState = Literal["queued", "running", "done", "failed"]

_HOUR = 3_600_000_000
_DAY = 24 * _HOUR
_PLANS = 200
_PLANS_OF_ONE = 20
_ENTRIES = 1_000_000
_JOBS = 1_000


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A plan, and for whom it is kept."""

    id: str
    client: str
    made: Plan
    warnings: tuple[Diagnostic, ...]
    at: int
    """When it was made, in microseconds."""

    @property
    def expires(self) -> int:
        """When it is forgotten."""
        return self.at + _HOUR


class Job(msgspec.Struct, kw_only=True):
    """A plan that is being carried out."""

    id: str
    client: str
    plan: str
    site: str
    """The site's key."""
    total: int
    """Entries to commit."""
    done: int = 0
    state: JobState = "queued"
    error: TwinError | None = None
    begun: int = 0
    finished: int | None = None
    task: asyncio.Task[None] | None = None


class Shelf:
    """Plans and jobs by the client that asked. The oldest go first where there are too many."""

    def __init__(self) -> None:
        self._plans: dict[str, Kept] = {}
        self._jobs: dict[str, Job] = {}
        self._of_plan: dict[str, str] = {}
        self._keys: dict[tuple[str, str], str] = {}

    def keep(self, kept: Kept) -> Kept:
        """Keep a plan, in place of the oldest where there is no room."""
        self._plans = {name: each for name, each in self._plans.items() if each.expires > kept.at}
        self._plans[kept.id] = kept
        mine = [each.id for each in self._plans.values() if each.client == kept.client]
        for name in mine[:-_PLANS_OF_ONE]:
            del self._plans[name]
        while len(self._plans) > 1 and (len(self._plans) > _PLANS or self._entries() > _ENTRIES):
            del self._plans[next(iter(self._plans))]
        return kept

    def plan(self, client: str, plan: str, at: int) -> Kept:
        """A plan of this client's that has not expired."""
        kept = self._plans.get(plan)
        if kept is None or kept.client != client or kept.expires <= at:
            raise NotFound(
                "there is no such plan",
                code="plan.unknown",
                help="plans are kept for an hour, and not across a restart: make it again",
            )
        return kept

    def job(self, client: str, job: str) -> Job:
        """A job of this client's."""
        found = self._jobs.get(job)
        if found is None or found.client != client:
            raise NotFound(
                "there is no such job",
                code="job.unknown",
                help="jobs are kept for a day, and not across a restart: plan again, and see what is left",
            )
        return found

    def keyed(self, kept: Kept, key: str | None) -> Job | None:
        """The job that a plan or an idempotency key has already; one that failed counts for its key only."""
        name = None if key is None else self._keys.get((kept.client, key))
        known = None if name is None else self._jobs.get(name)
        if known is not None and known.plan != kept.id:
            raise Conflict(
                "the idempotency key was used for another plan",
                code="key.reused",
                help="choose a new key for each plan",
            )
        if known is not None:
            return known
        found = self._jobs.get(self._of_plan.get(kept.id, ""))
        return None if found is None or found.state == "failed" else found

    def begin(self, kept: Kept, job: Job, key: str | None, at: int) -> None:
        """Keep a new job, in place of old ones that have finished."""
        job.begun = at
        done = [each for each in self._jobs.values() if each.finished is not None]
        for old in [each for each in done if each.begun + _DAY < at] or done[: max(len(self._jobs) - _JOBS + 1, 0)]:
            del self._jobs[old.id]
        self._keys = {name: each for name, each in self._keys.items() if each in self._jobs}
        self._of_plan = {name: each for name, each in self._of_plan.items() if each in self._jobs}
        self._jobs[job.id] = job
        self._of_plan[kept.id] = job.id
        if key is not None:
            self._keys[kept.client, key] = job.id

    def _entries(self) -> int:
        return sum(len(each.made.entries) for each in self._plans.values())
