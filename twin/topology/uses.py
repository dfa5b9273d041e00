"""The ontologies that a topology uses: found by name, checked by version, compiled together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.errors import AuthoringError
from twin.ontology.compile import compile_ontology
from twin.ontology.versions import satisfies
from twin.source import Diagnostics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from twin.ontology.model import Ontology
    from twin.source import Source
    from twin.topology.parts import Use

__all__ = ["ontology_of"]

_MOST = 4
_COMPILED: dict[tuple[Source, ...], tuple[dict[str, Source | None], Ontology]] = {}
"""What was compiled last, by the documents used: with all that was looked for meanwhile, and what was found."""


def ontology_of(uses: Iterable[Use], find: Callable[[str], Source | None], report: Diagnostics) -> Ontology:
    """The ontology that a topology uses. ``find`` gives an ontology document by its name, or None.

    Raises `AuthoringError` when it is not to be had, with that and all that ``report`` holds. What authors of
    ontologies are warned of is theirs to see, and left out.
    """
    found = [(use, source) for use in uses if (source := _source(use, find, report)) is not None]
    try:
        ontology = _compiled(tuple(source for _, source in found), find)
    except AuthoringError as error:
        report.include(error.diagnostics)
        raise AuthoringError(report.all) from None
    versions = {document.name: document.version for document in ontology.documents}
    for use, _ in found:
        _check_version(use, versions.get(use.name), report)
    if len(found) < len(tuple(uses)):
        raise AuthoringError(report.all)
    return ontology


def _compiled(sources: tuple[Source, ...], find: Callable[[str], Source | None]) -> Ontology:
    """The ontology of these documents; that of before, where it was compiled of the very same texts."""
    known = _COMPILED.get(sources)
    if known is not None and all(find(name) == source for name, source in known[0].items()):
        return known[1]
    asked: dict[str, Source | None] = {}

    def asking(name: str) -> Source | None:
        asked[name] = find(name)
        return asked[name]

    ontology = compile_ontology(sources, asking, Diagnostics())
    while len(_COMPILED) >= _MOST:
        _COMPILED.pop(next(iter(_COMPILED)), None)
    _COMPILED[sources] = asked, ontology
    return ontology


def _source(use: Use, find: Callable[[str], Source | None], report: Diagnostics) -> Source | None:
    source = find(use.name)
    if source is None:
        help_ = f"put {use.name}.yaml beside this file, or name its folder with --ontology-path"
        report.error("import.unknown", f"no ontology '{use.name}' is found", use.place, help=help_)
    return source


def _check_version(use: Use, version: str | None, report: Diagnostics) -> None:
    if version is not None and not satisfies(version, use.range):
        message = f"'{use.name}' is at {version}, and {use.range} is asked for"
        help_ = "ask for a range that holds it, or provide another version"
        report.error("import.version", message, use.range_place, help=help_)
