"""What one declaration says of a point or a property: parsed field by field, with nothing filled in yet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from twin.ontology.authoring import title_of
from twin.ontology.compile.scope import unit_of, words_of
from twin.ontology.model import Section, ValueKind
from twin.source import MapNode, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twin.errors import Place
    from twin.ontology.authoring import Declaration
    from twin.ontology.compile.scope import Scope
    from twin.source import Diagnostics, Entry

__all__ = ["Spec", "specs_of"]

_VALUE_KINDS = get_args(ValueKind)
_NUMBER = r"[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{1,2})?"
_RANGE = re.compile(rf"\s*({_NUMBER})?\s*\.\.\s*({_NUMBER})?\s*")
_INTERVAL = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_NUMERIC = frozenset({"number", "integer"})


@dataclass(slots=True, eq=False)
class Spec:
    """One point (``section`` set) or property as one type writes it; None is what it does not say.

    ``wrong`` is set when a field could not be read: what depends on it is not judged.
    """

    name: str
    section: Section | None
    key: Scalar
    node: MapNode
    owner: str
    """The qualified name of the type that writes it."""
    wrong: bool = False
    value: ValueKind | None = None
    enum: str | None = None
    values: tuple[str, ...] | None = None
    unit: str | None = None
    measures: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    every: float | None = None

    @property
    def noun(self) -> str:
        """What it is, as the first half of a code."""
        return "property" if self.section is None else "point"

    def place(self, *keys: str) -> Place:
        """Where it says one of these things, or its own key."""
        found = next((key for key in keys if key in self.node), None)
        return self.key.place if found is None else self.node.place_of(found)


def specs_of(declaration: Declaration, scope: Scope, report: Diagnostics) -> list[Spec]:
    """All points and properties that a type writes itself."""
    return [_parse(spec, declaration.document, scope, report) for spec in _blank(declaration, report)]


def _blank(declaration: Declaration, report: Diagnostics) -> Iterator[Spec]:
    seen: dict[str, Spec] = {}
    sections: Mapping[str, Section | None] = {"properties": None, "status": "status", "configuration": "configuration"}
    for key, section in sections.items():
        for entry in declaration.node.under(key):
            spec = _spec(entry, section, declaration.name)
            first = seen.setdefault(spec.name, spec)
            if first is spec:
                yield spec
            else:
                _report_clash(spec, first, declaration, report)


def _spec(entry: Entry, section: Section | None, owner: str) -> Spec:
    node = entry.value if isinstance(entry.value, MapNode) else MapNode({}, entry.value.place)
    return Spec(entry.key.text, section, entry.key, node, owner)


def _report_clash(spec: Spec, first: Spec, declaration: Declaration, report: Diagnostics) -> None:
    related = [(first.key.place, f"the first '{spec.name}'")]
    message = f"{declaration.short} has '{spec.name}' twice: one name is one thing"
    report.error("point.clash", message, spec.key.place, related=related, help="rename one of the two")


def _parse(spec: Spec, document: str, scope: Scope, report: Diagnostics) -> Spec:
    before = len(report)
    _value(spec, document, scope, report)
    spec.unit = unit_of(spec.node, report)
    word = spec.node.scalar("measures")
    quantity = scope.quantity(word, document) if word is not None else None
    spec.measures = quantity.name if quantity is not None else None
    _range(spec, report)
    _every(spec, report)
    written = ("type", "unit", "measures", "range", "min", "max", "values", "every")
    absent = any(key in spec.node and spec.node.get(key) is None for key in written)
    unresolved = word is not None and quantity is None
    spec.wrong = spec.wrong or absent or unresolved or len(report) > before or spec.node.damaged
    return spec


def _value(spec: Spec, document: str, scope: Scope, report: Diagnostics) -> None:
    word = spec.node.scalar("type")
    if "values" in spec.node:
        spec.values = words_of(spec.node.get("values"), report)
        spec.value = "enum"
        if word is not None and word.text != "enum":
            help_ = "leave 'type' out: values make an enum"
            report.error("values.unexpected", f"'{word.text}' has no list of values", word.place, help=help_)
        return
    if word is None:
        return
    if word.text == "enum":
        help_ = "list its words: 'values: [eco, comfort]'; or name an enum of 'enums'"
        report.error("key.missing", f"'{spec.name}' is an enum without 'values'", word.place, help=help_)
    elif word.text in _VALUE_KINDS:
        spec.value = word.text  # type: ignore[assignment]  # it is one of them
    else:
        _enum(spec, word, document, scope)


def _enum(spec: Spec, word: Scalar, document: str, scope: Scope) -> None:
    found = scope.enum(word.text, document)
    if found is None:
        spec.wrong = True
        scope.unknown_value_type(word, document, tuple(kind for kind in _VALUE_KINDS if kind != "enum"))
    else:
        spec.value, spec.enum, spec.values = "enum", found.name, found.values


def _range(spec: Spec, report: Diagnostics) -> None:
    text = spec.node.scalar("range")
    if text is not None:
        match = _RANGE.fullmatch(text.text)
        if match is None or match.groups() == (None, None):
            help_ = "a range is written with two dots: 5..30; one end may be left open: 0.."
            report.error("range.invalid", f"'{text.text}' is not a range", text.place, help=help_)
            return
        spec.minimum, spec.maximum = (None if end is None else float(end) for end in match.groups())
    else:
        spec.minimum, spec.maximum = spec.node.number("min"), spec.node.number("max")
    if spec.minimum is not None and spec.maximum is not None and not spec.minimum <= spec.maximum:
        message = f"the range {spec.minimum:g}..{spec.maximum:g} is empty"
        report.error("range.empty", message, spec.place("range", "max"), help="the lower end comes first")


def _every(spec: Spec, report: Diagnostics) -> None:
    text = spec.node.scalar("every")
    if text is None:
        return
    match = _INTERVAL.fullmatch(text.text)
    if match is None or not float(match[1]):
        help_ = "an interval is a number and ms, s, min, h or d: 5 min"
        report.error("interval.invalid", f"'{text.text}' is not an interval", text.place, help=help_)
        return
    spec.every = float(match[1]) * _SECONDS[match[2]]


def numeric(value: ValueKind | None) -> bool:
    """Whether values of the kind have a size, and so perhaps a unit and a range."""
    return value in _NUMERIC


def titles(spec: Spec) -> dict[str, str]:
    """Its title by language."""
    return title_of(spec.node)
