"""Plans that clients ask a server for, and the jobs that carry them out.

The loop only gathers what a plan looks at, and commits; reading documents, expanding and comparing happen on a thread.
Plans and jobs are kept in memory, by the client that asked: another client's do not exist. A restart forgets both;
what was committed stays, and a plan made anew holds only the rest.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec
import structlog

from twin.engine.discretion import check_discreet
from twin.engine.excerpt import Excerpt, excerpt
from twin.engine.installing import check_documents
from twin.engine.keeping import Job, Kept, Shelf
from twin.engine.library import Library
from twin.engine.planning import check_applicable, make_plan, plan_changesets
from twin.engine.quiet import Quiet, uncollected
from twin.errors import (
    AuthoringError,
    BackendError,
    Conflict,
    Diagnostic,
    Forbidden,
    TooMany,
    TwinError,
)
from twin.ids import is_key, mint
from twin.ontology.compile import compile_ontology
from twin.source import Diagnostics, Source
from twin.times import now
from twin.topology.expand import check_topology
from twin.topology.plan import Take
from twin.topology.template import read_topology

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from pathlib import Path

    from twin.graph.mirror import Mirror
    from twin.graph.model import Actor, ChangeSet, Committed
    from twin.state.current import Current
    from twin.topology.plan import Plan

__all__ = ["Asked", "Authoring", "Checked", "DocumentKind"]

T = TypeVar("T")

_WAITING = 8
"""How many plans may be waiting to be made."""
_RUNNING = 2
"""How many jobs commit at a time; the others wait their turn."""
_TRIES = 300
"""How often a part is sent to a store that takes nothing: a disk may be full for some minutes."""
_PAUSE_SECONDS = 1.0

DocumentKind = Literal["ontology", "topology"]

log = structlog.get_logger(__name__)


class Checked(msgspec.Struct, frozen=True):
    """What was found of a document: its name and version, empty where it is wrong."""

    name: str
    version: str
    diagnostics: tuple[Diagnostic, ...]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A plan as it is asked for. Files are names for diagnostics: nothing is read from a disk by them."""

    topology: Source
    site: str
    parameters: dict[str, Any] = {}
    tables: dict[str, Source] = {}
    ontologies: dict[str, Source] = {}
    """By name: looked at before those in force, and before those that are shipped."""
    take: Take | None = None


class Authoring:
    """What a server does for authors. Everything but the heavy work is on the loop."""

    def __init__(
        self,
        mirror: Mirror,
        commit: Callable[[ChangeSet], Awaitable[Committed]],
        current: Current | None = None,
        names: Callable[[], Callable[[str], str]] = lambda: str,
        ontology_path: Iterable[Path] = (),
    ) -> None:
        """``current``: what the readings of what a plan deletes are counted in; ``names``: what gives the names of
        those who changed something last, asked for anew for each plan.
        """
        self._mirror = mirror
        self._commit = commit
        self._current = current
        self._names = names
        self._library = Library(ontology_path)
        self._thread = ThreadPoolExecutor(1, "twin-plans")
        self._turns = asyncio.Semaphore(_RUNNING)
        self._quiet = Quiet()
        self._waiting = 0
        self._shelf = Shelf()
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Stop: what is committed stays, the rest of a job does not happen."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)

    async def check(self, kind: DocumentKind, source: Source, ontologies: Mapping[str, Source]) -> Checked:
        """Everything wrong with a document, and what is probably wrong; the worst first."""
        documents = tuple(self._mirror.documents.values())
        find = self._finder(documents, ontologies)
        return await self._heavy(partial(_checked, kind, source, find))

    async def plan(
        self, client: str, asked: Asked, *, install: bool, private: bool, discreet: bool = False, reveal: bool = True
    ) -> Kept:
        """Make a plan and keep it for a client. ``install``: whether it may bring ontologies into force; ``private``:
        whether readings of private points count in what it says; ``discreet``: whether what was applied before may be
        private, and the client may not read that; ``reveal``: whether it may change ontologies in force, which say what
        is private.

        Raises:
            AuthoringError: a document or a parameter is wrong; carries every diagnostic.
            Conflict: the site, or a path in it, is taken by something else; or an ontology is in use elsewhere.
            Forbidden: it would change what is in force for others, or bring to light what is private, and may not.
            TooMany: too many plans are being made.
        """
        piece = await excerpt(self._mirror, asked.site)
        report = Diagnostics()
        find = self._finder(piece.documents, asked.ontologies)
        current = self._current if private else None
        made = await self._heavy(lambda: _made(piece, asked, find, report, current, self._names(), discreet=discreet))
        if made.documents and not install:
            raise Forbidden(
                "this would bring another ontology into force, for every site",
                code="ontology.foreign",
                help="use what is in force, or have a client that may touch every site apply it first",
            )
        if not reveal and any(each.name in self._mirror.documents for each in made.documents):
            raise Forbidden(
                "this would change an ontology that says what is private",
                code="ontology.foreign",
                help="use what is in force, or have a client apply it that may read what is private",
            )
        if not reveal:
            before = {each.id: each for each in piece.entities}
            in_force = {each.name: each for each in piece.documents}
            await self._heavy(partial(check_discreet, made, before, in_force))
        check_documents(made, self._mirror)  # the excerpt knows nothing of other sites
        return self._shelf.keep(Kept(id=mint(), client=client, made=made, warnings=report.all, at=now()))

    def kept(self, client: str, plan: str) -> Kept:
        """A plan that this client has asked for; `NotFound` otherwise."""
        return self._shelf.plan(client, plan, now())

    def job(self, client: str, job: str) -> Job:
        """A job that this client has begun; `NotFound` otherwise."""
        return self._shelf.job(client, job)

    def apply(self, kept: Kept, actor: Actor, *, allow_delete: bool = False, key: str | None = None) -> Job:
        """Begin to carry out a plan. A plan has one job, however often it is asked for, unless that has failed.

        Raises:
            Conflict: it deletes and may not, fields are in conflict, its site has changed since, or the idempotency
                key was used for another plan.
        """
        known = self._shelf.keyed(kept, key)
        if known is not None:
            return known
        check_applicable(kept.made, self._mirror, allow_delete=allow_delete)
        _check_fresh(kept.made, self._mirror)
        job = Job(id=mint(), client=kept.client, plan=kept.id, site=kept.made.site, total=len(kept.made.entries))
        self._shelf.begin(kept, job, key, now())
        job.task = asyncio.create_task(self._carry_out(job, kept.made, actor))
        self._tasks.add(job.task)
        job.task.add_done_callback(self._tasks.discard)
        return job

    async def _carry_out(self, job: Job, made: Plan, actor: Actor) -> None:
        try:
            async with self._turns:
                with self._quiet.work():
                    job.state = "running"
                    parts = await asyncio.to_thread(plan_changesets, made, actor, now())
                    for part in parts:
                        await self._persist(part)
                        job.done += len(part.entries)
            job.done, job.state = job.total, "done"
        except TwinError as error:
            job.state, job.error = "failed", error
        except asyncio.CancelledError:
            job.state, job.error = "failed", BackendError("the twin is stopping", code="engine.stopping")
        except Exception as error:
            job.state, job.error = "failed", BackendError("the twin made a mistake", code="job.failed")
            log.exception("job.failed", job=job.id, error=str(error))
        finally:
            job.finished = now()

    async def _persist(self, part: ChangeSet) -> None:
        """Commit one part; where the store takes nothing just now, or does not say what became of it, send it again
        with the same op_id.
        """
        for _ in range(_TRIES):
            try:
                await self._commit(part)
            except BackendError as error:
                if error.code_ == "engine.stopping":
                    raise
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return
        await self._commit(part)

    async def _heavy(self, work: Callable[[], T]) -> T:
        if self._waiting >= _WAITING:
            raise TooMany(
                "too many plans are being made", code="plan.busy", help="try again in some seconds, one plan at a time"
            )
        self._waiting += 1
        try:
            with self._quiet.work():
                return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._waiting -= 1

    def _finder(self, documents: Iterable[Any], given: Mapping[str, Source]) -> Callable[[str], Source | None]:
        in_force = {each.name: Source(f"{each.name}.yaml", each.text) for each in documents}

        def find(name: str) -> Source | None:
            found = given.get(name) or in_force.get(name)
            # A document chooses this name, and it becomes part of a path.
            if found is None and is_key(name) and (shipped := self._library.find(name)) is not None:
                return Source(f"{name}.yaml", shipped.text)  # where it lies here is nobody's business
            return found

        return find


def _made(
    piece: Excerpt,
    asked: Asked,
    find: Callable[[str], Source | None],
    report: Diagnostics,
    current: Current | None,
    names: Callable[[str], str],
    *,
    discreet: bool,
) -> Plan:
    return make_plan(
        piece.mirror(),
        asked.topology,
        find,
        site=asked.site,
        parameters=asked.parameters,
        tables=asked.tables,
        take=asked.take,
        report=report,
        current=current,
        names=names,
        discreet=discreet,
    )


def _checked(kind: DocumentKind, source: Source, find: Callable[[str], Source | None]) -> Checked:
    report = Diagnostics()
    try:
        if kind == "topology":
            with uncollected():
                template = read_topology(source, find)
                check_topology(template, report)
            return Checked(template.name, template.version, report.all)
        document = compile_ontology([source], find, report).documents[-1]  # what it imports comes first
    except AuthoringError as error:
        return Checked("", "", error.diagnostics)
    return Checked(document.name, document.version, report.all)


def _check_fresh(made: Plan, mirror: Mirror) -> None:
    """Say at once what the first commit would say: that the site has changed since."""
    site = mirror.by_path(made.site)
    now_id = None if site is None else site.id
    if now_id != made.site_id or (now_id is not None and mirror.sites.get(now_id, 0) > made.head):
        raise Conflict(
            "the plan is stale: its site has changed since it was made",
            code="plan.stale",
            help="make the plan again and look at what differs",
        )
