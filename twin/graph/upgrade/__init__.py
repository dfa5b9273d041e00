"""What becomes of a site when its ontologies get another version: pure, from entities and declared steps to entries.

steps      the names in steps
ways       from a type of before to a type of now: its members by their new names, and in their new units
rules      the text of a rule in the new names; which type an entity becomes where one is split
entities   one entity: its update, its readings, and how it was before
gaps       what no step covers, and the step that would
sites      a whole site: the entries of its ChangeSet, and the lines for people
back       the way back: what the upgrade changed, except what users have changed since
"""

from twin.graph.upgrade.back import Return, way_back
from twin.graph.upgrade.entities import Shift
from twin.graph.upgrade.gaps import Gap, gaps
from twin.graph.upgrade.sites import SiteUpgrade, upgrade_site
from twin.graph.upgrade.ways import Ways

__all__ = ["Gap", "Return", "Shift", "SiteUpgrade", "Ways", "gaps", "upgrade_site", "way_back"]
