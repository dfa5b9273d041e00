"""Whether a redeclaration keeps what its parent promises: a subtype may narrow, never widen.

How often readings are announced (``deadband``) and kept (``retention``), what is wished where nobody has said
(``default``), and all wording are free: nothing that is written for the parent depends on them.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from twin.ontology.model import FieldType, PointType, PropertyType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twin.ontology.compile.specs import Spec
    from twin.source import Diagnostics

__all__ = ["Valued", "lost", "lost_parts", "narrows"]

Valued: TypeAlias = "PointType | PropertyType | FieldType"
"""What has values."""
Fault = tuple[str, ...]
"""What is wrong, and the keys that may be to blame."""


def narrows(spec: Spec, base: Valued, holder: str, report: Diagnostics) -> bool:
    """Report the first thing that is changed or wider; whether there was none."""
    related = [(base.place, f"{spec.called} of {holder}")]
    change = next(_changed(spec, base), None)
    if change is not None:
        help_ = "a subtype has what its parents have: rename this, or say the same"
        message = f"{spec.called} {change[0]}"
        report.error(f"{spec.root}.changed", message, spec.place(*change[1:]), related=related, help=help_)
        return False
    wider = next(_wider(spec, base), None)
    if wider is not None:
        message = f"{spec.called} {wider[0]}"
        help_ = "a subtype may narrow, never widen"
        report.error(f"{spec.root}.widened", message, spec.place(*wider[1:]), related=related, help=help_)
        return False
    return isinstance(base, PropertyType) or _parts_narrow(spec, base, holder, report)


def _parts_narrow(spec: Spec, base: PointType | FieldType, holder: str, report: Diagnostics) -> bool:
    inherited: Mapping[str, FieldType] = base.fields or {}
    sound = all(
        narrows(part, inherited[name], holder, report)
        for name, part in (spec.fields or {}).items()
        if name in inherited
    )
    if spec.items is not None and base.items is not None:
        sound = narrows(spec.items, base.items, holder, report) and sound
    return sound


def _changed(spec: Spec, base: Valued) -> Iterator[Fault]:
    if spec.value not in {None, base.value} and (spec.value, base.value) != ("integer", "number"):
        yield f"is of type {base.value} in the parent, and {spec.value} here", "type", "values", "fields", "items"
    if spec.unit not in {None, base.unit}:
        yield f"is in {base.unit or 'no unit'} in the parent, and in {spec.unit} here", "unit"
    if not isinstance(base, PointType):
        return
    if spec.measures is not None and base.measures not in {None, spec.measures}:
        yield f"measures {base.measures} in the parent, and {spec.measures} here", "measures"
    if base.accumulates and not spec.node.flag("accumulates", default=True):
        yield "accumulates in the parent, and not here", "accumulates"


def _wider(spec: Spec, base: Valued) -> Iterator[Fault]:
    low, high = base.minimum, base.maximum
    if low is not None and spec.minimum is not None and spec.minimum < low:
        yield f"begins at {low:g} in the parent, and at {spec.minimum:g} here", "range", "min"
    if high is not None and spec.maximum is not None and spec.maximum > high:
        yield f"ends at {high:g} in the parent, and at {spec.maximum:g} here", "range", "max"
    extra = set(spec.values or ()) - set(base.values or ())
    if base.values is not None and extra:
        yield f"may be {', '.join(sorted(extra))} here, and not in the parent", "values", "type"
    if isinstance(base, PropertyType):
        if base.required and not spec.node.flag("required", default=True):
            yield "is required in the parent, and not here", "required"
    elif not base.optional and spec.node.flag("optional"):
        yield "is always there in the parent, and optional here", "optional"
    if not isinstance(base, FieldType) and base.private and not spec.node.flag("private", default=True):
        yield "is private in the parent, and not here", "private"
    if isinstance(base, PointType):
        yield from _wider_point(spec, base)
    if not isinstance(base, PropertyType) and base.fields is not None and spec.section == "configuration":
        yield from _demanding(spec, base.fields)


def _wider_point(spec: Spec, base: PointType) -> Iterator[Fault]:
    if base.every is not None and spec.every is not None and spec.every > base.every:
        yield "reports more often in the parent", "every"
    if base.step is not None and not _on_grid(spec, base, base.step):
        yield f"goes in steps of {base.step:g} in the parent, which these values are not on", "step", "range"


def _on_grid(spec: Spec, base: PointType, step: float) -> bool:
    """Whether every value of the subtype is one of the parent's: on its grid, which begins at its minimum, or zero."""
    grid = Fraction(str(step))
    wanted = grid if spec.step is None else Fraction(str(spec.step))
    shift = Fraction(str(spec.minimum)) - Fraction(str(base.minimum or 0.0)) if spec.minimum is not None else 0
    return wanted % grid == 0 and shift % grid == 0


def _demanding(spec: Spec, inherited: Mapping[str, FieldType]) -> Iterator[Fault]:
    """A setting that everybody who sets it must know more of."""
    for name, part in (spec.fields or {}).items():
        if name not in inherited and not part.node.flag("optional") and "default" not in part.node:
            yield f"needs '{name}' here, which who sets it by the parent does not give", "fields"


def lost(made: Valued, base: Valued) -> str:
    """What a parent promises and the compiled thing does not keep, in a word; "" when it keeps everything. For a thing
    that is inherited from several parents: it is filled in from the first, and must be as narrow as each.
    """
    fault = _lost_values(made, base) or _lost_flag(made, base)
    if fault or isinstance(made, PropertyType) or isinstance(base, PropertyType):
        return fault
    if made.items is not None and base.items is not None and (fault := lost(made.items, base.items)):
        return f"items: {fault}"
    return lost_parts(made.fields or {}, base.fields or {})


def _lost_values(made: Valued, base: Valued) -> str:
    if (made.value, made.unit) != (base.value, base.unit) and (made.value, base.value) != ("integer", "number"):
        return "type or unit"
    if _beyond(made, base):
        return "range"
    return "words" if base.values is not None and not set(made.values or ()) <= set(base.values) else ""


_PROMISES = {"private": True, "accumulates": True, "required": True, "optional": False}
"""What these say when something can be relied on."""


def _lost_flag(made: Valued, base: Valued) -> str:
    for flag, promised in _PROMISES.items():
        if getattr(base, flag, None) is promised and getattr(made, flag) is not promised:
            return flag
    return ""


def lost_parts(made: Mapping[str, FieldType], base: Mapping[str, FieldType]) -> str:
    """The same, of fields: each that the parent has is there, and as narrow."""
    for name, field in base.items():
        fault = lost(made[name], field) if name in made else "missing"
        if fault:
            return f"'{name}': {fault}"
    return ""


def _beyond(made: Valued, base: Valued) -> bool:
    low = base.minimum is not None and (made.minimum is None or made.minimum < base.minimum)
    return low or (base.maximum is not None and (made.maximum is None or made.maximum > base.maximum))
