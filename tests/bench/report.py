"""Figures with their peers: timed in turn in one run, shown as a table, written as JSON."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_TURN = 0.005
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of ours beside a peer's; ``ratio`` is how many times better ours is."""

    name: str
    ours: float
    peer: float
    unit: str
    against: str
    ratio: float
    notes: str = ""


@dataclass(slots=True)
class Report:
    """Everything one run measured."""

    figures: list[Figure] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def times(self, name: str, ours: float, peer: float, against: str, notes: str = "") -> None:
        """Two durations in seconds: less is better."""
        self.figures.append(Figure(name, ours * 1e3, peer * 1e3, "ms", against, peer / ours, notes))

    def rates(self, name: str, ours: float, peer: float, unit: str, against: str, notes: str = "") -> None:
        """Two rates: more is better."""
        self.figures.append(Figure(name, ours, peer, unit, against, ours / peer, notes))

    def sizes(self, name: str, ours: float, peer: float, against: str, notes: str = "") -> None:
        """Two sizes in bytes: less is better."""
        self.figures.append(Figure(name, ours, peer, "B", against, peer / ours, notes))

    def show(self) -> None:
        """The table, and the file beside it."""
        table = Table("figure", "ours", "peer", "unit", "ratio", "against", "notes")
        for each in self.figures:
            cells = [f"{each.ours:,.4g}", f"{each.peer:,.4g}", each.unit, f"{each.ratio:,.2f} x"]
            table.add_row(each.name, *cells, each.against, each.notes)
        console = Console(width=150)
        console.print(table)
        for line in self.skipped:
            console.print(f"skipped: {line}")
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
        facts = {
            "machine": {"cpus": os.cpu_count(), "platform": platform.platform(), "python": platform.python_version()},
            "figures": [asdict(each) for each in self.figures],
            "skipped": self.skipped,
        }
        path.write_text(json.dumps(facts, indent=2) + "\n")
        console.print(f"written to {path}")


def in_turn(calls: Sequence[Callable[[], object]], *, seconds: float = 3.0, least: int = 5) -> list[float]:
    """The median duration of each call, both warm: they run in turn, so that a drift of the machine's speed meets all
    alike, and a quick one several times a turn, so that it does not pay for the caches that the other has emptied.
    """
    repeats = [_repeats(call) for call in calls]
    taken: list[list[float]] = [[] for _ in calls]
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(taken[0]) < least:
        for which, call in enumerate(calls):
            call()
            before = time.perf_counter()
            for _ in range(repeats[which]):
                call()
            taken[which].append((time.perf_counter() - before) / repeats[which])
    return [statistics.median(each) for each in taken]


def _repeats(call: Callable[[], object]) -> int:
    """So many that a turn takes some milliseconds."""
    call()
    before = time.perf_counter()
    call()
    return max(1, int(_TURN / max(time.perf_counter() - before, 1e-9)))
