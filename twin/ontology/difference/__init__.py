"""Two versions of an ontology compared: every difference, whether it breaks what was written for the old one, and which
version the new one must have.

Compared is what the document itself says; what it imports has versions of its own. A thing that got another name is
gone, and another has come: at most a hint tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from twin.ontology.difference.comparison import Change, Comparison, Difference
from twin.ontology.difference.evolution import migration_differences
from twin.ontology.difference.offers import model_differences, role_differences
from twin.ontology.difference.types import type_differences
from twin.ontology.difference.vocabulary import import_differences, title_differences, vocabulary_differences
from twin.source import Diagnostics, Source, read

if TYPE_CHECKING:
    from twin.ontology.model import Document, Ontology
    from twin.source import MapNode

__all__ = ["Change", "Comparison", "Difference", "compare_ontologies", "root_of"]


def compare_ontologies(old: Ontology, new: Ontology, name: str) -> Comparison:
    """Compare the document of that name as it is in both."""
    one, other = _document(old, name), _document(new, name)
    told = {(enum.values, new.enums[word].values) for word, enum in old.enums.items() if word in new.enums}
    roots = (root_of(Source(one.file, one.text)), root_of(Source(other.file, other.text)))
    found = (
        *type_differences(old, new, name, told),
        *vocabulary_differences(old, new, name),
        *model_differences(old, new, name),
        *role_differences(old, new, name),
        *migration_differences(old, new, name),
        *import_differences("imports", *roots),
        *title_differences(name, *roots),
    )
    return Comparison.of("ontology", name, (one.version, other.version), found)


def root_of(source: Source) -> MapNode:
    """The map at the root of a document that has been read before, and was right."""
    return cast("MapNode", read(source, Diagnostics()))


def _document(ontology: Ontology, name: str) -> Document:
    return next(found for found in ontology.documents if found.name == name)
