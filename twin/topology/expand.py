"""From a template and its parameters to the entities and relations that should exist, or every diagnostic at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.expressions import Range, Table
from twin.ids import is_key
from twin.source import Diagnostics
from twin.topology.checking import Preparer
from twin.topology.desired import Desired
from twin.topology.growing import grow
from twin.topology.grown import Grown
from twin.topology.linking import link
from twin.topology.parameters import bind
from twin.topology.renaming import renamed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.errors import Place
    from twin.expressions import Result
    from twin.graph.model import Scalar
    from twin.source import Source
    from twin.topology.parts import Given, Template

__all__ = ["check_topology", "expand"]


def _with(template: Template, report: Diagnostics) -> Diagnostics:
    """The report, with what was wrong with the template's form."""
    report.include(template.diagnostics)
    return report


def check_topology(template: Template, report: Diagnostics | None = None) -> None:
    """Judge a template without values for its parameters: as it would be where all of them have defaults, else by what
    can be said without them. Raises `AuthoringError`; warnings are left in ``report``.
    """
    report = Diagnostics() if report is None else report
    if all(one.default is not None or one.optional for one in template.parameters.values()):
        expand(template, None, {}, report)
    else:
        Preparer(template, _with(template, report)).prepare(template.site)
        report.raise_if_errors()


def expand(
    template: Template,
    site: str | None = None,
    parameters: Mapping[str, Given] | None = None,
    report: Diagnostics | None = None,
    tables: Mapping[str, Source] | None = None,
) -> Desired:
    """The site as the template describes it with these parameters. ``site`` is its key, else the topology's name.

    Texts are accepted for every parameter and mean what its type says; ``tables`` are CSV documents for those that are
    tables. Raises `AuthoringError` with all that is wrong;
    warnings are left in ``report``.
    """
    report = _with(template, Diagnostics() if report is None else report)
    site = template.name if site is None else site
    preparer = Preparer(template, report)
    preparer.prepare(template.site)
    values = bind(template, parameters or {}, tables or {}, report)
    if not is_key(site):
        _refuse_key(site, template.place, report)
    grown = Grown()
    if values is not None and is_key(site):
        grown = grow(template, preparer, site, values, report)
    entities, relations = link(grown, template.ontology, report)
    moved = renamed(template.moved, site, grown, report) if grown.sprouts else {}
    report.raise_if_errors()
    return Desired(
        topology=template.name,
        version=template.version,
        site=site,
        documents=template.ontology.documents,
        entities=tuple(entities),
        relations=tuple(relations),
        parameters=_plain(values or {}),
        tables={name: source.text for name, source in (tables or {}).items()},
        moved=moved,
    )


def _plain(values: Mapping[str, Result]) -> dict[str, Scalar | None]:
    return {name: value for name, value in values.items() if not isinstance(value, Range | tuple | Table)}


def _refuse_key(site: str, place: Place, report: Diagnostics) -> None:
    help_ = "a key is lowercase letters, digits and hyphens: flat-302"
    report.error("key.invalid", f"'{site[:80]}' cannot be the key of a site", place, help=help_)
