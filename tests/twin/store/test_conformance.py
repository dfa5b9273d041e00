"""What every store promises, run on each of them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from msgspec import to_builtins
from msgspec.structs import fields, replace

from tests.graphs import Walk, changeset, contents, entity, party
from twin.graph.mirror import Mirror
from twin.graph.model import (
    UPDATABLE,
    Computed,
    Create,
    Delete,
    Document,
    Entity,
    Held,
    Link,
    Made,
    Move,
    Recast,
    Relation,
    Sent,
    Unlink,
    Update,
)
from twin.graph.readings import Reading, order_key
from twin.store import HeadMovedError, StateBatch, Watermark

if TYPE_CHECKING:
    from twin.graph.model import Value
    from twin.store import GraphStore


def mirrored(store: GraphStore) -> Mirror:
    snapshot = store.load()
    mirror = Mirror()
    mirror.load(
        head=snapshot.head,
        timeline=snapshot.timeline,
        documents=snapshot.documents,
        entities=snapshot.entities,
        relations=snapshot.relations,
    )
    return mirror


def reading(value: Value, time: int) -> Reading:
    return Reading(value, time, time + 1, order_key(0, time, 0, value))


@pytest.mark.parametrize("seed", range(5))
def test_the_mirror_rebuilt_from_the_store_equals_the_one_that_followed(store: GraphStore, seed: int) -> None:
    walk = Walk(random.Random(seed))
    for _ in range(60):
        made = walk.step()
        (done,) = store.commit([made], walk.mirror.head)
        assert walk.apply(made).sequence == done.sequence
    assert contents(mirrored(store)) == contents(walk.mirror)
    assert [change.sequence for change in store.changes(10, limit=5)] == [11, 12, 13, 14, 15]
    assert store.head() == 60


def test_a_group_gets_one_sequence_each(store: GraphStore) -> None:
    sets = [changeset(Create(entity(f"home-{number}", "site"))) for number in range(3)]
    assert [done.sequence for done in store.commit(sets, 0)] == [1, 2, 3]
    assert [change.changeset for change in store.changes(0)] == sets


def test_an_empty_group_tries_the_store_and_adds_nothing(store: GraphStore) -> None:
    store.commit([changeset(Create(entity("home", "site")))], 0)
    for head in (0, 1, 7):
        assert store.commit([], head) == []
    assert (store.head(), len(store.changes(0))) == (1, 1)


def test_a_moved_head_writes_nothing(store: GraphStore) -> None:
    store.commit([changeset(Create(entity("home", "site")))], 0)
    with pytest.raises(HeadMovedError) as caught:
        store.commit([changeset(Create(entity("cabin", "site")))], 0)
    assert caught.value.head == 1
    assert [each.path for each in store.load().entities] == ["home"]


def test_a_known_op_id_returns_what_was_recorded_whatever_the_head(store: GraphStore) -> None:
    made = changeset(Create(entity("home", "site")))
    (first,) = store.commit([made], 0)
    store.commit([changeset(Create(entity("cabin", "site")))], 1)
    assert store.commit([made], 0) == [first]
    assert store.outcome(made.op_id) == first
    assert store.outcome("never") is None
    assert store.head() == 2


def test_updates_in_one_group_build_on_each_other(store: GraphStore) -> None:
    home = entity("home", "site")
    store.commit([changeset(Create(home)), changeset(Update(id=home.id, fields={"title": {"en": "Home"}}))], 0)
    (kept,) = store.load().entities
    assert (kept.title, kept.revision, kept.updated_by) == ({"en": "Home"}, 2, "ana")


def test_an_asset_is_kept_with_its_owner_and_its_place(store: GraphStore) -> None:
    home, fleet = entity("home", "site"), party("fleet", "north")
    box = entity("home/box", "gateway", home)
    properties = {"fits": "t/Box", "model": "EB", "state": "blocked"}
    asset = replace(party("asset", "SN.1"), path="asset:north/SN.1", properties=properties)
    owned = Relation(type="MANAGES", source=fleet.id, target=asset.id)
    placed = Relation(type="DECLARES", source=asset.id, target=box.id)
    numbered = Update(id=box.id, fields={"serial": "SN.1"})
    store.commit([changeset(Create(home), Create(box), Create(fleet), Create(asset), Link(owned))], 0)
    store.commit([changeset(numbered, Link(placed))], 1)
    mirror = mirrored(store)
    assert mirror.entities[asset.id].properties == properties
    assert {each.key for each in mirror.relations()} == {owned.key, placed.key}
    assert (mirror.declared.asset_of(box.id), list(mirror.declared.of_serial("SN.1"))) == (asset.id, [asset.id])
    store.commit([changeset(Unlink(type="DECLARES", source=asset.id, target=box.id), Delete(id=asset.id))], 2)
    assert list(mirrored(store).declared) == []


def test_who_has_which_role_is_kept_and_changed_by_saying_it_anew(store: GraphStore) -> None:
    home, ana, fleet = entity("home", "site"), party("user", "ana"), party("fleet", "north")
    held = Relation(type="HAS_ROLE", source=ana.id, target=home.id, roles=(Held("t/Owner"), Held("t/Guest", 7_000_000)))
    managed = Relation(type="MANAGES", source=fleet.id, target=home.id)
    store.commit([changeset(Create(home), Create(ana), Create(fleet), Link(held), Link(managed))], 0)
    assert {(each.key, each.roles) for each in store.load().relations} == {
        (held.key, held.roles),
        (managed.key, ()),
    }
    later = replace(held, roles=(Held("t/Owner", 9_000_000),))
    store.commit([changeset(Unlink(type="HAS_ROLE", source=ana.id, target=home.id), Link(later))], 1)
    assert later in store.load().relations
    store.commit([changeset(Delete(id=ana.id), Delete(id=fleet.id))], 2)
    assert mirrored(store).entities.keys() == {home.id}
    assert list(store.load().relations) == []


def test_who_is_a_member_of_what_is_kept(store: GraphStore) -> None:
    home, ana, acme = entity("home", "site"), party("user", "ana"), party("organisation", "acme")
    member = Relation(type="MEMBER_OF", source=ana.id, target=acme.id, roles=(Held("member", 7_000_000),))
    held = Relation(type="HAS_ROLE", source=acme.id, target=home.id, roles=(Held("t/Owner"),))
    store.commit([changeset(*map(Create, (home, ana, acme)), Link(member), Link(held))], 0)
    assert mirrored(store).entities[acme.id].kind == "organisation"
    assert {(each.key, each.roles) for each in store.load().relations} == {
        (member.key, member.roles),
        (held.key, held.roles),
    }
    store.commit([changeset(Delete(id=acme.id))], 1)
    assert list(store.load().relations) == []


def test_documents_are_kept_by_name(store: GraphStore) -> None:
    old, new = Document("core", "1.0.0", "core.yaml", "a"), Document("core", "1.1.0", "core.yaml", "b")
    store.commit([changeset(documents=(old,))], 0)
    store.commit([changeset(documents=(new,))], 1)
    assert store.load().documents == (new,)


def test_states_keep_the_greatest_order_and_come_back_with_the_watermark(store: GraphStore) -> None:
    home = entity("home", "site")
    store.commit([changeset(Create(home))], 0)
    assert store.load_states() == ({}, Watermark())
    newest, mark = reading(21.5, -5_000_000), Watermark("j", 7, {"received": 9})
    structured = {(home.id, "v"): reading({"at": [1.5, "é"], "on": True}, 3), (home.id, "w"): reading([], 3)}
    store.write_states(
        StateBatch({(home.id, "t"): newest, (home.id, "u"): reading(1, 3), **structured}, Watermark("j", 4))
    )
    store.write_states(StateBatch({(home.id, "t"): reading(99.0, -6_000_000)}, mark))
    states, watermark = store.load_states()
    assert states == {(home.id, "t"): newest, (home.id, "u"): reading(1, 3), **structured}
    assert watermark == mark


def test_states_of_what_does_not_exist_are_not_kept(store: GraphStore) -> None:
    home = entity("home", "site")
    store.commit([changeset(Create(home))], 0)
    store.write_states(StateBatch({(home.id, "t"): reading(1, 1), ("ghost", "t"): reading(1, 1)}, Watermark("j", 1)))
    store.commit([changeset(Delete(id=home.id))], 1)
    store.write_states(StateBatch({(home.id, "t"): reading(2, 2)}, Watermark("j", 2)))
    assert store.load_states() == ({}, Watermark("j", 2))


def test_readings_get_another_name_and_unit_with_the_graph(store: GraphStore) -> None:
    home = entity("home", "site")
    device = entity("home/device", "device", home, points=("a", "b", "c"))
    store.commit([changeset(Create(home), Create(device))], 0)
    before = {(device.id, "a"): reading(12000.0, 1), (device.id, "b"): reading(2.0, 2), (device.id, "c"): reading(3, 3)}
    store.write_states(StateBatch(before, Watermark("j", 1), head=1))
    store.commit(
        [
            changeset(
                Update(id=device.id, fields={"points": ("a", "b", "d")}),
                Recast(id=device.id, point="a", to="b", factor=0.001),
                Recast(id=device.id, point="b", to="a"),
                Recast(id=device.id, point="c", to="d", factor=2.5, whole=True),
                Recast(id=device.id, point="never", to="heard"),
            )
        ],
        1,
    )
    assert store.load_states()[0] == {
        (device.id, "a"): reading(2.0, 2),
        (device.id, "b"): reading(12.0, 1),
        (device.id, "d"): reading(8, 3),
    }


def test_of_two_points_that_become_one_the_newer_reading_stays(store: GraphStore) -> None:
    home = entity("home", "site")
    store.commit([changeset(Create(home))], 0)
    store.write_states(
        StateBatch({(home.id, "a"): reading(1.0, 9), (home.id, "b"): reading(2.0, 8)}, Watermark("j", 1))
    )
    both = [Recast(id=home.id, point=name, to="c") for name in ("a", "b")]
    store.commit([changeset(*both)], 1)
    assert store.load_states()[0] == {(home.id, "c"): reading(1.0, 9)}


def test_states_that_were_understood_before_a_change_of_names_are_refused(store: GraphStore) -> None:
    home = entity("home", "site")
    store.commit([changeset(Create(home))], 0)
    old = StateBatch({(home.id, "a"): reading(1.0, 1)}, Watermark("j", 5), head=1)
    store.commit([changeset(Recast(id=home.id, point="a", to="b"))], 1)
    with pytest.raises(HeadMovedError):
        store.write_states(old)
    assert store.load_states() == ({}, Watermark())
    store.commit([changeset(Update(id=home.id, fields={"title": {"": "x"}}))], 2)
    store.write_states(StateBatch({(home.id, "b"): reading(1.0, 1)}, Watermark("j", 5), head=2))
    assert store.load_states()[1] == Watermark("j", 5)


def whole(parent: Entity) -> Entity:
    """A device in which every field says something, some of it awkward."""
    return entity(
        f"{parent.path}/whole",
        "device",
        parent,
        title={"": "Tür `x` \\u0060", "fr": "é\n\"'{}$"},
        properties={"area": 7.0, "level": 7, "on": True, "rule": "r", "vendor": "", "big": 2**63 - 1, "x_time": "t"},
        points=("warmth", "present", "x"),
        commands=("open", "close"),
        sources={"warmth": ("other", "heat")},
        computed={"heat": Computed("avg", "temperature", "type is Sensor"), "n": Computed("count", "occupancy")},
        rule='type is Sensor and within "/a"',
        desired={"setpoint": 19.5, "mode": "eco", "plan": [1, {"a": True}], "odd": {"x": 1}, "whole": 3},
        roles={"tenant": "t/Tenant"},
        sends={"temp": Sent("warmth", "[degF]"), "hum": Sent("present")},
        serial="S-1",
        instance="block",
        declared={"title": {"": "A"}, "properties.area": 7.0, "made": [1, None, {"deep": [True]}]},
    )


def test_every_field_of_an_entity_comes_back(store: GraphStore) -> None:
    made = Made("block", "1.2.0", {"floors": 3, "names": ["a"]}, {"meters": "key,x\na,1\n"}, {"core": "1.1.0"})
    home = entity("home", "site", hidden=True, made=made)
    device = whole(home)
    said = {field.name for field in fields(Entity) if getattr(device, field.name) != field.default}
    assert {field.name for field in fields(Entity)} - said <= {
        "revision", "created", "created_by", "updated", "updated_by", "hidden", "made",
    }  # fmt: skip
    store.commit([changeset(Create(home), Create(device), at=-1)], 0)
    stamps = {"created": -1, "created_by": "ana", "updated": -1, "updated_by": "ana"}
    assert {each.id: each for each in store.load().entities} == {
        each.id: replace(each, **stamps) for each in (home, device)
    }


def test_every_field_can_be_changed_and_emptied(store: GraphStore) -> None:
    home = entity("home", "site")
    full, empty = whole(home), entity("home/empty", "device", home)
    both = {
        field.name: (getattr(full, field.name), getattr(empty, field.name))
        for field in fields(Entity)
        if field.name in UPDATABLE
    }
    store.commit([changeset(Create(home), Create(full), Create(empty))], 0)
    swaps = [
        Update(id=full.id, fields={name: to_builtins(values[1]) for name, values in both.items()}),
        Update(id=empty.id, fields={name: to_builtins(values[0]) for name, values in both.items()}),
    ]
    store.commit([changeset(*swaps)], 1)
    found = {each.id: each for each in store.load().entities}
    for name, (filled, emptied) in both.items():
        assert (getattr(found[empty.id], name), getattr(found[full.id], name)) == (filled, emptied), name


def test_relations_of_one_group_end_as_its_last_word_says(store: GraphStore) -> None:
    home = entity("home", "site")
    one, two, view = entity("home/a", "device", home), entity("home/b", "device", home), entity("home/v", "view", home)
    store.commit([changeset(Create(home), Create(one), Create(two), Create(view))], 0)
    feeds = Relation(type="feeds", source=one.id, target=two.id)
    back = Relation(type="feeds", source=two.id, target=one.id, instance="block")
    includes = Relation(type="INCLUDES", source=view.id, target=one.id)
    store.commit([changeset(Link(feeds), Link(back), Link(includes))], 1)
    gone, gone_back = (Unlink(type="feeds", source=each.source, target=each.target) for each in (feeds, back))
    again = Relation(type="feeds", source=one.id, target=two.id, instance="other")
    store.commit([changeset(gone), changeset(Link(again)), changeset(gone_back), changeset(Link(back), gone_back)], 2)
    assert sorted(store.load().relations, key=lambda each: each.type) == [includes, again]
    store.commit([changeset(Delete(id=one.id))], 6)
    assert list(store.load().relations) == []


def test_what_is_deleted_may_be_made_again_in_its_place(store: GraphStore) -> None:
    home = entity("home", "site")
    old, new = entity("home/a", "space", home), entity("home/a", "space", home)
    below = entity("home/a/b", "device", new)
    store.commit([changeset(Create(home), Create(old))], 0)
    store.commit([changeset(Delete(id=old.id), Create(new), Create(below))], 1)
    store.commit([changeset(Move(id=new.id, parent=home.id, key="z")), changeset(Delete(id=below.id))], 2)
    assert sorted(each.path for each in store.load().entities) == ["home", "home/z"]


def test_a_group_may_hold_known_and_new_changesets_at_its_head(store: GraphStore) -> None:
    known = [changeset(Create(entity(f"old-{number}", "site"))) for number in range(2)]
    store.commit(known, 0)
    new = [changeset(Create(entity(f"new-{number}", "site"))) for number in range(2)]
    answers = store.commit([new[0], known[1], new[1], known[0]], 2)
    assert [each.sequence for each in answers] == [3, 2, 4, 1]
    assert [change.changeset for change in store.changes(0)] == [*known, *new]


def test_a_large_group_is_whole(store: GraphStore) -> None:
    home = entity("home", "site")
    floors = [entity(f"home/f{number}", "space", home) for number in range(3)]
    rooms = [entity(f"{floor.path}/r{number}", "space", floor) for floor in floors for number in range(400)]
    store.commit([changeset(*map(Create, (home, *floors))), changeset(*map(Create, rooms))], 0)
    store.commit(
        [
            changeset(Move(id=floors[0].id, parent=floors[1].id, key="in")),
            *(changeset(Update(id=room.id, fields={"title": {"": room.key}})) for room in rooms),
        ],
        2,
    )
    found = {each.id: each for each in store.load().entities}
    assert store.head() == 3 + len(rooms)
    assert {found[room.id].path for room in rooms[:400]} == {f"home/f1/in/r{number}" for number in range(400)}
    assert all(found[room.id].title == {"": room.key} and found[room.id].revision == 2 for room in rooms)
    readings = {(room.id, "t"): reading(float(number), number) for number, room in enumerate(rooms)}
    store.write_states(StateBatch(readings, Watermark("j", 1)))
    assert store.load_states()[0] == readings


def test_who_waits_for_a_load_is_told(store: GraphStore) -> None:
    home = entity("home", "site")
    rooms = [entity(f"home/room-{number}", "space", home) for number in range(2)]
    between = Link(Relation(type="adjacentTo", source=rooms[0].id, target=rooms[1].id))
    store.commit([changeset(*map(Create, (home, *rooms)), between)], 0)
    told: list[tuple[int, int]] = []
    snapshot = store.load(lambda done, of: told.append((done, of)))
    assert len(list(snapshot.entities)) == 3
    assert told
    assert all(0 < done <= of for done, of in told)
    assert told[-1][0] == told[-1][1]
