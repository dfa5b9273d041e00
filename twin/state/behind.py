"""The current state as a store has it, where the one in memory knows more: for messages that are worked in again.

A process that followed an owner has heard what the owner had not stored yet. When it works the journal in after the
owner's end, fates are those that they would have been for the owner: decided by what is stored. In memory the newest
stays throughout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.graph.readings import Fate, Reading
    from twin.ontology.model import Ontology
    from twin.state.current import Current

__all__ = ["Behind"]


class Behind:
    """Takes readings as `Current` does, and hands them to it."""

    def __init__(self, current: Current, stored: Mapping[tuple[str, str], Reading]) -> None:
        self._current = current
        self._stored = dict(stored)

    @property
    def ontology(self) -> Ontology:
        """That of the current state."""
        return self._current.ontology

    def offer(self, entity_id: str, point: str, reading: Reading) -> Fate:
        """Take a reading, if none with its order or a greater one is stored; it is to be stored then."""
        key = entity_id, point
        last = self._stored.get(key)
        if last is not None and reading.order <= last.order:
            return "duplicate" if reading.order == last.order else "late"
        self._stored[key] = reading
        self._current.offer(entity_id, point, reading)
        self._current.put_back({key: reading})
        return "applied"
