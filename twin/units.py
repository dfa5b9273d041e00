"""Units: UCUM codes, what they measure, and conversion between those that measure the same.

A unit is an affine pair: ``base = value * scale + offset``, the base being the SI unit of its dimension. Codes are
those of UCUM (the Unified Code for Units of Measure), case-sensitive; ``var``, its multiples and ``dB[mW]``, which UCUM
lacks, are added. Payloads may use other spellings (``degrees_celsius``, ``°C``, ``kWh``), which `resolve` knows;
documents may not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from twin.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "UNITS",
    "Unit",
    "affine",
    "compatible",
    "convert",
    "dimension",
    "of_dimension",
    "resolve",
    "scaled",
    "suggest",
]


@dataclass(frozen=True, slots=True)
class Unit:
    """A UCUM code and its affine pair to the base of its dimension, exactly."""

    code: str
    dimension: str
    scale: Fraction
    offset: Fraction
    aliases: tuple[str, ...]


_FAHRENHEIT = Fraction(5, 9)
_BTU = Fraction("1055.05585262")  # International Table British thermal unit, ISO 31-4
_GALLON = Fraction("0.003785411784")  # US gallon, NIST SP 811
_FOOT = Fraction("0.3048")
_PI = Fraction("3.141592653589793")

# dimension: (code, scale, offset, the other spellings that payloads use, space-separated)
_TABLE: dict[str, tuple[tuple[str, Fraction | int | str, Fraction | int | str, str], ...]] = {
    "temperature": (
        ("Cel", 1, "273.15", "°C ℃ C degC deg_C celsius degrees_celsius degree_celsius"),
        (
            "[degF]",
            _FAHRENHEIT,
            Fraction("459.67") * _FAHRENHEIT,
            "°F ℉ F degF deg_F fahrenheit degrees_fahrenheit degree_fahrenheit",
        ),
        ("K", 1, 0, "kelvin kelvins degrees_kelvin degK"),
    ),
    "ratio": (
        ("%", Fraction(1, 100), 0, "percent percentage pct %RH percent_relative_humidity"),
        ("1", 1, 0, "no_units unitless dimensionless one ratio"),
        ("[ppm]", Fraction(1, 10**6), 0, "ppm parts_per_million"),
        ("[ppth]", Fraction(1, 1000), 0, "per_mille ‰ permille"),
        ("[ppb]", Fraction(1, 10**9), 0, "ppb parts_per_billion"),
    ),
    "power": (
        ("W", 1, 0, "watt watts"),
        ("kW", 1000, 0, "kilowatt kilowatts"),
        ("MW", 10**6, 0, "megawatt megawatts"),
        ("mW", Fraction(1, 1000), 0, "milliwatt milliwatts"),
        ("[Btu_IT]/h", _BTU / 3600, 0, "Btu/h btus_per_hour"),
    ),
    "apparent power": (
        ("V.A", 1, 0, "VA volt_ampere volt_amperes"),
        ("kV.A", 1000, 0, "kVA kilovolt_ampere kilovolt_amperes"),
    ),
    "reactive power": (
        ("var", 1, 0, "VAr VAR volt_ampere_reactive volt_amperes_reactive"),
        ("kvar", 1000, 0, "kVAr kVAR kilovolt_ampere_reactive kilovolt_amperes_reactive"),
    ),
    "reactive energy": (
        ("var.h", 3600, 0, "varh VArh var_hours volt_ampere_hours_reactive"),
        ("kvar.h", 3_600_000, 0, "kvarh kVArh kilovar_hours kilovolt_ampere_hours_reactive"),
    ),
    "energy": (
        ("kW.h", 3_600_000, 0, "kWh kilowatt_hour kilowatt_hours"),
        ("W.h", 3600, 0, "Wh watt_hour watt_hours"),
        ("MW.h", 3_600_000_000, 0, "MWh megawatt_hour megawatt_hours"),
        ("J", 1, 0, "joule joules"),
        ("kJ", 1000, 0, "kilojoule kilojoules"),
        ("MJ", 10**6, 0, "megajoule megajoules"),
        ("GJ", 10**9, 0, "gigajoule gigajoules"),
        ("[Btu_IT]", _BTU, 0, "Btu btu btus"),
    ),
    "irradiance": (
        ("W/m2", 1, 0, "W/m² watts_per_square_meter"),
        ("kW/m2", 1000, 0, "kW/m² kilowatts_per_square_meter"),
    ),
    "pressure": (
        ("Pa", 1, 0, "pascal pascals"),
        ("hPa", 100, 0, "hectopascal hectopascals"),
        ("kPa", 1000, 0, "kilopascal kilopascals"),
        ("mbar", 100, 0, "millibar millibars"),
        ("bar", 10**5, 0, "bars"),
        ("[psi]", "6894.757293168361", 0, "psi pounds_force_per_square_inch"),
    ),
    "illuminance": (("lx", 1, 0, "lux luxes"), ("klx", 1000, 0, "kilolux")),
    "luminous flux": (("lm", 1, 0, "lumen lumens"),),
    "length": (
        ("m", 1, 0, "meter meters metre metres"),
        ("mm", Fraction(1, 1000), 0, "millimeter millimeters millimetres"),
        ("cm", Fraction(1, 100), 0, "centimeter centimeters centimetres"),
        ("km", 1000, 0, "kilometer kilometers kilometres"),
        ("[ft_i]", _FOOT, 0, "ft foot feet"),
        ("[in_i]", _FOOT / 12, 0, "inch inches"),
    ),
    "area": (
        ("m2", 1, 0, "m² sqm square_meter square_meters"),
        ("cm2", Fraction(1, 10**4), 0, "cm² square_centimeters"),
        ("[sft_i]", _FOOT**2, 0, "ft² sqft square_foot square_feet"),
    ),
    "volume": (
        ("m3", 1, 0, "m³ cubic_meter cubic_meters"),
        ("L", Fraction(1, 1000), 0, "l liter liters litre litres"),
        ("mL", Fraction(1, 10**6), 0, "ml milliliter milliliters"),
        ("[gal_us]", _GALLON, 0, "gal gallon gallons us_gallons"),
        ("[cft_i]", _FOOT**3, 0, "ft³ cubic_foot cubic_feet"),
    ),
    "volume flow": (
        ("m3/h", Fraction(1, 3600), 0, "m³/h cubic_meters_per_hour"),
        ("L/s", Fraction(1, 1000), 0, "l/s liters_per_second"),
        ("L/min", Fraction(1, 60_000), 0, "l/min liters_per_minute"),
        ("L/h", Fraction(1, 3_600_000), 0, "l/h liters_per_hour"),
        ("m3/s", 1, 0, "m³/s cubic_meters_per_second"),
        ("[cft_i]/min", _FOOT**3 / 60, 0, "cfm ft³/min cubic_feet_per_minute"),
        ("[gal_us]/min", _GALLON / 60, 0, "gpm us_gallons_per_minute"),
    ),
    "mass flow": (
        ("kg/s", 1, 0, "kilograms_per_second"),
        ("kg/h", Fraction(1, 3600), 0, "kilograms_per_hour"),
        ("g/s", Fraction(1, 1000), 0, "grams_per_second"),
    ),
    "time": (
        ("s", 1, 0, "sec second seconds"),
        ("ms", Fraction(1, 1000), 0, "millisecond milliseconds"),
        ("min", 60, 0, "minute minutes"),
        ("h", 3600, 0, "hour hours hr"),
        ("d", 86_400, 0, "day days"),
        ("wk", 604_800, 0, "week weeks"),
    ),
    "voltage": (
        ("V", 1, 0, "volt volts"),
        ("mV", Fraction(1, 1000), 0, "millivolt millivolts"),
        ("kV", 1000, 0, "kilovolt kilovolts"),
    ),
    "current": (
        ("A", 1, 0, "amp amps ampere amperes"),
        ("mA", Fraction(1, 1000), 0, "milliamp milliamps milliampere milliamperes"),
    ),
    "resistance": (("Ohm", 1, 0, "Ω ohm ohms"), ("kOhm", 1000, 0, "kΩ kiloohm kilohms")),
    "frequency": (
        ("Hz", 1, 0, "hertz"),
        ("kHz", 1000, 0, "kilohertz"),
        ("/min", Fraction(1, 60), 0, "rpm revolutions_per_minute"),
    ),
    "mass": (
        ("kg", 1, 0, "kilogram kilograms"),
        ("g", Fraction(1, 1000), 0, "gram grams"),
        ("t", 1000, 0, "tonne tonnes metric_ton"),
    ),
    "concentration": (
        ("kg/m3", 1, 0, "kg/m³ kilograms_per_cubic_meter"),
        ("g/m3", Fraction(1, 1000), 0, "g/m³ grams_per_cubic_meter"),
        ("mg/m3", Fraction(1, 10**6), 0, "mg/m³ milligrams_per_cubic_meter"),
        ("ug/m3", Fraction(1, 10**9), 0, "µg/m³ μg/m³ µg/m3 micrograms_per_cubic_meter"),
    ),
    "specific energy": (("J/kg", 1, 0, "joules_per_kilogram"), ("kJ/kg", 1000, 0, "kilojoules_per_kilogram")),
    "activity concentration": (("Bq/m3", 1, 0, "Bq/m³ becquerels_per_cubic_meter"),),
    "speed": (
        ("m/s", 1, 0, "meters_per_second"),
        ("km/h", Fraction(5, 18), 0, "kph kilometers_per_hour"),
        ("[ft_i]/min", _FOOT / 60, 0, "ft/min feet_per_minute"),
    ),
    "angle": (
        ("rad", 1, 0, "radian radians"),
        ("deg", _PI / 180, 0, "° degree degrees degrees_angular"),
    ),
    "level": (("dB", 1, 0, "decibel decibels"),),
    "signal": (("dB[mW]", 1, 0, "dBm"),),
    "data rate": (
        ("bit/s", 1, 0, "bps bits_per_second"),
        ("kbit/s", 1000, 0, "kbps kilobits_per_second"),
        ("Mbit/s", 10**6, 0, "Mbps megabits_per_second"),
    ),
    "data": (("By", 1, 0, "byte bytes"), ("kBy", 1000, 0, "kB kilobytes"), ("MBy", 10**6, 0, "MB megabytes")),
}


def _units() -> Iterator[Unit]:
    for name, rows in _TABLE.items():
        for code, scale, offset, aliases in rows:
            yield Unit(code, name, Fraction(scale), Fraction(offset), tuple(aliases.split()))


UNITS: dict[str, Unit] = {unit.code: unit for unit in _units()}
"""Every unit by its code."""
_SEPARATOR = re.compile(r"[ -]")
_ALIASES = {alias: unit.code for unit in UNITS.values() for alias in unit.aliases}
_WORDS = {alias: code for alias, code in _ALIASES.items() if len(alias) > 3 and alias.islower()}  # noqa: PLR2004 - words, not symbols: kW and KW differ


@lru_cache(maxsize=4096)
def resolve(spelling: str) -> str | None:
    """The code that a spelling stands for: itself, a symbol of everyday use, or a word in any case; None if unknown."""
    name = spelling.strip()
    if name in UNITS:
        return name
    return _ALIASES.get(name) or _WORDS.get(_SEPARATOR.sub("_", name.lower()))


def dimension(code: str) -> str | None:
    """What a unit measures (``temperature``), or None when there is no such unit."""
    unit = UNITS.get(code)
    return None if unit is None else unit.dimension


def of_dimension(name: str) -> tuple[str, ...]:
    """The codes that measure it, the usual first."""
    return tuple(row[0] for row in _TABLE.get(name, ()))


def compatible(one: str, other: str) -> bool:
    """Whether values in one unit can be converted to the other. Codes that are unknown fit nothing."""
    found = dimension(one)
    return found is not None and found == dimension(other)


@lru_cache(maxsize=4096)
def affine(from_: str, to: str) -> tuple[float, float]:
    """(factor, offset) of ``to = value * factor + offset``, each rounded once from the exact fraction; raises as
    `convert` does.
    """
    one, other = UNITS.get(from_), UNITS.get(to)
    if one is None or other is None or one.dimension != other.dimension:
        message = f"cannot convert '{from_}' to '{to}'"
        raise InvalidValue(message, code="unit.incompatible", unit=from_, expected=to)
    return float(one.scale / other.scale), float((one.offset - other.offset) / other.scale)


def convert(value: float, from_: str, to: str) -> float:
    """A value in another unit of the same dimension; `InvalidValue` (``unit.incompatible``) when there is no way.

    To 15 significant digits: what comes after them is the arithmetic's and not the sensor's.
    """
    if from_ == to:
        return value
    return scaled(value, *affine(from_, to))


def scaled(value: float, factor: float, offset: float) -> float:
    """``value * factor + offset``, as `convert` rounds it."""
    return float(f"{value * factor + offset:.15g}")


def suggest(spelling: str) -> tuple[str, ...]:
    """Codes that an unknown spelling may have meant, best first."""
    known = resolve(spelling)
    if known is not None:
        return (known,)
    folded = spelling.casefold()
    return tuple(code for code in UNITS if code.casefold() == folded or code.casefold().strip("[]") == folded)
