"""The difference between what a topology asks for and what exists, to be looked at and then applied.

compare      what exists against what is asked for, by path: deletions first, then changes, then creations
ownership    whose a field is when a user and the topology both have set it
model        the plan: as lines for people, as data, as a file to be applied as it stands
committing   the plan as ChangeSets
"""

from twin.topology.plan.committing import CHANGESET_ENTRIES, changesets
from twin.topology.plan.compare import plan
from twin.topology.plan.model import FieldChange, Plan, Step
from twin.topology.plan.ownership import Take

__all__ = ["CHANGESET_ENTRIES", "FieldChange", "Plan", "Step", "Take", "changesets", "plan"]
