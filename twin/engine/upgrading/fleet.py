"""What an upgrade does at every site, before anything is changed: a row for each, and what has no step."""

from __future__ import annotations

from collections import Counter
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from twin.engine.upgrading.goal import Owned
from twin.errors import Conflict, InvalidValue
from twin.graph import query
from twin.graph.model import CONTAINS
from twin.graph.upgrade import Gap, SiteUpgrade, upgrade_site
from twin.ids import sort_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from twin.engine.upgrading.goal import Goal
    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity
    from twin.graph.upgrade import Ways
    from twin.ontology.model import Ontology

__all__ = ["FleetPlan", "Planner", "SiteRow", "chosen_sites", "counted", "plan_fleet", "table"]

_COLUMNS = {
    "change": "entities",
    "rename": "renamed",
    "convert": "converted",
    "default": "defaults",
    "remove": "removed",
    "delete": "deleted",
    "warn": "warnings",
    "keep": "edits kept",
}
_FIGURE = 10
_MOST_GAPS = 20


class SiteRow(msgspec.Struct, frozen=True):
    """One site of the plan."""

    site: str
    said: str
    """``home 1.4.0 -> 2.0.0``, or why nothing is to be done."""
    counts: dict[str, int] = {}
    upgrade: SiteUpgrade | None = None
    """None: nothing is to be done there."""

    def as_dict(self) -> dict[str, Any]:
        """As data."""
        upgrade = self.upgrade
        versions = {} if upgrade is None else {name: list(pair) for name, pair in upgrade.versions.items()}
        lines = [] if upgrade is None else list(upgrade.lines())
        warnings = [] if upgrade is None else list(upgrade.warnings)
        return {
            "site": self.site,
            "said": self.said,
            "versions": versions,
            "counts": self.counts,
            "changes": lines,
            "warnings": warnings,
        }


class FleetPlan(msgspec.Struct, frozen=True):
    """The plan over all sites that were asked for."""

    id: str
    name: str
    version: str
    rows: tuple[SiteRow, ...]
    gaps: dict[Gap, int]
    """What no step covers -> at how many sites."""
    breaking: tuple[tuple[str, str], ...]
    """What breaks between the newest in force and the goal: (subject, what is said of it)."""

    @property
    def upgrades(self) -> tuple[SiteUpgrade, ...]:
        """The sites that there is something to do at."""
        return tuple(row.upgrade for row in self.rows if row.upgrade is not None)

    @property
    def deletes(self) -> int:
        """How many entities go with their types."""
        return sum(len(each.deletes) for each in self.upgrades)

    def check(self, *, allow_delete: bool = False) -> None:
        """Raise `Conflict` where it cannot be done as it stands: ``upgrade.uncovered``, ``plan.deletes``."""
        if self.gaps:
            told = [f"{gap} ({counted(sites, 'site')})" for gap, sites in [*self.gaps.items()][:_MOST_GAPS]]
            raise Conflict(
                f"{self.name} {self.version} is different in what no step covers:\n  " + "\n  ".join(told),
                code="upgrade.uncovered",
                gaps=[{**msgspec.to_builtins(gap), "sites": sites} for gap, sites in self.gaps.items()],
                help=f"add the steps to 'migrations' of {self.name}, and plan again; nothing was changed",
            )
        if self.deletes and not allow_delete:
            raise Conflict(
                f"the upgrade deletes {self.deletes} entities, whose types are removed",
                code="plan.deletes",
                deletes=self.deletes,
                help="look at the lines with '-', then go on with --allow-delete; what is deleted does not come back",
            )

    def as_dict(self) -> dict[str, Any]:
        """As data."""
        return {
            "id": self.id,
            "name": self.name,
            "version": self.version,
            "sites": [row.as_dict() for row in self.rows],
            "uncovered": [{**msgspec.to_builtins(gap), "sites": sites} for gap, sites in self.gaps.items()],
            "breaking": [{"subject": subject, "change": said} for subject, said in self.breaking],
        }

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"Upgrade {self.id}"
        if self.breaking:
            yield f"Breaking in {self.name} {self.version}:"
            yield from (f"  {subject}  {said}" for subject, said in self.breaking)
        yield from table(self.rows, _COLUMNS)
        for row in self.rows:
            yield from (f"! {warning}" for warning in (row.upgrade.warnings if row.upgrade is not None else ()))
        if self.gaps:
            yield "Covered by no step:"
            yield from (f"  {gap} ({counted(sites, 'site')})" for gap, sites in self.gaps.items())
        yield self.summary

    @property
    def summary(self) -> str:
        """The last line."""
        upgrades = self.upgrades
        if not upgrades:
            return f"No changes: every site is at {self.name} {self.version}, or does not use it."
        entities = sum(each.counts()["change"] for each in upgrades)
        needs = " Needs --allow-delete." if self.deletes else ""
        needs += f" {counted(len(self.gaps), 'difference')} without a step." if self.gaps else ""
        return f"Plan: {counted(len(upgrades), 'site')} to upgrade, {counted(entities, 'entity')} to change.{needs}"


def counted(number: int, word: str) -> str:
    """``1 site``, ``2 sites``, ``3 entities``."""
    plural = f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"
    return f"{number} {word if number == 1 else plural}"


class Row(Protocol):
    """A site's line of a table."""

    @property
    def site(self) -> str:
        """Its key."""

    @property
    def said(self) -> str:
        """Its versions."""

    @property
    def counts(self) -> Mapping[str, int]:
        """Its figures by the names of the columns; none where nothing is to be done."""


def table(rows: Sequence[Row], columns: Mapping[str, str]) -> Iterator[str]:
    """A line for each site, under the titles of those columns that say anything."""
    width = max([4, *(len(row.site) for row in rows)])
    versions = max([8, *(len(row.said) for row in rows)])
    used = {name: title for name, title in columns.items() if any(row.counts.get(name) for row in rows)}
    titles = "".join(f"  {title:>{_FIGURE}}" for title in used.values())
    yield f"{'site':<{width}}  {'versions':<{versions}}{titles}".rstrip()
    for row in rows:
        figures = "".join(f"  {row.counts.get(name, 0):>{_FIGURE}}" for name in used) if row.counts else ""
        yield f"{row.site:<{width}}  {row.said:<{versions}}{figures}".rstrip()


class Planner:
    """Plans sites one by one; what they have in common is worked out once."""

    def __init__(self, goal: Goal, mirror: Mirror) -> None:
        self.goal = goal
        self.mirror = mirror
        self._owned = Owned(goal.installed)
        self._ways: dict[int, tuple[Ontology, Ways]] = {}

    def plan(self, site: Entity) -> SiteRow:
        """The plan of one site, as it is now."""
        mirror, entities = self.mirror, self._entities(site)
        own, before = self._owned.of(site, entities)
        versions = self.goal.versions(own)
        if not versions:
            used = own.get(self.goal.name)
            return SiteRow(site.key, f"{self.goal.name} {used.version}" if used else f"does not use {self.goal.name}")
        relations = self._relations(entities)
        ways = self._way(before, versions)
        made = upgrade_site(site, entities, ways, versions, _Around(mirror), relations)
        said = ", ".join(f"{name} {before} -> {after}" for name, (before, after) in versions.items())
        return SiteRow(site.key, said, made.counts(), made)

    def _way(self, before: Ontology, versions: dict[str, tuple[str, str]]) -> Ways:
        if id(before) not in self._ways:
            self._ways[id(before)] = (before, self.goal.ways(before, versions))
        return self._ways[id(before)][1]

    def _entities(self, site: Entity) -> list[Entity]:
        return [self.mirror.entities[each] for each in self.mirror.intervals(site.id).order]

    def _relations(self, entities: Sequence[Entity]) -> set[str]:
        graph = self.mirror.graph
        return {key for entity in entities for keys in graph.adj[entity.id].values() for key in keys if key != CONTAINS}


class _Around:
    """What rules of splits ask of the graph; what a view includes is looked up once."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._inside: dict[str, frozenset[str]] = {}

    def covers(self, view: str, entity: Entity, /) -> bool:
        """Whether the view at this path includes an entity."""
        if view not in self._inside:
            found = self._mirror.by_path(view)
            inside = [] if found is None else query.select(self._mirror, within=found).items
            self._inside[view] = frozenset(each.id for each in inside)
        return entity.id in self._inside[view]


def chosen_sites(mirror: Mirror, patterns: Sequence[str]) -> list[Entity]:
    """The sites of some keys: ``all``, ``k1,k2``, ``block-*``; in natural order.

    Raises:
        InvalidValue: a pattern names no site.
    """
    known = sorted((mirror.entities[site] for site in mirror.sites), key=lambda site: sort_key(site.key))
    found: dict[str, Entity] = {}
    for pattern in [each.strip() for one in patterns for each in one.split(",") if each.strip()]:
        named = [site for site in known if pattern == "all" or fnmatchcase(site.key, pattern)]
        if not named and pattern != "all":
            raise InvalidValue(
                f"there is no site {pattern!r}",
                code="site.unknown",
                help=f"sites: {', '.join(site.key for site in known[:_MOST_GAPS]) or 'none yet'}",
            )
        found |= {site.id: site for site in named}
    return [site for site in known if site.id in found]


def plan_fleet(goal: Goal, mirror: Mirror, sites: Sequence[Entity]) -> FleetPlan:
    """What coming to the goal does at each of the sites; nothing is changed."""
    goal.check()
    planner = Planner(goal, mirror)
    rows = [planner.plan(site) for site in sites]
    gaps = Counter(gap for row in rows if row.upgrade is not None for gap in row.upgrade.gaps)
    breaking = tuple((each.subject, f"{each.said}: {each.reason}") for each in goal.breaking)
    return FleetPlan(goal.id, goal.name, goal.version, tuple(rows), dict(sorted(gaps.items())), breaking)
