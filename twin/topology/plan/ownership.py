"""Whose a field is, when a topology gives it and a user has set it too.

What the topology gave last is remembered with the entity (`Entity.declared`), so three values meet: the live one, the
last given, and the one given now. Who has changed it since wins; when both have, it is a conflict, and somebody has to
say whose it shall be. A default of the ontology is nobody's: an entity begins with it, and has it again when the
topology gives a value no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from twin.graph.model import Entity
    from twin.topology.desired import DesiredEntity

__all__ = ["ABSENT", "DESIRED", "PROPERTIES", "Ruling", "Take", "given_as", "given_by", "held_of", "rule"]

Take = Literal["topology", "live"]
"""Whose value a conflict ends with."""

Verdict = Literal["same", "change", "kept", "conflict"]

ABSENT: Any = None
"""The value of a field that is not there: no title, no property, no wish, no serial."""
PROPERTIES, DESIRED = "properties.", "desired."
"""What the names of fields begin with that are entries of a map."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What becomes of one field: its value after the plan, and why."""

    name: str
    live: Any
    given: Any
    after: Any
    verdict: Verdict


def given_by(wanted: DesiredEntity) -> dict[str, Any]:
    """The fields that a topology gives an entity, by name, with their values."""
    return {name: dict(wanted.title) if name == "title" else given_as(wanted, name) for name in wanted.given}


def given_as(wanted: DesiredEntity, name: str) -> Any:
    """The value of one of the fields that a topology gives."""
    if name == "title":
        return wanted.title
    if name == "serial":
        return wanted.serial
    if name.startswith(DESIRED):
        return wanted.desired[name[len(DESIRED) :]]
    return wanted.properties[name[len(PROPERTIES) :]]


def held_of(entity: Entity, name: str) -> Any:
    """The live value of a field; `ABSENT` where it has none."""
    if name == "title":
        return entity.title or ABSENT
    if name == "serial":
        return entity.serial
    if name.startswith(DESIRED):
        return entity.desired.get(name[len(DESIRED) :], ABSENT)
    return entity.properties.get(name[len(PROPERTIES) :], ABSENT)


def rule(name: str, live: Any, last: Any, given: Any, take: Take | None, default: Any = ABSENT) -> Ruling:
    """One field: live, as given last (`ABSENT`: not given), and as given now (`ABSENT`: no more)."""
    if live == given:
        return Ruling(name, live, given, live, "same")
    if live in (last, ABSENT) or (last is ABSENT and live == default):
        return Ruling(name, live, given, default if given is ABSENT else given, "change")
    if given == last or take == "live" or given is ABSENT:
        return Ruling(name, live, given, live, "kept")
    if take == "topology":
        return Ruling(name, live, given, given, "change")
    return Ruling(name, live, given, live, "conflict")
