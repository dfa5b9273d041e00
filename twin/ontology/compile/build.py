"""The last step: everything that was resolved, as one immutable `Ontology`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from twin.ontology.authoring import title_of
from twin.ontology.compile.ends import allowed
from twin.ontology.compile.members import Member, members_of
from twin.ontology.compile.products import models_of
from twin.ontology.compile.retiring import deprecations_of, retired, warn_of_uses
from twin.ontology.compile.roles import roles_of
from twin.ontology.compile.subjects import Subjects
from twin.ontology.model import EntityType, Ontology, PointType, PropertyType

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
    types: dict[str, EntityType] = {}
    for declaration in lineages.order:
        lineage = lineages.ancestors[declaration.name]
        nearest = {key: next((rules[a][key] for a in lineage if rules[a][key] is not None), None) for key in _RULES}
        types[declaration.name] = _type(declaration, lineages, members[declaration.name], nearest)
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
    )


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
        points=MappingProxyType({name: one for name, one in made.items() if isinstance(one, PointType)}),
        properties=MappingProxyType({name: one for name, one in made.items() if isinstance(one, PropertyType)}),
        contains=rules["contains"],
        connects=rules["connects"],
        of=rules["of"],
        title=title_of(declaration.node),
        description=title_of(declaration.node, "description"),
        plural=declaration.node.text("plural"),
        place=declaration.key.place,
    )
