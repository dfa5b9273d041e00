"""One message at a time: decoded or not, and for each of its readings exactly one fate, counted.

A message is decoded or undecodable; a decoded one's readings are applied, late, duplicate, quarantined (a source clock
far in the future) or dead. What is undecodable, quarantined or dead becomes a dead letter with its reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import structlog
from orjson import dumps

from twin.graph.readings import Reading, order_head
from twin.telemetry.deadletters import DeadLetter
from twin.telemetry.decode import Undecodable
from twin.telemetry.decode.udmi import pointset
from twin.telemetry.rules import Refused
from twin.telemetry.targets import Nowhere, Targets

if TYPE_CHECKING:
    from twin.state.behind import Behind
    from twin.state.current import Current
    from twin.telemetry.counters import Counters
    from twin.telemetry.decode import Pointset
    from twin.telemetry.journal import JournalMessage
    from twin.telemetry.targets import Graph, Target

__all__ = ["Fates"]

_NAMES = 12
_SHOWN = 80
_log = structlog.get_logger(__name__)


class Fates:
    """Decides what becomes of messages, in the order they are given. ``future`` is how far ahead of its receipt a
    source time may lie (µs).
    """

    def __init__(self, graph: Graph, current: Current, counters: Counters, *, future: int) -> None:
        self.letters: list[DeadLetter] = []
        self._targets = Targets(graph)
        self.current: Current | Behind = current
        """What decides of a reading."""
        self._counters = counters
        self._future = future

    def refresh(self) -> None:
        """Take in how graph and ontology stand; to be called before the first message after either may have changed."""
        self._targets.refresh(self.current.ontology)

    def decide(self, message: JournalMessage) -> None:
        """One message; whatever it holds, the next one is not harmed."""
        counters = self._counters
        try:
            target = self._targets.find(message.topic)
            found = pointset(message.payload)
        except Undecodable as refused:
            counters.undecodable += 1
            self._bury(message, refused.code, refused.why, site=self._targets.site(message.topic))
        except Exception as error:  # noqa: BLE001 - one message's bug must not be every message's
            counters.undecodable += 1
            self._bury(message, *_bug(message, error), site=self._targets.site(message.topic))
        else:
            counters.decoded += 1
            if isinstance(target, Nowhere):
                counters.fates["dead"] += len(found.points)
                self._bury(message, target.code, target.why, site=target.site)
            else:
                self._read(message, target, found)

    def _read(self, message: JournalMessage, target: Target, found: Pointset) -> None:
        """Every reading of a message for a device."""
        (entity, points, names), fates, received = target, self._counters.fates, message.received
        time = received if found.time is None else found.time
        ahead, order, offer = time - received, order_head(0, time, 0), self.current.offer
        for name, datum in found.points.items():
            try:
                value = points[name](datum.value, datum.unit) if name in points else _refuse_unknown(target, name)
                if ahead > self._future:
                    self._bury(message, "time.future", _ahead(ahead), name, entity.site)
                    fates["quarantined"] += 1
                else:
                    reading = Reading(value, time, received, order + dumps(value))
                    fates[offer(entity.id, names.get(name, name) if names else name, reading)] += 1
            except Refused as refused:
                fates["dead"] += 1
                self._bury(message, refused.code, refused.why, name, entity.site)
            except Exception as error:  # noqa: BLE001 - as above, for one reading
                fates["dead"] += 1
                self._bury(message, *_bug(message, error), name, entity.site)

    def _bury(
        self, message: JournalMessage, code: str, why: str, point: str | None = None, site: str | None = None
    ) -> None:
        self.letters.append(DeadLetter(message, code, why, point, site))


def _refuse_unknown(target: Target, name: str) -> NoReturn:
    names = sorted(target.points)
    known = ", ".join(names[:_NAMES]) + (", …" if len(names) > _NAMES else "")
    raise Refused(
        "point.unknown", f"{name[:_SHOWN]!r} is no point of {target.entity.path}, which has {known or 'none'}"
    )


def _ahead(microseconds: int) -> str:
    return f"its source time is {microseconds // 1_000_000} s ahead of its receipt: the source's clock is wrong"


def _bug(message: JournalMessage, error: Exception) -> tuple[str, str]:
    """The code and reason of a letter that is our own fault; the log says more."""
    _log.error("ingest.failed", number=message.number, topic=message.topic, exc_info=error)
    return "ingest.failed", f"the twin failed on it ({type(error).__name__}); its log says more"
