from __future__ import annotations

from twin.errors import Diagnostic, Place
from twin.source import Source, render


def shown(line: str, column: int, end: int, message: str = "wrong") -> list[str]:
    found = Diagnostic("x.y", message, Place("a.yaml", 1, column, end))
    return render([found], {"a.yaml": Source("a.yaml", line)}, pages=False).splitlines()


def test_a_diagnostic_shows_its_line_the_other_half_and_the_help() -> None:
    text = "thermostat: { setpiont: 20 }"
    found = Diagnostic(
        "point.unknown",
        "'setpiont' is not a configuration point of Thermostat",
        Place("flat.yaml", 1, 15, 23),
        related=((Place("home.yaml", 55, 7, 8), "Thermostat's configuration points: setpoint, mode"),),
        help="did you mean 'setpoint'?",
    )
    assert render([found], {"flat.yaml": Source("flat.yaml", text)}) == (
        "flat.yaml:1:15 point.unknown  'setpiont' is not a configuration point of Thermostat\n"
        "    1 | thermostat: { setpiont: 20 }\n"
        "      |               ^^^^^^^^\n"
        "   home.yaml:55:7  Thermostat's configuration points: setpoint, mode\n"
        "   help: did you mean 'setpoint'?          twin explain point.unknown\n"
    )


def test_a_warning_says_so_and_two_stand_apart() -> None:
    found = Diagnostic("x.y", "odd", Place("a.yaml", 1, 1, 2), severity="warning")
    block = "a.yaml:1:1 warning x.y  odd\n"
    assert render([found, found], pages=False) == f"{block}\n{block}"


def test_the_first_of_each_code_names_its_page() -> None:
    x, y = (Diagnostic(code, "odd", Place("a.yaml", 1, 1, 2)) for code in ("x.y", "y.z"))
    shown = [block.splitlines()[1:] for block in render([x, y, x]).split("\n\n")]
    assert shown == [["   twin explain x.y"], ["   twin explain y.z"], []]


def test_a_long_help_has_its_page_on_the_line_below() -> None:
    found = Diagnostic("x.y", "odd", Place("a.yaml", 1, 1, 2), help="h" * 120)
    assert render([found]).splitlines()[1:] == [f"   help: {'h' * 120}", "   twin explain x.y"]


def test_the_caret_stands_below_wide_characters_and_tabs() -> None:
    assert shown("a: 部屋x", 6, 7)[2] == "      |        ^"
    assert shown("a:\tx", 4, 5)[2] == "      |   \t^"
    assert shown("e\u0301x", 3, 4)[2] == "      |  ^"


def test_a_long_line_is_shown_around_the_mistake() -> None:
    _, line, caret = shown("x" * 400 + "HERE" + "y" * 400, 401, 405)
    assert len(line) < 180
    assert line[caret.index("^") :].startswith("HERE")


def test_nothing_in_a_document_steers_the_terminal() -> None:
    lines = shown("a: \x1b[31m", 4, 5, "\x1b]0;owned\x07")
    assert "\x1b" not in "".join(lines)
    assert "\\x1b[31m" in lines[1]


def test_a_place_outside_the_document_shows_no_line() -> None:
    found = Diagnostic("x.y", "wrong", Place("a.yaml", 99, 1, 2))
    assert render([found], {"a.yaml": Source("a.yaml", "a: 1")}) == "a.yaml:99:1 x.y  wrong\n   twin explain x.y\n"
