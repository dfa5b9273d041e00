"""Rules are answered: which of the entities that grew fit, for each entity that asks.

A rule is narrowed by what it must have (``type is T``, ``within "PATH"``, joined by ``and``) before entities are
looked at one by one. Bound: `MAX_LOOKED` entities looked at.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from twin.expressions import (
    Asked,
    Binary,
    ExpressionError,
    Name,
    Unary,
    described,
    evaluate,
    names_in,
    parse_template,
)
from twin.topology.growing import Link
from twin.topology.parts import Text
from twin.topology.rules import questions
from twin.topology.spelling import report_expression

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.errors import Place
    from twin.expressions import Expression
    from twin.ontology.model import Ontology
    from twin.source import Diagnostics
    from twin.topology.finding import Finder
    from twin.topology.growing import Grown, Search, Sprout

__all__ = ["MAX_LOOKED", "Searcher"]

MAX_LOOKED = 10_000_000
_NOTHING = parse_template("")
_Slice = tuple[int, int]


class Searcher:
    """Answers rules over all that grew."""

    def __init__(self, grown: Grown, finder: Finder, ontology: Ontology, report: Diagnostics) -> None:
        self._all = list(grown.sprouts.values())
        """Each followed by all that stands in it."""
        self._places = {sprout.path: index for index, sprout in enumerate(self._all)}
        self._finder = finder
        self._ontology = ontology
        self._report = report
        self._by_types: dict[frozenset[str] | None, list[int]] = {}
        self._slices: dict[str, _Slice] = {}
        self._looked = 0
        self._found: dict[Place, bool] = {}

    def find(self, search: Search, allowed: frozenset[str]) -> Iterator[Sprout]:
        """The entities of the types allowed that a rule is true of, but for the one that asks."""
        place = search.rule.scalar.place
        self._found.setdefault(place, False)
        try:
            asker = _Asker(self._within(search), search, self._ontology)
            positions = self._narrowed(asker, allowed)
            self._looked += len(positions)
            if self._looked > MAX_LOOKED:
                message = f"rules look at more than {MAX_LOOKED:,} entities"
                self._report.error("topology.large", message, place, help='narrow them: type is T and within "PATH"')
                return
            for position in positions:
                sprout = self._all[position]
                if sprout is not search.origin and asker.fits(search.rule.expression, sprout, position):
                    self._found[place] = True
                    yield sprout
        except ExpressionError as error:
            report_expression(error, search.rule.scalar, self._report)

    def warn_of_nothing(self) -> None:
        """Warn of every rule that found nothing, whoever asked."""
        for place, found in self._found.items():
            if not found and not self._report.has_errors:
                help_ = "nothing of that kind is there, or it cannot be the end of this relation"
                self._report.warn("rule.empty", "this rule finds nothing", place, help=help_)

    def _narrowed(self, asker: _Asker, allowed: frozenset[str]) -> list[int]:
        types, (first, last) = allowed, (0, len(self._all))
        for part in _joined(asker.expression):
            if isinstance(part, Asked) and part.question == "type":
                types &= asker.types(part)
            elif isinstance(part, Asked) and part.question == "within":
                low, high = asker.slices[part]
                first, last = max(first, low), min(last, high)
        known = self._of_types(types)
        return known[bisect_left(known, first) : bisect_left(known, max(first, last))]

    def _of_types(self, types: frozenset[str]) -> list[int]:
        if types not in self._by_types:
            self._by_types[types] = [
                index
                for index, sprout in enumerate(self._all)
                if sprout.prepared.type is not None and sprout.prepared.type.name in types
            ]
        return self._by_types[types]

    def _within(self, search: Search) -> dict[Asked, _Slice]:
        """What stands in the paths that a rule names; nothing, where a path is wrong or left out."""
        return {
            asked: self._slice(search, asked)
            for asked in questions(search.rule.expression)
            if asked.question == "within"
        }

    def _slice(self, search: Search, asked: Asked) -> _Slice:
        path = evaluate(asked.word, search.names)
        at = search.rule.scalar.within(*asked.word.span)
        text = Text(search.rule.scalar, _NOTHING, search.rule.level)
        found = self._finder.find(Link(search.origin, text, str(path), at=at), str(path))
        if found is None:
            return 0, 0
        if found.path not in self._slices:
            first = last = self._places[found.path] + 1
            while last < len(self._all) and self._all[last].path.startswith(f"{found.path}/"):
                last += 1
            self._slices[found.path] = (first, last)
        return self._slices[found.path]


class _Asker:
    """Asks one rule of entities, with the names around it."""

    def __init__(self, slices: dict[Asked, _Slice], search: Search, ontology: Ontology) -> None:
        self.slices = slices
        self.expression = search.rule.expression
        self._search = search
        self._ontology = ontology

    def types(self, asked: Asked) -> frozenset[str]:
        """The concrete types that are of the type asked for."""
        found = self._ontology.find(asked.word.name) if isinstance(asked.word, Name) else None
        return frozenset() if found is None else self._ontology.concrete(found.name)

    def fits(self, expression: Expression, sprout: Sprout, position: int) -> bool:
        """Whether the rule, or a part of it, is true of an entity. Raises `ExpressionError`."""
        match expression:
            case Unary("not", operand):
                return not self.fits(operand, sprout, position)
            case Binary("and", left, right):
                return self.fits(left, sprout, position) and self.fits(right, sprout, position)
            case Binary("or", left, right):
                return self.fits(left, sprout, position) or self.fits(right, sprout, position)
            case Asked():
                return self._answer(expression, sprout, position)
            case _:
                return self._compare(expression, sprout)

    def _answer(self, asked: Asked, sprout: Sprout, position: int) -> bool:
        found = sprout.prepared.type
        if asked.question == "within":
            first, last = self.slices[asked]
            return first <= position < last
        if found is None or not isinstance(asked.word, Name):
            return False
        if asked.question == "type":
            return found.name in self.types(asked)
        word, points = asked.word.name, sprout.prepared.points
        if asked.question == "has":
            return word in points
        return any(found.points[point].measures == word for point in points)

    def _compare(self, expression: Expression, sprout: Sprout) -> bool:
        """A comparison: false of an entity that lacks a property in it."""
        own = self._search.rule.names
        lacking = (n.name not in own and n.name not in sprout.properties for n in names_in(expression))
        if any(lacking):
            return False
        value = evaluate(expression, {**sprout.properties, **self._search.names})
        if isinstance(value, bool):
            return value
        message = f"this is {described(value)}, and must be true or false"
        raise ExpressionError("expression.type", message, expression.span, "compare it with something")


def _joined(expression: Expression) -> Iterator[Expression]:
    """The parts that must all be true."""
    if isinstance(expression, Binary) and expression.operator == "and":
        yield from _joined(expression.left)
        yield from _joined(expression.right)
    else:
        yield expression
