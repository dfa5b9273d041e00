"""The device grant (RFC 8628): a box without a browser shows a short code, and a person lets it in with theirs."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec
from sqlalchemy import JSON, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from twin.access.authorizations import Authorization, AuthorizationRecord, Redeemed, add, end, first_refresh
from twin.access.opaque import digest, draw
from twin.records import Base
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from twin.records import Records

__all__ = ["INTERVAL", "LIFETIME", "DeviceAsked", "DeviceCodeRecord", "DeviceCodes", "NotYet", "readable"]

LIFETIME = 900
"""Seconds in which a person has to let the box in."""
INTERVAL = 5
"""Seconds that the box waits between two questions."""
_SECOND = 1_000_000
_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels, so no words; nothing that looks like a digit (RFC 8628, section 6.1)."""
_LETTERS = 8

NotYet: TypeAlias = Literal["authorization_pending", "slow_down", "access_denied", "expired_token", "invalid_grant"]


class DeviceAsked(msgspec.Struct, frozen=True, kw_only=True):
    """What a box asks for: shown to the person who lets it in."""

    user_code: str
    client: str
    scopes: frozenset[str]


class DeviceCodeRecord(Base):
    """The table of device codes. ``state`` is pending, approved, denied, used or replayed."""

    __tablename__ = "device_codes"

    digest: Mapped[str] = mapped_column(primary_key=True)
    user_code: Mapped[str] = mapped_column(unique=True)
    client_id: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(JSON)
    state: Mapped[str]
    authorization_id: Mapped[str]
    expires: Mapped[int]
    asked: Mapped[int]
    interval: Mapped[int]


class DeviceCodes:
    """The device codes there are. Every method may block."""

    def __init__(self, records: Records, *, clock: Callable[[], int] = now) -> None:
        self._records = records
        self._clock = clock
        records.create(DeviceCodeRecord)

    def begin(self, client_id: str, scopes: frozenset[str]) -> tuple[str, str]:
        """A device code for the box, and the user code that it shows."""
        with self._records.write() as session:
            return self.added(session, client_id, scopes)

    def added(self, session: Session, client_id: str, scopes: frozenset[str]) -> tuple[str, str]:
        """The same in a transaction of somebody else's."""
        device_code, user_code = draw(), _unused(session)
        session.add(
            DeviceCodeRecord(
                digest=digest(device_code),
                user_code=user_code,
                client_id=client_id,
                scopes=sorted(scopes),
                state="pending",
                authorization_id="",
                expires=self._clock() + LIFETIME * _SECOND,
                asked=0,
                interval=INTERVAL,
            )
        )
        session.flush()
        return device_code, readable(user_code)

    def asked(self, user_code: str) -> DeviceAsked | None:
        """What the box that shows this code asks for, while nobody has answered."""
        with self._records.read() as session:
            record = self.pending(session, user_code)
            if record is None:
                return None
            return DeviceAsked(
                user_code=readable(record.user_code), client=record.client_id, scopes=frozenset(record.scopes)
            )

    def approve(self, user_code: str, authorization: Authorization) -> bool:
        """Let the box in; False when somebody has answered before, or it is too late."""
        return self._answer(user_code, "approved", authorization)

    def deny(self, user_code: str) -> bool:
        """Turn the box away; False when somebody has answered before, or it is too late."""
        return self._answer(user_code, "denied", None)

    def redeem(self, device_code: str, client_id: str, *, refresh: bool) -> Redeemed | NotYet:
        """What a device code buys, or why it buys nothing (yet)."""
        with self._records.write() as session:
            taken = self.taken(session, device_code, client_id)
            if not isinstance(taken, DeviceCodeRecord):
                return taken
            at = self._clock()
            if taken.state == "replayed":
                end(session, AuthorizationRecord.id == taken.authorization_id, at)
                return "invalid_grant"
            return first_refresh(session, taken.authorization_id, at, refresh=refresh) or "invalid_grant"

    def taken(self, session: Session, device_code: str, client_id: str) -> DeviceCodeRecord | NotYet:
        """A code that somebody has let in, used up now; with the state ``replayed`` if it was used up before: then what
        it bought must end.
        """
        record = session.get(DeviceCodeRecord, digest(device_code))
        if record is None or record.client_id != client_id:
            return "invalid_grant"
        at = self._clock()
        if record.state in {"used", "replayed"}:
            record.state = "replayed"
            return record
        if record.expires <= at or record.state != "approved":
            return _not_yet(record, at)
        approved = (DeviceCodeRecord.digest == record.digest, DeviceCodeRecord.state == "approved")
        took = update(DeviceCodeRecord).where(*approved).values(state="used").returning(DeviceCodeRecord.digest)
        return "invalid_grant" if session.scalar(took) is None else record

    def sweep(self, session: Session, at: int) -> None:
        """Forget those that are long over: a replay is still seen for what it is for a day."""
        session.execute(delete(DeviceCodeRecord).where(DeviceCodeRecord.expires <= at - 86_400 * _SECOND))

    def _answer(self, user_code: str, state: str, authorization: Authorization | None) -> bool:
        with self._records.write() as session:
            record = self.pending(session, user_code)
            if record is None:
                return False
            record.state = state
            if authorization is not None:
                record.authorization_id = authorization.id
                add(session, authorization)
            return True

    def pending(self, session: Session, user_code: str) -> DeviceCodeRecord | None:
        """The record of a code that nobody has answered, in time."""
        wanted = select(DeviceCodeRecord).where(
            DeviceCodeRecord.user_code == _plain(user_code),
            DeviceCodeRecord.state == "pending",
            DeviceCodeRecord.expires > self._clock(),
        )
        return session.scalars(wanted).first()


def readable(user_code: str) -> str:
    """A user code as a box shows it: ``WDJB-MJHT``."""
    return f"{user_code[: _LETTERS // 2]}-{user_code[_LETTERS // 2 :]}"


def _plain(typed: str) -> str:
    """A user code as somebody typed it: case, hyphens and blanks do not matter."""
    return "".join(character for character in typed.upper() if character in _ALPHABET)


def _unused(session: Session) -> str:
    while True:
        drawn = "".join(secrets.choice(_ALPHABET) for _ in range(_LETTERS))
        known = select(DeviceCodeRecord.digest).where(DeviceCodeRecord.user_code == drawn)
        if session.scalars(known).first() is None:
            return drawn


def _not_yet(record: DeviceCodeRecord, at: int) -> NotYet:
    """Why there is no token; a box that did not wait as it was told has to wait five seconds more (section 3.5)."""
    if record.expires <= at:
        return "expired_token"
    if record.state == "denied":
        return "access_denied"
    early = at - record.asked < record.interval * _SECOND
    record.asked = at
    if early:
        record.interval += INTERVAL
        return "slow_down"
    return "authorization_pending"
