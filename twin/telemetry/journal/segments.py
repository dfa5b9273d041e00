"""The files of a journal: segments named after the number of their first message, and the journal's identity.

The directory is its owner's alone and one process's at a time. A torn tail, what a crash left of blocks that were
never synced, is cut off when the journal is opened. Damage before blocks that verify is another thing: a disk that
lost what it had taken. It is stepped over, and what is missing is counted and logged as an error, because everything
else in the journal is still good and still owed.
"""

from __future__ import annotations

import fcntl
import os
from bisect import bisect_right
from itertools import zip_longest
from secrets import randbits
from threading import Lock
from typing import TYPE_CHECKING

import msgspec
import structlog

from twin.errors import BackendError
from twin.ids import mint
from twin.telemetry.journal.blocks import Block, Damage, scan
from twin.telemetry.journal.extent import FORMAT, SUFFIX, Identity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Segments", "read_identity", "sync_directory"]

_BUFFER = 1 << 20
_log = structlog.get_logger(__name__)


class Segments:
    """The segments of one directory, oldest first.

    Raises `BackendError`: ``journal.in_use``, ``journal.newer``, ``journal.unreadable``.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._missing: dict[tuple[int, int], int] = {}
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _hold(directory)
        try:
            self.identity = _identify(directory)
        except BaseException:
            self.close()
            raise
        self._firsts = sorted(int(path.stem) for path in directory.glob(f"*{SUFFIX}") if path.stem.isdecimal())
        self._changing = Lock()

    def close(self) -> None:
        """Let another process have the directory; idempotent."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def path(self, first: int) -> Path:
        """Where the segment that starts with this number lies."""
        return self.directory / f"{first:020d}{SUFFIX}"

    @property
    def lost(self) -> int:
        """How many messages damage has cost, as far as was read."""
        return sum(self._missing.values())

    @property
    def first(self) -> int | None:
        """The first number of the oldest segment."""
        return self._firsts[0] if self._firsts else None

    @property
    def last(self) -> int | None:
        """The first number of the newest segment."""
        return self._firsts[-1] if self._firsts else None

    def add(self, first: int) -> None:
        """Know a segment that was just created (or created again)."""
        with self._changing:
            if self.last != first:
                self._firsts.append(first)

    def recover(self) -> tuple[int, int]:
        """Cut the torn tail off the newest segment; the number of the next message, and the size of that segment."""
        if self.last is None:
            return 0, 0
        following, size = self.last, 0
        for block in self._blocks(self.last, None):
            following, size = block.first + block.total, block.end
        path = self.path(self.last)
        torn = path.stat().st_size - size
        if torn:
            os.truncate(path, size)
            _log.warning("journal.torn_tail", file=str(path), offset=size, bytes=torn)
        return following, size

    def blocks(self, since: int) -> Iterator[Block]:
        """Every block that holds a message numbered ``since`` or later, in order."""
        with self._changing:
            firsts = self._firsts[max(bisect_right(self._firsts, since) - 1, 0) :]
        for first, limit in zip_longest(firsts, firsts[1:]):
            for block in self._blocks(first, limit):
                if block.first + block.total > since:
                    yield block

    def _blocks(self, first: int, limit: int | None) -> Iterator[Block]:
        """The blocks of one segment. ``limit`` is where the next one starts: whatever this one holds from there on
        is what a failed write left behind, and was never acknowledged.
        """
        expected, end, damage = first, 0, None
        with self.path(first).open("rb", buffering=_BUFFER) as file:
            for found in scan(file, self.identity.seed):
                if isinstance(found, Damage):
                    damage = found
                elif limit is not None and found.first >= limit:
                    return
                else:
                    if damage is not None:
                        self._mourn(first, damage, found.first - expected)
                        damage = None
                    expected, end = found.first + found.total, found.end
                    yield found
        if limit is not None and limit > expected:
            self._mourn(first, damage or Damage(end, end), limit - expected)

    def _mourn(self, first: int, damage: Damage, messages: int) -> None:
        if (first, damage.start) in self._missing:
            return
        self._missing[first, damage.start] = messages
        _log.error(
            "journal.damaged",
            file=str(self.path(first)),
            offset=damage.start,
            bytes=damage.end - damage.start,
            messages=messages,
            help="the disk lost what it had taken; check it, and send these again if their sources still have them",
        )

    def trim(self, below: int, keep_after: int, keep_bytes: int) -> int:
        """Delete the oldest segments that hold only messages numbered under ``below``, while those were received before
        ``keep_after`` (µs) or all segments together are larger than ``keep_bytes``; how many. The newest stays.
        """
        deleted, size = 0, sum(self.path(first).stat().st_size for first in self._firsts)
        while len(self._firsts) > 1 and self._firsts[1] <= below:
            if size <= keep_bytes and self._began(self._firsts[1]) >= keep_after:
                break
            size -= self.path(self._firsts[0]).stat().st_size
            self.path(self._firsts[0]).unlink(missing_ok=True)
            with self._changing:
                del self._firsts[0]
            deleted += 1
        if deleted:
            sync_directory(self.directory)
        return deleted

    def _began(self, first: int) -> float:
        """When the first message of a segment was received; never, while it has none."""
        return next((block.received for block in self._blocks(first, None)), float("inf"))


def sync_directory(directory: Path) -> None:
    """Have the names in a directory on the disk."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _hold(directory: Path) -> int:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise BackendError(
            f"the journal in {directory} is in use by another process",
            code="journal.in_use",
            help="stop the other twin, or give this one a data directory of its own (--data)",
            directory=str(directory),
        ) from None
    return descriptor


def _identify(directory: Path) -> Identity:
    path = directory / "id"
    return read_identity(directory) if path.exists() else _create_identity(path)


def read_identity(directory: Path) -> Identity:
    """Who the journal of a directory is.

    Raises:
        BackendError: it was made by a newer program, or its file cannot be read.
    """
    path = directory / "id"
    try:
        identity = msgspec.json.decode(path.read_bytes(), type=Identity)
    except msgspec.MsgspecError as error:
        raise _unreadable(path, "its file 'id' is damaged") from error
    if identity.format > FORMAT:
        raise BackendError(
            f"the journal in {directory} has format {identity.format}; this program knows {FORMAT}",
            code="journal.newer",
            help="start the version of the twin that made it, or a newer one",
            directory=str(directory),
        )
    return identity


def _create_identity(path: Path) -> Identity:
    if any(path.parent.glob(f"*{SUFFIX}")):
        raise _unreadable(path, "it has segments and no file 'id'")
    identity = Identity(mint(), randbits(32))
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.encode(identity))
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    sync_directory(path.parent)
    return identity


def _unreadable(path: Path, why: str) -> BackendError:
    return BackendError(
        f"the journal in {path.parent} cannot be read: {why}",
        code="journal.unreadable",
        help="restore the file from a backup, or move the journal's directory away to start an empty one",
        directory=str(path.parent),
    )
