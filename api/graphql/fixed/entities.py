"""What entities of any type have: places to fill, what a site was made of, properties."""

# No `from __future__ import annotations`: Strawberry reads these annotations.

import strawberry

from api.graphql.fixed.readings import UNIT
from api.graphql.fixed.scalars import Json, Value

__all__ = ["Made", "Property", "RolePlace"]


@strawberry.type(description="A place on an entity that somebody may be given.")
class RolePlace:
    """As `api.roles.RolePlace`."""

    key: str
    role: str = strawberry.field(description="As it is named in the ontology.")
    permissions: list[str] = strawberry.field(description="What it allows: read, configure, command …")

    @strawberry.field(description="For people.")  # type: ignore[untyped-decorator]  # Strawberry's overloads
    def title(self, lang: str | None = None) -> str:
        """In a language, or the nearest there is."""
        return self.title(lang)  # type: ignore[no-any-return]  # of `api.roles.RolePlace`, whose face this is


@strawberry.type(description="What a site was last made of.")
class Made:
    """As `api.questions.MadeOf`."""

    topology: str
    version: str
    parameters: Json | None = strawberry.field(description="Null without the scope twin:read-private.")


@strawberry.type(description="A fact about an entity that does not change by itself.")
class Property:
    """Any property."""

    name: str
    value: Value
    unit: str | None = strawberry.field(description=UNIT)
