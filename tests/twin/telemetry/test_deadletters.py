from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.telemetry import message
from twin.errors import NotFound
from twin.records import Records
from twin.telemetry.deadletters import DeadLetter, DeadLetters

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    opened = Records(tmp_path / "records.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def letters(records: Records) -> DeadLetters:
    return DeadLetters(records)


def letter(
    number: int, code: str = "point.unknown", point: str | None = None, site: str | None = None, size: int = 10
) -> DeadLetter:
    return DeadLetter(message(number, b"a/\xff", b"\x00" * size), code, f"why {number}", point, site)


def numbers(letters: DeadLetters, **filters: object) -> list[tuple[int, str | None]]:
    return [(found.number, found.point) for found in letters.list(**filters)]  # type: ignore[arg-type]


def test_a_letter_says_what_why_from_whom_and_when(letters: DeadLetters) -> None:
    letters.add_many("j", [letter(7, "value.range", "temperature", "site")])
    (found,) = letters.list()
    assert (found.code, found.why, found.point, found.site) == ("value.range", "why 7", "temperature", "site")
    assert (found.journal, found.number, found.sender, found.topic) == ("j", 7, "box", "a/\ufffd")
    assert (found.received, found.size, found.payload) == (1_700_000_000_000_000, 10, None)
    assert letters.show(found.id).payload == b"\x00" * 10


def test_the_newest_come_first_in_pages(letters: DeadLetters) -> None:
    letters.add_many("j", [letter(n, point=p) for n in range(300) for p in ("a", "b")])
    page = letters.list(limit=3)
    assert [(found.number, found.point) for found in page] == [(299, "b"), (299, "a"), (298, "b")]
    assert numbers(letters, limit=2, after=page[-1].id) == [(298, "a"), (297, "b")]
    assert letters.count() == {"point.unknown": 600}


def test_filters_by_code_and_by_site(letters: DeadLetters) -> None:
    letters.add_many("j", [letter(1, "a.b", site="x"), letter(2, "c.d", site="y"), letter(3, "a.b"), letter(4, "a.b")])
    assert numbers(letters, code="a.b") == [(4, None), (3, None), (1, None)]
    assert numbers(letters, sites={"x", "y"}) == [(2, None), (1, None)]
    assert numbers(letters, sites=set()) == []
    assert letters.count() == {"a.b": 3, "c.d": 1}


def test_a_letter_of_another_site_is_as_if_it_were_not_there(letters: DeadLetters) -> None:
    letters.add_many("j", [letter(1, site="x")])
    (found,) = letters.list()
    assert letters.show(found.id, sites={"x"}).number == 1
    refusals = []
    for number, sites in ((found.id, {"y"}), (99, {"y"})):
        with pytest.raises(NotFound) as refused:
            letters.show(number, sites=sites)
        refusals.append((refused.value.code_, refused.value.message.replace(str(number), "N")))
    assert refusals[0] == refusals[1]


def test_writing_a_stretch_again_replaces_it(letters: DeadLetters) -> None:
    letters.add_many("j", [letter(1), letter(2, point="a"), letter(2, point="b"), letter(3)])
    letters.add_many("other", [letter(2)])
    letters.add_many("j", [letter(2, point="a"), letter(4)])
    assert sorted(numbers(letters), key=str) == [(1, None), (2, "a"), (2, None), (4, None)]
    assert (letters.after("j"), letters.after("other"), letters.after("none")) == (5, 3, 0)
    letters.forget("j", 2, 4)
    assert sorted(numbers(letters)) == [(1, None), (2, None), (4, None)]
    for _ in range(2):
        letters.forget("j", 2, 5)
    assert sorted(numbers(letters)) == [(1, None), (2, None)]
    letters.add_many("j", [])
    assert letters.count() == {"point.unknown": 2}
    assert letters.dropped() == 0


def test_the_oldest_are_given_up_and_counted(records: Records) -> None:
    letters = DeadLetters(records, keep=5)
    for number in range(0, 20, 2):
        letters.add_many("j", [letter(number), letter(number + 1)])
    assert [number for number, _ in numbers(letters)] == [19, 18, 17, 16, 15]
    assert letters.dropped() == 15
    again = DeadLetters(records, keep=3)
    again.add_many("j", [letter(20)])
    assert [number for number, _ in numbers(again)] == [20, 19, 18]
    assert again.dropped() == 18


def test_their_size_is_bounded_too(records: Records) -> None:
    letters = DeadLetters(records, keep_bytes=1000)
    letters.add_many("j", [letter(number, size=300) for number in range(4)])
    assert [number for number, _ in numbers(letters)] == [3, 2, 1]
    letters.add_many("j", [letter(4, size=5000)])
    assert [number for number, _ in numbers(letters)] == [4]
    letters.forget("j", 0, 5)
    letters.add_many("j", [letter(5, point=point, size=900) for point in "abc"])
    assert len(letters.list()) == 3
