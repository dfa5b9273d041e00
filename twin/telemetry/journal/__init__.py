"""The journal: every message, on the disk before it is acknowledged."""

from twin.telemetry.journal.blocks import JournalMessage
from twin.telemetry.journal.extent import Extent, extent
from twin.telemetry.journal.journal import Journal

__all__ = ["Extent", "Journal", "JournalMessage", "extent"]
