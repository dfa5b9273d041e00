"""The keys that sign tokens: several at once, so that one can follow another without a token failing.

    next      published, signs nothing yet: verifiers know a key before they meet it
    current   signs
    retired   signs no more; what it signed passes until it has expired

They are records, which only their owner can read. Earlier versions kept one key in a file, which is taken over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec
from joserfc.jwk import ECKey
from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from twin.errors import BackendError, Conflict
from twin.records import Base
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy.orm import Session

    from twin.records import Records

__all__ = ["KNOWN_SECONDS", "KeyRing", "KeyState", "Keys", "SigningKey", "Stored"]

KNOWN_SECONDS = 300
"""How long verifiers keep the published keys, and so how long a key is published before it signs."""
KEEP_SECONDS = 660
"""How long a retired key is kept by default: a token's life and the skew of clocks."""
_SECOND = 1_000_000
_FILE = "signing.pem"

KeyState: TypeAlias = Literal["next", "current", "retired"]


class SigningKey:
    """An ES256 key pair (P-256, RFC 7518 section 3.4), named by its thumbprint (RFC 7638)."""

    def __init__(self, key: ECKey) -> None:
        self.private = key
        self.kid = key.thumbprint()
        self.public = key.public_key

    def __repr__(self) -> str:
        return f"SigningKey({self.kid})"

    @classmethod
    def generate(cls) -> SigningKey:
        """A new one."""
        return cls(ECKey.generate_key("P-256"))

    def published(self) -> dict[str, Any]:
        """The public half as a JWK (RFC 7517)."""
        return {**self.private.as_dict(private=False), "kid": self.kid, "use": "sig", "alg": "ES256"}


class KeyRing(msgspec.Struct, frozen=True):
    """The keys there are at one moment; another object as soon as anything about them changes."""

    current: SigningKey
    next: SigningKey | None = None
    retired: tuple[SigningKey, ...] = ()

    @property
    def all(self) -> tuple[SigningKey, ...]:
        """Every key that a verifier may meet, the one that signs first.

        The next is among them: another process of this twin may have rotated the keys a moment ago.
        """
        return (self.current, *(() if self.next is None else (self.next,)), *self.retired)

    def find(self, kid: object) -> SigningKey | None:
        """The key of that name, if it is ours and may have signed a token."""
        return next((key for key in self.all if key.kid == kid), None)

    def published(self) -> list[dict[str, Any]]:
        """The public half of each."""
        return [key.published() for key in self.all]


class Stored(msgspec.Struct, frozen=True):
    """A key as operators see it. Times are in microseconds since 1970 UTC; ``until`` is 0 unless it is retired."""

    kid: str
    state: KeyState
    created: int
    until: int


class SigningKeyRecord(Base):
    """The table of keys. ``until`` says when a retired one is forgotten."""

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    pem: Mapped[str]
    created: Mapped[int]
    until: Mapped[int]


class Keys:
    """The keys of a twin. All methods may block; `ring` is as of the last `refresh`.

    Raises `BackendError`: ``keys.unusable`` when a key cannot be read.
    """

    def __init__(self, records: Records, *, earlier: Path | None = None, clock: Callable[[], int] = now) -> None:
        """``earlier`` is the directory in which earlier versions kept their one key."""
        self._records = records
        self._clock = clock
        self._seen: tuple[tuple[str, str], ...] = ()
        records.create(SigningKeyRecord)
        file = None if earlier is None else earlier / _FILE
        with records.write() as session:
            if session.scalars(select(SigningKeyRecord.kid).limit(1)).first() is None:
                found = _of_file(file) if file is not None and file.exists() else SigningKey.generate()
                session.add(_record(found, "current", clock()))
                session.add(_record(SigningKey.generate(), "next", clock()))
        if file is not None:
            file.unlink(missing_ok=True)  # a secret is kept in one place
        self.ring = self._read()

    def refresh(self) -> None:
        """See what other processes did to the keys."""
        self.ring = self._read()

    def rotate(self, *, keep: int = KEEP_SECONDS, at_once: bool = False, revoke: bool = False) -> str:
        """Have the next key sign from now on, and publish one to follow it: the kid of the one that signs.

        The old one's tokens pass for ``keep`` seconds; with ``revoke``, no token signed before passes again, and the
        next key is a new one too, for it was kept where the others were.

        Raises:
            Conflict: the next key is so young that verifiers may not know it, and it is not to be ``at_once``.
        """
        at = self._clock()
        with self._records.write() as session:
            session.execute(delete(SigningKeyRecord).where(SigningKeyRecord.until.between(1, at)))
            if revoke:
                session.execute(delete(SigningKeyRecord))
            signing = self._promoted(session, at, at_once=at_once or revoke, keep=keep)
            session.add(_record(SigningKey.generate(), "next", at))
        self.refresh()
        return signing

    def list(self) -> list[Stored]:
        """Every key, the newest first."""
        with self._records.read() as session:
            rows = session.scalars(select(SigningKeyRecord).order_by(SigningKeyRecord.created.desc()))
            return [Stored(each.kid, _state(each.state), each.created, each.until) for each in rows]

    def _promoted(self, session: Session, at: int, *, at_once: bool, keep: int) -> str:
        """Make the next key the current one."""
        following = session.scalars(select(SigningKeyRecord).where(SigningKeyRecord.state == "next")).first()
        if following is None:
            made = _record(SigningKey.generate(), "current", at)
            session.add(made)
            return made.kid
        known = following.created + KNOWN_SECONDS * _SECOND
        if at < known and not at_once:
            raise Conflict(
                "the next key was published a moment ago, and verifiers may not know it yet",
                code="keys.early",
                help=f"rotate again in {-((at - known) // _SECOND)} seconds, or at once with --now",
            )
        session.execute(
            update(SigningKeyRecord)
            .where(SigningKeyRecord.state == "current")
            .values(state="retired", until=at + keep * _SECOND)
        )
        following.state = "current"
        return following.kid

    def _read(self) -> KeyRing:
        """The keys as they are now; the same object as before when nothing has changed."""
        with self._records.read() as session:
            known = or_(SigningKeyRecord.until == 0, SigningKeyRecord.until > self._clock())
            rows = list(session.scalars(select(SigningKeyRecord).where(known).order_by(SigningKeyRecord.created)))
        seen = tuple((each.kid, each.state) for each in rows)
        if seen == self._seen:
            return self.ring
        keys = [(_state(each.state), _key(each.pem)) for each in rows]
        ring = KeyRing(
            current=next(key for state, key in keys if state == "current"),
            next=next((key for state, key in keys if state == "next"), None),
            retired=tuple(key for state, key in keys if state == "retired"),
        )
        self._seen = seen
        return ring


def _record(key: SigningKey, state: KeyState, at: int) -> SigningKeyRecord:
    pem = key.private.as_pem(private=True).decode()
    return SigningKeyRecord(kid=key.kid, state=state, pem=pem, created=at, until=0)


def _state(word: str) -> KeyState:
    return "next" if word == "next" else "current" if word == "current" else "retired"


def _key(pem: str | bytes) -> SigningKey:
    try:
        return SigningKey(ECKey.import_key(pem))
    except ValueError as error:
        raise _unusable(error) from error


def _of_file(file: Path) -> SigningKey:
    try:
        return _key(file.read_bytes())
    except OSError as error:
        raise _unusable(error) from error


def _unusable(error: Exception) -> BackendError:
    return BackendError(
        f"a signing key cannot be used: {type(error).__name__}",
        code="keys.unusable",
        help="put the key back from a backup, or remove it: without it a new one is made",
    )
