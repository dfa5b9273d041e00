"""Upgrades of live sites to a later version of an ontology or a topology, site by site, with a record of each.

goal        what to come to: documents found, compiled, compared with what is in force
fleet       what it does at every site, before anything is changed
records     what was planned and done at each site, and how it was before: survives kill -9
running     site by site: one ChangeSet each, resumed where it was interrupted, and rolled back
topologies  the same for a new version of a topology
"""

from twin.engine.upgrading.fleet import FleetPlan, SiteRow, plan_fleet
from twin.engine.upgrading.goal import Goal, find_goal
from twin.engine.upgrading.outcome import Outcome, record_of
from twin.engine.upgrading.records import UpgradedSite, UpgradeRecord, UpgradeRecords
from twin.engine.upgrading.running import Upgrading
from twin.engine.upgrading.topologies import Options, TopologyFleet, TopologyUpgrading

__all__ = [
    "FleetPlan",
    "Goal",
    "Options",
    "Outcome",
    "SiteRow",
    "TopologyFleet",
    "TopologyUpgrading",
    "UpgradeRecord",
    "UpgradeRecords",
    "UpgradedSite",
    "Upgrading",
    "find_goal",
    "plan_fleet",
    "record_of",
]
