"""REST: the same entities and readings as GraphQL, at addresses of their own."""

from api.rest.access import router as access
from api.rest.assets import router as assets
from api.rest.audit import router as audit
from api.rest.authoring import router as authoring
from api.rest.collections import router as collections
from api.rest.deadletters import router as deadletters
from api.rest.entities import router as entities
from api.rest.organisations import router as organisations
from api.rest.sharing import router as sharing

__all__ = [
    "access",
    "assets",
    "audit",
    "authoring",
    "collections",
    "deadletters",
    "entities",
    "organisations",
    "sharing",
]
