"""What the web promises, written down beside this module: a change of it is seen in a change of these files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from api.docs.asyncapi import asyncapi
from api.docs.openapi import openapi
from api.graphql.schema import sdl

if TYPE_CHECKING:
    from twin.ontology.model import Ontology

__all__ = ["documents"]


def documents(ontology: Ontology) -> dict[str, str]:
    """The text of every document for an ontology, by its path in the checkout."""
    return {
        "api/schema/schema.graphql": sdl(ontology),
        "api/schema/openapi.json": _pretty(openapi()),
        "api/schema/asyncapi.json": _pretty(asyncapi(ontology)),
    }


def _pretty(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
