"""The ``moved`` entries of a topology: old path -> new path, of what shall keep its identity under another path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.source import Scalar
from twin.topology.finding import is_left_out, report_missing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.source import Diagnostics, Entry
    from twin.topology.grown import Grown

__all__ = ["renamed"]


def renamed(entries: Iterable[Entry], site: str, grown: Grown, report: Diagnostics) -> dict[str, str]:
    """Old paths and new ones, the site's key included. A new path that the topology does not describe is reported."""
    found: dict[str, str] = {}
    taken: dict[str, Scalar] = {}
    for entry in entries:
        if not isinstance(entry.value, Scalar):
            continue
        before, after = (f"{site}/{scalar.text.removeprefix('/')}" for scalar in (entry.key, entry.value))
        earlier = taken.setdefault(after, entry.value)
        if earlier is not entry.value:
            message, related = f"two things are moved to '{entry.value.text}'", [(earlier.place, "the other")]
            report.error("moved.duplicate", message, entry.value.place, related=related, help="give one another path")
        elif after in grown.sprouts:
            found[before] = after
        elif not is_left_out(after, grown):
            report_missing(entry.value.text, after, entry.value.place, grown, report, [])
    return found
