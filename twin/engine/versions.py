"""Which version of its ontologies each site is at, and one ontology for all of them together.

Documents are kept by name; one of before, which sites are still at, as ``NAME@VERSION``. What a site was made of
(`twin.graph.model.Made`) says which ones it goes by; a site that says nothing goes by the newest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from twin.errors import AuthoringError
from twin.graph.model import Create, Delete, Link, Update
from twin.ontology.bridging import bridge
from twin.ontology.compile import compile_documents, compile_ontology
from twin.ontology.installing import kept_name, newest_of
from twin.ontology.versions import parse_version
from twin.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from twin.graph.mirror import Mirror
    from twin.graph.model import Change, Document, Entity, Entry
    from twin.ontology.model import Ontology

__all__ = ["Versions", "ontology_of", "site_documents"]

log = structlog.get_logger(__name__)


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

    def revisit(self, site: str) -> Ontology:
        """See again what a site goes by, which the mirror shows anew."""
        self._place(site)
        self._bridge()
        return self.ontology

    def _load(self) -> None:
        self._newest = compile_documents(tuple(newest_of(self._mirror.documents).values()))
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
            try:
                self._compiled[key] = ontology_of(found, installed)
            except AuthoringError as error:  # better the newest than no twin at all
                log.warning("ontology.unreadable", site=site.key, error=str(error))
                return None
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


def ontology_of(found: Mapping[str, Document], installed: Mapping[str, Document]) -> Ontology:
    """The ontology of a site's own documents. What they import and it does not name is the newest that is installed,
    or where that does not fit, the newest that is kept of before.
    """
    before = sorted(
        (each for name, each in installed.items() if "@" in name), key=lambda each: parse_version(each.version)
    )
    kept = {each.name.partition("@")[0]: each for each in before}
    try:
        return _compiled(found, newest_of(installed))
    except AuthoringError:
        if not kept:
            raise
        return _compiled(found, newest_of(installed) | kept)


def _compiled(found: Mapping[str, Document], others: Mapping[str, Document]) -> Ontology:
    sources = {name: Source(each.file, each.text) for name, each in {**others, **found}.items()}
    return compile_ontology([sources[name] for name in found], sources.get)


def _sites_of(entries: Iterable[Entry]) -> set[str]:
    """The sites whose versions a change may have changed."""
    found = set()
    for entry in entries:
        if isinstance(entry, Create):
            if entry.entity.parent is None:
                found.add(entry.entity.id)
        elif isinstance(entry, Link):
            continue
        elif isinstance(entry, Delete) or (isinstance(entry, Update) and "made" in entry.fields):
            found.add(entry.id)
    return found
