from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from tests.graphs import changeset, entity
from tests.twin.cli.conftest import FLAT, Command
from twin import Twin
from twin.errors import InvalidValue
from twin.graph.model import Actor, Create, Update
from twin.times import time_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A flat, whose kitchen has got another title at 12:00 on the second of January 2030."""
    with Twin(tmp_path / "twin", user="ana") as twin:
        twin.apply(twin.plan(FLAT))
        kitchen = twin.find("flat/kitchen")
        update = Update(id=kitchen.id, fields={"title": {"": "Cookery"}, "properties": {"area": 12}})
        at = time_of("2030-01-02T12:00:00Z")
        twin.commit(changeset(update, actor=Actor("ben", "rest"), at=at, summary="a new kitchen"))
    return tmp_path / "twin"


def test_the_log_says_who_what_when_and_through_what(command: Command, data: Path) -> None:
    said = command("log", "flat/kitchen", "--limit", "1", "--data", data)
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        "#2  2030-01-02T12:00:00Z  ben via rest  a new kitchen",
        "  ~ flat/kitchen: properties, title",
    ]
    whole = command("log", "--data", data).out.splitlines()
    assert whole[0].startswith("#1  ")
    assert "ana via script" in whole[0]
    assert any(line.startswith("  … and ") for line in whole)
    (record,) = command("log", "--by", "ben", "--json", "--data", data).data
    assert record["lines"][0]["fields"] == {"title": {"": "Cookery"}, "properties": {"area": 12}}
    nothing = command("log", "--since", "2031-01-01", "--data", data)
    assert (nothing.code, nothing.out) == (0, "")
    assert "Nothing was changed" in nothing.err


def test_two_moments_are_compared_field_by_field(command: Command, data: Path) -> None:
    said = command("diff", "--at", "1", "--at", "now", "flat/kitchen", "--data", data)
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0] == "~ flat/kitchen"
    assert '    title: nothing -> "Cookery"' in lines
    assert lines[-1] == "0 added, 0 removed, 1 changed; 0 relations"
    found = command("diff", "--at", "2030-01-01", "--at", "#2", "--json", "--data", data).data
    assert (found["from"], found["to"], len(found["altered"])) == (1, 2, 1)
    assert "Nothing is different" in command("diff", "--at", "2", "--at", "2", "--data", data).out


def test_what_cannot_be_compared(command: Command, data: Path) -> None:
    assert command("diff", "--at", "1", "--data", data).code == 64
    assert command("diff", "--at", "1", "--at", "2", "a", "b", "--data", data).code == 64
    assert command("diff", FLAT).code == 64
    assert command("diff", "--at", "9", "--at", "1", "--data", data).refusal == "sequence.unknown"
    assert command("diff", "--at", "soon", "--at", "1", "--data", data).refusal == "moment.invalid"
    assert command("log", "flat/cellar", "--data", data).refusal == "entity.unknown"


def test_the_graph_is_compared_with_its_log(command: Command, data: Path) -> None:
    said = command("check", "--data", data)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("The graph is what its whole log says: ")
    with Twin(data) as twin:
        twin.store.trim(1)
    assert "the log from #1 on" in command("check", "--data", data).out
    with sqlite3.connect(data / "twin.sqlite") as db:
        db.execute("DELETE FROM entities WHERE path = 'flat/kitchen'")
    db.close()
    said = command("check", "--json", "--data", data)
    assert (said.code, said.data["wrong"][0]["missing"]) == (1, 1)


def test_what_is_old_is_forgotten(command: Command, data: Path) -> None:
    assert command("log", "--trim", "2030-01-02", "--data", data).refusal == "trim.recent"
    assert command("log", "--trim", "2001-01-01", "--data", data).out == "Forgot 0 changes; the log is whole.\n"
    assert command("log", "--trim", "soon", "--data", data).refusal == "moment.invalid"


def test_the_log_from_where_it_begins(command: Command, tmp_path: Path) -> None:
    with Twin(tmp_path) as twin:
        for year in range(2020, 2024):
            twin.commit(changeset(Create(entity(f"home-{year}", "site")), at=time_of(f"{year}-01-01")))
    said = command("log", "--trim", "2022-06-01", "--data", tmp_path)
    assert said.out == "Forgot 3 changes; the log is kept since #3, 2022-01-01T00:00:00Z.\n"
    log = command("log", "--data", tmp_path)
    assert log.out.splitlines() == ["#4  2023-01-01T00:00:00Z  ana via tests", "  + home-2023  Home"]
    assert log.err == "What was changed up to #3, 2022-01-01T00:00:00Z, is not kept.\n"
    assert command("diff", "--at", "3", "--at", "now", "--data", tmp_path).out.splitlines()[0] == "+ home-2023  Home"
    for early in ("2", "2021-05-05"):
        refused = command("diff", "--at", early, "--at", "now", "--data", tmp_path)
        assert refused.refusal == "log.trimmed"
        assert "it is kept since sequence 3, 2022-01-01T00:00:00Z" in refused.err


def test_times_without_a_zone_are_utc() -> None:
    assert time_of("1970-01-02") == 86_400_000_000
    assert time_of("1970-01-01T01:00:00+01:00") == 0
    with pytest.raises(InvalidValue):
        time_of("12")
