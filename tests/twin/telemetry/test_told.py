from __future__ import annotations

import pytest

from twin.telemetry.told import ANY, Asked, asked, fits, topic_of


@pytest.mark.parametrize(
    ("path", "topic"),
    [
        ("hugo", "twin/hugo/readings"),
        ("hugo/flat", "twin/hugo/readings/flat"),
        ("hugo/flat/lamp", "twin/hugo/readings/flat/lamp"),
    ],
)
def test_where_an_entity_is_told_of(path: str, topic: str) -> None:
    assert topic_of(path) == topic
    wanted = asked(topic)
    assert wanted is not None
    assert wanted.path is not None
    assert fits(path, wanted.path)
    assert "/".join((wanted.site, *wanted.place)) == path


@pytest.mark.parametrize(
    ("topic_filter", "found"),
    [
        ("#", Asked(ANY, ("#",))),
        ("twin/#", Asked(ANY, ("#",))),
        ("+/#", Asked(ANY, ("#",))),
        ("twin/+/readings/#", Asked(ANY, ("#",))),
        ("twin/hugo/#", Asked("hugo", ("#",))),
        ("+/hugo/+/flat", Asked("hugo", ("flat",))),
        ("twin/hugo/readings", Asked("hugo", ())),
        ("twin/hugo", Asked("hugo", None)),
        ("twin/hugo/events/#", Asked("hugo", None)),
        ("twin", None),
        ("+", None),
        ("r/hugo/#", None),
        ("$SYS/#", None),
        ("/twin/hugo/#", None),
    ],
)
def test_what_a_filter_is_about(topic_filter: str, found: Asked | None) -> None:
    assert asked(topic_filter) == found


@pytest.mark.parametrize(
    ("path", "wanted", "fit"),
    [
        ("hugo", (), True),
        ("hugo", ("#",), True),
        ("hugo/flat", (), False),
        ("hugo/flat", ("+",), True),
        ("hugo/flat/lamp", ("+",), False),
        ("hugo/flat/lamp", ("+", "lamp"), True),
        ("hugo/flat/lamp", ("flat", "#"), True),
        ("hugo/flat", ("flat", "#"), True),
        ("hugo/flat", ("flat", "lamp"), False),
        ("hugo/room", ("flat", "#"), False),
    ],
)
def test_which_paths_fit(path: str, wanted: tuple[str, ...], *, fit: bool) -> None:
    assert fits(path, wanted) is fit


def test_the_place_of_a_filter_ends_at_its_first_wildcard() -> None:
    found = asked("twin/hugo/readings/floor-1/+/lamp")
    assert found is not None
    assert found.place == ("floor-1",)
