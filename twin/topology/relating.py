"""What an entity is related to: which relations its type may begin, or end, and which roles people may have on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.source import did_you_mean
from twin.topology.rules import check_rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from twin.ontology.model import EntityType, Ontology, RelationType, RoleType
    from twin.source import Diagnostics, Scalar
    from twin.topology.parts import Body, Ends
    from twin.topology.rules import Words

__all__ = ["Relating", "allowed_at", "relations_of", "roles_of"]

Relating = tuple["RelationType", "Ends", bool]
"""A relation, what is at its other end, and whether it is written from the end that it leads to."""


def relations_of(body: Body, found: EntityType, words: Words, report: Diagnostics) -> Iterator[Relating]:
    """The relations that an entity says, by their own names or by those they have seen from the other end."""
    ontology = words.ontology
    for key, ends in body.relations:
        relation, inverse = ontology.relations.get(key.text), False
        if relation is None:
            relation = ontology.inverse(key.text)
            inverse = relation is not None
        if relation is None:
            _report_unknown(key, ontology.relations, report)
            continue
        ours = relation.targets if inverse else relation.sources
        if any(ontology.is_a(found.name, name) for name in ours):
            check_rule(ends.rule, words, report)
            yield relation, ends, inverse
        else:
            _report_end(key, relation, found, ours, report, inverse=inverse)


def allowed_at(names: Iterable[str]) -> str:
    """The types that a relation may have at one end, to be read."""
    return ", ".join(name.rpartition("/")[2] for name in names)


def _report_end(
    key: Scalar, relation: RelationType, found: EntityType, ours: Iterable[str], report: Diagnostics, *, inverse: bool
) -> None:
    allowed = allowed_at(ours)
    if inverse:
        message = f"'{key.text}' is '{relation.name}' seen from its end, and that cannot be a {found.short}"
        side, help_ = "to", f"'{relation.name}' ends at: {allowed}"
    else:
        message = f"'{key.text}' cannot begin at a {found.short}"
        side, help_ = "from", f"it begins at: {allowed}"
    related = [(relation.place, f"{relation.name}: {side} {allowed}")]
    report.error("relation.end", message, key.place, related=related, help=help_)


def _report_unknown(key: Scalar, known: Mapping[str, RelationType], report: Diagnostics) -> None:
    names = (*known, *(one.inverse for one in known.values() if one.inverse is not None))
    help_, suggestions = did_you_mean(key.text, names)
    message = f"no relation is named '{key.text}'"
    report.error("relation.unknown", message, key.place, help=help_, suggestions=suggestions)


def roles_of(body: Body, found: EntityType, ontology: Ontology, report: Diagnostics) -> dict[str, str]:
    """The places to fill, with the qualified role of each."""
    roles: dict[str, str] = {}
    for key, word in body.roles:
        role = _role(word, ontology, report)
        if role is None:
            continue
        if any(ontology.is_a(found.name, name) for name in role.on):
            roles[key.text] = role.name
            continue
        allowed = allowed_at(role.on)
        message = f"nobody can be {role.short} of a {found.short}"
        related = [(role.place, f"{role.short}: on {allowed}")]
        report.error("role.misplaced", message, word.place, related=related, help=f"it is held on: {allowed}")
    return roles


def _role(word: Scalar, ontology: Ontology, report: Diagnostics) -> RoleType | None:
    found = ontology.role(word.text)
    if found is not None:
        return found
    several = [one for one in ontology.roles.values() if one.short == word.text]
    if several:
        message = f"'{word.text}' is a role of several ontologies"
        related = [(one.place, one.name) for one in several]
        report.error("name.ambiguous", message, word.place, related=related, help=f"say which: {several[0].name}")
        return None
    help_, suggestions = did_you_mean(word.text, [one.short for one in ontology.roles.values()], "roles")
    help_ = help_ or "no ontology that is used declares roles"
    report.error("role.unknown", f"no role is named '{word.text}'", word.place, help=help_, suggestions=suggestions)
    return None
