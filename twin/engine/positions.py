"""Where the graph stood when a write was answered, as its client is told: a text that says nothing to anybody else.

A client that passes the position of its write to any process of the twin gets an answer that includes it. Sequences
count what others do, so a position is encrypted and authenticated under a key of the data directory, differently each
time: no sequence can be read from it, and no two can be compared (AES-SIV, RFC 5297, with a random nonce).
"""

from __future__ import annotations

import os
import re
import secrets
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from twin.errors import BackendError, Conflict, InvalidValue

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Position", "Positions"]

_FILE = "position"
_KEY_BYTES = 64
_NONCE_BYTES = 12
_BODY = struct.Struct(">Q26s")
_SHAPE = re.compile(r"[A-Za-z0-9_-]{83}\Z")


class Position(NamedTuple):
    """A sequence, and the timeline that it counts."""

    timeline: str
    sequence: int


class Positions:
    """Writes and reads positions by one key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESSIV(key)

    @classmethod
    def open(cls, directory: Path) -> Positions:
        """By the key that is kept in a directory, made now if there is none. `BackendError` when it cannot be."""
        file = directory / _FILE
        try:
            if not file.exists():
                _keep(file, secrets.token_bytes(_KEY_BYTES))
            return cls(file.read_bytes())
        except (OSError, ValueError) as error:
            raise BackendError(
                f"the key of positions in {file} cannot be used: {type(error).__name__}",
                code="position.key",
                help="make the directory writable, or remove the file: without it a new key is made",
            ) from error

    def write(self, position: Position) -> str:
        """A position as it is told; another text each time."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        body = _BODY.pack(position.sequence, position.timeline.encode())
        return urlsafe_b64encode(nonce + self._cipher.encrypt(body, [nonce])).rstrip(b"=").decode()

    def read(self, text: str, timeline: str) -> int:
        """The sequence of a position that was told on this timeline.

        Raises:
            InvalidValue: it is none, or was told by another twin.
            Conflict: it was told on another timeline: the twin was restored from a backup since.
        """
        found = self._read(text)
        if found.timeline != timeline:
            raise Conflict(
                "the position is of before the twin was restored from a backup, or of another twin",
                code="position.foreign",
                help="forget it, and read again what is there now: the write it stands for may be gone",
            )
        return found.sequence

    def _read(self, text: str) -> Position:
        if _SHAPE.match(text) is None:
            raise _invalid()
        raw = urlsafe_b64decode(text + "=")
        nonce = raw[:_NONCE_BYTES]
        try:
            sequence, timeline = _BODY.unpack(self._cipher.decrypt(raw[_NONCE_BYTES:], [nonce]))
        except InvalidTag as error:
            raise _invalid() from error
        return Position(timeline.decode().rstrip("\0"), sequence)


def _invalid() -> InvalidValue:
    return InvalidValue(
        "the position was not given out by this twin",
        code="position.invalid",
        help="send it as it was given out, or none",
    )


def _keep(file: Path, key: bytes) -> None:
    """Write a file of mode 0600 whole or not at all; where another process was faster, its file stays."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(key)
            out.flush()
            os.fsync(out.fileno())
        with suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()
