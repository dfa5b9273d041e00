"""Questions to the mirror, answered from its indexes at the cost of their answer.

Every question takes ``sites``: what the asker may see (`twin.graph.visibility`; ids of sites as a whole, or None: all).
It is part of the scan, so counts, pages, cursors and ways from one thing to another know nothing of the rest: hidden
means absent. Lists come in natural
order of path, site by site, unless they say another; every one can be continued after the place of an item.

What is asked, and what it costs:

- `select`: by kind, type, place, view: the page. With a condition (`where`), what the other filters leave.
- `ordered`: the same by a value: what the filters leave.
- `children`, `ancestors`, `related`, `members`, `views_of`: what is next to it.
- `reach`, `way`: along relations to a depth, and the shortest way: what lies within that depth, and its relations.
- `upstream`, `downstream`, `connected`: the answer, and what it passes through.
- `subgraph`, `around`: what it holds, and its relations.
- `search`: what the words alone mean; the names of a site are indexed when it is first searched.
"""

from twin.graph.query.conditions import where
from twin.graph.query.feeding import FLOW, connected, downstream, upstream
from twin.graph.query.neighbours import Direction, Related, members, related, views_of
from twin.graph.query.ordering import By, Position, ordered, position_of, sorting
from twin.graph.query.reaching import Hop, Reached, Step, reach, steps_of, way
from twin.graph.query.searching import Found, search
from twin.graph.query.selection import Page, ancestors, children, find, select, site_of
from twin.graph.query.subgraphs import around, subgraph
from twin.graph.visibility import shown

__all__ = [
    "FLOW",
    "By",
    "Direction",
    "Found",
    "Hop",
    "Page",
    "Position",
    "Reached",
    "Related",
    "Step",
    "ancestors",
    "around",
    "children",
    "connected",
    "downstream",
    "find",
    "members",
    "ordered",
    "position_of",
    "reach",
    "related",
    "search",
    "select",
    "shown",
    "site_of",
    "sorting",
    "steps_of",
    "subgraph",
    "upstream",
    "views_of",
    "way",
    "where",
]
