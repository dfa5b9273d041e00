"""What a script and a server have in common: a store, its mirror, the ontology in force and the current state."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from twin.engine.loading import Told
from twin.engine.quiet import lasting
from twin.engine.versions import Versions
from twin.errors import AuthoringError
from twin.graph.mirror import Mirror
from twin.graph.reloading import reload_site
from twin.ontology.compile import compile_documents
from twin.ontology.installing import newest_of
from twin.state.current import Current
from twin.store.commits import Anew, Commits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from twin.graph.model import Change, ChangeSet
    from twin.graph.readings import Reading
    from twin.ontology.model import Ontology
    from twin.store import GraphStore, Snapshot, Watermark
    from twin.store.commits import Run

__all__ = ["Core"]


class Core:
    """Loaded from a store when made, and following its log from then on."""

    def __init__(
        self,
        store: GraphStore,
        run: Run,
        applied: Callable[[Change], None] = lambda _: None,
        restored: Callable[[], None] | None = None,
        loading: Callable[[int, int], None] | None = None,
    ) -> None:
        """``applied`` is told of every change once mirror, ontology and state have followed it. ``restored`` is told
        that the store holds another history now, in place of taking that in. ``loading`` is told how much of the graph
        is there, of how much.
        """
        self.store = store
        self._told = applied
        self.mirror = Mirror()
        with lasting():
            told = Told(loading)
            self._load(store.load(told.reading), told)
            self._versions = Versions(self.mirror)
            self.mirror.adopt(self.ontology)
            self.current = Current(self.mirror, self.ontology)
            self.watermark = self._load_states()
        anew = Anew(self._read_anew, self._take_anew, restored)
        self.commits = Commits(store, self.mirror, run, self._applied, anew, foresee=self._foresee)

    @property
    def ontology(self) -> Ontology:
        """Every type in force; another object as soon as anything about it changes."""
        return self._versions.ontology

    def repair(self, site: str, snapshot: Snapshot) -> None:
        """Have mirror, ontology and state hold what a store does of one site, which nothing has touched since."""
        ids = reload_site(self.mirror, site, list(snapshot.entities), snapshot.relations)
        ontology = self._versions.revisit(site)
        self.mirror.adopt(ontology)
        self.current.repaired(ids, ontology)

    def _read_anew(self) -> tuple[Snapshot, tuple[dict[tuple[str, str], Reading], Watermark]]:
        return self.store.load(), self.store.load_states()

    def _take_anew(self, found: tuple[Snapshot, tuple[dict[tuple[str, str], Reading], Watermark]]) -> None:
        """Have mirror, ontology and state hold what a store does, in place of all that they did."""
        snapshot, (states, self.watermark) = found
        with lasting():
            self._load(snapshot, Told(None))
            self._versions = Versions(self.mirror)
            self.mirror.adopt(self.ontology)
            self.current.renew(self.ontology)
            self.current.load(states)

    def _load(self, snapshot: Snapshot, told: Told) -> None:
        self.mirror.load(
            head=snapshot.head,
            timeline=snapshot.timeline,
            documents=snapshot.documents,
            entities=told.counted(snapshot.entities),
            relations=told.counted(snapshot.relations),
        )

    def _load_states(self) -> Watermark:
        states, watermark = self.store.load_states()
        self.current.load(states)
        return watermark

    def _foresee(self, changesets: Iterable[ChangeSet]) -> None:
        """Compile what is about to be in force, beside the loop: there it is only looked up."""
        documents = dict(self.mirror.documents)
        for changeset in changesets:
            if changeset.documents:
                documents.update((each.name, each) for each in changeset.documents)
                with suppress(AuthoringError):  # whoever takes it in says so
                    compile_documents(tuple(newest_of(documents).values()))

    def _applied(self, change: Change) -> None:
        ontology = self._versions.follow(change)
        self.mirror.adopt(ontology)
        self.current.follow(change, ontology)
        self._told(change)
