from __future__ import annotations

import re

import pytest

from twin.ontology.versions import RANGE, overlap, satisfies


@pytest.mark.parametrize(
    ("version", "wanted", "fits"),
    [
        ("1.2.3", "^1.0", True),
        ("1.2.3", "^1", True),
        ("2.0.0", "^1.0", False),
        ("1.2.3", "^1.3", False),
        ("0.2.3", "^0.2", True),
        ("0.3.0", "^0.2", False),
        ("0.0.3", "^0.0.3", True),
        ("0.0.4", "^0.0.3", False),
        ("0.9", "^0", True),
        ("1.2.9", "~1.2", True),
        ("1.3.0", "~1.2", False),
        ("1.9", "~1", True),
        ("1.2", "1.2.0", True),
        ("1.2.1", "=1.2", False),
        ("1.5", ">=1.0 <2", True),
        ("2.0", ">=1.0 <2", False),
        ("1.0", ">1.0", False),
        ("1.0", "<=1.0", True),
        ("9.9.9", "*", True),
    ],
)
def test_a_range_of_versions(version: str, wanted: str, *, fits: bool) -> None:
    assert re.fullmatch(RANGE, wanted)
    assert satisfies(version, wanted) is fits


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("^1.0", "^1.4", True),
        ("^1.0", "^2.0", False),
        ("^1.0", "*", True),
        ("*", "*", True),
        (">=1.0 <2", "^2", False),
        ("<=1.2", ">1.2", False),
        (">1.2", ">=1.2.1 <1.3", True),
        ("<1.2", "~1.1", True),
        ("1.2.0", "^1.0", True),
        ("0.2", "^0.3", False),
    ],
)
def test_ranges_may_share_a_version(one: str, other: str, *, both: bool) -> None:
    assert overlap(one, other) is both
    assert overlap(other, one) is both
