"""A plan in words: a line for each step, deletions first and a deleted subtree as one; then what it comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twin.ontology.model import KINDS
from twin.topology.plan.steps import SIGNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twin.topology.plan.model import Plan
    from twin.topology.plan.steps import FieldChange, Sign, Step

__all__ = ["lines_of", "summary_of"]

_FORMS: dict[Sign, str] = {
    "=": "{name} {before}{unit} kept",
    "!": "{name} {before}{unit} here, {after}{unit} in the topology",
}
_PLAIN = (" from", " computed")
"""What the names of fields end with whose values are no texts of people."""
_WORDS = {"readings": "reading", "relations": "relation", "roles": "role"}


def lines_of(plan: Plan, most: int | None) -> Iterator[str]:
    """What it was made from, then the steps: at most so many of each sign, and how many more there are."""
    yield from plan.notes
    for sign in SIGNS:
        steps = [step for step in plan.steps if step.sign == sign]
        lines = list(_deletions(steps)) if sign == "-" else steps
        shown = lines if most is None else lines[:most]
        yield from (each if isinstance(each, str) else _line(each) for each in shown)
        if len(lines) > len(shown):
            yield f"{sign} … and {len(lines) - len(shown):,} more, --all shows them"
    yield from (f"~ ontology  {document.name} {document.version}" for document in plan.documents)


def summary_of(plan: Plan) -> str:
    """``Plan: 11 to delete, 1 to move, 12 to change, 61 to create. …``."""
    made = f"Made at {plan.head}."
    kept = plan.counts.get("keep", 0)
    if plan.empty and not plan.conflicts:
        but = f", but for {kept} that users set" if kept else ""
        return f"No changes: {plan.site} is as {plan.topology} {plan.version} says{but}. {made}"
    verbs = ("delete", "move", "change", "create") if "move" in plan.counts else ("delete", "change", "create")
    words = ", ".join(f"{plan.counts.get(verb, 0):,} to {verb}" for verb in verbs)
    relations = plan.counts.get("unlink", 0), plan.counts.get("link", 0)
    linked = f"; relations: {relations[0]:,} to remove, {relations[1]:,} to add" if any(relations) else ""
    clash = f" {plan.conflicts} in conflict: needs --take topology or --take live." if plan.conflicts else ""
    needs = " Needs --allow-delete." if plan.deletes else ""
    return f"Plan: {words}{linked}.{clash}{_lost(plan)}{needs} {made}"


def _lost(plan: Plan) -> str:
    readings = plan.lost("readings")
    if not readings:
        return ""
    return f" {_counted(readings, 'reading')} of what is deleted go{'es' * (readings == 1)} with it."


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'s' * (number != 1)}"


def _deletions(steps: Iterable[Step]) -> Iterator[str]:
    """One line for each subtree, with what hangs on all of it; one for each relation."""
    entities = [step for step in steps if step.kind in KINDS]
    top: Step | None = None
    below: list[Step] = []
    for step in entities:
        if top is not None and step.path.startswith(f"{top.path}/"):
            below.append(step)
            continue
        if top is not None:
            yield _subtree(top, below)
        top, below = step, []
    if top is not None:
        yield _subtree(top, below)
    yield from (_line(step) for step in steps if step.kind not in KINDS)


def _subtree(top: Step, below: list[Step]) -> str:
    path = f"{top.path} and {len(below):,} below it" if below else top.path
    hangs = {what: sum(step.hangs.get(what, 0) for step in (top, *below)) for what in _WORDS}
    said = [_counted(number, _WORDS[what]) for what, number in hangs.items() if number]
    said = [f"{each} of others" if "relation" in each else each for each in said]
    return f"- {top.kind:<9} {path:<48} {', '.join(said or [top.detail])}".rstrip()


def _line(step: Step) -> str:
    changes = "; ".join(_change(step.sign, change) for change in step.fields)
    said = " ".join(part for part in (changes, step.detail) if part)
    return f"{step.sign} {step.kind:<9} {step.path:<48} {said}".rstrip()


def _change(sign: Sign, change: FieldChange) -> str:
    unit = f" {change.unit}" if change.unit else ""
    plain = change.name.endswith(_PLAIN)
    before, after = (_text(value, plain=plain) for value in (change.before, change.after))
    if sign in _FORMS:
        return _FORMS[sign].format(name=change.name, before=before, after=after, unit=unit)
    if change.before is None:
        return f"{change.name}: {after}{unit}"
    return f"{change.name} {before} -> {after}{unit}"


def _text(value: Any, *, plain: bool = False) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict) and set(value) == {""}:
        value = value[""]
    if isinstance(value, dict):
        return ", ".join(f'{name} "{text}"' for name, text in value.items()) or "(none)"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "(none)"
    return f'"{value}"' if isinstance(value, str) and not plain else str(value)
