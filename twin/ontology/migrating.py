"""Which steps lead from one version of a document to another.

A migration ``1 -> 2`` is for what is at any 1.x, and leads to 2.0; ``1.2 -> 1.3`` is for what is at any 1.x before 1.3.
Inside a major version nothing need be declared: what is compatible needs no step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.errors import InvalidValue
from twin.ontology.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twin.ontology.model import Migration, Ontology, Step
    from twin.ontology.versions import Version

__all__ = ["migrations_between", "steps_between"]


def steps_between(ontology: Ontology, document: str, before: str, after: str) -> tuple[Step, ...]:
    """The steps that lead a document from a version to a later one, in the order in which they are followed.

    ``ontology`` is the later one: it declares how to come to it. Raises `InvalidValue` (``migration.missing``) where
    the versions differ in their major part and no chain of migrations leads from one to the other.
    """
    found = migrations_between(ontology.migrations, document, before, after)
    return tuple(step for migration in found for step in migration.steps)


def migrations_between(
    migrations: Iterable[Migration], document: str, before: str, after: str
) -> tuple[Migration, ...]:
    """The migrations of which those steps are, in order. Raises the same."""
    known = [migration for migration in migrations if migration.document == document]
    position, target = parse_version(before), parse_version(after)
    found: list[Migration] = []
    while (following := _next(known, position, target)) is not None:
        found.append(following)
        position = parse_version(following.after)
    if position[0] != target[0]:
        where = ".".join(map(str, position))
        message = f"no migration of '{document}' leads from {where} to {after}"
        help_ = f"the newer '{document}' must declare 'migrations' for every major version on the way"
        raise InvalidValue(message, code="migration.missing", help=help_)
    return tuple(found)


def _next(migrations: Iterable[Migration], position: Version, target: Version) -> Migration | None:
    """The nearest of those that begin in the same major version and do not go too far."""
    return min(_suitable(migrations, position, target), key=lambda each: parse_version(each.after), default=None)


def _suitable(migrations: Iterable[Migration], position: Version, target: Version) -> Iterator[Migration]:
    return (
        each
        for each in migrations
        if parse_version(each.before)[0] == position[0] and position < parse_version(each.after) <= target
    )
