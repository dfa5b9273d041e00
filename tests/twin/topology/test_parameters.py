from __future__ import annotations

import pytest

from tests.authoring import find
from twin.errors import AuthoringError
from twin.source import Source
from twin.topology.expand import expand
from twin.topology.template import Template, read_topology

TEXT = """topology: house
version: 1.0.0
uses: { connected-home: ^1.0 }
parameters:
  count: { type: integer, range: 1..9 }
  size: { type: number, range: 0.., default: 1.5 }
  name: { type: string, default: "" }
  lit: { type: boolean, default: false }
  mode: { type: enum, values: [a, b], default: a }
site: { type: Residence, title: "${count} ${size} ${name} ${lit} ${mode}" }
"""


def template() -> Template:
    return read_topology(Source("house.yaml", TEXT), find)


def title(**given: str | float) -> str:
    return expand(template(), None, {"count": 1, **given}).entities[0].title[""]


def test_texts_mean_what_the_type_says() -> None:
    given = {"count": "3", "size": "2.25", "name": "12", "lit": "true", "mode": "b"}
    assert title(**given) == "3 2.25 12 true b"
    assert title(count=3, size=2, name="x", lit=True) == "3 2 x true a"
    assert title() == "1 1.5  false a"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("count", "10"),
        ("count", "0"),
        ("count", "3.5"),
        ("count", "three"),
        ("count", 2.5),
        ("count", True),
        ("count", "9" * 40),
        ("size", "-1"),
        ("size", "inf"),
        ("size", float("nan")),
        ("size", "1e999"),
        ("name", 12),
        ("name", "x" * 2_000),
        ("lit", "yes"),
        ("lit", 1),
        ("mode", "c"),
    ],
)
def test_a_value_that_does_not_fit_is_reported_at_the_declaration(name: str, value: str | float) -> None:
    with pytest.raises(AuthoringError) as caught:
        title(**{name: value})
    (found,) = caught.value.diagnostics
    assert found.code == "parameter.invalid"
    assert TEXT.splitlines()[found.place.line - 1][found.place.column - 1 : found.place.end - 1] == name


def test_missing_and_unknown_parameters_are_reported_together() -> None:
    with pytest.raises(AuthoringError) as caught:
        expand(template(), None, {"cuont": "1"})
    unknown, missing = caught.value.diagnostics
    assert (unknown.code, unknown.help) == ("parameter.unknown", "did you mean 'count'?")
    assert (missing.code, missing.place.line) == ("parameter.missing", 5)
