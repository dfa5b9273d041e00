"""Who needs a Neo4j of one's own: one that is not to stay ends with the last process that does, however that one ends.

Each of them holds a shared lock on a file, which the system frees even after SIGKILL. Beside the server a small process
waits for that lock, alone; while it has it nobody can begin to use what is about to stop. It is this very file, run as
a script, so it imports nothing but the standard library.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Hold", "facts", "runs", "stop_when_alone", "watch"]

_STOP_SECONDS = 60.0
_LOOK_SECONDS = 0.1


class Hold:
    """That this process needs the server of a directory, from now on until `release`."""

    def __init__(self, directory: Path) -> None:
        """Waits while a server that nobody needed any more is being stopped there."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = _open(directory)
        fcntl.flock(self._file, fcntl.LOCK_SH)

    def release(self, last: Callable[[], object]) -> None:
        """Need it no longer; ``last`` is called where nobody else does."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            last()
        except BlockingIOError:
            pass
        finally:
            os.close(self._file)


def facts(directory: Path) -> dict[str, Any]:
    """What is kept about the server of a directory: process id, port, and whether it stays when nobody holds it."""
    try:
        found: dict[str, Any] = json.loads((directory / "server.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found


def runs(directory: Path, pid: int) -> bool:
    """Whether a process lives and is the Neo4j of a directory: numbers are given to others after a while."""
    found = subprocess.run(  # noqa: S603 - the command is ours
        ["ps", "-ww", "-o", "stat=", "-o", "command=", "-p", str(pid)],  # noqa: S607 - where ps lies differs
        capture_output=True,
        text=True,
        check=False,
    )
    return not found.stdout.startswith("Z") and f"--home-dir={directory}" in found.stdout


def watch(directory: Path) -> None:
    """Have the server stopped once nobody holds it, unless it stays by then: by a process that nobody waits for."""
    subprocess.run(  # noqa: S603 - the command is ours
        [sys.executable, "-I", "-S", __file__, str(directory)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        check=True,
    )


def _open(directory: Path) -> int:
    return os.open(directory / "users", os.O_RDWR | os.O_CREAT, 0o600)


def stop_when_alone(directory: Path) -> None:
    """Wait until nobody holds the server, and stop it, unless it stays; one that is paused as well."""
    file = _open(directory)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        _stop(directory)
    finally:
        os.close(file)


def _stop(directory: Path) -> None:
    found = facts(directory)
    pid = found.get("pid", 0)
    for number in (signal.SIGTERM, signal.SIGKILL):
        if found.get("stays", True) or not runs(directory, pid):
            return
        with suppress(ProcessLookupError):
            os.kill(pid, number)
            os.kill(pid, signal.SIGCONT)
        until = time.monotonic() + _STOP_SECONDS
        while runs(directory, pid) and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS)


if __name__ == "__main__":
    if os.fork() == 0:
        stop_when_alone(Path(sys.argv[1]))
