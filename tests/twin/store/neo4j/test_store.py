"""What a Neo4j adds to what every store promises: that a person reads it in plain Cypher, and what it refuses."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.graphs import changeset, entity
from tests.neo4j_server import fresh_store, wipe
from tests.twin.store.neo4j.test_labels import NEW, OLD, document
from twin.errors import BackendError, OutcomeUnknown
from twin.graph.model import Create, Delete, Link, Move, Relation, Update
from twin.graph.readings import Reading, order_key
from twin.store import HeadMovedError, StateBatch, Watermark
from twin.store.neo4j import Address, Neo4jStore
from twin.store.neo4j.connection import Connection

pytestmark = [pytest.mark.neo4j, pytest.mark.timeout(300)]


@pytest.fixture
def store(neo4j_address: Address) -> Iterator[Neo4jStore]:
    made = fresh_store(neo4j_address)
    yield made
    made.close()


@pytest.fixture
def person(neo4j_address: Address) -> Iterator[Person]:
    made = Person(neo4j_address)
    yield made
    made.connection.close()


class Person:
    """Somebody with a Cypher shell."""

    def __init__(self, address: Address) -> None:
        self.connection = Connection(address)

    def __call__(self, query: str, **parameters: Any) -> list[list[Any]]:
        return self.connection.run(lambda transaction: transaction.run(query, parameters).values())


def test_a_person_reads_labels_relations_and_readings(store: Neo4jStore, person: Person) -> None:
    home = entity("home", "site")
    room = entity("home/room", "space", home, title={"en": "Room"})
    pump = entity("home/room/pump", "device", room, type="core/Duty", points=("flow",), properties={"vendor": "Velio"})
    feeds = Link(Relation(type="feeds", source=pump.id, target=room.id))
    store.commit([changeset(Create(home), Create(room), Create(pump), feeds, documents=(document(OLD, "1.0.0"),))], 0)
    said = Reading(21.5, 1_700_000_000_000_001, 1_700_000_000_500_000, order_key(0, 1, 0, 21.5))
    store.write_states(StateBatch({(pump.id, "flow"): said}, Watermark("j", 1)))
    assert person(
        "MATCH (s:Site)-[:CONTAINS*]->(p:Pump)-[:feeds]->(r:Space) WHERE p.flow > 20 AND p.vendor = 'Velio' "
        "RETURN s.key, p.path, p.flow, p.flow_time.epochMillis, r.title, 'flow' IN p.points, p.revision"
    ) == [["home", "home/room/pump", 21.5, 1_700_000_000_000, "Room", True, 1]]
    assert person("MATCH (c:_Change) RETURN c.seq, c.by, c.via, c.at.year") == [[1, "ana", "tests", 1970]]


def test_labels_follow_the_type_and_the_ontology(store: Neo4jStore, person: Person) -> None:
    labels = "MATCH (e:Entity {id: $id}) UNWIND labels(e) AS label WITH label ORDER BY label RETURN collect(label)"
    home = entity("home", "site")
    pump = entity("home/pump", "device", home, type="core/Duty")
    store.commit([changeset(Create(home), Create(pump))], 0)
    assert person(labels, id=pump.id) == [[["Device", "Duty", "Entity"]]]
    store.commit([changeset(documents=(document(OLD, "1.0.0"),))], 1)
    assert person(labels, id=pump.id) == [[["Device", "Duty", "Entity", "Pump"]]]
    store.commit([changeset(documents=(document(NEW, "1.1.0"),))], 2)
    assert person(labels, id=pump.id) == [[["Device", "Duty", "Entity"]]]
    store.commit([changeset(Update(id=pump.id, fields={"type": "core/Pump"}))], 3)
    assert person(labels, id=pump.id) == [[["Device", "Entity", "Pump"]]]


def test_an_update_takes_away_what_is_gone_and_leaves_readings_alone(store: Neo4jStore, person: Person) -> None:
    home = entity("home", "site", properties={"area": 7, "rule": "x"}, desired={"goal": 20}, title={"": "A"})
    store.commit([changeset(Create(home))], 0)
    said = Reading([1], 5, 6, order_key(0, 5, 0, [1]))
    store.write_states(StateBatch({(home.id, "t"): said}, Watermark("j", 1)))
    store.commit([changeset(Update(id=home.id, fields={"properties": {"level": 2}, "desired": {}, "title": {}}))], 1)
    (keys,) = person("MATCH (e:Entity) UNWIND keys(e) AS key WITH key ORDER BY key RETURN collect(key)")[0]
    assert {"area", "rule_", "goal_desired", "title"}.isdisjoint(keys)
    assert {"level", "t", "t_time", "t_received", "t_order", "t_json"} <= set(keys)
    assert store.load_states()[0] == {(home.id, "t"): said}


def test_a_moved_tree_has_its_edges_and_paths(store: Neo4jStore, person: Person) -> None:
    home = entity("home", "site")
    one, two = entity("home/one", "space", home), entity("home/two", "space", home)
    device = entity("home/one/device", "device", one)
    store.commit([changeset(*map(Create, (home, one, two, device)))], 0)
    store.commit([changeset(Move(id=one.id, parent=two.id, key="in"), Move(id=device.id, parent=one.id, key="d"))], 1)
    assert person("MATCH (p)-[:CONTAINS]->(c) RETURN p.path, c.path ORDER BY c.path") == [
        ["home", "home/two"],
        ["home/two", "home/two/in"],
        ["home/two/in", "home/two/in/d"],
    ]
    store.commit([changeset(Delete(id=device.id), Delete(id=one.id))], 2)
    assert person("MATCH (e:Entity) RETURN e.path ORDER BY e.path") == [["home"], ["home/two"]]


def test_a_point_and_a_property_of_like_names_are_kept_apart(store: Neo4jStore) -> None:
    home = entity("home", "site", properties={"x_order": "first", "path": "odd"}, points=("x", "x_time"))
    store.commit([changeset(Create(home))], 0)
    readings = {(home.id, name): Reading(name, 5, 6, order_key(0, 5, 0, name)) for name in ("x", "x_time", "id")}
    store.write_states(StateBatch(readings, Watermark("j", 1)))
    assert store.load_states()[0] == readings
    (kept,) = store.load().entities
    assert (kept.path, kept.properties) == ("home", home.properties)


def test_a_foreign_database_is_refused(neo4j_address: Address, person: Person) -> None:
    wipe(neo4j_address)
    person("CREATE (:Entity {id: 'mine'})")
    with pytest.raises(BackendError) as caught:
        Neo4jStore(neo4j_address)
    assert caught.value.code_ == "store.foreign"
    wipe(neo4j_address)


def test_a_database_of_a_newer_twin_is_refused(store: Neo4jStore, neo4j_address: Address, person: Person) -> None:
    person("MATCH (log:_Log) SET log.format = 99")
    with pytest.raises(BackendError) as caught:
        Neo4jStore(neo4j_address)
    assert caught.value.code_ == "store.too_new"


def test_a_database_of_before_is_read_by_entity_once_it_was_opened(
    store: Neo4jStore, neo4j_address: Address, person: Person
) -> None:
    home = entity("home", "site")
    rooms = [entity(f"home/room-{number}", "space", home) for number in range(3)]
    store.commit([changeset(*map(Create, (home, *rooms)))], 0)
    updates = [changeset(Update(id=room.id, fields={"title": {"": "Room"}})) for room in rooms]
    store.commit(updates, 1)
    assert person("MATCH (c:_Change)-[:ABOUT]->(s:Space) RETURN count(c), count(DISTINCT s)") == [[3, 3]]
    person("MATCH ()-[r:ABOUT]->() DELETE r")
    person("MATCH (e:Entity) REMOVE e._born")
    person("MATCH (log:_Log) SET log.format = 1")
    again = Neo4jStore(neo4j_address)
    assert [[each.sequence for each in again.changes_of(room.id)] for room in rooms] == [[2, 1], [3, 1], [4, 1]]
    again.close()
    assert person("MATCH (c:_Change)-[r:ABOUT]->() RETURN count(r)") == [[3]]


def test_a_constraint_whose_place_is_taken_is_said(neo4j_address: Address) -> None:
    connection = Connection(neo4j_address)
    wipe(neo4j_address)
    try:
        connection.alone("DROP INDEX twin_entity_path IF EXISTS")
        connection.alone("CREATE INDEX twin_entity_path FOR (n:Other) ON (n.path)")
        with pytest.raises(BackendError) as caught:
            Neo4jStore(neo4j_address)
        assert caught.value.code_ == "store.schema"
    finally:
        connection.alone("DROP INDEX twin_entity_path IF EXISTS")
        connection.close()


def test_a_wrong_password_is_said(neo4j_address: Address) -> None:
    wrong = Address(neo4j_address.uri, neo4j_address.database, neo4j_address.user, "wrong")
    with pytest.raises(BackendError) as caught:
        Neo4jStore(wrong)
    assert caught.value.code_ == "store.denied"


def test_a_server_that_is_not_there_is_said() -> None:
    address = Address("bolt://127.0.0.1:1", "neo4j", "neo4j", "")
    with pytest.raises(BackendError) as caught:
        Neo4jStore(address, Connection(address, patience=0.2))
    assert caught.value.code_ == "store.unavailable"


def test_a_closed_store_says_so(store: Neo4jStore) -> None:
    store.close()
    with pytest.raises(BackendError) as caught:
        store.head()
    assert caught.value.code_ == "store.closed"


def test_what_another_version_wrote_is_refused(store: Neo4jStore, person: Person) -> None:
    store.commit([changeset(Create(entity("home", "site")))], 0)
    person("MATCH (e:Entity) SET e._entity = '{}'")
    with pytest.raises(BackendError) as caught:
        store.load()
    assert caught.value.code_ == "store.unreadable"


def test_of_those_who_commit_at_one_head_one_does(store: Neo4jStore, neo4j_address: Address) -> None:
    stores = [store, *(Neo4jStore(neo4j_address) for _ in range(3))]
    said: list[object] = []

    def commit(mine: Neo4jStore, number: int) -> None:
        try:
            said.append(mine.commit([changeset(Create(entity(f"home-{number}", "site")))], 0)[0].sequence)
        except HeadMovedError as moved:
            said.append(moved)

    threads = [threading.Thread(target=commit, args=(mine, number)) for number, mine in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each for each in said if not isinstance(each, HeadMovedError)] == [1]
    assert store.head() == len(list(store.load().entities)) == 1
    for each in stores[1:]:
        each.close()


def test_what_is_given_up_before_it_asked_to_be_committed_never_is(store: Neo4jStore, neo4j_address: Address) -> None:
    connection, gate = Connection(neo4j_address, grace=0, patience=0), threading.Event()

    def job(transaction: Any) -> None:
        transaction.run("MATCH (log:_Log) SET log.timeline = 'lost'").consume()
        gate.wait()

    with pytest.raises(BackendError) as caught:
        connection.run(job, 0.5)
    gate.set()
    assert caught.value.code_ == "store.unavailable"
    assert not isinstance(caught.value, OutcomeUnknown)
    assert store.load().timeline != "lost"
    connection.close()
