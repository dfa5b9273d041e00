"""Along the relations of the graph, and by name: pages of what is reached, as far as the asker may see."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from api import cursors
from api.slices import Slice, page_size
from twin.errors import InvalidValue
from twin.graph import query
from twin.graph.model import CONTAINS
from twin.graph.query import Reached, Step
from twin.ids import sort_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api.questions import Question
    from twin.graph.model import Entity, Kind
    from twin.graph.query import Direction, Hop
    from twin.ids import SortKey

__all__ = ["DEEPEST", "flow", "related", "search", "way"]

DEEPEST = 10
"""How many relations away is looked at most."""
_MOST_REACHED = 10_000
_LONGEST_WAY = 20
_DIRECTIONS: tuple[Direction, ...] = ("OUT", "IN")
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
    _check_depth(depth)
    return _page(_reached(question, entity, relation, direction, depth), first, after)


def flow(
    question: Question,
    entity: Entity,
    direction: Direction,
    *,
    depth: int | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Slice:
    """A page of what feeds an entity (``IN``), or of what it feeds: see `twin.graph.query.feeding`."""
    _check_depth(depth)
    asked = query.upstream if direction == "IN" else query.downstream
    return _page(asked(question.engine.mirror, entity, depth=depth, sites=question.sites), first, after)


def way(question: Question, entity: Entity, to: str, relations: Sequence[str] | None) -> list[Hop] | None:
    """A shortest way to an entity along relations, by the names of either of their ends, or along all: each may be
    passed against its direction. None: there is none, of `_LONGEST_WAY` relations at most.
    """
    ontology = question.vocabulary.ontology
    names = (CONTAINS, "CONNECTS", "INCLUDES", *ontology.relations) if relations is None else relations
    steps = [_step(question, each, direction) for each in names for direction in _DIRECTIONS]
    end = question.entity(to)
    return query.way(
        question.engine.mirror, entity, end, steps, sites=question.sites, most=_LONGEST_WAY, patience=_MOST_REACHED
    )


def _check_depth(depth: int | None) -> None:
    if depth is not None and not 1 <= depth <= DEEPEST:
        raise InvalidValue(
            f"a depth is 1 to {DEEPEST}, not {depth}", code="limit.exceeded", help="go on from what is reached"
        )


def _page(found: list[Reached], first: int | None, after: str | None) -> Slice:
    position, size = cursors.decode(after, 3), page_size(first)
    start = 0 if position is None else bisect_right(found, _position(position), key=_place)
    items = found[start : start + size]
    return Slice(
        [(cursors.encode(str(each.depth), each.entity.path, each.relation), each) for each in items],
        start + size < len(found),
        position is not None,
        lambda: len(found),
    )


def search(question: Question, text: str, kind: Kind | None, first: int | None, after: str | None) -> Slice:
    """A page of what a text may mean, best first (`query.Found`)."""
    position, size = cursors.decode(after, 2), page_size(first)
    kinds = None if kind is None else (kind,)
    found = query.search(question.engine.mirror, text[:_LONGEST], sites=question.sites, kinds=kinds)
    total = len(found)
    if position is not None:
        if not position[0].isdecimal():
            raise cursors.invalid()
        place = int(position[0]), sort_key(position[1])
        found = found[bisect_right(found, place, key=lambda each: (each.rank, sort_key(each.entity.path))) :]
    return Slice(
        [(cursors.encode(str(each.rank), each.entity.path), each) for each in found[:size]],
        size < len(found),
        position is not None,
        lambda: total,
    )


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
