"""Identifiers: opaque, URL-safe, minted once and never reused; and the natural order of keys."""

from __future__ import annotations

import base64
import re
import secrets
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["KEY", "SortKey", "is_id", "is_key", "mint", "sort_key"]

KEY = re.compile(r"[a-z0-9][a-z0-9-]*\Z")
_ID = re.compile(r"[a-z2-7]{26}\Z")
_RUN = re.compile(r"(\d+)")
_ID_BYTES = 16

SortKey: TypeAlias = "tuple[tuple[tuple[int, int, str], ...], ...]"


def mint(random: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """A new identifier: 128 random bits as 26 characters of lowercase base32 (RFC 4648, section 6)."""
    return base64.b32encode(random(_ID_BYTES)).decode().rstrip("=").lower()


def is_id(text: str) -> bool:
    """Whether the text has the shape of an identifier (not whether anything has it)."""
    return _ID.match(text) is not None


def is_key(text: str) -> bool:
    """Whether the text may be the key of an entity: ``[a-z0-9][a-z0-9-]*``."""
    return KEY.match(text) is not None


def sort_key(path: str) -> SortKey:
    """The natural order of paths: by segment, digits counted as numbers (floor-2 before floor-10)."""
    return tuple(_segment(segment) for segment in path.split("/"))


@lru_cache(maxsize=16_384)
def _segment(segment: str) -> tuple[tuple[int, int, str], ...]:
    return tuple((0, int(run), run) if run.isdigit() else (1, 0, run) for run in _RUN.split(segment) if run)
