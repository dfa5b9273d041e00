"""JSON Schema of the documents that authors write, for editors: made from the same tables that read them."""

from __future__ import annotations

import json

from twin.ontology.shape import ONTOLOGY
from twin.source import json_schema
from twin.topology.shape import SERIES, TOPOLOGY

__all__ = ["yaml_schemas"]

_DOCUMENTS = {
    "ontology": (ONTOLOGY, "An ontology"),
    "topology": (TOPOLOGY, "A topology"),
    "series": (SERIES, "A map of series"),
}


def yaml_schemas() -> dict[str, str]:
    """The schema of each kind of document as JSON text, by the path it has in a checkout."""
    return {
        f"ontologies/schema/{name}.schema.json": _text(json_schema(shape, title, f"{name}.schema.json"))
        for name, (shape, title) in _DOCUMENTS.items()
    }


def _text(schema: dict[str, object]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
