from __future__ import annotations

from structlog.testing import capture_logs

from twin.engine.loading import Told, logged


def test_reading_and_putting_in_order_are_two_halves_of_one_thing() -> None:
    seen: list[tuple[int, int]] = []
    told = Told(lambda done, of: seen.append((done, of)))
    assert told.reading is not None
    told.reading(10_000, 30_000)
    told.reading(30_000, 30_000)
    assert list(told.counted(range(20_000))) == list(range(20_000))
    assert list(told.counted(range(15_000))) == list(range(15_000))
    assert seen == [(10_000, 60_000), (30_000, 60_000), (40_000, 60_000), (50_000, 60_000), (60_000, 60_000)]


def test_nobody_need_be_told() -> None:
    told, items = Told(None), [1, 2]
    assert told.reading is None
    assert told.counted(items) is items


def test_the_log_is_told_now_and_then() -> None:
    times = iter([0.0, 1.0, 6.0, 6.0, 7.0])
    progress = logged(lambda: next(times))
    with capture_logs() as logs:
        for done in (1, 2, 3):
            progress(done, 4)
    assert [(each["event"], each["percent"]) for each in logs] == [("graph.loading", 50)]
