from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graphs import entity, mirror_of, party
from tests.rights import EVERYONE, Granting, may, role, words_with
from twin.access.explaining import explain
from twin.graph.model import Held, Relation
from twin.ontology.model import PERMISSIONS

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
