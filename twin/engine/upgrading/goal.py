"""What sites are to come to: ontology documents, found by name and version, and what differs from those in force."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from twin.engine.library import Library, read_source
from twin.engine.versions import ontology_of, site_documents
from twin.errors import Conflict, InvalidValue
from twin.graph.upgrade import Ways
from twin.ontology.compile import compile_documents, compile_ontology
from twin.ontology.difference import compare_ontologies
from twin.ontology.installing import kept_name, newest_of, same
from twin.ontology.migrating import migrations_between
from twin.ontology.versions import RANGE, parse_version, satisfies
from twin.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from twin.graph.model import Document, Entity
    from twin.ontology.difference import Difference
    from twin.ontology.model import Migration, Ontology

__all__ = ["Goal", "Owned", "find_goal"]

_WANTED = re.compile(r"(?P<name>[a-z][a-z0-9-]*)(?:@(?P<version>.+))?")


@dataclass(frozen=True)
class Goal:
    """Documents that sites are to come to, with what they import."""

    name: str
    """The first document that was asked for."""
    documents: Mapping[str, Document]
    """By name; those in it that are in force already change nothing."""
    installed: Mapping[str, Document]
    """What a twin has, under the names that it keeps it by."""

    @property
    def version(self) -> str:
        """The version of the first document."""
        return self.documents[self.name].version

    @cached_property
    def id(self) -> str:
        """What the upgrade is known by: the same for the same documents, whichever sites it is for."""
        text = "\n".join(f"{each.name} {each.version}\n{each.text}" for each in self.documents.values())
        return f"{self.name}-{self.version}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"

    @cached_property
    def differs(self) -> tuple[str, ...]:
        """The names of the documents that are not in force as they are here, those that are imported first."""
        return tuple(name for name, each in self.documents.items() if not same(self.installed.get(name), each))

    @cached_property
    def after(self) -> Ontology:
        """Everything in force once they are installed."""
        return compile_documents(tuple((newest_of(self.installed) | dict(self.documents)).values()))

    @cached_property
    def breaking(self) -> tuple[Difference, ...]:
        """What breaks, compared with the newest that is in force."""
        before = compile_documents(tuple(newest_of(self.installed).values()))
        return tuple(
            each
            for name in self.differs
            if name in self.installed
            for each in compare_ontologies(before, self.after, name).differences
            if each.breaking
        )

    def check(self) -> None:
        """Raise `Conflict` where a document is older than the one in force, or differs under the same version."""
        for name in self.differs:
            held, wanted = self.installed.get(name), self.documents[name]
            if held is not None and parse_version(held.version) > parse_version(wanted.version):
                raise Conflict(
                    f"{name} is at {held.version} here, and {wanted.version} is older",
                    code="upgrade.older",
                    help="a site goes back by the record of its upgrade: twin upgrade --list, then --rollback ID",
                )
            if held is not None and held.version == wanted.version:
                raise Conflict(
                    f"{name} {held.version} is installed, and {wanted.file} says something else under that version",
                    code="upgrade.same_version",
                    help="raise its version: twin diff OLD NEW says which one it needs",
                )

    def versions(self, own: Mapping[str, Document]) -> dict[str, tuple[str, str]]:
        """Document -> from, to, of those that a site goes by and that get another version."""
        return {
            name: (own[name].version, each.version)
            for name, each in self.documents.items()
            if name in own and own[name].version != each.version
        }

    def ways(self, before: Ontology, versions: Mapping[str, tuple[str, str]]) -> Ways:
        """What the declared steps make of a site that goes by the one ontology."""
        return Ways(before, self.after, self._migrations(versions))

    def _migrations(self, versions: Mapping[str, tuple[str, str]]) -> list[Migration]:
        found: list[Migration] = []
        for name, (before, after) in versions.items():
            try:
                found += migrations_between(self.after.migrations, name, before, after)
            except InvalidValue:
                continue  # nothing is declared: what that leaves uncovered is told, difference by difference
        return found

    def installs(self) -> tuple[Document, ...]:
        """What to install: the new documents, and those that they take the place of, kept under other names."""
        held = [self.installed[name] for name in self.differs if name in self.installed]
        kept = [replace(each, name=kept_name(each.name, each.version)) for each in held]
        return (*kept, *(self.documents[name] for name in self.differs))


def find_goal(wanted: Sequence[str], installed: Mapping[str, Document], directories: Iterable[Path]) -> Goal:
    """The documents that are asked for: ``NAME``, ``NAME@RANGE``, or a file. What they import is found beside the file,
    then in the directories, then among those in force, then among the shipped.

    Raises:
        InvalidValue: nothing is found (``ontology.unknown``), a file cannot be read, or what is found does not lie in
            the range (``upgrade.version``).
        AuthoringError: they are wrong, or do not go together with what is in force.
    """
    directories = tuple(directories)
    beside = [Path(each).resolve().parent for each in wanted if _is_file(each)]
    library = Library((*beside, *directories))
    given = [_source(each, library) for each in wanted]
    find = _finder(library, installed)
    ontology = compile_ontology(given, find)
    documents = {each.name: each for each in ontology.documents}
    names = [next(each.name for each in ontology.documents if each.text == source.text) for source in given]
    for asked, name in zip(wanted, names, strict=True):
        _check_version(asked, documents[name])
    return Goal(names[0], documents, dict(installed))


def _is_file(wanted: str) -> bool:
    return wanted.endswith((".yaml", ".yml")) or "/" in wanted


def _source(wanted: str, library: Library) -> Source:
    if _is_file(wanted):
        return read_source(Path(wanted))
    match = _WANTED.fullmatch(wanted)
    found = None if match is None else library.find(match["name"])
    if found is None:
        raise InvalidValue(
            f"no ontology is found for {wanted!r}",
            code="ontology.unknown",
            help="name a file, or NAME@VERSION with the file's folder: --ontology-path DIR",
        )
    return found


def _finder(library: Library, installed: Mapping[str, Document]) -> Callable[[str], Source | None]:
    def find(name: str) -> Source | None:
        beside, held = library.find(name), installed.get(name)
        if held is None:
            return beside
        if beside is None or parse_version(held.version) >= parse_version(_version(beside)):
            return Source(held.file, held.text)
        return beside

    return find


def _version(source: Source) -> str:
    found = re.search(r"^version:\s*[\"']?([0-9.]+)", source.text, re.MULTILINE)
    return found[1].strip(".") if found else "0"


def _check_version(wanted: str, document: Document) -> None:
    match = None if _is_file(wanted) else _WANTED.fullmatch(wanted)
    version = None if match is None else match["version"]
    if version is None:
        return
    part = re.fullmatch(r"\d+(\.\d+)?", version) is not None
    range_ = f"^{version}" if part else version
    if not re.fullmatch(RANGE, range_) or not satisfies(document.version, range_):
        raise InvalidValue(
            f"{document.name} {document.version} is what is found in {document.file}, and {version} is asked for",
            code="upgrade.version",
            help="name the folder of the right version with --ontology-path DIR, or its file",
        )


class Owned:
    """What each site goes by: the documents that it names or uses, with all that they import."""

    def __init__(self, installed: Mapping[str, Document]) -> None:
        self._installed = installed
        self._known: dict[frozenset[tuple[str, str]], tuple[dict[str, Document], Ontology]] = {}

    def named(self, site: Entity, entities: Iterable[Entity]) -> dict[str, Document]:
        """The documents themselves; a site that does not say goes by the newest of those whose types it uses."""
        own = site_documents(site, self._installed)
        for name in {entity.type.rpartition("/")[0] for entity in entities}:
            if name not in own and name in self._installed:
                own[name] = self._installed[name]
        return own

    def of(self, site: Entity, entities: Iterable[Entity]) -> tuple[dict[str, Document], Ontology]:
        """By name, what is imported included; and the ontology that they make."""
        named = self.named(site, entities)
        key = frozenset((name, each.version) for name, each in named.items())
        if key not in self._known:
            ontology = ontology_of(named, self._installed)
            self._known[key] = ({each.name: each for each in ontology.documents}, ontology)
        return self._known[key]
