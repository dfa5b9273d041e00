"""Parameters: how a topology declares them, and what values given from outside mean."""

from __future__ import annotations

import re
from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, cast, get_args

from twin.expressions import Table, described
from twin.ontology.authoring import title_of
from twin.source import Diagnostics, ListNode, MapNode, Scalar, did_you_mean
from twin.topology.parts import Given, Parameter, ParameterKind
from twin.topology.tables import converted, read_table

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from twin.expressions import Result
    from twin.source import Entry, Source
    from twin.topology.parts import Template, Text

__all__ = ["Wrong", "argument", "bind", "check_name", "read_parameters", "report_unused"]

_KINDS = get_args(ParameterKind)
_RANGE = re.compile(r"\s*([-+]?\d+(?:\.\d+)?)?\s*\.\.\s*([-+]?\d+(?:\.\d+)?)?\s*")
_WORDS = frozenset({"and", "or", "not", "in", "true", "false"})
_MAX_TEXT = 1_000


def read_parameters(root: MapNode, report: Diagnostics) -> dict[str, Parameter]:
    """The parameters that a topology declares."""
    return {entry.key.text: _read(entry, report) for entry in root.map("parameters") or ()}


def _read(entry: Entry, report: Diagnostics) -> Parameter:
    node = entry.value if isinstance(entry.value, MapNode) else MapNode({}, entry.value.place)
    before = len(report)
    kind = _kind(node, report)
    low, high = _range(node, kind, report)
    check_name(entry.key, report)
    values = node.get("values")
    words = (
        tuple(item.text for item in values.items if isinstance(item, Scalar)) if isinstance(values, ListNode) else ()
    )
    if kind == "enum" and "values" not in node:
        help_ = "list its words: 'values: [collective, individual]'"
        report.error("key.missing", f"the enum '{entry.key.text}' lacks 'values'", entry.key.place, help=help_)
    columns = {entry.key.text: entry.value for entry in node.under("columns") if isinstance(entry.value, Scalar)}
    _check_table(entry, node, kind, report)
    wrong = kind is None or len(report) > before or node is not entry.value
    parameter = Parameter(
        name=entry.key.text,
        kind=kind or "string",
        minimum=low,
        maximum=high,
        values=words,
        default=None,
        optional=node.flag("optional"),
        title=title_of(node),
        description=title_of(node, "description"),
        key=entry.key,
        broken=wrong,
        row_key=node.text("key") or "",
        columns=columns,
    )
    default = node.scalar("default")
    return parameter if wrong or default is None else _defaulted(parameter, default, report)


def check_name(key: Scalar, report: Diagnostics) -> None:
    """Refuse a name for a value that no expression could speak of."""
    if key.text in _WORDS:
        message = f"'{key.text}' is a word of expressions: as a name it could not be used"
        report.error("name.reserved", message, key.place, help="choose another name")


def _check_table(entry: Entry, node: MapNode, kind: ParameterKind | None, report: Diagnostics) -> None:
    """A table has a key and columns and no default; nothing else has any."""
    name = entry.key.text
    if kind == "table":
        for key in ("key", "columns"):
            if key not in node and not node.damaged:
                help_ = "name the column of the rows' keys, and the others: 'key: flat, columns: { serial: string }'"
                report.error("key.missing", f"the table '{name}' lacks '{key}'", entry.key.place, help=help_)
        if "default" in node:
            help_ = "leave it out, or say 'optional: true'"
            report.error("default.invalid", "a table has no default", node.place_of("default"), help=help_)
        repeated = node.map("columns")
        if repeated is not None and (twice := repeated.entries.get(node.text("key") or "")) is not None:
            message = f"'{twice.key.text}' is the key of '{name}': it is no column beside it"
            report.error("columns.unexpected", message, twice.key.place, help="leave it out of 'columns'")
        return
    for key in ("key", "columns"):
        if key in node and kind is not None:
            message = f"'{key}' is a table's, and '{name}' is no table"
            report.error("columns.unexpected", message, node.entries[key].key.place, help="leave it out")


def report_unused(parameters: Mapping[str, Parameter], used: Container[str], report: Diagnostics) -> None:
    """Warn of parameters that nothing speaks of."""
    for name, parameter in parameters.items():
        if name not in used and not parameter.broken:
            message = f"the parameter '{name}' is never used"
            report.warn(
                "parameter.unused", message, parameter.key.place, help=f"use it as ${{{name}}}, or take it away"
            )


def _kind(node: MapNode, report: Diagnostics) -> ParameterKind | None:
    word = node.scalar("type")
    if word is None:
        return None
    if word.text not in _KINDS:
        help_, suggestions = did_you_mean(word.text, _KINDS, "one of")
        message = f"a parameter cannot be of type '{word.text}'"
        report.error("type.unknown", message, word.place, help=help_, suggestions=suggestions)
    else:
        return cast("ParameterKind", word.text)
    return None


def _range(node: MapNode, kind: ParameterKind | None, report: Diagnostics) -> tuple[float | None, float | None]:
    text = node.scalar("range")
    if text is None or kind is None:
        return None, None
    if kind not in {"integer", "number"}:
        report.error("range.unexpected", f"a {kind} has no range", text.place, help="leave it out")
        return None, None
    match = _RANGE.fullmatch(text.text)
    if match is None or match.groups() == (None, None):
        help_ = "a range is written with two dots: 1..60"
        report.error("range.invalid", f"'{text.text}' is not a range", text.place, help=help_)
        return None, None
    low, high = (None if end is None else float(end) for end in match.groups())
    if low is not None and high is not None and low > high:
        message = f"the range {low:g}..{high:g} is empty"
        report.error("range.empty", message, text.place, help="the lower end comes first")
    return low, high


def _defaulted(parameter: Parameter, default: Scalar, report: Diagnostics) -> Parameter:
    value = default.value
    wrong = "it is empty" if value is None else _unfit(parameter, value)
    if wrong:
        message = f"the default of '{parameter.name}' does not fit: {wrong}"
        report.error("default.invalid", message, default.place, help=f"give {_wanted(parameter)}")
        return replace(parameter, broken=True)
    return replace(parameter, default=value)


def _wanted(parameter: Parameter) -> str:
    if parameter.kind == "enum":
        return f"one of: {', '.join(parameter.values)}"
    if parameter.kind == "boolean":
        return "true or false"
    noun = {"integer": "a whole number", "number": "a number"}.get(parameter.kind, "a text")
    low, high = parameter.minimum, parameter.maximum
    if low is None and high is None:
        return noun
    return f"{noun} in {'' if low is None else f'{low:g}'}..{'' if high is None else f'{high:g}'}"


def _unfit(parameter: Parameter, value: Given) -> str:
    """Why a value does not fit, or nothing."""
    kinds: dict[str, tuple[type, ...]] = {"integer": (int,), "number": (int, float), "boolean": (bool,)}
    if type(value) not in kinds.get(parameter.kind, (str,)):
        return f"it must be {_wanted(parameter)}"
    if parameter.kind == "enum" and value not in parameter.values:
        return f"it must be {_wanted(parameter)}"
    if isinstance(value, str) and len(value) > _MAX_TEXT:
        return f"it has more than {_MAX_TEXT:,} characters"
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = parameter.minimum, parameter.maximum
        outside = (low is not None and value < low) or (high is not None and value > high) or not isfinite(value)
        return f"it must be {_wanted(parameter)}" if outside else ""
    return ""


def bind(
    template: Template, given: Mapping[str, Given], tables: Mapping[str, Source], report: Diagnostics
) -> dict[str, Result] | None:
    """Every parameter's value; None when one is missing or wrong, or is none of the template's."""
    before = len(report)
    unknown = [name for name in (*given, *tables) if name not in template.parameters]
    if unknown:
        help_, suggestions = did_you_mean(unknown[0], template.parameters, "its parameters")
        message = f"'{template.name}' has no parameter {', '.join(map(repr, unknown))}"
        help_ = help_ or "it has no parameters"
        report.error("parameter.unknown", message, template.place, help=help_, suggestions=suggestions)
    values = {name: _value(one, given, tables, report) for name, one in template.parameters.items()}
    broken = any(parameter.broken for parameter in template.parameters.values())
    return None if broken or len(report) > before else values


def _value(
    parameter: Parameter, given: Mapping[str, Given], tables: Mapping[str, Source], report: Diagnostics
) -> Result:
    name = parameter.name
    if name in (given if parameter.kind == "table" else tables):
        form = f"--table {name}=FILE" if parameter.kind == "table" else f"--set {name}=…"
        message = f"'{name}' is {'a table' if parameter.kind == 'table' else 'no table'}"
        report.error("parameter.invalid", message, parameter.key.place, help=f"give it as {form}")
        return None
    if parameter.kind != "table":
        return _bound(parameter, given, report)
    if name in tables:
        return read_table(parameter, tables[name], report)
    if not parameter.optional and not parameter.broken:
        message = f"the parameter '{name}' has no value"
        help_ = f"give it a CSV file: --table {name}=FILE; or declare it optional"
        report.error("parameter.missing", message, parameter.key.place, help=help_)
    return Table(name, tuple(parameter.columns), {}, optional=True, key=parameter.row_key)


def _bound(parameter: Parameter, given: Mapping[str, Given], report: Diagnostics) -> Result:
    if parameter.name not in given:
        if parameter.default is None and not parameter.optional and not parameter.broken:
            message = f"the parameter '{parameter.name}' has no value"
            help_ = f"give it {_wanted(parameter)}: --set {parameter.name}=…; or declare a default"
            report.error("parameter.missing", message, parameter.key.place, help=help_)
        return parameter.default
    value = converted(parameter.kind, given[parameter.name])
    wrong = "" if parameter.broken else _unfit(parameter, value)
    if wrong:
        message = f"the value of '{parameter.name}' does not fit: {str(value)[:40]!r}"
        report.error("parameter.invalid", message, parameter.key.place, help=f"give {_wanted(parameter)}")
    return value


class Wrong:
    """Stands for a value that does not fit: why has been reported."""


def argument(parameter: Parameter, text: Text, names: Mapping[str, Result], report: Diagnostics) -> Result | Wrong:
    """The value that a use gives to a fragment's parameter, the default where it is nothing; what is wrong is reported
    where it is given.

    Raises `ExpressionError`.
    """
    scalar, related = text.scalar, [(parameter.key.place, f"the parameter '{parameter.name}'")]
    value = scalar.value if text.pattern.constant else text.pattern.value(names)
    if value is None and not text.pattern.constant:
        if parameter.default is None and not parameter.optional:
            message = f"the parameter '{parameter.name}' must have a value"
            report.error("parameter.missing", message, scalar.place, related=related, help=f"give {_wanted(parameter)}")
            return Wrong()
        return parameter.default
    if parameter.kind in {"string", "enum"} and not text.pattern.constant and isinstance(value, int | float):
        value = text.pattern.filled(names)
    if not isinstance(value, str | int | float) or _unfit(parameter, value):
        message = f"'{parameter.name}' cannot be {_shown(value)}"
        help_ = f"give {_wanted(parameter)}"
        if parameter.kind in {"string", "enum"} and isinstance(value, int | float):
            help_ = f'write it in quotes: "{scalar.text}"'
        report.error("parameter.invalid", message, scalar.place, related=related, help=help_)
        return Wrong()
    return value


def _shown(value: Result) -> str:
    return repr(value)[:40] if isinstance(value, str | int | float) else described(value)
