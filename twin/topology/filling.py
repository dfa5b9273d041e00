"""What a part says, given names: texts filled, properties worked out, conditions judged. None stands for what is wrong
and has been reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.expressions import OWN_KEYS, ExpressionError, Result, evaluate, iterate, parse_template
from twin.topology.configuring import setting
from twin.topology.parameters import Wrong, argument
from twin.topology.parts import Formula
from twin.topology.spelling import report_expression
from twin.topology.values import fact

if TYPE_CHECKING:
    from twin.graph.model import Scalar as Fact
    from twin.graph.model import Value
    from twin.source import Diagnostics, Scalar
    from twin.topology.checking import Prepared
    from twin.topology.layers import Layer
    from twin.topology.parts import Body, Loop, Part, Text

__all__ = ["Filling", "Frames", "Names"]

Names = dict[str, Result]
"""Parameters and loop variables."""
Frames = tuple[Names | None, ...]
"""Names by layer; None where they cannot be told, which has been reported."""
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

    def filled(self, text: Text, frames: Frames) -> str | None:
        """A text with its expressions worked out."""
        names = frames[text.level]
        if names is None:
            return None
        try:
            return text.pattern.filled(names)
        except ExpressionError as error:
            report_expression(error, text.scalar, self._report)
            return None

    def titles(self, body: Body, frames: Frames) -> dict[str, str]:
        """The title by language."""
        texts = {language: self.filled(text, frames) for language, text in body.title.items()}
        return {language: text for language, text in texts.items() if text is not None}

    def facts(self, prepared: Prepared, frames: Frames) -> dict[str, Fact]:
        """The properties that have a value."""
        facts: dict[str, Fact] = dict(prepared.product)
        for key, text, wanted in prepared.properties:
            names = frames[text.level]
            if names is None:
                continue
            try:
                value = fact(text, wanted, names, self._report)
            except ExpressionError as error:
                report_expression(error, text.scalar, self._report)
                continue
            if value is not None:
                facts[key.text] = value
            elif wanted.required and wanted.default is None and not (text.pattern.constant or key.text in facts):
                message = f"the property '{wanted.name}' must have a value"
                self._report.error("property.missing", message, text.scalar.place)
        return facts

    def settings(self, prepared: Prepared, frames: Frames) -> dict[str, Value]:
        """What configuration points shall be set to."""
        settings: dict[str, Value] = {}
        for one in prepared.settings:
            names = frames[one.setting.level]
            value = None if names is None else setting(one, names, self._report)
            if value is not None:
                settings[one.point.name] = value
        return settings

    def serial(self, text: Text | None, frames: Frames) -> str | None:
        """The declared serial, where there is one."""
        names = None if text is None else frames[text.level]
        if text is None or names is None:
            return None
        try:
            if text.pattern.value(names) is None:
                return None
        except ExpressionError as error:
            report_expression(error, text.scalar, self._report)
            return None
        serial = self.filled(text, frames)
        if serial is not None and not _is_serial(serial):
            help_ = "a serial is one word, without / + # and spaces"
            self._report.error("serial.invalid", f"'{serial[:80]}' cannot be a serial", text.scalar.place, help=help_)
            return None
        return serial

    def frames(self, prepared: Prepared, names: Names, shared: Names) -> Frames:
        """The names of every layer: those around the entry, those of its fragments. ``shared`` are known to all, and
        those of an override; None stands for a layer whose names cannot be told.
        """
        if OWN_KEYS in names:
            shared = {**shared, OWN_KEYS: names[OWN_KEYS]}
        frames: list[Names | None] = []
        for layer in prepared.layers:
            if layer.fragment is None:
                frames.append(names if layer.override is None else shared)
            else:
                frames.append(None if layer.lost or frames[-1] is None else self._inner(layer, tuple(frames), shared))
        return tuple(frames)

    def _inner(self, layer: Layer, frames: Frames, shared: Names) -> Names | None:
        parameters = layer.fragment.parameters if layer.fragment is not None else {}
        values: Names = {name: parameter.default for name, parameter in parameters.items()}
        fits = True
        for parameter, text in layer.arguments:
            names = frames[text.level]
            if names is None:
                return None
            try:
                value = argument(parameter, text, names, self._report)
            except ExpressionError as error:
                report_expression(error, text.scalar, self._report)
                fits = False
                continue
            if isinstance(value, Wrong):
                fits = False
            else:
                values[parameter.name] = value
        return {**shared, **values} if fits else None


def _is_serial(text: str) -> bool:
    """Whether the text may stand in an MQTT topic as one level (MQTT 5, section 4.7)."""
    usual = text.isprintable() and not any(c.isspace() or c in _NOT_IN_TOPICS for c in text)
    return usual and 0 < len(text) <= _MAX_SERIAL
