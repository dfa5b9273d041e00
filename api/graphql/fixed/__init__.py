"""What is the same for every ontology: readings, plans, pages, who is asking. Written with Strawberry."""

# No `from __future__ import annotations`: Strawberry reads these annotations.

import strawberry

from api.graphql.fixed.access import Me
from api.graphql.fixed.entities import Made, Property, RolePlace
from api.graphql.fixed.plans import Diagnostic, Fault, JobState, OntologyVersion, PlanStep, PlanVerb
from api.graphql.fixed.readings import (
    READINGS,
    BooleanSetting,
    Computed,
    IntegerSetting,
    JSONSetting,
    NumberSetting,
    Reading,
    Section,
    StringSetting,
)
from api.graphql.fixed.reasons import AccessReasons
from api.graphql.fixed.scalars import CONFIG, REF, Instant, Value
from api.graphql.fixed.sharing import AccessGrant, Invitation, Organisation

__all__ = ["CONFIG", "READINGS", "REF", "TYPES", "Instant", "Me", "PageInfo", "Property", "Query", "Value"]


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Relay's PageInfo."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Query:
    """The fields of Query that know nothing of an ontology; `api.graphql.roots` adds the others."""

    @strawberry.field(description="Who is asking.")  # type: ignore[untyped-decorator]  # Strawberry's overloads
    def me(self, info: strawberry.Info) -> Me:
        """From the token; what it may act on, from the graph."""
        principal = info.context.question.principal
        return Me(client_id=principal.client, scopes=sorted(principal.scopes), subject=principal.subject)


TYPES: list[type] = [
    Section,
    Reading,
    NumberSetting,
    IntegerSetting,
    BooleanSetting,
    StringSetting,
    JSONSetting,
    Computed,
    RolePlace,
    AccessReasons,
    AccessGrant,
    Invitation,
    Organisation,
    Made,
    Diagnostic,
    PlanVerb,
    PlanStep,
    OntologyVersion,
    Fault,
    JobState,
    Property,
    PageInfo,
]
