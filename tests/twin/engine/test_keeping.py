"""What is kept in memory, for whom and for how long."""

from __future__ import annotations

from typing import Any

import pytest

from twin.engine import keeping
from twin.engine.keeping import Job, Kept, Shelf
from twin.errors import BackendError, Conflict, NotFound
from twin.graph.model import Delete
from twin.topology.plan import Plan

HOUR = 3_600_000_000


def plan(entries: int = 0) -> Plan:
    gone = tuple(Delete(id=str(number)) for number in range(entries))
    return Plan(topology="t", version="1", site="s", site_id=None, timeline="x", head=0, steps=(), entries=gone)


def kept(name: str, client: str = "me", at: int = 0, entries: int = 0) -> Kept:
    return Kept(id=name, client=client, made=plan(entries), warnings=(), at=at)


def job(name: str, of: str = "p", **more: Any) -> Job:
    return Job(id=name, client="me", plan=of, site="s", total=1, **more)


def names(shelf: Shelf, *wanted: str, client: str = "me", at: int = 0) -> list[str]:
    found = []
    for name in wanted:
        try:
            found.append(shelf.plan(client, name, at).id)
        except NotFound:
            continue
    return found


def test_a_plan_is_kept_for_an_hour_and_for_its_client() -> None:
    shelf = Shelf()
    shelf.keep(kept("p"))
    assert names(shelf, "p", at=HOUR - 1) == ["p"]
    assert names(shelf, "p", at=HOUR) == names(shelf, "p", client="other") == []


def test_the_oldest_plans_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_PLANS_OF_ONE", 2)
    monkeypatch.setattr(keeping, "_PLANS", 3)
    shelf = Shelf()
    for name in "abc":
        shelf.keep(kept(name))
    assert names(shelf, *"abc") == ["b", "c"]
    for name in "xy":
        shelf.keep(kept(name, client="other"))
    assert (names(shelf, *"abc"), names(shelf, *"xy", client="other")) == (["c"], ["x", "y"])


def test_large_plans_make_room_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_ENTRIES", 10)
    shelf = Shelf()
    shelf.keep(kept("a", entries=6))
    shelf.keep(kept("b", entries=6))
    assert names(shelf, "a", "b") == ["b"]
    shelf.keep(kept("huge", entries=60))
    assert names(shelf, "b", "huge") == ["huge"]


def test_a_plan_has_one_job_unless_that_failed() -> None:
    shelf, mine = Shelf(), kept("p")
    assert shelf.keyed(mine, None) is None
    first = job("one")
    shelf.begin(mine, first, "key", 0)
    assert shelf.keyed(mine, None) is shelf.keyed(mine, "key") is shelf.keyed(mine, "new") is first
    first.state, first.error = "failed", BackendError("down")
    assert shelf.keyed(mine, None) is None
    assert shelf.keyed(mine, "key") is first
    with pytest.raises(Conflict) as caught:
        shelf.keyed(kept("q"), "key")
    assert caught.value.code_ == "key.reused"
    assert shelf.keyed(kept("q", client="other"), "key") is None


def test_jobs_that_have_finished_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_JOBS", 2)
    shelf = Shelf()
    shelf.begin(kept("a"), job("old", "a", finished=1), "k", 0)
    shelf.begin(kept("b"), job("busy", "b"), None, 0)
    shelf.begin(kept("c"), job("new", "c"), None, 0)
    assert shelf.job("me", "busy").id == "busy"
    with pytest.raises(NotFound):
        shelf.job("me", "old")
    assert shelf.keyed(kept("a"), "k") is None
    with pytest.raises(NotFound):
        shelf.job("other", "busy")
