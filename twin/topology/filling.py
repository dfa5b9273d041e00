"""What a part says, given names: texts filled, properties worked out, conditions judged. None stands for what is wrong
and has been reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.expressions import ExpressionError, Result, evaluate, iterate, parse_template
from twin.topology.parts import Formula
from twin.topology.spelling import report_expression
from twin.topology.values import fact

if TYPE_CHECKING:
    from twin.graph.model import Scalar as Fact
    from twin.source import Diagnostics, Scalar
    from twin.topology.checking import Prepared
    from twin.topology.parts import Loop, Part, Text

__all__ = ["Filling", "Names"]

Names = dict[str, Result]
"""Parameters and loop variables."""
_MAX_SERIAL = 128
_NOT_IN_TOPICS = frozenset("/+#")


class Filling:
    """Works texts and expressions out."""

    def __init__(self, report: Diagnostics) -> None:
        self._report = report

    def values(self, loop: Loop, names: Names) -> tuple[Fact, ...] | None:
        """The values of a loop variable."""
        if not isinstance(loop.values, Formula):
            return self._listed(loop.values or (), names)
        try:
            return iterate(loop.values.expression, names)
        except ExpressionError as error:
            report_expression(error, loop.values.scalar, self._report)
            return None

    def _listed(self, scalars: tuple[Scalar, ...], names: Names) -> tuple[Fact, ...] | None:
        values: list[Fact] = []
        for scalar in scalars:
            try:
                value = parse_template(scalar.text).value(names) if isinstance(scalar.value, str) else scalar.value
            except ExpressionError as error:
                report_expression(error, scalar, self._report)
                return None
            if not isinstance(value, str | int | float):
                self._report.error("value.type", "a value of 'each' must be single", scalar.place)
                return None
            values.append(value)
        return tuple(values)

    def wanted(self, part: Part, names: Names) -> bool | None:
        """Whether ``when`` holds."""
        if isinstance(part.when, bool):
            return part.when
        try:
            value = evaluate(part.when.expression, names)
        except ExpressionError as error:
            report_expression(error, part.when.scalar, self._report)
            return None
        if isinstance(value, bool):
            return value
        message = "'when' must be true or false"
        self._report.error(
            "expression.type", message, part.when.scalar.place, help="compare with something: floors > 1"
        )
        return None

    def filled(self, text: Text, names: Names) -> str | None:
        """A text with its expressions worked out."""
        try:
            return text.pattern.filled(names)
        except ExpressionError as error:
            report_expression(error, text.scalar, self._report)
            return None

    def titles(self, part: Part, names: Names) -> dict[str, str]:
        """The title by language."""
        texts = {language: self.filled(text, names) for language, text in part.title.items()}
        return {language: text for language, text in texts.items() if text is not None}

    def facts(self, prepared: Prepared, names: Names) -> dict[str, Fact]:
        """The properties that have a value."""
        facts: dict[str, Fact] = {}
        for key, text, wanted in prepared.properties:
            try:
                value = fact(text, wanted, names, self._report)
            except ExpressionError as error:
                report_expression(error, text.scalar, self._report)
                continue
            if value is not None:
                facts[key.text] = value
            elif wanted.required and not text.pattern.constant:
                message = f"the property '{wanted.name}' must have a value"
                self._report.error("property.missing", message, text.scalar.place)
        return facts

    def serial(self, part: Part, names: Names) -> str | None:
        """The declared serial, where there is one."""
        if part.serial is None:
            return None
        try:
            if part.serial.pattern.value(names) is None:
                return None
        except ExpressionError as error:
            report_expression(error, part.serial.scalar, self._report)
            return None
        serial = self.filled(part.serial, names)
        if serial is not None and not _is_serial(serial):
            help_ = "a serial is one word, without / + # and spaces"
            self._report.error(
                "serial.invalid", f"'{serial[:80]}' cannot be a serial", part.serial.scalar.place, help=help_
            )
            return None
        return serial


def _is_serial(text: str) -> bool:
    """Whether the text may stand in an MQTT topic as one level (MQTT 5, section 4.7)."""
    usual = text.isprintable() and not any(c.isspace() or c in _NOT_IN_TOPICS for c in text)
    return usual and 0 < len(text) <= _MAX_SERIAL
