"""Numbers that are written as text or need a bound: ranges, durations, steps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twin.source import Diagnostics, MapNode

__all__ = ["Range", "above_zero", "duration", "ends", "range_of"]

Range = tuple[float | None, float | None]
"""The least and the greatest value; None for an end that is open."""
_NUMBER = r"[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{1,2})?"
_RANGE = re.compile(rf"\s*({_NUMBER})?\s*\.\.\s*({_NUMBER})?\s*")
_INTERVAL = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*(ms|s|min|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}


def range_of(node: MapNode, report: Diagnostics) -> Range:
    """What ``range``, or ``min`` and ``max``, say; reports ``range.invalid`` and ``range.empty``."""
    text = node.scalar("range")
    if text is None:
        low, high = node.number("min"), node.number("max")
    else:
        match = _RANGE.fullmatch(text.text)
        if match is None or match.groups() == (None, None):
            help_ = "a range is written with two dots: 5..30; one end may be left open: 0.."
            report.error("range.invalid", f"'{text.text}' is not a range", text.place, help=help_)
            return None, None
        low, high = (None if end is None else float(end) for end in match.groups())
    if low is not None and high is not None and not low <= high:
        place = node.place_of("range" if text is not None else "max")
        message = f"the range {low:g}..{high:g} is empty"
        report.error("range.empty", message, place, help="the lower end comes first")
    return low, high


def ends(low: float | None, high: float | None) -> str:
    """A range as an author writes it."""
    return "..".join("" if end is None else f"{end:g}" for end in (low, high))


def duration(node: MapNode, key: str, report: Diagnostics) -> float | None:
    """The seconds that ``5 min`` under a key mean; reports ``interval.invalid``."""
    text = node.scalar(key)
    if text is None:
        return None
    match = _INTERVAL.fullmatch(text.text)
    if match is None or not float(match[1]):
        help_ = "an interval is a number and ms, s, min, h or d: 5 min"
        report.error("interval.invalid", f"'{text.text}' is not an interval", text.place, help=help_)
        return None
    return float(match[1]) * _SECONDS[match[2]]


def above_zero(node: MapNode, key: str, report: Diagnostics) -> float | None:
    """The number under a key, which must be more than zero; reports ``value.invalid``."""
    number = node.number(key)
    if number is not None and number <= 0:
        message = f"'{key}' must be more than zero, not {number:g}"
        report.error("value.invalid", message, node.place_of(key), help="leave it out where there is none")
        return None
    return None if number is None else float(number)
