"""Which type an entity is of: by the name of a type, or of a product, and whether that suits its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.source import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.ontology.model import EntityType, ModelType, Ontology
    from twin.source import Diagnostics, Scalar
    from twin.topology.layers import Layer
    from twin.topology.parts import Body, Part

__all__ = ["check_contained", "type_of"]

_GROUP = "core/Group"
"""What a view is that does not say its type."""
_VIEWS_ONLY = ("members", "rule")
_NEVER = {
    "space": ("asset", "model", "connects", *_VIEWS_ONLY),
    "view": ("asset", "model", "connects"),
    "device": ("status", "spaces", "connects", *_VIEWS_ONLY),
    "gateway": ("status", *_VIEWS_ONLY),
}
"""What a fragment or an override may say, and not of an entity of this kind."""


def type_of(
    part: Part, body: Body, layers: Sequence[Layer], ontology: Ontology, report: Diagnostics
) -> tuple[EntityType | None, ModelType | None]:
    """The type of a part, and its model if it is said to be one; nothing where that fails and has been reported."""
    fitting = [_suits(part, layer, report) for layer in layers]
    suits = all(fitting)
    model = _model(part, body, ontology, report)
    named = _named(part, body, layers, ontology, report, suits=suits)
    if not suits or (body.model is not None and model is None) or (body.type is not None and named is None):
        return None, None
    if model is None or body.model is None:
        word = body.type
        sound = named is None or word is None or _instantiable(part, named, word, ontology, report)
        return (named if sound else None), None
    found = ontology.types[model.of]
    if named is not None and body.type is not None and not ontology.is_a(found.name, named.name):
        message = f"{model.short} is a {found.short}, and this is said to be a {named.short}"
        related = [(body.type.place, named.short), (model.place, model.short)]
        help_ = f"leave 'type' out, or make it {found.short}"
        report.error("model.type", message, body.model.place, related=related, help=help_)
        return None, None
    sound = _instantiable(part, found, body.model, ontology, report)
    return (found, model) if sound else (None, None)


def _model(part: Part, body: Body, ontology: Ontology, report: Diagnostics) -> ModelType | None:
    word = body.model
    if word is None:
        return None
    found = ontology.models.get(word.text)
    if found is None:
        of_kind = (one for one in ontology.models.values() if ontology.types[one.of].kind == part.kind)
        help_, suggestions = did_you_mean(word.text, [one.short for one in of_kind], f"models of {part.kind}s")
        help_ = help_ or f"no ontology that is used has models of {part.kind}s: say its 'type' instead"
        if word.text in ontology.short_names:
            help_, suggestions = f"it is a type: write 'type: {word.text}'", ()
        message = f"no model is named '{word.text}'"
        report.error("model.unknown", message, word.place, help=help_, suggestions=suggestions)
    return found


def _named(
    part: Part, body: Body, layers: Sequence[Layer], ontology: Ontology, report: Diagnostics, *, suits: bool
) -> EntityType | None:
    """The type that is written, or goes without saying."""
    if body.type is None:
        written = "type" in body.node or any("model" in layer.body.node for layer in layers)
        if part.kind == "view" and not written:
            return ontology.types.get(_GROUP)
        if not written and not body.uncertain and suits:
            related = [(layer.fragment.key.place, layer.fragment.name) for layer in layers if layer.fragment]
            message = f"'{part.key.scalar.text}' lacks 'type', and so does its fragment"
            help_ = "add 'type': its type, of the ontologies used"
            report.error("key.missing", message, part.place, related=related, help=help_)
        return None
    found = ontology.find(body.type.text)
    if found is None:
        _report_unknown(part, body.type, ontology, report)
    return found


def _suits(part: Part, layer: Layer, report: Diagnostics) -> bool:
    """Whether a fragment or an override says only what can be said of a thing of this kind."""
    entries = layer.body.node.entries
    wrong = next((entries[name] for name in _NEVER.get(part.kind, ()) if name in entries), None)
    if wrong is None:
        return True
    name, other = wrong.key.text, "device" if part.kind == "space" else "space"
    if layer.override is not None:
        message = f"a {part.kind} has no '{name}'"
        related = [(part.place, f"'{part.key.scalar.text}'")]
        report.error("override.kind", message, wrong.key.place, related=related, help="leave it out")
    elif layer.fragment is not None and layer.word is not None:
        message = f"the fragment '{layer.fragment.name}' has '{name}', and a {part.kind} cannot"
        related = [(wrong.key.place, f"'{name}' of {layer.fragment.name}")]
        help_ = f"use it on a {other}, or take '{name}' out of it"
        report.error("fragment.kind", message, layer.word.place, related=related, help=help_)
    else:
        return True
    return False


def _report_unknown(part: Part, word: Scalar, ontology: Ontology, report: Diagnostics) -> None:
    known = [one.short for one in ontology.types.values() if one.kind == part.kind and not one.abstract]
    help_, suggestions = did_you_mean(word.text, known, f"types of {part.kind}")
    model = ontology.models.get(word.text)
    if model is not None:
        help_ = f"it is a model: write 'model: {model.short}'"
    message = f"no type is named '{word.text}'"
    report.error("type.unknown", message, word.place, help=help_, suggestions=suggestions)


def _instantiable(part: Part, found: EntityType, word: Scalar, ontology: Ontology, report: Diagnostics) -> bool:
    related = [(found.place, found.name)]
    if found.mixin:
        message = f"{found.short} is a mixin: nothing can be just that"
        report.error("type.abstract", message, word.place, related=related, help="choose a type that has it")
    elif found.kind != part.kind:
        message = f"{found.short} is a {found.kind}, and this is a {part.kind}"
        if found.kind == "site":
            help_ = "a topology has one site: the rest is in spaces, devices, gateways and views"
            report.error("site.second", message, word.place, related=related, help=help_)
            return False
        help_ = f"put it under '{found.kind}s', or choose a type of {part.kind}"
        report.error("type.kind", message, word.place, related=related, help=help_)
    elif found.abstract:
        message = f"{found.short} is abstract: nothing can be just that"
        concrete = sorted(ontology.types[name].short for name in ontology.concrete(found.name))
        help_ = f"choose one that is concrete: {', '.join(concrete[:8])}" if concrete else "choose a concrete type"
        report.error("type.abstract", message, word.place, related=related, help=help_)
    else:
        return True
    return False


def check_contained(
    part: Part, body: Body, found: EntityType, above: EntityType, ontology: Ontology, report: Diagnostics
) -> None:
    """A space must be of a type that what is around it may contain. The nearest rule of a lineage counts."""
    if part.kind != "space" or above.contains is None:
        return
    if any(ontology.is_a(found.name, name) for name in above.contains):
        return
    message = f"a {above.short} cannot contain a {found.short}"
    allowed = ", ".join(ontology.types[name].short for name in above.contains if name in ontology.types)
    help_ = f"it contains: {allowed}" if allowed else f"a {above.short} contains no spaces"
    place = body.type.place if body.type is not None and part.body.type is not None else part.place
    report.error("space.misplaced", message, place, related=[(above.place, above.name)], help=help_)
