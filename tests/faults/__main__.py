"""``make faults``: the long runs. Seeded, bounded, and taken up again where they stopped.

    kills      the flat's series replayed in disorder while the twin is killed with SIGKILL again and again; at the end
               every point must hold its newest value and every counter must balance
    writes     graph changes by apps and a script, and telemetry beside them, while the twin is killed with SIGKILL at
               random points, starting or running, on a file and on Neo4j; what was answered is there, and there once
    upgrades   two hundred live homes come to another version of their ontology while telemetry runs, the upgrade and
               the server killed again and again; nothing is lost, the result that of an uninterrupted upgrade
    neo4j      Neo4j killed with SIGKILL in the middle of commits, and paused for 30 s at the moment of one; nothing
               that was acknowledged is lost, and nothing is done twice
    paused     a twin stopped with SIGSTOP while it holds the log of a Neo4j; others go on within seconds
    machine    random steps of two processes on each kind of store, held against plain dictionaries: commits, conflicts,
               lost answers, restarts, readings written late and twice, looks into the past, trims and dumps
    mirror     random ChangeSets by two committers of one SQLite file; the store, both mirrors and a reload must agree
    rights     random graphs, grants and changes that somebody may not see: not a byte of what they are answered changes
    moving     backups and restores killed again and again; each is whole or none, and a directory is never half another

``make faults ARGS="kills --seed 7 --rounds 20"`` runs one of them. Each round has a seed of its own, printed before it
begins; ``--from ROUND`` takes a run up again. A sample of each is in ``make test``.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.faults import kills, machine, mirror, moving, neo4j, paused, rights, upgrades, writes

RUNS = {
    "kills": kills.round_of,
    "machine": machine.round_of,
    "mirror": mirror.round_of,
    "moving": moving.round_of,
    "upgrades": upgrades.round_of,
    "neo4j": neo4j.round_of,
    "rights": rights.round_of,
    "paused": paused.round_of,
    "writes": writes.round_of,
}


def main() -> None:
    """Run the rounds; stop with the first that fails."""
    parser = argparse.ArgumentParser(prog="make faults")
    parser.add_argument("run", nargs="*", choices=[*RUNS, []], help="which; all unless said")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--from", dest="first", type=int, default=0, help="the round to take a run up again at")
    given = parser.parse_args()
    for name in given.run or RUNS:
        for number in range(given.first, given.rounds):
            seed = given.seed * 1000 + number
            print(f"{name}: round {number} of {given.rounds}, seed {seed}", flush=True)
            began = time.monotonic()
            with tempfile.TemporaryDirectory() as folder:
                said = RUNS[name](seed, Path(folder))
            print(f"{name}: round {number} holds: {said} ({time.monotonic() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    sys.exit(main())
