"""Documents outside any twin: checking files, the shipped ontologies, the public schemas of the YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.engine.library import Library, read_source, shipped
from twin.errors import AuthoringError
from twin.ontology.compile import compile_documents, compile_ontology
from twin.source import Diagnostics, MapNode, read
from twin.topology.expand import check_topology
from twin.topology.series import read_series
from twin.topology.template import read_topology

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from twin.errors import Diagnostic
    from twin.ontology.model import Ontology
    from twin.source import Source

__all__ = ["check_file", "shipped_ontology"]


def check_file(
    file: Path, ontology_path: Iterable[Path], remember: Callable[[dict[str, Source]], None]
) -> tuple[Diagnostic, ...]:
    """Everything wrong with an ontology, a topology or a map of series, and what is probably wrong; the worst first.

    ``remember`` is told of every document read, so that its lines can be shown.

    Raises:
        InvalidValue: the file cannot be read.
    """
    report = Diagnostics()
    try:
        source = read_source(file)
        remember({source.file: source})
        library = Library((file.resolve().parent, *ontology_path))

        def find(name: str) -> Source | None:
            found = library.find(name)
            if found is not None:
                remember({found.file: found})
            return found

        _check(source, find, report)
    except AuthoringError as error:
        return error.diagnostics
    return report.all


def _check(source: Source, find: Callable[[str], Source | None], report: Diagnostics) -> None:
    root = read(source, Diagnostics())
    if isinstance(root, MapNode) and "topology" in root:
        check_topology(read_topology(source, find), report)
    elif isinstance(root, MapNode) and "series" in root and "ontology" not in root:
        read_series(source)
    else:
        compile_ontology([source], find, report)


def shipped_ontology() -> Ontology:
    """All ontologies that travel with the twin, in force together."""
    found = [read_source(path) for path in sorted(shipped("ontologies").glob("*.yaml"))]
    library = Library(())
    return compile_documents(compile_ontology(found, library.find).documents)
