from __future__ import annotations

from types import MappingProxyType

import pytest

from twin.errors import InvalidValue, Place
from twin.ontology.migrating import migrations_between, steps_between
from twin.ontology.model import Migration, Ontology, Step

PLACE = Place("lab.yaml", 1, 1, 2)


def migration(before: str, after: str, document: str = "lab") -> Migration:
    step = Step("rename", f"{document}/A", to=(f"{before} to {after}",))
    return Migration(document, before, after, (step,), PLACE)


def chain(declared: str, before: str, after: str) -> list[str]:
    migrations = [migration(*pair.split(">")) for pair in declared.split()]
    return [f"{each.before}>{each.after}" for each in migrations_between(migrations, "lab", before, after)]


@pytest.mark.parametrize(
    ("declared", "before", "after", "followed"),
    [
        ("1>2", "1.0.0", "2.0.0", "1>2"),
        ("1>2", "1.7.3", "2.5.0", "1>2"),
        ("1>2", "2.0.0", "2.5.0", ""),
        ("1>2", "1.1.0", "1.9.0", ""),
        ("2>3 1>2", "1.1.0", "3.0.0", "1>2 2>3"),
        ("1>2 1.2>1.3", "1.0.0", "2.0.0", "1.2>1.3 1>2"),
        ("1>2 1.2>1.3", "1.3.0", "2.0.0", "1>2"),
        ("1>3", "1.3.0", "3.0.0", "1>3"),
        ("", "1.0.0", "1.9.0", ""),
        ("", "1.9.0", "1.0.0", ""),
        ("0.2>0.3 0.3>1", "0.1.0", "1.0.0", "0.2>0.3 0.3>1"),
    ],
)
def test_the_chain_of_migrations(declared: str, before: str, after: str, followed: str) -> None:
    assert chain(declared, before, after) == followed.split()


@pytest.mark.parametrize(
    ("declared", "before", "after"), [("", "1.0", "2.0"), ("1>2", "1.0", "3.0"), ("2>3", "1", "3"), ("1>2", "2", "1")]
)
def test_a_gap_is_an_error(declared: str, before: str, after: str) -> None:
    with pytest.raises(InvalidValue, match="no migration of 'lab'") as caught:
        chain(declared, before, after)
    assert caught.value.code_ == "migration.missing"


def test_the_steps_of_one_document() -> None:
    migrations = (migration("1", "2"), migration("1", "2", "other"), migration("2", "3"))
    empty: MappingProxyType[str, object] = MappingProxyType({})
    ontology = Ontology((), empty, empty, empty, empty, migrations=migrations)  # type: ignore[arg-type]
    assert [step.to for step in steps_between(ontology, "lab", "1.4.0", "3.0.0")] == [("1 to 2",), ("2 to 3",)]
