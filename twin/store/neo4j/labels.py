"""The labels of a node: ``Entity``, its kind, and every type it is, from the ontologies that are installed.

They follow the newest version of an ontology: an entity of a type that is no longer in it keeps ``Entity``, its kind
and its own type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.errors import AuthoringError
from twin.ontology.compile import compile_documents
from twin.ontology.installing import newest_of
from twin.store.neo4j.names import is_identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from twin.graph.model import Document, Entity
    from twin.ontology.model import EntityType

__all__ = ["ENTITY", "Labels", "own_label"]

ENTITY = "Entity"


def own_label(type_: str) -> str:
    """The label of a type itself: its short name."""
    return type_.rpartition("/")[2]


class Labels:
    """Types and what they are called as labels, by the documents in force."""

    def __init__(self, documents: Iterable[Document] = ()) -> None:
        self._documents = {document.name: document for document in documents}
        self._types: Mapping[str, EntityType] = _types(self._documents)
        self._known: dict[tuple[str, str], list[str]] = {}

    def of(self, entity: Entity) -> list[str]:
        """The labels of an entity, ``Entity`` left out: every node has it from its creation."""
        key = (entity.kind, entity.type)
        if key not in self._known:
            names = {entity.kind.title(), *self._lineage(entity.type)} - {ENTITY}
            self._known[key] = sorted(filter(is_identifier, names))
        return self._known[key]

    def installing(self, documents: Iterable[Document]) -> Labels:
        """What holds once these are in force."""
        return Labels([*{**self._documents, **{document.name: document for document in documents}}.values()])

    def changes(self, after: Labels) -> list[tuple[str, list[str], list[str]]]:
        """Types of which nodes have other labels afterwards: with those to take away, and those to give."""
        found = []
        for type_ in sorted(self._types.keys() | after._types.keys()):
            old, new = set(self._lineage(type_)), set(after._lineage(type_))
            if old != new and is_identifier(own_label(type_)):
                found.append((type_, sorted(old - new), sorted(filter(is_identifier, new - old))))
        return found

    def _lineage(self, type_: str) -> list[str]:
        known = self._types.get(type_)
        return [own_label(each) for each in (known.lineage if known is not None else (type_,))]


def _types(documents: Mapping[str, Document]) -> Mapping[str, EntityType]:
    try:
        return compile_documents(tuple(newest_of(documents).values())).types
    except AuthoringError:  # of a newer language: the twin itself says so when it loads them
        return {}
