"""What became of models and roles: what products have, and what people may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.ontology.difference.comparison import Change, wording_changes
from twin.ontology.difference.limits import type_list_changes
from twin.ontology.difference.tables import files_of, table_differences
from twin.ontology.model import PERMISSIONS

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from twin.ontology.difference.comparison import Difference, Needs
    from twin.ontology.model import ModelType, Ontology, RoleType

__all__ = ["model_differences", "role_differences"]


def model_differences(old: Ontology, new: Ontology, document: str) -> Iterator[Difference]:
    """Each difference of a model that the document declares."""

    def changes(one: ModelType, other: ModelType) -> Iterator[Change]:
        return _model(one, other, new)

    before, after = ({found.name: found for found in each.models.values()} for each in (old, new))
    return table_differences("model", (before, after), files_of(old, new, document), _model_shape, changes)


def _model_shape(model: ModelType) -> Hashable:
    return model.of, model.lacks, model.has, model.vendor


def _model(old: ModelType, new: ModelType, ontology: Ontology) -> Iterator[Change]:
    if old.of != new.of:
        said = f"'of' changed from {_short(old.of)} to {_short(new.of)}"
        if ontology.is_a(new.of, old.of):
            yield Change("minor", said, "every one of them is of that type still")
        else:
            yield Change("major", said, "entities of it are of another type")
    yield from _members(old, new)
    if (old.vendor, dict(old.properties)) != (new.vendor, dict(new.properties)):
        said = f"{'vendor' if old.vendor != new.vendor else 'properties'} changed"
        yield Change("minor", said, "entities that do not say so themselves have other properties")
    yield from wording_changes(old, new)


def _short(name: str) -> str:
    return name.rpartition("/")[2]


def _members(old: ModelType, new: ModelType) -> Iterator[Change]:
    rows: tuple[tuple[Needs, str, tuple[str, ...], str], ...] = (
        ("major", "added to 'lacks'", _without(new.lacks, old.lacks), "lose"),
        ("major", "removed from 'has'", _without(old.has, new.has), "lose"),
        ("minor", "removed from 'lacks'", _without(old.lacks, new.lacks), "have"),
        ("minor", "added to 'has'", _without(new.has, old.has), "have"),
    )
    for needs, done, names, verb in rows:
        if names:
            said = f"{_listed(names)} {done}"
            yield Change(needs, said, f"entities of it {verb} {'them' if len(names) > 1 else 'it'}")


def _without(names: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in others)


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def role_differences(old: Ontology, new: Ontology, document: str) -> Iterator[Difference]:
    """Each difference of a role that the document declares."""

    def changes(one: RoleType, other: RoleType) -> Iterator[Change]:
        return _role(one, other, (old, new))

    return table_differences("role", (old.roles, new.roles), files_of(old, new, document), _role_shape, changes)


def _role_shape(role: RoleType) -> Hashable:
    return role.on, role.may, role.crosses


def _role(old: RoleType, new: RoleType, ontologies: tuple[Ontology, Ontology]) -> Iterator[Change]:
    yield from type_list_changes("on", (old.on, new.on), ontologies)
    lost = tuple(word for word in PERMISSIONS if word in old.may - new.may)
    gained = tuple(word for word in PERMISSIONS if word in new.may - old.may)
    if lost:
        yield Change("major", f"{_listed(lost)} removed from 'may'", "who holds it may not do that any more")
    if gained:
        yield Change("minor", f"{_listed(gained)} added to 'may'", "who holds it already may do that too")
    yield from type_list_changes("crosses", (old.crosses, new.crosses), ontologies)
    yield from wording_changes(old, new)
