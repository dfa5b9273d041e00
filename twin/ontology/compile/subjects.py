"""Types and their members by name, for what an ontology says beside its types: models, roles, deprecations, migrations.

Where a name is missing only because what declares it is wrong, and has been reported, nothing more is said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from twin.ontology.model import CommandType, EventType, PointType, PropertyType
from twin.source import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from twin.ontology.compile.scope import Scope
    from twin.ontology.model import EntityType
    from twin.source import Diagnostics, Scalar

__all__ = ["Member", "Subject", "Subjects", "distinct", "members", "noun_of", "part", "report_sort"]

Member: TypeAlias = PointType | PropertyType | CommandType | EventType
_WRITTEN = ("properties", "status", "configuration", "events", "commands")
_NOUNS: dict[type, str] = {PointType: "point", PropertyType: "property", CommandType: "command", EventType: "event"}


@dataclass(frozen=True, slots=True)
class Subject:
    """A type, or one of its members."""

    type: EntityType
    member: Member | None = None

    @property
    def name(self) -> str:
        """Qualified: ``connected-home/Radiator`` or ``connected-home/Radiator.temp``."""
        return self.type.name if self.member is None else f"{self.type.name}.{self.member.name}"

    @property
    def short(self) -> str:
        """As an author of the same document writes it."""
        return self.type.short if self.member is None else f"{self.type.short}.{self.member.name}"

    @property
    def sort(self) -> str:
        """What it is: "a point", "a type of device"."""
        if self.member is not None:
            return noun_of(self.member)
        return "a mixin" if self.type.mixin else f"a type of {self.type.kind}"


def noun_of(member: Member) -> str:
    """What a member is, with its article."""
    noun = _NOUNS[type(member)]
    return f"an {noun}" if noun == "event" else f"a {noun}"


def members(found: EntityType) -> dict[str, Member]:
    """All that has a name in a type."""
    return {**found.properties, **found.points, **found.events, **found.commands}


def part(word: Scalar, start: int, end: int) -> Scalar:
    """Some characters of a word, as a word."""
    return replace(word, value=word.text[start:end], text=word.text[start:end], place=word.within(start, end))


def report_sort(word: Scalar, found: Subject, wanted: Subject, code: str, report: Diagnostics) -> None:
    """Report that one thing cannot stand for another, being of another sort."""
    message = f"{found.short} is {found.sort}, and {wanted.short} is {wanted.sort}"
    place = (found.type if found.member is None else found.member).place
    report.error(code, message, word.place, related=[(place, found.name)], help=f"name {wanted.sort}")


class Subjects:
    """Finds them among what was compiled; reports those that are not there."""

    def __init__(self, scope: Scope, types: dict[str, EntityType], report: Diagnostics) -> None:
        self.scope = scope
        self.types = types
        self.report = report

    @property
    def given(self) -> frozenset[str]:
        """The documents that were asked for: only their authors are warned."""
        return self.scope.loaded.given

    def type_(self, word: Scalar, document: str) -> EntityType | None:
        """A type that a document may name; reports ``type.unknown``."""
        found = self.scope.type_(word, document)
        return None if found is None else self.types.get(found.name)

    def find(self, word: Scalar, document: str) -> Subject | None:
        """``Type`` or ``Type.member``; reports ``type.unknown`` or ``member.unknown``."""
        name, dot, member = word.text.partition(".")
        found = self.type_(part(word, 0, len(name)), document)
        if found is None or not dot:
            return None if found is None else Subject(found)
        rest = part(word, len(name) + 1, len(word.text))
        made = self.member(rest, found, members(found), f"{found.short} has no '{member}'", "member.unknown")
        return None if made is None else Subject(found, made)

    def member(
        self, word: Scalar, of: EntityType, among: Mapping[str, Member], message: str, code: str
    ) -> Member | None:
        """One of some members of a type; reports ``code`` where it is not among them."""
        found = among.get(word.text)
        if found is None and not self.broken(of, word.text):
            help_, suggestions = did_you_mean(word.text, among, f"{of.short} has")
            related = [(of.place, of.name)]
            self.report.error(code, message, word.place, related=related, help=help_, suggestions=suggestions)
        return found

    def broken(self, found: EntityType, member: str) -> bool:
        """Whether a type lacks a member only because what declares it is wrong."""
        return member not in members(found) and any(self._mentions(name, member) for name in found.lineage)

    def _mentions(self, name: str, member: str) -> bool:
        node = self.scope.types[name].node
        written = (node.map(section) for section in _WRITTEN)
        return node.damaged or any(each is not None and member in each for each in written)

    def look_up(self, name: str) -> Subject | None:
        """What has a qualified name in this version; nothing is reported."""
        owner, dot, member = name.partition(".")
        found = self.types.get(owner)
        made = members(found).get(member) if found is not None and dot else None
        return None if found is None or (dot and made is None) else Subject(found, made)

    def excused(self, name: str) -> bool:
        """Whether a name may be missing only because of what has been reported."""
        owner, dot, member = name.partition(".")
        found, document = self.types.get(owner), self.scope.documents.get(owner.partition("/")[0])
        if found is not None or document is None:
            return found is not None and bool(dot) and self.broken(found, member)
        return owner in self.scope.types or document.damaged or owner.partition("/")[2] in document.broken


def distinct(words: Iterable[Scalar], report: Diagnostics) -> dict[str, Scalar]:
    """The words of a list, each once; reports ``value.duplicate``."""
    first: dict[str, Scalar] = {}
    for word in words:
        if first.setdefault(word.text, word) is not word:
            related = [(first[word.text].place, "the first")]
            report.error("value.duplicate", f"'{word.text}' is listed twice", word.place, related=related)
    return first
