"""Users: people who sign in with an e-mail address and a password that only they have ever known.

Nobody is given a password. A new user gets a link that works once, and chooses one behind it; so does who forgot it.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import ForeignKey, delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from twin.access.opaque import digest, draw
from twin.errors import Conflict, InvalidValue, NotFound, Unauthenticated
from twin.ids import mint
from twin.records import Base
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.orm import Session

    from twin.access.passwords import Passwords
    from twin.records import Records

__all__ = ["LINK_SECONDS", "User", "UserRecord", "Users", "checked_address", "named", "names_of_users", "normal"]

LINK_SECONDS = 48 * 3600
"""How long a link to choose a password by works."""
_SECOND = 1_000_000
_LONGEST = 254
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\Z")


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A user as others may see them, without what is kept of the password. ``created`` is in microseconds."""

    id: str
    email: str
    name: str
    created: int
    disabled: bool
    ready: bool
    """Whether they have chosen a password."""


class UserRecord(Base):
    """The table of users."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password: Mapped[str]
    disabled: Mapped[bool]
    created: Mapped[int]

    def seen(self) -> User:
        """The record as a value."""
        return User(
            id=self.id,
            email=self.email,
            name=self.name,
            created=self.created,
            disabled=self.disabled,
            ready=bool(self.password),
        )


class LinkRecord(Base):
    """The table of links that let a user choose a password, once."""

    __tablename__ = "password_links"

    digest: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    expires: Mapped[int]


class Users:
    """The users there are. Every method may block."""

    def __init__(self, records: Records, passwords: Passwords, *, clock: Callable[[], int] = now) -> None:
        self._records = records
        self._passwords = passwords
        self._clock = clock
        records.create(UserRecord, LinkRecord)

    def add(self, email: str, name: str = "") -> tuple[User, str]:
        """A new user, and the secret of the link by which they choose a password.

        `InvalidValue` when that is no address, `Conflict` when somebody has it.
        """
        record = self._new(email, name, "")
        with self._adding(record) as session:
            return record.seen(), self._linked(session, record.id)

    def enroll(self, email: str, password: str) -> User:
        """A new user who has chosen a password already.

        `InvalidValue` when the password will not do, `Conflict` when somebody has the address.
        """
        record = self._new(email, "", self._passwords.hash(password))
        with self._adding(record):
            return record.seen()

    def link(self, ref: str) -> tuple[User, str]:
        """A new link for a user (by address or id) to choose a password by; earlier ones end."""
        with self._records.write() as session:
            record = named(session, ref)
            session.execute(delete(LinkRecord).where(LinkRecord.user_id == record.id))
            return record.seen(), self._linked(session, record.id)

    def linked(self, secret: str) -> User | None:
        """Whose link that is, while it works."""
        with self._records.read() as session:
            return self._behind(session, secret)

    def choose(self, secret: str, password: str) -> User:
        """Take the password that a user chose behind a link, and end the link: of two at once, one is taken.

        `NotFound` when the link does not work (any more), `InvalidValue` when the password will not do.
        """
        if self.linked(secret) is None:  # nobody has us hash what leads nowhere
            raise _no_link()
        kept = self._passwords.hash(password)
        with self._records.write() as session:
            user = self._behind(session, secret)
            if user is None:
                raise _no_link()
            session.execute(delete(LinkRecord).where(LinkRecord.user_id == user.id))
            record = session.get_one(UserRecord, user.id)
            record.password = kept
            return record.seen()

    def authenticate(self, email: str, password: str) -> User:
        """Whose password that is; `Unauthenticated` otherwise, at the same cost whether or not there is such a user."""
        with self._records.read() as session:
            record = session.scalars(select(UserRecord).where(UserRecord.email == normal(email))).first()
            found, kept = (None, None) if record is None else (record.seen(), record.password)
        good = self._passwords.match(kept, password)
        if not good or found is None or found.disabled:
            raise Unauthenticated(
                "the e-mail address or the password is wrong",
                code="login.invalid",
                help="check both; who runs the twin can send a link to choose a new password",
            )
        if kept and self._passwords.outdated(kept):
            self._renew(found.id, kept, password)
        return found

    def find(self, user_id: str) -> User | None:
        """A user by id."""
        with self._records.read() as session:
            record = session.get(UserRecord, user_id)
            return None if record is None else record.seen()

    def list(self) -> list[User]:
        """Every user, by address."""
        with self._records.read() as session:
            return [each.seen() for each in session.scalars(select(UserRecord).order_by(UserRecord.email))]

    def sweep(self, session: Session, at: int) -> None:
        """Forget the links that do not work any more."""
        session.execute(delete(LinkRecord).where(LinkRecord.expires <= at))

    def _new(self, email: str, name: str, password: str) -> UserRecord:
        address = checked_address(email)
        return UserRecord(
            id=mint(),
            email=address,
            name=name.strip() or address,
            password=password,
            disabled=False,
            created=self._clock(),
        )

    @contextmanager
    def _adding(self, record: UserRecord) -> Iterator[Session]:
        """Where a new user is added; `Conflict` when somebody has the address."""
        address = record.email
        try:
            with self._records.write() as session:
                session.add(record)
                session.flush()
                yield session
        except IntegrityError as error:
            raise Conflict(
                f"there is a user {address} already",
                code="user.exists",
                help="twin user link EMAIL makes a new link for them",
                email=address,
            ) from error

    def _linked(self, session: Session, user_id: str) -> str:
        secret = draw()
        expires = self._clock() + LINK_SECONDS * _SECOND
        session.add(LinkRecord(digest=digest(secret), user_id=user_id, expires=expires))
        return secret

    def _behind(self, session: Session, secret: str) -> User | None:
        link = session.get(LinkRecord, digest(secret))
        if link is None or link.expires <= self._clock():
            return None
        found = session.get_one(UserRecord, link.user_id).seen()
        return None if found.disabled else found

    def _renew(self, user_id: str, kept: str, password: str) -> None:
        """Keep a password at today's costs, unless somebody has changed it meanwhile."""
        fresh = self._passwords.hash(password)
        with self._records.write() as session:
            record = session.get(UserRecord, user_id)
            if record is not None and record.password == kept:
                record.password = fresh


def _no_link() -> NotFound:
    return NotFound(
        "this link does not work any more",
        code="link.invalid",
        help="ask who runs the twin for a new one: twin user link EMAIL",
    )


def names_of_users(records: Records) -> dict[str, str]:
    """The name of every user, by id."""
    records.create(UserRecord)
    with records.read() as session:
        rows = session.execute(select(UserRecord.id, UserRecord.name)).all()
        return {user_id: name for user_id, name in rows}  # noqa: C416 - a Row is more than a tuple to mypy


def normal(email: str) -> str:
    """An address as it is compared: without regard to case, which no provider of today gives a meaning."""
    return email.strip().casefold()


def checked_address(email: str) -> str:
    """An address as it is compared, if it is one; `InvalidValue` otherwise."""
    address = normal(email)
    if _ADDRESS.match(address) is None or len(address) > _LONGEST:
        raise InvalidValue(
            f"{email!r} is no e-mail address", code="user.email", help="write name@example.com", email=email
        )
    return address


def named(session: Session, ref: str) -> UserRecord:
    """The user of that address or id; `NotFound` when there is none."""
    called = or_(UserRecord.email == normal(ref), UserRecord.id == ref)
    record = session.scalars(select(UserRecord).where(called)).first()
    if record is None:
        raise NotFound(f"there is no user {ref!r}", code="user.unknown", help="twin user list shows them", user=ref)
    return record
