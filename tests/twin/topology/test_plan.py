"""Plans and their application on a real mirror, from topologies as authors write them."""

from __future__ import annotations

import json
from itertools import count

import pytest

from tests.graphs import contents
from twin.engine import Twin
from twin.engine.library import shipped
from twin.errors import Conflict, InvalidValue
from twin.graph import query
from twin.graph.model import Actor, ChangeSet, Create, Entity, Update
from twin.ids import mint
from twin.source import Source
from twin.store.memory import MemoryStore
from twin.topology.plan import CHANGESET_ENTRIES, Plan, Take, changesets

_ops = count()

HOME = """
topology: home
version: 1.0.0
uses: { connected-home: ^1.0 }
parameters:
  rooms: { type: integer, range: 0..5000, default: 2 }
  serial: { type: string, default: SN-1 }
site: { type: Residence, title: Home }
spaces:
  "room-${n}":
    each: { n: 1..rooms }
    type: Room
    title: "Room ${n}"
    properties: { area: 10 }
    status: { temperature: { from: climate.temperature } }
    devices:
      climate: { type: ClimateSensor, relations: { monitors: ["."] } }
devices:
  outside: { type: OutdoorSensor, asset: "${serial}" }
views:
  all: { type: Climate, members: [outside] }
"""


@pytest.fixture
def twin() -> Twin:
    return Twin(store=MemoryStore(), ontology_path=[shipped("ontologies")])


def planned(twin: Twin, text: str = HOME, site: str = "home", **parameters: object) -> Plan:
    return twin.plan(Source("home.yaml", text), site=site, parameters=parameters)


def applied(twin: Twin, text: str = HOME, **parameters: object) -> Plan:
    made = planned(twin, text, **parameters)
    twin.apply(made, allow_delete=True)
    return made


def act(twin: Twin, *entries: object) -> None:
    twin.commit(ChangeSet(op_id=f"op-{next(_ops)}", actor=Actor("ana", "app"), at=1, entries=tuple(entries)))


def signs(made: Plan) -> list[tuple[str, str]]:
    return [(step.sign, step.path) for step in made.steps]


def test_applying_twice_changes_nothing(twin: Twin) -> None:
    first = applied(twin)
    assert first.counts == {"create": 7, "link": 3}
    before = contents(twin.mirror)
    second = planned(twin)
    assert second.empty
    assert twin.apply(second) == []
    assert contents(twin.mirror) == before
    assert second.summary.startswith("No changes")


def test_two_rooms_more_touch_no_other(twin: Twin) -> None:
    applied(twin, rooms=40)
    ids = {path: twin.find(f"home/{path}").id for path in ("room-1", "room-40", "room-7/climate")}
    more = applied(twin, rooms=42)
    assert [path for sign, path in signs(more) if sign == "+" and "->" not in path] == [
        "home/room-41", "home/room-41/climate", "home/room-42", "home/room-42/climate",
    ]  # fmt: skip
    assert more.counts == {"create": 4, "link": 2}
    assert {path: twin.find(f"home/{path}").id for path in ids} == ids


def test_a_path_created_again_is_somebody_new(twin: Twin) -> None:
    applied(twin)
    before = twin.find("home/room-2").id
    applied(twin, rooms=1)
    applied(twin, rooms=2)
    assert twin.find("home/room-2").id != before


def test_a_deletion_needs_a_yes_and_comes_first(twin: Twin) -> None:
    applied(twin)
    made = planned(twin, HOME.replace("title: Home", "title: House"), rooms=1)
    assert signs(made)[:2] == [("-", "home/room-2"), ("-", "home/room-2/climate")]
    assert ("~", "home") in signs(made)
    assert "Needs --allow-delete" in made.summary
    with pytest.raises(Conflict) as caught:
        twin.apply(made)
    assert caught.value.code_ == "plan.deletes"
    twin.apply(made, allow_delete=True)
    assert twin.mirror.by_path("home/room-2") is None


def test_a_stale_plan_is_refused_and_another_sites_changes_do_not_make_it_stale(twin: Twin) -> None:
    applied(twin)
    made = planned(twin, rooms=3)
    twin.apply(planned(twin, site="cabin"))
    twin.apply(made)
    stale = planned(twin, rooms=4)
    act(twin, Update(id=twin.find("home/room-1").id, fields={"title": {"": "Mine"}}))
    with pytest.raises(Conflict) as caught:
        twin.apply(stale)
    assert caught.value.code_ == "plan.stale"


def test_a_new_title_changes_one_field(twin: Twin) -> None:
    applied(twin)
    made = planned(twin, HOME.replace("title: Home", "title: House"))
    assert made.counts == {"change": 1}
    (step,) = made.steps
    assert [(change.name, change.before, change.after) for change in step.fields] == [
        ("title", {"": "Home"}, {"": "House"})
    ]
    assert 'title "Home" -> "House"' in str(made)


def test_what_a_user_set_and_the_topology_never_gave_survives(twin: Twin) -> None:
    applied(twin)
    climate = twin.find("home/room-1/climate")
    act(twin, Update(id=climate.id, fields={"title": {"": "By the window"}, "properties": {"vendor": "Acme"}}))
    assert planned(twin).empty
    applied(twin, rooms=3)
    kept = twin.find(climate.id)
    assert (kept.title, kept.properties) == ({"": "By the window"}, {"vendor": "Acme"})


def titled(twin: Twin, title: str) -> None:
    act(twin, Update(id=twin.find("home").id, fields={"title": {"": title}}))


def test_a_users_edit_of_a_given_field_is_kept_and_shown(twin: Twin) -> None:
    applied(twin)
    titled(twin, "Ours")
    made = planned(twin)
    assert made.empty
    assert signs(made) == [("=", "home")]
    assert 'title "Ours" kept (last changed by ana, 1 Jan 1970)' in str(made)
    assert "but for 1 that users set" in made.summary
    applied(twin, rooms=3)
    assert twin.find("home").title == {"": "Ours"}


def test_what_both_have_changed_is_a_conflict_until_somebody_says_whose_it_is(twin: Twin) -> None:
    applied(twin)
    titled(twin, "Ours")
    house = HOME.replace("title: Home", "title: House")
    made = planned(twin, house, rooms=3)
    assert ("!", "home") in signs(made)
    assert 'title "Ours" here, "House" in the topology' in str(made)
    with pytest.raises(Conflict) as caught:
        twin.apply(made)
    assert caught.value.code_ == "plan.conflict"
    assert twin.mirror.by_path("home/room-3") is None


@pytest.mark.parametrize(("take", "title"), [("topology", "House"), ("live", "Ours")])
def test_a_conflict_is_settled_once(twin: Twin, take: Take, title: str) -> None:
    applied(twin)
    titled(twin, "Ours")
    house = Source("home.yaml", HOME.replace("title: Home", "title: House"))
    twin.apply(twin.plan(house, site="home", take=take))
    assert twin.find("home").title == {"": title}
    assert twin.plan(house, site="home").empty
    titled(twin, "House")
    assert not twin.plan(house, site="home").conflicts


def test_a_user_may_take_over_what_the_topology_gives_no_more(twin: Twin) -> None:
    applied(twin)
    room = twin.find("home/room-1")
    act(twin, Update(id=room.id, fields={"properties": {"area": 12}}))
    applied(twin, HOME.replace("    properties: { area: 10 }\n", ""))
    assert twin.find("home/room-1").properties == {"area": 12}
    assert twin.find("home/room-2").properties == {}


def test_a_plan_survives_its_file_and_is_applied_as_it_stands(twin: Twin) -> None:
    made = planned(twin)
    again = Plan.load(made.dump())
    assert (str(again), again.as_dict()) == (str(made), made.as_dict())
    twin.apply(again)
    assert planned(twin).empty
    deletes = Plan.load(planned(twin, HOME.replace("title: Home", "title: House"), rooms=1).dump())
    twin.apply(deletes, allow_delete=True)
    assert twin.find("home").title == {"": "House"}
    with pytest.raises(Conflict) as caught:
        Twin(store=MemoryStore()).apply(deletes, allow_delete=True)
    assert caught.value.code_ == "plan.foreign"
    with pytest.raises(InvalidValue, match="no plan"):
        Plan.load(b'{"topology": 3}')


def test_the_plan_of_a_new_site_is_stale_only_when_somebody_took_its_key(twin: Twin) -> None:
    first, second = planned(twin), planned(twin)
    other = planned(twin, site="cabin")
    twin.apply(first)
    twin.apply(other)
    with pytest.raises(Conflict) as caught:
        twin.apply(second)
    assert caught.value.code_ == "path.taken"


def test_what_the_topology_gives_no_more_is_taken_away(twin: Twin) -> None:
    applied(twin)
    made = applied(twin, HOME.replace("    properties: { area: 10 }\n", ""))
    assert made.counts == {"change": 2}
    assert twin.find("home/room-1").properties == {}


def test_what_others_created_below_is_kept_with_what_contains_it(twin: Twin) -> None:
    applied(twin)
    room = twin.find("home/room-2")
    lamp = Entity(
        id="lamp", kind="device", type="connected-home/Light", key="lamp",
        path=f"{room.path}/lamp", site=room.site, parent=room.id,
    )  # fmt: skip
    act(twin, Create(lamp))
    made = applied(twin, rooms=1)
    assert ("=", "home/room-2") in signs(made)
    assert ("-", "home/room-2/climate") in signs(made)
    assert twin.find("lamp").path == "home/room-2/lamp"
    assert twin.mirror.by_path("home/room-2/climate") is None


def test_a_site_of_another_topology_is_refused(twin: Twin) -> None:
    applied(twin)
    with pytest.raises(Conflict) as caught:
        planned(twin, HOME.replace("topology: home", "topology: house"))
    assert caught.value.code_ == "site.taken"


def test_a_serial_may_pass_from_one_device_to_another(twin: Twin) -> None:
    applied(twin)
    moved = HOME.replace('asset: "${serial}"', "properties: {}").replace(
        "climate: { type: ClimateSensor,", 'climate: { type: ClimateSensor, asset: "${serial}-${n}",'
    )
    applied(twin, moved)
    assert twin.find("home/outside").serial is None
    assert twin.find("home/room-1/climate").serial == "SN-1-1"
    swapped = moved.replace("${serial}-${n}", "${serial}-${3 - n}")
    applied(twin, swapped)
    assert twin.find("home/room-1/climate").serial == "SN-1-2"
    assert planned(twin, swapped).empty


def test_a_space_follows_its_device_also_when_that_is_replaced(twin: Twin) -> None:
    applied(twin)
    room = twin.find("home/room-1")
    assert room.sources == {"temperature": (twin.find("home/room-1/climate").id, "temperature")}
    renamed = HOME.replace("climate.temperature", "probe.temperature").replace("climate: {", "probe: {")
    applied(twin, renamed)
    after = twin.find(room.id)
    assert after.sources == {"temperature": (twin.find("home/room-1/probe").id, "temperature")}


def test_a_large_plan_is_committed_in_parts(twin: Twin) -> None:
    made = planned(twin, rooms=1500)
    assert len(made.entries) > CHANGESET_ENTRIES
    committed = twin.apply(made)
    assert [each.sequence for each in committed] == list(range(1, len(committed) + 1))
    assert len(committed) > 1
    assert planned(twin, rooms=1500).empty
    assert twin.find("home/room-1500").sources["temperature"][0] == twin.find("home/room-1500/climate").id


def test_the_views_of_a_large_plan_come_before_what_they_may_include(twin: Twin) -> None:
    parts = changesets(planned(twin, rooms=1500), Actor("ana", "app"), 1, mint)
    kinds = [entry.entity.kind for part in parts for entry in part.entries if isinstance(entry, Create)]
    assert kinds[:2] == ["site", "view"]
    assert "view" not in kinds[kinds.index("space") :]


def test_a_new_site_is_seen_only_when_its_last_part_is_there(twin: Twin) -> None:
    made = planned(twin, rooms=1500)
    parts = changesets(made, Actor("ana", "app"), 1, mint)
    twin.commit(parts[0])
    assert twin.sites() == []
    assert query.find(twin.mirror, "home/room-1") is None
    assert query.select(twin.mirror).total == 0
    rest = planned(twin, rooms=1500)
    assert 0 < rest.counts["create"] < made.counts["create"]
    twin.apply(rest)
    assert [site.key for site in twin.sites()] == ["home"]
    assert len(twin.devices()) == 1501
    assert planned(twin, rooms=1500).empty


MOVES = """
topology: home
version: 1.0.0
uses: { connected-home: ^1.0 }
site: { type: Residence }
spaces:
  east: { type: Room, devices: { lamp: { type: Light, asset: L-1 }, probe: { type: ClimateSensor } } }
  west: { type: Room }
"""


def moved(twin: Twin, text: str, moves: dict[str, str]) -> Plan:
    """The plan of a topology with ``moved`` entries."""
    return twin.plan(Source("home.yaml", f"{text}moved: {json.dumps(moves)}\n"), site="home")


def test_what_is_moved_keeps_its_id_and_its_serial(twin: Twin) -> None:
    applied(twin, MOVES)
    lamp, east = twin.find("home/east/lamp"), twin.find("home/east")
    after = MOVES.replace("lamp: { type: Light, asset: L-1 }, ", "").replace(
        "west: { type: Room }", "west: { type: Room, devices: { light: { type: Light, asset: L-1, title: Mine } } }"
    )
    made = moved(twin, after, {"east/lamp": "west/light"})
    assert made.counts == {"move": 1, "change": 1}
    assert signs(made) == [(">", "home/east/lamp -> home/west/light"), ("~", "home/west/light")]
    assert made.summary.startswith("Plan: 0 to delete, 1 to move, 1 to change, 0 to create.")
    twin.apply(made)
    light = twin.find("home/west/light")
    assert (light.id, light.serial, light.title) == (lamp.id, "L-1", {"": "Mine"})
    assert twin.find("home/east").id == east.id
    assert moved(twin, after, {"east/lamp": "west/light"}).empty


def test_what_is_below_comes_along_and_the_old_place_may_go(twin: Twin) -> None:
    applied(twin, MOVES)
    ids = {path: twin.find(f"home/east/{path}").id for path in ("lamp", "probe")}
    east = twin.find("home/east").id
    tower = """
  tower:
    type: Floor
    spaces:
      top: { type: Room, devices: { lamp: { type: Light, asset: L-1 }, dish: { type: OutdoorSensor } } }
  west: { type: Room }
"""
    after = MOVES[: MOVES.index("\n  east")] + tower
    made = moved(twin, after, {"east": "tower/top"})
    assert [sign for sign, _ in signs(made)] == ["-", ">", "+", "+"]
    twin.apply(made, allow_delete=True)
    assert twin.find("home/tower/top").id == east
    assert twin.find("home/tower/top/lamp").id == ids["lamp"]
    assert twin.mirror.get(ids["probe"]) is None
    assert planned(twin, after).empty


def test_a_moved_entry_may_rescue_from_what_is_deleted(twin: Twin) -> None:
    applied(twin, MOVES)
    lamp = twin.find("home/east/lamp").id
    after = (
        MOVES[: MOVES.index("\n  east")]
        + """
  attic: { type: Room, devices: { lamp: { type: Light, asset: L-1 } } }
  west: { type: Room }
"""
    )
    made = moved(twin, after, {"east/lamp": "attic/lamp"})
    assert made.counts == {"delete": 2, "move": 1, "create": 1}
    twin.apply(made, allow_delete=True)
    assert twin.find("home/attic/lamp").id == lamp
    assert twin.mirror.by_path("home/east") is None


def test_another_kind_at_a_path_is_somebody_new_with_all_below(twin: Twin) -> None:
    applied(twin, MOVES)
    before = twin.find("home/east")
    lamp = "devices: { east: { type: Light, devices: { lamp: { type: Light, asset: L-1 } } } }"
    after = f"{MOVES[: MOVES.index('  east')]}  west: {{ type: Room }}\n{lamp}\n"
    made = planned(twin, after)
    assert made.counts["delete"] == 3
    twin.apply(made, allow_delete=True)
    assert twin.find("home/east").id != before.id
    assert twin.find("home/east").kind == "device"
