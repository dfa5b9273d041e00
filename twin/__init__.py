"""A digital twin graph engine for buildings.

`Twin` is the way in for scripts; the command `twin` and the package `api` are the other two.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twin.engine import Twin

__all__ = ["Twin"]


def __getattr__(name: str) -> Any:
    """Load `Twin` when it is first asked for: importing a small part stays small."""
    if name == "Twin":
        return import_module("twin.engine").Twin
    message = f"module 'twin' has no attribute {name!r}"
    raise AttributeError(message)
