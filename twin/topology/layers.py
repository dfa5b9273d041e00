"""What is said of one entity in several places, as one: by an override, its entry, and the fragments that it uses.

The nearest place that says a thing decides it: the override before the entry, that before its fragment, that before the
fragment it uses in turn.
A thing is the type, the model, the title, the serial, each property, each point and command (in ``has`` and ``lacks``),
where each point comes from (``status``), each setting, each role and each relation, the members of a view and its rule.
What stands in the entity adds up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from twin.source import did_you_mean
from twin.topology.parts import Computation, Ends, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from twin.errors import Diagnostic, Place
    from twin.source import Diagnostics, Scalar
    from twin.topology.parts import Body, Fragment, Override, Parameter, Part, Rule

__all__ = ["MAX_LAYERS", "Layer", "layers_of", "merged", "with_use"]

MAX_LAYERS = 20
"""The most fragments that are used for one entity, each by the one before."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One place that says something of an entity; a fragment comes with the values for its parameters."""

    body: Body
    override: Override | None = None
    fragment: Fragment | None = None
    word: Scalar | None = None
    """The fragment's name where it is used."""
    arguments: tuple[tuple[Parameter, Text], ...] = ()
    lost: bool = False
    """Whether its names cannot be told: why has been reported."""


def layers_of(
    part: Part, fragments: Mapping[str, Fragment], report: Diagnostics, override: Override | None = None
) -> tuple[Layer, ...]:
    """What overrides the entry, the entry, and the fragments below it. A fragment that is unknown, or wrong, ends
    them.
    """
    layers = [Layer(part.body)] if override is None else [Layer(override.body, override), Layer(part.body)]
    if override is not None and part.body.use is None:
        _report_fragmentless(part, override, report)
    while (use := layers[-1].body.use) is not None:
        fragment = fragments.get(use.word.text)
        if len(layers) > MAX_LAYERS:
            message = f"more than {MAX_LAYERS} fragments that use one another for one entity"
            report.error("topology.deep", message, use.word.place, help="use fewer fragments within fragments")
            fragment = None
        if fragment is None or fragment.circular:
            layers[-1] = replace(layers[-1], body=replace(layers[-1].body, uncertain=True))
            break
        given = {key.text: (key, _at(text, len(layers) - 1)) for key, text in use.arguments}
        damaged = use.damaged
        if override is not None and layers[-1].body is part.body:
            given |= {key.text: (key, text) for key, text in override.arguments}
            damaged |= override.damaged
        layers.append(_layer(fragment, use.word, given, report, damaged=damaged))
    return tuple(layers)


def _report_fragmentless(part: Part, override: Override, report: Diagnostics) -> None:
    if override.given is not None:
        message = f"'with' gives values to a fragment, and '{override.path.scalar.text}' uses none"
        related = [(part.place, f"'{part.key.scalar.text}'")]
        help_ = "override its 'title', its 'properties' or whatever it says itself instead"
        report.error("fragment.missing", message, override.given, related=related, help=help_)


def _layer(
    fragment: Fragment, word: Scalar, given: Mapping[str, tuple[Scalar, Text]], report: Diagnostics, *, damaged: bool
) -> Layer:
    lost = fragment.broken or damaged
    arguments: list[tuple[Parameter, Text]] = []
    for name, (key, text) in given.items():
        parameter = fragment.parameters.get(name)
        if parameter is None:
            lost = True
            _report_unknown(key, fragment, report)
        else:
            arguments.append((parameter, text))
    if not lost:
        lost = _report_missing(fragment, word, given, report)
    return Layer(fragment.body, None, fragment, word, tuple(arguments), lost)


def _report_unknown(key: Scalar, fragment: Fragment, report: Diagnostics) -> None:
    help_, suggestions = did_you_mean(key.text, fragment.parameters, "its parameters")
    message = f"the fragment '{fragment.name}' has no parameter '{key.text}'"
    related = [(fragment.key.place, fragment.name)]
    help_ = help_ or "it has no parameters"
    report.error("parameter.unknown", message, key.place, related=related, help=help_, suggestions=suggestions)


def _report_missing(fragment: Fragment, word: Scalar, given: Mapping[str, object], report: Diagnostics) -> bool:
    missing = [
        one
        for name, one in fragment.parameters.items()
        if name not in given and one.default is None and not one.optional
    ]
    if missing:
        names = ", ".join(f"'{one.name}'" for one in missing)
        message = f"the fragment '{fragment.name}' is given no {names}"
        related = [(one.key.place, f"the parameter '{one.name}'") for one in missing]
        help_ = f"add 'with: {{ {missing[0].name}: … }}', or declare a default"
        report.error("parameter.missing", message, word.place, related=related, help=help_)
    return bool(missing)


def with_use(found: Diagnostic, layers: Sequence[Layer]) -> Diagnostic:
    """The diagnostic; of what a fragment says, with the place where the fragment is used."""
    for layer in layers:
        if layer.word is not None and found.place in _places(layer.body):
            return replace(found, related=(*found.related, (layer.word.place, f"{layer.word.text} is used here")))
    return found


def _places(body: Body) -> Iterator[Place]:
    if body.type is not None:
        yield body.type.place
    if body.model is not None:
        yield body.model.place
    yield from (word.place for word in (*body.has, *body.lacks))
    for key, _ in (*body.properties, *body.status, *body.settings, *body.relations, *body.roles):
        yield key.place
    for _, found in body.status:
        if isinstance(found, Computation):
            yield from (found.word.place, found.quantity.place)
    yield from (word.place for _, word in body.roles)


def merged(layers: Sequence[Layer]) -> Body:
    """What the layers say together, but for what stands in the entity; texts know the layer they are of."""
    bodies = [layer.body for layer in layers]
    if len(bodies) == 1:
        return replace(bodies[0], parts=(), use=None)
    typed = next((body for body in bodies if "type" in body.node), bodies[0])
    titled = next(((level, body) for level, body in enumerate(bodies) if body.title), (0, bodies[0]))
    has, lacks = _points(bodies)
    return replace(
        typed,
        model=next((body.model for body in bodies if body.model is not None), None),
        title={language: _at(text, titled[0]) for language, text in titled[1].title.items()},
        properties=_pairs(body.properties for body in bodies),
        has=has,
        lacks=lacks,
        serial=next((_at(body.serial, level) for level, body in enumerate(bodies) if body.serial is not None), None),
        status=tuple((key, _source_at(one, n)) for key, one, n in _first(body.status for body in bodies).values()),
        settings=tuple(
            (key, replace(one, level=n)) for key, one, n in _first(body.settings for body in bodies).values()
        ),
        roles=tuple((key, word) for key, word, _ in _first(body.roles for body in bodies).values()),
        relations=tuple(
            (key, _ends_at(ends, n)) for key, ends, n in _first(body.relations for body in bodies).values()
        ),
        members=next((_ends_at(body.members, n) for n, body in enumerate(bodies) if body.members), Ends()),
        rule=next((_rule_at(body.rule, n) for n, body in enumerate(bodies) if body.rule is not None), None),
        parts=(),
        use=None,
        uncertain=any(layer.lost or layer.body.uncertain for layer in layers),
    )


def _at(text: Text, level: int) -> Text:
    return text if text.level == level else replace(text, level=level)


def _first(levels: Iterable[Iterable[tuple[Scalar, T]]]) -> dict[str, tuple[Scalar, T, int]]:
    found: dict[str, tuple[Scalar, T, int]] = {}
    for level, pairs in enumerate(levels):
        for key, value in pairs:
            found.setdefault(key.text, (key, value, level))
    return found


def _pairs(levels: Iterable[Iterable[tuple[Scalar, Text]]]) -> tuple[tuple[Scalar, Text], ...]:
    return tuple((key, _at(text, level)) for key, text, level in _first(levels).values())


def _ends_at(ends: Ends, level: int) -> Ends:
    return Ends(tuple(_at(text, level) for text in ends.paths), _rule_at(ends.rule, level))


def _rule_at(rule: Rule | None, level: int) -> Rule | None:
    return rule if rule is None or rule.level == level else replace(rule, level=level)


def _source_at(source: Text | Computation, level: int) -> Text | Computation:
    if isinstance(source, Text):
        return _at(source, level)
    return source if level == 0 else replace(source, over=_rule_at(source.over, level), level=level)


def _points(bodies: Sequence[Body]) -> tuple[tuple[Scalar, ...], tuple[Scalar, ...]]:
    """Points and commands that it has and that it lacks: the nearest body that names one decides; both in one body is a
    mistake.
    """
    has: dict[str, Scalar] = {}
    lacks: dict[str, Scalar] = {}
    for body in bodies:
        said = has.keys() | lacks.keys()
        has |= {word.text: word for word in body.has if word.text not in said}
        lacks |= {word.text: word for word in body.lacks if word.text not in said}
    return tuple(has.values()), tuple(lacks.values())
