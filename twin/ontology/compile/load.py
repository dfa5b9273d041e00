"""The documents in force: those given, and what they import, each once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin.ontology.authoring import Declared, read_ontology
from twin.ontology.shape import DOCUMENT_NAME
from twin.ontology.versions import satisfies
from twin.source import MapNode, Scalar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from twin.source import Diagnostics, Entry, Source

__all__ = ["Loaded", "load"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """Documents by name, those that are imported before those that import them."""

    documents: dict[str, Declared]
    visible: dict[str, frozenset[str]]
    """Document -> the documents whose names it may use: itself and all it imports, near and far."""
    partial: frozenset[str]
    """Documents that import something that could not be read: an unknown name may be in there."""
    given: frozenset[str]
    """Those that were asked for, not only imported."""


def load(sources: Sequence[Source], find: Callable[[str], Source | None], report: Diagnostics) -> Loaded:
    """Read the given documents, and follow their imports."""
    loader = _Loader(find, report)
    for source in sources:
        loader.give(source)
    for document in tuple(loader.read.values()):
        loader.follow(document, ())
    return loader.loaded(frozenset(loader.given))


class _Loader:
    """Reads each document once, depth first."""

    def __init__(self, find: Callable[[str], Source | None], report: Diagnostics) -> None:
        self.read: dict[str, Declared] = {}
        self.given: set[str] = set()
        self._find = find
        self._report = report
        self._ordered: dict[str, Declared] = {}
        self._visible: dict[str, frozenset[str]] = {}
        self._partial: set[str] = set()
        self._failed: set[str] = set()

    def give(self, source: Source) -> None:
        """Take a document that was asked for."""
        document = read_ontology(source, self._report)
        if document is None:
            return
        earlier = self.read.setdefault(document.name, document)
        self.given.add(document.name)
        if earlier is not document and earlier.document.text != document.document.text:
            related = [(earlier.place, "the first")]
            message = f"a second ontology is named '{document.name}'"
            self._report.error(
                "document.duplicate", message, document.place, related=related, help="rename one of them"
            )

    def follow(self, document: Declared, path: tuple[str, ...]) -> None:
        """Put a document in order, after all that it imports."""
        if document.name in self._ordered:
            return
        visible = {document.name}
        for entry in document.imports:
            imported = self._import(entry, (*path, document.name))
            if imported is None:
                self._partial.add(document.name)
                continue
            visible |= self._visible[imported.name]
            if imported.name in self._partial:
                self._partial.add(document.name)
        self._visible[document.name] = frozenset(visible)
        self._ordered[document.name] = document

    def _import(self, entry: Entry, path: tuple[str, ...]) -> Declared | None:
        name = entry.key.text
        if name in path:
            chain = " → ".join((*path[path.index(name) :], name))
            help_ = "move what both need into a third ontology that both import"
            self._report.error("import.cycle", f"imports run in a circle: {chain}", entry.key.place, help=help_)
            return None
        document = self.read.get(name) or self._fetch(entry)
        if document is None:
            return None
        self._check_version(entry, document)
        self.follow(document, path)
        return document

    def _fetch(self, entry: Entry) -> Declared | None:
        name = entry.key.text
        if name in self._failed or not re.fullmatch(DOCUMENT_NAME.pattern, name):  # which has been reported
            return None
        source = self._find(name)
        if source is None:
            help_ = f"put {name}.yaml beside this file, or name its folder with --ontology-path"
            self._report.error("import.unknown", f"no ontology '{name}' is found", entry.key.place, help=help_)
        document = None if source is None else read_ontology(source, self._report)
        if document is not None and document.name != name:
            message = f"'{name}' was looked up, and names itself '{document.name}'"
            related = [(document.place, "its name")]
            self._report.error("import.unknown", message, entry.key.place, related=related)
            document = None
        if document is None:
            self._failed.add(name)
            return None
        self.read[name] = document
        return document

    def _check_version(self, entry: Entry, document: Declared) -> None:
        version = document.document.version
        wanted = entry.value.scalar("version") if isinstance(entry.value, MapNode) else entry.value
        if not isinstance(wanted, Scalar) or not version or satisfies(version, wanted.text):
            return
        message = f"'{document.name}' is at {version}, and {wanted.text} is asked for"
        related = [(document.place, f"{document.name} {version}")]
        help_ = "ask for a range that holds it, or provide another version"
        self._report.error("import.version", message, wanted.place, related=related, help=help_)

    def loaded(self, given: Iterable[str]) -> Loaded:
        """What came of it."""
        return Loaded(self._ordered, self._visible, frozenset(self._partial), frozenset(given))
