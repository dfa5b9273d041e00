"""The twin as a script uses it: open, plan, apply, ask, read. Synchronous; safe beside a server on the same directory.

with Twin("twin-data") as twin:
    plan = twin.plan("examples/flat.yaml", site="flat")
    print(plan)
    twin.apply(plan)
    for device in twin.devices(type="RadiatorValve", under="flat/kitchen"):
        print(device.path, twin.read(device, "temperature"))
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.engine.asking import Ask, concrete
from twin.engine.authors import names_in
from twin.engine.core import Core
from twin.engine.home import Home
from twin.engine.library import Library, read_source
from twin.engine.past import Past
from twin.engine.planning import check_applicable, make_plan, plan_changesets
from twin.engine.quiet import uncollected
from twin.errors import InvalidValue, NotFound
from twin.graph import query
from twin.graph.model import Actor, Committed, Entity
from twin.store.commits import inline
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    import networkx as nx

    from twin.engine.upgrading import Upgrading
    from twin.graph.mirror import Mirror
    from twin.graph.model import ChangeSet, Kind
    from twin.graph.readings import Reading
    from twin.ontology.model import Ontology
    from twin.source import Diagnostics, Source
    from twin.store import GraphStore
    from twin.topology.plan import Plan, Take

__all__ = ["Twin"]

_PARTS_AT_ONCE = 40
"""Parts of a large plan that one transaction writes: fewer of them write each page of the file less often."""


class Twin:
    """One twin, opened from its data directory (or from a store of your own).

    Raises:
        BackendError: the directory or the store cannot be used.
        NotFound: there is no twin in the directory, and none is to be made.
    """

    def __init__(
        self,
        data: Path | str = "twin-data",
        *,
        store: GraphStore | None = None,
        graph: str = "",
        ontology_path: Iterable[Path | str] = (),
        user: str | None = None,
        create: bool = True,
    ) -> None:
        """``graph`` is where the graph is kept, where that is not in the directory (``neo4j://user@host/database``):
        the directory remembers it. ``user`` is who the log names as the author of changes; by default the login name.
        ``create`` makes a new twin where there is none in the directory.
        """
        self._names: Callable[[str], str] = str
        self._home: Home | None = None
        if store is None:
            self._home = home = Home(Path(data), create=create)
            store, self._names = home.open_graph(graph), names_in(home.records)
        self.store: GraphStore = store
        self.actor = Actor(user or os.environ.get("USER") or "script", "script")
        self._ontology_path = tuple(map(Path, ontology_path))
        self._core = Core(self.store, inline)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the store; idempotent."""
        self.store.close()

    @property
    def ontology(self) -> Ontology:
        """Every type in force: of the ontologies that applied topologies use."""
        return self._core.ontology

    @property
    def mirror(self) -> Mirror:
        """The graph in memory, with its indexes, at the sequence of the last call that looked at the store."""
        return self._core.mirror

    @property
    def graph(self) -> nx.MultiDiGraph[str]:
        """The live networkx graph: node = id with its `Entity` as ``entity``, edge key = relation type; read-only."""
        return self._core.mirror.graph

    @property
    def ask(self) -> Ask:
        """Questions beyond lists: by value, along relations, by name."""
        return Ask(self._core, self.find)

    @property
    def past(self) -> Past:
        """The graph as it was, and who changed what."""
        return Past(self.store, self._core.mirror, self._names)

    def follow(self) -> None:
        """See what other processes have committed since."""
        self._core.commits.follow()

    def refresh(self) -> None:
        """See what other processes have committed and measured since."""
        self.follow()
        self._core.current.load(self.store.load_states()[0])

    def plan(
        self,
        topology: Path | str | Source,
        *,
        site: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        tables: Mapping[str, Path | str | Source] | None = None,
        take: Take | None = None,
        report: Diagnostics | None = None,
    ) -> Plan:
        """What applying a topology (a file, or a `Source`) would do; nothing is changed.

        ``site`` is the key of the site, by default the topology's name; ``parameters`` are values, or texts as on the
        command line; ``tables`` are CSV files for those that are tables. Those that are not given are what they were
        when the topology was applied last. Where a user and the topology have both changed a field, ``take`` says whose
        value it ends with; without it, such a plan is not applied. What is probably wrong is left in ``report``.

        Raises:
            AuthoringError: the topology, an ontology it uses or a parameter is wrong; carries every diagnostic.
            Conflict: the site's key, or a path in it, is taken by something else.
        """
        self._core.commits.follow()
        beside = () if not isinstance(topology, (Path, str)) else (Path(topology).resolve().parent,)
        return make_plan(
            self.mirror,
            _source(topology),
            Library((*beside, *self._ontology_path)).find,
            site=site,
            parameters=parameters,
            tables={name: _source(given) for name, given in (tables or {}).items()},
            take=take,
            report=report,
            current=self._core.current,
            names=self._names,
        )

    def apply(
        self, made: Plan, *, allow_delete: bool = False, progress: Callable[[int, int], None] | None = None
    ) -> list[Committed]:
        """Commit a plan; what it returns is durable. An empty plan commits nothing. ``progress`` is told now
        and then how many parts of a large one are committed, and of how many.

        Raises:
            Conflict: it deletes and may not (``plan.deletes``), fields are in conflict (``plan.conflict``), its site
                has changed since (``plan.stale``), or it was made for another twin (``plan.foreign``).
        """
        self._core.commits.follow()
        check_applicable(made, self.mirror, allow_delete=allow_delete)
        parts = plan_changesets(made, self.actor, now())
        committed: list[Committed] = []
        with uncollected():
            for start in range(0, len(parts), _PARTS_AT_ONCE):
                committed += self._commit(parts[start : start + _PARTS_AT_ONCE])
                if progress is not None:
                    progress(len(committed), len(parts))
        return committed

    @contextmanager
    def upgrading(self) -> Iterator[Upgrading]:
        """Upgrades of sites to later versions of ontologies (and, as its ``topologies``, of topologies), with their
        records.

        Raises:
            InvalidValue: the twin has a store of its own, and so no records.
        """
        if self._home is None:
            raise InvalidValue(
                "upgrades need a twin with a data directory", code="data.unknown", help="name it: data=DIR"
            )
        from twin.engine.upgrading import (
            UpgradeRecords,
            Upgrading,
        )  # SQLAlchemy takes its time, and few scripts upgrade
        from twin.records import Records

        records = Records(self._home.records)
        try:
            yield Upgrading(self, UpgradeRecords(records), self._ontology_path)
        finally:
            records.close()

    def commit(self, changeset: ChangeSet) -> Committed:
        """Commit one ChangeSet; durable on return.

        Raises:
            Conflict, NotFound, InvalidValue: it cannot stand on the graph as it is now.
            BackendError: the store is down; `OutcomeUnknown`: send it again with the same op_id.
        """
        return self._commit([changeset])[0]

    def _commit(self, series: Sequence[ChangeSet]) -> list[Committed]:
        answers: list[list[Committed] | Exception] = []
        self._core.commits.submit_series(series, answers.append)
        (answer,) = answers
        if isinstance(answer, Exception):
            raise answer
        return answer

    def find(self, ref: str | Entity) -> Entity:
        """An entity by id or path.

        Raises:
            NotFound: there is none.
        """
        found = query.find(self.mirror, ref.id if isinstance(ref, Entity) else ref)
        if found is None:
            raise NotFound(f"there is nothing at {ref}", ref=str(ref), help="twin show prints every path")
        return found

    def entities(
        self,
        *,
        kind: Kind | None = None,
        type: str | None = None,  # noqa: A002 - the vocabulary's own word
        under: str | Entity | None = None,
        view: str | Entity | None = None,
    ) -> list[Entity]:
        """Entities by kind, by type (its subtypes included), below an entity, in a view; in natural order of path.

        Raises:
            InvalidValue: no such type. NotFound: nothing at ``under`` or ``view``.
        """
        return query.select(
            self.mirror,
            kinds=None if kind is None else (kind,),
            types=None if type is None else concrete(self.ontology, type),
            under=None if under is None else self.find(under),
            within=None if view is None else self.find(view),
        ).items

    def devices(self, **filters: Any) -> list[Entity]:
        """Devices; the filters are those of `entities`."""
        return self.entities(kind="device", **filters)

    def spaces(self, **filters: Any) -> list[Entity]:
        """Spaces; the filters are those of `entities`."""
        return self.entities(kind="space", **filters)

    def sites(self) -> list[Entity]:
        """Every site."""
        return self.entities(kind="site")

    def read(self, entity: str | Entity, point: str) -> Reading | None:
        """The last reading of a point, in the point's own unit; None when it was never heard of.

        Raises:
            NotFound: there is no such entity, or it has no such point.
        """
        found = self.find(entity)
        if point not in found.points:
            raise NotFound(
                f"{found.path} has no point {point!r}",
                code="point.unknown",
                help=f"its points: {', '.join(found.points) or 'none'}",
            )
        return self._core.current.read(found.id, point)


def _source(given: Path | str | Source) -> Source:
    """A document, read where its file is named."""
    return read_source(Path(given)) if isinstance(given, Path | str) else given
