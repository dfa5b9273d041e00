"""Blocks: how messages that came together lie in a segment of the journal, and how they are found again. Pure.

    block  = magic | crc32 | length | first | received | total | sender-length | body        (all big-endian)
    body   = sender, then per message: topic-length (2) payload-length (4) topic payload

``length`` is the body's; the crc covers everything after itself and starts from a seed that only this journal knows,
so bytes inside a payload can never pass for a block of their own. Numbers grow by one per message within a segment.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

__all__ = ["HEADER", "Block", "Damage", "JournalMessage", "pack", "scan", "seal"]

_MAGIC = b"TwJ\x01"
HEADER = struct.Struct(">4sIIQqIH")
_COVERED = struct.Struct(">IQqIH")
"""The header again, without magic and crc: the part of it that the crc covers."""
_SIZES = struct.Struct(">HI")
_UNCOVERED = HEADER.size - _COVERED.size


class JournalMessage(msgspec.Struct, frozen=True, gc=False):
    """One message as it was received: from whom, when (µs), on which topic."""

    number: int
    sender: str
    received: int
    topic: bytes
    payload: bytes


class Block(NamedTuple):
    """A block that verified; it lies at ``start`` to ``end`` of its file."""

    start: int
    end: int
    first: int
    received: int
    total: int
    sender_length: int
    body: bytes

    def messages(self) -> Iterator[JournalMessage]:
        """What it holds, in order."""
        body, at = self.body, self.sender_length
        sender = body[:at].decode()
        for number in range(self.first, self.first + self.total):
            topic_length, payload_length = _SIZES.unpack_from(body, at)
            topic_at = at + _SIZES.size
            payload_at = topic_at + topic_length
            at = payload_at + payload_length
            yield JournalMessage(number, sender, self.received, body[topic_at:payload_at], body[payload_at:at])


class Damage(NamedTuple):
    """Bytes in which no block verifies, from ``start`` to ``end``; at the end of a file: a torn tail."""

    start: int
    end: int


def pack(sender: bytes, messages: Sequence[tuple[bytes, bytes]]) -> bytes:
    """The body of a block from its (topic, payload) pairs."""
    parts = [sender]
    size = _SIZES.pack
    for topic, payload in messages:
        parts += (size(len(topic), len(payload)), topic, payload)
    return b"".join(parts)


def seal(seed: int, body: bytes, *, first: int, received: int, total: int, sender_length: int) -> bytes:
    """The header that goes before a body."""
    covered = _COVERED.pack(len(body), first, received, total, sender_length)
    return _MAGIC + crc32(body, crc32(covered, seed)).to_bytes(4) + covered


def scan(file: BinaryIO, seed: int) -> Iterator[Block | Damage]:
    """Every block of a file, from its beginning, and what lies between them that is none."""
    at = 0
    while True:
        found = _read(file, seed, at) or _search(file, seed, at)
        if found is None:
            return
        yield found
        at = found.end


def _read(file: BinaryIO, seed: int, at: int) -> Block | None:
    """The block that starts here, if one does and is whole."""
    file.seek(at)
    header = file.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    magic, crc, length, first, received, total, sender_length = HEADER.unpack(header)
    if magic != _MAGIC:
        return None
    body = file.read(length)
    if len(body) < length or crc32(body, crc32(header[_UNCOVERED:], seed)) != crc:
        return None
    return Block(at, at + HEADER.size + length, first, received, total, sender_length, body)


def _search(file: BinaryIO, seed: int, at: int) -> Damage | None:
    """The damage that starts here, up to the next block that verifies or the end; None at the end itself."""
    file.seek(at)
    rest = file.read()
    if not rest:
        return None
    found = rest.find(_MAGIC, 1)
    while found >= 0:
        if _read(file, seed, at + found) is not None:
            return Damage(at, at + found)
        found = rest.find(_MAGIC, found + 1)
    return Damage(at, at + len(rest))
