"""What a server does again and again, whatever goes wrong once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog

from twin.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["repeat"]

log = structlog.get_logger(__name__)


async def repeat(seconds: float, step: Callable[[], Coroutine[Any, Any, object]], first: float | None = None) -> None:
    """Do something every so many seconds; for the first time after ``first``, where that is sooner. What goes wrong is
    logged and tried again.
    """
    pause = seconds if first is None else min(first, seconds)
    while True:
        await asyncio.sleep(pause)
        pause = seconds
        try:
            await step()
        except BackendError as error:
            log.warning("engine.step_failed", step=step.__name__, error=str(error))
        except Exception:
            log.exception("engine.step_failed", step=step.__name__)
