"""With a process that only sleeps in the place of the Neo4j: what counts is who is left, and how they went."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from twin.store.neo4j.holding import Hold, runs, stop_when_alone, watch

_SLEEP = "import sys; print('ready', flush=True); sys.stdin.read()"
_HOLD = f"from pathlib import Path; from twin.store.neo4j.holding import Hold; hold = Hold(Path({{!r}})); {_SLEEP}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with _started(_SLEEP, f"--home-dir={tmp_path}") as process:
        yield process
        process.kill()


def _started(code: str, *words: str) -> subprocess.Popen[str]:
    made = subprocess.Popen(
        [sys.executable, "-c", code, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert made.stdout is not None
    assert made.stdout.readline() == "ready\n"
    return made


def _keep(folder: Path, server: subprocess.Popen[str], *, stays: bool) -> None:
    (folder / "server.json").write_bytes(orjson.dumps({"pid": server.pid, "port": 1, "stays": stays}))


def test_it_ends_with_the_last_that_holds_it_even_where_that_is_killed(
    tmp_path: Path, server: subprocess.Popen[str]
) -> None:
    _keep(tmp_path, server, stays=False)
    mine, ended = Hold(tmp_path), []
    watch(tmp_path)
    with _started(_HOLD.format(str(tmp_path))) as other:
        mine.release(lambda: ended.append("by me"))
        assert (ended, runs(tmp_path, server.pid)) == ([], True)
        other.kill()
    assert server.wait(30) != 0


def test_one_that_stays_outlives_who_held_it(tmp_path: Path, server: subprocess.Popen[str]) -> None:
    _keep(tmp_path, server, stays=True)
    with _started(_HOLD.format(str(tmp_path))) as holder:
        holder.kill()
    stop_when_alone(tmp_path)
    assert runs(tmp_path, server.pid)


def test_who_is_last_is_told(tmp_path: Path) -> None:
    one, other, said = Hold(tmp_path), Hold(tmp_path), []
    one.release(lambda: said.append("one"))
    other.release(lambda: said.append("other"))
    assert said == ["other"]
