"""Commands and events: what a type writes of them itself, over what its lineage hands down.

A redeclared command may answer more, and be told more that may be left out; what it is told already stays as it is, for
who calls it by the parent must be understood. A redeclared event may tell more.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from twin.ontology.compile.amounts import duration
from twin.ontology.compile.judgement import complete, judge
from twin.ontology.compile.narrowing import narrows
from twin.ontology.compile.values import bare, field_of, fields_of, wording
from twin.ontology.model import CommandType, EventType
from twin.source import MapNode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.errors import Place
    from twin.ontology.compile.defaults import Defaults
    from twin.ontology.compile.scope import Scope
    from twin.ontology.compile.specs import Noun, Reader, Root, Spec
    from twin.ontology.model import FieldType, Section
    from twin.source import Diagnostics, Entry, Scalar

__all__ = ["Action", "action_narrows", "action_of", "fill_action", "parts_of", "read_action"]

Made: TypeAlias = "CommandType | EventType"
_PARTS: dict[str, dict[str, Noun]] = {
    "command": {"arguments": "argument", "result": "result"},
    "event": {"fields": "field"},
}


@dataclass(slots=True, eq=False)
class Action:
    """One command or event as one type writes it."""

    name: str
    root: Root
    key: Scalar
    node: MapNode
    owner: str
    """The qualified name of the type that writes it."""
    section: Section | None = None
    depth: int = 0
    wrong: bool = False
    timeout: float | None = None
    parts: dict[str, dict[str, Spec]] = field(default_factory=dict)
    """Its fields by name, under ``arguments`` and ``result``, or ``fields``."""

    @property
    def where(self) -> str:
        """Under which key of a type it stands."""
        return f"{self.root}s"

    def place(self, key: str) -> Place:
        """Where it says such a thing, or its own key."""
        return self.node.place_of(key) if key in self.node else self.key.place


def read_action(entry: Entry, root: Literal["command", "event"], owner: str) -> Action:
    """A command or an event of which only the name has been looked at."""
    node = entry.value if isinstance(entry.value, MapNode) else MapNode({}, entry.value.place)
    return Action(entry.key.text, root, entry.key, node, owner)


def fill_action(action: Action, reader: Reader, report: Diagnostics) -> Action:
    """The same, with all that is written under it."""
    before = len(report)
    action.timeout = duration(action.node, "timeout", report)
    for key, noun in _PARTS[action.root].items():
        action.parts[key] = reader.fields(action, key, noun)
    absent = any(key in action.node and action.node.get(key) is None for key in (*action.parts, "timeout", "optional"))
    action.wrong = action.wrong or absent or len(report) > before or action.node.damaged
    return action


def action_narrows(action: Action, base: Made, holder: str, report: Diagnostics) -> bool:
    """Report the first thing of each part that who knows the parent would not expect; whether there was none."""
    related = [(base.place, f"'{action.name}' of {holder}")]
    sound = True
    if isinstance(base, CommandType) and not base.optional and action.node.flag("optional"):
        message = f"'{action.name}' is always there in the parent, and optional here"
        help_, place = "a subtype may narrow, never widen", action.node.place_of("optional")
        report.error("command.widened", message, place, related=related, help=help_)
        sound = False
    for key, specs in action.parts.items():
        inherited = parts_of(base)[key]
        for name, spec in specs.items():
            if key == "arguments":
                sound = _understood(spec, inherited.get(name), related, report) and sound
            elif name in inherited:
                sound = narrows(spec, inherited[name], holder, report) and sound
    return sound


def _understood(spec: Spec, base: FieldType | None, related: list[tuple[Place, str]], report: Diagnostics) -> bool:
    """Whether who calls the command as the parent has it says enough of an argument, and what it takes."""
    if base is None:
        if spec.node.flag("optional") or "default" in spec.node:
            return True
        message = f"{spec.called} is new here, and must be given"
        help_ = "who calls it by the parent does not know it: make it optional, or give it a default"
    else:
        if replace(bare(field_of(spec, base)), default=None) == replace(bare(base), default=None):
            return True
        message = f"{spec.called} is not what it is in the parent"
        help_ = "who calls it by the parent must be understood: say the same, or add another argument"
    report.error("command.changed", message, spec.key.place, related=related, help=help_)
    return False


def action_of(action: Action, base: Made | None, scope: Scope, defaults: Defaults) -> Made | None:
    """What a declaration and what it inherits make together; None when it does not hold, which has been reported."""
    before, report = len(defaults.report), defaults.report
    inherited = parts_of(base) if base is not None else {}
    made: dict[str, Mapping[str, FieldType]] = {}
    for key, specs in action.parts.items():
        above = inherited.get(key, {})
        sound = [complete(spec, above.get(name), report) for name, spec in specs.items()]
        if not all(sound):
            return None
        made[key] = fields_of(specs, above) or {}
        for name, spec in specs.items():
            judge(spec, made[key][name], scope, report)
    if len(report) > before:
        return None
    filled = {key: defaults.fill_fields(action.parts[key], fields) or {} for key, fields in made.items()}
    return _command(action, base, filled) if action.root == "command" else _event(action, base, filled)


def _command(action: Action, base: Made | None, parts: Mapping[str, Mapping[str, FieldType]]) -> CommandType:
    fresh = CommandType(action.name, {}, {}, None, False, {}, action.owner, action.key.place)
    start = base if isinstance(base, CommandType) else fresh
    return replace(
        start,
        arguments=parts["arguments"],
        result=parts["result"],
        timeout=action.timeout or start.timeout,
        optional=action.node.flag("optional", default=start.optional),
        place=action.key.place,
        **wording(action.node),
    )


def _event(action: Action, base: Made | None, parts: Mapping[str, Mapping[str, FieldType]]) -> EventType:
    fresh = EventType(action.name, {}, {}, action.owner, action.key.place)
    start = base if isinstance(base, EventType) else fresh
    return replace(start, fields=parts["fields"], place=action.key.place, **wording(action.node))


def parts_of(made: Made) -> dict[str, Mapping[str, FieldType]]:
    """Its fields, by the key that they are written under."""
    if isinstance(made, CommandType):
        return {"arguments": made.arguments, "result": made.result}
    return {"fields": made.fields}
