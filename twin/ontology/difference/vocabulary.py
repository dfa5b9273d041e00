"""What became of the rest of a document: its relations, enums and quantities, its imports, its own title."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from twin.ontology.authoring import title_of
from twin.ontology.difference.comparison import Change, Difference, counterparts, differences, wording_changes
from twin.ontology.difference.limits import count_changes, type_list_changes, word_changes
from twin.ontology.versions import overlap
from twin.source import Scalar
from twin.units import compatible

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

    from twin.errors import Place
    from twin.ontology.model import EnumType, Ontology, Quantity, RelationType
    from twin.source import MapNode

__all__ = ["import_differences", "title_differences", "vocabulary_differences"]


class _Named(Protocol):
    @property
    def place(self) -> Place: ...


N = TypeVar("N", bound=_Named)


def vocabulary_differences(old: Ontology, new: Ontology, document: str) -> Iterator[Difference]:
    """Each difference of a relation, an enum or a quantity that the document declares."""

    def relation(one: RelationType, other: RelationType) -> Iterator[Change]:
        return _relation(one, other, (old, new))

    files = (_file(old, document), _file(new, document))
    tables = (
        _table("relation", (old.relations, new.relations), files, _relation_shape, relation),
        _table("enum", (old.enums, new.enums), files, lambda enum: enum.values, _enum),
        _table("quantity", (old.quantities, new.quantities), files, _quantity_shape, _quantity),
    )
    for table in tables:
        for found in table:
            yield Difference(
                f"{document}/{found.subject}", found.needs, found.said, found.reason, found.place, found.hint
            )


def _file(ontology: Ontology, document: str) -> str:
    return next(found.file for found in ontology.documents if found.name == document)


def _table(
    noun: str,
    tables: tuple[Mapping[str, N], Mapping[str, N]],
    files: tuple[str, str],
    shape: Callable[[N], Hashable],
    changes: Callable[[N, N], Iterator[Change]],
) -> Iterator[Difference]:
    old, new = (
        {name: found for name, found in table.items() if found.place.file == file}
        for table, file in zip(tables, files, strict=True)
    )
    gone = {name: found for name, found in old.items() if name not in new}
    come = {name: found for name, found in new.items() if name not in old}
    named = counterparts(
        {name: shape(found) for name, found in gone.items()}, {name: shape(found) for name, found in come.items()}
    )
    for name, found in gone.items():
        hint = f"renamed to '{named[name]}'?" if name in named else ""
        yield Difference(name, "major", f"{noun} removed", "what names it is refused", found.place, hint)
    for name, found in come.items():
        yield Difference(name, "minor", f"{noun} added", "nothing depends on it yet", found.place)
    for name in old.keys() & new.keys():
        yield from differences(name, new[name].place, changes(old[name], new[name]))


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
    before, after = _ranges(old, key), _ranges(new, key)
    for name in dict.fromkeys((*before, *after)):
        place = (after.get(name) or before[name]).place
        texts = [ranges[name].text if name in ranges else None for ranges in (before, after)]
        yield from differences(f"{key}.{name}", place, _range_changes(texts[0], texts[1]))


def _ranges(root: MapNode, key: str) -> dict[str, Scalar]:
    return {entry.key.text: entry.value for entry in root.under(key) if isinstance(entry.value, Scalar)}


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
