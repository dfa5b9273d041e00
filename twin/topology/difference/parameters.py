"""What became of the parameters of a topology, or of a fragment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.ontology.difference import Change, Difference
from twin.ontology.difference.comparison import counterparts, differences
from twin.ontology.difference.limits import range_changes, word_changes

if TYPE_CHECKING:
    from collections.abc import Container, Hashable, Iterator, Mapping

    from twin.topology.parts import Parameter

__all__ = ["inner_parameter_differences", "parameter_differences"]

_WIDER = {("integer", "number"), ("enum", "string")}
"""Kinds of parameters, and others that take the same values and more."""
Parameters = tuple["Mapping[str, Parameter]", "Mapping[str, Parameter]"]


def parameter_differences(parameters: Parameters, shaping: Container[str]) -> Iterator[Difference]:
    """Each difference that who gives the values, or gives none, may notice. ``shaping``: the names that decide which
    entities there are.
    """
    old, new = parameters
    gone = {name: _shape(one) for name, one in old.items() if name not in new}
    come = {name: _shape(one) for name, one in new.items() if name not in old}
    named = counterparts(gone, come)
    for name in gone:
        hint = f"renamed to '{named[name]}'?" if name in named else ""
        reason = "a value given for it is refused"
        yield Difference(f"parameters.{name}", "major", "parameter removed", reason, old[name].key.place, hint)
    for name in come:
        yield from differences(f"parameters.{name}", new[name].key.place, [_added(new[name])])
    for name in old.keys() & new.keys():
        changes = _changes(old[name], new[name], shapes=name in shaping)
        yield from differences(f"parameters.{name}", new[name].key.place, changes)


def inner_parameter_differences(fragment: str, parameters: Parameters, shaping: Container[str]) -> Iterator[Difference]:
    """The same of a fragment: only its topology gives values, so only a default can matter to live buildings."""
    old, new = parameters
    for found in parameter_differences(parameters, shaping):
        name = found.subject.partition(".")[2]
        default = name in old and name in new and found.said.startswith("default")
        needs = found.needs if default else "patch"
        reason = found.reason if default else "only this topology gives it values, and they fit"
        yield Difference(f"fragments/{fragment}.{found.subject}", needs, found.said, reason, found.place, found.hint)


def _shape(one: Parameter) -> Hashable:
    return one.kind, one.minimum, one.maximum, one.values, one.optional, one.default, frozenset(one.columns)


def _demanded(one: Parameter) -> bool:
    return one.default is None and not one.optional


def _added(one: Parameter) -> Change:
    if _demanded(one):
        return Change("major", "parameter added without a default", "who applies the topology must give it a value")
    return Change("minor", "parameter added", "it need not be given")


def _changes(old: Parameter, new: Parameter, *, shapes: bool) -> Iterator[Change]:
    yield from _values(old, new)
    if _demanded(new) and not _demanded(old):
        yield Change("major", "must be given now", "who applies the topology must give it a value")
    elif _demanded(old) and not _demanded(new):
        yield Change("minor", "need not be given any more", "it has a default, or is optional")
    elif old.default != new.default:
        yield _default(old, new, shapes=shapes)
    if old.title != new.title:
        yield Change("patch", "title changed", "it is wording")
    if old.description != new.description:
        yield Change("patch", "description changed", "it is wording")


def _values(old: Parameter, new: Parameter) -> Iterator[Change]:
    said, wider = f"type changed from {old.kind} to {new.kind}", (old.kind, new.kind) in _WIDER
    if old.kind == new.kind or wider:
        yield from range_changes((old.minimum, old.maximum), (new.minimum, new.maximum))
    if old.kind == new.kind:
        yield from word_changes(old.values, new.values)
        yield from _table(old, new)
    elif wider:
        yield Change("minor", said, "values of the earlier type are still taken")
    else:
        yield Change("major", said, "values that were allowed are refused")


def _table(old: Parameter, new: Parameter) -> Iterator[Change]:
    if old.row_key != new.row_key:
        said = f"key changed from '{old.row_key}' to '{new.row_key}'"
        yield Change("major", said, "a file without that column is refused")
    one, other = ({name: kind.text for name, kind in table.columns.items()} for table in (old, new))
    for name in dict.fromkeys((*one, *other)):
        if name not in one:
            yield Change("major", f"column '{name}' added", "a file without it is refused")
        elif name not in other:
            yield Change("minor", f"column '{name}' removed", "files may be without it")
        elif one[name] != other[name]:
            said = f"column '{name}' changed from {one[name]} to {other[name]}"
            yield Change("major", said, "cells that were allowed may be refused")


def _default(old: Parameter, new: Parameter, *, shapes: bool) -> Change:
    one, other = ("nothing" if value is None else f"'{value}'" for value in (old.default, new.default))
    said = f"default changed from {one} to {other}"
    if shapes:
        return Change("major", said, "it decides what there is: buildings that give no value may lose entities")
    return Change("minor", said, "buildings that give no value get the other one")
