"""Parts and bodies from nodes: texts and expressions parsed where they stand, with every name in them known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from twin.expressions import parse_template
from twin.source import ListNode, MapNode, Scalar, WrongNode
from twin.topology.parameters import check_name
from twin.topology.parts import (
    Body,
    Borrowing,
    Computation,
    Ends,
    Fields,
    Formula,
    Items,
    Loop,
    Override,
    Part,
    Setting,
    Text,
)
from twin.topology.shape import FUNCTIONS, PATH
from twin.topology.spelling import Spelling

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from twin.graph.model import Function
    from twin.ontology.model import Kind
    from twin.source import Diagnostics, Entry, Node
    from twin.topology.parts import Parameter, Rule, Value

__all__ = ["Reader"]

_NAMED = re.compile(r"\$\{\s*([a-z][a-z0-9_]*)")
_CHILDREN: dict[str, Kind] = {"spaces": "space", "devices": "device", "gateways": "gateway", "views": "view"}


class Reader:
    """Reads parts; keeps which parameters they speak of, and which fragments they use."""

    def __init__(self, parameters: Mapping[str, Parameter], report: Diagnostics) -> None:
        self.borrowed: list[Scalar] = []
        """The names of fragments where they are used."""
        self._parameters = parameters
        self._report = report
        self._spelling = Spelling(parameters, report)

    @property
    def used(self) -> set[str]:
        """The names that texts and expressions speak of; those of its fragments are added by who reads them."""
        return self._spelling.used

    def beside(self, parameters: Mapping[str, Parameter]) -> Reader:
        """A reader for a place where these parameters are known as well."""
        return Reader({**self._parameters, **parameters}, self._report)

    def site(self, root: MapNode) -> Part | None:
        """The site, with the sections of the root in it."""
        entry = root.entries.get("site")
        if entry is None or not isinstance(entry.value, MapNode):
            return None
        sections = {name: root.entries[name] for name in _CHILDREN if name in root.entries}
        return self._part("site", entry, MapNode({**entry.value.entries, **sections}, entry.value.place), frozenset())

    def body(self, node: MapNode, scope: frozenset[str] = frozenset()) -> Body:
        """What a map says of an entity, given the loop variables around it."""
        return Body(
            node=node,
            type=node.scalar("type"),
            model=node.scalar("model"),
            title=self._title(node, scope),
            properties=tuple(self._pairs(node, "properties", scope)),
            has=node.words("has"),
            lacks=node.words("lacks"),
            serial=self._spelling.optional(node.scalar("asset"), scope),
            status=tuple(self._status(node, scope)),
            settings=tuple(self._settings(node, scope)),
            roles=tuple(_roles(node)),
            relations=tuple((e.key, self._ends(e, scope)) for e in node.under("relations")),
            members=self._ends(node.entries.get("members") or node.entries.get("connects"), scope),
            rule=self._rule(node, scope),
            parts=tuple(self._parts(node, scope)),
            use=self._borrowing(node, scope),
            uncertain=node.damaged or _broken(node, ("use", *_CHILDREN)),
        )

    def overrides(self, root: MapNode) -> tuple[Override, ...]:
        """What the template says of single entities."""
        found = (self._override(entry) for entry in root.under("overrides"))
        return tuple(one for one in found if one is not None)

    def _override(self, entry: Entry) -> Override | None:
        path = self._spelling.text(entry.key, frozenset())
        written = "${" in entry.key.text or re.fullmatch(PATH[0], entry.key.text)
        if path is None or not written or not isinstance(entry.value, MapNode):
            return None
        node, values = entry.value, entry.value.entries.get("with")
        said = [name for name in node.entries if name != "absent"]
        absent = node.flag("absent")
        if absent and said:
            message = f"'{entry.key.text}' is left out, and '{said[0]}' is given"
            place = node.entries[said[0]].key.place
            related = [(node.place_of("absent"), "left out")]
            self._report.error("override.absent", message, place, related=related, help="take one away")
        arguments = tuple(self._pairs(node, "with", frozenset()))
        plain = MapNode(
            {name: inner for name, inner in node.entries.items() if name != "with"}, node.place, node.damaged
        )
        return Override(
            path=path,
            body=self.body(plain),
            arguments=arguments,
            given=values.key.place if values is not None else None,
            absent=absent,
            damaged=_damaged(node, arguments),
        )

    def _part(self, kind: Kind, entry: Entry, node: MapNode, outer: frozenset[str]) -> Part:
        loops = self._loops(node, outer)
        scope = outer | {loop.name for loop in loops}
        if _broken(node, ("each",)):  # what its key names would have been there
            scope |= frozenset(_NAMED.findall(entry.key.text))
        key = self._spelling.text(entry.key, scope if kind != "site" else frozenset())
        return Part(
            kind=kind,
            key=key or Text(entry.key, parse_template("x")),
            each=tuple(loops),
            when=self._when(node, scope),
            body=self.body(node, scope),
            lost=key is None or _broken(node, ("each",)) or any(loop.values is None for loop in loops),
        )

    def _borrowing(self, node: MapNode, scope: frozenset[str]) -> Borrowing | None:
        word, values = node.scalar("use"), node.entries.get("with")
        if word is None:
            if values is not None and "use" not in node and not node.damaged:
                message = "'with' gives values to the parameters of a fragment, and none is used"
                self._report.error("fragment.missing", message, values.key.place, help="add 'use: FRAGMENT'")
            return None
        self.borrowed.append(word)
        arguments = tuple(self._pairs(node, "with", scope))
        return Borrowing(word, arguments, _damaged(node, arguments))

    def _parts(self, node: MapNode, scope: frozenset[str]) -> Iterator[Part]:
        for section, kind in _CHILDREN.items():
            for entry in node.under(section):
                if isinstance(entry.value, MapNode):
                    yield self._part(kind, entry, entry.value, scope)

    def _loops(self, node: MapNode, outer: frozenset[str]) -> list[Loop]:
        loops: list[Loop] = []
        for entry in node.under("each"):
            scope = outer | {loop.name for loop in loops}
            name = entry.key.text
            if name in scope or name in self._parameters:
                message = f"'{name}' has a meaning here already"
                help_ = "choose another name for the loop variable"
                self._report.error("name.duplicate", message, entry.key.place, help=help_)
            check_name(entry.key, self._report)
            loops.append(Loop(name, entry.key, self._values(entry, scope)))
        return loops

    def _values(self, entry: Entry, scope: frozenset[str]) -> Formula | tuple[Scalar, ...] | None:
        if isinstance(entry.value, ListNode):
            return tuple(item for item in entry.value.items if isinstance(item, Scalar))
        return self._spelling.formula(entry.value, scope) if isinstance(entry.value, Scalar) else None

    def _when(self, node: MapNode, scope: frozenset[str]) -> Formula | bool:
        found = node.scalar("when")
        if found is None:
            return "when" not in node
        if isinstance(found.value, bool):
            return found.value
        formula = self._spelling.formula(found, scope)
        return False if formula is None else formula

    def _title(self, node: MapNode, scope: frozenset[str]) -> dict[str, Text]:
        found = node.get("title")
        if isinstance(found, Scalar):
            text = self._spelling.text(found, scope)
            return {} if text is None else {"": text}
        pairs = self._pairs(node, "title", scope)
        return {key.text: text for key, text in pairs}

    def _pairs(self, node: MapNode, section: str, scope: frozenset[str]) -> Iterator[tuple[Scalar, Text]]:
        for entry in node.under(section):
            text = self._spelling.text(entry.value, scope) if isinstance(entry.value, Scalar) else None
            if text is not None:
                yield entry.key, text
        if section == "properties" and (zone := node.entries.get("timezone")) is not None:
            text = self._spelling.text(zone.value, scope) if isinstance(zone.value, Scalar) else None
            if text is not None:
                yield zone.key, text

    def _status(self, node: MapNode, scope: frozenset[str]) -> Iterator[tuple[Scalar, Text | Computation]]:
        for entry in node.under("status"):
            if not isinstance(entry.value, MapNode) or self._contradicts(entry.value):
                continue
            text = self._spelling.optional(entry.value.scalar("from"), scope)
            computation = self._computation(entry.value, scope)
            if text is not None:
                yield entry.key, text
            elif computation is not None:
                yield entry.key, computation

    def _computation(self, node: MapNode, scope: frozenset[str]) -> Computation | None:
        name = next((name for name in FUNCTIONS if node.scalar(name) is not None), None)
        over = node.get("over")
        rule = self._rule(over, scope) if isinstance(over, MapNode) else None
        quantity = node.scalar(name) if name is not None else None
        if name is None or quantity is None or ("over" in node and rule is None):
            return None
        return Computation(cast("Function", name), node.entries[name].key, quantity, rule)

    def _contradicts(self, node: MapNode) -> bool:
        """Report a point that is said to come from two things."""
        wanted = {"from", *FUNCTIONS} | ({"over"} if "from" in node else set())
        ways = [name for name in node.entries if name in wanted]
        if len(ways) > 1:
            first, second = (node.entries[name].key for name in ways[:2])
            message = f"'{first.text}' says where the point comes from, and so does '{second.text}'"
            related = [(first.place, "the first")]
            help_ = "take one away: a point has one source"
            self._report.error("point.contradiction", message, second.place, related=related, help=help_)
        return len(ways) > 1

    def _settings(self, node: MapNode, scope: frozenset[str]) -> Iterator[tuple[Scalar, Setting]]:
        for entry in node.under("configuration"):
            value = self._value(entry.value, scope)
            if value is not None:
                yield entry.key, Setting(value)

    def _value(self, node: Node, scope: frozenset[str]) -> Value | None:
        if isinstance(node, Scalar):
            return self._spelling.text(node, scope)
        if isinstance(node, ListNode):
            items = [self._value(item, scope) for item in node.items]
            known = tuple(item for item in items if item is not None)
            return Items(known, node.place) if len(known) == len(items) else None
        if isinstance(node, MapNode):
            pairs = [(entry.key, self._value(entry.value, scope)) for entry in node]
            fields = tuple((key, value) for key, value in pairs if value is not None)
            return Fields(fields, node.place) if len(fields) == len(pairs) else None
        return None

    def _rule(self, node: MapNode, scope: frozenset[str]) -> Rule | None:
        scalar = node.scalar("rule")
        return None if scalar is None else self._spelling.rule(scalar, scope)

    def _ends(self, entry: Entry | None, scope: frozenset[str]) -> Ends:
        if entry is None:
            return Ends()
        if isinstance(entry.value, MapNode):
            return Ends(rule=self._rule(entry.value, scope))
        return Ends(tuple(self._paths(entry, scope)))

    def _paths(self, entry: Entry, scope: frozenset[str]) -> Iterator[Text]:
        items: Iterable[object] = entry.value.items if isinstance(entry.value, ListNode) else (entry.value,)
        for item in items:
            text = self._spelling.text(item, scope) if isinstance(item, Scalar) else None
            if text is not None:
                yield text


def _roles(node: MapNode) -> Iterator[tuple[Scalar, Scalar]]:
    for entry in node.under("roles"):
        word = entry.value.scalar("role") if isinstance(entry.value, MapNode) else None
        if word is not None:
            yield entry.key, word


def _damaged(node: MapNode, arguments: tuple[tuple[Scalar, Text], ...]) -> bool:
    """Whether a value under ``with`` could not be read."""
    values = node.entries.get("with")
    written = len(values.value.entries) if values is not None and isinstance(values.value, MapNode) else 0
    return _broken(node, ("with",)) or len(arguments) < written


def _broken(node: MapNode, sections: Iterable[str]) -> bool:
    """Whether one of these sections, or an entry of one, could not be read."""
    for section in sections:
        entry = node.entries.get(section)
        if entry is None:
            continue
        if isinstance(entry.value, WrongNode):
            return True
        if isinstance(entry.value, MapNode) and any(isinstance(inner.value, WrongNode) for inner in entry.value):
            return True
    return False
