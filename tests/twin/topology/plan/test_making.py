"""What a site is made of: recorded, compared, shown."""

from __future__ import annotations

import msgspec

from tests.plans import applied, asked, planned, site, wanted
from twin.graph.mirror import Mirror
from twin.graph.model import Made
from twin.ontology.model import Document
from twin.topology.plan import Plan

DOCUMENTS = (Document("core", "1.0.0", "core.yaml", "c"), Document("t", "1.2.0", "t.yaml", "t"))
TABLE = "flat,serial\nflat-1,M1\n"


def made_of(mirror: Mirror) -> Made | None:
    found = mirror.by_path("home")
    assert found is not None
    return found.made


def test_a_site_knows_what_it_was_made_of() -> None:
    mirror = Mirror()
    given = {"parameters": {"floors": 8, "name": None}, "tables": {"meters": TABLE}}
    want = asked(site(), documents=DOCUMENTS, **given)
    applied(mirror, want)
    assert made_of(mirror) == Made("home", "1.0.0", {"floors": 8}, {"meters": TABLE}, {"t": "1.2.0"})
    assert planned(mirror, want).empty


def test_another_version_alone_is_one_line_and_no_change_of_the_building() -> None:
    mirror = Mirror()
    applied(mirror, asked(site(), parameters={"floors": 8, "wing": "east"}, tables={"meters": TABLE}))
    again = asked(site(), version="1.1.0", parameters={"floors": 9}, tables={"meters": f"{TABLE}flat-2,M2\n"})
    made = planned(mirror, again)
    assert not made.empty
    assert made.counts == {}
    assert len(made.steps) == 1
    for said in ('version "1.0.0" -> "1.1.0"', "floors 8 -> 9", 'wing "east" -> (none)', 'meters "1 row" -> "2 rows"'):
        assert said in str(made)
    applied(mirror, again)
    assert planned(mirror, again).empty


def test_truth_is_written_as_authors_write_it() -> None:
    mirror = Mirror()
    applied(mirror, asked(site(), parameters={"outdoors": True}))
    assert "outdoors true -> false" in str(planned(mirror, asked(site(), parameters={"outdoors": False})))


def test_a_site_of_before_there_was_a_record_gets_one() -> None:
    mirror = Mirror()
    applied(mirror, asked(site(), wanted("home/room")))
    whole = mirror.by_path("home")
    assert whole is not None
    bare = Mirror()
    entities = [msgspec.structs.replace(each, made=None) for each in mirror.entities.values()]
    bare.load(head=1, timeline="t", documents=(), entities=entities, relations=())
    made = applied(bare, asked(site(), wanted("home/room")))
    assert 'topology: "home 1.0.0"' in str(made)
    assert made_of(bare) == whole.made


def test_the_record_survives_the_plans_file() -> None:
    mirror = Mirror()
    applied(mirror, asked(site(), parameters={"floors": 8}))
    made = planned(mirror, asked(site(), parameters={"floors": 9}))
    again = Plan.load(made.dump())
    assert (str(again), again.as_dict()) == (str(made), made.as_dict())
