"""Lists by value: of a condition that users write, in the order of a value; as far as the asker may see.

Both ask everything that the other filters leave, so these must leave no more than `MOST_ASKED`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import orjson

from api import cursors
from api.questions import Part
from api.slices import Slice
from twin.errors import InvalidValue
from twin.graph import query

if TYPE_CHECKING:
    from api.questions import Filtered, Picked, Question
    from twin.graph.model import Entity, Value
    from twin.graph.query import By
    from twin.graph.rules import Rule

__all__ = ["MOST_ASKED", "filtered_by"]

MOST_ASKED = 10_000
"""Of how many entities a value is asked in one request: each takes some microseconds of the loop."""
_LONGEST = 2000


def filtered_by(where: str | None, sort: str | None) -> Filtered | None:
    """How a list is filtered and sorted by value; None: not at all."""
    if where is None and sort is None:
        return None

    def page(question: Question, picked: Picked, size: int, after: str | None) -> Slice:
        condition = None if where is None else _condition(question, where)
        if sort is None:
            return _in_order_of_path(question, picked, condition, size, after)
        by, descending = query.sorting(
            sort, question.vocabulary.ontology, lambda each, name: _value(question, each, name)
        )
        position = _position(after)
        found = query.ordered(
            _asked(question, picked, condition), by, descending=descending, after=position, first=size
        )
        return Slice(
            [(_cursor(each, by), each) for each in found.items],
            found.has_next,
            position is not None,
            lambda: found.total,
        )

    return page


def _in_order_of_path(
    question: Question, picked: Picked, condition: Rule | None, size: int, after: str | None
) -> Slice:
    position = cursors.decode(after)
    _check_few(question, picked, condition)
    found = query.select(
        question.engine.mirror,
        sites=question.sites,
        **picked._asdict(),
        where=condition,
        after=position[0] if position else None,
        first=size,
    )
    items: list[tuple[str, object]] = [(cursors.encode(each.path), each) for each in found.items]
    return Slice(items, found.has_next, position is not None, lambda: found.total)


def _asked(question: Question, picked: Picked, condition: Rule | None) -> list[Entity]:
    _check_few(question, picked, condition)
    return query.select(question.engine.mirror, sites=question.sites, **picked._asdict(), where=condition).items


def _check_few(question: Question, picked: Picked, condition: Rule | None) -> None:
    """Whether few enough are left to be asked: counting them costs nothing."""
    if condition is not None and condition.types is not None:
        types = condition.types if picked.types is None else picked.types & condition.types
        picked = picked._replace(types=types)
    total = query.select(question.engine.mirror, sites=question.sites, **picked._asdict(), first=0).total
    if total > MOST_ASKED:
        raise InvalidValue(
            f"{total} entities are too many to ask each for a value",
            code="limit.exceeded",
            help=f"leave {MOST_ASKED} at most: name a type, a place with under, or a view with in",
        )


def _condition(question: Question, text: str) -> Rule:
    """A condition over what the asker may see: what is private is not there."""
    if len(text) > _LONGEST:
        raise InvalidValue(
            f"the condition has {len(text)} characters", code="limit.exceeded", help=f"write {_LONGEST} at most"
        )
    rule = query.where(text, question.vocabulary.ontology, lambda each, name: _value(question, each, name))
    if question.private:
        return rule
    return replace(rule, _test=lambda each, graph: rule.fits(_seen(question, each), graph))


def _seen(question: Question, entity: Entity) -> Entity:
    points = question.points(entity)
    return entity if len(points) == len(entity.points) else msgspec.structs.replace(entity, points=tuple(points))


def _value(question: Question, entity: Entity, name: str) -> Value | None:
    """A property, or what a point says now, in the unit it is told in."""
    known = question.vocabulary.type_of(entity.type)
    if name in known.properties:
        return question.property(entity, known.properties[name])
    point = known.points.get(name)
    if point is None or not question.shows(entity, point):
        return None
    said = question.said(Part(entity, point))
    return None if said is None else said.value  # type: ignore[return-value]  # a reading's


def _cursor(entity: Entity, by: By) -> str:
    value, path = query.position_of(entity, by)
    return cursors.encode(orjson.dumps(value).decode(), path)


def _position(after: str | None) -> query.Position | None:
    position = cursors.decode(after, 2)
    if position is None:
        return None
    try:
        return query.Position(orjson.loads(position[0]), position[1])
    except orjson.JSONDecodeError as error:
        raise cursors.invalid() from error
