"""Who made a change, by the name that people know: the log has a client by its id."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from twin.ids import is_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["names_in"]


def names_in(file: Path) -> Callable[[str], str]:
    """What gives the name of a client or a user by its id, and anybody else as they are; read when it is needed.

    What it gives raises `BackendError` where the records cannot be read.
    """

    @cache
    def known() -> dict[str, str]:
        if not file.exists():
            return {}
        from twin.access.clients import Clients  # SQLAlchemy takes its time, and few plans ask
        from twin.access.users import names_of_users
        from twin.records import Records

        records = Records(file)
        try:
            return {**names_of_users(records), **{each.client_id: each.name for each in Clients(records).list()}}
        finally:
            records.close()

    return lambda author: known().get(author, author) if is_id(author) else author
