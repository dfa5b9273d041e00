"""Commands of ontology authors and integrators: validate, diff, explain, plan, apply, show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from twin.cli.options import DEFAULT_DATA, Data, Json, OntologyPath, Parameters, Site, Tables, parameters
from twin.cli.output import Output
from twin.errors import AuthoringError, InvalidValue

if TYPE_CHECKING:
    from twin.engine import Twin
    from twin.topology.plan import Plan, Take

__all__ = ["apply", "diff", "explain", "plan", "show", "validate"]

_CHANGES = 2

Taken = Annotated[
    Literal["topology", "live"] | None,
    typer.Option("--take", help="Whose value a field gets that users and the topology have both changed."),
]
All = Annotated[bool, typer.Option("--all", help="Show every line of a large plan.")]
Topology = Annotated[Path, typer.Argument(metavar="TOPOLOGY", help="The topology's YAML file.")]


def validate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Ontologies and topologies.")],
    ontology_path: OntologyPath = [],
    *,
    json: Json = False,
) -> None:
    """Check ontologies and topologies; print every mistake with its place and its remedy."""
    from twin.engine.documents import check_files
    from twin.engine.quiet import Quiet

    output, places = Output(json=json), tuple(ontology_path)
    with Quiet().work():  # collections would take as long as the checks
        found = check_files(files, places, output.sources.update)
    errors = [diagnostic for diagnostic in found if diagnostic.severity == "error"]
    counts = {"file": len(files), "error": len(errors), "warning": len(found) - len(errors)}
    checked, *rest = (f"{count} {word}{'s' * (count != 1)}" for word, count in counts.items())
    verdict = f"{checked} checked: {', '.join(rest)}"
    text = f"{output.diagnostics(found)}\n\n{verdict}" if found else verdict
    output.result({"valid": not errors, "diagnostics": [each.as_dict() for each in found]}, text)
    if errors:
        raise typer.Exit(1)


def diff(
    old: Annotated[
        Path | None,
        typer.Argument(
            metavar="[OLD|PATH]", help="The earlier version of an ontology or a topology; with --at, a path."
        ),
    ] = None,
    new: Annotated[Path | None, typer.Argument(metavar="[NEW]", help="The later one.")] = None,
    at: Annotated[
        list[str],
        typer.Option(metavar="WHEN", help="Compare the twin at two moments: a sequence, a time, or now; given twice."),
    ] = [],
    data: Data = DEFAULT_DATA,
    ontology_path: OntologyPath = [],
    *,
    json: Json = False,
) -> None:
    """Compare two versions of a document, or the twin at two moments (--at A --at B)."""
    from twin.engine.documents import compare_files

    output = Output(json=json)
    if at:
        _compare_moments(output, data, at, old, new)
        return
    if old is None or new is None:
        raise typer.BadParameter("name two versions of a document, OLD and NEW, or two moments with --at")
    try:
        found = compare_files(old, new, tuple(ontology_path), output.sources.update)
    except AuthoringError as error:
        output.fail(error)
    output.result(found.as_dict(), str(found))
    if not found.right:
        raise typer.Exit(1)


def _compare_moments(output: Output, data: Path, at: list[str], path: Path | None, other: Path | None) -> None:
    from twin.cli.history import compare

    if len(at) != 2 or other is not None:  # noqa: PLR2004 - two moments
        raise typer.BadParameter("give --at twice, and one path at most: twin diff --at 12 --at now hugo/floor-1")
    with _opened(data, [], create=False) as twin:
        compare(output, twin, (at[0], at[1]), None if path is None else path.as_posix())


def explain(
    code: Annotated[
        str | None,
        typer.Argument(metavar="[CODE]", help="The code of a message, such as point.unknown; by default all."),
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Explain the code of a message: what it means, an example, what is said of it, the example put right."""
    from twin.cli import explanation

    output = Output(json=json)
    if code is None:
        output.result(explanation.list_as_data(), explanation.list_as_text())
    else:
        known = explanation.known(code)
        output.result(explanation.as_data(known), explanation.as_text(known))


def plan(
    topology: Topology,
    site: Site = None,
    sets: Parameters = [],
    tables: Tables = [],
    data: Data = DEFAULT_DATA,
    ontology_path: OntologyPath = [],
    take: Taken = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Keep the plan, to apply just that.")
    ] = None,
    *,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 when there are changes.")
    ] = False,
    all_: All = False,
    json: Json = False,
) -> None:
    """Show what applying a topology would do; nothing is changed."""
    output = Output(json=json)
    with _looked_at(data, ontology_path) as twin:
        made = _planned(twin, topology, site, sets, tables, take, output)
    if out is not None:
        _written(out, made.dump())
    output.result(made.as_dict(), _shown(made, all_=all_))
    if detailed_exitcode and not made.empty:
        raise typer.Exit(_CHANGES)


def apply(
    topology: Topology,
    site: Site = None,
    sets: Parameters = [],
    tables: Tables = [],
    data: Data = DEFAULT_DATA,
    ontology_path: OntologyPath = [],
    take: Taken = None,
    *,
    allow_delete: Annotated[bool, typer.Option("--allow-delete", help="Go on although the plan deletes.")] = False,
    all_: All = False,
    json: Json = False,
) -> None:
    """Make the twin as a topology says: plan, then commit. Or commit a plan that was kept (FILE.json) as it stands."""
    output = Output(json=json)
    with _opened(data, ontology_path) as twin:
        kept = topology.suffix == ".json"
        made = (
            _kept(topology, site, [*sets, *tables], take)
            if kept
            else _planned(twin, topology, site, sets, tables, take, output)
        )
        output.note(_shown(made, all_=all_))
        with output.progress(f"Applying {made.topology}") as progress:
            committed = twin.apply(made, allow_delete=allow_delete, progress=progress)
    sequences = [each.sequence for each in committed]
    text = f"Applied at {sequences[-1]}." if sequences else ""
    output.result({**made.as_dict(), "committed": sequences}, text)


def show(
    path: Annotated[str | None, typer.Argument(metavar="[PATH]", help="What to show; by default everything.")] = None,
    data: Data = DEFAULT_DATA,
    *,
    json: Json = False,
) -> None:
    """Print the tree of the twin with the current value of every point."""
    from twin.cli.tree import as_data, as_text

    output = Output(json=json)
    with _opened(data, [], create=False) as twin:
        roots = twin.sites() if path is None else [twin.find(path)]
        if not roots:
            output.note("There is no site yet: twin apply TOPOLOGY makes one.")
        shown: list[dict[str, Any]] = [as_data(twin, root) for root in roots]
        output.result(shown if path is None else shown[0], "\n".join(as_text(twin, root) for root in roots))


def _opened(data: Path, ontology_path: list[Path], *, create: bool = True) -> Twin:
    from twin.engine import Twin

    return Twin(data, ontology_path=ontology_path, create=create)


def _looked_at(data: Path, ontology_path: list[Path]) -> Twin:
    """A twin that is only looked at: where there is none, one that is gone afterwards."""
    from twin.engine import Twin
    from twin.store.memory import MemoryStore

    return Twin(data, store=None if data.is_dir() else MemoryStore(), ontology_path=ontology_path)


def _planned(
    twin: Twin,
    topology: Path,
    site: str | None,
    sets: list[str],
    tables: list[str],
    take: Take | None,
    output: Output,
) -> Plan:
    from twin.engine.library import read_source
    from twin.source import Diagnostics

    report = Diagnostics()
    sheets = {name: read_source(Path(file)) for name, file in parameters(tables, "--table").items()}
    for source in (read_source(topology), *sheets.values()):
        output.sources[source.file] = source
    try:
        made = twin.plan(topology, site=site, parameters=parameters(sets), tables=sheets, take=take, report=report)
    except AuthoringError as error:
        output.fail(error)
    if report.all:
        output.note(output.diagnostics(report.all))
    return made


def _shown(made: Plan, *, all_: bool) -> str:
    return made.text(None) if all_ else made.text()


def _kept(file: Path, site: str | None, sets: list[str], take: Take | None) -> Plan:
    from twin.topology.plan import Plan

    if site or sets or take:
        raise InvalidValue(
            f"{file} is a plan, and says all of that already",
            code="plan.settled",
            help="apply it as it stands, or plan again with other options",
        )
    try:
        return Plan.load(file.read_bytes())
    except OSError as error:
        raise InvalidValue(
            f"{file} cannot be read: {error.strerror}", code="file.unreadable", file=str(file)
        ) from error


def _written(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise InvalidValue(
            f"{file} cannot be written: {error.strerror}", code="file.unwritable", help="name another with --out"
        ) from error
