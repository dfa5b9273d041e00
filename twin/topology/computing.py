"""Points that are worked out from those of several devices: do function, quantity and point go together?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin.source import did_you_mean
from twin.topology.offering import point_of
from twin.topology.parts import Computation
from twin.topology.rules import check_rule
from twin.units import compatible, dimension, of_dimension

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.ontology.model import EntityType, PointType, Quantity
    from twin.source import Diagnostics
    from twin.topology.parts import Body
    from twin.topology.rules import Words

__all__ = ["AVERAGES", "NUMERIC", "Computing", "adds_up", "computations_of"]

NUMERIC = frozenset({"number", "integer"})
AVERAGES = frozenset({"avg", "min", "max"})
"""Functions that mean nothing of an index that only rises."""
_TRUTHS = frozenset({"any", "all"})


@dataclass(frozen=True, slots=True, eq=False)
class Computing:
    """A point, and how it is worked out."""

    point: PointType
    computation: Computation


def adds_up(function: str, theirs: PointType) -> bool:
    """Whether a function makes something of the values of a point."""
    if function == "count":
        return True
    return theirs.value == "boolean" if function in _TRUTHS else theirs.value in NUMERIC


def computations_of(body: Body, found: EntityType, words: Words, report: Diagnostics) -> Iterator[Computing]:
    """What an entity says that its points are worked out from; what makes no sense is reported."""
    for key, computation in body.status:
        if not isinstance(computation, Computation):
            continue
        point = point_of(key, found, "status", report)
        check_rule(computation.over, words, report)
        quantity = _quantity(computation, words, report)
        if point is not None and quantity is not None and _goes_together(point, computation, quantity, report):
            yield Computing(point, computation)


def _quantity(computation: Computation, words: Words, report: Diagnostics) -> Quantity | None:
    word, known = computation.quantity, words.ontology.quantities
    if word.text not in known:
        help_, suggestions = did_you_mean(word.text, known, "known, each a quantity")
        message = f"no quantity is named '{word.text}'"
        report.error("quantity.unknown", message, word.place, help=help_, suggestions=suggestions)
    return known.get(word.text)


def _goes_together(point: PointType, computation: Computation, quantity: Quantity, report: Diagnostics) -> bool:
    function, word = computation.function, computation.word
    related = [(point.place, point.name)]
    if function in _TRUTHS and point.value != "boolean":
        message = f"'{function}' is true or false, and '{point.name}' is {_article(point.value)}"
        help_ = "count how many are true, with 'count'" if point.value in NUMERIC else "choose another point"
        report.error("computed.type", message, word.place, related=related, help=help_)
        return False
    if function not in _TRUTHS and point.value not in NUMERIC:
        message = f"'{function}' makes a number, and '{point.name}' is {_article(point.value)}"
        help_ = "use 'any' or 'all'" if point.value == "boolean" else "choose another point"
        report.error("computed.type", message, word.place, related=related, help=help_)
        return False
    theirs = "1" if function == "count" else quantity.unit
    if function in _TRUTHS or theirs is None or compatible(point.unit or "1", theirs):
        return True
    what = "a count" if function == "count" else f"{quantity.name}, which is in '{theirs}'"
    message = f"'{point.name}' is in '{point.unit or '1'}', and cannot be made of {what}"
    wanted = ", ".join(of_dimension(dimension(point.unit or "1") or "")[:4])
    help_ = f"choose a quantity in a unit of the same kind: {wanted}" if wanted else "choose another quantity"
    if function != "count":
        related.append((quantity.place, quantity.name))
    report.error("unit.incompatible", message, computation.quantity.place, related=related, help=help_)
    return False


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
