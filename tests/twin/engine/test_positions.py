from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.engine.positions import Position, Positions
from twin.errors import BackendError, Conflict, InvalidValue
from twin.ids import mint

KEY = bytes(range(64))
TIMELINE = mint()
POSITIONS = Positions(KEY)


@given(st.integers(0, 2**63))
def test_a_position_is_read_as_it_was_written(sequence: int) -> None:
    assert POSITIONS.read(POSITIONS.write(Position(TIMELINE, sequence)), TIMELINE) == sequence


def test_no_two_are_alike_so_nothing_can_be_told_from_them() -> None:
    told = {POSITIONS.write(Position(TIMELINE, sequence)) for sequence in (1, 1, 1, 2, 2**40)}
    assert len(told) == 5
    assert len({len(each) for each in told}) == 1


@given(st.text(max_size=100))
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        POSITIONS.read(text, TIMELINE)
    assert refused.value.code_ == "position.invalid"


@given(st.integers(0, 82), st.sampled_from("AZaz09-_"))
def test_a_changed_one_is_refused(place: int, character: str) -> None:
    told = POSITIONS.write(Position(TIMELINE, 7))
    changed = told[:place] + character + told[place + 1 :]
    if changed != told:
        try:
            assert POSITIONS.read(changed, TIMELINE) == 7  # of the last character some bits are unused
            assert place == 82
        except InvalidValue as refused:
            assert refused.code_ == "position.invalid"  # noqa: PT017 - both may be


def test_another_twins_is_refused() -> None:
    with pytest.raises(InvalidValue):
        Positions(KEY[::-1]).read(POSITIONS.write(Position(TIMELINE, 7)), TIMELINE)


def test_one_of_before_a_restore_is_told_from_nonsense() -> None:
    with pytest.raises(Conflict) as refused:
        POSITIONS.read(POSITIONS.write(Position(mint(), 7)), TIMELINE)
    assert refused.value.code_ == "position.foreign"


def test_the_key_is_made_once_and_its_owners_alone(tmp_path: Path) -> None:
    told = Positions.open(tmp_path / "keys").write(Position(TIMELINE, 7))
    assert Positions.open(tmp_path / "keys").read(told, TIMELINE) == 7
    (file,) = (tmp_path / "keys").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_key_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "position").write_bytes(b"short")
    with pytest.raises(BackendError) as caught:
        Positions.open(tmp_path)
    assert caught.value.code_ == "position.key"
