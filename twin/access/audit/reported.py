"""From a change of the graph, as its log has it, to what the audit says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from twin.access.audit.deeds import GRAPH_CHANGED, Deed
from twin.graph.check import touched

if TYPE_CHECKING:
    from twin.graph.model import ChangeSet

__all__ = ["Reported", "deed_of"]


class Reported(msgspec.Struct, frozen=True):
    """How far a log has been taken up. A log of another timeline is another log."""

    timeline: str = ""
    sequence: int = 0


def deed_of(changeset: ChangeSet) -> Deed:
    """A change of the graph as a deed: its author, through what, and the one entity (or the site) that it is about."""
    actor, ids = changeset.actor, touched(changeset)
    entity = next(iter(ids)) if len(ids) == 1 else changeset.site or ""
    return Deed(
        at=changeset.at,
        action=GRAPH_CHANGED,
        user=actor.name,
        client=actor.client,
        token=actor.token,
        address=actor.address,
        entity=entity,
        site=changeset.site or "",
        detail=f"{changeset.summary} ({actor.via})",
        operation=changeset.op_id,
    )
