from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graphs import changeset, entity, mirror_of, party
from tests.rights import EVERYONE, Granting, may, role, words_with
from twin.access.explaining import Gift, Taken, explain, gifts, takings
from twin.graph.model import Change, Create, Held, Link, Relation, Unlink
from twin.ontology.model import PERMISSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from twin.graph.mirror import Mirror
    from twin.graph.model import Entry

HOME = entity("home", "site")
FLAT = entity("home/flat", "space", HOME, type="t/Hall")
ROOM = entity("home/flat/room", "space", FLAT)
ONTOLOGY = words_with(
    role("Caretaker", ["t/Home", "t/Group"], ["read", "command"]), role("Tenant", ["t/Hall"], ["read"])
)


def has(target: str, *held: Held) -> Relation:
    return Relation(type="HAS_ROLE", source="ana", target=target, roles=held)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32))
def test_what_leads_there_is_what_is_allowed(seed: int) -> None:
    made = Granting(seed, 30)
    for who in EVERYONE:
        for each in made.mirror.entities.values():
            if each.site:
                chains = explain(made.mirror, made.ontology, who, each, 4)
                allowed = {permission for chain in chains for permission in chain.permissions}
                reference = {
                    permission
                    for permission in PERMISSIONS
                    if may(made.mirror, made.ontology, who, each, permission, 4)
                }
                assert allowed == reference
                assert all((chain.stop == "") == bool(chain.permissions) for chain in chains)


def test_each_role_is_followed_as_far_as_it_leads() -> None:
    north = party("fleet", "north")
    relations = [
        has(HOME.id, Held("t/Caretaker")),
        has(FLAT.id, Held("t/Tenant", 5), Held("t/Caretaker"), Held("t/Gone")),
        has("north", Held("t/Tenant")),
        Relation(type="MANAGES", source="north", target=HOME.id),
    ]
    mirror = mirror_of([HOME, FLAT, ROOM, party("user", "ana"), north], relations, ONTOLOGY)
    found = {(each.role, each.given_on): each for each in explain(mirror, ONTOLOGY, "ana", ROOM, 0)}
    tenant = found["t/Tenant", FLAT.path]
    assert (tenant.steps, tenant.permissions, tenant.stop) == ((FLAT.path, ROOM.path), ("read",), "")
    caretaker = found["t/Caretaker", HOME.path]
    assert (caretaker.stop, caretaker.at) == ("closed", FLAT.path)
    assert found["t/Caretaker", FLAT.path].stop == "misplaced"
    assert found["t/Gone", FLAT.path].stop == "unknown"
    assert found["t/Tenant", "fleet:north"].stop == "misplaced"
    assert {each.stop for each in explain(mirror, ONTOLOGY, "ana", ROOM, 5)} == {
        "over",
        "closed",
        "misplaced",
        "unknown",
    }


def test_a_view_leads_to_what_it_includes() -> None:
    group, inner = entity("home/group", "view", HOME), entity("home/inner", "view", HOME)
    relations = [
        Relation(type="INCLUDES", source=group.id, target=inner.id),
        Relation(type="INCLUDES", source=inner.id, target=FLAT.id),
        has(group.id, Held("t/Caretaker")),
    ]
    mirror = mirror_of([HOME, FLAT, ROOM, group, inner, party("user", "ana")], relations, ONTOLOGY)
    (chain,) = explain(mirror, ONTOLOGY, "ana", ROOM, 0)
    assert chain.steps == (group.path, inner.path, FLAT.path, ROOM.path)
    assert (chain.stop, chain.at) == ("closed", FLAT.path)
    assert explain(mirror, ONTOLOGY, "ana", inner, 0)[0].permissions == ("read", "command")


def _without(mirror: Mirror, holder: str, taken: Iterable[Taken]) -> None:
    """Take back what `takings` names."""
    for each in taken:
        party_id = holder if not each.party else mirror.by_path(each.party).id  # type: ignore[union-attr]
        target = mirror.by_path(each.given_on)
        assert target is not None
        relation = mirror.relation(party_id, target.id, "HAS_ROLE")
        assert relation is not None
        left = tuple(held for held in relation.roles if held.role != each.role)
        entries: list[Entry] = [Unlink(type="HAS_ROLE", source=party_id, target=target.id)]
        if left:
            entries.append(Link(Relation(type="HAS_ROLE", source=party_id, target=target.id, roles=left)))
        mirror.apply(Change(mirror.head + 1, changeset(*entries)))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_what_would_have_to_be_taken_back_is_all_of_it_and_no_more(seed: int, dice: Random) -> None:
    made = Granting(seed, 25)
    mirror, ontology = made.mirror, made.ontology
    cases = [
        (who, each, permission, taken)
        for who in EVERYONE
        for each in mirror.entities.values()
        if each.site
        for permission, taken in takings(explain(mirror, ontology, who, each, 4)).items()
    ]
    if not cases:
        return
    who, each, permission, taken = dice.choice(cases)
    spared = dice.choice(taken)
    _without(mirror, who, [one for one in taken if one != spared])
    assert may(mirror, ontology, who, each, permission, 4)
    _without(mirror, who, [spared])
    assert not may(mirror, ontology, who, each, permission, 4)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32))
def test_what_would_have_to_be_given_would_do(seed: int) -> None:
    made = Granting(seed, 20)
    mirror, ontology = made.mirror, made.ontology
    mirror.apply(Change(mirror.head + 1, changeset(Create(party("user", "dora")))))
    for each in [each for each in mirror.entities.values() if each.site][:12]:
        found = gifts(mirror, ontology, each, explain(mirror, ontology, "dora", each, 4))
        possible = {permission for role in ontology.roles.values() for permission in role.may}
        assert {gift.permission for gift in found} <= possible
        for gift in found:
            on = mirror.by_path(gift.on)
            assert on is not None
            held = Relation(type="HAS_ROLE", source="dora", target=on.id, roles=(Held(gift.role),))
            mirror.apply(Change(mirror.head + 1, changeset(Link(held))))
            assert may(mirror, ontology, "dora", each, gift.permission, 4)
            assert gift.permission in takings(explain(mirror, ontology, "dora", each, 4))
            mirror.apply(Change(mirror.head + 1, changeset(Unlink(type="HAS_ROLE", source="dora", target=on.id))))


def test_an_organisation_is_named_through_which_somebody_has_a_role() -> None:
    acme = party("organisation", "acme")
    relations = [
        Relation(type="MEMBER_OF", source="ana", target="acme", roles=(Held("member"),)),
        Relation(type="HAS_ROLE", source="acme", target=FLAT.id, roles=(Held("t/Tenant"),)),
    ]
    mirror = mirror_of([HOME, FLAT, ROOM, party("user", "ana"), acme], relations, ONTOLOGY)
    (chain,) = explain(mirror, ONTOLOGY, "ana", ROOM, 0)
    assert (chain.party, chain.permissions) == ("organisation:acme", ("read",))
    assert takings([chain]) == {"read": (Taken(FLAT.path, "t/Tenant", "organisation:acme"),)}
    assert gifts(mirror, ONTOLOGY, ROOM, [chain]) == []
    assert gifts(mirror, ONTOLOGY, HOME, []) == [
        Gift("read", "t/Caretaker", HOME.path),
        Gift("command", "t/Caretaker", HOME.path),
    ]
