"""What a script and a server have in common: a store, its mirror, the ontology in force and the current state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.engine.quiet import lasting
from twin.engine.versions import Versions
from twin.graph.mirror import Mirror
from twin.state.current import Current
from twin.store.commits import Commits

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.graph.model import Change
    from twin.ontology.model import Ontology
    from twin.store import GraphStore, Watermark
    from twin.store.commits import Run

__all__ = ["Core"]


class Core:
    """Loaded from a store when made, and following its log from then on."""

    def __init__(self, store: GraphStore, run: Run, applied: Callable[[Change], None] = lambda _: None) -> None:
        """``applied`` is told of every change once mirror, ontology and state have followed it."""
        self.store = store
        self._told = applied
        self.mirror = Mirror()
        with lasting():
            self._load()
            self._versions = Versions(self.mirror)
            self.mirror.adopt(self.ontology)
            self.current = Current(self.mirror, self.ontology)
            self.watermark = self._load_states()
        self.commits = Commits(store, self.mirror, run, self._applied)

    @property
    def ontology(self) -> Ontology:
        """Every type in force; another object as soon as anything about it changes."""
        return self._versions.ontology

    def _load(self) -> None:
        snapshot = self.store.load()
        self.mirror.load(
            head=snapshot.head,
            timeline=snapshot.timeline,
            documents=snapshot.documents,
            entities=snapshot.entities,
            relations=snapshot.relations,
        )

    def _load_states(self) -> Watermark:
        states, watermark = self.store.load_states()
        self.current.load(states)
        return watermark

    def _applied(self, change: Change) -> None:
        ontology = self._versions.follow(change)
        self.mirror.adopt(ontology)
        self.current.follow(change, ontology)
        self._told(change)
