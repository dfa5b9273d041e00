"""Along the relations of the graph, and by name: pages of what is reached, as far as the asker may see."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from api import cursors
from api.questions import Slice, page_size
from twin.errors import InvalidValue
from twin.graph import query
from twin.graph.query import Reached, Step
from twin.ids import sort_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api.questions import Question
    from twin.graph.model import Entity, Kind
    from twin.graph.query import Direction
    from twin.ids import SortKey

__all__ = ["DEEPEST", "related", "search"]

DEEPEST = 10
"""How many relations away is looked at most."""
_MOST_REACHED = 10_000
_LONGEST = 200


def related(
    question: Question,
    entity: Entity,
    relation: str | None,
    direction: Direction,
    *,
    depth: int = 1,
    first: int | None = None,
    after: str | None = None,
) -> Slice:
    """A page of what is reached along a relation, by the name of either of its ends, or along all (what it contains
    apart): nearest first. Next to it, each relation counts; farther, each entity once.
    """
    if not 1 <= depth <= DEEPEST:
        raise InvalidValue(
            f"a depth is 1 to {DEEPEST}, not {depth}", code="limit.exceeded", help="go on from what is reached"
        )
    position, size = cursors.decode(after, 3), page_size(first)
    found = _reached(question, entity, relation, direction, depth)
    start = 0
    if position is not None:
        start = bisect_right(found, _position(position), key=_place)
    return Slice(
        [
            (cursors.encode(str(each.depth), each.entity.path, each.relation), each)
            for each in found[start : start + size]
        ],
        start + size < len(found),
        position is not None,
        lambda: len(found),
    )


def search(question: Question, text: str, kind: Kind | None, first: int | None, after: str | None) -> Slice:
    """A page of what a text may mean, best first (`query.Found`)."""
    position, size = cursors.decode(after, 2), page_size(first)
    if position is not None and not position[0].isdecimal():
        raise cursors.invalid()
    found = query.search(
        question.engine.mirror,
        text[:_LONGEST],
        sites=question.sites,
        kinds=None if kind is None else (kind,),
        after=None if position is None else (int(position[0]), position[1]),
    )
    return Slice(
        [(cursors.encode(str(each.rank), each.entity.path), each) for each in found[:size]],
        size < len(found),
        position is not None,
        lambda: len(found) if position is None else len(search_all(question, text, kind)),
    )


def search_all(question: Question, text: str, kind: Kind | None) -> Sequence[query.Found]:
    """All that a text may mean."""
    kinds = None if kind is None else (kind,)
    return query.search(question.engine.mirror, text[:_LONGEST], sites=question.sites, kinds=kinds)


def _reached(
    question: Question, entity: Entity, relation: str | None, direction: Direction, depth: int
) -> list[Reached]:
    mirror, ontology = question.engine.mirror, question.vocabulary.ontology
    step = None if relation is None else _step(question, relation, direction)
    if depth == 1:
        name, way = (None, direction) if step is None else step
        near = query.related(mirror, entity, name, way, question.sites)
        return [Reached(each.entity, 1, each.relation, way, entity) for each in near]
    names = ("CONNECTS", "INCLUDES", *ontology.relations)
    steps = [Step(each, direction) for each in names] if step is None else [step]
    found = query.reach(mirror, entity, steps, depth=depth, sites=question.sites, most=_MOST_REACHED)
    if len(found) > _MOST_REACHED:
        raise InvalidValue(
            f"more than {_MOST_REACHED} entities are reached", code="limit.exceeded", help="ask for a smaller depth"
        )
    return found


def _step(question: Question, relation: str, direction: Direction) -> Step:
    """A relation that nobody declares leads nowhere: it is not told from one that leads to what is hidden."""
    try:
        (step,) = query.steps_of((relation,), question.vocabulary.ontology, direction)
    except InvalidValue:
        return Step(relation, direction)
    return step


def _place(each: Reached) -> tuple[int, SortKey, str]:
    return each.depth, sort_key(each.entity.path), each.relation


def _position(position: tuple[str, ...]) -> tuple[int, SortKey, str]:
    depth, path, relation = position
    if not depth.isdecimal():
        raise cursors.invalid()
    return int(depth), sort_key(path), relation
