from __future__ import annotations

from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from hypothesis import given
from hypothesis import strategies as st

from twin.telemetry.letternames import KEY_BITS, LetterNames

NAMES, OTHERS = (LetterNames(AESSIV.generate_key(KEY_BITS)) for _ in range(2))


@given(st.integers(0, 2**63 - 1))
def test_a_name_stands_for_its_number_and_says_nothing_of_it(number: int) -> None:
    name = NAMES.of(number)
    assert (NAMES.number(name), NAMES.of(number)) == (number, name)
    assert OTHERS.number(name) is None


@given(st.text(max_size=40))
def test_what_is_no_name_has_no_number(text: str) -> None:
    assert NAMES.number(text) is None
