"""The end of a journal copied beside the process that writes it, as a journal of its own.

The files are opened before whatever the copy has to go with is read, so that trimming takes nothing away meanwhile; of
each file only what is there when it is come to is looked at, and only whole blocks are copied: a write that is under
way was not acknowledged.
"""

from __future__ import annotations

import io
import os
from contextlib import ExitStack, contextmanager
from itertools import zip_longest
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from twin.telemetry.journal.blocks import Block, scan
from twin.telemetry.journal.extent import SUFFIX, Identity
from twin.telemetry.journal.segments import read_identity, sync_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["Held", "held", "renamed"]

_ID = "id"


@contextmanager
def held(directory: Path) -> Iterator[Held]:
    """A journal whose files stay readable for as long as the block lasts, whoever trims it."""
    with ExitStack() as files:
        found = Held(directory, files)
        found.open()
        yield found


class Held:
    """See `held`."""

    def __init__(self, directory: Path, files: ExitStack) -> None:
        self._directory = directory
        self._files = files
        self._segments: dict[int, BinaryIO] = {}

    def open(self) -> None:
        """Open what is there now; what has gone since stays as it was."""
        for path in self._directory.glob(f"*{SUFFIX}"):
            if path.stem.isdecimal():
                try:
                    self._segments[int(path.stem)] = self._files.enter_context(path.open("rb"))
                except FileNotFoundError:
                    continue

    def copy(self, target: Path, begin: Callable[[str], int]) -> int:
        """Copy all from a number on into a new directory; how many messages. ``begin`` gives the number, by the
        journal's id. A journal that never was leaves nothing.
        """
        if not (self._directory / _ID).exists():
            return 0
        identity = read_identity(self._directory)
        since = begin(identity.id)
        self.open()
        target.mkdir(mode=0o700)
        _write(target / _ID, msgspec.json.encode(identity))
        firsts = sorted(self._segments)
        messages = 0
        for first, limit in zip_longest(firsts, firsts[1:]):
            if limit is None or limit > since:
                messages += _copy(self._segments[first], identity.seed, target, since, limit)
        if not messages:  # an empty segment says which number the next message gets
            _write(target / f"{since:020d}{SUFFIX}", b"")
        sync_directory(target)
        return messages


def renamed(directory: Path, name: str) -> str:
    """Give a journal that nobody writes another id: the offsets of the one that it was copied from mean nothing in it.
    The id that it had.
    """
    identity = read_identity(directory)
    _write(directory / _ID, msgspec.json.encode(Identity(name, identity.seed, identity.format)))
    sync_directory(directory)
    return identity.id


def _copy(file: BinaryIO, seed: int, target: Path, since: int, limit: int | None) -> int:
    file.seek(0)
    data = file.read(os.fstat(file.fileno()).st_size)
    blocks = [block for block in scan(io.BytesIO(data), seed) if isinstance(block, Block)]
    wanted = [block for block in blocks if block.first + block.total > since and (limit is None or block.first < limit)]
    if wanted:
        path = target / f"{wanted[0].first:020d}{SUFFIX}"
        _write(path, b"".join(data[block.start : block.end] for block in wanted))
    return sum(block.first + block.total - max(block.first, since) for block in wanted)


def _write(path: Path, data: bytes) -> None:
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
