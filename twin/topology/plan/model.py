"""The plan itself: as data for programs, and as a file that is applied exactly as it stands."""

from __future__ import annotations

from typing import Any

import msgspec

from twin.errors import InvalidValue
from twin.graph.model import Document, Entry
from twin.topology.plan.steps import Step
from twin.topology.plan.wording import lines_of, summary_of

__all__ = ["Plan"]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What applying a topology would do, and where in which log it was made."""

    topology: str
    version: str
    site: str
    site_id: str | None
    timeline: str
    head: int
    steps: tuple[Step, ...]
    entries: tuple[Entry, ...]
    documents: tuple[Document, ...] = ()
    """Ontology documents that are new or differ from what is installed."""
    counts: dict[str, int] = {}
    notes: tuple[str, ...] = ()
    """What it was made from that nobody said this time."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.entries and not self.documents

    @property
    def deletes(self) -> int:
        """How many entities it would delete."""
        return self.counts.get("delete", 0)

    @property
    def conflicts(self) -> int:
        """How many fields both a user and the topology have changed."""
        return self.counts.get("conflict", 0)

    def lost(self, what: str) -> int:
        """How many ``readings``, ``relations`` of others or ``roles`` go with what it deletes."""
        return sum(step.hangs.get(what, 0) for step in self.steps if step.sign == "-")

    def as_dict(self) -> dict[str, Any]:
        """What ``--json`` prints: every step."""
        return {
            "topology": self.topology,
            "version": self.version,
            "site": self.site,
            "made_at": self.head,
            "notes": list(self.notes),
            "counts": self.counts,
            "lost": {what: self.lost(what) for what in ("readings", "relations", "roles")},
            "ontologies": [{"name": document.name, "version": document.version} for document in self.documents],
            "steps": [msgspec.to_builtins(step) for step in self.steps],
        }

    def dump(self) -> bytes:
        """The whole plan as a file's content."""
        return msgspec.json.format(msgspec.json.encode(self)) + b"\n"

    @classmethod
    def load(cls, content: bytes) -> Plan:
        """A plan from a file's content.

        Raises:
            InvalidValue: it is none.
        """
        try:
            return msgspec.json.decode(content, type=cls)
        except msgspec.MsgspecError as error:
            raise InvalidValue(
                f"this is no plan: {error}", code="plan.unreadable", help="make one with: twin plan TOPOLOGY --out FILE"
            ) from error

    def text(self, most: int | None = 40) -> str:
        """The plan as lines for people, at most so many of each sign (None: all); the summary comes last."""
        return "\n".join([*lines_of(self, most), self.summary])

    def __str__(self) -> str:
        return self.text()

    @property
    def summary(self) -> str:
        """The last line."""
        return summary_of(self)
