"""Two versions of a topology compared: every difference, whether it takes something from live buildings or asks more of
who applies it, and which version the new one must have.

Compared is the template as it is written, fragments and overrides as such: what a difference does to a building depends
on its parameters, and that is for a plan to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.ontology.difference import Comparison, Difference, root_of
from twin.ontology.difference.comparison import differences
from twin.ontology.difference.vocabulary import import_differences
from twin.topology.difference.parameters import inner_parameter_differences, parameter_differences
from twin.topology.difference.parts import Comparer, moved_paths, moves_of
from twin.topology.difference.shaping import shaping_names
from twin.topology.difference.writing import written_changes

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from twin.topology.parts import Template

__all__ = ["compare_topologies"]

_APART = frozenset(
    {"topology", "version", "uses", "parameters", "site", "spaces", "devices", "gateways", "views"}
    | {"fragments", "overrides", "moved"}
)
"""Keys of a topology with rules of their own."""


def compare_topologies(old: Template, new: Template) -> Comparison:
    """Compare two templates of one name."""
    shaping = shaping_names(old) | shaping_names(new)
    moves = moves_of(old, new)
    comparer = Comparer((old.ontology, new.ontology), shaping, moves)
    roots = (root_of(old.source), root_of(new.source))
    found = (
        *differences(new.name, new.place, written_changes(*roots, _APART)),
        *import_differences("uses", *roots),
        *parameter_differences((old.parameters, new.parameters), shaping),
        *comparer.body(old.site.body, new.site.body, "site", new.site.place),
        *comparer.parts(old.site.body.parts, new.site.body.parts, ""),
        *_fragments(old, new, comparer),
        *_overrides(old, new, comparer),
        *_moved(old, new, moves),
    )
    return Comparison.of("topology", new.name, (old.version, new.version), found)


def _fragments(old: Template, new: Template, comparer: Comparer) -> Iterator[Difference]:
    reason = "what uses it is another difference"
    for name, fragment in old.fragments.items():
        if name not in new.fragments:
            yield Difference(f"fragments/{name}", "patch", "fragment removed", reason, fragment.key.place)
    for name, fragment in new.fragments.items():
        before = old.fragments.get(name)
        if before is None:
            yield Difference(f"fragments/{name}", "patch", "fragment added", reason, fragment.key.place)
            continue
        parameters = (before.parameters, fragment.parameters)
        yield from inner_parameter_differences(name, parameters, comparer.shaping)
        yield from comparer.body(before.body, fragment.body, f"fragments/{name}", fragment.key.place)
        yield from comparer.parts(before.body.parts, fragment.body.parts, f"fragments/{name}/")


def _overrides(old: Template, new: Template, comparer: Comparer) -> Iterator[Difference]:
    before, after = ({one.path.scalar.text.removeprefix("/"): one for one in each.overrides} for each in (old, new))
    for path in dict.fromkeys((*before, *after)):
        place = (after.get(path) or before[path]).path.scalar.place
        changes = comparer.override(before.get(path), after.get(path), place)
        yield from differences(f"overrides/{path}", place, changes)


def _moved(old: Template, new: Template, moves: Container[str]) -> Iterator[Difference]:
    """Each ``moved`` entry that is new or other, unless it is told of the entity itself."""
    before = moved_paths(old)
    for path, target in moved_paths(new).items():
        if before.get(path) != target and path not in moves:
            reason = "what is there keeps its identity and its history"
            yield Difference(path, "minor", f"moved to '{target}'", reason, new.place)
