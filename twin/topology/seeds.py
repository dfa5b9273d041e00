"""Prepared parts, with what is the same of all that grow from them: it is worked out once, for the first of them.

What names alter, the rounds of ``each`` and the values given to fragments, is left to `twin.topology.growing`; that is
little, and so most entities of a building cost hardly more than their paths.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from twin.expressions import Asked, Name, names_in
from twin.topology.parts import Fields, Formula, Text
from twin.topology.rules import questions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from twin.graph.model import Scalar as Fact
    from twin.graph.model import Value as Wish
    from twin.ontology.model import RelationType
    from twin.topology.checking import Prepared
    from twin.topology.filling import Frames
    from twin.topology.parts import Body, Ends, Part, Rule, Template, Value

__all__ = ["Naming", "Said", "Seed", "fixed_names", "is_fixed_rule"]

Said: TypeAlias = "tuple[tuple[str, ...], Mapping[str, Wish], Mapping[str, Fact]]"
"""The names of the fields that the topology gives; settings and properties that the ontology has a default for."""


@dataclass(slots=True, eq=False)
class Naming:
    """A text that names another entity: a source of a point, a member, or the target of a relation."""

    text: Text
    point: str | None = None
    """The point that follows what the path names."""
    relation: RelationType | None = None
    """None (and no point): a member of a view, or what a gateway connects."""
    inverse: bool = False
    """Whether the relation leads from what the path names to the origin."""
    fixed: bool = False
    path: str | None = None
    """The path, where it is fixed and has been worked out."""
    judged: dict[Any, bool] = field(default_factory=dict)
    """Whether what it names suits, by what it is: said once of all entities that grow from one part."""


class Seed:
    """A prepared part. What is `None` is not known yet, or differs from one entity to the next."""

    __slots__ = (
        "asks",
        "ends",
        "fixed_facts",
        "fixed_key",
        "fixed_settings",
        "fixed_title",
        "fixed_when",
        "inner",
        "key",
        "namings",
        "part",
        "parts",
        "prepared",
        "properties",
        "roomy",
        "said",
        "settings",
        "single",
        "steady",
        "title",
        "type",
        "wanted",
    )

    def __init__(self, prepared: Prepared, fixed: frozenset[str]) -> None:
        part, body, layers = prepared.part, prepared.body, prepared.layers
        self.prepared = prepared
        self.part: Part = part
        self.type = prepared.type.name if prepared.type is not None else ""
        self.roomy = part.kind in {"site", "space"}
        """Whether paths are relative to it."""
        self.key: str | None = None
        self.wanted: bool | None = None
        self.title: dict[str, str] | None = None
        self.properties: dict[str, Fact] | None = None
        self.settings: dict[str, Wish] | None = None
        self.said: Said | None = None
        self.parts: list[tuple[int, Seed]] | None = None if prepared.parts else []
        self.fixed_key = is_fixed(part.key, fixed)
        self.fixed_when = not isinstance(part.when, Formula) or _speaks_of(part.when.expression, fixed)
        self.fixed_title = all(is_fixed(text, fixed) for text in body.title.values())
        self.fixed_facts = all(is_fixed(text, fixed) for _, text, _ in prepared.properties)
        self.fixed_settings = all(_is_fixed_value(one.setting.value, fixed) for one in prepared.settings)
        self.single = len(layers) == 1 and layers[0].override is None
        self.steady = layers[0].override is None and not any(layer.arguments for layer in layers)
        """Whether the names of its fragments are always the same."""
        self.inner: Frames | None = None
        """These names."""
        self.ends = tuple(_ends_of(prepared, body))
        self.namings = tuple(self._namings(fixed))
        self.asks = bool(body.rule or prepared.computations or any(ends.rule for _, ends, _ in self.ends))

    def _namings(self, fixed: frozenset[str]) -> Iterator[Naming]:
        for point, text in self.prepared.sources:
            yield Naming(text, point, fixed=is_fixed(text, fixed))
        for relation, ends, inverse in self.ends:
            for text in ends.paths:
                yield Naming(text, None, relation, inverse, is_fixed(text, fixed))


def _ends_of(prepared: Prepared, body: Body) -> Iterator[tuple[RelationType | None, Ends, bool]]:
    """Where the relations of an entity end, and what it includes or connects."""
    yield from prepared.relations
    if body.members:
        yield None, body.members, False


def fixed_names(template: Template) -> frozenset[str]:
    """The parameters of a topology that no fragment and no loop gives another value."""
    bodies = [template.site.body, *(one.body for one in template.fragments.values())]
    bodies += [one.body for one in template.overrides]
    loops = {loop.name for body in bodies for part in _parts_in(body) for loop in part.each}
    inner = {name for fragment in template.fragments.values() for name in fragment.parameters}
    return frozenset(template.parameters.keys() - loops - inner)


def _parts_in(body: Body) -> Iterator[Part]:
    for part in body.parts:
        yield part
        yield from _parts_in(part.body)


def is_fixed(text: Text, fixed: frozenset[str]) -> bool:
    """Whether a text is the same whatever it is said of."""
    pattern = text.pattern
    return pattern.constant or all(name.name in fixed for name in pattern.names)


def is_fixed_rule(rule: Rule, fixed: frozenset[str]) -> bool:
    """Whether a rule asks the same whoever asks: it names no place, and no name in it alters."""
    named: Iterable[Name] = names_in(rule.expression)
    asked: Iterable[Asked] = questions(rule.expression)
    return all(one.name in fixed or one.name not in rule.names for one in named) and all(
        isinstance(one.word, Name) for one in asked
    )


def _is_fixed_value(value: Value, fixed: frozenset[str]) -> bool:
    if isinstance(value, Text):
        return is_fixed(value, fixed)
    inner = (one for _, one in value.fields) if isinstance(value, Fields) else value.items
    return all(_is_fixed_value(one, fixed) for one in inner)


def _speaks_of(expression: Any, fixed: frozenset[str]) -> bool:
    """Whether an expression speaks of these names only."""
    return all(name.name in fixed for name in names_in(expression))
