"""The claim codes of assets, in the twin's records: whoever has the code of a box has it in their hands.

Only a digest is kept of a code; all else about an asset is in the graph (`twin.graph.declared`). A code stays good: it
is printed on the box, and claims it again once it has been released.
"""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from twin.access.opaque import digest
from twin.errors import InvalidValue
from twin.records import Base

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.orm import Session

    from twin.records import Records

__all__ = ["SHORTEST", "Assets", "ClaimCode", "checked_code", "draw_code", "plain_code"]

SHORTEST = 8
"""Characters of a claim code, blanks and hyphens not counted."""
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Nothing that is read as something else: no 0 and O, no 1 and I."""
_LETTERS = 12
_GROUP = 4
_LONGEST = 100
_SOME = 500
_NOBODY = digest("")


class ClaimCode(msgspec.Struct, frozen=True):
    """The code of an asset, as it is given; it is never shown again."""

    asset: str
    """The id of the asset."""
    serial: str
    code: str

    def __repr__(self) -> str:
        return f"ClaimCode({self.asset!r}, {self.serial!r})"

    __str__ = __repr__


class AssetRecord(Base):
    """The table of claim codes."""

    __tablename__ = "assets"

    id: Mapped[str] = mapped_column(primary_key=True)
    serial: Mapped[str] = mapped_column(index=True)
    code_sha256: Mapped[str]


class Assets:
    """The claim codes there are. Every method may block."""

    def __init__(self, records: Records) -> None:
        self._records = records
        records.create(AssetRecord)

    def keep(self, codes: Iterable[ClaimCode]) -> None:
        """Keep the codes of assets, in place of those that they had."""
        rows = [{"id": each.asset, "serial": each.serial, "code_sha256": _digest(each)} for each in codes]
        with self._records.write() as session:
            _forget(session, [str(row["id"]) for row in rows])
            if rows:
                session.execute(insert(AssetRecord), rows)

    def complete(self, given: Iterable[ClaimCode], *, renew: bool = False) -> list[ClaimCode]:
        """Keep codes as they are given; where none is (it is empty), one is drawn for an asset that has none, or for
        each of them. Those that were drawn: this is the only sight of them.
        """
        codes = list(given)
        uncoded = [each for each in codes if not each.code]
        has = frozenset[str]() if renew else self.coded(each.asset for each in uncoded)
        drawn = [ClaimCode(each.asset, each.serial, draw_code()) for each in uncoded if each.asset not in has]
        self.keep([*(each for each in codes if each.code), *drawn])
        return drawn

    def forget(self, ids: Collection[str]) -> None:
        """Assets are no more, by their ids."""
        with self._records.write() as session:
            _forget(session, list(ids))

    def coded(self, ids: Iterable[str]) -> frozenset[str]:
        """Those of some assets, by their ids, that have a code."""
        wanted, found = list(ids), set[str]()
        with self._records.read() as session:
            for start in range(0, len(wanted), _SOME):
                some = wanted[start : start + _SOME]
                found.update(session.scalars(select(AssetRecord.id).where(AssetRecord.id.in_(some))))
        return frozenset(found)

    def proves(self, serial: str, code: str) -> str | None:
        """The id of the asset with this serial and claim code. None where there is none, at the same cost; whether it
        is blocked, or claimed, only the graph says, and nobody may be told before they have shown the code.
        """
        with self._records.read() as session:
            rows = session.execute(
                select(AssetRecord.id, AssetRecord.code_sha256).where(AssetRecord.serial == serial).order_by("id")
            ).all()
        found: str | None = None
        for asset, kept in [*rows, ("", _NOBODY)]:
            if hmac.compare_digest(kept, _digest(ClaimCode(asset, serial, code))) and found is None and asset:
                found = asset
        return found


def draw_code() -> str:
    """A new claim code, of 60 random bits: ``7KQM-2FXH-9RTB``."""
    drawn = "".join(secrets.choice(_ALPHABET) for _ in range(_LETTERS))
    return "-".join(drawn[start : start + _GROUP] for start in range(0, _LETTERS, _GROUP))


def plain_code(typed: str) -> str:
    """A code as it counts: case, hyphens and blanks do not matter."""
    return "".join(typed.split()).replace("-", "").upper()


def checked_code(code: str) -> str:
    """A claim code, if it may be one; none at all is left for the twin to draw."""
    if code and (len(plain_code(code)) < SHORTEST or len(code) > _LONGEST or not code.isprintable()):
        raise InvalidValue(
            "this claim code is too easy to guess, or none",
            code="claim.code",
            help=f"{SHORTEST} to {_LONGEST} characters; leave it empty, and one is drawn",
            property="claim_code",
        )
    return code


def _digest(code: ClaimCode) -> str:
    return digest(f"{code.asset} {plain_code(code.code)}")


def _forget(session: Session, ids: list[str]) -> None:
    for start in range(0, len(ids), _SOME):
        session.execute(delete(AssetRecord).where(AssetRecord.id.in_(ids[start : start + _SOME])))
