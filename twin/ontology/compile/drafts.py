"""The steps of a migration as written: each does one thing, with the keys that belong to it.

    { rename: Radiator, to: Heater }                     a type
    { rename: Radiator.temp, to: temperature }           a point, a property, a command or an event
    { merge: [Lamp, Bulb], to: Light }                   types that become one
    { split: Valve, to: { RadiatorValve: { rule: has battery }, FloorValve: {} } }
    { convert: HeatMeter.energy, from: W.h, to: kW.h }   values, readings and history keep their meaning
    { default: Room.use, value: bedroom }                what those get that have none
    { remove: Radiator.old, reason: "it was never right" }

What a step is about is named as in the older version, whatever other steps of the migration do; what it becomes, and
what is new, as in the newer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from twin.ontology.model import StepKind
from twin.ontology.versions import VERSION, parse_version
from twin.source import ListNode, MapNode, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.ontology.authoring import Declared
    from twin.ontology.versions import Version
    from twin.source import Diagnostics, Entry

__all__ = ["Draft", "Written", "written_of"]

_KINDS: tuple[StepKind, ...] = get_args(StepKind)
_NEEDED: dict[StepKind, tuple[str, ...]] = {
    "rename": ("to",),
    "split": ("to",),
    "merge": ("to",),
    "convert": ("from", "to"),
    "default": ("value",),
    "remove": ("reason",),
}
_SAID = {
    "to": "what it becomes",
    "from": "the unit it was in",
    "value": "what those get that have none",
    "reason": "why it goes, for those who lose it",
}


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """One step, of the right form."""

    kind: StepKind
    words: tuple[Scalar, ...]
    """What it is about; several for a merge."""
    node: MapNode
    document: str

    @property
    def names(self) -> tuple[str, ...]:
        """What it is about, qualified."""
        return tuple(f"{self.document}/{word.text}" for word in self.words)


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """One migration, of the right form."""

    key: Scalar
    before: str
    after: str
    drafts: tuple[Draft, ...]

    @property
    def begins(self) -> Version:
        """The least version that it is for."""
        return parse_version(self.before)

    @property
    def ends(self) -> Version:
        """The version that it leads to."""
        return parse_version(self.after)


def written_of(document: Declared, report: Diagnostics) -> tuple[Written, ...]:
    """The migrations that a document declares, in the order of the versions they lead to."""
    found = [
        Written(entry.key, *_versions(entry.key), tuple(_drafts(entry, document.name, report)))
        for entry in document.migrations
        if _counted(entry.key)
    ]
    return tuple(sorted(found, key=lambda each: (each.ends, each.begins)))


def _counted(key: Scalar) -> bool:
    """Whether the key has two versions: one that has not was reported with the form of the document."""
    return all(re.fullmatch(VERSION, part) for part in _versions(key))


def _versions(key: Scalar) -> tuple[str, str]:
    before, _, after = key.text.partition("->")
    return before.strip(), after.strip()


def _drafts(entry: Entry, document: str, report: Diagnostics) -> Iterator[Draft]:
    nodes = entry.value.items if isinstance(entry.value, ListNode) else ()
    for node in nodes:
        if isinstance(node, MapNode):
            kind = next((kind for kind in _KINDS if kind in node), None)
            if kind is not None and _complete(kind, node, report):
                yield Draft(kind, node.words(kind), node, document)


def _complete(kind: StepKind, node: MapNode, report: Diagnostics) -> bool:
    """Whether it has the keys that belong to it, and no other; reports the first that is wrong."""
    needed = _NEEDED[kind]
    other = next((key for key in node.entries if key not in {kind, *needed}), None)
    if other is not None:
        both = other in _KINDS
        message = f"a step does one thing: '{kind}' or '{other}'" if both else f"'{kind}' has no '{other}'"
        help_ = "write two steps" if both else f"it has: {', '.join((kind, *needed))}"
        report.error("key.unexpected", message, node.entries[other].key.place, help=help_)
        return False
    absent = next((key for key in needed if key not in node), None)
    if absent is not None and not node.damaged:
        message = f"'{kind}' lacks '{absent}'"
        report.error("key.missing", message, node.entries[kind].key.place, help=f"add '{absent}': {_SAID[absent]}")
    sound = all(node.get(key) is not None for key in (kind, *needed)) and bool(node.words(kind))
    return sound and _formed(kind, node, report)


def _formed(kind: StepKind, node: MapNode, report: Diagnostics) -> bool:
    """Whether ``to`` is a map in a split, and a word in all the others."""
    found = node.get("to")
    if found is None or isinstance(found, MapNode) == (kind == "split"):
        return True
    message = "a split says which types there are" if kind == "split" else f"'{kind}' leads to one thing"
    help_ = "write 'to: { RadiatorValve: { rule: has battery }, FloorValve: {} }'"
    report.error("value.type", message, found.place, help=help_ if kind == "split" else "only a split has several")
    return False
