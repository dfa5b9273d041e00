"""Migrations: the versions they are for, and their steps."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from twin.ontology.compile.drafts import written_of
from twin.ontology.compile.following import Fates
from twin.ontology.compile.steps import Steps
from twin.ontology.model import Migration
from twin.ontology.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twin.ontology.authoring import Declared
    from twin.ontology.compile.drafts import Written
    from twin.ontology.compile.subjects import Subjects

__all__ = ["migrations_of"]


def migrations_of(subjects: Subjects) -> tuple[Migration, ...]:
    """Every migration that the documents declare; those of one document in the order of their versions."""
    return tuple(
        migration
        for document in subjects.scope.documents.values()
        if document.migrations
        for migration in _migrations(document, subjects)
    )


def _migrations(document: Declared, subjects: Subjects) -> Iterator[Migration]:
    written = written_of(document, subjects.report)
    _check_versions(written, document, subjects)
    now = parse_version(document.document.version or "999999")
    fates = [Fates(each, subjects) for each in written]
    for each in fates:
        early = each.written.ends > now
        later = [other for other in fates if each.written.ends <= other.written.begins and other.written.ends <= now]
        steps = Steps(each, later, subjects, early=early)
        made = tuple(step for draft in each.written.drafts for step in steps.of(draft))
        yield Migration(document.name, each.written.before, each.written.after, made, each.written.key.place)


def _check_versions(written: Sequence[Written], document: Declared, subjects: Subjects) -> None:
    now, report = document.document.version, subjects.report
    for each in written:
        if each.begins >= each.ends:
            message = f"{each.after} does not come after {each.before}"
            report.error("migration.version", message, each.key.place, help="the older version comes first: 1 -> 2")
        elif now and each.ends > parse_version(now) and document.name in subjects.given:
            message = f"this is version {now}: what leads to {each.after} is followed once that is here"
            help_ = "raise 'version'; or let it stand, if that is to come: what it says is judged only then"
            report.warn("migration.version", message, each.key.place, help=help_)
    for one, other in pairwise(written):
        if one.ends == other.ends and one.begins[0] == other.begins[0]:
            message = f"a second migration leads from {other.begins[0]} to {other.after}"
            related = [(one.key.place, "the first")]
            help_ = "write the steps of both in one"
            report.error("migration.duplicate", message, other.key.place, related=related, help=help_)
