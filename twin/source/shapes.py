"""What a document may look like, as data: one table from which reading, messages and `twin.source.schema` come.

`conform` walks a node and its shape together, reports what does not fit, and puts a `WrongNode` where a value was
wrong, so that whoever reads the result can take its form for granted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from twin.source.diagnostics import Diagnostics, did_you_mean
from twin.source.nodes import Entry, ListNode, MapNode, Node, Scalar, WrongNode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from twin.errors import Place

__all__ = ["Entries", "Field", "Leaf", "Lists", "Record", "Reference", "Shape", "TextOr", "conform"]

Kind = Literal["text", "number", "integer", "boolean"]
_NOUNS = {"text": "text", "number": "a number", "integer": "a whole number", "boolean": "true or false"}
EXPRESSION = "${"
OTHER_WORDS = {
    "extends": ("is",),
    "inherits": ("is",),
    "parent": ("is",),
    "parents": ("is",),
    "min": ("range",),
    "max": ("range",),
    "minimum": ("range", "min"),
    "maximum": ("range", "max"),
    "interval": ("every",),
    "period": ("every",),
    "required": ("optional",),
    "mandatory": ("optional", "required"),
    "enum": ("values",),
    "choices": ("values",),
    "quantity": ("measures",),
    "name": ("title",),
    "label": ("title",),
    "points": ("status",),
    "attributes": ("properties",),
    "members": ("of",),
    "cardinality": ("count",),
    "multiplicity": ("count",),
    "can": ("may",),
    "permissions": ("may",),
    "parameters": ("arguments",),
    "for": ("each",),
    "repeat": ("each",),
    "if": ("when",),
    "unless": ("when",),
    "fragment": ("use",),
    "imports": ("uses",),
    "uses": ("imports",),
    "total": ("sum",),
    "mean": ("avg",),
    "average": ("avg",),
    "serial": ("asset",),
    "settings": ("configuration",),
}
"""What other languages, and people, call a key; the first that a record has is meant."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A single value. ``pattern`` is for texts, and for what was written where a number is welcome as text."""

    kinds: tuple[Kind, ...] = ("text",)
    pattern: str = ""
    says: str = ""
    """What the pattern wants, in words, with an example."""
    choices: tuple[str, ...] = ()
    code: str = "value.invalid"
    dynamic: bool = False
    """Whether a text with ``${…}`` may stand for it, to be judged once it has been worked out."""


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a record."""

    shape: Shape
    says: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """A map with known keys."""

    name: str
    """What it is, with its article: "a point"."""
    fields: Mapping[str, Field]
    either: tuple[str, ...] = ()
    """Keys of which it must have one at least."""


@dataclass(frozen=True, slots=True)
class Entries:
    """A map from keys that the author chooses, each an identity."""

    keys: str
    """The pattern of a key."""
    says: str
    """What a key looks like, in words."""
    shape: Shape
    patterned: bool = False
    """Whether a key may hold ``${…}``."""


@dataclass(frozen=True, slots=True)
class Lists:
    """A list of values, or one that stands alone."""

    shape: Shape
    alone: bool = True
    map: Shape | None = None
    """What a map in its place looks like, where one may stand."""
    says: str = ""
    """What to do about one that is not, in words."""


@dataclass(frozen=True, slots=True)
class TextOr:
    """A single value, or something longer."""

    leaf: Leaf
    longer: Shape


@dataclass(frozen=True, slots=True)
class Reference:
    """A shape by name: for shapes that contain themselves."""

    name: str
    find: Callable[[], Shape] = field(compare=False)


Shape: TypeAlias = "Leaf | Record | Entries | Lists | TextOr | Reference"


def conform(node: Node, shape: Shape, report: Diagnostics, what: str, at: Place | None = None, says: str = "") -> Node:
    """The node without what does not fit the shape. ``what`` names it in messages; ``at`` is its key's place; ``says``
    is what it is for, where that is known.
    """
    if isinstance(shape, Reference):
        shape = shape.find()
    if isinstance(shape, TextOr):
        shape = shape.leaf if isinstance(node, Scalar) else shape.longer
    if isinstance(node, WrongNode):
        return node
    if isinstance(shape, Leaf):
        return _leaf(node, shape, report, what, at)
    if isinstance(shape, Lists):
        return _list(node, shape, report, what)
    if isinstance(node, MapNode):
        return _map(node, shape, report, what, at)
    return _wrong(node, "a map", report, what, at, _as_map(node, shape, says))


def _described(node: Node) -> str:
    if isinstance(node, MapNode):
        return "a map"
    if isinstance(node, ListNode):
        return "a list"
    value = node.value if isinstance(node, Scalar) else None
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "a boolean"
    return "text" if isinstance(value, str) else "a number"


def _wrong(
    node: Node, wanted: str, report: Diagnostics, what: str, at: Place | None = None, says: str = ""
) -> WrongNode:
    empty = isinstance(node, Scalar) and node.value is None
    place = at if empty and at is not None else node.place
    help_ = "give it a value, or leave the key out" if empty else says or _remedy(node, wanted)
    report.error("value.type", f"{what} must be {wanted}, not {_described(node)}", place, help=help_)
    return WrongNode(node.place)


def _remedy(node: Node, wanted: str) -> str:
    if wanted == "text" and isinstance(node, MapNode):
        return 'a text that begins with { is written in quotes: "{…}"'
    if wanted == "text" and isinstance(node, Scalar):
        return f'write it in quotes: "{node.text}"'
    if wanted == _NOUNS["boolean"] and isinstance(node, Scalar):
        return f"in YAML 1.2 '{node.text}' is a word: write true or false" if node.plain else "take the quotes away"
    return ""


def _as_map(node: Node, shape: Shape, says: str) -> str:
    """How what was written may be said as a map."""
    if isinstance(node, Scalar) and isinstance(shape, Record):
        needed = [name for name, known in shape.fields.items() if known.required]
        if len(needed) == 1:
            return f"write {{ {needed[0]}: {node.text} }}"
        return f"write {{ {shape.either[0]}: … }}" if shape.either else ""
    if "{" in says:
        return says
    named = isinstance(node, ListNode) and isinstance(shape, Entries)
    return "entries go by their names: write 'name: …' for each, without a dash" if named else ""


def _as_list(node: Node) -> str:
    return f"write [{', '.join(node.text.replace(',', ' ').split())}]" if isinstance(node, Scalar) else ""


def _fits(value: object, kinds: tuple[Kind, ...]) -> bool:
    if isinstance(value, bool):
        return "boolean" in kinds
    if isinstance(value, str):
        return "text" in kinds
    if isinstance(value, int):
        return "integer" in kinds or "number" in kinds
    return isinstance(value, float) and "number" in kinds


def _leaf(node: Node, leaf: Leaf, report: Diagnostics, what: str, at: Place | None) -> Node:
    if not isinstance(node, Scalar) or not _fits(node.value, leaf.kinds):
        worked_out = leaf.dynamic and isinstance(node, Scalar) and EXPRESSION in node.text
        wanted = " or ".join(_NOUNS[kind] for kind in leaf.kinds)
        return node if worked_out else _wrong(node, wanted, report, what, at, leaf.says)
    if leaf.choices and node.text not in leaf.choices:
        help_, suggestions = did_you_mean(node.text, leaf.choices, "one of")
        report.error(leaf.code, f"{what} cannot be '{node.text}'", node.place, help=help_, suggestions=suggestions)
        return WrongNode(node.place)
    worked_out = leaf.dynamic and EXPRESSION in node.text
    if leaf.pattern and not worked_out and not re.fullmatch(leaf.pattern, node.text):
        report.error(leaf.code, f"{what} cannot be '{node.text}'", node.place, help=leaf.says)
        return WrongNode(node.place)
    return node


def _list(node: Node, shape: Lists, report: Diagnostics, what: str) -> Node:
    if isinstance(node, ListNode):
        items = (conform(item, shape.shape, report, f"an item of {what}") for item in node.items)
        return ListNode(tuple(items), node.place)
    if shape.alone and isinstance(node, Scalar) and node.value is not None:
        return conform(node, shape.shape, report, what)
    if shape.map is not None and isinstance(node, MapNode):
        return conform(node, shape.map, report, what)
    return _wrong(node, "a list", report, what, says=shape.says or _as_list(node))


def _map(node: MapNode, shape: Shape, report: Diagnostics, what: str, at: Place | None) -> Node:
    if isinstance(shape, Record):
        return _record(node, shape, report, what, at)
    return _entries(node, shape, report) if isinstance(shape, Entries) else conform(node, shape, report, what, at)


def _record(node: MapNode, shape: Record, report: Diagnostics, what: str, at: Place | None) -> Node:
    kept: dict[str, Entry] = {}
    unknown: list[Entry] = []
    for name, entry in node.entries.items():
        known = shape.fields.get(name)
        if known is None:
            unknown.append(entry)
        else:
            kept[name] = Entry(
                entry.key, conform(entry.value, known.shape, report, f"'{name}'", entry.key.place, known.says)
            )
    missing = [name for name, known in shape.fields.items() if known.required and name not in kept]
    lost = [entry for entry in unknown if not _resolved(entry, shape, missing, kept, report)]
    if not node.damaged and not lost:
        _report_missing(shape, kept, report, what, at or node.place)
    return MapNode(kept, node.place, node.damaged or bool(lost))


def _resolved(entry: Entry, shape: Record, missing: list[str], kept: dict[str, Entry], report: Diagnostics) -> bool:
    """Report an unknown key. Where it is plain which was meant, and the value fits that, reading goes on as if it said
    so; whether it does.
    """
    key = entry.key
    help_, suggestions = _meant(key.text, shape, missing)
    message = f"'{key.text}' is not a key of {shape.name}"
    report.error("key.unknown", message, key.place, help=help_, suggestions=suggestions)
    if not suggestions or suggestions[0] in kept:
        return bool(suggestions)
    unheard = Diagnostics()
    known = shape.fields[suggestions[0]]
    value = conform(entry.value, known.shape, unheard, f"'{suggestions[0]}'", key.place)
    if unheard.has_errors:
        return False
    kept[suggestions[0]] = Entry(key, value)
    return True


def _meant(word: str, shape: Record, missing: list[str]) -> tuple[str, tuple[str, ...]]:
    """Which key a word was meant to be: what others call it, what looks like it, or the only one that is missing."""
    other = next((name for name in OTHER_WORDS.get(word.casefold(), ()) if name in shape.fields), None)
    if other is not None:
        return f"did you mean '{other}'? {shape.fields[other].says}", (other,)
    help_, suggestions = did_you_mean(word, shape.fields, "its keys")
    if not suggestions and len(missing) == 1:
        return f"did you mean '{missing[0]}', which is missing?", (missing[0],)
    return help_, suggestions


def _report_missing(shape: Record, kept: dict[str, Entry], report: Diagnostics, what: str, place: Place) -> None:
    for name, known in shape.fields.items():
        if known.required and name not in kept:
            report.error("key.missing", f"{what} lacks '{name}'", place, help=f"add '{name}': {known.says}")
    if shape.either and not any(name in kept for name in shape.either):
        help_ = "add " + ", or ".join(f"'{name}': {shape.fields[name].says}" for name in shape.either)
        report.error("key.missing", f"{what} lacks '{shape.either[0]}'", place, help=help_)


def _entries(node: MapNode, shape: Entries, report: Diagnostics) -> Node:
    kept: dict[str, Entry] = {}
    for name, entry in node.entries.items():
        if not (shape.patterned and EXPRESSION in name) and not re.fullmatch(shape.keys, name):
            report.error("key.invalid", f"'{name}' cannot be a key here", entry.key.place, help=shape.says)
            if isinstance(entry.value, Scalar) and entry.value.value is None:  # a comma too many made the key
                continue
        kept[name] = Entry(entry.key, conform(entry.value, shape.shape, report, f"'{name}'", entry.key.place))
    return MapNode(kept, node.place, node.damaged)
