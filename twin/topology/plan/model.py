"""The plan itself: as lines for people, as data for programs, and as a file that is applied exactly as it stands."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from twin.errors import InvalidValue
from twin.graph.model import Document, Entry

__all__ = ["FieldChange", "Plan", "Sign", "Step"]

Sign = Literal["-", ">", "~", "+", "=", "!"]
"""Delete, move, change, create, kept as it is, in conflict."""


class FieldChange(msgspec.Struct, frozen=True):
    """One field of an entity: what it is, and what it shall be or the topology gives (None: absent)."""

    name: str
    before: Any
    after: Any


class Step(msgspec.Struct, frozen=True):
    """One line of a plan, about an entity or a relation."""

    sign: Sign
    kind: str
    path: str
    """An entity's path; for a relation ``source -> target``."""
    detail: str = ""
    fields: tuple[FieldChange, ...] = ()


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

    def as_dict(self) -> dict[str, Any]:
        """What ``--json`` prints."""
        return {
            "topology": self.topology,
            "version": self.version,
            "site": self.site,
            "made_at": self.head,
            "counts": self.counts,
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

    def __str__(self) -> str:
        lines = [_line(step) for step in self.steps]
        lines += [f"~ ontology  {document.name} {document.version}" for document in self.documents]
        return "\n".join([*lines, self.summary])

    @property
    def summary(self) -> str:
        """The last line."""
        made = f"Made at {self.head}."
        kept = self.counts.get("keep", 0)
        if self.empty and not self.conflicts:
            but = f", but for {kept} that users set" if kept else ""
            return f"No changes: {self.site} is as {self.topology} {self.version} says{but}. {made}"
        verbs = ("delete", "move", "change", "create") if "move" in self.counts else ("delete", "change", "create")
        words = ", ".join(f"{self.counts.get(verb, 0)} to {verb}" for verb in verbs)
        relations = self.counts.get("unlink", 0), self.counts.get("link", 0)
        linked = f"; relations: {relations[0]} to remove, {relations[1]} to add" if any(relations) else ""
        clash = f" {self.conflicts} in conflict: needs --take topology or --take live." if self.conflicts else ""
        needs = " Needs --allow-delete." if self.deletes else ""
        return f"Plan: {words}{linked}.{clash}{needs} {made}"


def _line(step: Step) -> str:
    words = {"=": "{name} {before} kept", "!": "{name} {before} here, {after} in the topology"}
    form = words.get(step.sign, "{name} {before} -> {after}")
    changes = "; ".join(
        form.format(name=change.name, before=_text(change.before), after=_text(change.after)) for change in step.fields
    )
    said = " ".join(part for part in (changes, step.detail) if part)
    return f"{step.sign} {step.kind:<9} {step.path:<48} {said}".rstrip()


def _text(value: Any) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, dict) and set(value) == {""}:
        value = value[""]
    if isinstance(value, dict):
        return ", ".join(f'{language} "{text}"' for language, text in value.items()) or "(none)"
    if isinstance(value, tuple | list):
        return ", ".join(value) or "(none)"
    return f'"{value}"' if isinstance(value, str) else str(value)
