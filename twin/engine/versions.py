"""Which version of its ontologies each site is at, and one ontology for all of them together.

Documents are kept by name; one of before, which sites are still at, as ``NAME@VERSION``. What a site was made of
(`twin.graph.model.Made`) says which ones it goes by; a site that says nothing goes by the newest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twin.graph.model import Create, Delete, Update
from twin.ontology.bridging import bridge
from twin.ontology.compile import compile_documents, compile_ontology
from twin.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from twin.graph.mirror import Mirror
    from twin.graph.model import Change, Document, Entity, Entry
    from twin.ontology.model import Ontology

__all__ = ["Versions", "kept_name", "newest_documents", "site_documents"]


def kept_name(name: str, version: str) -> str:
    """The name that an older version of a document is kept under."""
    return f"{name}@{version}"


def newest_documents(documents: Mapping[str, Document]) -> dict[str, Document]:
    """Those in force, without what is kept of before."""
    return {name: document for name, document in documents.items() if "@" not in name}


def site_documents(site: Entity, documents: Mapping[str, Document]) -> dict[str, Document]:
    """The documents that a site goes by, under their own names: those it was made of that are there."""
    made = {} if site.made is None else site.made.ontologies
    found: dict[str, Document] = {}
    for name, version in made.items():
        kept, newest = documents.get(kept_name(name, version)), documents.get(name)
        if newest is not None and (newest.version == version or kept is None):
            found[name] = newest
        elif kept is not None:
            found[name] = replace(kept, name=name)
    return found


class Versions:
    """The ontology of all sites together, made anew when documents change or the last site leaves a version."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._sites: dict[str, Ontology] = {}
        self._compiled: dict[frozenset[str], Ontology] = {}
        self._bridged: frozenset[frozenset[str]] = frozenset()
        self._newest = compile_documents(())
        self.ontology = self._newest
        self._load()

    def follow(self, change: Change) -> Ontology:
        """Take in a change that the mirror shows already; the ontology after it, the same object where it may be."""
        if change.changeset.documents:
            self._load()
            return self.ontology
        for site in _sites_of(change.changeset.entries):
            self._place(site)
        self._bridge()
        return self.ontology

    def _load(self) -> None:
        self._newest = compile_documents(tuple(newest_documents(self._mirror.documents).values()))
        self._compiled.clear()
        self._sites = {}
        self._bridged = frozenset()
        for site in self._mirror.sites:
            self._place(site)
        self.ontology = bridge(self._newest, (), self._sites)
        self._bridge()

    def _place(self, site_id: str) -> None:
        """Say which ontology a site is at."""
        site = self._mirror.get(site_id)
        older = None if site is None else self._older(site)
        if older is None:
            self._sites.pop(site_id, None)
        else:
            self._sites[site_id] = older

    def _older(self, site: Entity) -> Ontology | None:
        found = site_documents(site, self._mirror.documents)
        installed = self._mirror.documents
        if all(each.version == installed[name].version for name, each in found.items()):
            return None
        key = frozenset(kept_name(name, each.version) for name, each in found.items())
        if key not in self._compiled:
            self._compiled[key] = _together(found, installed)
        return self._compiled[key]

    def _bridge(self) -> None:
        """Make the ontology of all anew where other versions are in use than before."""
        needed = {id(each): each for each in self._sites.values()}
        keys = frozenset(key for key, each in self._compiled.items() if id(each) in needed)
        if keys != self._bridged:
            self._bridged = keys
            self.ontology = bridge(
                self._newest, tuple(self._compiled[key] for key in sorted(keys, key=sorted)), self._sites
            )


def _together(found: Mapping[str, Document], installed: Mapping[str, Document]) -> Ontology:
    """The ontology of a site's own documents; what they import and it does not name is as installed."""
    sources = {name: Source(each.file, each.text) for name, each in newest_documents(installed).items()}
    sources |= {name: Source(each.file, each.text) for name, each in found.items()}
    return compile_ontology([sources[name] for name in found], sources.get)


def _sites_of(entries: Iterable[Entry]) -> set[str]:
    """The sites whose versions a change may have changed."""
    found = set()
    for entry in entries:
        if isinstance(entry, Create) and entry.entity.parent is None:
            found.add(entry.entity.id)
        elif isinstance(entry, Delete) or (isinstance(entry, Update) and "made" in entry.fields):
            found.add(entry.id)
    return found
