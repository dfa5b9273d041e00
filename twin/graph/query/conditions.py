"""Conditions that users write: rules (`twin.graph.rules`) over what properties and points say now.

``temperature > 25 and area >= 20``, ``type is Thermostat and not (in view:common)``: the words of views' rules, but a
name is a property or a point, and its value is the one that it has now, in its own unit.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from twin.errors import InvalidValue
from twin.graph.rules import naming, parse_rule

if TYPE_CHECKING:
    from twin.graph.rules import Read, Rule
    from twin.ontology.model import Ontology

__all__ = ["where"]


def where(text: str, ontology: Ontology, read: Read) -> Rule:
    """The condition that a text spells. ``read`` says what an entity has under a name: None where it has nothing, or
    nothing that the asker may see; a comparison with nothing is false.

    Raises:
        InvalidValue: it cannot be read, or names what no type has.
    """
    found = parse_rule(text, ontology, read)
    if found.problem:
        raise InvalidValue(
            f"the condition cannot be read: {found.problem}",
            code="where.invalid",
            help='write it as a rule: temperature > 25 and area >= 20, or type is Lamp and within "/floor-1"',
        )
    unknown = sorted(name for name in found.properties if not naming(ontology, name))
    if unknown:
        known = {name for each in ontology.types.values() for name in (*each.points, *each.properties)}
        near = get_close_matches(unknown[0], sorted(known), 1)
        raise InvalidValue(
            f"no type has a property or a point {unknown[0]!r}",
            code="where.invalid",
            help=f"did you mean {near[0]}?" if near else "a type's points and properties are in its ontology",
        )
    return found
