"""Boxes: clients that are one gateway or one device of the graph, each proving itself by a key of its own.

A box belongs to the asset that it is and to the entity whose place it has. It counts for as long as the graph says the
same (`Clients.current`): what is blocked, released, replaced or deleted there has no token that is good any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from twin.records import Base

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["SCOPE", "Box", "BoxRecord", "box_of"]

SCOPE = "telemetry:write"
"""The one scope of a box."""


class Box(NamedTuple):
    """What a client is."""

    asset: str
    """The id of the asset."""
    device: str
    """The id of the gateway or device whose place it has."""


class BoxRecord(Base):
    """The table of boxes, beside that of clients: one for an asset, and one for a gateway or device."""

    __tablename__ = "boxes"

    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id", ondelete="CASCADE"), primary_key=True)
    asset: Mapped[str] = mapped_column(unique=True)
    device: Mapped[str] = mapped_column(unique=True)


def box_of(session: Session, client_id: str) -> Box | None:
    """Which box a client is, if it is one."""
    record = session.get(BoxRecord, client_id)
    return None if record is None else Box(record.asset, record.device)
