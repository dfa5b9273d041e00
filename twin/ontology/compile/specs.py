"""What one declaration says of a point, a property or a field: read key by key, with nothing filled in yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, get_args

from twin.ontology.compile.amounts import above_zero, duration, range_of
from twin.ontology.compile.scope import unit_of, words_of
from twin.ontology.model import Section, ValueKind
from twin.source import MapNode, Scalar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.errors import Place
    from twin.ontology.compile.scope import Scope
    from twin.source import Diagnostics, Entry

__all__ = ["MAX_NESTING", "Noun", "Reader", "Root", "Spec", "blank", "numeric"]

MAX_NESTING = 4
"""How deep objects and lists may lie in each other."""
Root = Literal["property", "point", "command", "event"]
"""What a declaration is of, as the first half of a code."""
Noun = Literal["property", "point", "field", "argument", "result"]
_VALUE_KINDS = get_args(ValueKind)
_NUMERIC = frozenset({"number", "integer"})
_STRUCTURED = frozenset({"object", "list"})
_WRITTEN = (
    *("type", "unit", "measures", "range", "min", "max", "values", "every"),
    *("fields", "items", "deadband", "retention", "step", "optional", "required", "private", "accumulates"),
)


class Whole(Protocol):
    """What has fields: an object, an event, a command."""

    root: Root
    section: Section | None
    node: MapNode
    owner: str
    depth: int
    wrong: bool


@dataclass(slots=True, eq=False)
class Spec:
    """One point (``section`` set), property or field as one type writes it; None is what it does not say.

    ``wrong`` is set when something of it could not be read: what depends on it is not judged.
    """

    name: str
    noun: Noun
    root: Root
    section: Section | None
    key: Scalar
    node: MapNode
    owner: str
    """The qualified name of the type that writes it."""
    called: str
    """What it goes by in messages: ``'level'``."""
    depth: int = 0
    wrong: bool = False
    value: ValueKind | None = None
    enum: str | None = None
    values: tuple[str, ...] | None = None
    unit: str | None = None
    measures: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    every: float | None = None
    deadband: float | None = None
    retention: float | None = None
    step: float | None = None
    fields: Mapping[str, Spec] | None = None
    items: Spec | None = None
    parts: tuple[Spec, ...] = field(default=())
    """Its fields and its items."""

    @property
    def where(self) -> str:
        """Under which key of a type it stands."""
        return self.section or "properties"

    @property
    def subject(self) -> str:
        """What it is, and what it goes by: ``the point 'level'``."""
        return f"the {self.noun} {self.called}" if self.name else self.called

    def place(self, *keys: str) -> Place:
        """Where it says one of these things, or its own key."""
        found = next((key for key in keys if key in self.node), None)
        return self.key.place if found is None else self.node.place_of(found)


def blank(entry: Entry, section: Section | None, owner: str) -> Spec:
    """A point or a property of which only the name has been looked at."""
    noun: Literal["property", "point"] = "property" if section is None else "point"
    name = entry.key.text
    return Spec(name, noun, noun, section, entry.key, _map(entry), owner, f"'{name}'")


def _map(entry: Entry) -> MapNode:
    return entry.value if isinstance(entry.value, MapNode) else MapNode({}, entry.value.place)


class Reader:
    """Reads what one document writes."""

    def __init__(self, document: str, scope: Scope, report: Diagnostics) -> None:
        self._document = document
        self._scope = scope
        self._report = report

    def read(self, spec: Spec) -> Spec:
        """The same, with all that is written under it."""
        node, report, before = spec.node, self._report, len(self._report)
        self._value(spec)
        spec.unit = unit_of(node, report)
        word = node.scalar("measures")
        quantity = self._scope.quantity(word, self._document) if word is not None else None
        spec.measures = quantity.name if quantity is not None else None
        spec.minimum, spec.maximum = range_of(node, report)
        spec.every, spec.retention = (duration(node, key, report) for key in ("every", "retention"))
        spec.deadband, spec.step = (above_zero(node, key, report) for key in ("deadband", "step"))
        self._parts(spec)
        absent = any(key in node and node.get(key) is None for key in _WRITTEN)
        unread = (word is not None and quantity is None) or any(part.wrong for part in spec.parts)
        spec.wrong = spec.wrong or absent or unread or len(report) > before or node.damaged
        return spec

    def _value(self, spec: Spec) -> None:
        word, report = spec.node.scalar("type"), self._report
        if "values" in spec.node:
            spec.values = words_of(spec.node.get("values"), report)
            spec.value = "enum"
            if word is not None and word.text != "enum":
                help_ = "leave 'type' out: values make an enum"
                report.error("values.unexpected", f"'{word.text}' has no list of values", word.place, help=help_)
        elif word is None:
            spec.value = "object" if "fields" in spec.node else "list" if "items" in spec.node else None
        elif word.text == "enum":
            help_ = "list its words: 'values: [eco, comfort]'; or name an enum of 'enums'"
            report.error("key.missing", f"{spec.called} is an enum without 'values'", word.place, help=help_)
        elif spec.noun == "property" and word.text in _STRUCTURED:
            help_ = "make it several properties; or a point, if it changes by itself"
            report.error("type.unsuitable", f"{spec.subject} cannot be of type {word.text}", word.place, help=help_)
        elif word.text in _VALUE_KINDS:
            spec.value = word.text  # type: ignore[assignment]  # it is one of them
        else:
            self._enum(spec, word)

    def _enum(self, spec: Spec, word: Scalar) -> None:
        found = self._scope.enum(word.text, self._document)
        if found is None:
            spec.wrong = True
            unfit = {"enum", *(_STRUCTURED if spec.noun == "property" else ())}
            known = tuple(kind for kind in _VALUE_KINDS if kind not in unfit)
            self._scope.unknown_value_type(word, self._document, known)
        else:
            spec.value, spec.enum, spec.values = "enum", found.name, found.values

    def _parts(self, spec: Spec) -> None:
        """Its fields and its items."""
        deeper = next((key for key in ("fields", "items") if key in spec.node), None)
        if deeper is not None and spec.depth >= MAX_NESTING:
            message = f"{spec.called} lies {MAX_NESTING} objects and lists deep already"
            help_ = "flatten it: several points, or fields with longer names"
            self._report.error("field.deep", message, spec.node.entries[deeper].key.place, help=help_)
            return
        if "fields" in spec.node:
            spec.fields = self.fields(spec, "fields", "field")
        items = spec.node.entries.get("items")
        if items is not None and isinstance(items.value, MapNode):
            spec.items = self.read(_part(spec, items, "field", "", f"an item of {spec.called}"))
        spec.parts = (*(spec.fields or {}).values(), *([] if spec.items is None else [spec.items]))

    def fields(self, of: Whole, key: str, noun: Noun) -> dict[str, Spec]:
        """The fields under a key, by name; what they are of is ``wrong`` when one of them is."""
        entries, under = of.node.under(key), of.node.map(key)
        found = [self.read(_part(of, entry, noun, entry.key.text, f"'{entry.key.text}'")) for entry in entries]
        lost = under is not None and (under.damaged or len(under.entries) > len(entries))
        of.wrong = of.wrong or lost or any(spec.wrong for spec in found)
        return {spec.name: spec for spec in found}


def _part(of: Whole, entry: Entry, noun: Noun, name: str, called: str) -> Spec:
    return Spec(name, noun, of.root, of.section, entry.key, _map(entry), of.owner, called, of.depth + 1)


def numeric(value: ValueKind | None) -> bool:
    """Whether values of the kind have a size, and so perhaps a unit and a range."""
    return value in _NUMERIC
