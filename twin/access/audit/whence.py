"""Where what is being done now came from. The web says it once per request, and it goes along with all that is done for
that request, on other threads too.
"""

from __future__ import annotations

from contextvars import ContextVar

__all__ = ["address", "came_from"]

_address: ContextVar[str] = ContextVar("address", default="")


def came_from(place: str) -> None:
    """Remember where the request came from that is answered from here on: an IP address."""
    _address.set(place)


def address() -> str:
    """Where it came from; empty: from this machine, past the API."""
    return _address.get()
