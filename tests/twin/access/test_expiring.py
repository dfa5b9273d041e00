"""What has run out leaves the graph."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.graphs import changeset, entity, mirror_of, party
from tests.rights import role, words_with
from twin.access.expiring import ended
from twin.access.giving import Party
from twin.access.organising import hand_over, held_in, join, organisation_of, part
from twin.access.owners import keeps_an_admin, keeps_an_owner
from twin.engine.granting import end_what_is_over, sites_held
from twin.errors import Conflict, InvalidValue, NotFound
from twin.graph.check import check
from twin.graph.model import Change, ChangeSet, Committed, Held, Relation

if TYPE_CHECKING:
    from twin.graph.mirror import Mirror

HOME, CABIN = entity("home", "site"), entity("cabin", "site")
ROOM = entity("home/room", "space", HOME)
ANA, BEN, ACME, FLEET = party("user", "ana"), party("user", "ben"), party("organisation", "acme"), party("fleet", "n")
OWNER = role("Owner", ["t/Home"], ["read", "administer", "share"])
GUEST = role("Guest", ["t/Home", "t/Room"], ["read"])
SHARER = role("Sharer", ["t/Home"], ["share"])
ONTOLOGY = words_with(OWNER, GUEST, SHARER)


def has(who: str, target: str, *held: Held) -> Relation:
    return Relation(type="HAS_ROLE", source=who, target=target, roles=held)


def member(who: str, standing: str = "admin", until: int | None = None) -> Relation:
    return Relation(type="MEMBER_OF", source=who, target="acme", roles=(Held(standing, until),))


def graph(*relations: Relation) -> Mirror:
    return mirror_of([HOME, CABIN, ROOM, ANA, BEN, ACME, FLEET], relations, ONTOLOGY)


def apply(mirror: Mirror, made: ChangeSet) -> Committed:
    check(mirror, made)
    mirror.apply(Change(mirror.head + 1, made))
    return Committed(mirror.head, made.op_id)


def test_what_has_run_out_is_taken_away_and_the_rest_stays() -> None:
    mirror = graph(has("ana", HOME.id, Held("t/Owner"), Held("t/Guest", 5)), member("ben", "member", 4))
    assert list(ended(mirror, 3)) == []
    found = list(ended(mirror, 5))
    assert {each.summary for each in found} == {
        "user:ana is Guest of home no more: its time is over",
        "user:ben is member of organisation:acme no more: its time is over",
    }
    changes: list[ChangeSet] = []

    async def commit(made: ChangeSet) -> Committed:
        changes.append(made)
        if len(changes) == 1:
            raise Conflict("somebody was quicker")
        return apply(mirror, made)

    asyncio.run(end_what_is_over(mirror, commit))
    asyncio.run(end_what_is_over(mirror, commit))
    assert len(changes) == 3
    assert {each.actor.via for each in changes} == {"upkeep"}
    assert list(ended(mirror, 2**62)) == []
    assert [held.role for each in mirror.relations() for held in each.roles] == ["t/Owner"]


def test_a_user_holds_the_sites_of_which_they_see_something() -> None:
    mirror = graph(
        has("ana", HOME.id, Held("t/Sharer"), Held("t/Gone")), has("acme", CABIN.id, Held("t/Guest")), member("ben")
    )
    assert sites_held(mirror, ONTOLOGY, "ana") == set()
    assert sites_held(mirror, ONTOLOGY, "ben") == {CABIN.id}
    assert sites_held(graph(has("ana", ROOM.id, Held("t/Owner"))), ONTOLOGY, "ana") == set()
    assert sites_held(graph(has("ana", ROOM.id, Held("t/Guest"))), ONTOLOGY, "ana") == {HOME.id}


@pytest.mark.parametrize(
    ("others", "free"),
    [
        ([], False),
        ([has("ben", HOME.id, Held("t/Guest"))], False),
        ([has("ben", HOME.id, Held("t/Owner", 9))], False),
        ([has("ben", HOME.id, Held("t/Owner"))], True),
        ([has("acme", HOME.id, Held("t/Owner"))], True),
        ([has("ben", "n", Held("t/Owner")), Relation(type="MANAGES", source="n", target=HOME.id)], True),
    ],
)
def test_a_site_keeps_an_owner(others: list[Relation], free: bool) -> None:  # noqa: FBT001 - of the table
    mirror = graph(has("ana", HOME.id, Held("t/Owner")), *others)
    keeps_an_owner(mirror, ONTOLOGY, mirror.entities[HOME.id], "ana", [Held("t/Guest")])
    keeps_an_owner(mirror, ONTOLOGY, mirror.entities[ROOM.id], "ana", [Held("t/Owner")])
    if free:
        keeps_an_owner(mirror, ONTOLOGY, mirror.entities[HOME.id], "ana", [Held("t/Owner")])
    else:
        with pytest.raises(Conflict):
            keeps_an_owner(mirror, ONTOLOGY, mirror.entities[HOME.id], "ana", [Held("t/Owner")])


def test_an_organisation_keeps_an_admin() -> None:
    mirror = graph(member("ana"), member("ben", "admin", 5))
    keeps_an_admin(mirror, ACME, "ana", 4)
    with pytest.raises(Conflict):
        keeps_an_admin(mirror, ACME, "ana", 5)


def test_people_come_and_go() -> None:
    mirror = graph()
    apply(mirror, changeset(*join(mirror, Party("user", "dan", "Dan"), ACME, "member")))
    apply(mirror, changeset(*join(mirror, Party("user", "dan", "Dan"), ACME, "admin", 9)))
    assert mirror.relation("dan", "acme", "MEMBER_OF") == member("dan", "admin", 9)
    apply(mirror, changeset(*part(mirror, "dan", ACME)))
    with pytest.raises(NotFound):
        part(mirror, "dan", ACME)
    with pytest.raises(InvalidValue):
        join(mirror, Party("user", "dan", "Dan"), ACME, "king")
    for name in ("", "x" * 201, "a\x00b"):
        with pytest.raises(InvalidValue):
            organisation_of("new", "new", name)


def test_all_that_somebody_was_given_in_a_site_goes_with_it() -> None:
    mirror = graph(
        has("ana", HOME.id, Held("t/Owner", 7)),
        has("ana", ROOM.id, Held("t/Guest")),
        has("ana", CABIN.id, Held("t/Guest")),
        has("ben", HOME.id, Held("t/Guest"), Held("t/Owner", 8)),
    )
    apply(mirror, changeset(*hand_over(mirror, HOME, "ana", Party("user", "ben", "Ben"))))
    assert list(held_in(mirror, "ana", HOME.id)) == []
    assert [each.id for each, _ in held_in(mirror, "ana", CABIN.id)] == [CABIN.id]
    assert list(held_in(mirror, "ben", HOME.id)) == [(mirror.entities[HOME.id], (Held("t/Owner", 8), Held("t/Guest")))]
    apply(mirror, changeset(*hand_over(mirror, HOME, "ben", Party("user", "dan", "Dan"))))
    assert [each.role for _, roles in held_in(mirror, "dan", HOME.id) for each in roles] == ["t/Owner", "t/Guest"]
