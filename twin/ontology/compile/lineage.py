"""Who descends from whom: parents resolved, kinds agreed, cycles found, ancestors in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twin.ontology.authoring import Declaration
    from twin.ontology.compile.scope import Scope
    from twin.source import Diagnostics, Scalar

__all__ = ["CORE", "Lineages", "lineages_of"]

CORE = "core"
"""The one document whose types may stand at the root."""
MAX_LINEAGE = 100
_SHOWN = 12
"""Of a longer circle, only its beginning and its end are named."""


@dataclass(frozen=True, slots=True)
class Lineages:
    """Types and mixins whose whole lineage is sound."""

    order: tuple[Declaration, ...]
    """Parents before children."""
    parents: dict[str, tuple[str, ...]]
    ancestors: dict[str, tuple[str, ...]]
    """Qualified name -> itself, then its ancestors, nearest first; an ancestor never precedes its own descendant."""


def lineages_of(scope: Scope, report: Diagnostics) -> Lineages:
    """Resolve every ``is``."""
    parents: dict[str, list[tuple[Scalar, Declaration]]] = {}
    unsound: set[str] = set()
    for declaration in scope.declarations:
        found, sound = _parents(declaration, scope, report)
        parents[declaration.name] = found
        if not sound:
            unsound.add(declaration.name)
    order = _Sorter(parents, unsound, report).sort(scope.declarations)
    names = {d.name: tuple(parent.name for _, parent in parents[d.name]) for d in order}
    return Lineages(order, names, _ancestors(order, names))


def _parents(
    declaration: Declaration, scope: Scope, report: Diagnostics
) -> tuple[list[tuple[Scalar, Declaration]], bool]:
    found: list[tuple[Scalar, Declaration]] = []
    words = declaration.node.words("is")
    sound = "is" not in declaration.node or bool(words)
    for word in words:
        parent = scope.type_(word, declaration.document)
        if parent is None or not _suits(declaration, parent, word, report):
            sound = False
        elif any(parent is other for _, other in found):
            report.error("type.duplicate", f"'{word.text}' is named twice", word.place, help="name each parent once")
        else:
            found.append((word, parent))
    if sound and not declaration.node.damaged and not _rooted(declaration, found):
        _report_rootless(declaration, report)
    return found, sound


def _suits(child: Declaration, parent: Declaration, word: Scalar, report: Diagnostics) -> bool:
    if parent.mixin or parent.kind == child.kind:
        return True
    what = "a mixin" if child.mixin else f"a {child.kind}"
    help_ = "a mixin has only mixins" if child.mixin else f"declare it under '{parent.kind}s', or choose a {child.kind}"
    message = f"{child.short} is {what} and cannot be a {parent.kind}"
    related = [(parent.key.place, f"{parent.short} is a {parent.kind}")]
    report.error("type.kind", message, word.place, related=related, help=help_)
    return False


def _rooted(declaration: Declaration, parents: Iterable[tuple[Scalar, Declaration]]) -> bool:
    if declaration.mixin or declaration.document == CORE:
        return True
    return any(not parent.mixin for _, parent in parents)


def _report_rootless(declaration: Declaration, report: Diagnostics) -> None:
    root = str(declaration.kind).capitalize()
    mixins = "only mixins" if declaration.node.words("is") else "nothing"
    message = f"{declaration.short} descends from {mixins}"
    listed = ", ".join((root, *(word.text for word in declaration.node.words("is"))))
    help_ = f"say what it is: 'is: {f'[{listed}]' if ',' in listed else listed}'"
    report.error("type.rootless", message, declaration.key.place, help=help_)


class _Sorter:
    """Parents before children; a cycle is reported once, and leaves out its members and their descendants."""

    def __init__(
        self, parents: dict[str, list[tuple[Scalar, Declaration]]], unsound: set[str], report: Diagnostics
    ) -> None:
        self._parents = parents
        self._unsound = unsound
        self._report = report
        self._order: dict[str, Declaration] = {}
        self._generation: dict[str, int] = {}
        self._path: dict[str, Declaration] = {}

    def sort(self, declarations: Iterable[Declaration]) -> tuple[Declaration, ...]:
        for declaration in declarations:
            if declaration.name not in self._order:
                self._visit(declaration)
        return tuple(d for d in self._order.values() if d.name not in self._unsound)

    def _visit(self, first: Declaration) -> None:
        """By hand, not by recursion: authors may write longer chains than Python can follow."""
        ahead = [self._entered(first)]
        while ahead:
            declaration, rest = ahead[-1]
            step = next(rest, None)
            if step is None:
                ahead.pop()
                self._leave(declaration)
                continue
            word, parent = step
            if parent.name in self._path:
                self._cycle(word, parent)
            elif parent.name not in self._order:
                ahead.append(self._entered(parent))

    def _entered(self, declaration: Declaration) -> tuple[Declaration, Iterator[tuple[Scalar, Declaration]]]:
        self._path[declaration.name] = declaration
        return declaration, iter(self._parents[declaration.name])

    def _leave(self, declaration: Declaration) -> None:
        name = declaration.name
        parents = [parent.name for _, parent in self._parents[name]]
        del self._path[name]
        self._order[name] = declaration
        self._generation[name] = 1 + max((self._generation.get(parent, 0) for parent in parents), default=0)
        if not self._unsound.isdisjoint(parents):
            self._unsound.add(name)
        elif self._generation[name] > MAX_LINEAGE:
            self._unsound.add(name)
            message = f"{declaration.short} has more than {MAX_LINEAGE} generations of ancestors"
            self._report.error("type.deep", message, declaration.key.place, help="flatten the hierarchy")

    def _cycle(self, word: Scalar, parent: Declaration) -> None:
        names = list(self._path)
        members = names[names.index(parent.name) :]
        self._unsound.update(members)
        shorts = [self._path[name].short for name in [*members, parent.name]]
        if len(shorts) > _SHOWN:
            shorts[_SHOWN // 2 : -_SHOWN // 2] = ["…"]
        related = [(self._path[name].key.place, self._path[name].short) for name in members[:_SHOWN]]
        help_ = "a type cannot descend from itself: take one 'is' away"
        message = f"'is' runs in a circle: {' → '.join(shorts)}"
        self._report.error("type.cycle", message, word.place, related=related, help=help_)


def _ancestors(order: Iterable[Declaration], parents: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for declaration in order:
        name = declaration.name
        distance: dict[str, int] = {}
        for parent in parents[name]:
            for depth, ancestor in _by_depth(found[parent], parents):
                distance[ancestor] = max(distance.get(ancestor, 0), depth + 1)
        found[name] = (name, *sorted(distance, key=lambda other: distance[other]))
    return found


def _by_depth(lineage: tuple[str, ...], parents: dict[str, tuple[str, ...]]) -> list[tuple[int, str]]:
    """Each ancestor with the length of the longest way to it."""
    depth = dict.fromkeys(lineage, 0)
    for name in lineage:
        for parent in parents[name]:
            depth[parent] = max(depth[parent], depth[name] + 1)
    return [(length, name) for name, length in depth.items()]
