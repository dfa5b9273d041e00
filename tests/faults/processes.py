"""A process on a store, as a test has several: a connection that loses answers, a mirror, a queue in front."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from tests.graphs import ONTOLOGY
from twin.errors import OutcomeUnknown
from twin.graph.mirror import Mirror
from twin.store.commits import Anew, Commits, inline

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.graph.model import ChangeSet, Committed
    from twin.store import GraphStore, Snapshot


class Losing:
    """A store that loses the question or the answer of its next commits."""

    def __init__(self, store: GraphStore) -> None:
        self.kept = store
        self.losing: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.kept, name)

    def commit(self, group: Any, head: int) -> list[Committed]:
        lost = self.losing.pop() if self.losing and group else ""
        if lost == "question":
            raise OutcomeUnknown("nobody knows")
        answer = self.kept.commit(group, head)
        if lost == "answer":
            raise OutcomeUnknown("nobody knows")
        return answer


class Process:
    """What a process has: a connection, a mirror, a queue in front of the store."""

    def __init__(self, opened: Callable[[], GraphStore]) -> None:
        self._opened = opened
        self.start()

    def start(self) -> None:
        self.store = Losing(self._opened())
        store = cast("GraphStore", self.store)
        self.mirror = mirror_of(store.load())
        anew = Anew(store.load, partial(load, self.mirror))
        self.commits = Commits(store, self.mirror, inline, lambda _: None, anew)

    def submit(self, *series: ChangeSet) -> list[Committed] | Exception:
        answers: list[list[Committed] | Exception] = []
        self.commits.submit_series(series, answers.append)
        (answer,) = answers
        return answer


def mirror_of(snapshot: Snapshot) -> Mirror:
    mirror = Mirror()
    mirror.adopt(ONTOLOGY)
    load(mirror, snapshot)
    return mirror


def load(mirror: Mirror, snapshot: Snapshot) -> None:
    mirror.load(
        head=snapshot.head,
        timeline=snapshot.timeline,
        documents=snapshot.documents,
        entities=snapshot.entities,
        relations=snapshot.relations,
    )
