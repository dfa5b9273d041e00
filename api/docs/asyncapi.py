"""The AsyncAPI document: what devices publish over MQTT and what apps hear of it, with the points that the ontologies
in force know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_SERVER = (
    "MQTT 3.1.1 and 5, QoS 0 and 1. A PUBACK means that the message is on disk. A session, and what is queued in it, "
    "is of one client, or of one of its users, and ends when what they were let do does."
)
_WHO_HEARS = (
    "What the points of an entity say. Needs the scope twin:read, and of each point that it may be seen: what is "
    "private takes twin:read-private as well."
)
_HEARD = (
    "A new subscription is told at once, flagged as retained, what everything that its filter matches says now; after "
    "that what changes, gathered for a tenth of a second, the newest of each point. Points that not everybody sees who "
    "sees the entity come in messages of their own. A filter is granted where something of its site may be seen; one "
    "with a wildcard for the site is granted to all who may hear, and tells what may be seen. Whether a message may be "
    "heard is asked right before it is written, of queued and retained ones too."
)


def asyncapi(ontology: Ontology) -> dict[str, Any]:
    """The document of an ontology (AsyncAPI 3)."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Building twin over MQTT",
            "version": "1",
            "description": "What devices and gateways send (topics and payloads follow UDMI), and what apps are told.",
        },
        "servers": {
            "twin": {
                "host": "localhost:1883",
                "protocol": "mqtt",
                "description": _SERVER,
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
            },
            "readings": {
                "address": "twin/{site}/readings/{path}",
                "description": "Of a site itself: twin/{site}/readings. Filters may have wildcards anywhere: "
                "twin/hugo/readings/#, twin/+/readings/+/thermostat.",
                "parameters": {
                    "site": {"description": "The site's key."},
                    "path": {"description": "The entity's path below the site: floor-1/flat-102/thermostat."},
                },
                "messages": {"readings": {"$ref": "#/components/messages/readings"}},
                "bindings": {"mqtt": {"bindingVersion": "0.2.0"}},
            },
        },
        "operations": {
            "sendReadings": {
                "action": "send",
                "channel": {"$ref": "#/channels/readings"},
                "summary": _WHO_HEARS,
                "description": _HEARD,
                "bindings": {"mqtt": {"qos": 1, "retain": True, "bindingVersion": "0.2.0"}},
            },
            "receivePointset": {
                "action": "receive",
                "channel": {"$ref": "#/channels/pointset"},
                "summary": "What the points of a device say. Needs the scope telemetry:write and the site.",
            },
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
                },
                "readings": {
                    "contentType": "application/json",
                    "payload": {"$ref": "#/components/schemas/readings"},
                    "examples": [
                        {
                            "payload": {
                                "id": "aaaqeayeaudaocajbifqydiob4",
                                "points": {
                                    "temperature": {
                                        "value": 21.5,
                                        "unit": "Cel",
                                        "time": "2026-11-03T07:15:00Z",
                                        "receivedAt": "2026-11-03T07:15:00.250000Z",
                                        "quality": "good",
                                    }
                                },
                            }
                        }
                    ],
                },
            },
            "schemas": {"pointset": _pointset(ontology), "readings": _readings(ontology)},
            "securitySchemes": {
                "token": {
                    "type": "userPassword",
                    "description": "The password is an access token; the username is ignored.",
                }
            },
        },
    }


def _kinds(ontology: Ontology) -> dict[str, list[PointType]]:
    """All points that there are, by name."""
    names: dict[str, list[PointType]] = {}
    for each in ontology.types.values():
        for name, kind in each.points.items():
            names.setdefault(name, []).append(kind)
    return {name: names[name] for name in sorted(names)}


def _readings(ontology: Ontology) -> dict[str, Any]:
    time = {"type": "string", "format": "date-time"}
    return {
        "type": "object",
        "required": ["id", "points"],
        "additionalProperties": False,
        "properties": {
            "id": {"type": "string", "description": "Of the entity; never changes, as its path may."},
            "points": {
                "type": "object",
                "description": "By name: those that changed; of a retained message, all that were ever heard.",
                "minProperties": 1,
                "properties": {name: _told(kinds, time) for name, kinds in _kinds(ontology).items()},
            },
        },
    }


def _told(kinds: list[PointType], time: dict[str, Any]) -> dict[str, Any]:
    """What a point of a name is told to say: as GraphQL and REST tell it."""
    value = _value(kinds)
    units = sorted({kind.unit for kind in kinds if kind.unit is not None})
    value.pop("description", None)
    unit: dict[str, Any] = {"enum": [*units, *([None] if any(kind.unit is None for kind in kinds) else [])]}
    return {
        "type": "object",
        "required": ["value", "unit", "time", "receivedAt", "quality"],
        "additionalProperties": False,
        "properties": {
            "value": value,
            "unit": unit,
            "time": {**time, "description": "When the source says it was so."},
            "receivedAt": {**time, "description": "When the twin received it."},
            "quality": {"type": "string", "enum": ["good", "stale", "uncertain", "bad"]},
        },
    }


def _pointset(ontology: Ontology) -> dict[str, Any]:
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
                "properties": {name: _point(kinds) for name, kinds in _kinds(ontology).items()},
            },
        },
    }


def _point(kinds: list[PointType]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["present_value"],
        "properties": {"present_value": _value(kinds), "units": {"type": "string"}},
    }


def _value(found: list[PointType]) -> dict[str, Any]:
    """What all points of a name have in common is all that a name can promise."""
    types = sorted({_TYPES[kind.value] for kind in found})
    units = sorted({kind.unit for kind in found if kind.unit is not None})
    value: dict[str, Any] = {"type": types[0] if len(types) == 1 else types}
    words = sorted({word for kind in found for word in kind.values or ()})
    if words and all(kind.values for kind in found):
        value["enum"] = words
    if units:
        value["description"] = f"In {' or '.join(units)}, by the device's type; elsewhere named by units."
    return value
