"""A topology planned again: what its site was made of before is what it is made of now, unless somebody says otherwise.

Forty rooms become forty-two with ``--set rooms=42`` alone: floors and names stay as they were applied last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin.source import Diagnostics, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from twin.graph.model import Entity
    from twin.topology.parts import Template

__all__ = ["Again", "check_said", "with_those_before"]


@dataclass(frozen=True, slots=True)
class Again:
    """What a template is filled in with."""

    parameters: Mapping[str, Any]
    tables: Mapping[str, Source]
    notes: tuple[str, ...]
    """What nobody said this time, for people."""


def with_those_before(
    template: Template, site: Entity | None, parameters: Mapping[str, Any], tables: Mapping[str, Source]
) -> Again:
    """The parameters and tables given, and of those not given, the ones recorded with the site, if it is of the same
    topology; one that the topology has no more is left out, and said.
    """
    made = site.made if site is not None else None
    if made is None or made.topology != template.name:
        return Again(parameters, tables, ())
    values = {name: value for name, value in made.parameters.items() if name not in parameters}
    sheets = {name: text for name, text in made.tables.items() if name not in tables}
    lost = [name for name in values if not _is(template, name, table=False)]
    lost += [name for name in sheets if not _is(template, name, table=True)]
    values = {name: value for name, value in values.items() if name not in lost}
    kept = {name: Source(f"{name} as applied before", text) for name, text in sheets.items() if name not in lost}
    told = [f"{name}={_text(value)}" for name, value in values.items() if value != template.parameters[name].default]
    notes = (
        _note("parameters as applied before", told),
        _note("tables as applied before", kept),
        _note(f"no parameters of {template.name} {template.version} any more", lost),
    )
    return Again({**values, **parameters}, {**kept, **tables}, tuple(filter(None, notes)))


def check_said(template: Template, given: Again, parameters: Mapping[str, Any], tables: Mapping[str, Source]) -> None:
    """Refuse what comes from before, for whoever may not read it: a topology could put it where everybody looks. What
    is as the topology has it by default is no news.

    Raises:
        AuthoringError: somebody must say some of the parameters, or tables, anew.
    """
    report = Diagnostics()
    unsaid = [name for name in given.parameters.keys() - parameters if not _by_default(template, name, given)]
    for name in (*unsaid, *(given.tables.keys() - tables)):
        message = f"the value of '{name}' is not told: what was applied before may be private"
        help_ = "say it anew, or have somebody plan who may read what is private (twin:read-private)"
        report.error("parameter.missing", message, template.parameters[name].key.place, help=help_)
    report.raise_if_errors()


def _by_default(template: Template, name: str, given: Again) -> bool:
    default = template.parameters[name].default
    return type(default) is type(given.parameters[name]) and default == given.parameters[name]


def _is(template: Template, name: str, *, table: bool) -> bool:
    known = template.parameters.get(name)
    return known is not None and (known.kind == "table") == table


def _text(value: object) -> str:
    """A value as it is given with ``--set``."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _note(title: str, words: Iterable[str]) -> str:
    said = ", ".join(words)
    return f"{title}: {said}" if said else ""
