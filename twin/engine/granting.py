"""What a server does about roles by itself: it takes those out of the graph that have run out, and says which sites
somebody holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from twin.access.expiring import ended
from twin.access.grants import rights_of
from twin.access.reach import may_have
from twin.errors import RequestError
from twin.graph.model import Actor, ChangeSet
from twin.ids import mint
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from twin.graph.mirror import Mirror
    from twin.graph.model import Committed
    from twin.ontology.model import Ontology

__all__ = ["end_what_is_over", "sites_held"]

log = structlog.get_logger(__name__)


async def end_what_is_over(mirror: Mirror, commit: Callable[[ChangeSet], Awaitable[Committed]]) -> None:
    """Take roles and memberships out of the graph whose time is over. Each is a change of its own in the log."""
    at = now()
    for each in list(ended(mirror, at)):
        made = ChangeSet(
            op_id=mint(),
            actor=Actor("twin", "upkeep"),
            at=at,
            entries=tuple(each.entries),
            summary=each.summary,
            site=each.target.site or None,
        )
        try:
            await commit(made)
        except RequestError:  # somebody was quicker: what is left is looked at again
            continue
        log.info("grant.ended", party=each.party.path, on=each.target.path, roles=list(each.roles))


def sites_held(mirror: Mirror, ontology: Ontology, user: str) -> frozenset[str]:
    """The sites of which a user sees anything now, by id: whoever may read a thing sees that thing at least."""
    found = rights_of(mirror, user, now()).by_site
    entities = mirror.entities
    return frozenset(
        site
        for site, holdings in found.items()
        if site in mirror.sites
        and any(
            (role := (words := ontology.of(site)).roles.get(each.role)) is not None
            and "read" in role.may
            and may_have(words, role, entities[each.entity])
            for each in holdings
        )
    )
