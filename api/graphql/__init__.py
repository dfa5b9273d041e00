"""GraphQL: one schema per ontology in force, on Strawberry's execution and transport."""

from api.graphql.endpoint import router

__all__ = ["router"]
