from __future__ import annotations

import pytest

from twin.errors import AuthoringError, Place
from twin.source import Diagnostics, closest, did_you_mean

HERE, THERE = Place("a.yaml", 1, 1, 2), Place("a.yaml", 9, 1, 2)


def test_one_mistake_is_reported_once() -> None:
    report = Diagnostics()
    report.error("x.y", "first", HERE)
    report.error("x.y", "again", HERE)
    report.error("x.z", "another", HERE)
    assert [found.message for found in report.all] == ["first", "another"]


def test_errors_come_before_warnings_and_then_by_place() -> None:
    report = Diagnostics()
    report.warn("w.w", "warned", HERE)
    report.error("e.e", "later", THERE)
    report.error("e.e", "sooner", HERE)
    assert [found.message for found in report.all] == ["sooner", "later", "warned"]


def test_only_errors_are_raised_and_with_them_everything() -> None:
    report = Diagnostics()
    report.warn("w.w", "warned", HERE)
    report.raise_if_errors()
    report.error("e.e", "wrong", THERE)
    with pytest.raises(AuthoringError) as caught:
        report.raise_if_errors()
    assert caught.value.diagnostics == report.all


def test_the_nearest_name_is_suggested_whatever_its_case() -> None:
    assert closest("setpiont", ["setpoint", "mode"]) == ("setpoint",)
    assert closest("light", ["Light", "Lobby"])[0] == "Light"
    assert closest("xyz", ["setpoint"]) == ()


def test_where_nothing_is_near_all_names_are_listed() -> None:
    assert did_you_mean("xyz", ["b", "a"], "one of") == ("one of: a, b", ())
    assert did_you_mean("xyz", []) == ("", ())
    assert did_you_mean("xyz", [f"n{number:02}" for number in range(20)])[0].endswith("n11, …")


def test_among_thousands_of_names_those_that_begin_alike_are_compared() -> None:
    names = [f"{letter}{number}" for letter in "abc" for number in range(400)]
    assert closest("a3999", names)[0] == "a399"
