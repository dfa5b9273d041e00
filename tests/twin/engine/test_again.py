"""What a site was made of before is what it is made of now, unless somebody says otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.running import ROOT
from twin import Twin
from twin.access.clients import Clients
from twin.engine.home import Home
from twin.graph.model import Actor, ChangeSet, Update
from twin.records import Records
from twin.source import Source
from twin.store.memory import MemoryStore

HOTEL = """
topology: hotel
version: 1.0.0
uses: { connected-home: ^1.0 }
parameters:
  rooms: { type: integer, range: 0..99, default: 2 }
  floors: { type: integer, range: 1..9, default: 1 }
  name: { type: string, default: Astoria }
  sizes: { type: table, key: room, columns: { area: number }, optional: true }
site: { type: Residence, title: "Hotel ${name} of ${floors}" }
spaces:
  "room-${n}": { each: { n: 1..rooms }, type: Room, properties: { area: "${sizes['room-${n}'].area}" } }
"""
SIZES = Source("sizes.csv", "room,area\nroom-1,14\n")


@pytest.fixture
def twin() -> Twin:
    twin = Twin(store=MemoryStore(), ontology_path=[ROOT / "ontologies"])
    first = {"rooms": 40, "floors": 8, "name": "Adlon"}
    twin.apply(twin.plan(Source("hotel.yaml", HOTEL), site="berlin", parameters=first, tables={"sizes": SIZES}))
    return twin


def test_forty_rooms_to_forty_two_says_nothing_of_floors(twin: Twin) -> None:
    made = twin.plan(Source("hotel.yaml", HOTEL), site="berlin", parameters={"rooms": 42})
    assert made.counts == {"create": 2}
    assert made.notes == ("parameters as applied before: floors=8, name=Adlon", "tables as applied before: sizes")
    assert str(made).startswith("parameters as applied before: floors=8, name=Adlon\n")
    twin.apply(made)
    assert twin.find("berlin").title == {"": "Hotel Adlon of 8"}
    assert twin.find("berlin/room-1").properties == {"area": 14}
    assert twin.plan(Source("hotel.yaml", HOTEL), site="berlin").empty


def test_what_is_said_now_comes_first(twin: Twin) -> None:
    other = Source("other.csv", "room,area\nroom-1,15\n")
    said = {"rooms": 40, "floors": 8, "name": "Adlon"}
    made = twin.plan(Source("hotel.yaml", HOTEL), site="berlin", parameters=said, tables={"sizes": other})
    assert made.notes == ()
    assert made.counts == {"change": 1}
    assert "area 14.0 -> 15.0 m2" in str(made)


def test_a_parameter_that_is_no_more_is_left_out_and_said(twin: Twin) -> None:
    later = HOTEL.replace("  floors: { type: integer, range: 1..9, default: 1 }\n", "").replace(" of ${floors}", "")
    later = later.replace("version: 1.0.0", "version: 2.0.0")
    made = twin.plan(Source("hotel.yaml", later), site="berlin")
    assert "no parameters of hotel 2.0.0 any more: floors" in made.notes
    assert 'version "1.0.0" -> "2.0.0"' in str(made)
    twin.apply(made)
    assert "floors" not in (found.parameters if (found := twin.find("berlin").made) else {})


def test_another_site_begins_with_the_defaults(twin: Twin) -> None:
    made = twin.plan(Source("hotel.yaml", HOTEL), site="paris")
    assert made.notes == ()
    assert made.counts == {"create": 3}


def test_who_changed_a_field_is_told_by_the_name_of_the_client(tmp_path: Path) -> None:
    home = Home(tmp_path)
    records = Records(home.records)
    client_id, _ = Clients(records).add("ana", ["twin:write"], None)
    records.close()
    with Twin(tmp_path, ontology_path=[ROOT / "ontologies"]) as twin:
        source = Source("hotel.yaml", HOTEL)
        twin.apply(twin.plan(source))
        title = Update(id=twin.find("hotel").id, fields={"title": {"": "Ours"}})
        by = Actor(client_id, "graphql")
        twin.commit(ChangeSet(op_id="op", actor=by, at=1_793_700_000_000_000, entries=(title,)))
        assert 'title "Ours" kept (last changed by ana, 3 Nov 2026)' in str(twin.plan(source))


def test_progress_is_told(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.engine.script._PARTS_AT_ONCE", 8)
    told: list[tuple[int, int]] = []
    many = HOTEL.replace("0..99", "0..9999")
    made = twin.plan(Source("hotel.yaml", many), site="large", parameters={"rooms": 9999})
    twin.apply(made, progress=lambda done, of: told.append((done, of)))
    assert told == [(8, 21), (16, 21), (21, 21)]
