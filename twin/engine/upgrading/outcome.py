"""What an upgrade needs of a twin, and what it answers: the sites, each with what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from twin.engine.upgrading.records import UpgradedSite
from twin.errors import Conflict, NotFound

if TYPE_CHECKING:
    from twin.engine.upgrading.records import UpgradeRecord, UpgradeRecords
    from twin.graph.mirror import Mirror
    from twin.graph.model import Actor, ChangeSet, Committed
    from twin.store import GraphStore

__all__ = ["Host", "Outcome", "record_of", "restless"]


class Host(Protocol):
    """What an upgrade needs of a twin: `twin.engine.Twin`."""

    actor: Actor
    store: GraphStore

    @property
    def mirror(self) -> Mirror:
        """What exists."""

    def follow(self) -> None:
        """See what others have committed."""

    def commit(self, changeset: ChangeSet) -> Committed:
        """Commit one ChangeSet."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of the sites of one command."""

    id: str
    sites: tuple[UpgradedSite, ...]
    notes: tuple[str, ...] = ()
    """What was kept or given up on the way back."""

    @property
    def failed(self) -> tuple[UpgradedSite, ...]:
        """Those that are not where they should be."""
        return tuple(site for site in self.sites if site.problem)

    def as_dict(self) -> dict[str, Any]:
        """As data."""
        return {"id": self.id, "sites": [site.as_dict() for site in self.sites], "notes": list(self.notes)}

    def __str__(self) -> str:
        return "\n".join([*map(str, self.sites), *self.notes, self.summary])

    @property
    def summary(self) -> str:
        """The last line."""
        fine = [site.state for site in self.sites if not site.problem]
        counts = {"upgraded": fine.count("done"), "returned": fine.count("returned"), "failed": len(self.failed)}
        said = ", ".join(f"{count} {word}" for word, count in counts.items() if count) or "nothing to do"
        again = any(site.state == "failed" for site in self.sites)
        return f"{self.id}: {said}." + (f" Try those again: twin upgrade --resume {self.id}" if again else "")


def record_of(records: UpgradeRecords, upgrade_id: str) -> UpgradeRecord:
    """The record of an upgrade.

    Raises:
        NotFound: there is none.
    """
    found = records.upgrade(upgrade_id)
    if found is None:
        known = ", ".join(each.id for each in records.upgrades()) or "none yet"
        raise NotFound(f"there is no upgrade {upgrade_id!r}", code="upgrade.unknown", help=f"upgrades: {known}")
    return found


def restless(what: str) -> Conflict:
    """What is said where others change a site faster than it can be upgraded."""
    return Conflict(
        f"{what} was changed again and again while it was being upgraded",
        code="upgrade.restless",
        help="try again when less is being changed there: twin upgrade --resume",
    )
