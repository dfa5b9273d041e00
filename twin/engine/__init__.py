"""The parts wired together, and the owners of their lifetime: `Twin` for scripts, `Engine` for servers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twin.engine.script import Twin
    from twin.engine.server import Engine

__all__ = ["Engine", "Twin"]

_WHERE = {"Twin": "twin.engine.script", "Engine": "twin.engine.server"}


def __getattr__(name: str) -> Any:
    """Load each when it is first asked for: a script needs no server, and starts in half the time without one."""
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    message = f"module 'twin.engine' has no attribute {name!r}"
    raise AttributeError(message)
