"""What a site is made of, as it is recorded with it: enough to make the same again, of a later version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twin.graph.model import Made
from twin.topology.plan.steps import FieldChange

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.topology.desired import Desired

__all__ = ["differences", "made_of"]


def made_of(desired: Desired) -> Made:
    """The topology with its parameters, and the documents whose types its entities are of."""
    used = {name.rpartition("/")[0] for name in {entity.type for entity in desired.entities}}
    return Made(
        topology=desired.topology,
        version=desired.version,
        parameters={name: value for name, value in desired.parameters.items() if value is not None},
        tables=dict(desired.tables),
        ontologies={document.name: document.version for document in desired.documents if document.name in used},
    )


def differences(before: Made | None, after: Made) -> tuple[FieldChange, ...]:
    """What people are shown of a record that changes; of the first, only what it is of."""
    if before is None:
        return (FieldChange("topology", None, f"{after.topology} {after.version}"),)
    changes = [FieldChange("version", before.version, after.version)] if before.version != after.version else []
    changes += _changed(before.parameters, after.parameters)
    changes += [
        FieldChange(f"table {name}", _rows(before.tables.get(name)), _rows(after.tables.get(name)))
        for name in sorted(before.tables.keys() | after.tables.keys())
        if before.tables.get(name) != after.tables.get(name)
    ]
    changes += _changed(before.ontologies, after.ontologies)
    return tuple(changes)


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[FieldChange]:
    return [
        FieldChange(name, before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]


def _rows(table: str | None) -> str | None:
    """``12 rows``: how much there is of a table, but for its header."""
    if table is None:
        return None
    rows = sum(bool(line.strip()) for line in table.splitlines()) - 1
    return f"{rows} row{'s' * (rows != 1)}"
