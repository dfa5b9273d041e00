from __future__ import annotations

import pytest

from tests.graphs import changeset, entity, mirror_of, party
from tests.rights import role, words_with
from twin.access.giving import Party, give, known_role, manage, take
from twin.errors import InvalidValue, NotFound
from twin.graph.check import check
from twin.graph.mirror import Mirror
from twin.graph.model import Change, Entry, Held

HOME = entity("home", "site")
ROOM = entity("home/room", "space", HOME)
ONTOLOGY = words_with(role("Owner", ["t/Home"], ["read", "share"]), role("Guest", ["t/Home", "t/Room"], ["read"]))
ANA = Party("user", "ana", "Ana")


@pytest.fixture
def mirror() -> Mirror:
    return mirror_of([HOME, ROOM, party("fleet", "north")], (), ONTOLOGY)


def done(mirror: Mirror, entries: list[Entry]) -> tuple[Held, ...]:
    """What Ana has on the home, once this is committed."""
    made = changeset(*entries)
    check(mirror, made)
    mirror.apply(Change(mirror.head + 1, made))
    found = mirror.relation("ana", HOME.id, "HAS_ROLE")
    return () if found is None else found.roles


def test_a_role_is_given_changed_and_taken(mirror: Mirror) -> None:
    assert done(mirror, give(mirror, ONTOLOGY, ANA, "Owner", HOME)) == (Held("t/Owner"),)
    assert mirror.entities["ana"].title == {"": "Ana"}
    both = done(mirror, give(mirror, ONTOLOGY, ANA, "t/Guest", HOME, 5))
    assert both == (Held("t/Owner"), Held("t/Guest", 5))
    assert done(mirror, give(mirror, ONTOLOGY, ANA, "Owner", HOME, 9)) == (Held("t/Guest", 5), Held("t/Owner", 9))
    assert done(mirror, take(mirror, "ana", "Guest", HOME)) == (Held("t/Owner", 9),)
    assert done(mirror, take(mirror, "ana", "t/Owner", HOME)) == ()


def test_what_cannot_be_given_or_taken(mirror: Mirror) -> None:
    with pytest.raises(NotFound, match="no role 'King'") as unknown:
        give(mirror, ONTOLOGY, ANA, "King", HOME)
    assert "Guest, Owner" in unknown.value.help
    with pytest.raises(InvalidValue, match="nobody is Owner of home/room, which is a Room") as misplaced:
        give(mirror, ONTOLOGY, ANA, "Owner", ROOM)
    assert misplaced.value.help == "Owner is had on: Home"
    with pytest.raises(NotFound, match="nobody gave them"):
        take(mirror, "ana", "Owner", HOME)


def test_on_a_fleet_any_role_may_be_had_and_it_manages_a_thing_once(mirror: Mirror) -> None:
    north = mirror.entities["north"]
    assert known_role(ONTOLOGY, "Owner", north).name == "t/Owner"
    done(mirror, manage(mirror, north, HOME))
    assert manage(mirror, north, HOME) == []
