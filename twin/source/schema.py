"""Shapes as JSON Schema for editors: draft 7, which is what the YAML servers of editors understand best."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twin.source.diagnostics import Diagnostics
from twin.source.nodes import ListNode, MapNode, Scalar, Source
from twin.source.reader import read
from twin.source.shapes import Entries, Leaf, Lists, Record, Reference, Shape, TextOr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.source.nodes import Node
    from twin.source.shapes import Field

__all__ = ["json_schema"]

_DRAFT = "http://json-schema.org/draft-07/schema#"
_NAMES = {"text": "string"}
_KINDS = {"object": dict, "boolean": bool, "string": str}
_DYNAMIC = r"|\$\{"


def json_schema(shape: Shape, title: str, identifier: str) -> dict[str, Any]:
    """The shape as JSON Schema, with what every key is for, its choices and an example where there is one."""
    definitions: dict[str, Any] = {}
    body = _schema(shape, definitions)
    named = {"definitions": definitions} if definitions else {}
    return {"$schema": _DRAFT, "$id": identifier, "title": title, **body, **named}


def _schema(shape: Shape, definitions: dict[str, Any]) -> dict[str, Any]:
    match shape:
        case Reference(name, find):
            if name not in definitions:
                definitions[name] = {}
                definitions[name] = _schema(find(), definitions)
            return {"$ref": f"#/definitions/{name}"}
        case Leaf():
            return _leaf(shape)
        case Lists():
            return _list(shape, definitions)
        case TextOr(leaf, longer):
            return {"anyOf": [_leaf(leaf), _schema(longer, definitions)]}
        case Entries():
            return _entries(shape, definitions)
        case Record(_, fields, either=either):
            needed = [{"required": [name]} for name in either]
            return {**_record(fields, definitions), **({"anyOf": needed} if needed else {})}


def _list(shape: Lists, definitions: dict[str, Any]) -> dict[str, Any]:
    item = _schema(shape.shape, definitions)
    forms = [item] if shape.alone else []
    forms.append({"type": "array", "items": item})
    if shape.map is not None:
        forms.append(_schema(shape.map, definitions))
    return {"anyOf": forms} if len(forms) > 1 else forms[0]


def _leaf(leaf: Leaf) -> dict[str, Any]:
    kinds = [_NAMES.get(kind, kind) for kind in leaf.kinds]
    found: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else kinds}
    if leaf.choices:
        found["enum"] = list(leaf.choices)
    if leaf.pattern:
        found["pattern"] = f"^(?:{leaf.pattern})$" + (_DYNAMIC if leaf.dynamic else "")
    if leaf.says:
        found["description"] = leaf.says
    return found


def _entries(shape: Entries, definitions: dict[str, Any]) -> dict[str, Any]:
    pattern = rf"^(?:{shape.keys})$" + (_DYNAMIC if shape.patterned else "")
    return {
        "type": "object",
        "propertyNames": {"pattern": pattern},
        "additionalProperties": _schema(shape.shape, definitions),
    }


def _record(fields: Mapping[str, Field], definitions: dict[str, Any]) -> dict[str, Any]:
    properties = {name: _described(_schema(found.shape, definitions), found.says) for name, found in fields.items()}
    required = [name for name, found in fields.items() if found.required]
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }


def _described(schema: dict[str, Any], says: str) -> dict[str, Any]:
    """A field's schema with what it is for, and the example that its description ends with."""
    if "$ref" in schema:  # what stands beside a reference is not looked at
        schema = {"allOf": [schema]}
    example = _example(says)
    fits = isinstance(example, _KINDS.get(str(schema.get("type")), object))
    return {**schema, "description": says, **({"examples": [example]} if fits and example is not None else {})}


def _example(says: str) -> object:
    """The value that a description ends with, behind a colon."""
    _, _, text = says.partition(": ")
    node = read(Source("", text), Diagnostics()) if text else None
    return text or None if node is None else _plain(node)


def _plain(node: Node) -> object:
    if isinstance(node, MapNode):
        return {entry.key.text: _plain(entry.value) for entry in node}
    if isinstance(node, ListNode):
        return [_plain(item) for item in node.items]
    return node.value if isinstance(node, Scalar) else None
