"""The end of the journal: the segment that grows, and how it gets over a disk that refuses."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from twin.telemetry.journal.blocks import seal
from twin.telemetry.journal.segments import sync_directory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.telemetry.journal.segments import Segments

__all__ = ["Pending", "Tail"]

_PROBE = bytes(4096)
"""Never passes for a block, so a crash in the middle of a probe leaves a torn tail and no more."""
_sync = getattr(os, "fdatasync", os.fsync)


class Pending(NamedTuple):
    """Messages that came together and wait for the disk: all of them get on it, or none."""

    body: bytes
    received: int
    total: int
    sender_length: int


class Tail:
    """Writes groups of blocks and syncs them; only the journal's thread (or its constructor) calls it.

    After a failure the segment is cut back to what was synced and never written again: what a failed sync has left in
    the kernel's cache is not to be built upon. The next write starts a new segment with the same number.
    """

    def __init__(self, segments: Segments, *, segment_bytes: int) -> None:
        self._segments = segments
        self._segment_bytes = segment_bytes
        self._descriptor = -1
        self.number, self._size = segments.recover()
        if segments.last is not None:
            self._descriptor = os.open(segments.path(segments.last), os.O_WRONLY)
            _sync(self._descriptor)

    def write(self, group: Sequence[Pending]) -> list[int]:
        """Put a group on the disk; the number of each one's first message. `OSError`: nothing of it was kept."""
        sealed, firsts, number = self._seal(group)
        self._put(sealed)
        self._size += len(sealed)
        self.number = number
        return firsts

    def probe(self) -> None:
        """See whether the disk takes anything, and take it back. `OSError`: it does not."""
        self._put(_PROBE)
        os.ftruncate(self._descriptor, self._size)

    def _put(self, data: bytes) -> None:
        try:
            self._ready()
            _write_all(self._descriptor, data, self._size)
            _sync(self._descriptor)
        except OSError:
            self._abandon()
            raise

    def _ready(self) -> None:
        """Have a segment to write to: the open one, or a new one where that is full, broken or not there."""
        if self._descriptor >= 0 and self._size < self._segment_bytes:
            return
        self.close()
        path = self._segments.path(self.number)
        # The name may exist already, of a segment in which nothing was ever synced: a new file, not its remains.
        path.unlink(missing_ok=True)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._size = 0
        sync_directory(path.parent)
        self._segments.add(self.number)

    def skip_to(self, number: int) -> None:
        """Give the next message this number, in a new segment."""
        self.close()
        self.number = number

    def close(self) -> None:
        """Let go of the open segment; idempotent."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _seal(self, group: Sequence[Pending]) -> tuple[bytes, list[int], int]:
        seed, number = self._segments.identity.seed, self.number
        parts: list[bytes] = []
        firsts: list[int] = []
        for body, received, total, sender_length in group:
            parts += (seal(seed, body, first=number, received=received, total=total, sender_length=sender_length), body)
            firsts.append(number)
            number += total
        return b"".join(parts), firsts, number

    def _abandon(self) -> None:
        with suppress(OSError):  # what cannot be cut off is numbered from the next segment on, and read by nobody
            if self._descriptor >= 0:
                os.ftruncate(self._descriptor, self._size)
        with suppress(OSError):  # close reports the same failure again
            self.close()
        self._descriptor = -1


def _write_all(descriptor: int, data: bytes, at: int) -> None:
    rest = memoryview(data)
    while rest:
        written = os.pwrite(descriptor, rest, at)
        at += written
        rest = rest[written:]
