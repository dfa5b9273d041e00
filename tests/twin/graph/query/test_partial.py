"""Lists of what somebody sees are the lists of everything, less what they do not see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rights import EVERYONE, Granting, principal
from twin.access.visibility import Visibilities
from twin.graph import query
from twin.graph.visibility import Covering, shows

if TYPE_CHECKING:
    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity
    from twin.graph.visibility import Sites

SOME = frozenset({"t/Room", "t/Meter"})


def paged(mirror: Mirror, visible: Sites, **asked: object) -> list[Entity]:
    """A list, two by two; what each page says of the whole is checked on the way."""
    found: list[Entity] = []
    total = query.select(mirror, sites=visible, **asked).total  # type: ignore[arg-type]
    while True:
        after = found[-1].path if found else None
        page = query.select(mirror, sites=visible, first=2, after=after, **asked)  # type: ignore[arg-type]
        found += page.items
        assert page.total == total
        assert page.has_next == (len(found) < total)
        if not page.has_next:
            return found


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32))
def test_filters_and_pages_know_nothing_of_the_rest(seed: int) -> None:
    made = Granting(seed, 60)
    mirror, visibilities = made.mirror, Visibilities(made.mirror, lambda: made.ontology)
    for who in EVERYONE:
        visible = visibilities.of(principal(who), 0)
        seen = [each for each in query.select(mirror).items if shows(mirror, each, visible)]
        assert paged(mirror, visible) == seen
        assert paged(mirror, visible, types=SOME) == [each for each in seen if each.type in SOME]
        around = Covering(mirror, visible)
        for each in seen:
            below = [one for one in seen if one.path.startswith(f"{each.path}/")]
            assert paged(mirror, visible, under=each) == below
            assert paged(mirror, visible, under=each, types=SOME) == [one for one in below if one.type in SOME]
            if each.kind == "view":
                included = [one for one in seen if around.covers(each.path, one)]
                expected = [one for one in included if one.kind != "view"]
                assert [one for one in paged(mirror, visible, within=each) if one.kind != "view"] == expected
