"""The last step: everything that was resolved, as one immutable `Ontology`."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from twin.ontology.authoring import aligns_of, title_of
from twin.ontology.compile.doors import boundaries_of
from twin.ontology.compile.ends import allowed
from twin.ontology.compile.members import Made, Member, members_of
from twin.ontology.compile.migrations import migrations_of
from twin.ontology.compile.products import models_of
from twin.ontology.compile.retiring import deprecations_of, retired, warn_of_uses
from twin.ontology.compile.roles import roles_of
from twin.ontology.compile.subjects import Subjects
from twin.ontology.model import CommandType, EntityType, EventType, Ontology, PointType, PropertyType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.ontology.authoring import Declaration
    from twin.ontology.compile.lineage import Lineages
    from twin.ontology.compile.scope import Scope
    from twin.ontology.model import RelationType
    from twin.source import Diagnostics

__all__ = ["build"]


def build(scope: Scope, lineages: Lineages, relations: Mapping[str, RelationType], report: Diagnostics) -> Ontology:
    """The ontology of all that is sound; what is not has been reported."""
    members = members_of(lineages, scope, report)
    rules = {d.name: {key: allowed(d, key, scope, report) for key in _RULES} for d in scope.declarations}
    closed = boundaries_of(lineages, report)
    types: dict[str, EntityType] = {}
    for declaration in lineages.order:
        lineage = lineages.ancestors[declaration.name]
        nearest = {key: next((rules[a][key] for a in lineage if rules[a][key] is not None), None) for key in _RULES}
        made = _type(declaration, lineages, members[declaration.name], nearest)
        types[declaration.name] = replace(made, boundary=declaration.name in closed)
    deprecations = deprecations_of(Subjects(scope, types, report))
    subjects = Subjects(scope, retired(types, deprecations), report)
    warn_of_uses(subjects, deprecations)
    return Ontology(
        documents=tuple(document.document for document in scope.documents.values()),
        types=MappingProxyType(subjects.types),
        relations=MappingProxyType(dict(relations)),
        quantities=MappingProxyType({name: found for name, (_, found) in scope.quantities.items()}),
        enums=MappingProxyType({found.name: found for found in scope.enums.values()}),
        short_names=MappingProxyType({found.short: found.name for found in types.values()}),
        models=MappingProxyType(models_of(subjects)),
        roles=MappingProxyType(roles_of(subjects)),
        migrations=migrations_of(subjects),
    )


M = TypeVar("M", PointType, PropertyType, CommandType, EventType)
_RULES = ("contains", "connects", "of")


def _type(
    declaration: Declaration,
    lineages: Lineages,
    members: Mapping[str, Member | None],
    rules: Mapping[str, tuple[str, ...] | None],
) -> EntityType:
    made = {name: member.made for name, member in members.items() if member is not None}
    return EntityType(
        name=declaration.name,
        short=declaration.short,
        kind=declaration.kind,
        abstract=declaration.abstract,
        mixin=declaration.mixin,
        parents=lineages.parents[declaration.name],
        lineage=lineages.ancestors[declaration.name],
        points=_of(PointType, made),
        properties=_of(PropertyType, made),
        contains=rules["contains"],
        connects=rules["connects"],
        of=rules["of"],
        title=title_of(declaration.node),
        description=title_of(declaration.node, "description"),
        plural=declaration.node.text("plural"),
        place=declaration.key.place,
        commands=_of(CommandType, made),
        events=_of(EventType, made),
        aligns=aligns_of(declaration.node),
    )


def _of(sort: type[M], made: Mapping[str, Made]) -> Mapping[str, M]:
    return MappingProxyType({name: one for name, one in made.items() if isinstance(one, sort)})
