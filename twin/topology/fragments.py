"""Fragments: what several entities have in common, said once, with parameters; used by name, also by one another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twin.source import MapNode, did_you_mean
from twin.topology.parameters import read_parameters, report_unused
from twin.topology.parts import Fragment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twin.source import Diagnostics, Entry, Scalar
    from twin.topology.reading import Reader

__all__ = ["read_fragments"]

_Uses = dict[str, list["Scalar"]]
"""By the name of a fragment: where it uses others."""


def read_fragments(root: MapNode, reader: Reader, report: Diagnostics) -> dict[str, Fragment]:
    """The fragments of a topology. ``reader`` has read everything else, and learns what they speak of."""
    uses: _Uses = {}
    declared = {entry.key.text: entry for entry in root.map("fragments") or ()}
    found = {name: _read(entry, reader, uses, report) for name, entry in declared.items()}
    for word in [*reader.borrowed, *(word for words in uses.values() for word in words)]:
        if word.text not in found:
            help_, suggestions = did_you_mean(word.text, found, "fragments")
            message = f"no fragment is named '{word.text}'"
            help_ = help_ or "declare it under 'fragments'"
            report.error("fragment.unknown", message, word.place, help=help_, suggestions=suggestions)
    circular = _circles(uses, found, report)
    if not report.has_errors:
        _report_unused(uses, [word.text for word in reader.borrowed], found, report)
    return {name: replace(one, circular=name in circular) for name, one in found.items()}


def _read(entry: Entry, reader: Reader, uses: _Uses, report: Diagnostics) -> Fragment:
    node = entry.value if isinstance(entry.value, MapNode) else MapNode({}, entry.value.place, damaged=True)
    parameters = read_parameters(node, report)
    for name, one in parameters.items():
        if one.kind == "table":
            parameters[name] = replace(one, broken=True)
            help_ = "declare it among the topology's parameters: every fragment sees these"
            report.error("parameter.kind", "a fragment's parameter cannot be a table", one.key.place, help=help_)
    inner = reader.beside(parameters)
    body = inner.body(node)
    uses[entry.key.text] = inner.borrowed
    report_unused(parameters, inner.used, report)
    reader.used.update(inner.used - parameters.keys())
    return Fragment(entry.key.text, entry.key, parameters, body)


def _circles(uses: _Uses, found: Mapping[str, Fragment], report: Diagnostics) -> set[str]:
    """The fragments that lie on a circle or lead into one: no entity can be made of them."""
    clear: set[str] = set()
    circular: set[str] = set()
    for start in found:
        if start in clear:
            continue
        trail: list[str] = [start]
        pending: list[Iterator[Scalar]] = [iter(uses[start])]
        while pending:
            word = next(pending[-1], None)
            if word is None:
                pending.pop()
                clear.add(trail.pop())
            elif word.text in trail:
                _report_circle([*trail[trail.index(word.text) :], word.text], word, found, report)
                circular.update(trail)
            elif word.text in circular:
                circular.update(trail)
            elif word.text in uses and word.text not in clear:
                trail.append(word.text)
                pending.append(iter(uses[word.text]))
    return circular


def _report_circle(circle: list[str], word: Scalar, found: Mapping[str, Fragment], report: Diagnostics) -> None:
    message = f"fragments use each other in a circle: {' → '.join(circle)}"
    related = [(found[name].key.place, name) for name in dict.fromkeys(circle)]
    report.error("fragment.cycle", message, word.place, related=related, help="take one 'use' away")


def _report_unused(uses: _Uses, roots: list[str], found: Mapping[str, Fragment], report: Diagnostics) -> None:
    reached: set[str] = set()
    pending = [name for name in roots if name in found]
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            pending += [word.text for word in uses[name] if word.text in found]
    for name in found.keys() - reached:
        help_ = f"write 'use: {name}' where it belongs, or take it away"
        report.warn("fragment.unused", f"the fragment '{name}' is never used", found[name].key.place, help=help_)
