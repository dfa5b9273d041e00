"""What a topology uses that its ontologies are about to take away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.ontology.compile.retiring import warn_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.ontology.model import EntityType
    from twin.source import Diagnostics, Scalar
    from twin.topology.parts import Body

__all__ = ["warn_deprecated"]


def warn_deprecated(body: Body, found: EntityType, report: Diagnostics) -> None:
    """Warn of a type that is deprecated, and of each of its members that is and that a body names."""
    word = body.model or body.type
    if found.deprecated is not None and word is not None:
        warn_of(word.place, found.deprecated, report)
    for key in _named(body):
        for members in (found.points, found.properties, found.commands):
            member = members.get(key.text)
            if member is not None and member.deprecated is not None:
                warn_of(key.place, member.deprecated, report)


def _named(body: Body) -> Iterator[Scalar]:
    yield from body.has
    for entries in (body.properties, body.status, body.settings):
        yield from (entry[0] for entry in entries)
