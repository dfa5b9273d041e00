"""What a dead letter is called by who may not know how many there are: its number, encrypted.

Numbers run through all sites of a twin, so they tell whoever sees two of them how much the others were sent in vain.
The same letter has the same name each time, and names have no order (AES-SIV without a nonce: RFC 5297, section 4).
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

__all__ = ["KEY_BITS", "LetterNames"]

KEY_BITS = 256
_BYTES = 8
_SHAPE = re.compile(r"[A-Za-z0-9_-]{32}\Z")


class LetterNames:
    """Names by one key; safe on any thread."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESSIV(key)

    def of(self, number: int) -> str:
        """The name of a letter."""
        return urlsafe_b64encode(self._cipher.encrypt(number.to_bytes(_BYTES, "big"), None)).decode()

    def number(self, name: str) -> int | None:
        """The number of the letter of that name; None where it is none of ours."""
        if _SHAPE.match(name) is None:
            return None
        try:
            return int.from_bytes(self._cipher.decrypt(urlsafe_b64decode(name), None), "big")
        except InvalidTag:
            return None
