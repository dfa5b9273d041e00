"""What became of how a document says that what exists follows: its migrations."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twin.ontology.difference.comparison import Change, Difference, differences
from twin.ontology.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.ontology.model import Migration, Ontology, Step
    from twin.ontology.versions import Version

__all__ = ["migration_differences"]


def migration_differences(old: Ontology, new: Ontology, document: str) -> Iterator[Difference]:
    """Each difference of the migrations that the document declares."""
    before, after = _own(old, document), _own(new, document)
    for key in dict.fromkeys((*before, *after)):
        found = after.get(key) or before[key]
        subject = f"{document}: {found.before} -> {found.after}"
        yield from differences(subject, found.place, _changes(before.get(key), after.get(key)))


def _own(ontology: Ontology, document: str) -> dict[tuple[Version, Version], Migration]:
    return {
        (parse_version(each.before), parse_version(each.after)): each
        for each in ontology.migrations
        if each.document == document
    }


def _changes(old: Migration | None, new: Migration | None) -> Iterator[Change]:
    if old is None:
        yield Change("patch", "migration added", "it says how what exists follows")
    elif new is None:
        yield Change("major", "migration removed", f"what is at {old.before} does not come to {old.after} any more")
    elif _steps(old) != _steps(new):
        yield Change("minor", "steps changed", "what follows it from now on becomes something else")
    elif [step.reason for step in old.steps] != [step.reason for step in new.steps]:
        yield Change("patch", "reasons changed", "it is wording")


def _steps(migration: Migration) -> list[Step]:
    """The steps, wherever they stand and why ever they are."""
    return [replace(step, place=None, reason="") for step in migration.steps]
