"""The audit: who did what, to which entity, when, from where, with what result. It only ever
grows; the oldest records may be forgotten, which is a record of its own.

A record says what somebody did or was refused (`Deed`); records are numbered, and each carries a digest of itself and
of the one before it, so that one which is changed or taken away later shows (`Audit.verify`). Changes of the graph are
taken from the graph's own log by a position that is kept with the records (`Audit.follow`): nothing has to be written
beside a commit, and a change that was committed is in the audit sooner or later, once.
"""

from twin.access.audit.deeds import GRAPH_CHANGED, Deed, Record
from twin.access.audit.kept import Audit, Filter
from twin.access.audit.reported import Reported, deed_of
from twin.access.audit.whence import address, came_from

__all__ = ["GRAPH_CHANGED", "Audit", "Deed", "Filter", "Record", "Reported", "address", "came_from", "deed_of"]
