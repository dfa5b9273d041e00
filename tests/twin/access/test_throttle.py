from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.access.throttle import Throttle
from twin.errors import TooMany

SECOND = 1_000_000


def tries(throttle: Throttle, name: str, at: int) -> int:
    """How many it lets through now."""
    for done in range(1000):
        try:
            throttle.take(name, at)
        except TooMany:
            return done
    return 1000


def test_a_few_at_once_then_one_by_one() -> None:
    throttle = Throttle(tries=5, seconds=10)
    assert tries(throttle, "ada", 0) == 5
    assert tries(throttle, "ada", 9 * SECOND) == 0
    assert tries(throttle, "ada", 10 * SECOND) == 1
    assert tries(throttle, "ada", 31 * SECOND) == 2
    assert tries(throttle, "bob", 0) == 5


def test_it_says_when_to_come_back() -> None:
    throttle = Throttle(tries=1, seconds=10)
    throttle.take("ada", 0)
    with pytest.raises(TooMany) as caught:
        throttle.take("ada", 3 * SECOND)
    assert caught.value.details["seconds"] == 7
    throttle.take("ada", 10 * SECOND)


def test_who_is_no_guesser_has_them_all_again() -> None:
    throttle = Throttle(tries=3, seconds=10)
    tries(throttle, "ada", 0)
    throttle.give_back("ada")
    assert tries(throttle, "ada", 0) == 3


@given(st.lists(st.integers(0, 20 * SECOND), max_size=60))
def test_no_order_of_tries_gets_more_than_its_share(gaps: list[int]) -> None:
    throttle, at, let = Throttle(tries=4, seconds=10), 0, 0
    for gap in gaps:
        at += gap
        try:
            throttle.take("ada", at)
        except TooMany:
            continue
        let += 1
    assert let <= 4 + at // (10 * SECOND)
