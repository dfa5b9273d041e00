"""Boundaries: spaces at whose door the roles held around them stop. What descends from one is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twin.ontology.compile.lineage import Lineages
    from twin.source import Diagnostics

__all__ = ["boundaries_of"]


def boundaries_of(lineages: Lineages, report: Diagnostics) -> frozenset[str]:
    """The qualified types that are boundaries; reports ``boundary.opened``."""
    closed: dict[str, str] = {}
    declared = {declaration.name: declaration for declaration in lineages.order}
    for name, declaration in declared.items():
        if declaration.node.flag("boundary"):
            closed[name] = name
            continue
        above = next((closed[parent] for parent in lineages.parents[name] if parent in closed), None)
        if above is None:
            continue
        closed[name] = above
        if declaration.node.scalar("boundary") is not None:
            message = f"{declaration.short} descends from {declared[above].short}, which is a boundary, and is one too"
            help_ = "take 'boundary' away; what is open to roles around it descends from something else"
            related = [(declared[above].node.place_of("boundary"), f"{declared[above].short} is a boundary")]
            place = declaration.node.place_of("boundary")
            report.error("boundary.opened", message, place, related=related, help=help_)
    return frozenset(closed)
