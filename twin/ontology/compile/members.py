"""The members of a type: points, properties, commands and events. What it writes itself, over what its lineage hands
down.

A redeclaration says only what differs, and may only narrow: an app written for a type works with every subtype. Within
a type a name is one member, whatever its sort: `lacks`, `deprecated` and migrations name members, and no sort.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from twin.ontology.compile.actions import Action, action_narrows, action_of, fill_action, parts_of, read_action
from twin.ontology.compile.defaults import Defaults
from twin.ontology.compile.judgement import complete, judge
from twin.ontology.compile.narrowing import lost, lost_parts, narrows
from twin.ontology.compile.specs import Reader, Spec, blank
from twin.ontology.compile.values import NOWHERE, bare, point_of, property_of
from twin.ontology.model import CommandType, EventType, PointType, PropertyType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twin.ontology.authoring import Declaration
    from twin.ontology.compile.lineage import Lineages
    from twin.ontology.compile.scope import Scope
    from twin.ontology.model import Section
    from twin.source import Diagnostics

__all__ = ["RESERVED", "Made", "Member", "members_of"]

RESERVED = frozenset(
    "id kind type key path site parent title properties points sources serial instance revision children views".split()  # noqa: SIM905 - a list of words reads better
)
"""What every entity has already: no point or property is named so."""
Made: TypeAlias = PointType | PropertyType | CommandType | EventType
V = TypeVar("V", PointType, PropertyType)
_SECTIONS: Mapping[str, Section | None] = {
    "properties": None,
    "status": "status",
    "configuration": "configuration",
}


@dataclass(frozen=True, slots=True)
class Member:
    """A member as one type has it, and whose word it is."""

    made: Made
    holder: str
    """The qualified name of the type or mixin whose redeclaration is in force."""


Members = dict[str, Member | None]
"""By name; None where the declaration is wrong and has been reported."""


def members_of(lineages: Lineages, scope: Scope, report: Diagnostics) -> dict[str, Members]:
    """Every type's members, parents first."""
    found: dict[str, Members] = {}
    for declaration in lineages.order:
        inherited, clashing = _inherited(declaration, lineages, found, report)
        defaults = Defaults(report, declaration.document in scope.loaded.given)
        own = dict(inherited)
        for written in _written(declaration, scope, report):
            name = written.name
            above = clashing.get(name) or [own[name]] if name in own else []
            own[name] = _member(written, above, scope, defaults)
        found[declaration.name] = own
    return found


def _written(declaration: Declaration, scope: Scope, report: Diagnostics) -> Iterator[Spec | Action]:
    """All members that a type writes itself, each name once."""
    reader = Reader(declaration.document, scope, report)
    seen: dict[str, Spec | Action] = {}
    for written in _blank(declaration):
        first = seen.setdefault(written.name, written)
        if first is not written:
            related = [(first.key.place, f"the first '{written.name}'")]
            message = f"{declaration.short} has '{written.name}' twice: one name is one thing"
            report.error("point.clash", message, written.key.place, related=related, help="rename one of the two")
        elif isinstance(written, Spec):
            yield reader.read(written)
        else:
            yield fill_action(written, reader, report)


def _blank(declaration: Declaration) -> Iterator[Spec | Action]:
    for key, section in _SECTIONS.items():
        for entry in declaration.node.under(key):
            yield blank(entry, section, declaration.name)
    for entry in declaration.node.under("commands"):
        yield read_action(entry, "command", declaration.name)
    for entry in declaration.node.under("events"):
        yield read_action(entry, "event", declaration.name)


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
            elif _bare(earlier.made) == _bare(member.made):
                continue
            elif earlier.holder in lineages.ancestors[member.holder]:
                merged[name] = member
            elif member.holder not in lineages.ancestors[earlier.holder]:
                several.setdefault(name, [earlier]).append(member)
    for name, members in several.items():
        if not any(written.name == name for written in _blank(declaration)):
            _report_clash(declaration, name, members, report)
    return merged, several


def _bare(made: Made) -> Made:
    """A member without its wording and its place: what says the same is the same."""
    if isinstance(made, PropertyType):
        return replace(made, place=NOWHERE, title={}, description={}, aligns={})
    if isinstance(made, PointType):
        fields = None if made.fields is None else {name: bare(each) for name, each in made.fields.items()}
        items = None if made.items is None else bare(made.items)
        plain = replace(made, place=NOWHERE, title={}, description={}, aligns={}, declared_by="")
        return replace(plain, fields=fields, items=items)
    parts: Any = {key: {name: bare(each) for name, each in fields.items()} for key, fields in parts_of(made).items()}
    return replace(made, place=NOWHERE, title={}, description={}, declared_by="", **parts)


def _report_clash(declaration: Declaration, name: str, members: list[Member | None], report: Diagnostics) -> None:
    related = [(member.made.place, f"'{name}' of {member.holder}") for member in members if member is not None]
    message = f"{declaration.short} is handed two different '{name}'"
    help_ = f"declare '{name}' in {declaration.short} too, as narrow as both; or rename one"
    report.error("mixin.clash", message, declaration.key.place, related=related, help=help_)


def _member(written: Spec | Action, above: list[Member | None], scope: Scope, defaults: Defaults) -> Member | None:
    """What a declaration makes of what stands above it; None when either is wrong."""
    report = defaults.report
    if isinstance(written, Spec) and written.name in RESERVED:
        help_, message = "every entity has one already: choose another name", f"'{written.name}' cannot be the name"
        report.error("name.reserved", f"{message} of a {written.noun}", written.key.place, help=help_)
        return None
    inherited = [member for member in above if member is not None]
    if written.wrong or len(inherited) < len(above) or not all(_fits(written, one, report) for one in inherited):
        return None
    base = inherited[0].made if inherited else None
    made = _made(written, base, scope, defaults)
    if made is None or any(_report_lost(written, made, other, report) for other in inherited[1:]):
        return None
    return Member(made, written.owner)


def _report_lost(written: Spec | Action, made: Made, other: Member, report: Diagnostics) -> bool:
    """Whether something that one of several parents promises is not kept."""
    if isinstance(made, PointType | PropertyType) and isinstance(other.made, PointType | PropertyType):
        fault = lost(made, other.made)
    elif isinstance(made, CommandType | EventType) and isinstance(other.made, CommandType | EventType):
        pairs = zip(parts_of(made).values(), parts_of(other.made).values(), strict=True)
        fault = next((said for pair in pairs if (said := lost_parts(*pair))), "")
    else:
        return False
    if fault:
        related = [(other.made.place, f"'{written.name}' of {other.holder}")]
        message = f"'{written.name}' must be all that {other.holder} says as well ({fault})"
        help_ = "say that here too: it is filled in from the first parent, and must be as narrow as each"
        report.error("mixin.clash", message, written.key.place, related=related, help=help_)
    return bool(fault)


def _fits(written: Spec | Action, inherited: Member, report: Diagnostics) -> bool:
    """Whether a declaration is of the same sort as what stands above it, and no wider."""
    base, holder = inherited.made, inherited.holder
    if _where(base) != written.where:
        message = f"'{written.name}' is {_under(_where(base))} in the parent, and {_under(written.where)} here"
        help_ = "a subtype has what its parents have: rename this, or say the same"
        related = [(base.place, f"'{written.name}' of {holder}")]
        report.error(f"{written.root}.changed", message, written.key.place, related=related, help=help_)
        return False
    if isinstance(base, PointType | PropertyType):
        return isinstance(written, Spec) and narrows(written, base, holder, report)
    return isinstance(written, Action) and action_narrows(written, base, holder, report)


def _where(made: Made) -> str:
    match made:
        case PointType():
            return made.section
        case PropertyType():
            return "properties"
        case CommandType():
            return "commands"
        case EventType():
            return "events"


def _under(section: str) -> str:
    return "a property" if section == "properties" else f"under '{section}'"


def _made(written: Spec | Action, base: Made | None, scope: Scope, defaults: Defaults) -> Made | None:
    if isinstance(written, Action):
        return action_of(written, base if isinstance(base, CommandType | EventType) else None, scope, defaults)
    of = base if isinstance(base, PointType | PropertyType) else None
    if not complete(written, of, defaults.report):
        return None
    if written.section is None:
        return _judged(written, property_of(written, of if isinstance(of, PropertyType) else None), scope, defaults)
    return _judged(written, point_of(written, of if isinstance(of, PointType) else None), scope, defaults)


def _judged(spec: Spec, made: V, scope: Scope, defaults: Defaults) -> V | None:
    before = len(defaults.report)
    judge(spec, made, scope, defaults.report)
    return defaults.fill(spec, made) if len(defaults.report) == before else None
