"""``twin upgrade``: live sites to a later version of an ontology or a topology, with a record, and back."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from twin.cli.options import DEFAULT_DATA, Data, Json, OntologyPath, Parameters, parameters
from twin.cli.output import Output
from twin.errors import AuthoringError, InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.engine.upgrading import FleetPlan, Outcome, TopologyFleet, UpgradedSite, UpgradeRecords, Upgrading

__all__ = ["upgrade"]

_CHANGES = 2
_DAY = "%d %b %Y %H:%M"

Take: TypeAlias = Literal["topology", "live"]


def upgrade(
    ontology: Annotated[
        list[str],
        typer.Option("--ontology", metavar="NAME@VERSION|FILE", help="The ontology to come to; repeatable."),
    ] = [],
    topology: Annotated[
        Path | None, typer.Option("--topology", metavar="FILE", help="The topology to come to.")
    ] = None,
    sites: Annotated[
        list[str], typer.Option("--sites", metavar="KEYS", help="Which: all, k1,k2 or 'prefix*'; repeatable.")
    ] = [],
    sets: Parameters = [],
    resume: Annotated[str | None, typer.Option("--resume", metavar="ID", help="Go on with an upgrade.")] = None,
    rollback: Annotated[str | None, typer.Option("--rollback", metavar="ID", help="Bring sites back.")] = None,
    show: Annotated[str | None, typer.Option("--show", metavar="ID", help="What became of each site.")] = None,
    data: Data = DEFAULT_DATA,
    ontology_path: OntologyPath = [],
    take: Annotated[
        Take | None,
        typer.Option("--take", help="With a topology: whose value a field gets that users have changed too."),
    ] = None,
    *,
    listed: Annotated[bool, typer.Option("--list", help="Which upgrades there were.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it does at each site; change nothing.")] = False,
    allow_delete: Annotated[bool, typer.Option("--allow-delete", help="Go on although it deletes.")] = False,
    stop_on_error: Annotated[bool, typer.Option("--stop-on-error", help="Stop at the first site that fails.")] = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="With --dry-run: exit with 2 when there are changes.")
    ] = False,
    json: Json = False,
) -> None:
    """Bring live sites to a later ontology or topology, and back.

    Readings, wishes and what users have set go along. See what it does at each site with --dry-run first.
    """
    output = Output(json=json)
    _check(ontology, topology, sites, resume or rollback or show, listed=listed, rollback=rollback)
    with _upgrading(data, ontology_path) as found:
        if listed:
            output.result(*_list(found.records))
        elif show is not None:
            output.result(*_show(found.records, show))
        elif rollback is not None:
            _finish(output, _rolled_back(found, rollback, sites, topology, take, output, allow_delete=allow_delete))
        elif resume is not None:
            given = _Given(found, [], None, [], {}, take, allow_delete, stop_on_error)
            _finish(output, given.resumed(resume, _told(output)))
        else:
            given = _Given(found, ontology, topology, sites, parameters(sets), take, allow_delete, stop_on_error)
            fleet = _planned(given, output)
            if dry_run:
                output.result(fleet.as_dict(), str(fleet))
                _leave(fleet, detailed=detailed_exitcode)
            else:
                output.note(str(fleet))
                _finish(output, given.run(fleet, _told(output)))


class _Given:
    """What a command was given, for an ontology or a topology alike."""

    def __init__(
        self,
        upgrading: Upgrading,
        ontologies: list[str],
        topology: Path | None,
        sites: list[str],
        sets: dict[str, str],
        take: Take | None,
        allow_delete: bool,  # noqa: FBT001 - as typer gives it
        stop_on_error: bool,  # noqa: FBT001 - the same
    ) -> None:
        from twin.engine.upgrading import Options

        self._upgrading = upgrading
        self._ontologies = ontologies
        self._topology = topology
        self._sites = sites
        self._options = Options(parameters=sets, take=take, allow_delete=allow_delete, stop_on_error=stop_on_error)

    def plan(self) -> FleetPlan | TopologyFleet:
        if self._topology is not None:
            return self._upgrading.topologies.plan(self._topology, self._sites, self._options)
        return self._upgrading.plan(self._ontologies, self._sites)

    def run(self, fleet: FleetPlan | TopologyFleet, told: Any) -> Outcome:
        from twin.engine.upgrading import TopologyFleet

        if isinstance(fleet, TopologyFleet):
            return self._upgrading.topologies.run(fleet, self._options, told)
        options = self._options
        return self._upgrading.run(
            self._ontologies,
            self._sites,
            allow_delete=options.allow_delete,
            stop_on_error=options.stop_on_error,
            told=told,
        )

    def resumed(self, upgrade_id: str, told: Any) -> Outcome:
        record = self._upgrading.records.upgrade(upgrade_id)
        if record is not None and record.kind == "topology":
            return self._upgrading.topologies.resume(upgrade_id, self._options, told)
        return self._upgrading.resume(upgrade_id, stop_on_error=self._options.stop_on_error, told=told)


def _check(
    ontology: list[str],
    topology: Path | None,
    sites: list[str],
    about: str | None,
    *,
    listed: bool,
    rollback: str | None,
) -> None:
    """Raise `InvalidValue` for options that do not say what is to be done."""
    goal = bool(ontology) + (topology is not None and rollback is None) + (about is not None) + listed
    needs_sites = rollback is not None or (about is None and not listed)
    if goal != 1 or (needs_sites and not sites):
        raise InvalidValue(
            "what is to be upgraded is not said" if goal != 1 else "which sites is not said",
            code="upgrade.unclear",
            help="twin upgrade --ontology NAME@VERSION --sites all (or --topology FILE), first with --dry-run; "
            "or one of --list, --show ID, --resume ID, --rollback ID --sites KEYS",
        )


@contextmanager
def _upgrading(data: Path, ontology_path: list[Path]) -> Iterator[Upgrading]:
    from twin.engine import Twin

    with Twin(data, ontology_path=ontology_path, create=False) as twin, twin.upgrading() as found:
        yield found


def _planned(given: _Given, output: Output) -> FleetPlan | TopologyFleet:
    try:
        return given.plan()
    except AuthoringError as error:
        _remember(error, output)
        output.fail(error)


def _remember(error: AuthoringError, output: Output) -> None:
    """Have the documents at hand that the diagnostics speak of, where they are files."""
    from twin.engine.library import read_source

    for file in {each.place.file for each in error.diagnostics}:
        if Path(file).is_file():
            source = read_source(Path(file))
            output.sources[source.file] = source


def _told(output: Output) -> Any:
    return lambda site: output.note(str(site))


def _leave(fleet: FleetPlan | TopologyFleet, *, detailed: bool) -> None:
    from twin.engine.upgrading import FleetPlan

    wrong = bool(fleet.gaps) if isinstance(fleet, FleetPlan) else any(row.problem for row in fleet.rows)
    if wrong:
        raise typer.Exit(1)
    if detailed and fleet.upgrades:
        raise typer.Exit(_CHANGES)


def _finish(output: Output, outcome: Outcome) -> None:
    output.result(outcome.as_dict(), "\n".join([*outcome.notes, outcome.summary]))
    if outcome.failed:
        raise typer.Exit(1)


def _rolled_back(
    found: Upgrading,
    upgrade_id: str,
    sites: list[str],
    older: Path | None,
    take: Take | None,
    output: Output,
    *,
    allow_delete: bool,
) -> Outcome:
    from twin.engine.upgrading import Options

    record = found.records.upgrade(upgrade_id)
    if record is not None and record.kind == "topology":
        options = Options(take=take, allow_delete=allow_delete)
        return found.topologies.rollback(upgrade_id, sites, options, older=older, told=_told(output))
    return found.rollback(upgrade_id, sites, _told(output))


def _list(records: UpgradeRecords) -> tuple[list[dict[str, Any]], str]:
    lines, data = [], []
    for record in records.upgrades():
        sites = records.sites(record.id)
        states = {state: sum(site.state == state for site in sites) for state in sorted({each.state for each in sites})}
        said = ", ".join(f"{count} {state}" for state, count in states.items())
        at = datetime.fromtimestamp(record.at / 1_000_000, UTC).strftime(_DAY)
        lines.append(f"{record.id:<32} {record.kind:<9} {at} UTC  by {record.by:<12} {said}")
        data.append({"id": record.id, "kind": record.kind, "at": record.at, "by": record.by, "sites": states})
    return data, "\n".join(lines) or "There was no upgrade yet."


def _show(records: UpgradeRecords, upgrade_id: str) -> tuple[dict[str, Any], str]:
    from twin.engine.upgrading import record_of

    record = record_of(records, upgrade_id)
    sites: list[UpgradedSite] = list(records.sites(upgrade_id))
    data = {"id": record.id, "kind": record.kind, "version": record.version, "at": record.at, "by": record.by}
    return {**data, "sites": [site.as_dict() for site in sites]}, "\n".join(map(_line, sites))


def _line(site: UpgradedSite) -> str:
    at = datetime.fromtimestamp(site.at / 1_000_000, UTC).strftime(_DAY)
    return f"{site}  ({at} UTC, by {site.by})"
