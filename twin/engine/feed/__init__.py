"""What an owner hears, told to the processes that follow it: readings as they come, and that the graph has changed.

`Feed` is the owner's side, `Listener` a follower's. They speak over TCP on this machine (`twin.engine.feed.frames`);
the port and a secret stand in a file that only the twin's user can read (`twin.engine.lease`).
"""

from __future__ import annotations

from twin.engine.feed.hearing import Listener
from twin.engine.feed.telling import Feed

__all__ = ["Feed", "Listener"]
