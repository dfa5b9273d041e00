"""The AsyncAPI document: what devices publish over MQTT, with the points that the ontologies in force know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.ontology.model import Ontology, PointType

__all__ = ["asyncapi"]

_TYPES = {
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
    "string": "string",
    "enum": "string",
    "timestamp": "string",
    "object": "object",
    "list": "array",
}


def asyncapi(ontology: Ontology) -> dict[str, Any]:
    """The document of an ontology (AsyncAPI 3)."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Building twin over MQTT",
            "version": "1",
            "description": "What devices and gateways send. Topics and payloads follow UDMI.",
        },
        "servers": {
            "twin": {
                "host": "localhost:1883",
                "protocol": "mqtt",
                "description": "MQTT 3.1.1 and 5, QoS 0 and 1. A PUBACK means that the message is on disk.",
                "security": [{"$ref": "#/components/securitySchemes/token"}],
            }
        },
        "channels": {
            "pointset": {
                "address": "r/{site}/d/{device}/events/pointset",
                "description": "With or without a leading slash.",
                "parameters": {
                    "site": {"description": "The site's key."},
                    "device": {"description": "The id or the declared serial of a device or gateway of the site."},
                },
                "messages": {"pointset": {"$ref": "#/components/messages/pointset"}},
            }
        },
        "operations": {
            "receivePointset": {
                "action": "receive",
                "channel": {"$ref": "#/channels/pointset"},
                "summary": "What the points of a device say. Needs the scope telemetry:write and the site.",
            }
        },
        "components": {
            "messages": {
                "pointset": {
                    "contentType": "application/json",
                    "payload": {"$ref": "#/components/schemas/pointset"},
                    "examples": [
                        {
                            "payload": {
                                "timestamp": "2026-11-03T07:15:00Z",
                                "version": "1.5.2",
                                "points": {"temperature": {"present_value": 21.5}},
                            }
                        }
                    ],
                }
            },
            "schemas": {"pointset": _pointset(ontology)},
            "securitySchemes": {
                "token": {
                    "type": "userPassword",
                    "description": "The password is an access token; the username is ignored.",
                }
            },
        },
    }


def _pointset(ontology: Ontology) -> dict[str, Any]:
    names: dict[str, list[PointType]] = {}
    for each in ontology.types.values():
        for name, kind in each.points.items():
            names.setdefault(name, []).append(kind)
    return {
        "type": "object",
        "required": ["points"],
        "properties": {
            "timestamp": {
                "type": "string",
                "format": "date-time",
                "description": "When it was so; without it, when it was received.",
            },
            "version": {"type": "string", "description": "Of UDMI."},
            "points": {
                "type": "object",
                "description": "By name; those the device does not have become dead letters.",
                "properties": {name: _point(names[name]) for name in sorted(names)},
            },
        },
    }


def _point(kinds: Iterable[PointType]) -> dict[str, Any]:
    """What all points of a name have in common is all that a name can promise."""
    found = list(kinds)
    types = sorted({_TYPES[kind.value] for kind in found})
    units = sorted({kind.unit for kind in found if kind.unit is not None})
    value: dict[str, Any] = {"type": types[0] if len(types) == 1 else types}
    words = sorted({word for kind in found for word in kind.values or ()})
    if words and all(kind.values for kind in found):
        value["enum"] = words
    if units:
        value["description"] = f"In {' or '.join(units)}, by the device's type; elsewhere named by units."
    return {
        "type": "object",
        "required": ["present_value"],
        "properties": {"present_value": value, "units": {"type": "string"}},
    }
