"""From documents to one immutable `Ontology`, or every diagnostic at once.

    load       the documents and what they import, by name and version
    scope      every name, and what each document may see
    lineage    parents, ancestors, cycles, kinds
    members    points, properties, commands and events, merged down the lineage: a subtype may narrow, never widen
                   specs and actions      what one type writes of them
                   narrowing, judgement   what must hold, beside the parent's and by itself
                   values, defaults       what comes of it
    doors      what is a boundary
    ends       what may contain, connect, include and relate to what
    advice     what is legal and probably wrong

A pass that fails leaves out what it could not resolve, and the passes after it say nothing about that.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from twin.ontology.compile.advice import advise
from twin.ontology.compile.build import build
from twin.ontology.compile.ends import relations_of
from twin.ontology.compile.lineage import lineages_of
from twin.ontology.compile.load import load
from twin.ontology.compile.scope import Scope
from twin.source import Diagnostics, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twin.ontology.model import Document, Ontology

__all__ = ["compile_documents", "compile_ontology"]


def compile_ontology(
    sources: Sequence[Source],
    find: Callable[[str], Source | None],
    report: Diagnostics | None = None,
) -> Ontology:
    """The ontology of some documents and what they import.

    ``find`` gives an imported document by its name, or None. Raises `AuthoringError` with all that is wrong; warnings
    are left in ``report``.
    """
    report = Diagnostics() if report is None else report
    loaded = load(sources, find, report)
    scope = Scope(loaded, report)
    lineages = lineages_of(scope, report)
    ontology = build(scope, lineages, relations_of(scope, report), report)
    advise(ontology, loaded.given, report)
    report.raise_if_errors()
    return ontology


def compile_documents(documents: Sequence[Document]) -> Ontology:
    """The ontology of installed documents together; they import from each other only. The last ones are remembered: a
    plan, its check and its commit ask for the same.
    """
    return _compiled(tuple(documents))


@lru_cache(maxsize=8)
def _compiled(documents: tuple[Document, ...]) -> Ontology:
    sources = {document.name: Source(document.file, document.text) for document in documents}
    return compile_ontology(tuple(sources.values()), sources.get)
