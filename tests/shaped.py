"""Documents made at random by the form that they should have, with something wrong here and there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from twin.source import Entries, Leaf, Lists, Record, Reference, TextOr

if TYPE_CHECKING:
    from twin.source import Shape

__all__ = ["shaped"]

_DEEP = 12
_TYPES = ("Device", "Space", "View", "Gateway", "Site", "A", "B", "C", "Mode", "core/Device", "Nowhere")
_NAMES = ("a", "b", "level", "mode", "title", "A.level", "B.a")
_VALUES = ("number", "integer", "boolean", "string", "enum", "timestamp", "object", "list", "Mode")
_LIKELY: dict[str, tuple[Any, ...]] = {
    "type": _VALUES,
    "is": ("Device", "A", "B", "C"),
    "of": _TYPES,
    "unit": ("Cel", "%", "kW.h", "W", "1", "q"),
    "measures": ("air_temperature", "active_energy", "occupancy", "nothing"),
    "range": ("0..10", "5..", "..5", "9..1", "1..2..3"),
    "every": ("5 min", "1 d", "soon"),
    "retention": ("400 d", "0 s"),
    "timeout": ("30 s", "9 x"),
    "values": ("off", "eco", "on"),
    "default": (3, 0.5, 99, True, "eco", "2017-03-09T12:00:00Z"),
    "count": ("0..1", "1..", 2),
    "may": ("read", "command", "fly"),
    "version": ("1.0.0", "^1.0", "2"),
    "lacks": _NAMES,
    "has": _NAMES,
}
"""What may stand under a key, so that much of it is right."""
_KEYS = (*_NAMES[:4], "A", "B", "C", "Mode", "en", "fr", "1 -> 2", "A.level", "core")
_ODD = "a b"
_USUAL = frozenset({"is", "type"})
"""Keys without which hardly anything is right."""
_SLIPS: tuple[Any, ...] = (None, "", "x", -1, 1e300, True, [], {}, ["x", 1], {"a": {"b": 1}})


def shaped(shape: Shape, key: str = "", depth: int = 0) -> st.SearchStrategy[Any]:
    """Plain data of about this shape: keys that are known, values that are likely, and now and then a slip."""
    right = _right(shape, key, depth)
    return st.integers(0, 24).flatmap(lambda luck: st.sampled_from(_SLIPS) if luck == 0 else right)


def _right(shape: Shape, key: str, depth: int) -> st.SearchStrategy[Any]:
    match shape:
        case Reference():
            return st.deferred(lambda: shaped(shape.find(), key, depth + 1)) if depth < _DEEP else st.just({})
        case TextOr(leaf, longer):
            return _leaf(leaf, key) | shaped(longer, key, depth + 1)
        case Lists(item, alone):
            many = st.lists(shaped(item, key, depth + 1), max_size=3)
            return many | shaped(item, key, depth + 1) if alone else many
        case Entries(pattern, _, inner):
            return st.deferred(
                lambda: st.dictionaries(_key(pattern), shaped(inner, "", depth + 1), min_size=1, max_size=3)
            )
        case Record(_, fields):
            return st.deferred(lambda: _record(fields, depth))
        case Leaf():
            return _leaf(shape, key)


def _key(pattern: str) -> st.SearchStrategy[str]:
    fitting = [key for key in _KEYS if re.fullmatch(pattern, key)]
    return st.sampled_from((*fitting * 5, _ODD) if fitting else (*_KEYS, _ODD))


def _record(fields: Any, depth: int) -> st.SearchStrategy[Any]:
    needed = [name for name, field in fields.items() if field.required or name in _USUAL]
    some = st.sets(st.sampled_from(sorted(fields)), max_size=5).map(lambda names: sorted({*names, *needed}))
    some = st.sets(st.sampled_from(sorted(fields)), max_size=4).map(sorted) | some
    return some.flatmap(
        lambda names: st.fixed_dictionaries({name: shaped(fields[name].shape, name, depth + 1) for name in names})
    )


def _leaf(leaf: Leaf, key: str) -> st.SearchStrategy[Any]:
    if leaf.choices:
        return st.sampled_from(leaf.choices)
    if leaf.kinds == ("boolean",):
        return st.booleans()
    if leaf.kinds == ("number",):
        return st.sampled_from((0, 1, 0.5, 5, 10, -3))
    return st.sampled_from(_LIKELY.get(key, (*_TYPES, *_NAMES)))
