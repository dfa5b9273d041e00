"""Nobody gives more than they have, where they may share, nor for longer."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graphs import changeset, entity, mirror_of, party
from tests.rights import EVERYONE, Granting, may, role, words_with
from twin.access.delegating import Giver, may_give, may_take
from twin.access.giving import Party, give
from twin.errors import Forbidden, InvalidValue, NotFound
from twin.graph.model import Change, Create, Held, Relation
from twin.ontology.model import PERMISSIONS

HOME = entity("home", "site")
FLOOR = entity("home/floor", "space", HOME)
FLAT = entity("home/floor/flat", "space", FLOOR, type="t/Hall")
ROOM = entity("home/floor/flat/room", "space", FLAT)
HEATERS = entity("home/heaters", "view", HOME)
FLEET = party("fleet", "north")
ALL = [HOME, FLOOR, FLAT, ROOM, HEATERS, FLEET, *(party("user", each) for each in EVERYONE[:2])]
OWNER = role("Owner", ["t/Home", "t/Hall"], PERMISSIONS)
LANDLORD = role("Landlord", ["t/Home"], ["read", "share"], ["t/Hall"])
CARETAKER = role("Caretaker", ["t/Home", "t/Group"], ["read", "command", "share"])
INSTALLER = role("Installer", ["t/Home", "t/Hall", "t/Group"], ["read", "command"])
VISITOR = role("Visitor", ["t/Home", "t/Hall"], ["read"])
SEER = role("Seer", ["t/Home"], ["read"], ["t/Hall"])
ONTOLOGY = words_with(OWNER, LANDLORD, CARETAKER, INSTALLER, VISITOR, SEER)
ANA = Giver("ana")


def has(who: str, target: str, *held: Held) -> Relation:
    return Relation(type="HAS_ROLE", source=who, target=target, roles=held)


def tried(*relations: Relation, giver: Giver = ANA, name: str, on: str, until: int | None = None) -> str:
    """The code by which it is refused; empty: it may be."""
    mirror = mirror_of(ALL, relations, ONTOLOGY)
    try:
        may_give(mirror, ONTOLOGY, giver, ONTOLOGY.roles[f"t/{name}"], mirror.entities[on], until, 5)
    except Forbidden as error:
        return error.code_
    return ""


def test_who_has_all_of_a_role_and_may_share_gives_it_there_and_below() -> None:
    owner = has("ana", HOME.id, Held("t/Owner"))
    assert tried(owner, name="Installer", on=HOME.id) == ""
    assert tried(owner, name="Owner", on=HOME.id) == ""
    assert tried(owner, name="Installer", on=HEATERS.id) == ""


def test_who_may_not_share_there_gives_nothing() -> None:
    assert tried(name="Visitor", on=HOME.id) == "role.insufficient"
    assert tried(has("ana", HOME.id, Held("t/Visitor")), name="Visitor", on=HOME.id) == "role.insufficient"
    assert tried(has("ana", FLAT.id, Held("t/Owner")), name="Visitor", on=HOME.id) == "role.insufficient"


def test_nobody_gives_more_than_they_have() -> None:
    keeper = has("ana", HOME.id, Held("t/Caretaker"))
    assert tried(keeper, name="Installer", on=HOME.id) == ""
    assert tried(keeper, name="Owner", on=HOME.id) == "grant.beyond"
    assert tried(keeper, name="Seer", on=HOME.id) == "grant.beyond"  # crosses doors that stop a caretaker
    assert tried(keeper, name="Visitor", on=FLAT.id) == "role.insufficient"  # behind such a door
    lord = has("ana", HOME.id, Held("t/Landlord"))
    assert tried(lord, name="Visitor", on=FLAT.id) == ""
    assert tried(lord, name="Installer", on=FLAT.id) == "grant.beyond"


def test_nobody_gives_for_longer_than_they_have() -> None:
    short = has("ana", HOME.id, Held("t/Owner", 10))
    assert tried(short, name="Visitor", on=HOME.id, until=10) == ""
    assert tried(short, name="Visitor", on=HOME.id, until=11) == "grant.longer"
    assert tried(short, name="Visitor", on=HOME.id) == "grant.longer"
    assert tried(has("ana", HOME.id, Held("t/Owner", 5)), name="Visitor", on=HOME.id, until=5) == "role.insufficient"


def test_what_an_app_may_do_bounds_what_it_gives() -> None:
    owner = has("ana", HOME.id, Held("t/Owner"))
    elsewhere = Giver("ana", sites=frozenset({"another"}))
    assert tried(owner, giver=elsewhere, name="Visitor", on=HOME.id) == "role.insufficient"
    reader = Giver("ana", permissions=frozenset({"read", "share"}))
    assert tried(owner, giver=reader, name="Visitor", on=HOME.id) == ""
    assert tried(owner, giver=reader, name="Installer", on=HOME.id) == "grant.beyond"
    machine = Giver("box", whole=frozenset({HOME.id}))
    assert tried(giver=machine, name="Owner", on=FLAT.id) == ""
    assert tried(giver=machine, name="Owner", on=FLEET.id) == "role.insufficient"


def test_a_role_on_a_fleet_is_given_by_who_has_one_there_that_may_be_had_on_as_much() -> None:
    keeper = has("ana", FLEET.id, Held("t/Caretaker"))
    managed = Relation(type="MANAGES", source=FLEET.id, target=HOME.id)
    assert tried(keeper, managed, name="Caretaker", on=FLEET.id) == ""
    assert tried(keeper, managed, name="Visitor", on=FLEET.id) == "grant.beyond"  # had on halls, too
    assert tried(keeper, managed, name="Installer", on=HOME.id) == ""
    bound = Giver("ana", sites=frozenset({HOME.id}))
    assert tried(keeper, managed, giver=bound, name="Caretaker", on=FLEET.id) == "role.insufficient"


def test_what_somebody_could_not_give_they_do_not_take() -> None:
    relations = [has("ana", HOME.id, Held("t/Owner", 10)), has("ben", HOME.id, Held("t/Owner"))]
    mirror = mirror_of(ALL, relations, ONTOLOGY)
    with pytest.raises(Forbidden) as caught:
        may_take(mirror, ONTOLOGY, ANA, Held("t/Owner"), mirror.entities[HOME.id], 5)
    assert caught.value.code_ == "grant.longer"
    may_take(mirror, ONTOLOGY, ANA, Held("t/Owner", 9), mirror.entities[HOME.id], 5)
    may_take(mirror, ONTOLOGY, ANA, Held("t/Gone"), mirror.entities[HOME.id], 5)
    with pytest.raises(Forbidden):
        may_take(mirror, ONTOLOGY, Giver("cleo"), Held("t/Gone"), mirror.entities[HOME.id], 5)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32))
def test_delegation_lets_nobody_do_what_the_giver_could_not(seed: int) -> None:
    made = Granting(seed, 40)
    made.ontology = words_with(
        *(dataclasses.replace(each, may=each.may | {"share"}) for each in made.ontology.roles.values())
    )
    mirror, dice = made.mirror, made.dice
    mirror.apply(Change(mirror.head + 1, changeset(Create(party("user", "dan")))))
    for target in [each for each in mirror.entities.values() if each.kind not in {"user", "client", "organisation"}]:
        for who in EVERYONE:
            named, until = dice.choice(list(made.ontology.roles.values())), dice.choice([None, 7, 10])
            try:
                may_give(mirror, made.ontology, Giver(who), named, target, until, 4)
                entries = give(mirror, made.ontology, Party("user", "dan", "Dan"), named.name, target, until)
            except (Forbidden, InvalidValue, NotFound):
                continue
            before = _all(made, who)
            already = _all(made, "dan")
            mirror.apply(Change(mirror.head + 1, changeset(*entries)))
            assert _all(made, "dan") - already <= before


def _all(made: Granting, who: str) -> set[tuple[str, str, int]]:
    """All that somebody may do on anything, now and later."""
    return {
        (each.id, permission, now)
        for each in made.mirror.entities.values()
        if each.site
        for permission in PERMISSIONS
        for now in (4, 8, 12)
        if may(made.mirror, made.ontology, who, each, permission, now)
    }
