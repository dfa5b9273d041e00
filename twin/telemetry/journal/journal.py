"""The journal as the rest of the twin sees it: append, be told, read again, trim.

Invariant: what `Journal.append` reported as kept is there after a kill -9 and after the loss of every write that was
not synced, exactly once and in order. Groups are written and synced by a thread of its own, which reports to the loop
once per group; the more is waiting, the larger the group.
"""

from __future__ import annotations

import queue
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import structlog

from twin.errors import BackendError
from twin.telemetry.journal.blocks import pack
from twin.telemetry.journal.extent import Extent
from twin.telemetry.journal.segments import Segments
from twin.telemetry.journal.tail import Pending, Tail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from twin.telemetry.journal.blocks import JournalMessage

__all__ = ["Journal"]

_SEGMENT_BYTES = 64 << 20
_GROUP_BYTES = 4 << 20
_QUEUE_BYTES = 16 << 20
_KEEP_BYTES = 1 << 62
_RETRY_SECONDS = 1.0
_log = structlog.get_logger(__name__)


class _Append(NamedTuple):
    pending: Pending
    done: Callable[[int | None], None]


class Journal:
    """Append-only segments in one directory, with one process to write them.

    ``on_loop`` runs a callable on the loop from any thread; ``on_pressure`` is told (on the loop) when more is waiting
    than should, and when that is over. Everything but `read` and `trim` is called on the loop.
    """

    def __init__(
        self,
        directory: Path,
        *,
        on_loop: Callable[[Callable[[], None]], object],
        on_pressure: Callable[[bool], object] = lambda _: None,
        segment_bytes: int = _SEGMENT_BYTES,
        queue_bytes: int = _QUEUE_BYTES,
    ) -> None:
        try:
            self._segments = Segments(directory)
            try:
                self._tail = Tail(self._segments, segment_bytes=segment_bytes)
            except BaseException:
                self._segments.close()
                raise
        except OSError as error:
            raise BackendError(
                f"the journal in {directory} cannot be used: {error.strerror}",
                code="journal.unavailable",
                help="check that the directory is writable and that the disk is not full",
                directory=str(directory),
            ) from error
        self.id = self._segments.identity.id
        self.next = self._tail.number
        """The number the next message will get; all below it are on the disk."""
        self.trouble: str | None = None
        """Why nothing can be kept just now; None: all is well."""
        self._on_loop = on_loop
        self._on_pressure = on_pressure
        self._queue_bytes = queue_bytes
        self._waiting = 0
        self._pressed = False
        self._closed = False
        self._appends: queue.SimpleQueue[_Append | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="twin-journal", daemon=True)
        self._thread.start()

    @property
    def extent(self) -> Extent:
        """How far it reaches now."""
        first = self._segments.first
        return Extent(self.id, self.next if first is None else min(first, self.next), self.next)

    @property
    def lost(self) -> int:
        """How many messages a damaged disk has cost, as far as was read."""
        return self._segments.lost

    def append(
        self,
        sender: str,
        received: int,
        messages: Sequence[tuple[bytes, bytes]],
        done: Callable[[int | None], None],
    ) -> None:
        """Keep (topic, payload) pairs that came together from one sender at one time (µs), all or none.

        ``done`` is called on the loop with the number of the first once all are on the disk, or with None when they
        could not be kept (`trouble` says why): then they must not be acknowledged.
        """
        if self._closed:
            done(None)
            return
        name = sender.encode()
        pending = Pending(pack(name, messages), received, len(messages), len(name))
        self._waiting += len(pending.body)
        self._appends.put(_Append(pending, done))
        if self._waiting > self._queue_bytes and not self._pressed:
            self._press(pressed=True)

    def read(self, since: int) -> Iterator[JournalMessage]:
        """Every message numbered ``since`` or later that was on the disk at the time of the call, in order."""
        limit = self.next
        for block in self._segments.blocks(since):
            for message in block.messages():
                if message.number >= limit:
                    return
                if message.number >= since:
                    yield message

    def trim(self, below: int, keep_after: int, keep_bytes: int = _KEEP_BYTES) -> int:
        """Delete whole segments whose messages are all numbered under ``below`` and were received before ``keep_after``
        (µs), and more of the oldest while all are larger than ``keep_bytes``; how many. By one thread at a time.
        """
        return self._segments.trim(below, keep_after, keep_bytes)

    def skip_to(self, number: int) -> None:
        """Number from here on, before anything was appended: a journal restored from a backup must not give again
        the numbers that the state has seen.
        """
        if number > self.next:
            self._tail.skip_to(number)
            self.next = number

    def close(self) -> None:
        """Write what waits, then let go of the directory; blocks until that is done; idempotent."""
        self._closed = True
        if self._thread.is_alive():
            self._appends.put(None)
            self._thread.join()
        self._tail.close()
        self._segments.close()

    def _press(self, *, pressed: bool) -> None:
        self._pressed = pressed
        self._on_pressure(pressed)

    def _work(self) -> None:
        """The thread: one group after the other."""
        open_ = True
        while open_:
            group, open_ = self._collect()
            if group:
                self._keep(group)
            elif open_:
                self._try_again()

    def _collect(self) -> tuple[list[_Append], bool]:
        """What waits, up to a group's size; and whether more may come. Empty: time to try again."""
        group: list[_Append] = []
        size = 0
        try:
            append = self._appends.get(timeout=_RETRY_SECONDS if self.trouble else None)
            while append is not None:
                group.append(append)
                size += len(append.pending.body)
                if size >= _GROUP_BYTES:
                    return group, True
                append = self._appends.get_nowait()
        except queue.Empty:
            return group, True
        return group, False

    def _keep(self, group: list[_Append]) -> None:
        firsts: Sequence[int | None]
        try:
            firsts = self._tail.write([append.pending for append in group])
        except Exception as error:  # noqa: BLE001 - whatever it is, this thread must live and the acks be withheld
            firsts = [None] * len(group)
            self._fail(error)
        else:
            self._recover()
        with suppress(RuntimeError):  # the loop has ended: nobody is left to be told
            self._on_loop(partial(self._report, group, firsts, self._tail.number))

    def _try_again(self) -> None:
        try:
            self._tail.probe()
        except OSError as error:
            self._fail(error)
        else:
            self._recover()

    def _fail(self, error: Exception) -> None:
        why = error.strerror if isinstance(error, OSError) else repr(error)
        if self.trouble is None:
            _log.error("journal.refused", error=why, directory=str(self._segments.directory))
        self.trouble = f"the journal cannot be written: {why}"

    def _recover(self) -> None:
        if self.trouble is not None:
            _log.info("journal.writable", directory=str(self._segments.directory))
        self.trouble = None

    def _report(self, group: list[_Append], firsts: Sequence[int | None], following: int) -> None:
        """On the loop: tell everyone of a group what became of it."""
        self.next = following
        for append, first in zip(group, firsts, strict=True):
            self._waiting -= len(append.pending.body)
            try:
                append.done(first)
            except Exception:  # noqa: BLE001 - whoever asked; the others of the group still have to be told
                _log.exception("journal.report_failed", first=first)
        if self._pressed and self._waiting <= self._queue_bytes // 2:
            self._press(pressed=False)
