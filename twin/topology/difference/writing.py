"""What an entry of a topology says, key by key as written, and what becomes of live buildings when it changes.

Whatever the language comes to have is compared as well: a key without a rule of its own has the ordinary one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin.ontology.difference import Change
from twin.source import ListNode, MapNode, Scalar

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from twin.ontology.difference.comparison import Needs
    from twin.source import Node

__all__ = ["Leaves", "leaf_changes", "leaves", "written_changes"]

Leaves = dict[tuple[str, str], str]
"""By where it stands (``properties.area``) and, in a list, by item: the value."""
_LISTS = frozenset({"has", "lacks", "members", "connects", "relations"})
"""Keys under which a value alone is a list of one."""


@dataclass(frozen=True, slots=True)
class _Effect:
    """What it means when something under a key goes, changes and comes."""

    gone: tuple[Needs, str] = ("major", "live buildings lose it")
    changed: tuple[Needs, str] = ("minor", "it changes in live buildings")
    come: tuple[Needs, str] = ("minor", "live buildings get it")


_ORDINARY = _Effect()
_WORDING = _Effect(("patch", "it is wording"), ("patch", "it is wording"), ("patch", "it is wording"))
_SERIAL: tuple[Needs, str] = ("major", "what its devices send under the old serial finds nobody")
_RULE = _Effect(changed=("major", "what it finds no more is taken away in live buildings"))
_EFFECTS = {
    "title": _WORDING,
    "description": _WORDING,
    "lacks": _Effect(gone=("minor", "live entities get it"), come=("major", "live entities lose it")),
    "model": _Effect(
        gone=("major", "live entities lose what only that model has"),
        changed=("major", "live entities lose what only the other model has"),
        come=("major", "live entities lose what the model lacks"),
    ),
    "asset": _Effect(gone=_SERIAL, changed=_SERIAL),
    "use": _Effect(
        gone=("major", "live entities lose what only the fragment says"),
        changed=("major", "live entities lose what only the other fragment says"),
    ),
}


def leaves(node: Node, under: str = "", *, listed: bool = False) -> Leaves:
    """Every value in a node. The order of keys and items means nothing."""
    if isinstance(node, Scalar):
        return {(under, node.text): ""} if listed else {(under, ""): node.text}
    found: Leaves = {}
    if isinstance(node, ListNode):
        for item in node.items:
            found |= leaves(item, under, listed=True)
    elif isinstance(node, MapNode):
        for entry in node:
            name = entry.key.text
            inner = f"{under}.{name}" if under else name
            found |= leaves(entry.value, inner, listed=name != "rule" and (listed or (not under and name in _LISTS)))
    return found


def written_changes(old: MapNode, new: MapNode, apart: Container[str]) -> Iterator[Change]:
    """What became of all that an entry says, except under the keys that are looked at apart."""
    one, other = (
        {where: value for where, value in leaves(node).items() if where[0].partition(".")[0] not in apart}
        for node in (old, new)
    )
    return leaf_changes(one, other)


def leaf_changes(old: Leaves, new: Leaves) -> Iterator[Change]:
    """What became of these values."""
    for where in dict.fromkeys((*old, *new)):
        label, item = where
        effect = _effect(label)
        if where not in new:
            said = f"'{item}' taken from {label}" if item else f"{label} removed"
            yield Change(effect.gone[0], said, effect.gone[1])
        elif where not in old:
            said = f"'{item}' added to {label}" if item else f"{label} added: '{new[where]}'"
            yield Change(effect.come[0], said, effect.come[1])
        elif old[where] != new[where]:
            said = f"{label} changed from '{old[where]}' to '{new[where]}'"
            yield Change(effect.changed[0], said, effect.changed[1])


def _effect(label: str) -> _Effect:
    first = label.partition(".")[0]
    ruled = first in _LISTS | {"rule"} and label.rpartition(".")[2] == "rule"
    return _RULE if ruled else _EFFECTS.get(first, _ORDINARY)
