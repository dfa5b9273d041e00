"""Which points and commands an entity really has, of those of its type: its model says so, then the entity itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.source import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.ontology.model import EntityType, ModelType, PointType, Section
    from twin.source import Diagnostics, Scalar
    from twin.topology.parts import Body

__all__ = ["Offer", "offer_of", "point_of"]

Offer = tuple[tuple[str, ...], tuple[str, ...]]
"""Points and commands, in the order of the type."""


def offer_of(body: Body, found: EntityType, model: ModelType | None, report: Diagnostics) -> Offer:
    """The points, those with a source or a setting included, and the commands."""
    has = _named(body.has, found, report)
    lacks = _named(body.lacks, found, report)
    given = {key.text: key for key, _ in (*body.status, *body.settings) if key.text in found.points}
    for name, word in lacks.items():
        other = has.get(name) or given.get(name)
        if other is not None:
            message = f"'{name}' is lacking here and given there"
            related = [(other.place, "given")]
            report.error("point.contradiction", message, word.place, related=related, help="take one away")
    had = {*has, *given} | (set(model.has) - lacks.keys() if model is not None else set())
    without = {*lacks} | (set(model.lacks) - had if model is not None else set())
    return (
        tuple(name for name, point in found.points.items() if _there(name, had, without, optional=point.optional)),
        tuple(name for name, one in found.commands.items() if _there(name, had, without, optional=one.optional)),
    )


def _there(name: str, had: set[str], without: set[str], *, optional: bool) -> bool:
    return name not in without and (not optional or name in had)


def _named(given: tuple[Scalar, ...], found: EntityType, report: Diagnostics) -> dict[str, Scalar]:
    words = {word.text: word for word in given}
    for name, word in words.items():
        if name not in found.points and name not in found.commands:
            _report_unknown(word, found, report)
    return words


def _report_unknown(word: Scalar, found: EntityType, report: Diagnostics) -> None:
    noun, listed = "a point", f"{found.short}'s points: {', '.join(found.points) or 'none'}"
    if found.commands:
        noun, listed = "a point or a command", f"{listed}; commands: {', '.join(found.commands)}"
    help_, suggestions = did_you_mean(word.text, (*found.points, *found.commands))
    message = f"'{word.text}' is not {noun} of {found.short}"
    related = [(found.place, listed)]
    help_ = help_ if suggestions else ""
    report.error("point.unknown", message, word.place, related=related, help=help_, suggestions=suggestions)


def point_of(key: Scalar, found: EntityType, section: Section, report: Diagnostics) -> PointType | None:
    """The point that a key names under ``status`` or ``configuration``."""
    point = found.points.get(key.text)
    if point is not None and point.section == section:
        return point
    known: Iterable[str] = [one.name for one in found.points.values() if one.section == section]
    if point is not None:
        says = "it is set, and follows nothing" if section == "status" else "it is told, and cannot be set"
        message = f"'{key.text}' is a {point.section} point of {found.short}: {says}"
        report.error("point.section", message, key.place, related=[(point.place, point.name)])
        return None
    noun = "configuration points" if section == "configuration" else "points"
    help_, suggestions = did_you_mean(key.text, known)
    related = [(found.place, f"{found.short}'s {noun}: {', '.join(known) or 'none'}")]
    message = f"'{key.text}' is not a {noun[:-1]} of {found.short}"
    help_ = help_ if suggestions else ""
    report.error("point.unknown", message, key.place, related=related, help=help_, suggestions=suggestions)
    return None
