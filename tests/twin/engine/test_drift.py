"""A mirror that is damaged is found out and repaired, with all that follows it; one that is not, never."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.graphs import ONTOLOGY, Walk, changeset, contents, entity
from twin.engine.core import Core
from twin.engine.drift import DriftCheck
from twin.graph import query
from twin.graph.mirror import Mirror
from twin.graph.model import Create, Delete, Link, Relation, Update
from twin.graph.readings import Reading, order_key
from twin.store import StateBatch, Watermark
from twin.store.commits import inline
from twin.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.store import Snapshot


def lived(seed: int, steps: int = 60) -> Core:
    """A core over a store that has a history."""
    store, walk = MemoryStore(), Walk(random.Random(seed))
    for _ in range(steps):
        change = walk.apply(walk.step())
        store.commit([change.changeset], change.sequence - 1)
    return core_of(store)


def core_of(store: MemoryStore) -> Core:
    """A core for which the types of these graphs are in force."""
    core: Any = Core(store, inline)
    core._versions.ontology = ONTOLOGY
    core._versions.follow = core._versions.revisit = lambda _: ONTOLOGY
    core.mirror.adopt(ONTOLOGY)
    core.current.renew(ONTOLOGY)
    return core  # type: ignore[no-any-return]


def sound(core: Core) -> dict[str, object]:
    """What a mirror says that was just loaded."""
    snapshot = core.store.load()
    mirror = Mirror()
    mirror.adopt(ONTOLOGY)
    mirror.load(
        head=snapshot.head,
        timeline=snapshot.timeline,
        documents=snapshot.documents,
        entities=snapshot.entities,
        relations=snapshot.relations,
    )
    return said(mirror)


def said(mirror: Mirror) -> dict[str, object]:
    views = {
        each.id: sorted(one.id for one in query.members(mirror, each))
        for each in query.select(mirror, kinds=("view",)).items
    }
    below = {
        each.id: [one.id for one in query.select(mirror, under=each).items] for each in list(mirror.entities.values())
    }
    found = {name: [each.entity.id for each in query.search(mirror, name)] for name in ("space", "device", "moved")}
    return {**contents(mirror), "views": views, "below": below, "found": found}


def damage(core: Core, chance: random.Random) -> None:
    """One of the ways in which a mirror may come to be wrong."""
    mirror: Any = core.mirror
    victim = chance.choice([each for each in mirror.entities.values() if each.key != "ghost"])
    graph = mirror._graph
    relations = sorted(mirror.relations(), key=lambda each: each.key)
    match chance.randrange(6):
        case 0:
            del mirror.entities[victim.id]
        case 1:
            mirror.entities[victim.id] = replace(victim, revision=victim.revision + 1, title={"": "Wrong"})
        case 2 if relations:
            lost = chance.choice(relations)
            graph.erase(lost.source, lost.target, lost.type)
        case 3 if victim.parent is not None:
            graph.erase(victim.parent, victim.id, "CONTAINS")
        case 4:
            mirror._paths.pop(victim.path, None)
        case _:
            ghost = entity(f"{victim.path}/ghost", "device", victim)
            graph.put(ghost)
            mirror._paths[ghost.path] = ghost.id


def checked(core: Core, check: DriftCheck | None = None) -> list[str]:
    made = check or DriftCheck(core)
    return [each.site for each in asyncio.run(made.run())]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 3))
def test_random_damage_is_found_and_repaired(seed: int, times: int) -> None:
    core, chance = lived(seed, 40), random.Random(seed)
    whole = sound(core)
    assert checked(core) == []
    if chance.random() < 0.5:
        said(core.mirror)  # so that every index is there
    for _ in range(times):
        damage(core, chance)
    assert checked(core)
    assert said(core.mirror) == whole
    assert checked(core) == []
    walk = Walk(chance, core.mirror)
    for _ in range(15):  # what was repaired goes on as if nothing had been
        made = walk.step()
        answers: list[Any] = []
        core.commits.submit(made, answers.append)
    assert said(core.mirror) == sound(core)


def test_what_follows_the_mirror_is_right_again() -> None:
    store = MemoryStore()
    home = entity("home", "site")
    probe = entity("home/probe", "device", home, points=("warmth",))
    room = entity("home/room", "space", home, points=("heat",), sources={"heat": (probe.id, "warmth")})
    store.commit([changeset(*map(Create, (home, probe, room)))], 0)
    reading = Reading(21.5, 1, 2, order_key(0, 1, 0, 21.5))
    store.write_states(StateBatch({(probe.id, "warmth"): reading}, Watermark("j", 1)))
    core, told = Core(store, inline), []
    core.mirror.entities[room.id] = replace(core.mirror.entities[room.id], sources={}, revision=7)
    core.current.renew(core.ontology)
    core.current.load(store.load_states()[0])
    assert core.current.read(room.id, "heat") is None
    check, era = DriftCheck(core, lambda: told.append(core.mirror.era)), core.mirror.era
    (drift,) = asyncio.run(check.run())
    assert (drift.name, drift.entities, drift.relations) == ("home", 1, 0)
    assert (drift.store.revisions, drift.mirror.revisions) == (3, 9)
    assert core.current.read(room.id, "heat") == reading
    assert (check.found, check.checked, told) == (1, 1, [era + 1])
    assert check.last is not None


def test_what_others_commit_meanwhile_is_no_drift() -> None:
    core = lived(5)
    walk = Walk(random.Random(9), core.mirror)
    check = DriftCheck(core)

    store: Any = core.store
    sums, load_site = store.sums, store.load_site

    def meanwhile(look: Callable[..., Any], *arguments: str) -> Any:
        found = look(*arguments)
        for _ in range(3):
            made = walk.step()
            store.commit([made], store.head())
            core.commits.follow()
        return found

    store.sums = lambda: meanwhile(sums)
    store.load_site = lambda site: meanwhile(load_site, site)

    async def run() -> None:
        for _ in range(10):
            assert await check.run() == []

    asyncio.run(run())
    assert core.mirror.head == store.head() > 90


def test_a_site_that_came_or_went_meanwhile_is_no_drift() -> None:
    core = lived(1, 5)
    old, new = entity("old", "site"), entity("new", "site")
    core.store.commit([changeset(Create(old))], core.store.head())
    core.commits.follow()
    store: Any = core.store
    sums = store.sums

    def meanwhile() -> Any:
        found = sums()
        store.commit([changeset(Delete(id=old.id)), changeset(Create(new))], store.head())
        core.commits.follow()
        store.sums = sums
        return found

    store.sums = meanwhile
    assert checked(core) == []
    assert core.mirror.get(new.id) is not None


def test_relations_between_sites_that_are_both_damaged() -> None:
    store = MemoryStore()
    homes = [entity(f"home-{number}", "site") for number in range(2)]
    lamps = [entity(f"{home.path}/lamp", "device", home) for home in homes]
    across = Relation(type="feeds", source=lamps[0].id, target=lamps[1].id)
    store.commit([changeset(*map(Create, (*homes, *lamps)), Link(across))], 0)  # as it was allowed once
    core = core_of(store)
    whole = sound(core)
    core.mirror._graph.erase(*across.key)
    for lamp in lamps:
        core.mirror.entities[lamp.id] = replace(core.mirror.entities[lamp.id], revision=5)
    assert sorted(checked(core)) == sorted(home.id for home in homes)
    assert said(core.mirror) == whole


def test_a_site_that_never_stands_still_is_left_for_the_next_time() -> None:
    core = lived(3, 30)
    site = next(iter(core.mirror.sites))
    damaged = core.mirror.entities[site]
    core.mirror.entities[site] = replace(damaged, revision=damaged.revision + 1)
    store: Any = core.store
    load_site = store.load_site

    def touched(wanted: str) -> Snapshot:
        found: Snapshot = load_site(wanted)
        store.commit([changeset(Update(id=site, fields={"title": {"": f"{store.head()}"}}))], store.head())
        core.commits.follow()
        return found

    store.load_site = touched
    assert checked(core) == []
    store.load_site = load_site
    assert checked(core) == [site]


@pytest.mark.parametrize("seed", range(3))
def test_who_is_in_no_site_is_checked_too(seed: int) -> None:
    from tests.graphs import party

    core = lived(seed, 20)
    ana = party("user", "ana")
    core.store.commit([changeset(Create(ana))], core.store.head())
    core.commits.follow()
    assert checked(core) == []
    del core.mirror.entities[ana.id]
    assert checked(core) == [""]
    assert core.mirror.get(ana.id) is not None
    assert checked(core) == []
