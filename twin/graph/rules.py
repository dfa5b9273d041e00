"""Rules over what exists: which entities a view includes, or which devices a point is worked out from.

A rule is bound: it speaks of values, properties and paths from the site on (``within "/floor-1"``; ``in view:north`` is
the view ``SITE/north``). It is analysable: what it can only be true of, and what it depends on, is known before any
entity is asked, so what it finds is kept rather than looked for. Properties are what the topology declared, never
what users may write. A rule whose words mean nothing (any more) is true of nothing, and says why in ``problem``; none
ever raises.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from twin.expressions import Asked, Binary, ExpressionError, Literal, Name, Unary, described, evaluate, names_in
from twin.expressions import parse_rule as parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from twin.expressions import Expression, Result
    from twin.graph.model import Entity
    from twin.ontology.model import Ontology

__all__ = ["Covering", "Graph", "Read", "Rule", "Subject", "naming", "parse_rule", "read_rule"]


class Subject(Protocol):
    """What rules are asked of: an entity, or one that a topology asks for."""

    @property
    def type(self) -> str:
        """Its qualified type."""

    @property
    def path(self) -> str:
        """Its path, with the site's key."""

    @property
    def points(self) -> tuple[str, ...]:
        """The points it has."""

    @property
    def declared(self) -> Mapping[str, Any]:
        """What the topology gives it, by field."""


S = TypeVar("S", bound=Subject)
_S_contra = TypeVar("_S_contra", bound=Subject, contravariant=True)


class Covering(Protocol[_S_contra]):
    """What rules ask of the graph around."""

    def covers(self, view: str, entity: _S_contra, /) -> bool:
        """Whether the view at this path includes an entity: itself, with what contains it, or through another view."""


Graph: TypeAlias = "Covering[Entity]"
_Test: TypeAlias = "Callable[[Any, Covering[Any]], bool]"
Complain: TypeAlias = "Callable[[ExpressionError], None]"
Read: TypeAlias = "Callable[[Any, str], Any]"
"""What an entity has under a name; None: nothing."""
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that can be asked of entities, and what is known of it before."""

    text: str
    types: frozenset[str] | None
    """The qualified concrete types it can only be true of; None: any."""
    within: frozenset[str] | None
    """Paths from the site on (``/floor-1``; the site itself is ``""``), one of which must contain what it is true of;
    None: it need not be below anything.
    """
    inside: frozenset[str] | None
    """Keys of views, one of which must include what it is true of; None: it need not be in any."""
    views: frozenset[str]
    """Keys of all views that it depends on."""
    properties: frozenset[str]
    """Names of the properties that it depends on."""
    problem: str
    """Why it is true of nothing, whatever exists; empty where it may be true of something."""
    _test: _Test

    def fits(self, entity: S, graph: Covering[S]) -> bool:
        """Whether it is true of an entity."""
        return self._test(entity, graph)


def parse_rule(text: str, ontology: Ontology, read: Read | None = None) -> Rule:
    """The rule that a text spells, with the words of an ontology. ``read`` says what names stand for, where they are
    not the properties that the topology declared.
    """
    try:
        return read_rule(parse(text), ontology, text, read=read)
    except ExpressionError as error:
        return _void(text, error)


def _void(text: str, error: ExpressionError) -> Rule:
    return Rule(text, _NONE, None, None, _NONE, _NONE, error.message, lambda _entity, _graph: False)


def read_rule(
    expression: Expression,
    ontology: Ontology,
    text: str = "",
    complain: Complain | None = None,
    read: Read | None = None,
) -> Rule:
    """The rule that an expression is. ``complain`` is told of comparisons that make no sense, when they are made;
    ``read`` as for `parse_rule`.
    """
    reader = _Reader(ontology, complain, read)
    try:
        test = reader.test(expression)
    except ExpressionError as error:
        return _void(text, error)
    return Rule(
        text,
        types=_narrowed(expression, reader.types, _common),
        within=_narrowed(expression, _within, _deeper),
        inside=_narrowed(expression, _inside, _fewer),
        views=frozenset().union(*(_inside(asked) or _NONE for asked in _questions(expression))),
        properties=frozenset(name.name for name in names_in(expression)),
        problem="",
        _test=test,
    )


def naming(ontology: Ontology, name: str) -> frozenset[str]:
    """The qualified concrete types that have a property or a point of this name."""
    having = {each.name for each in ontology.types.values() if name in each.properties}
    return ontology.having(name).union(*(ontology.concrete(each) for each in having))


class _Reader:
    """Makes tests of the parts of rules, with the words of an ontology."""

    def __init__(self, ontology: Ontology, complain: Complain | None, read: Read | None) -> None:
        self._ontology = ontology
        self._complain = complain
        self._read = read

    def test(self, expression: Expression) -> _Test:
        """The test that a part of a rule is. Raises `ExpressionError` for words that mean nothing."""
        match expression:
            case Unary("not", operand):
                inner = self.test(operand)
                return lambda entity, graph: not inner(entity, graph)
            case Binary("and", left, right):
                first, second = self.test(left), self.test(right)
                return lambda entity, graph: first(entity, graph) and second(entity, graph)
            case Binary("or", left, right):
                first, second = self.test(left), self.test(right)
                return lambda entity, graph: first(entity, graph) or second(entity, graph)
            case Asked():
                return self._question(expression)
            case _:
                return _comparison(expression, self._complain, self._read or _declared)

    def types(self, part: Expression) -> frozenset[str] | None:
        """The concrete types that a question can only be true of."""
        match part:
            case Asked("type", Name(name)):
                found = self._ontology.find(name)
                return frozenset() if found is None else self._ontology.concrete(found.name)
            case Asked("has", Name(name)):
                return self._ontology.having(name)
            case Asked("measures", Name(name)):
                return frozenset(self._ontology.measuring(name))
            case Asked() | Unary():
                return None
            case _ if self._read is not None:  # a comparison is false of what lacks any of its names
                having = [naming(self._ontology, each.name) for each in names_in(part)]
                return frozenset.intersection(*having) if having else None
            case _:
                return None

    def _question(self, asked: Asked) -> _Test:
        match asked:
            case Asked("within", Literal(path)):
                below = f"{_path(path)}/"
                return lambda entity, _graph: entity.path.startswith(below, entity.path.find("/"))
            case Asked("view", Literal(key)):
                return lambda entity, graph: graph.covers(f"{entity.path.partition('/')[0]}/{key}", entity)
            case Asked(_, Name(word)):
                return self._of_type(asked, word)
            case _:
                raise ExpressionError("name.unknown", "a rule over what exists has no names to fill in", asked.span)

    def _of_type(self, asked: Asked, word: str) -> _Test:
        types = self.types(asked) or frozenset()
        quantity = asked.question == "measures" and word in self._ontology.quantities
        if not types and not quantity and self._ontology.find(word) is None:
            raise ExpressionError("name.unknown", f"nothing is known by the name '{word}'", asked.span)
        if asked.question == "type":
            return lambda entity, _graph: entity.type in types
        if asked.question == "has":
            return lambda entity, _graph: word in entity.points
        measuring = self._ontology.measuring(word)
        return lambda entity, _graph: not measuring.get(entity.type, _NONE).isdisjoint(entity.points)


def _comparison(expression: Expression, complain: Complain | None, read: Read) -> _Test:
    """A comparison: false of an entity that lacks a property in it, or has one that cannot be compared so."""
    spoken_of = {name.name for name in names_in(expression)}

    def compare(entity: Subject, _graph: object) -> bool:
        names: dict[str, Result] = {}
        for name in spoken_of:
            value = names[name] = read(entity, name)
            if value is None:
                return False
        try:
            return _true(expression, names)
        except ExpressionError as error:
            if complain is not None:
                complain(error)
            return False

    return compare


def _declared(entity: Subject, name: str) -> Any:
    return entity.declared.get(f"properties.{name}")


def _true(expression: Expression, names: Mapping[str, Result]) -> bool:
    value = evaluate(expression, names)
    if isinstance(value, bool):
        return value
    message = f"this is {described(value)}, and must be true or false"
    raise ExpressionError("expression.type", message, expression.span, "compare it with something")


def _path(value: object) -> str:
    """A path as the rule writes it, from the site on: ``/floor-1``; the site is empty."""
    path = str(value).strip("/")
    return f"/{path}" if path else ""


def _within(part: Expression) -> frozenset[str] | None:
    match part:
        case Asked("within", Literal(path)):
            return frozenset({_path(path)})
        case _:
            return None


def _inside(part: Expression) -> frozenset[str] | None:
    match part:
        case Asked("view", Literal(key)):
            return frozenset({str(key)})
        case _:
            return None


def _narrowed(
    expression: Expression,
    known: Callable[[Expression], frozenset[str] | None],
    both: Callable[[frozenset[str], frozenset[str]], frozenset[str]],
) -> frozenset[str] | None:
    """What an expression can only be true of, from what is known of its parts; None: of anything."""
    match expression:
        case Binary("and" | "or" as operator, left, right):
            first, second = _narrowed(left, known, both), _narrowed(right, known, both)
            if operator == "and":
                return first if second is None else second if first is None else both(first, second)
            return None if first is None or second is None else first | second
        case _:
            return known(expression)


def _common(first: frozenset[str], second: frozenset[str]) -> frozenset[str]:
    return first & second


def _fewer(first: frozenset[str], second: frozenset[str]) -> frozenset[str]:
    """Either would do: what it is true of is in both."""
    return min(first, second, key=len)


def _deeper(first: frozenset[str], second: frozenset[str]) -> frozenset[str]:
    """Of every two paths the one below the other, where one is."""
    pairs = ((max(a, b, key=len), min(a, b, key=len)) for a in first for b in second)
    return frozenset(deep for deep, high in pairs if f"{deep}/".startswith(f"{high}/"))


def _questions(expression: Expression) -> Iterator[Asked]:
    match expression:
        case Asked():
            yield expression
        case Unary(_, operand):
            yield from _questions(operand)
        case Binary(_, left, right):
            yield from _questions(left)
            yield from _questions(right)
