"""What is on its way out: types and members that an ontology deprecates, and who uses them still.

A deprecated member is so for every type that has it from there. A deprecated type says nothing of its subtypes.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from twin.ontology.compile.subjects import Subject, members, part
from twin.ontology.model import Deprecation
from twin.ontology.versions import parse_version
from twin.source import MapNode, Scalar, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twin.errors import Place
    from twin.ontology.authoring import Declared
    from twin.ontology.compile.subjects import Member, Subjects
    from twin.ontology.model import EntityType
    from twin.source import Diagnostics, Entry

__all__ = ["deprecations_of", "retired", "warn_of", "warn_of_uses"]

M = TypeVar("M", bound="Member")
Deprecations = dict[str, Deprecation]
"""By qualified name."""


def deprecations_of(subjects: Subjects) -> Deprecations:
    """Every deprecation that the documents declare."""
    found: Deprecations = {}
    for document in subjects.scope.documents.values():
        for entry in document.deprecated:
            subject = _subject(entry.key, document, subjects)
            if subject is not None and isinstance(entry.value, MapNode):
                found[subject.name] = _deprecation(subject, entry, entry.value, document, subjects)
    return found


def _subject(key: Scalar, document: Declared, subjects: Subjects) -> Subject | None:
    """The type or member of a key; only what a document declares itself can it deprecate."""
    short, dot, _ = key.text.partition(".")
    if f"{document.name}/{short}" in subjects.scope.types:
        return subjects.find(key, document.name)
    if not document.damaged and short not in document.broken:
        help_, suggestions = did_you_mean(short, [each.key.text for each in document.types], "its types")
        message = f"'{document.name}' declares no type '{short}'"
        place = part(key, 0, len(short)).place if dot else key.place
        subjects.report.error("type.unknown", message, place, help=help_, suggestions=suggestions)
    return None


def _deprecation(subject: Subject, entry: Entry, node: MapNode, document: Declared, subjects: Subjects) -> Deprecation:
    word = node.scalar("use")
    use = None if word is None else subjects.find(word, document.name)
    if word is not None and use is not None and use.sort != subject.sort:
        message = f"{use.short} is {use.sort}, and {subject.short} is {subject.sort}"
        help_ = f"name {subject.sort}: what replaces it must be of the same sort"
        subjects.report.error("deprecation.use", message, word.place, help=help_)
    elif word is not None and use is not None and use.name == subject.name:
        help_ = "name what replaces it, or leave 'use' out"
        subjects.report.error("deprecation.use", f"{subject.short} cannot replace itself", word.place, help=help_)
    _check_versions(subject, node, document, subjects)
    return Deprecation(
        subject.name, None if use is None else use.name, node.text("since"), node.text("remove"), entry.key.place
    )


def _check_versions(subject: Subject, node: MapNode, document: Declared, subjects: Subjects) -> None:
    now, report = document.document.version, subjects.report
    since, remove = node.scalar("since"), node.scalar("remove")
    if not now:
        return
    if since is not None and parse_version(since.text) > parse_version(now):
        message = f"{since.text} is still to come: this is version {now}"
        report.error("deprecation.version", message, since.place, help=f"write the version that says so: {now}")
    elif since is not None and remove is not None and parse_version(since.text) >= parse_version(remove.text):
        message = f"{subject.short} goes in {remove.text}, and is deprecated since {since.text} only"
        report.error("deprecation.version", message, remove.place, help="it goes in a later version")
    elif remove is not None and parse_version(remove.text) <= parse_version(now) and document.name in subjects.given:
        message = f"{subject.short} was to go in {remove.text}, and this is version {now}"
        help_ = "remove it, and add a migration for those who use it; or name a later version"
        report.warn("deprecation.overdue", message, remove.place, help=help_)


def retired(types: Mapping[str, EntityType], deprecations: Deprecations) -> dict[str, EntityType]:
    """The types, with what is deprecated of each."""
    by_type: dict[str, Deprecations] = {}
    for name, each in deprecations.items():
        owner, _, member = name.partition(".")
        by_type.setdefault(owner, {})[member] = each
    return {name: _retired(found, by_type) for name, found in types.items()}


def _retired(found: EntityType, by_type: Mapping[str, Deprecations]) -> EntityType:
    own: Deprecations = {}
    for ancestor in reversed(found.lineage):
        own.update((member, each) for member, each in by_type.get(ancestor, {}).items() if member)
    own.update(by_type.get(found.name, {}))
    if not own:
        return found
    return replace(
        found,
        deprecated=own.get(""),
        points=_marked(found.points, own),
        properties=_marked(found.properties, own),
        commands=_marked(found.commands, own),
        events=_marked(found.events, own),
    )


def _marked(found: Mapping[str, M], own: Deprecations) -> Mapping[str, M]:
    if not own.keys() & found.keys():
        return found
    marked = {name: replace(each, deprecated=own[name]) if name in own else each for name, each in found.items()}
    return MappingProxyType(marked)


def warn_of_uses(subjects: Subjects, deprecations: Deprecations) -> None:
    """Warn of each use of something deprecated in the documents that were asked for.

    A document that deprecates a type must go on naming it where it is allowed; it should not build on it.
    """
    for document in subjects.scope.documents.values():
        if deprecations and document.name in subjects.given:
            for word, at_home in _uses(document):
                found = subjects.type_(word, document.name)
                each = None if found is None else deprecations.get(found.name)
                if each is not None and at_home:
                    warn_of(word.place, each, subjects.report)
                elif each is not None:
                    _warn_elsewhere(word, each, document, subjects.report)
            _warn_of_members(document, subjects)


def _uses(document: Declared) -> Iterator[tuple[Scalar, bool]]:
    """Every word that names a type, and whether a document should not even name its own there."""
    retiring = {entry.key.text for entry in document.deprecated}
    for declaration in document.types:
        if declaration.key.text not in retiring:
            yield from ((word, True) for word in declaration.node.words("is"))
            yield from ((word, False) for key in ("contains", "connects", "of") for word in declaration.node.words(key))
    for section, keys in ((document.relations, ("from", "to")), (document.roles, ("on", "crosses"))):
        nodes = (entry.value for entry in section if isinstance(entry.value, MapNode))
        yield from ((word, False) for node in nodes for key in keys for word in node.words(key))
    for entry in document.models:
        if isinstance(entry.value, MapNode):
            yield from ((word, False) for word in entry.value.words("of"))


def _warn_of_members(document: Declared, subjects: Subjects) -> None:
    for entry in document.models:
        node = entry.value
        word = node.scalar("of") if isinstance(node, MapNode) else None
        found = None if word is None else subjects.type_(word, document.name)
        if isinstance(node, MapNode) and found is not None:
            for name in (*node.words("has"), *(each.key for each in node.under("properties"))):
                member = members(found).get(name.text)
                if member is not None and member.deprecated is not None:
                    _warn_elsewhere(name, member.deprecated, document, subjects.report)


def _warn_elsewhere(word: Scalar, found: Deprecation, document: Declared, report: Diagnostics) -> None:
    if not found.name.startswith(f"{document.name}/"):
        warn_of(word.place, found, report)


def warn_of(place: Place, found: Deprecation, report: Diagnostics) -> None:
    """Warn of one use of something deprecated."""
    short = found.name.rpartition("/")[2]
    since = f" since {found.since}" if found.since else ""
    goes = f", and goes in {found.remove}" if found.remove else ""
    message = f"{short} is deprecated{since}{goes}"
    help_ = f"use {found.use.rpartition('/')[2]}" if found.use else "nothing replaces it: do without"
    report.warn("name.deprecated", message, place, related=[(found.place, short)], help=help_)
