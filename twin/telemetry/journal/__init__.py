"""The journal: every message, on the disk before it is acknowledged."""

from twin.telemetry.journal.blocks import JournalMessage
from twin.telemetry.journal.journal import Journal

__all__ = ["Journal", "JournalMessage"]
