"""Upgrades carried out: site by site, each in one ChangeSet, with a record before and after.

A site's record names the op_id of its ChangeSet before that is committed. So whatever interrupts it, the log says which
sites have come; the others set out again, from how things are then. A site that fails does not stop the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from twin.engine.upgrading.fleet import FleetPlan, Planner, chosen_sites, plan_fleet
from twin.engine.upgrading.goal import Goal, Owned, find_goal
from twin.engine.upgrading.outcome import Outcome, record_of, restless
from twin.engine.upgrading.records import UpgradedSite, UpgradeRecord
from twin.engine.upgrading.topologies import Options, TopologyUpgrading
from twin.errors import Conflict, TwinError
from twin.graph.model import ChangeSet, Document, Made, Update
from twin.graph.upgrade import Return, SiteUpgrade, way_back
from twin.ids import mint
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from twin.engine.upgrading.outcome import Host
    from twin.engine.upgrading.records import SiteState, UpgradeRecords
    from twin.graph.model import Committed, Entity, Entry

__all__ = ["Upgrading"]

_TRIES = 8


class Upgrading:
    """Upgrades of one twin's sites to later versions of ontologies."""

    def __init__(self, host: Host, records: UpgradeRecords, directories: Iterable[Path] = ()) -> None:
        """``directories`` are where ontologies are looked for."""
        self.host = host
        self.records = records
        self._directories = tuple(directories)

    @property
    def topologies(self) -> TopologyUpgrading:
        """The same for later versions of topologies."""
        return TopologyUpgrading(self.host, self.records, self._directories)

    def plan(self, wanted: Sequence[str], sites: Sequence[str]) -> FleetPlan:
        """What coming to the documents wanted (``NAME@VERSION``, or files) does at the sites; nothing is changed.

        Raises:
            InvalidValue, Conflict: the documents or the sites cannot be what is meant.
            AuthoringError: the documents are wrong, or do not go together with those in force.
        """
        self.host.follow()
        goal = find_goal(wanted, self.host.mirror.documents, self._directories)
        return self._fleet(goal, chosen_sites(self.host.mirror, sites))

    def run(
        self,
        wanted: Sequence[str],
        sites: Sequence[str],
        *,
        allow_delete: bool = False,
        stop_on_error: bool = False,
        told: Callable[[UpgradedSite], None] = lambda _: None,
    ) -> Outcome:
        """Bring the sites there, one by one; ``told`` is told of each. Again does only what is left to do.

        Raises:
            Conflict: ``upgrade.uncovered``, ``plan.deletes``; and as `plan`. Nothing was changed then.
        """
        self.host.follow()
        goal = find_goal(wanted, self.host.mirror.documents, self._directories)
        chosen = chosen_sites(self.host.mirror, sites)
        self.settle(goal.id)
        fleet = self._fleet(goal, chosen)
        fleet.check(allow_delete=allow_delete)
        if not fleet.upgrades:
            return Outcome(goal.id, ())
        self.records.begin(self._record(goal))
        for upgrade in fleet.upgrades:
            self._write(self._next(goal.id, upgrade), "planned")
        return self._bring(goal, [each.site_id for each in fleet.upgrades], stop_on_error=stop_on_error, told=told)

    def resume(
        self, upgrade_id: str, *, stop_on_error: bool = False, told: Callable[[UpgradedSite], None] = lambda _: None
    ) -> Outcome:
        """Go on with an upgrade that was interrupted, or whose sites have failed.

        Raises:
            NotFound: there is no such upgrade.
        """
        record = record_of(self.records, upgrade_id)
        if record.kind == "topology":
            return self.topologies.resume(upgrade_id, Options(stop_on_error=stop_on_error), told)
        self.host.follow()
        self.settle(upgrade_id)
        sites = self.records.sites(upgrade_id)
        back = [site for site in sites if site.state == "returning"]
        returned = self._return(upgrade_id, back, told)
        left = [site.site_id for site in sites if site.state in {"planned", "failed"}]
        documents = msgspec.json.decode(record.documents, type=list[Document])
        goal = Goal(record.name, {each.name: each for each in documents}, dict(self.host.mirror.documents))
        done = self._bring(goal, left, stop_on_error=stop_on_error, told=told) if left else Outcome(upgrade_id, ())
        return Outcome(upgrade_id, (*returned.sites, *done.sites), returned.notes)

    def rollback(
        self, upgrade_id: str, sites: Sequence[str], told: Callable[[UpgradedSite], None] = lambda _: None
    ) -> Outcome:
        """Give sites back what an upgrade has changed, except what users have changed since.

        Raises:
            NotFound: there is no such upgrade. InvalidValue: no such site.
        """
        if record_of(self.records, upgrade_id).kind == "topology":
            return self.topologies.rollback(upgrade_id, sites, told=told)
        self.host.follow()
        self.settle(upgrade_id)
        wanted = {site.id for site in chosen_sites(self.host.mirror, sites)}
        rows = [row for row in self.records.sites(upgrade_id) if row.site_id in wanted and row.state == "done"]
        return self._return(upgrade_id, rows, told)

    def settle(self, upgrade_id: str) -> None:
        """Ask the log what became of sites whose records do not say."""
        for site in self.records.sites(upgrade_id):
            if site.state in {"planned", "failed"} and (known := self.host.store.outcome(site.op_id)) is not None:
                self._write(site, "done", sequence=known.sequence)
            elif site.state == "returning" and (known := self.host.store.outcome(site.op_id_back)) is not None:
                self._write(site, "returned", sequence=known.sequence)

    # There

    def _fleet(self, goal: Goal, sites: Sequence[Entity]) -> FleetPlan:
        return plan_fleet(goal, self.host.mirror, sites)

    def _bring(
        self, goal: Goal, sites: Sequence[str], *, stop_on_error: bool, told: Callable[[UpgradedSite], None]
    ) -> Outcome:
        self._install(goal)
        goal = Goal(goal.name, goal.documents, dict(self.host.mirror.documents))
        planner = Planner(goal, self.host.mirror)
        came: list[UpgradedSite] = []
        for site in sites:
            row = self._come(planner, site)
            if row is not None:
                came.append(row)
                told(row)
                if row.problem and stop_on_error:
                    break
        return Outcome(goal.id, tuple(came))

    def _install(self, goal: Goal) -> None:
        """Put the new documents in force, and keep the older ones for every site that goes by them: from then on each
        site says which version it is at. Nothing else may come in between.
        """
        for _ in range(_TRIES):
            self.host.follow()
            mirror = self.host.mirror
            goal = Goal(goal.name, goal.documents, dict(mirror.documents))
            goal.check()
            if not goal.differs:
                return
            entries = self._pins(goal)
            summary = f"install {goal.name} {goal.version}"
            try:
                self._commit(mint(), entries, summary, documents=goal.installs())
            except Conflict as error:
                if error.code_ != "plan.stale":
                    raise
            else:
                return
        raise restless(f"{goal.name} {goal.version}")

    def _pins(self, goal: Goal) -> list[Entry]:
        """Every site that goes by what is replaced says so."""
        mirror, owned = self.host.mirror, Owned(goal.installed)
        entries: list[Entry] = []
        for site_id in mirror.sites:
            site, entities = mirror.entities[site_id], self._entities(site_id)
            named, (own, _) = owned.named(site, entities), owned.of(site, entities)
            if any(name in own for name in goal.differs):
                said = {name: each.version for name, each in own.items() if name in named or name in goal.differs}
                made = site.made or Made()
                pinned = msgspec.structs.replace(made, ontologies={**made.ontologies, **said})
                entries.append(Update(id=site_id, fields={"made": pinned}))
        return entries

    def _entities(self, site_id: str) -> list[Entity]:
        mirror = self.host.mirror
        return [mirror.entities[each] for each in mirror.intervals(site_id).order]

    def _come(self, planner: Planner, site_id: str) -> UpgradedSite | None:
        """One site, to its end; None: it is there already."""
        record = self.records.site(planner.goal.id, site_id)
        for _ in range(_TRIES):
            self.host.follow()
            site = self.host.mirror.get(site_id)
            if site is None:
                return record and self._write(record, "failed", problem="the site is there no more")
            upgrade = planner.plan(site).upgrade
            if upgrade is None:
                return None
            record = self._write(self._next(planner.goal.id, upgrade), "planned")
            if upgrade.gaps:
                return self._write(record, "failed", problem=f"no step covers: {'; '.join(map(str, upgrade.gaps))}")
            said = ", ".join(f"{name} {before} -> {after}" for name, (before, after) in upgrade.versions.items())
            try:
                done = self._commit(record.op_id, upgrade.entries, f"upgrade {site.key}: {said}", site=site_id)
            except TwinError as error:
                if error.code_ == "plan.stale":
                    continue
                return self._write(record, "failed", problem=f"{error.code_}: {error.message}")
            return self._write(record, "done", sequence=done.sequence)
        return record and self._write(record, "failed", problem=restless(record.site).message)

    def _next(self, upgrade_id: str, upgrade: SiteUpgrade) -> UpgradedSite:
        """The record of a site that sets out: under an op_id that no ChangeSet has yet."""
        known = self.records.site(upgrade_id, upgrade.site_id)
        attempt = 0 if known is None else known.attempt
        if known is not None and self.host.store.outcome(known.op_id) is not None:
            attempt += 1
        return UpgradedSite(
            upgrade=upgrade_id,
            site_id=upgrade.site_id,
            site=upgrade.site,
            state="planned",
            attempt=attempt,
            versions=", ".join(f"{name} {one} -> {other}" for name, (one, other) in upgrade.versions.items()),
            plan=msgspec.json.encode(upgrade),
            sequence=None,
            at=0,
            by="",
            problem="",
        )

    # And back

    def _return(self, upgrade_id: str, sites: Sequence[UpgradedSite], told: Callable[[UpgradedSite], None]) -> Outcome:
        rows: list[UpgradedSite] = []
        notes: list[str] = []
        for site in sites:
            row, way = self._go_back(site)
            rows.append(row)
            if way is not None and not row.problem:
                notes += [f"= {line}" for line in way.kept] + [f"! {line}" for line in way.lost]
            told(row)
        return Outcome(upgrade_id, tuple(rows), tuple(notes))

    def _go_back(self, row: UpgradedSite) -> tuple[UpgradedSite, Return | None]:
        upgrade = msgspec.json.decode(row.plan, type=SiteUpgrade)
        for _ in range(_TRIES):
            self.host.follow()
            way = self._way_back(upgrade)
            if isinstance(way, str):
                return self._write(row, "done", sequence=row.sequence, problem=way), None
            if way.problems:
                return self._write(row, "done", sequence=row.sequence, problem="; ".join(way.problems)), way
            self._write(row, "returning", sequence=row.sequence)
            said = ", ".join(f"{name} {after} -> {before}" for name, (before, after) in upgrade.versions.items())
            try:
                done = self._commit(row.op_id_back, way.entries, f"return {row.site}: {said}", site=row.site_id)
            except TwinError as error:
                if error.code_ == "plan.stale":
                    continue
                problem = f"{error.code_}: {error.message}"
                return self._write(row, "done", sequence=row.sequence, problem=problem), way
            return self._write(row, "returned", sequence=done.sequence), way
        return self._write(row, "done", sequence=row.sequence, problem=restless(row.site).message), None

    def _way_back(self, upgrade: SiteUpgrade) -> Return | str:
        mirror = self.host.mirror
        site = mirror.get(upgrade.site_id)
        if site is None:
            return "the site is there no more"
        at = {} if site.made is None else site.made.ontologies
        later = [name for name, (_, after) in upgrade.versions.items() if at.get(name) != after]
        if later:
            return f"it is at {later[0]} {at.get(later[0])} by now: return it from there first"
        made = site.made or Made()
        before = msgspec.structs.replace(
            site,
            made=msgspec.structs.replace(
                made, ontologies={**at, **{name: one for name, (one, _) in upgrade.versions.items()}}
            ),
        )
        _, ontology = Owned(mirror.documents).of(before, ())
        return way_back(upgrade, self._entities(site.id), ontology)

    # What both do

    def _commit(
        self,
        op_id: str,
        entries: Sequence[Entry],
        summary: str,
        *,
        documents: tuple[Document, ...] = (),
        site: str | None = None,
    ) -> Committed:
        return self.host.commit(
            ChangeSet(
                op_id=op_id,
                actor=self.host.actor,
                at=now(),
                entries=tuple(entries),
                documents=documents,
                summary=summary,
                expected_head=self.host.mirror.head,
                site=site,
            )
        )

    def _write(
        self, row: UpgradedSite, state: SiteState, *, sequence: int | None = None, problem: str = ""
    ) -> UpgradedSite:
        row.state, row.sequence, row.problem = state, sequence, problem
        row.at, row.by = now(), self.host.actor.name
        self.records.write(row)
        return row

    def _record(self, goal: Goal) -> UpgradeRecord:
        documents = msgspec.json.encode(list(goal.documents.values())).decode()
        return UpgradeRecord(
            id=goal.id,
            kind="ontology",
            name=goal.name,
            version=goal.version,
            documents=documents,
            at=now(),
            by=self.host.actor.name,
        )
