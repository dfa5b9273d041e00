"""Ending everything that was let in: after a restore, or when somebody has seen what they should not.

What a backup holds was true once. A refresh token that was used since, a session that was closed since, a client that
was removed since would all be good again where it is restored, so none of it may count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, update

from twin.access.authorizations import (
    AuthorizationRecord,
    Authorizations,
    CodeRecord,
    RefreshRecord,
    end,
)
from twin.access.clients import ClientRecord, Clients
from twin.access.device_codes import DeviceCodeRecord, DeviceCodes
from twin.access.keys import Keys
from twin.access.pushed import PushedRecord, PushedRequests
from twin.access.registering import InitialTokenRecord, InitialTokens
from twin.access.revocations import Revocations
from twin.access.sessions import SessionRecord, Sessions
from twin.access.users import LinkRecord, UserRecord
from twin.times import now

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from twin.records import Records

__all__ = ["revoke_all_refresh_tokens", "revoke_everything", "rotate_keys"]


def rotate_keys(records: Records, *, earlier: Path | None = None) -> str:
    """Sign with a key nobody has seen; no token that was signed before passes. The kid of the new one."""
    Clients(records)
    with records.write() as session:
        # Connections that are open look at this, and not at the keys again.
        session.execute(update(ClientRecord).values(generation=ClientRecord.generation + 1))
    return Keys(records, earlier=earlier).rotate(revoke=True)


def revoke_all_refresh_tokens(records: Records) -> None:
    """End all that users let apps do: no code and no refresh token buys anything any more."""
    Revocations(records)
    Authorizations(records)
    with records.write() as session:
        _end_authorizations(session)


def revoke_everything(records: Records, *, earlier: Path | None = None) -> str:
    """End every token, code, session and invitation; secrets, keys of clients and passwords stay. The new kid."""
    Revocations(records)
    Authorizations(records)
    records.create(UserRecord, LinkRecord)
    for part in (DeviceCodes, PushedRequests, InitialTokens, Sessions):
        part(records)
    with records.write() as session:
        _end_authorizations(session)
        for table in (DeviceCodeRecord, PushedRecord, InitialTokenRecord, SessionRecord, LinkRecord):
            session.execute(delete(table))
    return rotate_keys(records, earlier=earlier)


def _end_authorizations(session: Session) -> None:
    end(session, AuthorizationRecord.ended == 0, now())
    session.execute(delete(CodeRecord))
    session.execute(delete(RefreshRecord))
