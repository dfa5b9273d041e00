"""Commissioning: how a box that knows only its serial and claim code gets a client of its own.

It shows a code (RFC 8628); a person lets it into one place of one site; what the box then gets for its device code is a
token that buys one thing, once: its own key as that of a client that is this asset, in this place. Of each asset one
request is open at most: the next one ends it. Nothing here changes the graph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from sqlalchemy import ForeignKey, delete, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from twin.access.applications import Application, ApplicationRecord, keep
from twin.access.boxes import SCOPE, Box, BoxRecord
from twin.access.clients import ClientRecord
from twin.access.device_codes import DeviceCodeRecord, readable
from twin.access.opaque import digest, draw
from twin.access.possession import thumbprint
from twin.ids import mint
from twin.records import Base
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from twin.access.clients import Client, Clients
    from twin.access.device_codes import DeviceCodes, NotYet
    from twin.records import Records

__all__ = ["BOX_CLIENT", "TOKEN_SECONDS", "Approved", "Commissioning", "Let", "Shown"]

BOX_CLIENT = "commissioning"
"""The client id with which any box asks to be let in: no client is registered under it."""
TOKEN_SECONDS = 600
"""How long the token for the key lives."""
_SECOND = 1_000_000


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody let a box in."""

    site: str
    device: str
    """The id of the gateway or device whose place it has."""
    user: str


class Shown(NamedTuple):
    """A code that a box shows."""

    asset: str
    """The id of the asset."""
    user_code: str


class Let(msgspec.Struct, frozen=True, kw_only=True):
    """What a device code has bought: the only sight of the token, for which asset, and where."""

    token: str
    asset: str
    approved: Approved


class CommissioningRecord(Base):
    """The table of what boxes ask, beside that of device codes. ``token`` is a digest, empty before there is one."""

    __tablename__ = "commissionings"

    digest: Mapped[str] = mapped_column(ForeignKey("device_codes.digest", ondelete="CASCADE"), primary_key=True)
    asset: Mapped[str] = mapped_column(index=True)
    serial: Mapped[str]
    site: Mapped[str]
    device: Mapped[str]
    user: Mapped[str]
    token: Mapped[str] = mapped_column(index=True)
    expires: Mapped[int]
    client: Mapped[str]
    """The id of the client that it bought; empty before."""
    key: Mapped[str]
    """The thumbprint of its key."""


class Commissioning:
    """What boxes ask, and what becomes of it. Every method may block."""

    def __init__(
        self, records: Records, clients: Clients, codes: DeviceCodes, *, clock: Callable[[], int] = now
    ) -> None:
        self._records = records
        self._clients = clients
        self._codes = codes
        self._clock = clock
        records.create(DeviceCodeRecord, CommissioningRecord)

    def commissioned(self, asset: str) -> bool:
        """Whether an asset (by id) is a box whose client counts."""
        with self._records.read() as session:
            client_id = session.scalar(select(BoxRecord.client_id).where(BoxRecord.asset == asset)) or ""
        # Looked up even where there is none: who brings a claim code is not told by the time it takes.
        client = self._clients.find(client_id)
        return client is not None and self._clients.current(client_id) is not None

    def begin(self, asset: str, serial: str) -> tuple[str, str]:
        """A device code for an asset, and the user code that it shows; what it asked before is over."""
        with self._records.write() as session:
            earlier = select(CommissioningRecord.digest).where(CommissioningRecord.asset == asset)
            session.execute(delete(DeviceCodeRecord).where(DeviceCodeRecord.digest.in_(earlier)))
            device_code, user_code = self._codes.added(session, BOX_CLIENT, frozenset())
            kept = CommissioningRecord(digest=digest(device_code), asset=asset, serial=serial, expires=0)
            kept.site = kept.device = kept.user = kept.token = kept.client = kept.key = ""
            session.add(kept)
        return device_code, user_code

    def asked(self, user_code: str) -> Shown | None:
        """Which asset shows a code that nobody has answered."""
        with self._records.read() as session:
            code = self._codes.pending(session, user_code)
            kept = None if code is None else session.get(CommissioningRecord, code.digest)
            return None if code is None or kept is None else Shown(kept.asset, readable(code.user_code))

    def approve(self, user_code: str, asset: str, approved: Approved) -> bool:
        """Let a box in; False when somebody has answered before, it is too late, or another asset shows the code."""
        return self._answer(user_code, asset, approved)

    def deny(self, user_code: str, asset: str) -> bool:
        """Turn a box away; False as in `approve`."""
        return self._answer(user_code, asset, None)

    def redeem(self, device_code: str) -> Let | NotYet:
        """What a device code buys, once, or why it buys nothing (yet). A code that is shown again takes back what it
        bought, as long as that was not used.
        """
        with self._records.write() as session:
            taken = self._codes.taken(session, device_code, BOX_CLIENT)
            if not isinstance(taken, DeviceCodeRecord):
                return taken
            kept = session.get_one(CommissioningRecord, taken.digest)
            if taken.state == "replayed":
                kept.token = ""
                return "invalid_grant"
            token = draw()
            kept.token, kept.expires = digest(token), self._clock() + TOKEN_SECONDS * _SECOND
            where = Approved(site=kept.site, device=kept.device, user=kept.user)
            return Let(token=token, asset=kept.asset, approved=where)

    def swap(self, token: str, keys: dict[str, Any], in_place: Callable[[Box], bool]) -> Client | None:
        """The client that a token and a key (which must have been proved) are from now on, in place of any other that
        was the asset or had its place. None when the token is none, or was used with another key: with the same it may
        be shown again, for an answer may be lost on its way.
        """
        key = thumbprint(keys)
        with self._records.write() as session:
            working = (CommissioningRecord.token == digest(token), CommissioningRecord.expires > self._clock())
            kept = session.scalars(select(CommissioningRecord).where(*working)).first()
            if kept is None or (kept.client and kept.key != key) or not in_place(Box(kept.asset, kept.device)):
                return None
            if not kept.client:
                kept.client, kept.key = self._register(session, kept, keys), key
            client_id = kept.client
        self._clients.refresh()
        return self._clients.find(client_id)

    def rekey(self, client_id: str, keys: dict[str, Any]) -> None:
        """Another key for a box: the old one, and every token that was got with it, end at once."""
        with self._records.write() as session:
            session.execute(update(ApplicationRecord).where(ApplicationRecord.client_id == client_id).values(keys=keys))
            session.execute(
                update(ClientRecord)
                .where(ClientRecord.client_id == client_id)
                .values(generation=ClientRecord.generation + 1)
            )
        self._clients.refresh()

    def end(self, asset: str) -> str | None:
        """End the client that an asset (by id) is, its tokens with it, and all that it asks; the client's id."""
        with self._records.write() as session:
            earlier = select(CommissioningRecord.digest).where(CommissioningRecord.asset == asset)
            session.execute(delete(DeviceCodeRecord).where(DeviceCodeRecord.digest.in_(earlier)))
            ended = session.scalar(select(BoxRecord.client_id).where(BoxRecord.asset == asset))
            session.execute(delete(ClientRecord).where(ClientRecord.client_id == ended))
        self._clients.refresh()
        return ended

    def _answer(self, user_code: str, asset: str, approved: Approved | None) -> bool:
        with self._records.write() as session:
            code = self._codes.pending(session, user_code)
            kept = None if code is None else session.get(CommissioningRecord, code.digest)
            if code is None or kept is None or kept.asset != asset:
                return False
            code.state = "denied" if approved is None else "approved"
            if approved is not None:
                kept.site, kept.device, kept.user = approved.site, approved.device, approved.user
            return True

    def _register(self, session: Session, kept: CommissioningRecord, keys: dict[str, Any]) -> str:
        older = select(BoxRecord.client_id).where(or_(BoxRecord.asset == kept.asset, BoxRecord.device == kept.device))
        session.execute(delete(ClientRecord).where(ClientRecord.client_id.in_(older)))
        client_id = mint()
        session.add(
            ClientRecord(
                client_id=client_id,
                name=f"{kept.serial[:60]} {client_id[-8:]}",
                secret_sha256="",
                scopes=[SCOPE],
                sites=[kept.site],
                generation=1,
                created=self._clock(),
            )
        )
        session.flush()
        keep(session, client_id, Application(title=kept.serial, proof="key", keys=keys))
        session.add(BoxRecord(client_id=client_id, asset=kept.asset, device=kept.device))
        return client_id
