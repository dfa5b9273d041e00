from __future__ import annotations

from tests.graphs import entity
from twin.store.neo4j.creating import waves


def test_what_is_new_comes_after_its_parent() -> None:
    home, other = entity("home", "site"), entity("other", "site")
    floor = entity("home/floor", "space", home)
    room, hall = entity("home/floor/room", "space", floor), entity("home/hall", "space", home)
    assert waves([home, floor, room, other, hall]) == [[home, other], [floor, hall], [room]]


def test_what_is_there_already_is_waited_for_by_nobody() -> None:
    home = entity("home", "site")
    rooms = [entity(f"home/{number}", "space", home) for number in range(3)]
    assert waves(rooms) == [rooms]
    assert waves([]) == []
