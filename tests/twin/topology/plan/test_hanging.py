"""Deletions are counted with what goes with them, and shown as subtrees."""

from __future__ import annotations

from tests.plans import act, applied, asked, planned, site, wanted
from twin.graph.mirror import Mirror
from twin.graph.model import Link, Relation
from twin.topology.plan import Beside

FLAT = (
    wanted("home/flat", roles={"tenant": "t/Tenant"}),
    wanted("home/flat/kitchen"),
    wanted("home/flat/kitchen/lamp", "device", "t/Lamp"),
    wanted("home/flat/kitchen/probe", "device", "t/Probe"),
)
ROOF = wanted("home/roof"), wanted("home/roof/dish", "device", "t/Dish")


def built() -> Mirror:
    mirror = Mirror()
    applied(mirror, asked(site(), *FLAT, *ROOF, relations=(("home/roof/dish", "serves", "home/flat"),)))
    return mirror


def link(mirror: Mirror, source: str, name: str, target: str) -> Link:
    ends = [found.id for path in (source, target) if (found := mirror.by_path(path)) is not None]
    return Link(Relation(type=name, source=ends[0], target=ends[1]))


def test_a_deleted_subtree_is_one_line_with_what_hangs_on_it() -> None:
    mirror = built()
    act(
        mirror,
        link(mirror, "home/roof/dish", "watches", "home/flat/kitchen"),
        link(mirror, "home/flat/kitchen/lamp", "feeds", "home/flat/kitchen/probe"),
    )
    beside = Beside(readings=lambda entity: 3 if entity.key == "probe" else 0)
    made = planned(mirror, asked(site(), *ROOF), beside=beside)
    line, summary = str(made).splitlines()
    assert (
        line == "- space     home/flat and 3 below it                         3 readings, 2 relations of others, 1 role"
    )
    assert "3 readings of what is deleted go with it. Needs --allow-delete." in summary
    assert [step["path"] for step in made.as_dict()["steps"]] == [entity.path for entity in FLAT]
    assert made.as_dict()["lost"] == {"readings": 3, "relations": 2, "roles": 1}


def test_what_is_alone_is_shown_with_its_type() -> None:
    mirror = built()
    made = planned(mirror, asked(site(), *FLAT[:3], *ROOF))
    assert str(made).splitlines()[0].split() == ["-", "device", "home/flat/kitchen/probe", "Probe"]


def test_neighbours_are_lines_of_their_own() -> None:
    mirror = built()
    lines = str(planned(mirror, asked(site()))).splitlines()
    assert [line.split()[2] for line in lines[:2]] == ["home/flat", "home/roof"]
