"""Documents outside any twin: checking files, comparing two versions of one, the shipped ontologies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twin.engine.library import Library, read_source, shipped
from twin.engine.quiet import uncollected
from twin.errors import AuthoringError, InvalidValue
from twin.ontology.compile import compile_documents, compile_ontology
from twin.ontology.difference import compare_ontologies
from twin.ontology.model import Ontology
from twin.source import Diagnostics, MapNode, read
from twin.topology.difference import compare_topologies
from twin.topology.expand import check_topology
from twin.topology.parts import Template
from twin.topology.series import read_series
from twin.topology.template import read_topology

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from twin.errors import Diagnostic
    from twin.ontology.difference import Comparison
    from twin.source import Source

    Remember = Callable[[dict[str, Source]], None]

_KEYS = re.compile(r"^(ontology|topology|series)[ \t]*:(?=\s)", re.MULTILINE)

__all__ = ["check_file", "check_files", "compare_files", "ontology_of_files", "shipped_ontology"]


def check_files(files: Iterable[Path], ontology_path: Iterable[Path], remember: Remember) -> tuple[Diagnostic, ...]:
    """Everything wrong with several files, one after the other; each mistake once, though others import its file."""
    places = tuple(ontology_path)
    found = (each for file in files for each in check_file(file, places, remember))
    return tuple({(each.code, each.place): each for each in found}.values())


def check_file(file: Path, ontology_path: Iterable[Path], remember: Remember) -> tuple[Diagnostic, ...]:
    """Everything wrong with an ontology, a topology or a map of series, and what is probably wrong; the worst first.

    ``remember`` is told of every document read, so that its lines can be shown.

    Raises:
        InvalidValue: the file cannot be read.
    """
    report = Diagnostics()
    try:
        with uncollected():
            _read(*_opened(file, ontology_path, remember), report)
    except AuthoringError as error:
        return error.diagnostics
    return report.all


def _opened(
    file: Path, ontology_path: Iterable[Path], remember: Remember
) -> tuple[Source, Callable[[str], Source | None]]:
    """A document, and what finds the ontologies that it names."""
    source = read_source(file)
    remember({source.file: source})
    library = Library((file.parent, *ontology_path))  # its neighbours go by names like the one that was given

    def find(name: str) -> Source | None:
        found = library.find(name)
        if found is not None:
            remember({found.file: found})
        return found

    return source, find


def _read(source: Source, find: Callable[[str], Source | None], report: Diagnostics) -> Template | Ontology | None:
    """What a document describes, checked; None for a map of series."""
    keys = _first_keys(source)
    if "topology" in keys:
        template = read_topology(source, find)
        check_topology(template, report)
        return template
    if "series" in keys and "ontology" not in keys:
        read_series(source)
        return None
    return compile_ontology([source], find, report)


def _first_keys(source: Source) -> frozenset[str]:
    """Which of the keys that say what a document is stand in it. Mostly one does, at the beginning of a line: then the
    document need not be read for that.
    """
    found = frozenset(_KEYS.findall(source.text))
    if len(found) == 1:
        return found
    root = read(source, Diagnostics())
    return frozenset(root.entries) if isinstance(root, MapNode) else frozenset()


def compare_files(old: Path, new: Path, ontology_path: Iterable[Path], remember: Remember) -> Comparison:
    """Two versions of an ontology, or of a topology: every difference, and the version that the new one must have.

    What each names is looked up beside it, then on the path given.

    Raises:
        InvalidValue: a file cannot be read, or the two are not versions of one document (``document.unlike``).
        AuthoringError: one of them is wrong.
    """
    before, after = (_read(*_opened(file, ontology_path, remember), Diagnostics()) for file in (old, new))
    if isinstance(before, Template) and isinstance(after, Template) and before.name == after.name:
        return compare_topologies(before, after)
    if isinstance(before, Ontology) and isinstance(after, Ontology):
        name = before.documents[-1].name  # what it imports comes first
        if name == after.documents[-1].name:
            return compare_ontologies(before, after, name)
    raise InvalidValue(
        f"{old} is {_named(before)}, and {new} is {_named(after)}",
        code="document.unlike",
        help="give two versions of one ontology, or of one topology, the old one first",
    )


def _named(found: Template | Ontology | None) -> str:
    if isinstance(found, Template):
        return f"the topology {found.name!r}"
    return "a map of series" if found is None else f"the ontology {found.documents[-1].name!r}"


def ontology_of_files(files: Iterable[Path], ontology_path: Iterable[Path], remember: Remember) -> Ontology:
    """Some ontologies together, with what they import.

    Raises:
        InvalidValue: a file cannot be read.
        AuthoringError: one of them is wrong.
    """
    opened = [_opened(file, ontology_path, remember) for file in files]
    return compile_ontology(
        [source for source, _ in opened], lambda name: next(filter(None, (find(name) for _, find in opened)), None)
    )


def shipped_ontology() -> Ontology:
    """All ontologies that travel with the twin, in force together."""
    found = [read_source(path) for path in sorted(shipped("ontologies").glob("*.yaml"))]
    library = Library(())
    return compile_documents(compile_ontology(found, library.find).documents)
