from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.graphs import Walk, changeset, entity, mirror_of, party
from twin.errors import Conflict, InvalidValue, NotFound, RequestError
from twin.graph.check import check, overlaps, touched
from twin.graph.mirror import Mirror
from twin.graph.model import Create, Delete, Entity, Entry, Held, Link, Move, Relation, Unlink, Update

SITE = entity("home", "site")
ROOM = entity("home/room", "space", SITE)
LAMP = entity("home/room/lamp", "device", ROOM, serial="SN-1")
CABIN = entity("cabin", "site")
STOVE, GROUP = entity("cabin/stove", "device", CABIN), entity("cabin/group", "view", CABIN)
ANA, FLEET, ACME = party("user", "ana"), party("fleet", "north"), party("organisation", "acme")
OWNER, MEMBER = (Held("t/Owner"),), (Held("member"),)


@pytest.fixture
def mirror() -> Mirror:
    return mirror_of(
        [SITE, ROOM, LAMP, CABIN, STOVE, GROUP, ANA, FLEET, ACME],
        [Relation(type="feeds", source=LAMP.id, target=ROOM.id)],
    )


def stray(path: str = "home/room/stray", **fields: object) -> Entity:
    return entity(path, "device", ROOM, **fields)


REFUSED: list[tuple[str, list[Entry], type[RequestError]]] = [
    ("id.taken", [Create(LAMP)], Conflict),
    ("path.taken", [Create(stray("home/room/lamp"))], Conflict),
    ("serial.taken", [Create(stray(serial="SN-1"))], Conflict),
    ("key.invalid", [Create(entity("home/room/Bad_Key", "device", ROOM))], InvalidValue),
    ("entity.not_new", [Create(stray(revision=2))], InvalidValue),
    ("parent.invalid", [Create(entity("home/room/lamp/nook", "space", LAMP))], InvalidValue),
    ("parent.invalid", [Create(entity("home/elsewhere/stray", "device", ROOM))], InvalidValue),
    ("entity.unknown", [Create(entity("home/attic/lamp", "device", entity("home/attic", "space", SITE)))], NotFound),
    ("entity.unknown", [Update(id="nobody", fields={"title": {}})], NotFound),
    ("entity.unknown", [Delete(id=LAMP.id), Update(id=LAMP.id, fields={"title": {}})], NotFound),
    ("revision.conflict", [Update(id=LAMP.id, expected=7, fields={"title": {}})], Conflict),
    ("parent.invalid", [Move(id=ROOM.id, parent=LAMP.id, key="room")], InvalidValue),
    ("parent.invalid", [Move(id=ROOM.id, parent=ROOM.id, key="room")], InvalidValue),
    ("parent.invalid", [Move(id=SITE.id, parent=ROOM.id, key="home")], InvalidValue),
    ("entity.unknown", [Move(id=LAMP.id, parent="nobody", key="lamp")], NotFound),
    ("key.invalid", [Move(id=LAMP.id, parent=ROOM.id, key="La/mp")], InvalidValue),
    ("path.taken", [Move(id=LAMP.id, parent=SITE.id, key="room")], Conflict),
    ("revision.conflict", [Move(id=LAMP.id, parent=SITE.id, key="lamp", expected=9)], Conflict),
    ("field.fixed", [Update(id=LAMP.id, fields={"path": "home/other"})], InvalidValue),
    ("entity.occupied", [Delete(id=ROOM.id)], Conflict),
    ("entity.occupied", [Delete(id=ROOM.id), Delete(id=LAMP.id)], Conflict),
    ("relation.taken", [Link(Relation(type="feeds", source=LAMP.id, target=ROOM.id))], Conflict),
    ("relation.taken", [Link(Relation(type="CONTAINS", source=ROOM.id, target=SITE.id))], Conflict),
    ("relation.unknown", [Unlink(type="feeds", source=ROOM.id, target=LAMP.id)], NotFound),
    ("relation.unknown", [Delete(id=LAMP.id), Unlink(type="feeds", source=LAMP.id, target=ROOM.id)], NotFound),
    ("relation.ends", [Link(Relation(type="HAS_ROLE", source=ANA.id, target=ROOM.id))], InvalidValue),
    ("relation.ends", [Link(Relation(type="HAS_ROLE", source=ANA.id, target=ROOM.id, roles=OWNER * 2))], InvalidValue),
    ("relation.ends", [Link(Relation(type="HAS_ROLE", source=LAMP.id, target=ROOM.id, roles=OWNER))], InvalidValue),
    ("relation.ends", [Link(Relation(type="MANAGES", source=FLEET.id, target=ROOM.id))], InvalidValue),
    ("relation.ends", [Link(Relation(type="MANAGES", source=FLEET.id, target=SITE.id, roles=OWNER))], InvalidValue),
    ("relation.ends", [Link(Relation(type="feeds", source=LAMP.id, target=ANA.id))], InvalidValue),
    ("relation.ends", [Link(Relation(type="MEMBER_OF", source=ANA.id, target=ACME.id))], InvalidValue),
    ("relation.ends", [Link(Relation(type="MEMBER_OF", source=ANA.id, target=ACME.id, roles=OWNER))], InvalidValue),
    ("relation.ends", [Link(Relation(type="MEMBER_OF", source=ACME.id, target=ACME.id, roles=MEMBER))], InvalidValue),
    ("relation.ends", [Link(Relation(type="MEMBER_OF", source=ANA.id, target=FLEET.id, roles=MEMBER))], InvalidValue),
    ("relation.ends", [Link(Relation(type="HAS_ROLE", source=ANA.id, target=ACME.id, roles=OWNER))], InvalidValue),
    ("relation.across", [Link(Relation(type="feeds", source=STOVE.id, target=ROOM.id))], InvalidValue),
    ("relation.across", [Link(Relation(type="INCLUDES", source=GROUP.id, target=LAMP.id))], InvalidValue),
    ("source.across", [Update(id=ROOM.id, fields={"sources": {"heat": (STOVE.id, "heat")}})], InvalidValue),
    ("parent.invalid", [Create(msgspec.structs.replace(party("user", "ben"), path="ben"))], InvalidValue),
    ("parent.invalid", [Create(entity("user:ana/room", "space", ANA))], InvalidValue),
    ("path.taken", [Create(msgspec.structs.replace(ANA, id="another"))], Conflict),
    ("source.unknown", [Update(id=ROOM.id, fields={"sources": {"temperature": ("nobody", "temperature")}})], NotFound),
]


@pytest.mark.parametrize(
    ("code", "entries", "kind"), REFUSED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_cannot_stand_is_refused(
    mirror: Mirror, code: str, entries: list[Entry], kind: type[RequestError]
) -> None:
    with pytest.raises(kind) as caught:
        check(mirror, changeset(*entries))
    assert caught.value.code_ == code


def test_entries_build_on_the_ones_before(mirror: Mirror) -> None:
    nook = entity("home/nook", "space", SITE)
    probe = entity("home/nook/probe", "device", nook, serial="SN-1")
    check(
        mirror,
        changeset(
            Delete(id=LAMP.id),
            Create(nook),
            Create(probe),
            Link(Relation(type="feeds", source=probe.id, target=nook.id)),
            Update(id=nook.id, fields={"sources": {"temperature": (probe.id, "temperature")}}),
        ),
    )


def test_what_moves_takes_what_is_below_it_along(mirror: Mirror) -> None:
    attic = entity("home/attic", "space", SITE)
    bulb = entity("home/attic/room/lamp/bulb", "device", LAMP)
    check(
        mirror,
        changeset(
            Create(attic),
            Move(id=ROOM.id, parent=attic.id, key="room"),
            Create(entity("home/room", "space", SITE)),
            Create(bulb),
            Move(id=LAMP.id, parent=attic.id, key="lamp"),
            Delete(id=ROOM.id),
        ),
    )
    with pytest.raises(InvalidValue, match="cannot stand there"):
        check(mirror, changeset(Create(attic), Move(id=ROOM.id, parent=attic.id, key="room"), Create(stray())))


def test_a_stale_plan_is_refused_only_when_its_site_changed(mirror: Mirror) -> None:
    mirror.head = 5
    mirror.sites[SITE.id] = 3
    check(mirror, changeset(expected_head=3, site=SITE.id))
    with pytest.raises(Conflict, match="stale"):
        check(mirror, changeset(expected_head=2, site=SITE.id))
    with pytest.raises(Conflict, match="stale"):
        check(mirror, changeset(expected_head=4))


def test_a_deletion_waits_for_the_next_group_and_strangers_do_not() -> None:
    earlier = touched(changeset(Update(id=ROOM.id, fields={"title": {}})))
    assert overlaps(changeset(Update(id=ROOM.id, fields={"title": {}})), earlier)
    assert overlaps(changeset(Delete(id=LAMP.id)), earlier)
    assert not overlaps(changeset(Update(id=LAMP.id, fields={"title": {}})), earlier)
    assert not overlaps(changeset(Delete(id=LAMP.id)), set())


@given(st.integers(0, 2**32))
def test_a_valid_walk_is_never_refused(seed: int) -> None:
    walk = Walk(random.Random(seed))
    for _ in range(30):
        made = walk.step()
        check(walk.mirror, made)
        walk.apply(made)
