"""What a declaration and what it inherits make together: points, properties, and the fields that lie in them."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from twin.errors import Place
from twin.ontology.authoring import aligns_of, title_of
from twin.ontology.model import FieldType, PointType, PropertyType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.ontology.compile.specs import Spec
    from twin.source import MapNode

__all__ = ["NOWHERE", "bare", "field_of", "fields_of", "point_of", "property_of", "wording"]

NOWHERE = Place("", 0, 0, 0)
"""Stands for any place, where two things are compared that may say the same in two."""
_NOTHING: Any = {"unit": None, "values": None, "minimum": None, "maximum": None, "title": {}}
_PLAIN: Any = {**_NOTHING, "enum": None, "optional": False, "fields": None, "items": None}
_FLAGS = ("optional", "required", "private", "accumulates")


def point_of(spec: Spec, base: PointType | None) -> PointType:
    """The point; what it does not say of itself is the parent's."""
    fresh: Any = {
        "section": spec.section,
        "value": "number",
        "measures": None,
        "every": None,
        "declared_by": spec.owner,
    }
    start = base or PointType(name=spec.name, place=spec.key.place, **fresh, **_PLAIN)
    said = {name: getattr(spec, name) for name in ("measures", "every", "deadband", "retention", "step")}
    return replace(start, **_values(spec), **_parts(spec, base), **_said(said), aligns=_aligns(spec, start.aligns))


def property_of(spec: Spec, base: PropertyType | None) -> PropertyType:
    """The property; what it does not say of itself is the parent's."""
    start = base or PropertyType(name=spec.name, value="string", required=False, place=spec.key.place, **_NOTHING)
    values = {name: value for name, value in _values(spec).items() if name != "enum"}
    return replace(start, **values, aligns=_aligns(spec, start.aligns))


def field_of(spec: Spec, base: FieldType | None) -> FieldType:
    """The field; what it does not say of itself is the parent's."""
    start = base or FieldType(name=spec.name, value="string", default=None, place=spec.key.place, **_PLAIN)
    return replace(start, **_values(spec), **_parts(spec, base))


def fields_of(specs: Mapping[str, Spec] | None, base: Mapping[str, FieldType] | None) -> Mapping[str, FieldType] | None:
    """The parent's fields, and over them those that are written."""
    if specs is None:
        return base
    inherited = base or {}
    own = {name: field_of(spec, inherited.get(name)) for name, spec in specs.items()}
    return MappingProxyType({**inherited, **own})


def wording(node: MapNode) -> dict[str, Any]:
    """The words for people that stand there."""
    return _said({key: title_of(node, key) or None for key in ("title", "description")})


def _values(spec: Spec) -> dict[str, Any]:
    """What it says of its values, by the name that the compiled type has for it."""
    names = ("value", "unit", "values", "minimum", "maximum")
    said = _said({name: getattr(spec, name) for name in names})
    enum = {} if spec.values is None else {"enum": spec.enum}
    flags = {key: spec.node.flag(key) for key in _FLAGS if key in spec.node}
    return {**said, **enum, **flags, **wording(spec.node), "place": spec.key.place}


def _said(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if value is not None}


def _aligns(spec: Spec, inherited: Mapping[str, str]) -> Mapping[str, str]:
    return aligns_of(spec.node) or inherited


def _parts(spec: Spec, base: PointType | FieldType | None) -> dict[str, Any]:
    fields, items = (None, None) if base is None else (base.fields, base.items)
    made = items if spec.items is None else field_of(spec.items, items)
    return {"fields": fields_of(spec.fields, fields), "items": made}


def bare(field: FieldType) -> FieldType:
    """A field without its wording and its place, all the way down."""
    fields = None if field.fields is None else {name: bare(each) for name, each in field.fields.items()}
    items = None if field.items is None else bare(field.items)
    return replace(field, place=NOWHERE, title={}, description={}, fields=fields, items=items)
