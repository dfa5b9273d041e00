"""The points and properties of a type: what it writes itself, over what its lineage hands down.

A redeclaration says only what differs, and may only narrow: an app written for a type works with every subtype.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twin.ontology.compile.specs import Spec, numeric, specs_of, titles
from twin.ontology.model import PointType, PropertyType
from twin.units import compatible, dimension, of_dimension

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.ontology.authoring import Declaration
    from twin.ontology.compile.lineage import Lineages
    from twin.ontology.compile.scope import Scope
    from twin.source import Diagnostics

__all__ = ["RESERVED", "Member", "members_of"]

RESERVED = frozenset(
    "id kind type key path site parent title properties points sources serial instance revision children views".split()  # noqa: SIM905 - a list of words reads better
)
"""What every entity has already: no point or property is named so."""


@dataclass(frozen=True, slots=True)
class Member:
    """A point or a property as one type has it, and whose word it is."""

    made: PointType | PropertyType
    holder: str
    """The qualified name of the type or mixin whose redeclaration is in force."""


Members = dict[str, Member | None]
"""By name; None where the declaration is wrong and has been reported."""


def members_of(lineages: Lineages, scope: Scope, report: Diagnostics) -> dict[str, Members]:
    """Every type's members, parents first."""
    found: dict[str, Members] = {}
    for declaration in lineages.order:
        inherited, clashing = _inherited(declaration, lineages, found, report)
        own = dict(inherited)
        for spec in specs_of(declaration, scope, report):
            above = clashing.get(spec.name) or [own[spec.name]] if spec.name in own else []
            own[spec.name] = _member(spec, above, scope, report)
        found[declaration.name] = own
    return found


def _inherited(
    declaration: Declaration,
    lineages: Lineages,
    found: dict[str, Members],
    report: Diagnostics,
) -> tuple[Members, dict[str, list[Member | None]]]:
    """What the parents hand down; and where several hand down different things, all of them."""
    merged: Members = {}
    several: dict[str, list[Member | None]] = {}
    for parent in lineages.parents[declaration.name]:
        for name, member in found[parent].items():
            earlier = merged.setdefault(name, member)
            if earlier is member or earlier is None or member is None:
                merged[name] = earlier and member
            elif _same(earlier, member):
                continue
            elif earlier.holder in lineages.ancestors[member.holder]:
                merged[name] = member
            elif member.holder not in lineages.ancestors[earlier.holder]:
                several.setdefault(name, [earlier]).append(member)
    for name, members in several.items():
        if not _redeclares(declaration, name):
            _report_clash(declaration, name, members, report)
    return merged, several


def _same(one: Member, other: Member) -> bool:
    """Whether two declarations say the same, places and wording aside."""
    mine, theirs = one.made, other.made
    if isinstance(mine, PointType) and isinstance(theirs, PointType):
        return replace(mine, place=theirs.place, title={}, declared_by="") == replace(theirs, title={}, declared_by="")
    if isinstance(mine, PropertyType) and isinstance(theirs, PropertyType):
        return replace(mine, place=theirs.place, title={}) == replace(theirs, title={})
    return False


def _redeclares(declaration: Declaration, name: str) -> bool:
    return any(
        entry.key.text == name
        for section in ("status", "configuration", "properties")
        for entry in declaration.node.under(section)
    )


def _report_clash(declaration: Declaration, name: str, members: list[Member | None], report: Diagnostics) -> None:
    related = [(member.made.place, f"'{name}' of {member.holder}") for member in members if member is not None]
    message = f"{declaration.short} is handed two different '{name}'"
    help_ = f"declare '{name}' in {declaration.short} too, as narrow as both; or rename one"
    report.error("mixin.clash", message, declaration.key.place, related=related, help=help_)


def _member(spec: Spec, above: list[Member | None], scope: Scope, report: Diagnostics) -> Member | None:
    """What a declaration makes of what stands above it; None when either is wrong."""
    if spec.name in RESERVED:
        help_ = "every entity has one already: choose another name"
        report.error("name.reserved", f"'{spec.name}' cannot be the name of a {spec.noun}", spec.key.place, help=help_)
        return None
    inherited = [member for member in above if member is not None]
    if spec.wrong or len(inherited) < len(above) or not all(_narrows(spec, one, report) for one in inherited):
        return None
    base = inherited[0].made if inherited else None
    if base is None and spec.value is None:
        _report_untyped(spec, report)
        return None
    before = len(report)
    made = _point(spec, base) if spec.section is not None else _property(spec, base)
    _judge(spec, made, scope, report)
    return Member(made, spec.owner) if len(report) == before else None


def _point(spec: Spec, base: PointType | PropertyType | None) -> PointType:
    point = base if isinstance(base, PointType) else None
    return PointType(
        name=spec.name,
        section=spec.section or "status",
        value=spec.value or (point.value if point else "number"),
        unit=spec.unit or (point.unit if point else None),
        measures=spec.measures or (point.measures if point else None),
        minimum=spec.minimum if spec.minimum is not None or point is None else point.minimum,
        maximum=spec.maximum if spec.maximum is not None or point is None else point.maximum,
        values=spec.values or (point.values if point else None),
        enum=spec.enum or (point.enum if point and spec.values is None else None),
        every=spec.every or (point.every if point else None),
        optional=spec.node.flag("optional", default=point.optional if point else False),
        title=titles(spec) or (point.title if point else {}),
        declared_by=point.declared_by if point else spec.owner,
        place=spec.key.place,
    )


def _property(spec: Spec, base: PointType | PropertyType | None) -> PropertyType:
    fact = base if isinstance(base, PropertyType) else None
    return PropertyType(
        name=spec.name,
        value=spec.value or (fact.value if fact else "string"),
        unit=spec.unit or (fact.unit if fact else None),
        values=spec.values or (fact.values if fact else None),
        minimum=spec.minimum if spec.minimum is not None or fact is None else fact.minimum,
        maximum=spec.maximum if spec.maximum is not None or fact is None else fact.maximum,
        required=spec.node.flag("required", default=fact.required if fact else False),
        title=titles(spec) or (fact.title if fact else {}),
        place=spec.key.place,
    )


def _narrows(spec: Spec, inherited: Member, report: Diagnostics) -> bool:
    base = inherited.made
    change = _changed(spec, base)
    related = [(base.place, f"'{spec.name}' of {inherited.holder}")]
    if change is not None:
        message = f"'{spec.name}' {change[0]}"
        help_ = "a subtype has what its parents have: rename this, or say the same"
        report.error(f"{spec.noun}.changed", message, spec.place(change[1]), related=related, help=help_)
        return False
    wider = next(iter(_wider(spec, base)), None)
    if wider is not None:
        message = f"'{spec.name}' {wider[0]}"
        help_ = "a subtype may narrow, never widen"
        report.error(f"{spec.noun}.widened", message, spec.place(*wider[1:]), related=related, help=help_)
    return wider is None


def _changed(spec: Spec, base: PointType | PropertyType) -> tuple[str, str] | None:
    section = base.section if isinstance(base, PointType) else None
    if section != spec.section:
        return f"is {_where(section)} in the parent, and {_where(spec.section)} here", ""
    if spec.value not in {None, base.value} and (spec.value, base.value) != ("integer", "number"):
        return f"is of type {base.value} in the parent, and {spec.value} here", "type"
    if spec.unit not in {None, base.unit}:
        return f"is in {base.unit or 'no unit'} in the parent, and in {spec.unit} here", "unit"
    measures = base.measures if isinstance(base, PointType) else None
    if spec.measures is not None and measures not in {None, spec.measures}:
        return f"measures {measures} in the parent, and {spec.measures} here", "measures"
    return None


def _where(section: str | None) -> str:
    return "a property" if section is None else f"under '{section}'"


def _wider(spec: Spec, base: PointType | PropertyType) -> Iterable[tuple[str, ...]]:
    low, high = base.minimum, base.maximum
    if low is not None and spec.minimum is not None and spec.minimum < low:
        yield f"begins at {low:g} in the parent, and at {spec.minimum:g} here", "range", "min"
    if high is not None and spec.maximum is not None and spec.maximum > high:
        yield f"ends at {high:g} in the parent, and at {spec.maximum:g} here", "range", "max"
    extra = set(spec.values or ()) - set(base.values or ())
    if base.values is not None and extra:
        yield f"may be {', '.join(sorted(extra))} here, and not in the parent", "values", "type"
    if isinstance(base, PointType):
        if not base.optional and spec.node.flag("optional"):
            yield "is always there in the parent, and optional here", "optional"
        if base.every is not None and spec.every is not None and spec.every > base.every:
            yield "reports more often in the parent", "every"
    elif base.required and not spec.node.flag("required", default=True):
        yield "is required in the parent, and not here", "required"


def _judge(spec: Spec, made: PointType | PropertyType, scope: Scope, report: Diagnostics) -> None:
    """What must hold once everything inherited is filled in; the first thing that does not is the one reported."""
    if not numeric(made.value):
        _judge_plain(spec, made, scope, report)
        return
    if made.minimum is not None and made.maximum is not None and made.minimum > made.maximum:
        message = f"the range {made.minimum:g}..{made.maximum:g} is empty"
        report.error("range.empty", message, spec.place("range", "min", "max"), help="it must meet the parent's range")
    if isinstance(made, PointType):
        _judge_unit(spec, made, scope, report)


def _report_untyped(spec: Spec, report: Diagnostics) -> None:
    help_ = "add 'type': number, integer, boolean, string, timestamp, or the name of an enum"
    report.error("key.missing", f"the {spec.noun} '{spec.name}' lacks 'type'", spec.key.place, help=help_)


def _judge_plain(spec: Spec, made: PointType | PropertyType, scope: Scope, report: Diagnostics) -> None:
    quantity = scope.quantities[spec.measures][1] if spec.measures else None
    kind = "an enum" if made.value == "enum" else f"a {made.value}"
    if spec.unit is not None:
        message = f"'{spec.name}' is {kind} and has no unit"
        report.error("unit.unexpected", message, spec.place("unit"), help="leave 'unit' out")
    elif spec.minimum is not None or spec.maximum is not None:
        message = f"'{spec.name}' is {kind} and has no range"
        report.error("range.unexpected", message, spec.place("range", "min", "max"), help="leave it out")
    elif quantity is not None and quantity.unit is not None:
        message = f"'{spec.name}' is {kind}, and {quantity.name} is a number"
        help_ = f"use 'type: number' and a unit such as {quantity.unit}"
        report.error(
            "quantity.type",
            message,
            spec.place("type", "measures"),
            related=[(quantity.place, quantity.name)],
            help=help_,
        )


def _judge_unit(spec: Spec, made: PointType, scope: Scope, report: Diagnostics) -> None:
    quantity = scope.quantities[made.measures][1] if made.measures else None
    if made.unit is None:
        if made.value == "number" or (quantity is not None and quantity.unit is not None):
            example = quantity.unit if quantity is not None and quantity.unit else None
            help_ = f"add 'unit: {_quoted(example)}'" if example else "add 'unit'; a plain number is in \"1\""
            message = f"the point '{spec.name}' has no unit"
            report.error("unit.missing", message, spec.place("type"), help=help_)
    elif quantity is not None and quantity.unit is not None and not compatible(made.unit, quantity.unit):
        message = f"point '{spec.name}' is in '{made.unit}', but '{quantity.name}' is measured in '{quantity.unit}'"
        name = dimension(quantity.unit) or ""
        help_ = f"use a unit of {name}: {', '.join(of_dimension(name)[:4])}"
        related = [(quantity.place, quantity.name)]
        report.error("unit.incompatible", message, spec.place("unit", "measures"), related=related, help=help_)


def _quoted(unit: str) -> str:
    return unit if unit[0].isalpha() else f'"{unit}"'
