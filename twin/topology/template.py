"""From a topology's YAML to a `Template`: form checked, expressions parsed, names in them known."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from twin.errors import AuthoringError
from twin.expressions import parse_template
from twin.ontology.authoring import read_document, title_of
from twin.source import Diagnostics, Entry, ListNode, MapNode, Scalar, WrongNode, conform
from twin.topology.parameters import read_parameters
from twin.topology.parts import Formula, Loop, Parameter, Part, Template, Text, Use
from twin.topology.shape import TOPOLOGY
from twin.topology.spelling import Spelling
from twin.topology.uses import ontology_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from twin.ontology.model import Kind
    from twin.source import Source

__all__ = ["read_topology"]

_CHILDREN: dict[str, Kind] = {"spaces": "space", "devices": "device", "gateways": "gateway", "views": "view"}


def read_topology(source: Source, find: Callable[[str], Source | None]) -> Template:
    """The template that a document describes. ``find`` gives an ontology document by its name, or None.

    Raises `AuthoringError` when there is no telling what it describes, or when an ontology it uses is wrong; smaller
    mistakes are left in its ``diagnostics``, for `twin.topology.expand.expand` to report together with the rest.
    """
    report = Diagnostics()
    root = read_document(source, "topology", report)
    if root is None:
        raise AuthoringError(report.all)
    node = cast("MapNode", conform(root, TOPOLOGY, report, "the topology", root.entries["topology"].key.place))
    parameters = read_parameters(node, report)
    reader = _Reader(parameters, report)
    site = reader.site(node)
    if node.map("uses") is not None and not node.under("uses") and not report.has_errors:
        help_ = "name the ontology whose types it uses: 'uses: { connected-home: ^1.0 }'"
        report.error("value.invalid", "'uses' names no ontology", node.place_of("uses"), help=help_)
    if site is None or node.text("topology") is None or not node.under("uses"):
        raise AuthoringError(report.all)
    reader.report_unused()
    uses = tuple(_use(entry) for entry in node.under("uses"))
    return Template(
        name=node.text("topology") or "",
        version=node.text("version") or "0",
        title=title_of(node),
        description=title_of(node, "description"),
        uses=uses,
        ontology=ontology_of(uses, find, report),
        parameters=parameters,
        site=site,
        source=source,
        place=node.place_of("topology"),
        diagnostics=report.all,
    )


def _use(entry: Entry) -> Use:
    wanted = entry.value.text if isinstance(entry.value, Scalar) else "*"
    return Use(entry.key.text, wanted, entry.key.place, entry.value.place)


class _Reader:
    """Reads parts; keeps which parameters they speak of."""

    def __init__(self, parameters: dict[str, Parameter], report: Diagnostics) -> None:
        self._parameters = parameters
        self._report = report
        self._spelling = Spelling(parameters, report)

    def site(self, root: MapNode) -> Part | None:
        entry = root.entries.get("site")
        if entry is None or not isinstance(entry.value, MapNode):
            return None
        sections = {name: root.entries[name] for name in _CHILDREN if name in root.entries}
        return self._part("site", entry, MapNode({**entry.value.entries, **sections}, entry.value.place), frozenset())

    def report_unused(self) -> None:
        for name, parameter in self._parameters.items():
            if name not in self._spelling.used and not parameter.broken:
                message = f"the parameter '{name}' is never used"
                help_ = f"use it as ${{{name}}}, or take it away"
                self._report.warn("parameter.unused", message, parameter.key.place, help=help_)

    def _part(self, kind: Kind, entry: Entry, node: MapNode, outer: frozenset[str]) -> Part:
        loops = self._loops(node, outer)
        scope = outer | {loop.name for loop in loops}
        key = self._spelling.text(entry.key, scope if kind != "site" else frozenset())
        parts = tuple(self._parts(node, scope))
        return Part(
            kind=kind,
            key=key or Text(entry.key, parse_template("x")),
            node=node,
            type=node.scalar("type"),
            each=tuple(loops),
            when=self._when(node, scope),
            title=self._title(node, scope),
            properties=tuple(self._pairs(node, "properties", scope)),
            serial=self._spelling.optional(node.scalar("asset"), scope),
            sources=tuple(self._sources(node, scope)),
            relations=tuple((e.key, tuple(self._paths(e, scope))) for e in node.under("relations")),
            members=tuple(self._paths(node.entries.get("members") or node.entries.get("connects"), scope)),
            parts=parts,
            lost=key is None or _broken(node, ("each",)) or any(loop.values is None for loop in loops),
            uncertain=node.damaged or _broken(node, tuple(_CHILDREN)),
        )

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

    def _sources(self, node: MapNode, scope: frozenset[str]) -> Iterator[tuple[Scalar, Text]]:
        for entry in node.under("status"):
            found = entry.value.scalar("from") if isinstance(entry.value, MapNode) else None
            text = self._spelling.optional(found, scope)
            if text is not None:
                yield entry.key, text

    def _paths(self, entry: Entry | None, scope: frozenset[str]) -> Iterator[Text]:
        if entry is None:
            return
        items: Iterable[object] = entry.value.items if isinstance(entry.value, ListNode) else (entry.value,)
        for item in items:
            text = self._spelling.text(item, scope) if isinstance(item, Scalar) else None
            if text is not None:
                yield text


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
