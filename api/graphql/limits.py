"""How much one operation may ask for: its depth, and the number of fields it can come to, estimated before it runs.

A list counts as long as its ``first`` (variables included). Fragments are measured once, however often they are spread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    IntValueNode,
    OperationDefinitionNode,
    VariableNode,
)

from api.slices import DEFAULT_FIRST, MOST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphql import DocumentNode, SelectionSetNode

__all__ = ["DEEPEST", "LARGEST", "check"]

DEEPEST = 20
"""Fields below fields."""
LARGEST = 250_000
"""Fields in an answer, at the most that the arguments allow."""

_PAGES = frozenset({"nodes", "edges"})
_WALK, _LOOK, _ASK = 2_500, 1_000, 25_000
"""So many fields count as much as a walk along relations, a look into the log, or a list that is asked for values."""
_WEIGHTS = dict.fromkeys(("upstream", "downstream", "way"), _WALK) | {"log": _LOOK}
_ARGUMENTS = {"depth": _WALK, "where": _ASK, "sort": _ASK}
_HOPS = 20
"""As many relations as a way has at most."""


class _Size(NamedTuple):
    depth: int
    fields: int


def check(document: DocumentNode, variables: Mapping[str, Any] | None) -> list[GraphQLError]:
    """Why an operation is too large, or nothing. The document is valid: fragments exist and make no circle."""
    measure = _Measure(document, variables or {})
    found = [
        measure.selections(each.selection_set, 1)
        for each in document.definitions
        if isinstance(each, OperationDefinitionNode)
    ]
    depth = max((size.depth for size in found), default=0)
    fields = max((size.fields for size in found), default=0)
    if depth > DEEPEST:
        return [_error(f"the operation is {depth} fields deep, and {DEEPEST} are allowed", "ask in several steps")]
    if fields > LARGEST:
        text = f"the operation may come to {fields} fields, and {LARGEST} are allowed"
        return [_error(text, "ask for smaller pages with first, or for fewer lists inside lists")]
    return []


class _Measure:
    def __init__(self, document: DocumentNode, variables: Mapping[str, Any]) -> None:
        self._variables = variables
        self._fragments = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }
        self._measured: dict[tuple[str, int], _Size] = {}

    def selections(self, selected: SelectionSetNode | None, length: int) -> _Size:
        """The size of a selection; ``length``: how many items the lists directly in it hold."""
        depth = fields = 0
        for each in selected.selections if selected else ():
            if isinstance(each, FieldNode):
                size = self._field(each, length)
            elif isinstance(each, FragmentSpreadNode):
                size = self._fragment(each.name.value, length)
            else:
                size = self.selections(each.selection_set, length)  # type: ignore[attr-defined]  # an inline fragment
            depth, fields = max(depth, size.depth), fields + size.fields
        return _Size(depth, fields)

    def _field(self, node: FieldNode, length: int) -> _Size:
        name = node.name.value
        if name.startswith("__"):  # introspection has a limit of its own (MaxIntrospectionDepthRule)
            return _Size(1, 1)
        below = self.selections(node.selection_set, self._first(node))
        times = length if name in _PAGES else _HOPS if name == "way" else 1
        return _Size(below.depth + 1, self._weight(node) + below.fields * times)

    @staticmethod
    def _weight(node: FieldNode) -> int:
        asked = (_ARGUMENTS.get(each.name.value, 1) for each in node.arguments or ())
        return max(_WEIGHTS.get(node.name.value, 1), *asked, 1)

    def _fragment(self, name: str, length: int) -> _Size:
        found = self._measured.get((name, length))
        if found is None:
            found = self._measured[name, length] = self.selections(self._fragments[name].selection_set, length)
        return found

    def _first(self, node: FieldNode) -> int:
        given = next((each.value for each in node.arguments or () if each.name.value == "first"), None)
        if isinstance(given, IntValueNode):
            return min(int(given.value), MOST)
        if isinstance(given, VariableNode):
            value = self._variables.get(given.name.value)
            return min(value, MOST) if isinstance(value, int) else MOST
        return DEFAULT_FIRST


def _error(message: str, help_: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "limit.exceeded", "help": help_})
