"""What became of the entities of a template: by path, keys as they are written, nothing expanded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin.expressions import ExpressionError, iterate
from twin.ontology.difference import Change, Difference
from twin.ontology.difference.comparison import counterparts, differences
from twin.source import MapNode, Scalar
from twin.topology.difference.writing import leaf_changes, leaves, written_changes
from twin.topology.parts import Formula

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping

    from twin.errors import Place
    from twin.ontology.model import Kind, Ontology
    from twin.topology.parts import Body, Loop, Override, Part, Template, Text

__all__ = ["Comparer", "moved_paths", "moves_of"]

_SECTIONS = frozenset({"spaces", "devices", "gateways", "views"})
_APART = _SECTIONS | {"type", "each", "when", "with", "parameters", "absent"}
"""Keys with rules of their own."""


@dataclass(frozen=True, slots=True)
class Comparer:
    """Compares parts, and what is said of them."""

    ontologies: tuple[Ontology, Ontology]
    shaping: frozenset[str]
    """The names of parameters that decide what entities there are."""
    moves: Mapping[str, tuple[str, Part]]
    """By old path: the new one, and what stands there."""

    def parts(self, old: Iterable[Part], new: Iterable[Part], above: str) -> Iterator[Difference]:
        """Each difference of the parts of one place; ``above`` is the path of that place, with its slash."""
        before, after = ({(part.key.scalar.text, part.kind): part for part in parts} for parts in (old, new))
        gone = {where: part for where, part in before.items() if where not in after}
        come = {where: part for where, part in after.items() if where not in before}
        for where in tuple(gone):
            other = next((one for one in come if one[0] == where[0]), None)
            if other is not None:
                yield _other_kind(gone.pop(where), come.pop(other), above)
        for where, part in tuple(gone.items()):
            if _path(above, part) in self.moves:
                yield from self._moved(gone.pop(where), _path(above, part))
        arrived = {path for path, _ in self.moves.values()}
        come = {where: part for where, part in come.items() if _path(above, part) not in arrived}
        yield from _gone(gone, come, above)
        for part in come.values():
            said = f"{part.kind} added{_below(part)}"
            yield Difference(_path(above, part), "minor", said, "live buildings get it", part.place)
        for where in before.keys() & after.keys():
            yield from self._part(before[where], after[where], _path(above, after[where]))

    def _moved(self, old: Part, path: str) -> Iterator[Difference]:
        target, new = self.moves[path]
        reason = "it keeps its identity and its history"
        yield Difference(path, "minor", f"{old.kind} moved to '{target}'", reason, new.place)
        yield from self._part(old, new, target)

    def _part(self, old: Part, new: Part, path: str) -> Iterator[Difference]:
        yield from differences(path, new.place, (*_when(old, new), *_each(old, new)))
        yield from self.body(old.body, new.body, path, new.place)
        yield from self.parts(old.body.parts, new.body.parts, f"{path}/")

    def body(self, old: Body, new: Body, path: str, place: Place) -> Iterator[Difference]:
        """Each difference of what is said of one entity itself."""
        yield from differences(path, place, self._type(old.type, new.type))
        yield from differences(path, place, written_changes(old.node, new.node, _APART))
        if old.use is not None and new.use is not None and old.use.word.text == new.use.word.text:
            yield from differences(path, place, self._arguments(old.use.arguments, new.use.arguments))

    def override(self, old: Override | None, new: Override | None, place: Place) -> Iterator[Change]:
        """What became of what is different about a single entity."""
        before, after = old is not None and old.absent, new is not None and new.absent
        if after and not before:
            yield Change("major", "left out", "live buildings lose it and all below it")
        elif before and not after:
            yield Change("minor", "left out no more", "live buildings get it")
        yield from self._type(old.body.type if old is not None else None, new.body.type if new is not None else None)
        empty = MapNode({}, place)
        nodes = (old.body.node if old is not None else empty, new.body.node if new is not None else empty)
        yield from written_changes(*nodes, _APART)
        yield from self._arguments(old.arguments if old is not None else (), new.arguments if new is not None else ())

    def _type(self, old: Scalar | None, new: Scalar | None) -> Iterator[Change]:
        one, other = (None if word is None else word.text for word in (old, new))
        if one == other:
            return
        said = f"type changed from {one or 'none of its own'} to {other or 'none of its own'}"
        was = None if one is None else self.ontologies[1].find(one)
        is_ = None if other is None else self.ontologies[1].find(other)
        if was is not None and is_ is not None and was.name in is_.lineage:
            yield Change("minor", said, f"{is_.short} descends from {was.short}")
        else:
            yield Change("major", said, "what relies on the earlier type no longer finds it")

    def _arguments(
        self, old: tuple[tuple[Scalar, Text], ...], new: tuple[tuple[Scalar, Text], ...]
    ) -> Iterator[Change]:
        one, other = ({name.text: text.scalar for name, text in pairs} for pairs in (old, new))
        for name in dict.fromkeys((*one, *other)):
            pair = [leaves(values[name], f"with.{name}") if name in values else {} for values in (one, other)]
            for change in leaf_changes(pair[0], pair[1]):
                if name in self.shaping:
                    yield change._replace(needs="major", reason="it decides what there is: entities may be lost")
                else:
                    yield change._replace(needs="minor", reason="what the fragment makes of it changes")


def moves_of(old: Template, new: Template) -> dict[str, tuple[str, Part]]:
    """What stands in both under the two paths of a ``moved`` entry, written without ``${…}``."""
    before, after = dict(_below_path(old.site, "")), dict(_below_path(new.site, ""))
    alike = ((path, target) for path, target in moved_paths(new).items() if path in before and target in after)
    return {
        path: (target, after[target])
        for path, target in alike
        if path not in after and target not in before and before[path].kind == after[target].kind
    }


def moved_paths(template: Template) -> dict[str, str]:
    """Its ``moved`` entries, from the site on."""
    return {
        entry.key.text.removeprefix("/"): entry.value.text.removeprefix("/")
        for entry in template.moved
        if isinstance(entry.value, Scalar)
    }


def _below_path(part: Part, above: str) -> Iterator[tuple[str, Part]]:
    for inner in part.body.parts:
        path = _path(above, inner)
        yield path, inner
        yield from _below_path(inner, f"{path}/")


def _path(above: str, part: Part) -> str:
    return above + part.key.scalar.text


def _below(part: Part) -> str:
    count = _count(part)
    return f", and {count} below it" if count else ""


def _count(part: Part) -> int:
    return sum(1 + _count(inner) for inner in part.body.parts)


def _other_kind(old: Part, new: Part, above: str) -> Difference:
    said, reason = f"changed from {old.kind} to {new.kind}", "it is deleted in live buildings, and somebody new is made"
    return Difference(_path(above, new), "major", said, reason, new.place)


_Parts = dict[tuple[str, "Kind"], "Part"]


def _gone(gone: _Parts, come: _Parts, above: str) -> Iterator[Difference]:
    shapes = [{part.key.scalar.text: _shape(part) for part in parts.values()} for parts in (gone, come)]
    named = counterparts(shapes[0], shapes[1])
    for part in gone.values():
        key = part.key.scalar.text
        hint = f"renamed to '{named[key]}'?" if key in named else ""
        said = f"{part.kind} removed{_below(part)}"
        yield Difference(_path(above, part), "major", said, "it is deleted in live buildings", part.place, hint)


def _shape(part: Part) -> Hashable:
    body = part.body
    return part.kind, body.type and body.type.text, body.use and body.use.word.text, len(part.each)


def _when(old: Part, new: Part) -> Iterator[Change]:
    one, other = (part.when.scalar.text if isinstance(part.when, Formula) else part.when for part in (old, new))
    if one == other:
        return
    said = f"'when' changed from '{_shown(one)}' to '{_shown(other)}'"
    if other is True or one is False:
        yield Change("minor", said, "whoever has it keeps it")
    else:
        yield Change("major", said, "where it holds no more, it is deleted in live buildings")


def _shown(condition: str | bool) -> str:  # noqa: FBT001 - a condition may be a plain true or false
    return str(condition).lower() if isinstance(condition, bool) else condition


def _each(old: Part, new: Part) -> Iterator[Change]:
    one, other = ({loop.name: loop for loop in part.each} for part in (old, new))
    for name in dict.fromkeys((*one, *other)):
        was, is_ = (_written(loops[name]) if name in loops else "nothing" for loops in (one, other))
        if was == is_:
            continue
        said = f"each '{name}' changed from {was} to {is_}"
        before, after = (_values(loops[name]) if name in loops else None for loops in (one, other))
        if before is None or after is None:
            yield Change("major", said, "some may be made no more: those are deleted in live buildings")
        elif before - after:
            yield Change("major", said, "those that it makes no more are deleted in live buildings")
        elif after - before:
            yield Change("minor", said, "live buildings get those that are new")
        else:
            yield Change("patch", said, "it makes the same")


def _written(loop: Loop) -> str:
    if isinstance(loop.values, Formula):
        return loop.values.scalar.text
    return ", ".join(word.text for word in loop.values or ())


def _values(loop: Loop) -> frozenset[str] | None:
    """What it goes through; None when parameters decide."""
    if not isinstance(loop.values, Formula):
        return frozenset(word.text for word in loop.values or ())
    try:
        return frozenset(map(str, iterate(loop.values.expression, {})))
    except ExpressionError:
        return None
