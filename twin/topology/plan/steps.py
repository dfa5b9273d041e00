"""What a plan says step by step: of one entity or relation each, field by field."""

from __future__ import annotations

from typing import Any, Literal, get_args

import msgspec

__all__ = ["SIGNS", "FieldChange", "Sign", "Step"]

Sign = Literal["-", ">", "=", "!", "~", "+"]
"""Delete, move, kept as it is, in conflict, change, create."""
SIGNS: tuple[Sign, ...] = get_args(Sign)
"""Deletions are seen first."""


class FieldChange(msgspec.Struct, frozen=True):
    """One field of an entity: what it is, and what it shall be or the topology gives (None: absent)."""

    name: str
    before: Any
    after: Any
    unit: str | None = None
    """Of both values."""


class Step(msgspec.Struct, frozen=True):
    """One line of a plan, about an entity or a relation."""

    sign: Sign
    kind: str
    """Of an entity, the name of a relation, or ``made``: what the site is made of."""
    path: str
    """An entity's path; for a relation ``source -> target``."""
    detail: str = ""
    fields: tuple[FieldChange, ...] = ()
    hangs: dict[str, int] = {}
    """What goes with what is deleted: ``readings``, ``relations`` that others made, ``roles`` to fill."""
