"""The difference between what a topology asks for and what exists, to be looked at and then applied.

compare      what exists against what is asked for, by path: deletions first, then changes, then creations
fields       the fields of one entity; relating the relations; making what a site is made of
ownership    whose a field is when a user and the topology both have set it
hanging      what goes with what is deleted; beside where it is looked up
steps        a plan step by step; wording the same as lines for people
model        the plan: as data, as a file to be applied as it stands
committing   the plan as ChangeSets
"""

from twin.topology.plan.beside import Beside
from twin.topology.plan.committing import CHANGESET_ENTRIES, changesets
from twin.topology.plan.compare import plan
from twin.topology.plan.model import Plan
from twin.topology.plan.ownership import Take
from twin.topology.plan.steps import FieldChange, Step

__all__ = ["CHANGESET_ENTRIES", "Beside", "FieldChange", "Plan", "Step", "Take", "changesets", "plan"]
