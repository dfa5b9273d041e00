"""Passwords: argon2id (RFC 9106), at the same cost whether or not there is anybody to compare with.

Hashing takes tens of milliseconds and megabytes by design: it belongs on a thread, never on the loop.
"""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from twin.access.opaque import draw
from twin.errors import InvalidValue

__all__ = ["LONGEST", "SHORTEST", "Passwords"]

SHORTEST = 12
LONGEST = 256


class Passwords:
    """Hashes and compares; safe to use from several threads."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        """``hasher`` is argon2id with the library's own costs (RFC 9106, second choice) unless another is given."""
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash(draw())

    def hash(self, password: str) -> str:
        """What is kept of a password that somebody chose. `InvalidValue` when it is too short or too long."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise InvalidValue(
                f"a password has {SHORTEST} to {LONGEST} characters",
                code="password.weak",
                help="choose a longer one: a few words that do not belong together are easy to keep in mind",
            )
        return self._hasher.hash(password)

    def match(self, kept: str | None, password: str) -> bool:
        """Whether this is the password that was kept; of None or nothing kept it never is, at the same cost."""
        try:
            self._hasher.verify(kept or self._nobody, password[: LONGEST + 1])
        except (Argon2Error, InvalidHashError):
            return False
        return bool(kept)

    def outdated(self, kept: str) -> bool:
        """Whether what is kept was made at other costs than today's."""
        return self._hasher.check_needs_rehash(kept)
