"""Documents under the names that a twin keeps them by: the newest by its own, those of before as ``NAME@VERSION``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twin.ontology.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from twin.ontology.model import Document

__all__ = ["installable", "kept_name", "newest_of", "same"]


def kept_name(name: str, version: str) -> str:
    """The name that an older version of a document is kept under."""
    return f"{name}@{version}"


def newest_of(documents: Mapping[str, Document]) -> dict[str, Document]:
    """Those in force, by name, without what is kept of before."""
    return {name: document for name, document in documents.items() if "@" not in name}


def same(one: Document | None, other: Document) -> bool:
    """Whether both say the same in the same version, wherever they were read."""
    return one is not None and (one.version, one.text) == (other.version, other.text)


def installable(wanted: Iterable[Document], installed: Mapping[str, Document]) -> tuple[Document, ...]:
    """What is to be installed so that those wanted are there: an older version than the one in force is kept beside it,
    and never takes its place.
    """
    found = []
    for document in wanted:
        newest = installed.get(document.name)
        kept = kept_name(document.name, document.version)
        if newest is None or parse_version(newest.version) <= parse_version(document.version):
            if not same(newest, document):
                found.append(document)
        elif not same(installed.get(kept), document):
            found.append(replace(document, name=kept))
    return tuple(found)
