"""Backups and restores killed at random moments, beside a script that commits: each is whole, or is no backup; each
directory is what it was, or is refused until it is restored again, or is what was backed up.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from tests.graphs import Walk, contents
from tests.moving import make, seen
from tests.twin.store.test_conformance import mirrored
from tests.twin.store.test_moving import census
from twin.engine.home import Home
from twin.engine.moving import backup, check, restore
from twin.errors import TwinError
from twin.graph.mirror import Mirror

KILLS = 20
_ATTEMPTS = 200
_LONGEST = 3.0
"""Seconds within which a command is killed: most end in less, once Python has started."""


def round_of(seed: int, folder: Path, kills: int = KILLS) -> str:
    """One directory, backed up and restored again and again."""
    chance = random.Random(seed)
    data = folder / "data"
    make(data, seed)
    backups = restores = killed = attempts = 0
    file = folder / "good.twin"
    backup(data, file)
    while killed < kills and attempts < _ATTEMPTS:
        attempts += 1
        killed += _killed(chance, "backup", folder / "x.twin", "--data", data)
        backups += _check_backup(folder)
        target = folder / "new"
        if chance.random() < 0.5 and not target.exists():
            make(target, seed + 1)
        killed += _killed(chance, "restore", file, "--data", target, "--replace")
        restores += _check_restore(file, target, data, make_anew=chance.random() < 0.5)
        _commit(data, chance)
    return f"{killed} kills in {attempts} turns: {backups} backups and {restores} restores got through"


def _killed(chance: random.Random, *words: object) -> bool:
    """Run a command and kill it some time later; whether that was in the middle."""
    process = subprocess.Popen(
        [sys.executable, "-m", "twin", *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(chance.random() * _LONGEST)
    process.kill()
    return process.wait() != 0


def _check_backup(folder: Path) -> bool:
    file = folder / "x.twin"
    if not file.exists():
        return False
    cut = check(file).cut
    restore(file, folder / "checked")
    with closing(Home(folder / "checked").open_graph()) as store:
        replayed = Mirror()
        for change in store.changes(0, 1_000_000):
            replayed.apply(change)
        assert replayed.head == cut.sequence
        assert contents(replayed) == contents(mirrored(store))
    shutil.rmtree(folder / "checked")
    file.unlink()
    return True


def _check_restore(file: Path, target: Path, data: Path, *, make_anew: bool) -> bool:
    if not target.exists():
        return False
    left = check(file).cut
    try:
        found = seen(target)
    except TwinError as error:
        if error.code_ != "restore.unfinished":
            raise
        restore(file, target)
        found = seen(target)
        assert found.head == left.sequence
    done = found.head == left.sequence
    for aside in target.glob("replaced-*"):
        assert seen(aside).entities.count
    if make_anew:
        shutil.rmtree(target)
    assert data.is_dir()
    return done


def _commit(data: Path, chance: random.Random) -> None:
    with closing(Home(data).open_graph()) as store:
        walk = Walk(chance, mirrored(store))
        for _ in range(3):
            made = walk.step()
            store.commit([made], walk.mirror.head)
            walk.apply(made)
        assert census(store).head == walk.mirror.head
