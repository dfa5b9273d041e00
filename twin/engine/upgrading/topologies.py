"""A later version of a topology for the sites that are made of it: planned over all, applied site by site, recorded.

Every site keeps its own parameters and tables. A site that is interrupted is planned again from how it is then, so
nothing is done twice; a site goes back by the topology that it was made of before, and its parameters of then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from twin.engine.library import Library, read_source
from twin.engine.planning import check_applicable, make_plan, plan_changesets
from twin.engine.upgrading.fleet import chosen_sites, counted, table
from twin.engine.upgrading.outcome import Outcome, record_of, restless
from twin.engine.upgrading.records import UpgradedSite, UpgradeRecord
from twin.engine.versions import site_documents
from twin.errors import AuthoringError, Conflict, NotFound, TwinError
from twin.graph.model import Document, Made
from twin.source import Source
from twin.times import now
from twin.topology.plan import Plan, Take
from twin.topology.template import read_topology

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from twin.engine.upgrading.outcome import Host
    from twin.engine.upgrading.records import SiteState, UpgradeRecords
    from twin.graph.model import Entity

__all__ = ["Options", "TopologyFleet", "TopologyRow", "TopologyUpgrading"]

_TRIES = 8
_COLUMNS = {"create": "created", "change": "changed", "move": "moved", "delete": "deleted", "conflict": "conflicts"}


class TopologyRow(msgspec.Struct, frozen=True):
    """One site of the plan."""

    site: str
    site_id: str
    said: str
    counts: dict[str, int] = {}
    plan: Plan | None = None
    """None: nothing is to be done, or it cannot be."""
    problem: str = ""
    made: Made | None = None
    """What it is made of before."""

    def as_dict(self) -> dict[str, Any]:
        """As data."""
        plan = None if self.plan is None else self.plan.as_dict()
        return {"site": self.site, "said": self.said, "counts": self.counts, "problem": self.problem, "plan": plan}


class TopologyFleet(msgspec.Struct, frozen=True):
    """The plan over all sites that were asked for."""

    id: str
    name: str
    version: str
    source: Source
    rows: tuple[TopologyRow, ...]

    @property
    def upgrades(self) -> tuple[TopologyRow, ...]:
        """The sites that there is something to do at, whether or not it can be done."""
        return tuple(row for row in self.rows if row.problem or row.plan is not None)

    def total(self, verb: str) -> int:
        """How often something is done, over all sites."""
        return sum(row.counts.get(verb, 0) for row in self.rows)

    def check(self, *, allow_delete: bool = False) -> None:
        """Raise `Conflict` where it cannot be done as it stands: ``plan.conflict``, ``plan.deletes``."""
        if self.total("conflict"):
            raise Conflict(
                f"users and the topology have both changed {self.total('conflict')} fields",
                code="plan.conflict",
                help="plan one of the sites to see them, then say whose value it shall be: --take topology, or live",
            )
        if self.total("delete") and not allow_delete:
            raise Conflict(
                f"the upgrade deletes {counted(self.total('delete'), 'entity')}",
                code="plan.deletes",
                deletes=self.total("delete"),
                help="look at the table, then go on with --allow-delete",
            )

    def as_dict(self) -> dict[str, Any]:
        """As data."""
        sites = [row.as_dict() for row in self.rows]
        return {"id": self.id, "name": self.name, "version": self.version, "sites": sites}

    def __str__(self) -> str:
        lines = [f"Upgrade {self.id}", *table(self.rows, _COLUMNS)]
        lines += [f"! {row.site}: {row.problem}" for row in self.rows if row.problem]
        return "\n".join([*lines, self.summary])

    @property
    def summary(self) -> str:
        """The last line."""
        ready = [row for row in self.rows if row.plan is not None]
        if not self.upgrades:
            return f"No changes: every site is as {self.name} {self.version} says, or is not made of it."
        words = ", ".join(f"{self.total(verb)} {said}" for verb, said in _COLUMNS.items() if self.total(verb))
        needs = " Needs --allow-delete." if self.total("delete") else ""
        needs += " Needs --take." if self.total("conflict") else ""
        wrong = len(self.upgrades) - len(ready)
        cannot = f" {counted(wrong, 'site')} cannot." if wrong else ""
        return f"Plan: {counted(len(ready), 'site')} to upgrade: {words or 'no entity changed'}.{cannot}{needs}"


class Options(msgspec.Struct, frozen=True):
    """How a topology is applied."""

    parameters: Mapping[str, Any] = {}
    """For all sites, in place of their own."""
    tables: Mapping[str, str] = {}
    take: Take | None = None
    allow_delete: bool = False
    stop_on_error: bool = False


_USUAL = Options()


class TopologyUpgrading:
    """Upgrades of one twin's sites to a later version of a topology."""

    def __init__(self, host: Host, records: UpgradeRecords, directories: Iterable[Path] = ()) -> None:
        """``directories`` are where ontologies are looked for."""
        self.host = host
        self.records = records
        self._directories = tuple(directories)

    def plan(self, topology: Path | Source, sites: Sequence[str], options: Options = _USUAL) -> TopologyFleet:
        """What the topology makes of the sites that are made of it; nothing is changed.

        Raises:
            AuthoringError: the topology is wrong. InvalidValue: no such site, or the file cannot be read.
        """
        self.host.follow()
        source = topology if isinstance(topology, Source) else read_source(topology)
        template = read_topology(source, self._finder(source, None))
        rows = tuple(self._row(source, site, template.name, options) for site in chosen_sites(self.host.mirror, sites))
        digest = hashlib.sha256(source.text.encode()).hexdigest()[:6]
        upgrade_id = f"{template.name}-{template.version}-{digest}"
        return TopologyFleet(upgrade_id, template.name, template.version, source, rows)

    def run(
        self, fleet: TopologyFleet, options: Options = _USUAL, told: Callable[[UpgradedSite], None] = lambda _: None
    ) -> Outcome:
        """Carry a plan out, site by site. Again does only what is left to do.

        Raises:
            Conflict: it deletes and may not, or fields are in conflict; nothing was changed then.
        """
        fleet.check(allow_delete=options.allow_delete)
        if not fleet.upgrades:
            return Outcome(fleet.id, ())
        self.records.begin(self._record(fleet))
        rows = [self._write(self._planned(fleet, row), "planned") for row in fleet.upgrades]
        return self._bring(fleet.id, fleet.source, rows, options, told)

    def resume(
        self, upgrade_id: str, options: Options = _USUAL, told: Callable[[UpgradedSite], None] = lambda _: None
    ) -> Outcome:
        """Go on with an upgrade that was interrupted, or whose sites have failed.

        Raises:
            NotFound: there is no such upgrade.
        """
        source = self._source(record_of(self.records, upgrade_id))
        rows = [row for row in self.records.sites(upgrade_id) if row.state in {"planned", "failed"}]
        return self._bring(upgrade_id, source, rows, options, told)

    def rollback(
        self,
        upgrade_id: str,
        sites: Sequence[str],
        options: Options = _USUAL,
        *,
        older: Path | None = None,
        told: Callable[[UpgradedSite], None] = lambda _: None,
    ) -> Outcome:
        """Make sites as the version says that they were made of before. ``older`` is its file, where no upgrade has
        brought it, so that no record has its text.

        Raises:
            NotFound: there is no such upgrade. InvalidValue: no such site.
        """
        record = record_of(self.records, upgrade_id)
        self.host.follow()
        wanted = {site.id for site in chosen_sites(self.host.mirror, sites)}
        rows = [row for row in self.records.sites(upgrade_id) if row.site_id in wanted and row.state == "done"]
        came = []
        for row in rows:
            came.append(self._go_back(row, record.name, older, options))
            told(row)
        return Outcome(upgrade_id, tuple(came))

    def _row(self, source: Source, site: Entity, name: str, options: Options) -> TopologyRow:
        if site.instance != name:
            return TopologyRow(site.key, site.id, f"not made of {name}")
        made = site.made or Made()
        try:
            found = self._made(source, site, options)
        except TwinError as error:
            return TopologyRow(site.key, site.id, f"{name} {made.version}", problem=_problem(error), made=made)
        if found.empty and not found.conflicts:
            return TopologyRow(site.key, site.id, f"{name} {made.version}")
        said = f"{name} {made.version or '?'} -> {found.version}"
        return TopologyRow(site.key, site.id, said, dict.fromkeys(_COLUMNS, 0) | found.counts, found, made=made)

    def _made(self, source: Source, site: Entity, options: Options) -> Plan:
        return make_plan(
            self.host.mirror,
            source,
            self._finder(source, site),
            site=site.key,
            parameters=options.parameters,
            tables={name: Source(f"{name} as applied before", text) for name, text in options.tables.items()},
            take=options.take,
        )

    def _finder(self, source: Source, site: Entity | None) -> Callable[[str], Source | None]:
        """Ontologies: beside the topology, in the directories, as the site goes by them, as installed, as shipped."""
        installed = self.host.mirror.documents
        own = installed if site is None else {**installed, **site_documents(site, installed)}
        named = Library((Path(source.file).resolve().parent, *self._directories))
        shipped = named.directories[-1]

        def find(name: str) -> Source | None:
            found = named.find(name)
            held = own.get(name)
            if held is not None and (found is None or Path(found.file).parent == shipped):
                return Source(held.file, held.text)
            return found

        return find

    def _bring(
        self,
        upgrade_id: str,
        source: Source,
        rows: Sequence[UpgradedSite],
        options: Options,
        told: Callable[[UpgradedSite], None],
    ) -> Outcome:
        came: list[UpgradedSite] = []
        for row in rows:
            came.append(self._apply(row, source, options, "done"))
            told(row)
            if row.problem and options.stop_on_error:
                break
        return Outcome(upgrade_id, tuple(came))

    def _go_back(self, row: UpgradedSite, name: str, older: Path | None, options: Options) -> UpgradedSite:
        made = msgspec.json.decode(row.plan, type=Made)
        source = read_source(older) if older is not None else self._known(name, made.version)
        if source is None:
            problem = f"no record has the text of {name} {made.version}: give its file with --topology FILE"
            return self._write(row, "done", sequence=row.sequence, problem=problem)
        then = msgspec.structs.replace(options, parameters=made.parameters, tables=made.tables)
        return self._apply(row, source, then, "returned")

    def _apply(self, row: UpgradedSite, source: Source, options: Options, state: SiteState) -> UpgradedSite:
        """One site, to its end; planned again from how it is now."""
        failed: SiteState = "failed" if state == "done" else "done"
        for _ in range(_TRIES):
            self.host.follow()
            site = self.host.mirror.get(row.site_id)
            if site is None:
                return self._write(row, "failed", problem="the site is there no more")
            try:
                found = self._made(source, site, options)
                check_applicable(found, self.host.mirror, allow_delete=options.allow_delete)
                done = [self.host.commit(part) for part in plan_changesets(found, self.host.actor, now())]
            except TwinError as error:
                if error.code_ == "plan.stale":
                    continue
                return self._write(row, failed, sequence=row.sequence, problem=_problem(error))
            return self._write(row, state, sequence=done[-1].sequence if done else row.sequence)
        return self._write(row, failed, sequence=row.sequence, problem=restless(row.site).message)

    def _planned(self, fleet: TopologyFleet, row: TopologyRow) -> UpgradedSite:
        known = self.records.site(fleet.id, row.site_id)
        going_on = known is not None and known.state in {"planned", "failed"}
        return UpgradedSite(
            upgrade=fleet.id,
            site_id=row.site_id,
            site=row.site,
            state="planned",
            attempt=0 if known is None else known.attempt,
            versions=row.said,
            plan=known.plan if known is not None and going_on else msgspec.json.encode(row.made or Made()),
            sequence=None,
            at=0,
            by="",
            problem="",
        )

    def _write(
        self, row: UpgradedSite, state: SiteState, *, sequence: int | None = None, problem: str = ""
    ) -> UpgradedSite:
        row.state, row.sequence, row.problem = state, sequence, problem
        row.at, row.by = now(), self.host.actor.name
        self.records.write(row)
        return row

    def _record(self, fleet: TopologyFleet) -> UpgradeRecord:
        document = Document(fleet.name, fleet.version, fleet.source.file, fleet.source.text)
        return UpgradeRecord(
            id=fleet.id,
            kind="topology",
            name=fleet.name,
            version=fleet.version,
            documents=msgspec.json.encode([document]).decode(),
            at=now(),
            by=self.host.actor.name,
        )

    def _source(self, record: UpgradeRecord) -> Source:
        (document,) = msgspec.json.decode(record.documents, type=list[Document])
        return Source(document.file, document.text)

    def _known(self, name: str, version: str) -> Source | None:
        """The text of a version that an upgrade has brought."""
        for record in self.records.upgrades():
            if (record.kind, record.name, record.version) == ("topology", name, version):
                return self._source(record)
        return None


def _problem(error: TwinError) -> str:
    if isinstance(error, AuthoringError):
        return "; ".join(f"{each.code}: {each.message}" for each in error.diagnostics if each.severity == "error")
    if isinstance(error, NotFound | Conflict) and error.help:
        return f"{error.code_}: {error.message} ({error.help})"
    return f"{error.code_}: {error.message}"
