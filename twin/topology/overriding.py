"""Which entity each override is about, and what to say of one that is about none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.expressions import ExpressionError
from twin.topology.finding import is_left_out, report_missing
from twin.topology.spelling import report_expression

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.source import Diagnostics
    from twin.topology.filling import Names
    from twin.topology.grown import Grown
    from twin.topology.parts import Override

__all__ = ["Overriding"]


class Overriding:
    """The overrides of a template by path; knows which of them have been taken."""

    def __init__(self, overrides: Iterable[Override], site: str, names: Names, report: Diagnostics) -> None:
        self._report = report
        self._left: dict[str, Override] = {}
        for override in overrides:
            try:
                path = override.path.pattern.filled(names)
            except ExpressionError as error:
                report_expression(error, override.path.scalar, report)
                continue
            self._enter(f"{site}/{path.removeprefix('/')}", override)

    def _enter(self, full: str, override: Override) -> None:
        earlier = self._left.setdefault(full, override)
        if earlier is not override:
            message = f"'{full.partition('/')[2]}' is overridden twice"
            related = [(earlier.path.scalar.place, "the first")]
            place = override.path.scalar.place
            self._report.error("override.duplicate", message, place, related=related, help="make one of the two")

    def take(self, full: str) -> Override | None:
        """What overrides the entity of a path."""
        return self._left.pop(full, None) if self._left else None

    def report_unmatched(self, grown: Grown) -> None:
        """Report every override that no entity took, unless its entity was left out."""
        for full, override in self._left.items():
            if not is_left_out(full, grown) and full not in grown.sprouts:
                place = override.path.scalar.place
                report_missing(full.partition("/")[2], full, place, grown, self._report, [])
