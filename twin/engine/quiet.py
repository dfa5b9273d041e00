"""Large work without pauses: collections wait, for one over a million objects would hold everybody for a second."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Quiet", "uncollected"]

_LARGE = 100_000


class Quiet:
    """Counts what is under way; used on one thread."""

    def __init__(self) -> None:
        self._under_way = 0

    @contextmanager
    def work(self) -> Iterator[None]:
        """No collection while this lasts. Where it leaves much, that stays out of later ones; it is still freed once
        nothing refers to it any more.
        """
        self._under_way += 1
        gc.disable()
        try:
            yield
        finally:
            self._under_way -= 1
            if gc.get_count()[0] > _LARGE:
                gc.freeze()
            if not self._under_way:
                gc.enable()


@contextmanager
def uncollected() -> Iterator[None]:
    """Without a collection in the middle of a million new objects that stay: it would cost more than the work."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
