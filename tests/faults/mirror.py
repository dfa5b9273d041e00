"""Two committers on one SQLite file, walking at random: store, both mirrors and a reload always agree."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tests.graphs import Walk, contents
from twin.graph.mirror import Mirror
from twin.graph.model import Committed
from twin.store.commits import Commits, inline
from twin.store.sqlite import SQLiteStore

if TYPE_CHECKING:
    from pathlib import Path

STEPS = 600


def round_of(seed: int, folder: Path, steps: int = STEPS) -> str:
    """So many ChangeSets, by either committer in turn or out of turn; how many were refused as stale."""
    chance = random.Random(seed)
    walks = [Walk(random.Random(seed + 1)), Walk(random.Random(seed + 2))]
    stores = [SQLiteStore(folder / "twin.sqlite") for _ in walks]
    queues = [Commits(store, walk.mirror, inline, lambda _: None) for store, walk in zip(stores, walks, strict=True)]
    refused = 0
    for _ in range(steps):
        which = chance.randrange(2)
        answers: list[Committed | Exception] = []
        queues[which].submit(walks[which].step(), answers.append)
        refused += not isinstance(answers[0], Committed)
        if chance.random() < 0.1:
            queues[1 - which].follow()
    for queue in queues:
        queue.follow()
    snapshot = stores[0].load()
    loaded = Mirror()
    loaded.load(
        head=snapshot.head,
        timeline=snapshot.timeline,
        documents=snapshot.documents,
        entities=snapshot.entities,
        relations=snapshot.relations,
    )
    assert contents(walks[0].mirror) == contents(walks[1].mirror) == contents(loaded)
    for store in stores:
        store.close()
    return f"{snapshot.head} ChangeSets, {refused} refused, {len(loaded)} entities"
