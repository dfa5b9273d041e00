from __future__ import annotations

from tests.telemetry import balanced
from twin.mqtt.door import Counts
from twin.telemetry.counters import Counters


def test_what_waits_is_pending_until_it_is_worked_in() -> None:
    counts = Counts(received=9, denied=2, dropped=1)
    counters = Counters(counts)
    counters.added = 6
    counters.decoded, counters.undecodable = 3, 1
    counters.fates["applied"], counters.fates["dead"] = 4, 1
    now = counters.now()
    assert balanced(now)
    assert (now["pending"], now["readings"]) == (2, 5)
    settled = counters.settled()
    assert balanced(settled)
    assert (settled["received"], settled["journaled"], settled["pending"]) == (7, 4, 0)


def test_a_restart_goes_on_from_what_was_stored() -> None:
    before = Counters(Counts(received=5, denied=1, dropped=1))
    before.added, before.decoded = 3, 2
    before.fates["late"] = 7
    after = Counters(Counts())
    after.resume(before.settled())
    assert after.now() == before.settled()
    after.replayed, after.decoded, after.undecodable = 1, 2, 1
    assert balanced(after.now())
    assert after.now()["received"] == 5
