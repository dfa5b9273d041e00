"""What the web needs of an engine: the seam between the two, and what a test must stand in for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from twin.access.audit import Audit
    from twin.access.authority import Authority
    from twin.access.clients import Clients
    from twin.access.tokens import Tokens
    from twin.access.visibility import Visibilities
    from twin.engine.auditing import Auditing
    from twin.engine.authoring import Authoring
    from twin.engine.server import Role
    from twin.engine.topologies import Topologies
    from twin.engine.trusting import Trusting
    from twin.engine.vault import Vault
    from twin.events import Bus
    from twin.graph.mirror import Mirror
    from twin.graph.model import Change, ChangeSet, Committed
    from twin.graph.readings import Reading
    from twin.ontology.model import Ontology
    from twin.state.current import ReadingChanged
    from twin.telemetry.deadletters import DeadLetters

__all__ = ["Annals", "Counters", "Drift", "Engine", "State"]

T = TypeVar("T")


class State(Protocol):
    """What the building says now."""

    def read(self, entity_id: str, point: str) -> Reading | None:
        """A point's newest reading, in the point's own unit; a point fed from a device reads through to it."""


class Counters(Protocol):
    """What became of messages and readings since the twin was made."""

    def now(self) -> Mapping[str, int]:
        """Every counter by its name."""


class Annals(Protocol):
    """What was changed of each entity."""

    async def of(self, entity: str, before: int | None, limit: int) -> list[Change]:
        """So many records about an entity before a sequence, the newest first, each with the entries about it."""

    async def authors(self, names: Iterable[str]) -> Mapping[str, str]:
        """Who made changes, by the names that people know."""

    def cursor(self, sequence: int) -> str:
        """A place in the log, as clients are told: it tells no sequence."""

    def sequence(self, cursor: str) -> int:
        """The place that a cursor stands for; `InvalidValue` or `Conflict` where it is none of ours."""


class Drift(Protocol):
    """Where the mirror differed from the store."""

    found: int
    checked: int
    last: float | None


class Engine(Protocol):
    """One running twin, on whose loop the web runs."""

    @property
    def ontology(self) -> Ontology:
        """Everything that is in force; another object as soon as anything about it changes."""

    @property
    def mirror(self) -> Mirror:
        """What exists."""

    @property
    def current(self) -> State:
        """What it says."""

    @property
    def authority(self) -> Authority:
        """Who signs in, and what they let apps do."""

    @property
    def clients(self) -> Clients:
        """Who may get tokens."""

    @property
    def tokens(self) -> Tokens | Trusting:
        """What proves who is asking."""

    @property
    def visibilities(self) -> Visibilities:
        """What each who asks may see and do."""

    @property
    def counters(self) -> Counters:
        """What became of messages and readings."""

    @property
    def readings(self) -> Bus[ReadingChanged]:
        """Where every new reading is told."""

    @property
    def authoring(self) -> Authoring:
        """What makes plans and carries them out."""

    @property
    def topologies(self) -> Topologies:
        """What clients have left to be planned from."""

    @property
    def audit(self) -> Audit:
        """Who did what, and was refused."""

    @property
    def auditing(self) -> Auditing:
        """What the audit is told through."""

    @property
    def deadletters(self) -> DeadLetters:
        """What could not be used."""

    @property
    def mqtt_url(self) -> str:
        """Where devices publish to; empty where that is not known."""

    @property
    def connections(self) -> int:
        """How many devices are connected over MQTT."""

    @property
    def told(self) -> Mapping[str, int]:
        """What became of messages for apps, over MQTT."""

    @property
    def role(self) -> Role:
        """Whether this process has the devices, or follows the one that has."""

    @property
    def silent(self) -> str:
        """Why readings are not to be trusted as live; empty: they are."""

    @property
    def lag(self) -> int:
        """How many changes of the graph this process knew to be behind when it looked last."""

    @property
    def feeds(self) -> int:
        """How many processes follow this one, or whether it follows one (1 or 0)."""

    @property
    def drift(self) -> Drift:
        """Whether the mirror is what the store says."""

    @property
    def annals(self) -> Annals:
        """What was changed of each entity."""

    @property
    def vault(self) -> Vault:
        """Where passwords are looked at."""

    async def in_pool(self, call: Callable[[], T]) -> T:
        """Run something that blocks on a thread of the engine's."""

    async def commit(self, changeset: ChangeSet) -> Committed:
        """Commit a ChangeSet; on return it is durable and the mirror shows it."""

    def position(self) -> str:
        """Where the graph stands now, as clients are told."""

    async def reached(self, position: str) -> None:
        """Return once this process shows what a position stands for; `InvalidValue`, `Conflict` or `BackendError`."""

    def health(self) -> Mapping[str, str]:
        """Each part that must work for the twin to be of use: ``ok``, or why it is not."""
