from __future__ import annotations

import msgspec

from tests.graphs import entity
from twin.graph.model import Held, Relation
from twin.store.loading import Loading

SITE = entity("home", "site")
ROOMS = [entity(f"home/room-{number}", "space", SITE) for number in range(3)]
BODIES = [(msgspec.json.encode(each).decode(),) for each in (SITE, *ROOMS)]


def test_what_rows_say_is_read_with_texts_that_are_shared() -> None:
    loading = Loading()
    site, *rooms = loading.entities(BODIES)
    assert [site, *rooms] == [SITE, *ROOMS]
    assert all(each.parent is site.id for each in rooms)
    roles = (Held("t/Tenant"),)
    rows = [(f"{SITE.id}", ROOMS[0].id, "feeds", "flat", None), ("user", f"{SITE.id}", "HAS_ROLE", None, roles)]
    feeds, role = loading.relations(rows)
    assert feeds == Relation(source=SITE.id, target=ROOMS[0].id, type="feeds", instance="flat")
    assert feeds.source is role.target is site.id
    assert role.roles == roles


def test_who_waits_is_told_and_never_of_more_than_was_expected() -> None:
    told: list[tuple[int, int]] = []
    loading = Loading(5, lambda done, of: told.append((done, of)))
    loading.entities(BODIES)
    loading.relations([(SITE.id, each.id, "feeds", None, None) for each in ROOMS])
    assert told == [(4, 5), (5, 5)]
