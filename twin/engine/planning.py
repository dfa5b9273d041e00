"""Plan and apply, the same for scripts and servers: functions over what a twin holds, which change nothing themselves.

`make_plan` looks at the mirror only; `check_applicable` says whether a plan may be applied to what there is now;
`plan_changesets` is what the caller then commits, in this order, one after the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from twin.engine.again import check_said, with_those_before
from twin.engine.installing import check_documents
from twin.engine.quiet import uncollected
from twin.errors import Conflict
from twin.ids import mint
from twin.topology.expand import expand
from twin.topology.plan import Beside, changesets, plan
from twin.topology.template import read_topology

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from twin.graph.mirror import Mirror
    from twin.graph.model import Actor, ChangeSet, Entity
    from twin.source import Diagnostics, Source
    from twin.state.current import Current
    from twin.topology.plan import Plan, Take

__all__ = ["check_applicable", "make_plan", "plan_changesets"]


def make_plan(  # noqa: PLR0913 - the options of one command, given by name
    mirror: Mirror,
    source: Source,
    find: Callable[[str], Source | None],
    *,
    site: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    tables: Mapping[str, Source] | None = None,
    take: Take | None = None,
    report: Diagnostics | None = None,
    current: Current | None = None,
    names: Callable[[str], str] | None = None,
    discreet: bool = False,
) -> Plan:
    """What applying a topology would do to the graph in the mirror; `twin.engine.Twin.plan` describes the options.

    ``find`` gives an ontology by its name, or None; ``current`` is what the readings of what is deleted are counted in,
    ``names`` gives the name of who changed something last, from what the log calls them. ``discreet``: nothing is made
    of what was applied before, since it may be private.

    Raises:
        AuthoringError: the topology, an ontology it uses or a parameter is wrong; carries every diagnostic.
        Conflict: the site's key, or a path in it, is taken by something else; or an ontology is in use elsewhere.
    """
    with uncollected():
        template = read_topology(source, find)
        key = template.name if site is None else site
        given = with_those_before(template, mirror.by_path(key), parameters or {}, tables or {})
        if discreet:
            check_said(template, given, parameters or {}, tables or {})
        desired = expand(template, key, given.parameters, report, tables=given.tables)
        beside = Beside(template.ontology, *_lookups(current, names))
        made = msgspec.structs.replace(plan(desired, mirror, mint, take, beside), notes=given.notes)
    check_documents(made, mirror)
    return made


def _lookups(
    current: Current | None, names: Callable[[str], str] | None
) -> tuple[Callable[[Entity], int], Callable[[str], str]]:
    def readings(entity: Entity) -> int:
        own = (name for name in entity.points if name not in entity.sources and name not in entity.computed)
        return 0 if current is None else sum(current.read(entity.id, name) is not None for name in own)

    return readings, names or str


def check_applicable(made: Plan, mirror: Mirror, *, allow_delete: bool = False) -> None:
    """Whether a plan may be applied as it stands; whether it is stale is seen when it is committed.

    Raises:
        Conflict: it deletes and may not (``plan.deletes``), fields are in conflict (``plan.conflict``), it was made for
            another twin (``plan.foreign``), or other sites need what an ontology would lose (``ontology.in_use``).
    """
    if made.timeline != mirror.timeline:
        raise Conflict("the plan was made for another twin", code="plan.foreign", help="make it again, on this one")
    if made.conflicts:
        raise Conflict(
            f"users and the topology have both changed {made.conflicts} fields of {made.site}",
            code="plan.conflict",
            help="look at the plan's lines with '!', and plan again with take (--take topology, or --take live)",
        )
    if made.deletes and not allow_delete:
        raise Conflict(
            f"the plan deletes {made.deletes} entities of {made.site}",
            code="plan.deletes",
            deletes=made.deletes,
            help="look at the plan's first lines, then apply with allow_delete (--allow-delete)",
        )
    check_documents(made, mirror)


def plan_changesets(made: Plan, actor: Actor, at: int) -> list[ChangeSet]:
    """What is to be committed, one after the other; nothing for an empty plan. A large one comes in parts."""
    return [] if made.empty else changesets(made, actor, at, mint)
