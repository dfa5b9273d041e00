"""``twin audit``: who did what, and was refused."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import orjson
import pytest

from twin.access.audit import Audit, Deed
from twin.engine import Twin
from twin.engine.home import Home
from twin.records import Records

if TYPE_CHECKING:
    from pathlib import Path

    from tests.twin.cli.conftest import Command


@pytest.fixture
def audit(command: Command, data: Path) -> Command:
    with Twin(data) as twin:
        site = twin.find("flat").id
    records = Records(Home(data).records)
    Audit(records).add(
        [
            Deed(at=1_000_000, action="token.issue", user="ana", client="app", token="t", address="192.0.2.7"),
            Deed(at=2_000_000, action="request", result="scope.insufficient", client="app", detail="GET /x", times=3),
            Deed(at=3_000_000, action="graph.change", user="ana", entity=site, site=site, detail="change title"),
        ]
    )
    records.close()
    return lambda *words: command("audit", *words, "--data", data)


def test_for_people(audit: Command) -> None:
    assert audit().out.splitlines() == [
        "1970-01-01T00:00:01Z  ok               token.issue       ana/app  192.0.2.7",
        "1970-01-01T00:00:02Z  scope.insufficient request           app  GET /x  (3 times)",
        "1970-01-01T00:00:03Z  ok               graph.change      ana  flat  change title",
    ]
    assert audit("--user", "nobody").out == "Nothing was done, and nothing refused.\n"


def test_only_some_of_it(audit: Command) -> None:
    assert [each["action"] for each in audit("--refused", "--json").data] == ["request"]
    assert [each["path"] for each in audit("flat", "--json").data] == ["flat"]
    assert [each["at"] for each in audit("--until", "1970-01-01T00:00:02Z", "--json").data] == ["1970-01-01T00:00:01Z"]
    assert [each["action"] for each in audit("--limit", "1", "--json").data] == ["graph.change"]
    assert audit("attic").refusal == "entity.unknown"


def test_all_of_it_as_lines(audit: Command) -> None:
    found = [orjson.loads(line) for line in audit("--export").out.splitlines()]
    assert [each["id"] for each in found] == [1, 2, 3]
    assert found[0]["token"] == "t"


def test_whether_it_is_whole(audit: Command, data: Path) -> None:
    assert audit("--verify", "--json").data == {"broken": None, "first": 1}
    with sqlite3.connect(Home(data).records) as connection:
        connection.execute("DROP TRIGGER audit_no_update")
        connection.execute("UPDATE audit SET user = 'eve' WHERE id = 2")
    connection.close()
    found = audit("--verify", "--json")
    assert (found.code, found.data) == (1, {"broken": 2, "first": 1})
