"""Which parameters decide what entities there are: those that keys, repetitions and conditions speak of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.expressions import names_in
from twin.topology.parts import Formula

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.topology.parts import Body, Part, Template, Text

__all__ = ["shaping_names"]


def shaping_names(template: Template) -> frozenset[str]:
    """The names of a topology's and its fragments' parameters that may decide; what a fragment is given counts too."""
    return frozenset(_names(template))


def _names(template: Template) -> Iterator[str]:
    yield from _of_part(template.site)
    for fragment in template.fragments.values():
        yield from _of_body(fragment.body)
    for override in template.overrides:
        yield from _of_text(override.path)
        yield from _of_body(override.body)
        for _, text in override.arguments:
            yield from _of_text(text)


def _of_part(part: Part) -> Iterator[str]:
    yield from _of_text(part.key)
    for formula in (part.when, *(loop.values for loop in part.each)):
        if isinstance(formula, Formula):
            yield from (name.name for name in names_in(formula.expression))
    yield from _of_body(part.body)


def _of_body(body: Body) -> Iterator[str]:
    if body.use is not None:
        for _, text in body.use.arguments:
            yield from _of_text(text)
    for part in body.parts:
        yield from _of_part(part)


def _of_text(text: Text) -> Iterator[str]:
    return (name.name for name in text.pattern.names)
