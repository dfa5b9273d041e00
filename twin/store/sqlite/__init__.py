"""A twin kept in one SQLite file: graph, log and state; durable on return, readable by anyone with ``sqlite3``."""

from twin.store.sqlite.store import SQLiteStore

__all__ = ["SQLiteStore"]
