"""Roles: what somebody may do who holds one, on what it can be held, and whose doors do not stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from twin.ontology.authoring import title_of
from twin.ontology.compile.subjects import distinct
from twin.ontology.model import PERMISSIONS, RoleType
from twin.source import ListNode, MapNode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.ontology.compile.subjects import Subjects
    from twin.ontology.model import EntityType, Permission
    from twin.source import Diagnostics, Entry, Scalar

__all__ = ["roles_of"]


def roles_of(subjects: Subjects) -> dict[str, RoleType]:
    """Every role that the documents declare, by qualified name."""
    return {
        role.name: role
        for document in subjects.scope.documents.values()
        for entry in document.roles
        if isinstance(entry.value, MapNode)
        for role in [_role(entry, entry.value, document.name, subjects)]
    }


def _role(entry: Entry, node: MapNode, document: str, subjects: Subjects) -> RoleType:
    may = distinct(node.words("may"), subjects.report)
    if document in subjects.given:
        _look(entry.key, node, frozenset(may), subjects.report)
    _check_empty(entry.key, node, subjects.report)
    return RoleType(
        name=f"{document}/{entry.key.text}",
        short=entry.key.text,
        on=tuple(found.name for _, found in _types(node, "on", document, subjects)),
        may=cast("frozenset[Permission]", frozenset(may)),
        crosses=tuple(_crossed(node, document, subjects)),
        title=title_of(node),
        description=title_of(node, "description"),
        place=entry.key.place,
    )


def _types(node: MapNode, key: str, document: str, subjects: Subjects) -> Iterator[tuple[Scalar, EntityType]]:
    for word in distinct(node.words(key), subjects.report).values():
        found = subjects.type_(word, document)
        if found is not None:
            yield word, found


def _crossed(node: MapNode, document: str, subjects: Subjects) -> Iterator[str]:
    for word, found in _types(node, "crosses", document, subjects):
        if any(each.boundary and found.name in each.lineage for each in subjects.types.values()):
            yield found.name
        elif not subjects.scope.types[found.name].node.damaged:
            message = f"{found.short} is no boundary: it stops no role"
            related = [(found.place, found.name)]
            help_ = f"leave it out, or say 'boundary: true' in {found.short}"
            subjects.report.error("role.crosses", message, word.place, related=related, help=help_)


def _check_empty(key: Scalar, node: MapNode, report: Diagnostics) -> None:
    for name, noun in (("on", "type"), ("may", "permission")):
        found = node.get(name)
        if isinstance(found, ListNode) and not found.items:
            message = f"'{name}' of {key.text} names no {noun}"
            report.error("value.invalid", message, found.place, help=f"name at least one {noun}")


def _look(key: Scalar, node: MapNode, may: frozenset[str], report: Diagnostics) -> None:
    """Warn of a role that allows to change what it does not allow to see."""
    found = node.get("may")
    left_out = isinstance(found, ListNode) and len(found.items) > len(node.words("may"))
    if may and not left_out and "read" not in may:
        message = f"{key.text} may {_listed(may)}, and not see what"
        report.warn("role.blind", message, node.place_of("may"), help="add 'read'")


def _listed(may: frozenset[str]) -> str:
    return ", ".join(word for word in PERMISSIONS if word in may)
