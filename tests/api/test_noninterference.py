"""Non-interference over the real faces; `make faults ARGS=rights` is the long run of the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.noninterference import World, hold

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.records.close()


@settings(deadline=None, max_examples=2)
@given(st.integers(0, 2**32))
def test_what_a_principal_may_not_see_changes_no_byte_of_its_answers(world: World, seed: int) -> None:
    event("out of sight" if hold(world, seed, steps=8, requests=20) else "all in sight")


def test_something_that_is_told_of_the_hidden_is_found_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test would see a leak: here, positions of the log that are told in the open."""
    monkeypatch.setattr("api.rest.shapes._following", lambda _request, _cursor: f"/?head={world.mirror.head}")
    with pytest.raises(AssertionError, match="seed"):
        [hold(world, seed, steps=5, requests=5) for seed in range(20)]
