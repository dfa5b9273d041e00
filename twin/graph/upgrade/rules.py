"""The text of a rule in the names of now, true of the same entities; and which type an entity becomes by one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twin.expressions import Asked, Binary, ExpressionError, Name, Unary, names_in
from twin.expressions import parse_rule as parse
from twin.expressions.printing import printed
from twin.graph.rules import parse_rule
from twin.graph.upgrade.steps import targets_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from twin.expressions import Expression
    from twin.graph.model import Entity
    from twin.graph.rules import Graph
    from twin.graph.upgrade.ways import Ways
    from twin.ontology.model import Ontology, Step

__all__ = ["RuleNames", "choose"]


class RuleNames:
    """What the words of rules have become. A rule names points and properties of any type: where types disagree about
    what became of one, the rule asks for each.
    """

    def __init__(self, ways: Ways) -> None:
        before, after = ways.before, ways.after
        self._types = {
            name: names
            for full, names in _short_types(ways).items()
            for name in ({full, before.types[full].short} if before.find(before.types[full].short) else {full})
        }
        self._points = _members(ways, "points")
        self._properties = {
            old: new[0] for old, new in _members(ways, "properties").items() if len(new) == 1 and new != (old,)
        }
        self._known = {name for found in after.types.values() for name in found.properties}

    def renamed(self, text: str) -> str:
        """The rule in the names of now; a rule that cannot be read stays as it is."""
        try:
            return printed(after) if (after := self._rewritten(before := parse(text))) != before else text
        except ExpressionError:
            return text

    def _rewritten(self, part: Expression) -> Expression:
        match part:
            case Unary(_, operand):
                return replace(part, operand=self._rewritten(operand))
            case Binary(_, left, right):
                return replace(part, left=self._rewritten(left), right=self._rewritten(right))
            case Asked("type", Name() as word):
                return _either(part, word, self._types.get(word.name, (word.name,)))
            case Asked("has", Name() as word):
                return _either(part, word, self._points.get(word.name, (word.name,)))
            case Name(name) if name in self._properties:
                return replace(part, name=self._properties[name])
            case _:
                return part

    def lost(self, text: str) -> list[str]:
        """Properties that a rule compares, and that nothing has any more."""
        try:
            names = {name.name for name in names_in(parse(text))}
        except ExpressionError:
            return []
        return sorted(name for name in names if self._properties.get(name, name) not in self._known)


def _short_types(ways: Ways) -> dict[str, tuple[str, ...]]:
    """Qualified types of before -> the short names of what they became."""
    types = ways.after.types
    return {
        name: tuple(types[each].short for each in becomes if each in types)
        for name, becomes in ways.renamed_types().items()
        if any(each in types for each in becomes)
    }


def _members(ways: Ways, kind: str) -> dict[str, tuple[str, ...]]:
    """Member of before -> all that it became, in one type or another; itself too where some type keeps it."""
    found: dict[str, dict[str, None]] = {}
    for name in ways.before.types:
        for old, new in getattr(ways.way(name), kind).items():
            if new is not None:
                found.setdefault(old, {})[new] = None
    return {old: tuple(sorted(new)) for old, new in found.items() if tuple(new) != (old,)}


def _either(asked: Asked, word: Name, names: Iterable[str]) -> Expression:
    """The question, for any of the names."""
    first, *rest = [replace(asked, word=replace(word, name=name)) for name in names]
    made: Expression = first
    for other in rest:
        made = Binary("or", made, other, asked.span, asked.depth)
    return made


def choose(step: Step, entity: Entity, ontology: Ontology, graph: Graph) -> str | None:
    """The type that an entity becomes where its own is split: the first whose rule is true of it, or the one without
    a rule; None: no rule is true.
    """
    rules: Mapping[str, str] = step.when
    named = {target: rules.get(target) or rules.get(target.rpartition("/")[2]) for target in targets_of(step)}
    for target, rule in named.items():
        if rule and parse_rule(rule, ontology).fits(entity, graph):
            return target
    return next((target for target, rule in named.items() if not rule), None)
