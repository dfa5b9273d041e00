"""Ranges, lists of words and lists of types: which side of them grew, which shrank."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from twin.ontology.difference.comparison import Change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.ontology.model import Ontology

__all__ = ["Bounds", "Counts", "count_changes", "range_changes", "type_list_changes", "word_changes"]

Bounds = tuple[float | None, float | None]
"""The least and the greatest value; None for an end that is open."""


def range_changes(old: Bounds, new: Bounds) -> Iterator[Change]:
    """What became of a range of values."""
    (low, high), (new_low, new_high) = _closed(old), _closed(new)
    narrowed, widened = new_low > low or new_high < high, new_low < low or new_high > high
    said = f"from {_shown(old)} to {_shown(new)}"
    if narrowed:
        word = "changed" if widened else "narrowed"
        yield Change("major", f"range {word} {said}", "values that were allowed are refused")
    elif widened:
        yield Change("minor", f"range widened {said}", "values that were refused are allowed")


def _closed(bounds: Bounds) -> tuple[float, float]:
    low, high = bounds
    return -inf if low is None else low, inf if high is None else high


def _shown(bounds: Bounds) -> str:
    if bounds == (None, None):
        return "any"
    return "..".join("" if end is None else f"{end:.15g}" for end in bounds)


Counts = tuple[int, int | None]
"""How many there must be at least, and may be at most; None: any number."""


def count_changes(old: Counts, new: Counts) -> Iterator[Change]:
    """What became of how many ends a relation may have."""
    (low, high), (new_low, new_high) = _closed(old), _closed(new)
    said = f"from {_counted(old)} to {_counted(new)}"
    if new_low > low or new_high < high:
        yield Change("major", f"count narrowed {said}", "what has fewer or more of them is refused")
    elif old != new:
        yield Change("minor", f"count widened {said}", "what was refused is allowed")


def _counted(counts: Counts) -> str:
    least, most = counts
    if least == most:
        return str(least)
    return "any" if counts == (0, None) else f"{least}..{'' if most is None else most}"


def word_changes(old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[Change]:
    """What became of a list of words."""
    gone = [word for word in old if word not in new]
    come = [word for word in new if word not in old]
    if gone:
        yield Change("major", f"{_listed(gone)} removed from its words", "values that were allowed are refused")
    if come:
        yield Change("minor", f"{_listed(come)} added to its words", "values that were refused are allowed")
    if old != new and not gone and not come:
        yield Change("patch", "words put in another order", "it is the order they are shown in")


def _listed(words: list[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


Types = tuple[str, ...] | None
"""Qualified types; None where any will do."""


def type_list_changes(word: str, lists: tuple[Types, Types], ontologies: tuple[Ontology, Ontology]) -> Iterator[Change]:
    """What became of a list of types, subtypes included; a type that is gone altogether is no matter of the list."""
    (old, new), (before, after) = lists, ontologies
    lost = any(name in after.types and not _covered(name, new, after) for name in old or ()) or (
        old is None and new is not None
    )
    gained = any(not _covered(name, old, before if name in before.types else after) for name in new or ()) or (
        new is None and old is not None
    )
    said = f"from {_types(old)} to {_types(new)}"
    if lost:
        verb = "changed" if gained else "narrowed"
        yield Change("major", f"'{word}' {verb} {said}", "what was allowed there is refused")
    elif gained:
        yield Change("minor", f"'{word}' widened {said}", "what was refused there is allowed")


def _covered(name: str, by: Types, ontology: Ontology) -> bool:
    return by is None or any(ontology.is_a(name, other) for other in by)


def _types(names: Types) -> str:
    if names is None:
        return "anything"
    return ", ".join(name.rpartition("/")[2] for name in names) or "nothing"
