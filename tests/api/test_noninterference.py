"""Non-interference over the real faces; `make faults ARGS=rights` is the long run of the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.noninterference import Builders, World, hold, keep_apart
from twin.access.visibility import Access
from twin.graph import query

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.records.close()


@pytest.fixture(scope="module")
def builders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builders]:
    made = Builders(tmp_path_factory.mktemp("builders"))
    yield made
    made.records.close()


@settings(deadline=None, max_examples=2)
@given(st.integers(0, 2**32))
def test_what_a_principal_may_not_see_changes_no_byte_of_its_answers(world: World, seed: int) -> None:
    event("out of sight" if hold(world, seed, steps=2, requests=5) else "all in sight")


def test_something_that_is_told_of_the_hidden_is_found_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test would see a leak: here, positions of the log that are told in the open."""
    monkeypatch.setattr("api.rest.shapes._following", lambda _request, _cursor: f"/?head={world.mirror.head}")
    with pytest.raises(AssertionError, match="seed"):
        [hold(world, seed, steps=1, requests=5) for seed in range(5)]


def test_neighbours_that_are_told_although_they_are_hidden_are_found_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In few seeds, by asking in another world alone."""
    related = query.related
    monkeypatch.setattr(query, "related", lambda *given, **more: related(*map(_open, given), **more))
    with pytest.raises(AssertionError, match="another world"):
        [hold(world, seed, steps=0, requests=0) for seed in range(5)]


def _open(given: Any) -> Any:
    """Everything, in place of what may be seen."""
    return None if isinstance(given, Access) else given


@settings(deadline=None, max_examples=2)
@given(st.integers(0, 2**32))
def test_plans_are_the_same_whatever_goes_on_at_other_sites(builders: Builders, seed: int) -> None:
    event("planned" if keep_apart(builders, seed, requests=20) else "all refused")


def test_a_plan_that_tells_of_other_sites_is_found_out(builders: Builders, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here, how many changes there were, whoever made them."""
    monkeypatch.setattr("api.planning.summary", lambda kept: kept.made.summary)
    with pytest.raises(AssertionError, match="seed"):
        [keep_apart(builders, seed, requests=10) for seed in range(5)]
