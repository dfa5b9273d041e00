from __future__ import annotations

import pytest

from twin.ontology.installing import installable, kept_name, newest_of
from twin.ontology.model import Document


def document(version: str, text: str = "", name: str = "home") -> Document:
    return Document(name, version, "home.yaml", text or version)


@pytest.mark.parametrize(
    ("installed", "wanted", "names"),
    [
        ([], "1.0.0", ["home"]),
        (["1.0.0"], "1.0.0", []),
        (["1.0.0"], "2.0.0", ["home"]),
        (["2.0.0"], "1.0.0", ["home@1.0.0"]),
    ],
)
def test_an_older_version_is_kept_beside_and_takes_no_place(
    installed: list[str], wanted: str, names: list[str]
) -> None:
    there = dict(zip(["home"], map(document, installed), strict=False))
    assert [each.name for each in installable([document(wanted)], there)] == names


def test_what_is_kept_already_is_not_installed_again() -> None:
    kept = document("1.0.0", name="home@1.0.0")
    there = {"home": document("2.0.0"), "home@1.0.0": kept}
    assert installable([document("1.0.0")], there) == ()
    assert [each.name for each in installable([document("1.0.0", "other")], there)] == ["home@1.0.0"]
    assert newest_of(there) == {"home": there["home"]}
    assert kept_name("home", "1.0.0") == "home@1.0.0"


def test_another_text_of_the_same_version_takes_its_place_wherever_it_was_read() -> None:
    there = {"home": document("1.0.0")}
    assert installable([Document("home", "1.0.0", "elsewhere.yaml", "1.0.0")], there) == ()
    assert [each.name for each in installable([document("1.0.0", "other")], there)] == ["home"]
