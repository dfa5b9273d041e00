"""Measured series as messages again: each sample with its own source time, in the order of time, at a chosen pace.

A series is a text file of ``unix seconds <tab> value`` lines. Samples of one device at one time travel in one message.
"""

from __future__ import annotations

import heapq
import random
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

import orjson

from twin.errors import InvalidValue
from twin.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from twin.graph.model import Scalar

__all__ = ["Message", "disorder", "messages", "samples"]

_MICROSECONDS = 1_000_000
_FRACTION_SENT_TWICE = 0.1


class Message(NamedTuple):
    """One message to send: when its samples were taken (µs), of which device (its path), and its payload."""

    time: int
    device: str
    payload: bytes
    readings: int


def samples(file: Path) -> Iterator[tuple[int, Scalar]]:
    """(µs, value) of each line of a series.

    Raises:
        InvalidValue: a line is not two columns of which the first is a number of seconds.
    """
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            time, _, text = line.strip().partition("\t")
            try:
                yield round(float(time) * _MICROSECONDS), _value(text)
            except (ValueError, OverflowError) as error:
                raise InvalidValue(
                    f"{file}:{number}: {line.strip()[:40]!r} is not 'seconds <tab> value'",
                    code="series.line",
                    help="each line of a series is a unix time in seconds, a tab, and a value",
                ) from error


def _value(text: str) -> Scalar:
    found = orjson.loads(text) if text and (text[0] in "-0123456789" or text in {"true", "false"}) else text
    if not isinstance(found, (str, int, float)) or found == "":
        raise ValueError(text)
    return found


def messages(directory: Path, series: Mapping[str, tuple[str, str]]) -> Iterator[Message]:
    """Every sample of the mapped series, merged by time. ``series``: file name -> (path of the device, point)."""

    def tagged(name: str, device: str, point: str) -> Iterator[tuple[int, str, str, Scalar]]:
        for time, value in samples(directory / name):
            yield time, device, point, value

    sorted_series = [sorted(tagged(name, device, point), key=itemgetter(0)) for name, (device, point) in series.items()]
    merged = heapq.merge(*sorted_series, key=itemgetter(0, 1))
    for (time, device), group in groupby(merged, key=itemgetter(0, 1)):
        points = {point: {"present_value": value} for _, _, point, value in group}
        payload = orjson.dumps({"version": "1.5.7", "timestamp": rfc3339(time), "points": points})
        yield Message(time, device, payload, len(points))


def disorder(ordered: Sequence[Message], seed: int) -> list[Message]:
    """The same messages shuffled, a tenth of them twice: what a twin must end in the same state from."""
    chance = random.Random(seed)  # noqa: S311 - a reproducible shuffle, not a secret
    again = chance.sample(ordered, int(len(ordered) * _FRACTION_SENT_TWICE))
    mixed = [*ordered, *again]
    chance.shuffle(mixed)
    return mixed
