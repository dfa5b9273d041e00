"""The feed's frames: a length of four bytes (big-endian), then one message in msgpack.

    owner     Hello                                  here is a nonce
    follower  Join                                   I can read the secret, and here is a nonce of mine
    owner     Welcome                                so can I; and whose tokens to trust
    owner     Readings …  Whole                      all there are, among those that have just come
    owner     Readings …  Beat …                     what comes; a beat at least four times a second
    follower  Moved …                                the graph has changed: look at the log

Readings are taken by their order, so those of the whole and those that have just come may meet in any order.
"""

from __future__ import annotations

import hmac
import struct
from typing import Any, TypeAlias

import msgspec

from twin.errors import BackendError

__all__ = [
    "LARGEST",
    "PREFIX",
    "Beat",
    "Frame",
    "Hello",
    "Join",
    "Moved",
    "Readings",
    "Told",
    "Welcome",
    "Whole",
    "length_of",
    "pack",
    "proof",
    "unpack",
]

PREFIX = struct.Struct(">I")
LARGEST = 16 << 20
"""Bytes of a frame; no follower asks for more memory than that on the word of a peer."""

Told: TypeAlias = tuple[str, str, Any, int, int, bytes]
"""A reading: entity id, point, value, time, received, order."""


class Hello(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """The owner's first word."""

    nonce: bytes


class Join(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """The follower's answer. ``url`` is where clients reach it."""

    nonce: bytes
    proof: bytes
    url: str


class Welcome(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """The owner knows the secret too."""

    proof: bytes
    timeline: str
    """Which graph it serves."""


class Readings(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """What some points say."""

    head: int
    """The sequence of the graph by whose names and units they say it."""
    told: list[Told]


class Whole(msgspec.Struct, frozen=True, array_like=True, tag=5):
    """Everything that there was when the follower joined has been told."""


class Beat(msgspec.Struct, frozen=True, array_like=True, tag=6):
    """The owner is there, and has seen the log up to here."""

    head: int
    fellows: list[str]
    """Where clients reach the processes of this twin: what one of them has signed, all trust."""


class Moved(msgspec.Struct, frozen=True, array_like=True, tag=7):
    """A follower has seen the log up to here."""

    head: int


Frame: TypeAlias = Hello | Join | Welcome | Readings | Whole | Beat | Moved

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Frame).decode


def pack(frame: Frame) -> bytes:
    """A frame as it is sent."""
    body = _encode(frame)
    return PREFIX.pack(len(body)) + body


def unpack(body: bytes) -> Frame:
    """The message of a frame, without its length. `BackendError` when it is none."""
    try:
        found: Frame = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _broken(str(error)) from error
    return found


def length_of(prefix: bytes, most: int = LARGEST) -> int:
    """How long the message is that follows. `BackendError` when it is longer than it may be."""
    length: int = PREFIX.unpack(prefix)[0]
    if length > most:
        raise _broken(f"a frame of {length} bytes")
    return length


def proof(secret: str, who: str, *nonces: bytes) -> bytes:
    """What only somebody who knows the secret can say, and only for these nonces."""
    return hmac.digest(secret.encode(), b"\0".join((who.encode(), *nonces)), "sha256")


def _broken(why: str) -> BackendError:
    return BackendError(f"the feed cannot be understood: {why}", code="feed.broken", help="run the same version twice")
