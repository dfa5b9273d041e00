"""What became of the rest of a document: its relations, enums and quantities, its imports, its own title."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.ontology.authoring import title_of
from twin.ontology.difference.comparison import Change, Difference, differences, wording_changes
from twin.ontology.difference.limits import count_changes, type_list_changes, word_changes
from twin.ontology.difference.tables import files_of, table_differences
from twin.ontology.versions import overlap
from twin.source import MapNode, Scalar
from twin.units import compatible

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from twin.ontology.model import EnumType, Ontology, Quantity, RelationType
    from twin.source import Entry

__all__ = ["import_differences", "title_differences", "vocabulary_differences"]


def vocabulary_differences(old: Ontology, new: Ontology, document: str) -> Iterator[Difference]:
    """Each difference of a relation, an enum or a quantity that the document declares."""

    def relation(one: RelationType, other: RelationType) -> Iterator[Change]:
        return _relation(one, other, (old, new))

    files = files_of(old, new, document)
    tables = (
        table_differences("relation", (old.relations, new.relations), files, _relation_shape, relation),
        table_differences("enum", (old.enums, new.enums), files, lambda enum: enum.values, _enum),
        table_differences("quantity", (old.quantities, new.quantities), files, _quantity_shape, _quantity),
    )
    for table in tables:
        for found in table:
            yield Difference(
                f"{document}/{found.subject}", found.needs, found.said, found.reason, found.place, found.hint
            )


def _relation_shape(relation: RelationType) -> Hashable:
    return relation.sources, relation.targets


def _relation(old: RelationType, new: RelationType, ontologies: tuple[Ontology, Ontology]) -> Iterator[Change]:
    yield from type_list_changes("from", (old.sources, new.sources), ontologies)
    yield from type_list_changes("to", (old.targets, new.targets), ontologies)
    if old.inverse != new.inverse:
        said = f"inverse changed from {old.inverse or 'none'} to {new.inverse or 'none'}"
        if old.inverse is None:
            yield Change("minor", said, "it can be followed from the other end too")
        else:
            yield Change("major", said, f"what follows '{old.inverse}' fails")
    yield from count_changes((old.least, old.most), (new.least, new.most))
    yield from wording_changes(old, new)


def _enum(old: EnumType, new: EnumType) -> Iterator[Change]:
    return word_changes(old.values, new.values)


def _quantity_shape(quantity: Quantity) -> Hashable:
    return quantity.unit


def _quantity(old: Quantity, new: Quantity) -> Iterator[Change]:
    if old.unit != new.unit:
        said = f"unit changed from {old.unit or 'none'} to {new.unit or 'none'}"
        if old.unit is not None and new.unit is not None and compatible(old.unit, new.unit):
            yield Change("patch", said, "it is of the same dimension: points keep their own units")
        else:
            yield Change("major", said, "points that measure it are refused")
    yield from wording_changes(old, new)


def title_differences(name: str, old: MapNode, new: MapNode) -> Iterator[Difference]:
    """Each difference of the titles of a whole document, given its root."""
    for key in ("title", "description"):
        if title_of(old, key) != title_of(new, key):
            yield Difference(name, "patch", f"{key} changed", "it is wording", new.place_of(key))


def import_differences(key: str, old: MapNode, new: MapNode) -> Iterator[Difference]:
    """Each difference of the ontologies that a document names under ``imports`` (or ``uses``), given its root."""
    before, after = ({entry.key.text: entry for entry in root.under(key)} for root in (old, new))
    for name in dict.fromkeys((*before, *after)):
        found = after.get(name) or before[name]
        ranges = [_range(entries[name]) if name in entries else None for entries in (before, after)]
        yield from differences(f"{key}.{name}", found.value.place, _range_changes(ranges[0], ranges[1]))
        if name in before and name in after:
            changes = _name_changes(_names(before[name]), _names(after[name]))
            yield from differences(f"{key}.{name}", found.value.place, changes)


def _range(entry: Entry) -> str | None:
    node = entry.value
    return node.text("version") if isinstance(node, MapNode) else node.text if isinstance(node, Scalar) else None


def _names(entry: Entry) -> dict[str, str]:
    node = entry.value
    under = node.under("as") if isinstance(node, MapNode) else ()
    return {each.key.text: each.value.text for each in under if isinstance(each.value, Scalar)}


def _name_changes(old: dict[str, str], new: dict[str, str]) -> Iterator[Change]:
    for name in dict.fromkeys((*old, *new)):
        before, after = old.get(name, name), new.get(name, name)
        if before != after:
            reason = "who builds on this, or asks for it by that name, must write the other"
            yield Change("major", f"{name} is called {after}, and was called {before}", reason)


def _range_changes(old: str | None, new: str | None) -> Iterator[Change]:
    if old is None:
        yield Change("minor", f"added, at {new}", "it must be there as well")
    elif new is None:
        yield Change("patch", "removed", "it need not be there any more")
    elif old != new:
        if overlap(old, new):
            yield Change("minor", f"changed from {old} to {new}", "some versions serve both")
        else:
            yield Change("major", f"changed from {old} to {new}", "no version that served serves any more")
