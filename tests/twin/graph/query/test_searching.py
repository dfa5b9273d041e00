from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graphs import Walk, changeset, entity, mirror_of, walked
from twin.graph import query
from twin.graph.mirror import Mirror
from twin.graph.model import Change, Create, Update
from twin.graph.names import folded, words
from twin.ids import sort_key


def home() -> Mirror:
    site = entity("hugo", "site", title={"fr": "Chez Hugo"})
    kitchen = entity("hugo/kitchen", "space", site, title={"fr": "Cuisine d'été", "en": "Summer kitchen"})
    lamp = entity("hugo/kitchen/lamp", "device", kitchen, title={"": "Ceiling Lamp"})
    hall = entity("hugo/hall", "space", site)
    other = entity("hugo/hall/lamp-2", "device", hall)
    return mirror_of([site, kitchen, lamp, hall, other])


def found(mirror: Mirror, text: str, **given: object) -> list[str]:
    return [each.entity.path for each in query.search(mirror, text, **given)]  # type: ignore[arg-type]


def test_case_accents_and_the_language_make_no_difference() -> None:
    for text in ("CUISINE", "été", "ete", "summer kit", "d'ete cuis", "Cuisine d'Ete"):
        assert found(home(), text)[0] == "hugo/kitchen", text


def test_a_word_may_stand_on_what_is_around_but_one_at_least_on_the_thing() -> None:
    assert found(home(), "lamp kitchen") == ["hugo/kitchen/lamp"]
    assert found(home(), "lamp") == ["hugo/kitchen/lamp", "hugo/hall/lamp-2"]
    assert found(home(), "hugo") == ["hugo"]
    assert found(home(), "hugo/hall/lamp-2") == ["hugo/hall/lamp-2"]
    assert found(home(), "lamp garage") == found(home(), "") == found(home(), " / ") == []


def test_the_whole_title_key_or_path_comes_first_then_whole_words() -> None:
    ranks = {each.entity.path: each.rank for each in query.search(home(), "lamp")}
    assert ranks == {"hugo/kitchen/lamp": 0, "hugo/hall/lamp-2": 1}
    assert found(home(), "lamp", kinds={"space"}) == []
    assert found(home(), "ceiling la") == ["hugo/kitchen/lamp"]


def test_what_is_hidden_is_absent() -> None:
    mirror = home()
    assert found(mirror, "lamp", sites=set()) == found(mirror, "lamp", sites={"no such site"}) == []
    hidden = entity("cabin", "site", hidden=True)
    mirror.apply(Change(1, changeset(Create(hidden))))
    assert found(mirror, "cabin") == []
    mirror.apply(Change(2, changeset(Update(id=hidden.id, fields={"hidden": False, "title": {"": "Hut"}}))))
    assert found(mirror, "hut") == found(mirror, "cabin") == ["cabin"]


def naive(mirror: Mirror, text: str) -> set[str]:
    """Asked of every entity in turn."""

    def names(one: str, word: str) -> bool:
        each = mirror.entities[one]
        return any(own.startswith(word) for said in (each.key, *each.title.values()) for own in words(said))

    asked = words(text)
    return {
        each
        for each in mirror.entities
        if any(names(each, word) for word in asked)
        and all(any(names(part, word) for part in mirror.line(each)) for word in asked)
    }


TEXTS = st.sampled_from(["1", "device", "moved", "space inner", "device 2", "inn", "site", "view 1", "space 1 de"])


@settings(deadline=None)
@given(st.integers(0, 2**32), TEXTS, st.integers(1, 4))
def test_the_index_finds_what_looking_everywhere_finds_whatever_changes(seed: int, text: str, size: int) -> None:
    walk = Walk(random.Random(seed))
    for step in range(40):
        walk.apply(walk.step())
        if step == 10:
            query.search(walk.mirror, text)  # from here on the index is kept
    whole = query.search(walk.mirror, text)
    assert {each.entity.id for each in whole} == naive(walk.mirror, text)
    fresh = mirror_of(walk.mirror.entities.values(), walk.mirror.relations())
    places = [(each.rank, each.entity.path) for each in whole]
    assert [(each.rank, each.entity.path) for each in query.search(fresh, text)] == places
    assert places == sorted(places, key=lambda each: (each[0], sort_key(each[1])))
    pages = []
    while page := query.search(walk.mirror, text, after=pages[-1] if pages else None, first=size):
        pages += [(each.rank, each.entity.path) for each in page]
    assert pages == places


def test_a_title_that_changes_is_found_by_its_new_words_only() -> None:
    mirror = walked(1, 5).mirror
    one = next(iter(mirror.entities.values()))
    query.search(mirror, "x")
    for at, title in ((1, "Grande Salle"), (2, "Petite Salle")):
        change = changeset(Update(id=one.id, fields={"title": {"": title}}))
        mirror.apply(Change(mirror.head + 1, change))
        assert (found(mirror, "grande") == [one.path]) is (at == 1)
        assert found(mirror, "salle") == [one.path]


def test_folding() -> None:
    assert folded("  ÉTÉ Straße ﬁn ") == "ete strasse fin"
    assert words("Salle de bain, salle d'eau_2") == ["salle", "de", "bain", "d", "eau", "2"]
