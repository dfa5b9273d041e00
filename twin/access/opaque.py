"""Opaque secrets: 256 random bits that somebody shows again, of which only a digest is kept.

A plain SHA-256 of one is as hard to reverse as the secret is to guess; argon2 is for what people choose.
"""

from __future__ import annotations

import hashlib
import secrets

__all__ = ["digest", "draw"]

_BYTES = 32


def draw() -> str:
    """A new secret, as 43 characters that may stand in a URL."""
    return secrets.token_urlsafe(_BYTES)


def digest(secret: str) -> str:
    """What is kept of one."""
    return hashlib.sha256(secret.encode()).hexdigest()
