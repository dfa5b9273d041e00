"""Whole buildings planned, applied to a new SQLite file, and planned again without a change; and what libraries take
for a part of it.

The peers do much less: networkx adds the same nodes and edges with the same data to an empty graph, and PyYAML's C
loader composes the text of a topology that is validated beside it.
"""

from __future__ import annotations

import resource
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx
import yaml

from tests.bench.report import in_turn
from twin.engine import Twin
from twin.engine.documents import check_file
from twin.engine.library import read_source, shipped
from twin.graph.model import CONTAINS
from twin.source import Source

if TYPE_CHECKING:
    from tests.bench.report import Report
    from twin.graph.mirror import Mirror

_SHOWCASES = ("block", "office")
_FLOORS = (1, 10, 100)
_SIZES = {"1,000": (5, 5), "10,000": (20, 14), "100,000": (100, 28)}
"""About so many entities -> floors of a block, flats on a floor."""
_LINES = 12_000


@dataclass(frozen=True, slots=True)
class _Life:
    """What one building took, in seconds."""

    entities: int
    relations: int
    planned: float
    applied: float
    again: float
    peer: float
    cpu: float
    """Of the first two, what this process worked: on a machine that is shared, the truer figure."""

    @property
    def whole(self) -> float:
        return self.planned + self.applied


def run(report: Report) -> None:
    """The showcases at 1, 10 and 100 floors; blocks of 1,000 to 100,000 entities; a topology of 12,000 lines."""
    for name in _SHOWCASES:
        for floors in _FLOORS:
            life = _live(read_source(shipped("examples") / f"{name}.yaml"), {"floors": floors})
            _tell(report, f"{name} of {floors} floors", life)
    for size, (floors, flats) in _SIZES.items():
        life = _live(block_source(), {"floors": floors, "flats_per_floor": flats, "rooms_per_flat": 6})
        _tell(report, f"{size} entities", life)
        note = f"{life.entities:,} entities and {life.relations:,} relations, none of them changed"
        report.times(f"{size} entities planned again", life.again, life.peer, "networkx building them", note)
        rates = life.entities / life.whole, life.entities / life.peer
        report.rates(f"{size} entities, each second", *rates, "entities/s", "networkx building them")
    _validate(report)


def block_source() -> Source:
    """The block of flats, with as many flats on a floor as are asked for."""
    text = (shipped("examples") / "block.yaml").read_text().replace("range: 1..20", "range: 1..99")
    return Source("block.yaml", text)


def _live(source: Source, parameters: dict[str, Any]) -> _Life:
    with tempfile.TemporaryDirectory() as folder, Twin(folder) as twin:
        times, cpu = [time.perf_counter()], time.process_time()
        made = twin.plan(source, parameters=parameters)
        times.append(time.perf_counter())
        twin.apply(made)
        times.append(time.perf_counter())
        cpu = time.process_time() - cpu
        again = twin.plan(source, parameters=parameters)
        times.append(time.perf_counter())
        assert again.empty, "a second plan of the same must find nothing to do"
        counts = made.counts
        del made, again
        peer = networkx_built(twin.mirror)
        planned, applied, once_more = (after - before for before, after in pairwise(times))
    return _Life(counts["create"], counts.get("link", 0), planned, applied, once_more, peer, cpu)


def networkx_built(mirror: Mirror) -> float:
    """How long networkx takes for the same nodes and edges."""
    entities, relations = list(mirror.entities.values()), list(mirror.relations())
    before = time.perf_counter()
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for entity in entities:
        graph.add_node(entity.id, entity=entity)
        if entity.parent is not None:
            graph.add_edge(entity.parent, entity.id, key=CONTAINS)
    for each in relations:
        graph.add_edge(each.source, each.target, key=each.type, instance=each.instance)
    return time.perf_counter() - before


def _tell(report: Report, name: str, life: _Life) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    note = (
        f"{life.entities:,} entities, {life.relations:,} relations: planned in {life.planned:.2f} s, durable in SQLite "
        f"{life.applied:.2f} s later, {life.cpu:.2f} s of work in all; {peak:,} MB at most so far"
    )
    report.times(f"{name} applied", life.whole, life.peer, "networkx building them", note)


def _validate(report: Report) -> None:
    """A topology of 12,000 lines, without a mistake."""
    lines = [
        "topology: large",
        "version: 1.0.0",
        "uses: { connected-home: ^1.0 }",
        "site: { type: Residence }",
        "spaces:",
    ]
    number = 0
    while len(lines) < _LINES:
        number += 1
        lines += [
            f"  room-{number}:",
            "    type: Room",
            f"    title: {{ en: Room {number}, fr: Pièce {number} }}",
            f"    properties: {{ area: {10 + number % 20} }}",
            "    status: { temperature: { from: climate.temperature } }",
            "    devices:",
            "      climate: { type: ClimateSensor, relations: { monitors: [.] } }",
            "      radiator: { type: Radiator, relations: { feeds: [.] } }",
        ]
    text = "\n".join(lines) + "\n"

    def theirs() -> None:
        yaml.compose(text, Loader=yaml.CSafeLoader)

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "large.yaml"
        file.write_text(text, encoding="utf-8")
        mine, peer = in_turn([lambda: _checked(file), theirs])
    report.times("12,000 lines validated", mine, peer, "PyYAML's C loader, composing", f"{len(lines):,} lines")


def _checked(file: Path) -> None:
    """What ``twin validate`` does once it has started."""
    found = check_file(file, (), lambda _: None)
    assert not found
