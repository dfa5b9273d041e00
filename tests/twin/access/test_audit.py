"""The audit: only ever grows, and shows it when somebody made it otherwise."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.access.audit import Audit, Deed, Filter, Reported, deed_of
from twin.graph.model import Actor, Change, ChangeSet, Update
from twin.records import Records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    records = Records(tmp_path / "records.sqlite")
    yield records
    records.close()


@pytest.fixture
def audit(records: Records) -> Audit:
    return Audit(records)


def deed(at: int = 1, **said: object) -> Deed:
    return Deed(at=at, **{"action": "token.issue", **said})  # type: ignore[arg-type]


def changed(sequence: int, op_id: str, *ids: str) -> Change:
    entries = tuple(Update(id=each, fields={"title": "x"}, expected=None) for each in ids)
    actor = Actor("ana", "rest", client="app", token="t1", address="192.0.2.1")
    return Change(
        sequence, ChangeSet(op_id=op_id, actor=actor, at=7, entries=entries, summary="change title", site="s1")
    )


def test_the_newest_first_and_page_by_page(audit: Audit) -> None:
    audit.add(deed(at) for at in range(1, 6))
    first = audit.list(limit=2)
    assert [each.deed.at for each in first] == [5, 4]
    assert [each.deed.at for each in audit.list(before=first[-1].id)] == [3, 2, 1]
    assert [each.deed.at for each in audit.export()] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(), [1, 2, 3, 4]),
        (Filter(since=2, until=4), [2, 3]),
        (Filter(action="token"), [1, 2]),
        (Filter(action="token.issue"), [1]),
        (Filter(action="tok"), []),
        (Filter(user="ana"), [2, 3]),
        (Filter(client="app"), [3]),
        (Filter(entity="e"), [4]),
        (Filter(refused=True), [2]),
        (Filter(refused=False), [1, 3, 4]),
        (Filter(sites=["s"]), [4]),
        (Filter(sites=[]), []),
    ],
)
def test_filters(audit: Audit, wanted: Filter, found: list[int]) -> None:
    audit.add(
        [
            deed(1),
            deed(2, action="token.refuse", result="client.invalid", user="ana"),
            deed(3, action="request", user="ana", client="app"),
            deed(4, action="grant.give", entity="e", site="s"),
        ]
    )
    assert [each.deed.at for each in audit.export(wanted)] == found
    assert [each.deed.at for each in audit.list(wanted)] == found[::-1]


@pytest.mark.parametrize("statement", ["UPDATE audit SET user = 'eve'", "DELETE FROM audit"])
def test_what_is_kept_cannot_be_changed_through_the_database(audit: Audit, records: Records, statement: str) -> None:
    audit.add([deed()])
    with sqlite3.connect(records.path) as connection, pytest.raises(sqlite3.IntegrityError, match="only ever grows"):
        connection.execute(statement)
    connection.close()


@settings(max_examples=20, deadline=None)
@given(count=st.integers(1, 6), which=st.integers(1, 6), how=st.sampled_from(["UPDATE", "DELETE"]))
def test_whoever_changes_it_all_the_same_is_found_out(
    tmp_path_factory: pytest.TempPathFactory, count: int, which: int, how: str
) -> None:
    path = tmp_path_factory.mktemp("audit") / "records.sqlite"
    records = Records(path)
    audit = Audit(records)
    audit.add(deed(at) for at in range(1, count + 1))
    assert audit.verify() is None
    with sqlite3.connect(path) as connection:
        connection.execute(f"DROP TRIGGER audit_no_{how.lower()}")
        said = "UPDATE audit SET user = 'eve'" if how == "UPDATE" else "DELETE FROM audit"
        touched = connection.execute(f"{said} WHERE id = ?", [which]).rowcount
    connection.close()
    last_is_gone = how == "DELETE" and which == count
    assert audit.verify() == (which if touched and not last_is_gone else None)
    records.close()


def test_a_change_of_the_graph_is_about_its_one_entity_or_else_its_site() -> None:
    one, two = deed_of(changed(1, "a", "e1").changeset), deed_of(changed(2, "b", "e1", "e2").changeset)
    assert (one.entity, one.site, two.entity) == ("e1", "s1", "s1")
    assert (one.user, one.client, one.token, one.address) == ("ana", "app", "t1", "192.0.2.1")
    assert (one.action, one.operation, one.detail) == ("graph.change", "a", "change title (rest)")


def test_the_log_is_taken_up_once(audit: Audit) -> None:
    assert audit.reported() == Reported()
    audit.follow("t", [changed(1, "a", "e"), changed(2, "b", "e")])
    assert audit.follow("t", [changed(2, "b", "e"), changed(3, "c", "e")]) == audit.reported() == Reported("t", 3)
    audit.follow("later", [changed(1, "a", "e"), changed(2, "d", "e")])
    assert [each.deed.operation for each in audit.export()] == ["a", "b", "c", "d"]
    assert audit.reported() == Reported("later", 2)
    assert audit.verify() is None


@pytest.mark.parametrize("more", [0, 3])
def test_the_oldest_are_forgotten_and_that_they_were_is_known(audit: Audit, records: Records, more: int) -> None:
    audit.add(deed(at) for at in range(1, 5 + more))
    noted = {each.id: each.digest for each in audit.export()}
    assert audit.trim(1, 50) == 0
    assert (audit.since(), audit.verify()) == (1, None)
    assert audit.trim(4, 50) == 3
    assert (audit.since(), audit.verify()) == (4, None)
    found = list(audit.export())
    assert [each.id for each in found] == list(range(4, 6 + more))
    assert (found[-1].deed.action, found[-1].deed.at) == ("audit.trim", 50)
    assert noted[3] in found[-1].deed.detail
    assert audit.trim(4, 51) == 0
    audit.add([deed(60)])
    assert Audit(records).verify() is None
    assert audit.trim(100, 101) == 3 + more
    assert [each.deed.action for each in audit.export()] == ["audit.trim"]
    assert audit.verify() is None


def test_an_older_record_is_not_forgotten_before_a_younger_one(audit: Audit) -> None:
    audit.add([deed(5), deed(1), deed(9), deed(2)])
    assert audit.trim(6, 50) == 2
    assert [each.deed.at for each in audit.export()] == [9, 2, 50]


def test_who_takes_the_oldest_away_says_so_or_is_found_out(audit: Audit, records: Records) -> None:
    audit.add(deed(at) for at in range(1, 9))
    audit.trim(3, 50)
    third = next(each for each in audit.export() if each.id == 4)
    with sqlite3.connect(records.path) as beside:
        with pytest.raises(sqlite3.IntegrityError, match="its oldest records alone"):
            beside.execute("DELETE FROM audit WHERE id = 5")
        beside.execute("UPDATE audit_trimmed SET until = 4, digest = ?", (third.digest,))
        beside.execute("DELETE FROM audit WHERE id <= 4")
    beside.close()
    assert audit.verify() == 5


def test_an_audit_of_before_can_be_trimmed_too(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    first = Records(path)
    Audit(first).add(deed(at) for at in range(1, 4))
    first.close()
    with sqlite3.connect(path) as older:
        older.execute("DROP TRIGGER audit_no_delete")
        older.execute("DROP TABLE audit_trimmed")
        older.execute("CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'no'); END")
    older.close()
    again = Records(path)
    assert Audit(again).trim(3, 50) == 2
    assert Audit(again).verify() is None
    again.close()
