"""What is compiled of grants is what asking of every entity would find."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graphs import changeset, entity, mirror_of, party
from tests.rights import EVERYONE, Granting, may, principal, role, words_with
from twin.access.grants import rights_of
from twin.access.visibility import Visibilities
from twin.graph import query
from twin.graph.model import Change, Create, Delete, Held, Link, Relation, Unlink, Update
from twin.graph.visibility import among, shows
from twin.ontology.model import PERMISSIONS

if TYPE_CHECKING:
    from twin.graph.mirror import Mirror
    from twin.graph.model import Entry
    from twin.graph.visibility import Sites
    from twin.ontology.model import Permission

HOME = entity("home", "site")
FLOOR = entity("home/floor", "space", HOME)
FLAT = entity("home/floor/flat", "space", FLOOR, type="t/Hall")
ROOM = entity("home/floor/flat/room", "space", FLAT)
LAMP = entity("home/floor/flat/room/lamp", "device", ROOM, type="t/Meter")
BOILER = entity("home/boiler", "device", HOME, type="t/Meter")
HEATERS = entity("home/heaters", "view", HOME)
ALL = [HOME, FLOOR, FLAT, ROOM, LAMP, BOILER, HEATERS]
ANA, FLEET = party("user", "ana"), party("fleet", "north")
CARETAKER = role("Caretaker", ["t/Home", "t/Group"], ["read", "command"])
LANDLORD = role("Landlord", ["t/Home"], ["read"], ["t/Room"])
TENANT = role("Tenant", ["t/Hall"], ["read", "read-private"])
ONTOLOGY = words_with(CARETAKER, LANDLORD, TENANT)


def included(view: str, *members: str) -> list[Relation]:
    return [Relation(type="INCLUDES", source=view, target=each) for each in members]


def has(who: str, target: str, *held: Held) -> Relation:
    return Relation(type="HAS_ROLE", source=who, target=target, roles=held)


def seen(mirror: Mirror, visible: Sites) -> list[str]:
    return [each.path for each in query.select(mirror, sites=visible).items]


def by(*relations: Relation, now: int = 0, permission: Permission = "read") -> list[str]:
    mirror = mirror_of([*ALL, ANA, FLEET], relations, ONTOLOGY)
    return seen(mirror, Visibilities(mirror, lambda: ONTOLOGY).of(principal("ana"), now, permission))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32))
def test_what_is_compiled_agrees_with_asking_of_every_entity(seed: int) -> None:
    made = Granting(seed, 40)
    visibilities = Visibilities(made.mirror, lambda: made.ontology)
    for _ in range(4):
        for who in EVERYONE:
            for permission in PERMISSIONS:
                for now in (4, 5, 12):
                    visible = visibilities.of(principal(who), now, permission)
                    expected = {
                        each.id
                        for each in made.mirror.entities.values()
                        if each.site and may(made.mirror, made.ontology, who, each, permission, now)
                    }
                    assert {each.id for each in query.select(made.mirror, sites=visible).items} == expected
                    assert {each.id for each in made.mirror.entities.values() if shows(made.mirror, each, visible)} == (
                        expected
                    )
                    everything = [each.id for each in made.mirror.entities.values() if each.site]
                    assert set(among(made.mirror, everything, visible)) == expected
                    assert set(visible or ()) == {made.mirror.entities[each].site for each in expected}
        made.step()


def test_a_role_stops_at_a_door_unless_it_crosses_it() -> None:
    assert by(has("ana", HOME.id, Held("t/Caretaker"))) == ["home", "home/boiler", "home/floor", "home/heaters"]
    assert by(has("ana", HOME.id, Held("t/Landlord"))) == sorted(each.path for each in ALL)
    assert by(has("ana", FLAT.id, Held("t/Tenant"))) == [FLAT.path, ROOM.path, LAMP.path]


def test_a_view_opens_no_door() -> None:
    relations = included(HEATERS.id, LAMP.id, BOILER.id, FLAT.id)
    assert by(*relations, has("ana", HEATERS.id, Held("t/Caretaker"))) == [BOILER.path, HEATERS.path]


def test_a_role_is_worth_nothing_where_it_may_not_be_had_nor_once_nobody_knows_it() -> None:
    assert by(has("ana", FLOOR.id, Held("t/Caretaker"), Held("t/Gone"))) == []


def test_a_fleet_passes_on_what_may_be_had_on_what_it_manages() -> None:
    managed = [Relation(type="MANAGES", source=FLEET.id, target=each) for each in (HOME.id, BOILER.id)]
    assert by(*managed, has("ana", FLEET.id, Held("t/Tenant"))) == []
    assert FLOOR.path in by(*managed, has("ana", FLEET.id, Held("t/Caretaker")))


def test_permissions_are_apart() -> None:
    given_ = has("ana", FLAT.id, Held("t/Tenant"))
    assert by(given_, permission="read-private") == [FLAT.path, ROOM.path, LAMP.path]
    assert by(given_, permission="configure") == []


def test_a_member_has_the_roles_of_its_organisation_as_long_as_it_is_one() -> None:
    acme = party("organisation", "acme")
    mirror = mirror_of([*ALL, ANA, acme], [has("acme", FLAT.id, Held("t/Tenant", 20))], ONTOLOGY)
    visibilities = Visibilities(mirror, lambda: ONTOLOGY)

    def sees(now: int) -> bool:
        return bool(seen(mirror, visibilities.of(principal("ana"), now)))

    assert not sees(0)
    apply(mirror, Link(Relation(type="MEMBER_OF", source="ana", target="acme", roles=(Held("member", 10),))))
    assert sees(9)
    assert not sees(10)
    apply(mirror, Unlink(type="MEMBER_OF", source="ana", target="acme"))
    assert not sees(9)
    apply(mirror, Link(Relation(type="MEMBER_OF", source="ana", target="acme", roles=(Held("admin"),))))
    assert sees(19)
    assert not sees(20)
    apply(mirror, Unlink(type="HAS_ROLE", source="acme", target=FLAT.id))
    assert not sees(9)
    apply(mirror, Link(has("acme", FLAT.id, Held("t/Tenant"))))
    assert sees(9)
    apply(mirror, Delete(id="acme"))
    assert not sees(9)


def test_somebody_may_belong_to_an_organisation_by_their_token() -> None:
    acme = party("organisation", "acme")
    mirror = mirror_of([*ALL, ANA, FLEET, acme], [has("acme", FLAT.id, Held("t/Tenant"))], ONTOLOGY)
    assert not rights_of(mirror, "stranger", 0).by_site
    found = rights_of(mirror, "stranger", 0, ("acme", "gone", FLEET.id))
    assert [each.entity for each in found.by_site[HOME.id]] == [FLAT.id]
    apply(mirror, Unlink(type="HAS_ROLE", source="acme", target=FLAT.id))
    assert not found.hold(mirror, 0)


def test_a_role_ends_at_its_time() -> None:
    given_ = has("ana", FLAT.id, Held("t/Tenant", until=10))
    assert by(given_, now=9)
    assert by(given_, now=10) == []


def test_what_has_not_changed_is_not_compiled_again() -> None:
    ben = party("user", "ben")
    mirror = mirror_of([*ALL, ANA, ben], [has("ana", FLAT.id, Held("t/Tenant", 10))], ONTOLOGY)
    visibilities = Visibilities(mirror, lambda: ONTOLOGY)
    before = visibilities.of(principal("ana"), 0)
    part = before.part(HOME.id)  # type: ignore[union-attr]
    apply(mirror, Link(has("ben", FLAT.id, Held("t/Tenant"))), Update(id=FLAT.id, fields={"title": {"": "Flat"}}))
    assert visibilities.of(principal("ana"), 9) is before
    assert before.part(HOME.id) is part  # type: ignore[union-attr]
    assert visibilities.of(principal("ben"), 0).part(HOME.id) is part  # type: ignore[union-attr]
    apply(mirror, Create(entity("home/floor/flat/attic", "space", FLAT)))
    assert len(seen(mirror, before)) == 4
    assert visibilities.of(principal("ana"), 10) is not before
    apply(mirror, Unlink(type="HAS_ROLE", source="ben", target=FLAT.id))
    assert seen(mirror, visibilities.of(principal("ben"), 0)) == []


def test_a_user_lets_an_app_touch_some_of_its_sites_only() -> None:
    other = entity("cabin", "site")
    relations = [has("ana", HOME.id, Held("t/Landlord")), has("ana", other.id, Held("t/Landlord"))]
    mirror = mirror_of([*ALL, other, ANA], relations, ONTOLOGY)
    visibilities = Visibilities(mirror, lambda: ONTOLOGY)
    assert len(seen(mirror, visibilities.of(principal("ana"), 0))) == len(ALL) + 1
    assert seen(mirror, visibilities.of(principal("ana", frozenset({other.id})), 0)) == ["cabin"]
    assert seen(mirror, visibilities.of(principal("ana", frozenset()), 0)) == []


def test_a_client_in_its_own_name_has_its_sites_and_its_roles() -> None:
    other, app = entity("cabin", "site"), party("client", "app")
    mirror = mirror_of([*ALL, other, app], [has("app", FLAT.id, Held("t/Tenant"))], ONTOLOGY)
    visibilities = Visibilities(mirror, lambda: ONTOLOGY)
    own = visibilities.of(principal("app", frozenset({other.id})), 0)
    assert seen(mirror, own) == ["cabin", FLAT.path, ROOM.path, LAMP.path]
    assert visibilities.of(principal("app"), 0) is None
    assert seen(mirror, visibilities.of(principal("app", frozenset()), 0)) == [FLAT.path, ROOM.path, LAMP.path]


def test_what_takes_too_much_room_is_let_go_and_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.access.visibility._MOST_IDS", 4)
    relations = [has("ana", FLAT.id, Held("t/Tenant")), has("ben", HOME.id, Held("t/Caretaker"))]
    mirror = mirror_of([*ALL, ANA, party("user", "ben")], relations, ONTOLOGY)
    visibilities = Visibilities(mirror, lambda: ONTOLOGY)
    ana, ben = (visibilities.of(principal(who), 0) for who in ("ana", "ben"))
    before = ana.part(HOME.id)  # type: ignore[union-attr]
    assert len(seen(mirror, ben)) == 4
    assert ana.part(HOME.id) is not before  # type: ignore[union-attr]
    assert len(seen(mirror, ana)) == 3


def test_people_and_fleets_are_shown_to_nobody() -> None:
    mirror = mirror_of([*ALL, ANA, FLEET], [has("ana", HOME.id, Held("t/Landlord"))], ONTOLOGY)
    assert query.find(mirror, "ana") is None
    assert query.find(mirror, "user:ana") is None
    assert query.related(mirror, HOME, None, "IN") == []


def apply(mirror: Mirror, *entries: Entry) -> None:
    mirror.apply(Change(mirror.head + 1, changeset(*entries)))
