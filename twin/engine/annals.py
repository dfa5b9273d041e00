"""The log by entity, as a server reads it: on the store's thread, with cursors that tell no sequence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from twin.engine.positions import Position

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from twin.engine.positions import Positions
    from twin.graph.mirror import Mirror
    from twin.graph.model import Change
    from twin.store import GraphStore

__all__ = ["Annals"]

T = TypeVar("T")


class _Run(Protocol):
    """Runs what blocks where it holds nobody up."""

    def __call__(self, job: Callable[[], T], /) -> Awaitable[T]:
        """What a job returns."""


class Annals:
    """What was changed of one entity, newest first. Called on the loop."""

    def __init__(
        self,
        store: GraphStore,
        mirror: Mirror,
        positions: Positions,
        in_store: _Run,
        in_pool: _Run,
        names: Callable[[], Callable[[str], str]] = lambda: str,
    ) -> None:
        """``in_store`` and ``in_pool`` run what reads the store, and records; ``names`` gives, in the pool, what gives
        the name of a client by its id.
        """
        self._store = store
        self._mirror = mirror
        self._positions = positions
        self._in_store = in_store
        self._in_pool = in_pool
        self._names = names

    async def of(self, entity: str, before: int | None, limit: int) -> list[Change]:
        """So many records about an entity before a sequence, each with the entries about it."""
        return await self._in_store(lambda: self._store.changes_of(entity, before, limit))

    async def authors(self, names: Iterable[str]) -> dict[str, str]:
        """Who made changes, by the names that people know."""
        wanted = set(names)

        def known() -> dict[str, str]:
            name = self._names()
            return {each: name(each) for each in wanted}

        return await self._in_pool(known)

    def cursor(self, sequence: int) -> str:
        """A place in the log, as clients are told."""
        return self._positions.write(Position(self._mirror.timeline, sequence))

    def sequence(self, cursor: str) -> int:
        """The place that a cursor stands for; `InvalidValue` or `Conflict` where it is none of this timeline's."""
        return self._positions.read(cursor, self._mirror.timeline)
