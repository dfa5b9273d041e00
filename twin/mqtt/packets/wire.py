"""The primitives of MQTT's wire: integers, strings and lengths, read with every rule of MQTT 5, section 1.5."""

from __future__ import annotations

from twin.mqtt.packets.faults import Malformed

__all__ = ["LONGEST", "Reader", "binary", "frame", "text", "two", "varint"]

LONGEST = 268_435_455
"""The greatest variable byte integer, and so the longest body of a packet."""

_SHORTEST = (0, 128, 16_384, 2_097_152)
"""The least value that needs one more byte: an encoding longer than its value needs is malformed."""
_CONTINUES = 0x80
_BITS = 0x7F
_TWO_BYTES = 0xFFFF


class Reader:
    """Reads a body from its start to its end, and never past it."""

    __slots__ = ("at", "body", "stop")

    def __init__(self, body: bytes, at: int = 0, stop: int | None = None) -> None:
        self.body = body
        self.at = at
        self.stop = len(body) if stop is None else stop

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        start, self.at = self.at, self.at + count
        if self.at > self.stop:
            raise Malformed("the packet ends inside a field")
        return self.body[start : self.at]

    def byte(self) -> int:
        """One byte."""
        return self.take(1)[0]

    def two(self) -> int:
        """A two byte integer."""
        return int.from_bytes(self.take(2), "big")

    def four(self) -> int:
        """A four byte integer."""
        return int.from_bytes(self.take(4), "big")

    def varint(self) -> int:
        """A variable byte integer of at most four bytes, as short as it can be (section 1.5.5)."""
        value = 0
        for index, shortest in enumerate(_SHORTEST):
            byte = self.byte()
            value |= (byte & _BITS) << (7 * index)
            if byte < _CONTINUES:
                if value < shortest:
                    raise Malformed("a length takes more bytes than it needs")
                return value
        raise Malformed("a length of more than four bytes")

    def binary(self) -> bytes:
        """Bytes after their two byte length."""
        return self.take(self.two())

    def text(self) -> str:
        """A UTF-8 string: well formed, without surrogates and without U+0000 (section 1.5.4)."""
        return _decoded(self.binary())

    def within(self, count: int) -> Reader:
        """A reader of the next ``count`` bytes alone; this one goes on after them."""
        start = self.at
        self.take(count)
        return Reader(self.body, start, self.at)

    def rest(self) -> bytes:
        """Everything that is left."""
        return self.take(self.stop - self.at)

    def more(self) -> bool:
        """Whether anything is left."""
        return self.at < self.stop

    def end(self) -> None:
        """There must be nothing left."""
        if self.at < self.stop:
            raise Malformed("the packet goes on after its last field")


def _decoded(raw: bytes) -> str:
    try:
        value = raw.decode()
    except UnicodeDecodeError:
        raise Malformed("a string is not UTF-8") from None
    if "\0" in value:
        raise Malformed("a string contains U+0000")
    return value


def frame(buffer: bytes | bytearray, at: int, end: int) -> tuple[int, int] | None:
    """Where the body of the packet at ``at`` starts and stops; None while its header is not all there.

    ``stop`` may lie beyond ``end``: the body is not all there yet.
    """
    value = 0
    for index, shortest in enumerate(_SHORTEST):
        position = at + 1 + index
        if position >= end:
            return None
        byte = buffer[position]
        value |= (byte & _BITS) << (7 * index)
        if byte < _CONTINUES:
            if value < shortest:
                raise Malformed("the remaining length takes more bytes than it needs")
            return position + 1, position + 1 + value
    raise Malformed("a remaining length of more than four bytes")


def varint(value: int) -> bytes:
    """A variable byte integer. Raises ValueError beyond `LONGEST`."""
    if not 0 <= value <= LONGEST:
        raise ValueError(f"{value} does not fit a variable byte integer")
    out = bytearray()
    while value > _BITS:
        out.append(value & _BITS | _CONTINUES)
        value >>= 7
    out.append(value)
    return bytes(out)


def two(value: int) -> bytes:
    """A two byte integer."""
    return value.to_bytes(2, "big")


def binary(value: bytes) -> bytes:
    """Bytes after their two byte length. Raises ValueError beyond 65,535 of them."""
    if len(value) > _TWO_BYTES:
        raise ValueError(f"{len(value)} bytes do not fit a field of at most {_TWO_BYTES}")
    return two(len(value)) + value


def text(value: str) -> bytes:
    """A UTF-8 string after its two byte length."""
    return binary(value.encode())
