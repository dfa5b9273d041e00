"""Two versions of a document: what differs, how much each difference asks of the version, and whether it was raised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from twin.ids import sort_key
from twin.ontology.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping

    from twin.errors import Place
    from twin.ontology.versions import Version

__all__ = ["Change", "Comparison", "Difference", "Needs", "counterparts", "differences", "wording_changes"]

Needs: TypeAlias = Literal["major", "minor", "patch"]
"""The part of the version that a difference asks to be raised: only a breaking one asks for the major."""
_WORST_FIRST: tuple[Needs, ...] = ("major", "minor", "patch")
_SIGNS: dict[Needs, str] = {"major": "-", "minor": "+", "patch": "~"}
_WIDEST = 60


class Change(NamedTuple):
    """What is different about one thing, and why it matters."""

    needs: Needs
    said: str
    reason: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: the thing, what became of it, and whether something that worked may stop working."""

    subject: str
    """A qualified name (``connected-home/Thermostat.setpoint``), or a path of a topology as it is written."""
    needs: Needs
    said: str
    reason: str
    place: Place
    """In the new document; in the old one, for what is gone."""
    hint: str = ""

    @property
    def breaking(self) -> bool:
        """Whether what was written for the old version may fail with the new one."""
        return self.needs == "major"

    def as_dict(self) -> dict[str, Any]:
        """As data."""
        place = self.place
        return {
            "breaking": self.breaking,
            "needs": self.needs,
            "subject": self.subject,
            "change": self.said,
            "reason": self.reason,
            "hint": self.hint,
            "file": place.file,
            "line": place.line,
            "column": place.column,
        }

    def line(self, width: int) -> str:
        """As a terminal shows it, the subject in a column of this width."""
        word = "breaking" if self.breaking else "compatible"
        hint = f" ({self.hint})" if self.hint else ""
        return f"{_SIGNS[self.needs]} {word:<10}  {self.subject:<{width}}  {self.said}: {self.reason}{hint}"


def wording_changes(old: object, new: object) -> Iterator[Change]:
    """What became of the words for people, and of the names in other vocabularies, of anything that has them."""
    for key in ("title", "description"):
        if getattr(old, key) != getattr(new, key):
            yield Change("patch", f"{key} changed", "it is wording")
    if getattr(old, "aligns", None) != getattr(new, "aligns", None):
        yield Change("patch", "'aligns' changed", "it is the name of the same thing elsewhere")


def differences(subject: str, place: Place, changes: Iterable[Change]) -> Iterator[Difference]:
    """The changes of one thing, as differences."""
    return (Difference(subject, change.needs, change.said, change.reason, place) for change in changes)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every difference between two versions of one document, the worst first, then in natural order."""

    kind: Literal["ontology", "topology"]
    name: str
    old: str
    """The version of the old document."""
    new: str
    differences: tuple[Difference, ...]

    @classmethod
    def of(
        cls, kind: Literal["ontology", "topology"], name: str, versions: tuple[str, str], found: Iterable[Difference]
    ) -> Comparison:
        """A comparison with its differences in order."""
        ordered = sorted(found, key=lambda each: (_WORST_FIRST.index(each.needs), sort_key(each.subject)))
        return cls(kind, name, *versions, tuple(ordered))

    @property
    def needs(self) -> Needs | None:
        """What the differences together ask of the version; None where there are none."""
        return self.differences[0].needs if self.differences else None

    @property
    def least(self) -> str:
        """The lowest version that the new document may have."""
        return ".".join(map(str, _raised(parse_version(self.old), self.needs)))

    @property
    def right(self) -> bool:
        """Whether the new document's version is high enough."""
        return parse_version(self.new) >= parse_version(self.least)

    def as_dict(self) -> dict[str, Any]:
        """As data."""
        return {
            "kind": self.kind,
            "name": self.name,
            "old": self.old,
            "new": self.new,
            "needs": self.needs,
            "least": self.least,
            "right": self.right,
            "differences": [each.as_dict() for each in self.differences],
        }

    def __str__(self) -> str:
        width = min(_WIDEST, max((len(each.subject) for each in self.differences), default=0))
        lines = [each.line(width) for each in self.differences]
        return "\n".join([*lines, *([""] if lines else []), self._verdict()])

    def _verdict(self) -> str:
        breaking = sum(each.breaking for each in self.differences)
        counts = f"{breaking} breaking, {len(self.differences) - breaking} compatible"
        found = counts if self.differences else "no differences"
        judged = "The version is right." if self.right else f"The version is too low: it must be {self.least} at least."
        return f"{self.name} {self.old} -> {self.new}: {found}. {judged}"


def _raised(version: Version, needs: Needs | None) -> Version:
    """The next version of that importance; before 1.0.0 what breaks raises the minor, as nothing is promised yet."""
    major, minor, patch = version
    if needs == "major" and major:
        return major + 1, 0, 0
    if needs in {"major", "minor"}:
        return major, minor + 1, 0
    return (major, minor, patch + 1) if needs else version


def counterparts(gone: Mapping[str, Hashable], come: Mapping[str, Hashable]) -> dict[str, str]:
    """Which of the things that are gone may have got another name: those of a shape that one thing has on each side."""
    before, after = list(gone.values()), list(come.values())
    return {
        name: next(other for other, found in come.items() if found == shape)
        for name, shape in gone.items()
        if before.count(shape) == after.count(shape) == 1
    }
