"""The bytes that a peer has sent and nobody has read yet, whole packets first.

A packet that comes in many small pieces is put together once, when its last piece is there.
"""

from __future__ import annotations

__all__ = ["Inbox"]


class Inbox:
    """A buffer to read from, at a position, and what arrived since it was taken."""

    __slots__ = ("_needed", "_waiting", "at", "buffer")

    def __init__(self) -> None:
        self.buffer = b""
        self.at = 0
        self._waiting = bytearray()
        self._needed = 0

    def feed(self, data: bytes) -> bool:
        """Take what arrived. Whether there may now be a packet to read."""
        if self.at == len(self.buffer) and not self._waiting:
            self.buffer, self.at = data, 0
        else:
            self._waiting += data
        return len(self) >= self._needed

    def __len__(self) -> int:
        return len(self.buffer) - self.at + len(self._waiting)

    def refill(self, needed: int) -> bool:
        """Add what arrived since to the buffer; False if that does not make the ``needed`` bytes of the next packet."""
        enough = len(self) >= needed
        self._needed = 0 if enough else needed
        self.buffer, self.at = self.buffer[self.at :], 0
        if enough:
            self.buffer += self._waiting
            self._waiting.clear()
        return enough

    def clear(self) -> None:
        """Forget everything."""
        self.buffer, self.at, self._needed = b"", 0, 0
        self._waiting.clear()
