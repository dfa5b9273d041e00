"""A large twin in memory: how long it takes to load from its file, and how many bytes each entity, and each reading,
needs with its relations, the live networkx graph and the indexes.

The entities are those of blocks of flats as the shipped topology makes them: one is planned, and copied under new ids.
Each size runs in a process of its own. The peer of the load is SQLite and msgspec alone, reading and decoding the same
rows; the peer of the memory is the same graph in networkx, with its entities as msgspec decodes them.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import networkx as nx

from tests.bench.plan import block_source
from twin.engine import Twin
from twin.engine.core import Core
from twin.engine.quiet import uncollected
from twin.engine.upkeep import Upkeep
from twin.graph.model import CONTAINS, Actor, ChangeSet, Create, Entity, Link
from twin.graph.readings import Reading, order_key
from twin.ids import mint
from twin.store import StateBatch, Watermark
from twin.store.commits import inline
from twin.store.sqlite import SQLiteStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.report import Report
    from twin.graph.model import Entry, Relation

_FLOORS, _FLATS = 40, 7
_PART, _PARTS = 2_000, 20
_AT = 1_790_000_000_000_000
_READINGS = 1_000_000
"""At most."""


def run(report: Report) -> None:
    """100,000 entities."""
    _measure(report, 100_000)


def million(report: Report) -> None:
    """A million entities: some minutes, and four gigabytes."""
    _measure(report, 1_000_000)


def _measure(report: Report, size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.sqlite"
        write(path, size)
        ours, peer = _apart("ours", path), _apart("peer", path)
    note = (
        f"{ours['entities']:,} entities, {ours['relations']:,} relations: {ours['worked']:.2f} s of work; "
        f"labels, rules, computed points and names of all sites {ours['warmed']:.2f} s more"
    )
    name = f"{ours['entities']:,} entities"
    report.times(f"{name} loaded", ours["seconds"], peer["seconds"], "SQLite alone, and msgspec", note)
    note = f"at most {ours['peak'] / 1e6:,.0f} MB while loading; {ours['warm']:,.0f} B with all that is worked out"
    report.sizes(f"memory of each of {name}", ours["each"], peer["each"], "networkx and msgspec", note)
    report.sizes("memory of a reading", ours["reading"], peer["reading"], "msgspec, by (entity, point)")


def _apart(what: str, path: Path) -> dict[str, Any]:
    found = subprocess.run(
        [sys.executable, "-m", "tests.bench.scale", what, str(path)], check=True, stdout=subprocess.PIPE
    )
    return dict(json.loads(found.stdout.splitlines()[-1]))


def write(path: Path, size: int) -> None:
    """A file with so many entities at least, and some of their readings."""
    with tempfile.TemporaryDirectory() as folder, Twin(folder) as twin, uncollected():
        parameters = {"floors": _FLOORS, "flats_per_floor": _FLATS, "rooms_per_flat": 6}
        twin.apply(twin.plan(block_source(), site="block", parameters=parameters))
        entities, relations = list(twin.mirror.entities.values()), list(twin.mirror.relations())
        documents = tuple(twin.mirror.documents.values())
        store, head = SQLiteStore(path), 0
        readings: dict[tuple[str, str], Reading] = {}
        for number in range(-(-size // len(entities))):
            entries = tuple(_copied(entities, relations, number))
            for each in entries:
                if isinstance(each, Create) and len(readings) < _READINGS:
                    message = len(readings)
                    readings.update(((each.entity.id, point), _reading(message)) for point in each.entity.points)
            parts = [entries[at : at + _PART] for at in range(0, len(entries), _PART)]
            sets = [
                ChangeSet(op_id=mint(), actor=Actor("bench", "bench"), at=_AT + number, entries=part) for part in parts
            ]
            sets[0] = msgspec.structs.replace(sets[0], documents=documents)
            for at in range(0, len(sets), _PARTS):
                head = store.commit(sets[at : at + _PARTS], head)[-1].sequence
        store.write_states(StateBatch(readings, Watermark("bench", 1)))
        store.close()


def _reading(number: int) -> Reading:
    """As a message says it: its points at one time."""
    value, at = 20.0 + number / 1000, _AT + number
    return Reading(value, at, at, order_key(1, at, number, value))


def _copied(entities: Sequence[Entity], relations: Sequence[Relation], number: int) -> Iterator[Entry]:
    """The entries of another site that is the same."""
    ids = {each.id: mint() for each in entities}
    key = f"block-{number}"
    for each in entities:
        path = key + each.path[each.path.find("/") :] if each.parent is not None else key
        yield Create(
            msgspec.structs.replace(
                each,
                id=ids[each.id],
                site=ids[each.site],
                parent=None if each.parent is None else ids[each.parent],
                key=each.key if each.parent is not None else key,
                path=path,
                sources={point: (ids[source], name) for point, (source, name) in each.sources.items()},
            )
        )
    for each_relation in relations:
        source, target = ids[each_relation.source], ids[each_relation.target]
        yield Link(msgspec.structs.replace(each_relation, source=source, target=target))


def _ours(path: Path) -> dict[str, float]:
    before, began, worked = _resident(), time.perf_counter(), time.process_time()
    store = SQLiteStore(path)
    states = _Later(store)
    core = Core(states, inline)  # type: ignore[arg-type]  # a store, but for the readings
    seconds, worked = time.perf_counter() - began, time.process_time() - worked
    count, loaded = len(core.mirror), _resident()
    read = store.load_states()[0]
    core.current.load(read)
    told = len(read)
    del read
    gc.collect()
    reading = (_resident() - loaded) / told
    began = time.process_time()
    Upkeep(core, large=0)
    warmed, warm = time.process_time() - began, (_resident() - before - reading * told) / count
    relations = sum(1 for _ in core.mirror.relations())
    return {
        "entities": count,
        "relations": relations,
        "seconds": seconds,
        "worked": worked,
        "each": (loaded - before) / count,
        "peak": _peak(),
        "reading": reading,
        "warmed": warmed,
        "warm": warm,
    }


class _Later:
    """A store that says nothing of readings yet: they are measured apart."""

    def __init__(self, store: SQLiteStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def load_states(self) -> tuple[dict[tuple[str, str], Reading], Watermark]:
        """None."""
        return {}, Watermark()


def _peer(path: Path) -> dict[str, float]:
    gc.disable()
    before, began = _resident(), time.perf_counter()
    decode, store = msgspec.json.Decoder(Entity).decode, SQLiteStore(path)
    db = store._db
    entities = [decode(body) for (body,) in db.execute("SELECT body FROM entities")]
    rows = db.execute("SELECT source, target, type, instance FROM relations").fetchall()
    seconds = time.perf_counter() - began
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for each in entities:
        graph.add_node(each.id, entity=each)
        if each.parent is not None:
            graph.add_edge(each.parent, each.id, key=CONTAINS)
    for source, target, name, instance in rows:
        graph.add_edge(source, target, key=name, instance=instance)
    count = len(entities)
    del entities, rows
    each_takes, loaded = (_resident() - before) / count, _resident()
    states = store.load_states()[0]
    return {"seconds": seconds, "each": each_takes, "reading": (_resident() - loaded) / len(states)}


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _peak() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(each.split()[1]) * 1024 for each in lines if each.startswith("VmHWM"))


if __name__ == "__main__":
    print(json.dumps({"ours": _ours, "peer": _peer}[sys.argv[1]](Path(sys.argv[2]))))
