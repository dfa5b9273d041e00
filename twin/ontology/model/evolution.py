"""What changes from one version of an ontology to the next, declared so that what exists can follow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.errors import Place
    from twin.ontology.model.vocabulary import Default


__all__ = ["Deprecation", "Migration", "Step", "StepKind"]

StepKind = Literal["rename", "split", "merge", "convert", "default", "remove"]


@dataclass(frozen=True, slots=True)
class Deprecation:
    """What is on its way out: what to use instead, since when, and in which version it goes."""

    name: str
    """``connected-home/Radiator`` or ``connected-home/Radiator.temp``."""
    use: str | None
    """What replaces it, in the same form."""
    since: str | None
    remove: str | None
    place: Place


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is different between two versions, declared so that what exists can follow."""

    kind: StepKind
    subject: str
    """By the older version's names: ``connected-home/Radiator`` or ``connected-home/Radiator.temp``."""
    to: tuple[str, ...] = ()
    """rename: the new short name or member; merge: the one that stays; split: the types it becomes."""
    when: Mapping[str, str] = field(default_factory=dict)
    """split: type (qualified) -> the rule, over the entity, by which it becomes that one; one may have none."""
    units: tuple[str, str] | None = None
    """convert: from, to (UCUM)."""
    value: Default | None = None
    """default: what an entity gets that has none."""
    reason: str = ""
    """remove: why, for the people who lose it."""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Migration:
    """What is different from one version of a document to a later one, in the order in which it is followed."""

    document: str
    before: str
    """The older version, as many parts as were written: ``1`` or ``1.2``."""
    after: str
    steps: tuple[Step, ...]
    place: Place
