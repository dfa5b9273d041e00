"""How far a journal reaches, looked at from outside: without holding its directory, and changing nothing in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from twin.telemetry.journal.blocks import Block, scan

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FORMAT", "SUFFIX", "Extent", "Identity", "extent"]

FORMAT = 1
SUFFIX = ".journal"


class Identity(msgspec.Struct, frozen=True):
    """Who a journal is, kept in its file ``id``; ``seed`` is what its checksums start from."""

    id: str
    seed: int
    format: int = FORMAT


class Extent(NamedTuple):
    """A journal holds the messages from ``first`` up to (and not with) ``next``."""

    id: str
    first: int
    next: int


def extent(directory: Path) -> Extent | None:
    """How far the journal in a directory reaches; None where there is none that can be read.

    Raises:
        OSError: it may not be read.
    """
    try:
        identity = msgspec.json.decode((directory / "id").read_bytes(), type=Identity)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
    firsts = sorted(int(path.stem) for path in directory.glob(f"*{SUFFIX}") if path.stem.isdecimal())
    if not firsts:
        return Extent(identity.id, 0, 0)
    following = firsts[-1]
    with (directory / f"{firsts[-1]:020d}{SUFFIX}").open("rb") as file:
        for found in scan(file, identity.seed):
            if isinstance(found, Block):
                following = found.first + found.total
    return Extent(identity.id, firsts[0], following)
