"""Lists of a site of which a part may be seen: the same filters as for a whole one, on what is in the part."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from twin.graph.visibility import Covering
from twin.ids import sort_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twin.graph.mirror import Mirror
    from twin.graph.rules import Rule
    from twin.graph.visibility import Sites

__all__ = ["following", "stretches", "tested"]


def stretches(
    mirror: Mirror, site: str, ids: Sequence[str], spans: Sequence[tuple[int, int]] | None
) -> Iterator[Sequence[str]]:
    """Those of the ids of a site (in order) that stand at these positions of its labels; None: all."""
    if spans is None:
        yield ids
        return
    labels = mirror.intervals(site)
    for span in spans:
        low, high = (bisect_left(ids, end, key=lambda each: labels.span(each)[0]) for end in span)
        yield ids[low:high]


def tested(mirror: Mirror, site: str, ids: Sequence[str], where: Rule, sites: Sites) -> Sequence[str]:
    """Those of which a condition is true, as far as what it asks for may be seen."""
    mirror.views.ready(site)
    around = Covering(mirror, sites)
    return [each for each in ids if where.fits(mirror.entities[each], around)]


def following(mirror: Mirror, _site: str, ids: Sequence[str], path: str) -> Sequence[str]:
    """Those (of the path's own site, in order) that come after a path, whether or not anything is there now."""
    entities = mirror.entities
    return ids[bisect_right(ids, sort_key(path), key=lambda each: sort_key(entities[each].path)) :]
