"""Whether a plan may install its ontologies: what exists elsewhere must not become wrong by it, nor what it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from twin.engine.versions import ontology_of, site_documents
from twin.errors import Conflict, InvalidValue
from twin.graph.model import Made, Update
from twin.graph.upgrade import Ways, gaps
from twin.ontology.compile import compile_documents
from twin.ontology.installing import newest_of
from twin.ontology.migrating import migrations_between
from twin.ontology.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity
    from twin.graph.upgrade import Gap
    from twin.ontology.model import Ontology
    from twin.topology.plan import Plan

__all__ = ["check_documents"]

_SHOWN = 5


def check_documents(made: Plan, mirror: Mirror) -> None:
    """Ontologies that a plan installs must go together with those in force, and keep what other sites use; and a site
    does not come to another version of its ontology by a plan where steps are declared that lead there.

    Raises:
        AuthoringError: they do not go together. Conflict: ``ontology.in_use``, ``upgrade.needed``.
    """
    installed = newest_of(mirror.documents)
    merged = newest_of({**installed, **{document.name: document for document in made.documents}})
    ontology = compile_documents(tuple(merged.values())) if merged != installed else None
    for document in made.documents:
        if "@" in document.name:
            ontology_of({document.name.partition("@")[0]: document}, merged)
    if ontology is not None:
        _check_others(made, mirror, ontology)
    _check_site(made, mirror, ontology)


def _check_others(made: Plan, mirror: Mirror, after: Ontology) -> None:
    replaced = {document.name: document for document in made.documents if document.name in mirror.documents}
    before = compile_documents(tuple(newest_of(mirror.documents).values()))
    sites = {
        site for site in mirror.sites if site != made.site_id and _goes_by(mirror.entities[site], mirror, replaced)
    }
    found = sorted(set(_gaps(mirror, sites, Ways(before, after, ())))) if replaced else []
    if found:
        name = next((each for each in replaced if found[0].subject.startswith(f"{each}/")), next(iter(replaced)))
        raise Conflict(
            f"other sites use what is different in {name} {replaced[name].version}: "
            + "; ".join(f"{gap.subject} {gap.said}" for gap in found[:_SHOWN]),
            code="ontology.in_use",
            types=sorted({gap.subject for gap in found}),
            help=f"bring them along: twin upgrade --ontology {name}@{replaced[name].version} --sites all "
            "(with the steps in its 'migrations'); or keep what they use",
        )


def _goes_by(site: Entity, mirror: Mirror, replaced: Iterable[str]) -> bool:
    """Whether a site goes by the newest version of one of these documents."""
    own = site_documents(site, mirror.documents)
    return any(name not in own or own[name].version == mirror.documents[name].version for name in replaced)


def _gaps(mirror: Mirror, sites: set[str], ways: Ways) -> Iterator[Gap]:
    seen = set()
    for entity in mirror.entities.values():
        if entity.site not in sites or entity.type not in ways.before.types:
            continue
        kind = (entity.type, entity.points, entity.commands, frozenset(entity.properties))
        if kind not in seen:
            seen.add(kind)
            yield from gaps(entity, ways.way(entity.type), ways)


def _check_site(made: Plan, mirror: Mirror, after: Ontology | None) -> None:
    site = None if made.site_id is None else mirror.get(made.site_id)
    planned = _planned(made)
    if site is None or planned is None:
        return
    own = site_documents(site, mirror.documents)
    for name, version in planned.ontologies.items():
        held = own.get(name)
        if held is None or held.version == version:
            continue
        ontology = after or compile_documents(tuple(newest_of(mirror.documents).values()))
        if _leads(ontology, name, held.version, version):
            ahead = parse_version(version) > parse_version(held.version)
            upgrade = f"first: twin upgrade --ontology {name}@{version} --sites {site.key}; then plan again"
            return_ = f"plan with a topology for {held.version}, or return the site: twin upgrade --rollback ID"
            raise Conflict(
                f"{site.key} is at {name} {held.version}, and the topology is written for {version}: "
                "readings and values would not follow",
                code="upgrade.needed",
                help=upgrade if ahead else return_,
            )


def _planned(made: Plan) -> Made | None:
    """What the plan says that its site will be made of, where that differs."""
    for entry in made.entries:
        if isinstance(entry, Update) and entry.id == made.site_id and "made" in entry.fields:
            return msgspec.convert(entry.fields["made"], Made)
    return None


def _leads(ontology: Ontology, name: str, before: str, after: str) -> bool:
    """Whether steps lead from one version to the other, in either direction."""
    first, last = sorted((before, after), key=parse_version)
    try:
        return any(each.steps for each in migrations_between(ontology.migrations, name, first, last))
    except InvalidValue:
        return False
