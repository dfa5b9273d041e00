"""Cursors: where a page ended, as text that means nothing to anybody else."""

from __future__ import annotations

import base64
import binascii

from twin.errors import InvalidValue

__all__ = ["decode", "encode", "invalid"]

_MARK = "p:"


def encode(*position: str) -> str:
    """A cursor for a path, or for a path and a point."""
    return base64.urlsafe_b64encode((_MARK + "\n".join(position)).encode()).decode().rstrip("=")


def decode(cursor: str | None, parts: int = 1) -> tuple[str, ...] | None:
    """The position that a cursor stands for; None for none. `InvalidValue` for what `encode` never made."""
    if cursor is None:
        return None
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise invalid() from error
    position = tuple(text.removeprefix(_MARK).split("\n"))
    if not text.startswith(_MARK) or len(position) != parts or not all(position):
        raise invalid()
    return position


def invalid() -> InvalidValue:
    """What to raise for a cursor that is none of ours."""
    return InvalidValue(
        "the cursor is not one of ours",
        code="cursor.invalid",
        help="pass on what the page before gave out, as it is, to the same list",
    )
