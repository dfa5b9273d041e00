"""The parts wired together, and the owners of their lifetime: `Twin` for scripts, `Engine` for servers."""

from twin.engine.script import Twin
from twin.engine.server import Engine

__all__ = ["Engine", "Twin"]
