from __future__ import annotations

import inspect

from twin import errors
from twin.errors import (
    OUTCOMES,
    AuthoringError,
    BackendError,
    Conflict,
    Diagnostic,
    NotFound,
    Place,
    TwinError,
    outcome_of,
)


def test_every_error_is_drawn_in_the_tree_and_exported() -> None:
    tree = errors.__doc__ or ""
    kinds = {name for name, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, TwinError)}
    assert kinds <= set(errors.__all__)
    assert all(name in tree for name in kinds)


def test_the_nearest_named_ancestor_decides_the_outcome() -> None:
    class Leaf(NotFound):
        pass

    assert outcome_of(Leaf("gone")) == OUTCOMES[NotFound]
    assert (outcome_of(BackendError("down")).status, outcome_of(BackendError("down")).exit) == (503, 3)
    assert outcome_of(errors.OutcomeUnknown("?")) == OUTCOMES[BackendError]


def test_an_error_carries_its_code_help_and_data() -> None:
    error = Conflict("it moved", code="plan.stale", help="look again", head=7)
    assert error.as_dict() == {"code": "plan.stale", "message": "it moved", "help": "look again", "head": 7}
    assert str(error) == "it moved"


def test_a_diagnostic_has_one_shape() -> None:
    place = Place("a.yaml", 3, 5, 9)
    found = Diagnostic("type.unknown", "no type", place, related=((place, "here"),), suggestions=("Room",))
    assert found.as_dict() == {
        "code": "type.unknown",
        "severity": "error",
        "file": "a.yaml",
        "line": 3,
        "column": 5,
        "end": 9,
        "message": "no type",
        "related": [{"file": "a.yaml", "line": 3, "column": 5, "message": "here"}],
        "help": "",
        "suggestions": ["Room"],
    }
    error = AuthoringError([found])
    assert str(error) == "a.yaml:3:5 type.unknown: no type"
    assert error.message == "1 error in the documents"
