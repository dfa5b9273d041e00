from __future__ import annotations

import pytest

from twin.access.assets import Assets, ClaimCode, checked_code, draw_code, plain_code
from twin.errors import InvalidValue
from twin.records import Records


def test_a_code_proves_its_serial_however_it_is_typed(records: Records) -> None:
    assets = Assets(records)
    assets.keep([ClaimCode("a", "SN-1", "7KQM-2FXH-9RTB"), ClaimCode("b", "SN-2", "AAAA-BBBB")])
    assert [assets.proves("SN-1", typed) for typed in ("7KQM-2FXH-9RTB", " 7kqm2fxh 9rtb")] == ["a", "a"]
    for serial, code in (("SN-1", "AAAA-BBBB"), ("SN-1", ""), ("SN-3", "7KQM-2FXH-9RTB"), ("sn-1", "7KQM-2FXH-9RTB")):
        assert assets.proves(serial, code) is None


def test_the_same_serial_has_a_code_with_each_owner(records: Records) -> None:
    assets = Assets(records)
    assets.keep([ClaimCode("a", "SN-1", "first-one"), ClaimCode("b", "SN-1", "second-one")])
    assert (assets.proves("SN-1", "first-one"), assets.proves("SN-1", "second-one")) == ("a", "b")
    assets.forget(["a"])
    assert assets.proves("SN-1", "first-one") is None
    assert assets.coded(["a", "b", "c"]) == {"b"}


def test_a_code_is_drawn_once_unless_it_is_to_be_another(records: Records) -> None:
    assets = Assets(records)
    wanted = [ClaimCode("a", "SN-1", ""), ClaimCode("b", "SN-2", "given-code")]
    (drawn,) = assets.complete(wanted)
    assert assets.proves("SN-1", drawn.code) == "a"
    assert assets.proves("SN-2", "givencode") == "b"
    assert assets.complete(wanted) == []
    (other,) = assets.complete(wanted, renew=True)
    assert other.code != drawn.code
    assert assets.proves("SN-1", drawn.code) is None
    assert drawn.code not in f"{drawn} {drawn!r}"


def test_thousands_are_kept(records: Records) -> None:
    assets = Assets(records)
    drawn = assets.complete(ClaimCode(f"id-{each}", f"SN-{each}", "") for each in range(3000))
    assert len({each.code for each in drawn}) == 3000
    assert len(assets.coded(f"id-{each}" for each in range(4000))) == 3000


def test_a_code_is_not_to_be_guessed() -> None:
    assert len(plain_code(draw_code())) == 12
    assert checked_code("") == ""
    for code in ("1234567", "12-34-56 7", "x" * 101, "1234567\n8"):
        with pytest.raises(InvalidValue) as refused:
            checked_code(code)
        assert refused.value.code_ == "claim.code"
