"""From calls that answer a callback to what can be awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import asyncio

__all__ = ["settle"]

T = TypeVar("T")


def settle(answer: asyncio.Future[T], result: T | Exception) -> None:
    """Have whoever awaits it get a result, or an error raised; nobody, where nobody awaits it any more."""
    if answer.cancelled():
        return
    if isinstance(result, Exception):
        answer.set_exception(result)
    else:
        answer.set_result(result)
