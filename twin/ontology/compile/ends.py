"""What may stand where: in a space, behind a gateway, in a view, and at the two ends of a relation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.ontology.authoring import aligns_of, title_of
from twin.ontology.model import RelationType
from twin.source import MapNode

if TYPE_CHECKING:
    from twin.errors import Place
    from twin.ontology.authoring import Declaration
    from twin.ontology.compile.scope import Scope
    from twin.ontology.model import Kind
    from twin.source import Diagnostics, Entry, Scalar

__all__ = ["BUILT_IN", "allowed", "relations_of"]

BUILT_IN = frozenset({"contains", "includes", "connects", "manages", "declares", "has_role"})
"""Relations that every twin has; an ontology cannot declare others of these names."""
_SUITABLE: dict[str, tuple[frozenset[Kind], str]] = {
    "contains": (frozenset({"space"}), "a space"),
    "connects": (frozenset({"device"}), "a device"),
    "of": (frozenset({"space", "device", "view"}), "a space, a device or a view"),
}


def allowed(declaration: Declaration, key: str, scope: Scope, report: Diagnostics) -> tuple[str, ...] | None:
    """The qualified types under ``contains``, ``connects`` or ``of``; None where nothing is said."""
    if key not in declaration.node:
        return None
    kinds, noun = _SUITABLE[key]
    names: list[str] = []
    for word in declaration.node.words(key):
        found = scope.type_(word, declaration.document)
        if found is not None and found.kind is not None and found.kind not in kinds:
            message = f"'{key}' names {noun}, and {found.short} is a {found.kind}"
            related = [(found.key.place, f"{found.short} is a {found.kind}")]
            report.error("type.kind", message, word.place, related=related, help=f"name {noun}")
        elif found is not None:
            names.append(found.name)
    return tuple(dict.fromkeys(names))


def relations_of(scope: Scope, report: Diagnostics) -> dict[str, RelationType]:
    """Every relation that the documents declare, by name."""
    names: dict[str, Place] = {}
    found: dict[str, RelationType] = {}
    for document in scope.documents.values():
        for entry in document.relations:
            relation = _relation(entry, document.name, scope, report)
            if _free(relation.name, entry.key, names, report):
                found[relation.name] = relation
            if relation.inverse is not None and isinstance(entry.value, MapNode):
                inverse = entry.value.scalar("inverse")
                if inverse is not None:
                    _free(relation.inverse, inverse, names, report)
    return found


def _relation(entry: Entry, document: str, scope: Scope, report: Diagnostics) -> RelationType:
    node = entry.value if isinstance(entry.value, MapNode) else MapNode({}, entry.key.place)
    least, most = _count(node, report)
    return RelationType(
        name=entry.key.text,
        sources=_end(node, "from", document, scope),
        targets=_end(node, "to", document, scope),
        inverse=node.text("inverse"),
        title=title_of(node),
        place=entry.key.place,
        least=least,
        most=most,
        description=title_of(node, "description"),
        aligns=aligns_of(node),
    )


def _count(node: MapNode, report: Diagnostics) -> tuple[int, int | None]:
    """``0..1``, ``1..``, ``2``: how many ends one beginning must have, and may have."""
    word = node.scalar("count")
    if word is None:
        return 0, None
    low, dots, high = word.text.partition("..")
    least, most = int(low or 0), int(high if dots else low) if high or not dots else None
    if most is not None and (most < least or most == 0):
        message = f"'{word.text}' leaves no number of ends" if most < least else "a relation with no end is none"
        help_ = "the smaller number comes first: 0..1; or leave the end open: 1.."
        report.error("count.empty", message, word.place, help=help_)
        return 0, None
    return least, most


def _end(node: MapNode, key: str, document: str, scope: Scope) -> tuple[str, ...]:
    found = (scope.type_(word, document) for word in node.words(key))
    return tuple(dict.fromkeys(declaration.name for declaration in found if declaration is not None))


def _free(name: str, key: Scalar, names: dict[str, Place], report: Diagnostics) -> bool:
    if name in BUILT_IN:
        message = f"'{name}' is a relation that every twin has"
        report.error("name.reserved", message, key.place, help="choose another name")
        return False
    earlier = names.setdefault(name, key.place)
    if earlier is not key.place:
        related = [(earlier, f"the first '{name}'")]
        help_ = "a name is one relation, seen from one end: rename one of the two"
        report.error(
            "relation.duplicate", f"a second relation is named '{name}'", key.place, related=related, help=help_
        )
        return False
    return True
