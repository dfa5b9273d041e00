"""How many ends relations have, and how many they may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from twin.errors import Place
    from twin.ontology.model import Ontology, RelationType
    from twin.source import Diagnostics
    from twin.topology.desired import DesiredRelation
    from twin.topology.grown import Sprout

__all__ = ["check_counts"]

_Ends = dict[str, list["DesiredRelation"]]


def check_counts(
    relations: Iterable[DesiredRelation], sprouts: Mapping[str, Sprout], ontology: Ontology, report: Diagnostics
) -> None:
    """Report the relation that is one too many, and every entity that lacks one: once for each place that says so."""
    counted = {name: found for name, found in ontology.relations.items() if found.most is not None or found.least}
    ends: dict[str, _Ends] = {name: {} for name in counted}
    for relation in relations:
        if relation.type in counted:
            ends[relation.type].setdefault(relation.source, []).append(relation)
    for name, relation_type in counted.items():
        for found in ends[name].values():
            if relation_type.most is not None and len(found) > relation_type.most:
                _report_many(relation_type, found, report)
        if relation_type.least:
            for sprout in _beginnings(relation_type, sprouts, ontology):
                _check_least(relation_type, sprout, ends[name].get(sprout.path, []), report)


def _beginnings(relation: RelationType, sprouts: Mapping[str, Sprout], ontology: Ontology) -> Iterator[Sprout]:
    types = frozenset[str]().union(*(ontology.concrete(name) for name in relation.sources))
    return (sprout for sprout in sprouts.values() if sprout.type in types)


def _report_many(relation: RelationType, found: list[DesiredRelation], report: Diagnostics) -> None:
    most = relation.most or 0
    extra = found[most]
    related: list[tuple[Place, str]] = [
        (one.place, _short(one.target)) for one in found[:most] if one.place != extra.place
    ]
    related.append((relation.place, f"{relation.name}: at most {most}"))
    message = f"'{relation.name}' leads from '{_short(extra.source)}' to {len(found)} ends, and may lead to {most}"
    report.error("relation.count", message, extra.place, related=related, help="take the others away")


def _check_least(relation: RelationType, sprout: Sprout, found: list[DesiredRelation], report: Diagnostics) -> None:
    if len(found) >= relation.least:
        return
    message = (
        f"'{_short(sprout.path)}' must have at least {relation.least} '{relation.name}', and has {len(found) or 'none'}"
    )
    related = [(relation.place, f"{relation.name}: at least {relation.least}")]
    help_ = f"add 'relations: {{ {relation.name}: [PATH] }}'"
    if relation.inverse is not None:
        help_ += f", or '{relation.inverse}' at the other end"
    report.error("relation.count", message, sprout.part.place, related=related, help=help_)


def _short(path: str) -> str:
    return path.partition("/")[2] or path
