from __future__ import annotations

from typing import Any

from structlog.testing import capture_logs

from tests.graphs import changeset, entity, mirror_of
from tests.upgrades import AFTER, BEFORE
from twin.engine.library import shipped
from twin.engine.versions import Versions, site_documents
from twin.graph.model import Change, Create, Delete, Document, Entity, Made, Update

CORE = Document("core", "1.0.0", "core.yaml", (shipped("ontologies") / "core.yaml").read_text(encoding="utf-8"))
OLD = Document("abode", "1.4.0", "abode.yaml", BEFORE)
NEW = Document("abode", "2.0.0", "abode.yaml", AFTER)
KEPT = Document("abode@1.4.0", "1.4.0", "abode.yaml", BEFORE)


def site(key: str, version: str | None) -> Entity:
    made = None if version is None else Made(ontologies={"abode": version})
    return entity(key, "site", type="abode/Abode", made=made)


class Stage:
    def __init__(self, *documents: Document) -> None:
        self.mirror = mirror_of([])
        self.take(documents=documents)
        self.versions = Versions(self.mirror)

    def take(self, *entries: Any, documents: tuple[Document, ...] = ()) -> None:
        change = Change(self.mirror.head + 1, changeset(*entries, documents=documents))
        self.mirror.apply(change)
        if hasattr(self, "versions"):
            self.versions.follow(change)


def test_each_site_goes_by_what_it_says_and_by_the_newest_where_it_says_nothing() -> None:
    stage = Stage(CORE, KEPT, NEW)
    old, new, silent = site("old", "1.4.0"), site("new", "2.0.0"), site("silent", None)
    stage.take(Create(old), Create(new), Create(silent))
    ontology = stage.versions.ontology
    assert ontology.of(old.id).types["abode/Counter"].points["energy"].unit == "W.h"
    assert ontology.of(new.id) is ontology.of(silent.id) is ontology
    assert "abode/Stove" in ontology.types


def test_a_site_that_comes_leaves_the_ontology_as_it_is_and_the_last_makes_it_anew() -> None:
    stage = Stage(CORE, KEPT, NEW)
    homes = [site(f"home-{n}", "1.4.0") for n in (1, 2)]
    stage.take(*map(Create, homes))
    before = stage.versions.ontology
    came = Update(id=homes[0].id, fields={"made": Made(ontologies={"abode": "2.0.0"})})
    stage.take(came)
    assert stage.versions.ontology is before
    assert before.of(homes[0].id) is before
    stage.take(Update(id=homes[1].id, fields={"title": {"": "x"}}))
    assert stage.versions.ontology is before
    stage.take(Delete(id=homes[1].id))
    assert stage.versions.ontology is not before
    assert "abode/Stove" not in stage.versions.ontology.types
    stage.take(Update(id=homes[0].id, fields={"made": Made(ontologies={"abode": "1.4.0"})}))
    assert "abode/Stove" in stage.versions.ontology.types


def test_a_version_that_is_not_kept_is_the_newest() -> None:
    documents = {"core": CORE, "abode": NEW, "abode@1.4.0": KEPT}
    assert site_documents(site("a", "1.3.0"), documents)["abode"] is NEW
    assert site_documents(site("a", "1.4.0"), documents)["abode"] == OLD
    assert site_documents(site("a", "2.0.0"), documents)["abode"] is NEW


def test_a_version_that_does_not_compile_any_more_stops_nobody() -> None:
    broken = Document("abode@1.4.0", "1.4.0", "abode.yaml", "ontology: abode\nversion: 1.4.0\ndevices: { X: {} }\n")
    stage = Stage(CORE, broken, NEW)
    home = site("home", "1.4.0")
    with capture_logs() as logs:
        stage.take(Create(home))
    assert stage.versions.ontology.of(home.id) is stage.versions.ontology
    assert [(each["event"], each["site"]) for each in logs] == [("ontology.unreadable", "home")]
