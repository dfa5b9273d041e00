"""Why somebody may see or do something, as told to who asks: themselves, who may share or administer it, an auditor.

What whoever asks may not see leads nowhere: ways over it are left out, as if there were none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from twin.access.delegating import giver_of, may_share
from twin.access.explaining import Chain, Gift, Taken, explain, gifts, takings
from twin.access.visibility import insufficient
from twin.graph.model import Entity
from twin.ontology.model import PERMISSIONS, Permission
from twin.times import now

if TYPE_CHECKING:
    from api.questions import Question

__all__ = ["Reasons", "reasons"]

REGISTRATION = "its registration"
"""In place of a role: what a client may do in its own name."""


class Reasons(msgspec.Struct, frozen=True):
    """What somebody may do with an entity, and why."""

    user: str
    entity: Entity
    ways: list[Chain]
    taken: dict[Permission, tuple[Taken, ...]]
    """For each permission that they have: what would have to be taken back."""
    given: list[Gift]
    """For each that they have not: what would have to be given."""

    @property
    def permissions(self) -> list[Permission]:
        """What they may do."""
        return [each for each in PERMISSIONS if each in self.taken]


async def reasons(question: Question, user: str | None, ref: str) -> Reasons:
    """Why a user or a client (by id; none: whoever asks) may see something, as far as roles go.

    Raises:
        NotFound: there is nothing of that ref to be seen.
        Forbidden: it is about somebody else, and whoever asks may neither share nor administer it, nor read the audit.
    """
    entity, subject = question.entity(ref), question.principal.subject
    holder = user or subject
    if holder != subject and not _answerable(question, entity):
        raise insufficient("share", entity)
    engine = question.engine
    also = question.principal.parties if holder == subject else ()
    found = explain(engine.mirror, engine.ontology, holder, entity, now(), also)
    seen = [each for each in found if all(_seen(question, step) for step in each.ids)]
    ways = [*await _registered(question, holder, entity), *seen]
    lacking = gifts(engine.mirror, engine.ontology, entity, ways)
    given = [each for each in lacking if question.find(each.on) is not None]
    return Reasons(holder, entity, ways, takings(ways), given)


def _answerable(question: Question, entity: Entity) -> bool:
    """Whether whoever asks may know what others may do there."""
    principal, engine = question.principal, question.engine
    return (
        may_share(engine.mirror, engine.ontology, giver_of(principal), entity, now())
        or (principal.may("twin:write") and question.rights.may("administer", entity))
        or principal.may("twin:audit")
    )


def _seen(question: Question, step: str) -> bool:
    """Whether a step of a way may be told of; fleets are in no site, and known by what they manage."""
    found = question.engine.mirror.get(step)
    return found is not None and (not found.site or question.find(step) is not None)


async def _registered(question: Question, holder: str, entity: Entity) -> list[Chain]:
    """What a client may do in its own name on the sites that it was registered for, whatever its roles."""
    engine = question.engine
    if engine.clients.current(holder) is None:
        return []
    client = next((each for each in await engine.in_pool(engine.clients.list) if each.client_id == holder), None)
    if client is None or (client.sites is not None and entity.site not in client.sites):
        return []
    site = entity.path.partition("/")[0]
    return [Chain(REGISTRATION, site, (site, entity.path), None, PERMISSIONS, "", "")]
