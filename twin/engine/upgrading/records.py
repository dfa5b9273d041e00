"""The records of upgrades: which there were, and for every site what was planned, what became of it, and how it was.

A site's record is written before its ChangeSet is committed, under the op_id of that ChangeSet: after kill -9 the log
says whether it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from twin.records import Base

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.records import Records

__all__ = ["SiteState", "UpgradeRecord", "UpgradeRecords", "UpgradedSite"]

SiteState = Literal["planned", "done", "failed", "returning", "returned"]


class UpgradeRecord(Base):
    """One upgrade: to what."""

    __tablename__ = "upgrades"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    """``ontology`` or ``topology``."""
    name: Mapped[str]
    version: Mapped[str]
    documents: Mapped[str]
    """The documents it brings, as JSON."""
    at: Mapped[int]
    by: Mapped[str]


class UpgradedSite(Base):
    """What became of one site."""

    __tablename__ = "upgraded_sites"

    upgrade: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(primary_key=True)
    site: Mapped[str]
    """Its key."""
    state: Mapped[str]
    attempt: Mapped[int]
    """How often it has set out: a site that went back may come again."""
    versions: Mapped[str]
    plan: Mapped[bytes]
    """What it does there, and how things were before: a `twin.graph.upgrade.SiteUpgrade`, or a topology's plan."""
    sequence: Mapped[int | None]
    """Where its ChangeSet is in the log."""
    at: Mapped[int]
    by: Mapped[str]
    problem: Mapped[str]

    @property
    def op_id(self) -> str:
        """Of the ChangeSet that it comes by."""
        return f"upgrade {self.upgrade} {self.site_id} {self.attempt}"

    def as_dict(self) -> dict[str, Any]:
        """As data."""
        names = ("site", "state", "versions", "sequence", "at", "by", "problem")
        return {name: getattr(self, name) for name in names}

    def __str__(self) -> str:
        marks = {"done": "~", "returned": "<", "failed": "!"}
        at = "" if self.sequence is None else f"  at {self.sequence}"
        problem = f"  {self.problem}" if self.problem else ""
        return f"{marks.get(self.state, '?')} {self.site:<24} {self.state:<9} {self.versions}{at}{problem}"

    @property
    def op_id_back(self) -> str:
        """Of the ChangeSet that it goes back by."""
        return f"return {self.upgrade} {self.site_id} {self.attempt}"


class UpgradeRecords:
    """Reads and writes them; every write is durable on return. Raises `twin.errors.BackendError`."""

    def __init__(self, records: Records) -> None:
        self._records = records
        records.create(UpgradeRecord, UpgradedSite)

    def begin(self, upgrade: UpgradeRecord) -> None:
        """Note that there is such an upgrade, if it is not noted yet."""
        with self._records.write() as session:
            if session.get(UpgradeRecord, upgrade.id) is None:
                session.add(upgrade)

    def upgrade(self, upgrade_id: str) -> UpgradeRecord | None:
        """One upgrade."""
        with self._records.read() as session:
            session.expire_on_commit = False
            return session.get(UpgradeRecord, upgrade_id)

    def upgrades(self) -> Sequence[UpgradeRecord]:
        """All of them, the oldest first."""
        with self._records.read() as session:
            return session.scalars(select(UpgradeRecord).order_by(UpgradeRecord.at, UpgradeRecord.id)).all()

    def sites(self, upgrade_id: str) -> Sequence[UpgradedSite]:
        """The sites of an upgrade, by their keys."""
        wanted = select(UpgradedSite).where(UpgradedSite.upgrade == upgrade_id).order_by(UpgradedSite.site)
        with self._records.read() as session:
            return session.scalars(wanted).all()

    def site(self, upgrade_id: str, site_id: str) -> UpgradedSite | None:
        """What became of one site."""
        with self._records.read() as session:
            return session.get(UpgradedSite, (upgrade_id, site_id))

    def write(self, site: UpgradedSite) -> None:
        """Keep what is known of a site, in place of what was."""
        with self._records.write() as session:
            session.merge(site)
