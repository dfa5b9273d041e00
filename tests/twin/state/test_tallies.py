from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.graph.model import Function
from twin.graph.readings import Reading, order_key
from twin.state.tallies import Tally

numbers = st.floats() | st.integers(-(2**60), 2**60)
parts = st.tuples(st.sampled_from("abc"), st.sampled_from(["one", "two"]))
steps = st.lists(
    st.tuples(parts, st.none() | st.tuples(numbers | st.booleans() | st.text(max_size=1), st.integers(0, 9)))
)


def same(value: float) -> float:
    return value


def reading(value: Any, time: int = 1) -> Reading:
    return Reading(value, time, time + 1, order_key(0, time, 0, value))


def fresh(function: Function, values: dict[tuple[str, str], Any]) -> Any:
    """What a function says, worked out afresh; None where it says nothing."""
    finite = [each for each in values.values() if type(each) in {int, float} and math.isfinite(each)]
    truths = [each for each in values.values() if isinstance(each, bool)]
    match function:
        case "sum" | "avg" if finite:
            exact = sum(map(Fraction, finite)) / (len(finite) if function == "avg" else 1)
            try:
                return float(exact)
            except OverflowError:
                return None
        case "min" | "max" if finite:
            return {"min": min, "max": max}[function](finite)
        case "any" | "all" if truths:
            return {"any": any, "all": all}[function](truths)
        case "count" if values:
            return len({device for (device, _), value in values.items() if value is not False})
    return None


@pytest.mark.parametrize("function", ["sum", "avg", "min", "max", "any", "all", "count"])
@given(steps=steps)
def test_a_tally_says_what_its_function_says_afresh(function: Function, steps: list[Any]) -> None:
    tally, held = Tally(function, whole=False), {}
    for point, said in steps:
        held.pop(point, None)
        if said is None:
            tally.drop(point)
        else:
            tally.put(point, reading(*said), same)
            held[point] = said
        values = {each: value for each, (value, _) in held.items()}
        taken = {each: value for each, value in values.items() if fresh(function, {each: value}) is not None}
        found = tally.reading()
        assert (found and found.value) == fresh(function, values) or (found is None and fresh(function, values) is None)
        if found is not None:
            newest = max(time for each, (_, time) in held.items() if each in taken)
            assert (found.time, found.received) == (newest, newest + 1)
            assert found.order == order_key(0, newest, 0, found.value)


def test_a_sum_does_not_drift() -> None:
    tally = Tally("sum", whole=False)
    for number in range(10_000):
        tally.put(("a", "power"), reading(0.1 * number), same)
        tally.put(("b", "power"), reading(1e16), same)
        tally.drop(("b", "power"))
    assert tally.reading() == reading(0.1 * 9999)


def test_values_come_in_the_tallys_unit_and_may_be_rounded() -> None:
    tally = Tally("avg", whole=True)
    tally.put(("a", "power"), reading(1500), lambda watts: watts / 1000)
    tally.put(("b", "power"), reading(1000), lambda watts: watts / 1000)
    found = tally.reading()
    assert found is not None
    assert (found.value, type(found.value)) == (1, int)
    tally.put(("a", "power"), reading("off"), same)
    tally.put(("b", "power"), reading(1000), lambda _: math.inf)
    assert tally.reading() is None
