"""Models: what a product of a type lacks, has besides, and is always true of it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from twin.ontology.authoring import title_of
from twin.ontology.compile.subjects import distinct
from twin.ontology.model import ModelType
from twin.ontology.values import plain
from twin.source import MapNode, Scalar, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from twin.ontology.compile.subjects import Subjects
    from twin.ontology.model import CommandType, EntityType, PointType
    from twin.source import Diagnostics, Entry

__all__ = ["models_of"]

_KINDS = frozenset({"device", "gateway"})


def models_of(subjects: Subjects) -> dict[str, ModelType]:
    """Every model that the documents declare, by its short name in force."""
    found: dict[str, ModelType] = {}
    for name, (short, entry) in subjects.scope.models.items():
        node = entry.value
        of = _type(node, name, subjects) if isinstance(node, MapNode) else None
        if of is not None and isinstance(node, MapNode):
            found[short] = _model((name, short), entry, node, of, subjects)
    return found


def _type(node: MapNode, name: str, subjects: Subjects) -> EntityType | None:
    """The type that it is a product of, where that is a concrete type of device or gateway."""
    word = node.scalar("of")
    found = None if word is None else subjects.type_(word, name.partition("/")[0])
    if word is None or found is None:
        return None
    related = [(found.place, found.name)]
    if found.kind not in _KINDS:
        what = "a mixin" if found.mixin else f"a {found.kind}"
        message = f"a model is of a device or a gateway, and {found.short} is {what}"
        subjects.report.error(
            "type.kind", message, word.place, related=related, help="name a type of device or gateway"
        )
        return None
    if found.abstract:
        concrete = sorted(
            each.short for each in subjects.types.values() if found.name in each.lineage and not each.abstract
        )
        help_ = f"choose one that is concrete: {', '.join(concrete[:8])}" if concrete else "choose a concrete type"
        message = f"{found.short} is abstract: no product is just that"
        subjects.report.error("type.abstract", message, word.place, related=related, help=help_)
        return None
    return found


def _model(names: tuple[str, str], entry: Entry, node: MapNode, of: EntityType, subjects: Subjects) -> ModelType:
    document = names[0].partition("/")[0]
    lacks, has = (_members(node, key, of, subjects) for key in ("lacks", "has"))
    for name in lacks.keys() & has.keys():
        message = f"'{name}' is lacking here and given there"
        related = [(has[name].place, "given")]
        subjects.report.error("point.contradiction", message, lacks[name].place, related=related, help="take one away")
    if document in subjects.given and not lacks.keys() & has.keys():
        _look((*lacks.values(), *has.values()), frozenset(has), of, subjects.report)
    return ModelType(
        name=names[0],
        short=names[1],
        of=of.name,
        lacks=tuple(lacks),
        has=tuple(has),
        vendor=node.text("vendor"),
        properties=MappingProxyType(dict(_properties(node, of, subjects))),
        title=title_of(node),
        description=title_of(node, "description"),
        place=entry.key.place,
    )


def _members(node: MapNode, key: str, of: EntityType, subjects: Subjects) -> dict[str, Scalar]:
    """The points and commands under ``lacks`` or ``has``."""
    suitable = _suitable(of)
    found: dict[str, Scalar] = {}
    for word in distinct(node.words(key), subjects.report).values():
        message = f"'{word.text}' is neither a point nor a command of {of.short}"
        if subjects.member(word, of, suitable, message, "point.unknown") is not None:
            found[word.text] = word
    return found


def _suitable(of: EntityType) -> dict[str, PointType | CommandType]:
    return {**of.points, **of.commands}


def _look(words: Iterable[Scalar], has: Container[str], of: EntityType, report: Diagnostics) -> None:
    """Warn of what changes nothing: every instance has, or lacks, it anyway."""
    for word in words:
        member = _suitable(of)[word.text]
        if member.optional != (word.text in has):
            verb = "has" if word.text in has else "is without"
            message = f"every {of.short} {verb} '{word.text}', unless it says otherwise"
            related = [(member.place, f"'{word.text}' of {of.short}")]
            report.warn("point.superfluous", message, word.place, related=related, help="leave it out")


def _properties(node: MapNode, of: EntityType, subjects: Subjects) -> Iterator[tuple[str, str | int | float | bool]]:
    for entry in node.under("properties"):
        wanted = of.properties.get(entry.key.text)
        if wanted is None:
            _unknown_property(entry.key, of, subjects)
        elif isinstance(entry.value, Scalar):
            value = plain(entry.value, wanted, subjects.report)
            if value is not None:
                yield entry.key.text, value


def _unknown_property(key: Scalar, of: EntityType, subjects: Subjects) -> None:
    if subjects.broken(of, key.text):
        return
    help_, suggestions = did_you_mean(key.text, of.properties, "its properties")
    if key.text in of.points:
        help_ = "it is a point: what it says comes from devices"
    message = f"'{key.text}' is not a property of {of.short}"
    related = [(of.place, of.name)]
    subjects.report.error("property.unknown", message, key.place, related=related, help=help_, suggestions=suggestions)
