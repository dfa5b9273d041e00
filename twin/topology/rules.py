"""What can be said of a rule before it is used: are its types, points, quantities and properties known?"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from twin.expressions import Asked, Binary, ExpressionError, Name, Unary, names_in
from twin.source import did_you_mean
from twin.topology.spelling import report_expression

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twin.expressions import Expression
    from twin.ontology.model import Ontology
    from twin.source import Diagnostics
    from twin.topology.parts import Rule

__all__ = ["Words", "check_rule", "questions"]


class Words:
    """What the words of rules may be, by an ontology."""

    def __init__(self, ontology: Ontology) -> None:
        self.ontology = ontology

    @cached_property
    def properties(self) -> frozenset[str]:
        """The names of all properties."""
        return frozenset(name for found in self.ontology.types.values() for name in found.properties)

    @cached_property
    def private(self) -> frozenset[str]:
        """The names of the properties that are private in some type."""
        types = self.ontology.types.values()
        return frozenset(each.name for found in types for each in found.properties.values() if each.private)

    @cached_property
    def points(self) -> frozenset[str]:
        """The names of all points."""
        return frozenset(name for found in self.ontology.types.values() for name in found.points)


def check_rule(rule: Rule | None, words: Words, report: Diagnostics) -> None:
    """Report the words of a rule that mean nothing, or two things."""
    if rule is None:
        return
    for asked in questions(rule.expression):
        if isinstance(asked.word, Name):
            _check_word(asked.question, asked.word, rule, words, report)
    for name in names_in(rule.expression):
        if name.name in rule.names and name.name in words.properties:
            message = f"'{name.name}' is a parameter or a loop variable, and a property too"
            error = ExpressionError("name.ambiguous", message, name.span, "rename the parameter or the loop variable")
            report_expression(error, rule.scalar, report)
        elif name.name in words.private:
            message = f"'{name.name}' is private: who sees what the rule finds could tell it from that"
            help_ = "ask for something else; or list what is meant, by path"
            report.error("rule.private", message, rule.scalar.within(*name.span), help=help_)
        elif name.name not in rule.names and name.name not in words.properties:
            help_, suggestions = did_you_mean(name.name, words.properties | rule.names, "properties and parameters")
            if words.ontology.find(name.name) is not None:
                help_, suggestions = f"ask for a type with 'is': type is {name.name}", ()
            message = f"'{name.name}' is neither a property, nor a parameter or a loop variable"
            place = rule.scalar.within(*name.span)
            report.error("name.unknown", message, place, help=help_, suggestions=suggestions)


def _check_word(question: str, word: Name, rule: Rule, words: Words, report: Diagnostics) -> None:
    known: Iterable[str]
    if question == "type":
        code, noun, found = "type.unknown", "type", words.ontology.find(word.name) is not None
        known = words.ontology.short_names
    elif question == "has":
        known = words.points
        code, noun, found = "point.unknown", "point", word.name in known
    else:
        known = words.ontology.quantities
        code, noun, found = "quantity.unknown", "quantity", word.name in known
    if not found:
        help_, suggestions = did_you_mean(word.name, known, f"known, each a {noun}")
        place = rule.scalar.within(*word.span)
        report.error(code, f"no {noun} is named '{word.name}'", place, help=help_, suggestions=suggestions)


def questions(expression: Expression) -> Iterator[Asked]:
    """What a rule asks of entities, each time it does."""
    if isinstance(expression, Asked):
        yield expression
    elif isinstance(expression, Unary):
        yield from questions(expression.operand)
    elif isinstance(expression, Binary):
        yield from questions(expression.left)
        yield from questions(expression.right)
