"""Whatever is done to a topology, one plan after another: the site ends as one that is made of the last at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.plans import act, commit, mint
from tests.strategies import homes, topology_of
from twin.engine.library import Library
from twin.engine.planning import make_plan
from twin.graph.mirror import Mirror
from twin.graph.model import Actor, Entity, Update
from twin.ontology.compile import compile_ontology
from twin.source import Diagnostics, Source
from twin.topology.expand import expand
from twin.topology.plan import Plan, Take, changesets, committing
from twin.topology.template import read_topology

SLOW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TINY = Source("tiny.yaml", (Path(__file__).parent / "tiny.yaml").read_text())
LIBRARY = Library(())
SCRIPT = Actor("script", "script")


def find(name: str) -> Source | None:
    return TINY if name == "tiny" else LIBRARY.find(name)


@pytest.fixture(autouse=True, scope="module")
def _compiled_once() -> Iterator[None]:
    """The ontology is the same for every topology."""
    ontology = compile_ontology([TINY], find, Diagnostics())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("twin.topology.template.ontology_of", lambda *_: ontology)
        yield


def text_of(home: dict[str, Any]) -> Source:
    return Source("home.yaml", json.dumps(topology_of(home)))


def planned(mirror: Mirror, home: dict[str, Any], take: Take | None = None) -> Plan:
    return make_plan(mirror, text_of(home), find, parameters={"cells": home["cells"]}, take=take)


def applied(mirror: Mirror, home: dict[str, Any], take: Take | None = None) -> None:
    made = planned(mirror, home, take)
    if not made.empty:
        commit(mirror, *changesets(made, SCRIPT, 1, mint))


def seen(mirror: Mirror, entity: Entity) -> dict[str, Any]:
    """Everything of an entity that does not tell when, by whom or in how many steps it came to be."""
    paths = {each.id: each.path for each in mirror.entities.values()}
    return {
        "kind": entity.kind,
        "type": entity.type,
        "key": entity.key,
        "parent": paths.get(entity.parent or ""),
        "points": entity.points,
        "commands": entity.commands,
        "sources": {point: (paths[source], other) for point, (source, other) in entity.sources.items()},
        "computed": entity.computed,
        "rule": entity.rule,
        "roles": entity.roles,
        "declared": entity.declared,
        "made": entity.made,
        "hidden": entity.hidden,
        "instance": entity.instance,
        "title": entity.title,
        "serial": entity.serial,
        **{f"properties.{name}": value for name, value in entity.properties.items()},
        **{f"desired.{name}": value for name, value in entity.desired.items()},
    }


def building(mirror: Mirror) -> dict[str, Any]:
    """A whole mirror, by path."""
    paths = {each.id: each.path for each in mirror.entities.values()}
    return {
        "entities": {each.path: seen(mirror, each) for each in mirror.entities.values()},
        "relations": {(paths[each.source], each.type, paths[each.target]) for each in mirror.relations()},
    }


def fresh(home: dict[str, Any]) -> Mirror:
    mirror = Mirror()
    applied(mirror, {**home, "moved": {}})
    return mirror


@st.composite
def lives(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A topology, and what becomes of it, version by version."""
    versions = [draw(homes())]
    for _ in range(draw(st.integers(1, 3))):
        versions.append(draw(homes(versions[-1])))
    return versions


@SLOW
@given(lives())
def test_any_sequence_of_edits_ends_as_a_fresh_instantiation(life: list[dict[str, Any]]) -> None:
    mirror = Mirror()
    for home in life:
        applied(mirror, home)
        assert planned(mirror, home).empty
    assert building(mirror) == building(fresh(life[-1]))


@SLOW
@given(homes())
def test_a_topology_expands_to_the_same_every_time(home: dict[str, Any]) -> None:
    first, second = (expand(read_topology(text_of(home), find), "home", {"cells": home["cells"]}) for _ in range(2))
    assert first == second


@SLOW
@given(lives(), st.integers(2, 7), st.data())
def test_an_interrupted_plan_is_resumed_by_itself(life: list[dict[str, Any]], size: int, data: st.DataObject) -> None:
    mirror = Mirror()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(committing, "CHANGESET_ENTRIES", 1)  # every plan is large
        for home in life:
            parts = changesets(planned(mirror, home), SCRIPT, 1, mint, size)
            commit(mirror, *parts[: data.draw(st.integers(0, len(parts)), label="parts")])
            applied(mirror, home)
            assert planned(mirror, home).empty
    assert building(mirror) == building(fresh(life[-1]))


EDITS: dict[str, tuple[str, Any]] = {
    "title": ("title", {"": "Mine"}),
    "properties.area": ("properties", {"area": 33}),
    "properties.side": ("properties", {"side": "north"}),
    "desired.setpoint": ("desired", {"setpoint": 25}),
}


def edited(mirror: Mirror, entity: Entity, name: str) -> None:
    """A user sets one field."""
    field, value = EDITS[name]
    whole = value if field == "title" else {**getattr(entity, field), **value}
    act(mirror, Update(id=entity.id, fields={field: whole}))


@SLOW
@given(lives(), st.sampled_from(["topology", "live"]), st.data())
def test_what_users_set_is_all_that_ever_differs(life: list[dict[str, Any]], take: Take, data: st.DataObject) -> None:
    mirror, theirs = Mirror(), set()
    for home in life:
        applied(mirror, home, take)
        assert planned(mirror, home).empty
        name = data.draw(st.sampled_from(sorted(EDITS)), label="field")
        kinds = {"device"} if name.startswith("desired") else {"space"}
        able = sorted(
            (each for each in mirror.entities.values() if each.kind in kinds and _may_set(each, name)),
            key=lambda each: each.path,
        )
        if able:
            entity = data.draw(st.sampled_from(able), label="entity")
            edited(mirror, entity, name)
            theirs.add((entity.id, name))
            after = planned(mirror, home)
            assert after.empty
            assert not after.conflicts
    ours, new = building(mirror), building(fresh(life[-1]))
    assert ours["relations"] == new["relations"]
    assert ours["entities"].keys() == new["entities"].keys()
    for path, fields in ours["entities"].items():
        held = mirror.by_path(path)
        other = new["entities"][path]
        differing = {name for name in fields.keys() | other.keys() if fields.get(name) != other.get(name)}
        assert held is not None
        assert {(held.id, name) for name in differing} <= theirs


def _may_set(entity: Entity, name: str) -> bool:
    return not name.startswith("desired") or "setpoint" in entity.points
