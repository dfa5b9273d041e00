"""Who owns a twin: the one process that holds the lock on its directory, and where it tells the others what it hears.

The lock is the kernel's (flock): it needs no clock, a paused owner keeps it, and `kill -9` frees it at once. What an
owner says of itself stands in a file beside it, which only the twin's user can read, and which the next owner removes
before anything else.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from twin.errors import Conflict

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Announcement", "Lease"]


class Announcement(msgspec.Struct, frozen=True):
    """What an owner says to those who would follow it."""

    pid: int
    url: str
    """Where clients reach its API."""
    port: int
    """Where its API listens."""
    mqtt: str
    """Where devices publish to."""
    feed: int
    """The port of its feed, on this machine only."""
    secret: str
    """What proves to it that somebody may read this file, and to them that it is the owner."""
    timeline: str
    """Which graph it serves."""

    def __repr__(self) -> str:
        return f"Announcement(pid={self.pid}, url={self.url!r})"

    def other_graph(self) -> Conflict:
        """What to say to a process that has loaded another graph."""
        return Conflict(
            f"process {self.pid} serves another graph from this directory",
            code="feed.graph",
            help="leave --graph and TWIN_GRAPH out: the directory knows where its graph is kept",
        )


class Lease:
    """The right to be the owner of a directory: held by one process at a time, until it ends."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "lock"
        self._said = directory / "owner.json"
        self._lock: int | None = None

    @property
    def held(self) -> bool:
        """Whether this process holds it."""
        return self._lock is not None

    def take(self) -> bool:
        """Take it, if nobody else holds it; whether it is held now. Raises OSError where the file cannot be opened."""
        if self._lock is not None:
            return True
        lock = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        if not _locked(lock, self._file):
            os.close(lock)
            return False
        self._lock = lock
        self._said.unlink(missing_ok=True)  # the last owner's
        with suppress(OSError):  # it is for people: whoever holds the lock has it, on a full disk as well
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        return True

    def announce(self, said: Announcement) -> None:
        """Say where this owner is found, to those who may read the directory."""
        draft = self._said.with_name(f".{self._said.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as out:
                out.write(msgspec.json.encode(said))
            draft.replace(self._said)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise

    def owner(self) -> Announcement | None:
        """What the owner says of itself; None while there is none, or it is not ready yet."""
        try:
            return msgspec.json.decode(self._said.read_bytes(), type=Announcement)
        except (OSError, msgspec.MsgspecError):
            return None

    def holder(self) -> str:
        """The process id of who held it last, as far as is known."""
        try:
            return self._file.read_text(encoding="ascii").strip() or "unknown"
        except OSError:
            return "unknown"

    def release(self) -> None:
        """Let others have it; idempotent."""
        lock, self._lock = self._lock, None
        if lock is not None:
            self._said.unlink(missing_ok=True)
            os.close(lock)


def _locked(lock: int, file: Path) -> bool:
    """Lock an open file, unless somebody else has; or has removed it meanwhile, so that a third may lock another."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.fstat(lock).st_ino == file.stat().st_ino
    except OSError:
        return False
