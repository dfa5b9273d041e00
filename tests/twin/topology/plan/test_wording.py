"""A plan in words, however large it is."""

from __future__ import annotations

from tests.plans import applied, asked, planned, site, wanted
from twin.graph.mirror import Mirror

MANY = [wanted(f"home/room-{number}") for number in range(100)]


def test_a_large_plan_says_how_much_it_does_not_show() -> None:
    mirror = Mirror()
    made = planned(mirror, asked(site(), *MANY))
    assert len(str(made).splitlines()) == 42
    assert "+ … and 61 more, --all shows them" in str(made)
    assert len(made.text(None).splitlines()) == 102
    assert "more" not in made.text(None)


def test_every_sign_has_lines_of_its_own() -> None:
    mirror = Mirror()
    applied(mirror, asked(site(), *MANY[:50]))
    renamed = [wanted(f"home/room-{number}", title={"": "Room"}) for number in range(45)]
    lines = planned(mirror, asked(site(), *renamed, *MANY[60:])).text(3).splitlines()
    assert [line[0] for line in lines] == ["-"] * 4 + ["~"] * 4 + ["+"] * 4 + ["P"]


def test_deleted_relations_come_with_the_deletions() -> None:
    mirror = Mirror()
    room, lamp = wanted("home/room"), wanted("home/lamp", "device", "t/Lamp")
    applied(mirror, asked(site(), lamp, room, relations=(("home/lamp", "serves", "home/room"),)))
    made = planned(mirror, asked(site(title={"": "Home"}), lamp, room))
    assert [step.sign for step in made.steps] == ["-", "~"]
    assert str(made).splitlines()[0].split() == ["-", "serves", "home/lamp", "->", "home/room"]
    assert "relations: 1 to remove, 0 to add" in made.summary
