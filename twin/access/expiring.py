"""What has run out: roles and memberships whose end is past count no more, and leave the graph soon after."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from twin.graph.model import HAS_ROLE, MEMBER_OF, Link, Relation, Unlink

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity, Entry

__all__ = ["Ended", "ended"]


class Ended(NamedTuple):
    """What somebody had on something, and has no more."""

    party: Entity
    target: Entity
    roles: tuple[str, ...]
    entries: list[Entry]

    @property
    def summary(self) -> str:
        """What the log and the audit say."""
        short = ", ".join(each.rpartition("/")[2] for each in self.roles)
        return f"{self.party.path} is {short} of {self.target.path} no more: its time is over"


def ended(mirror: Mirror, at: int) -> Iterator[Ended]:
    """All that has run out by a time."""
    for party in list(mirror.parties):
        for target, edges in list(mirror.leaving(party).items()):
            for kind in (HAS_ROLE, MEMBER_OF):
                held = edges.get(kind, {}).get("roles", ())
                over = tuple(each.role for each in held if each.until is not None and each.until <= at)
                if over:
                    left = tuple(each for each in held if each.until is None or each.until > at)
                    entries: list[Entry] = [Unlink(type=kind, source=party, target=target)]
                    if left:
                        entries.append(Link(Relation(type=kind, source=party, target=target, roles=left)))
                    yield Ended(mirror.entities[party], mirror.entities[target], over, entries)
