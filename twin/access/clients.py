"""OAuth2 clients: programs that act in their own name or in a user's, each with scopes and the sites it may touch.

Every client has a generation, which a token carries: rotating raises it, removing ends it, and so both end
the tokens. `Clients.current` answers from memory, as of the last `Clients.refresh`.
"""

from __future__ import annotations

import hmac
from threading import Lock
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import JSON, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from twin.access.applications import Application, ApplicationRecord, keep
from twin.access.boxes import Box, BoxRecord, box_of
from twin.access.opaque import digest, draw
from twin.access.principals import known_scopes
from twin.errors import Conflict, InvalidValue, NotFound, Unauthenticated
from twin.ids import mint
from twin.records import Base
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy.orm import Session

    from twin.records import Records

__all__ = ["Client", "Clients"]

_LONGEST_NAME = 100
_NOBODY = digest(draw())
"""What an unknown client's secret is compared with, so that it costs the same."""


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A client as it is registered, without its secret. ``created`` is in microseconds since 1970 UTC."""

    client_id: str
    name: str
    scopes: frozenset[str]
    sites: frozenset[str] | None
    """The ids of the sites it may touch; None: all there are and will be."""
    generation: int
    created: int
    application: Application
    box: Box | None = None
    """The one gateway or device that it is, if it is one."""


class ClientRecord(Base):
    """The table of clients."""

    __tablename__ = "clients"

    client_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    secret_sha256: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(JSON)
    sites: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    generation: Mapped[int]
    created: Mapped[int]

    def seen(self, session: Session) -> Client:
        """The record as a value."""
        application = session.get(ApplicationRecord, self.client_id)
        return Client(
            client_id=self.client_id,
            name=self.name,
            scopes=frozenset(self.scopes),
            sites=None if self.sites is None else frozenset(self.sites),
            generation=self.generation,
            created=self.created,
            application=Application(title=self.name) if application is None else application.seen(),
            box=box_of(session, self.client_id),
        )


class Clients:
    """The registered clients. All methods but `current` may block, so the loop has a thread call them."""

    def __init__(
        self, records: Records, *, clock: Callable[[], int] = now, in_place: Callable[[Box], bool] = lambda _: True
    ) -> None:
        """``in_place`` says whether a box has the place that it was let into; it must not block, on any thread."""
        self._records = records
        self._clock = clock
        self._in_place = in_place
        self._generations: dict[str, int] = {}
        self._boxes: dict[str, Box] = {}
        self._lock = Lock()
        records.create(ClientRecord, ApplicationRecord, BoxRecord)
        self.refresh()

    def add(
        self,
        name: str,
        scopes: Iterable[str],
        sites: Iterable[str] | None,
        application: Application | None = None,
    ) -> tuple[str, str]:
        """Register a client: its new id, and the only sight of its secret, empty where its application needs none.

        ``sites`` are ids; None: all. Without an application it is a machine with a secret.
        `InvalidValue` for a scope that does not exist or a name that is none, `Conflict` for one that is taken.
        """
        client_id = mint()
        secret = draw() if application is None or application.proof == "secret" else ""
        record = ClientRecord(
            client_id=client_id,
            name=_checked_name(name),
            secret_sha256=digest(secret) if secret else "",
            scopes=sorted(known_scopes(scopes)),
            sites=None if sites is None else sorted(set(sites)),
            generation=1,
            created=self._clock(),
        )
        try:
            with self._records.write() as session:
                session.add(record)
                session.flush()
                if application is not None:
                    keep(session, client_id, application)
        except IntegrityError as error:
            raise Conflict(
                f"there is a client named {name!r} already",
                code="client.exists",
                help="choose another name, or rotate its secret: twin client rotate NAME",
                name=name,
            ) from error
        self.refresh()
        return client_id, secret

    def rotate(self, ref: str) -> tuple[str, str]:
        """A new secret for a client (by name or id); the old one, and every token got with it, end at once."""
        secret = draw()
        with self._records.write() as session:
            record = _named(session, ref)
            if record.seen(session).application.proof != "secret":
                raise InvalidValue(
                    f"{record.name} has no secret",
                    code="client.secretless",
                    help="a client with a key of its own, or a public one, has none to change: remove it to end it",
                    name=record.name,
                )
            record.secret_sha256 = digest(secret)
            record.generation += 1
            client_id = record.client_id
        self.refresh()
        return client_id, secret

    def remove(self, ref: str) -> Client:
        """End a client (by name or id) and its tokens."""
        with self._records.write() as session:
            record = _named(session, ref)
            removed = record.seen(session)
            session.delete(record)
        self.refresh()
        return removed

    def list(self) -> list[Client]:
        """Every client, by name."""
        with self._records.read() as session:
            rows = session.scalars(select(ClientRecord).order_by(ClientRecord.name)).all()
            return [record.seen(session) for record in rows]

    def find(self, client_id: str) -> Client | None:
        """A client by id."""
        with self._records.read() as session:
            record = session.get(ClientRecord, client_id)
            return None if record is None else self._noted(record.seen(session))

    def authenticate(self, client_id: str, secret: str) -> Client:
        """The client whose secret this is; `Unauthenticated` otherwise, at the same cost whether or not it exists."""
        offered = digest(secret)
        with self._lock, self._records.read() as session:
            record = session.get(ClientRecord, client_id)
            kept = _NOBODY if record is None else record.secret_sha256
            if not hmac.compare_digest(offered, kept) or record is None:
                raise Unauthenticated(
                    "the client id or its secret is wrong",
                    code="client.invalid",
                    help="check both, or get a new secret: twin client rotate NAME",
                )
            return self._noted(record.seen(session))

    def refresh(self) -> None:
        """Look up the generations of all clients, for `current`: what other processes did counts from here on."""
        with self._lock, self._records.read() as session:
            rows = session.execute(select(ClientRecord.client_id, ClientRecord.generation)).all()
            self._generations = dict(rows)
            boxes = session.execute(select(BoxRecord.client_id, BoxRecord.asset, BoxRecord.device)).all()
            self._boxes = {client_id: Box(asset, device) for client_id, asset, device in boxes}

    def current(self, client_id: str) -> int | None:
        """A client's generation as last looked up; None when there is no such client, or it is a box that has its place
        no more. Never blocks.
        """
        box = self._boxes.get(client_id)
        if box is not None and not self._in_place(box):
            return None
        return self._generations.get(client_id)

    def _noted(self, client: Client) -> Client:
        """What another process has just registered is known here at once, not at the next refresh."""
        self._generations[client.client_id] = client.generation
        if client.box is not None:
            self._boxes[client.client_id] = client.box
        return client


def _named(session: Session, ref: str) -> ClientRecord:
    named = or_(ClientRecord.name == ref, ClientRecord.client_id == ref)
    record = session.scalars(select(ClientRecord).where(named).limit(1)).first()
    if record is None:
        raise NotFound(
            f"there is no client {ref!r}", code="client.unknown", help="twin client list shows them", client=ref
        )
    return record


def _checked_name(name: str) -> str:
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InvalidValue(
            f"{name!r} cannot name a client",
            code="client.name",
            help=f"use 1 to {_LONGEST_NAME} printable characters",
            name=name,
        )
    return name
