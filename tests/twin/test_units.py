from __future__ import annotations

from functools import cache
from itertools import combinations

import pint
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.errors import InvalidValue
from twin.units import UNITS, compatible, convert, dimension, of_dimension, resolve, suggest

# How pint spells what UCUM spells otherwise. What pint has no word for is left out: [ppth], /min, and the like.
PINT = {
    **{code: code for code in ("K", "W", "mW", "kW", "MW", "J", "kJ", "MJ", "GJ", "Pa", "hPa", "kPa", "mbar", "bar")},
    **{
        code: code
        for code in ("m", "mm", "cm", "km", "L", "mL", "s", "ms", "min", "h", "d", "V", "mV", "kV", "A", "mA")
    },
    **{
        code: code
        for code in ("Hz", "kHz", "kg", "g", "t", "rad", "deg", "m/s", "km/h", "L/s", "L/min", "L/h", "lm", "J/kg")
    },
    "Cel": "degC",
    "[degF]": "degF",
    "1": "dimensionless",
    "%": "percent",
    "[ppm]": "ppm",
    "W.h": "W*h",
    "kW.h": "kW*h",
    "MW.h": "MW*h",
    "[Btu_IT]": "Btu_it",
    "[Btu_IT]/h": "Btu_it/h",
    "W/m2": "W/m**2",
    "kW/m2": "kW/m**2",
    "[psi]": "psi",
    "lx": "lux",
    "klx": "kilolux",
    "[ft_i]": "ft",
    "[in_i]": "inch",
    "m2": "m**2",
    "cm2": "cm**2",
    "[sft_i]": "ft**2",
    "m3": "m**3",
    "[gal_us]": "gallon",
    "[cft_i]": "ft**3",
    "m3/s": "m**3/s",
    "m3/h": "m**3/h",
    "[cft_i]/min": "ft**3/min",
    "[gal_us]/min": "gallon/min",
    "wk": "week",
    "kg/m3": "kg/m**3",
    "g/m3": "g/m**3",
    "mg/m3": "mg/m**3",
    "ug/m3": "ug/m**3",
    "[ft_i]/min": "ft/min",
    "/min": "1/min",
    "Ohm": "ohm",
    "kOhm": "kiloohm",
    "V.A": "V*A",
    "kV.A": "kV*A",
    "bit/s": "bit/s",
    "kbit/s": "kbit/s",
    "Mbit/s": "Mbit/s",
    "By": "byte",
    "kBy": "kbyte",
    "MBy": "Mbyte",
    "Bq/m3": "Bq/m**3",
    "kJ/kg": "kJ/kg",
    "kg/s": "kg/s",
    "kg/h": "kg/h",
    "g/s": "g/s",
}
PAIRS = [(one, other) for one, other in combinations(PINT, 2) if compatible(one, other)]


@cache
def registry() -> pint.UnitRegistry[float]:
    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)


@settings(deadline=None)  # the first example loads pint's registry
@given(st.sampled_from(PAIRS), st.floats(-1e6, 1e6, allow_nan=False))
def test_conversion_is_what_pint_says(pair: tuple[str, str], value: float) -> None:
    for one, other in (pair, pair[::-1]):
        expected = registry().Quantity(value, PINT[one]).to(PINT[other]).magnitude
        assert convert(value, one, other) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(st.sampled_from(PAIRS), st.floats(-1e6, 1e6, allow_nan=False))
def test_there_and_back_is_where_it_was(pair: tuple[str, str], value: float) -> None:
    one, other = pair
    assert convert(convert(value, one, other), other, one) == pytest.approx(value, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize("code", UNITS)
def test_a_unit_is_itself_by_every_spelling(code: str) -> None:
    assert resolve(code) == code
    assert convert(21.57, code, code) == 21.57
    for alias in UNITS[code].aliases:
        assert resolve(alias) == code, alias


def test_no_spelling_means_two_units() -> None:
    spellings = [spelling for unit in UNITS.values() for spelling in (unit.code, *unit.aliases)]
    assert len(spellings) == len(set(spellings))


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("degrees_celsius", "Cel"),
        ("Degrees Celsius", "Cel"),
        ("degrees-celsius", "Cel"),
        ("°C", "Cel"),
        ("kWh", "kW.h"),
        ("kilowatt_hours", "kW.h"),
        ("percent_relative_humidity", "%"),
        ("parts_per_million", "[ppm]"),
        (" lux ", "lx"),
        ("mW", "mW"),
        ("MW", "MW"),
        ("furlong", None),
        ("KW", None),
        ("", None),
    ],
)
def test_payloads_may_spell_units_their_own_way(spelling: str, code: str | None) -> None:
    assert resolve(spelling) == code


def test_what_measures_something_else_is_not_converted() -> None:
    assert not compatible("Cel", "kW")
    assert not compatible("W", "V.A")
    assert not compatible("Cel", "furlong")
    assert not compatible("furlong", "furlong")
    with pytest.raises(InvalidValue) as caught:
        convert(1, "Cel", "kW")
    assert caught.value.code_ == "unit.incompatible"


def test_suggestions_and_dimensions() -> None:
    assert suggest("kWh") == ("kW.h",)
    assert suggest("w") == ("W",)
    assert suggest("degf") == ("[degF]",)
    assert suggest("furlong") == ()
    assert dimension("Cel") == "temperature"
    assert dimension("furlong") is None
    assert of_dimension("temperature")[0] == "Cel"
    assert of_dimension("nothing") == ()
