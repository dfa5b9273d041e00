"""Plans and jobs through the web: one set of functions for GraphQL and REST.

A client bound to sites plans for those alone; any other key is nothing, whether or not a site has it. What is private
is left out of what a plan says to those who may not read it. Sequences are not told: they count what others do.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import structs

from api import cursors
from api.editing import checked_key
from api.noting import actor
from api.slices import Slice, page_size
from twin.engine.authoring import Asked
from twin.errors import Conflict, InvalidValue, NotFound
from twin.source import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.questions import Question
    from twin.engine.keeping import Job, Kept
    from twin.ontology.model import Permission
    from twin.topology.plan import FieldChange, Step

__all__ = ["SCOPE", "Wish", "apply", "job", "notes", "plan", "plan_of", "sheets", "site_allowed", "steps", "summary"]

SCOPE = "twin:write"
_NEEDED: tuple[Permission, ...] = ("read", "administer")
_FILE = "topology.yaml"
_LONGEST_NAME = 200
_DIGITS = 9
_WORD = re.compile(r"[a-z][a-z0-9_]*")


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A plan as an app asks for it: from a document, or from a topology that it has kept."""

    site: str
    document: str | None = None
    file: str | None = None
    topology: str | None = None
    parameters: dict[str, Any] = {}
    tables: dict[str, str] = {}
    """CSV, by the name of the parameter."""
    ontologies: dict[str, str] = {}
    """YAML, by the name of the ontology."""
    take: Literal["topology", "live"] | None = None


async def plan(question: Question, wish: Wish) -> Kept:
    """Make a plan and keep it for the client.

    Raises what `twin.engine.authoring.Authoring.plan` raises, and `NotFound` for a site or a topology that is none.
    """
    principal = question.principal
    principal.require(SCOPE)
    site_allowed(question, wish.site)
    asked = Asked(
        topology=await _source(question, wish),
        site=wish.site,
        parameters=wish.parameters,
        tables=sheets(wish.tables, "csv"),
        ontologies=sheets(wish.ontologies, "yaml"),
        take=wish.take,
    )
    private = _reads_all(question, wish.site)
    return await question.engine.authoring.plan(
        principal.owner,
        asked,
        install=question.sites is None,
        private=private,
        discreet=not private and _keeps_private(question),
        reveal=private or not _private_names(question),
    )


def _reads_all(question: Question, key: str) -> bool:
    """Whether what is private in a site may be read, wherever it is; of one that there is not, the scope says."""
    site = question.find(key)
    return question.rights.private and (site is None or question.rights.may("read-private", site, wholly=True))


def _keeps_private(question: Question) -> bool:
    """Whether a topology may give anything a value that is private."""
    types = question.vocabulary.ontology.types.values()
    points = (each for found in types for each in found.points.values() if each.section == "configuration")
    return any(each.private for each in points) or any(
        each.private for found in types for each in found.properties.values()
    )


async def _source(question: Question, wish: Wish) -> Source:
    name = wish.topology
    if wish.document is not None and name is None:
        return Source(named(wish.file or _FILE), wish.document)
    if wish.document is not None or name is None:
        raise InvalidValue(
            "a plan is made from a document or from a topology that was kept", help="send one of the two, not both"
        )
    kept = await question.engine.in_pool(lambda: question.engine.topologies.get(question.principal.owner, name))
    return kept.source


def plan_of(question: Question, plan: str) -> Kept:
    """A plan of this client's; `NotFound` otherwise."""
    question.principal.require(SCOPE)
    kept = question.engine.authoring.kept(question.principal.owner, plan)
    site_allowed(question, kept.made.site)
    return kept


def apply(question: Question, plan: str, *, via: str, allow_delete: bool, idempotency_key: str | None) -> Job:
    """Begin to carry out a plan. Raises what `twin.engine.authoring.Authoring.apply` raises, and `NotFound`."""
    kept = plan_of(question, plan)
    if kept.made.documents and question.sites is not None:
        raise Conflict("the plan is stale", code="plan.stale", help="make the plan again")
    by = actor(question.principal, via)
    key = None if idempotency_key is None else checked_key(idempotency_key)
    return question.engine.authoring.apply(kept, by, allow_delete=allow_delete, key=key)


def job(question: Question, job: str) -> Job:
    """A job of this client's; `NotFound` otherwise."""
    question.principal.require(SCOPE)
    return question.engine.authoring.job(question.principal.owner, job)


def site_allowed(question: Question, key: str) -> None:
    """Whether the client may plan for a site: any, for one that may touch all; else one on the whole of which it may
    read and administer.
    """
    if question.sites is None:
        return
    found = question.find(key)
    if found is None or found.kind != "site" or found.path != key:
        raise NotFound(
            "there is no such site", code="site.unknown", help="a client bound to sites plans for these only"
        )
    for permission in _NEEDED:
        question.rights.require(permission, found, wholly=True)


def steps(question: Question, kept: Kept, first: int | None, after: str | None) -> Slice:
    """A page of a plan's lines, as far as may be seen."""
    found, size = kept.made.steps, page_size(first)
    start = _line_after(after)
    shown = found[start : start + size]
    if not _reads_all(question, kept.made.site):
        hidden = _private_names(question)
        shown = tuple(_shown(each, hidden) for each in shown)
    items = [(cursors.encode(str(start + index)), each) for index, each in enumerate(shown)]
    return Slice(list[tuple[str, object]](items), start + size < len(found), after is not None, lambda: len(found))


def _line_after(cursor: str | None) -> int:
    position = cursors.decode(cursor)
    if position is None:
        return 0
    if not position[0].isdecimal() or len(position[0]) > _DIGITS:
        raise InvalidValue("the cursor is not one of ours", code="cursor.invalid")
    return int(position[0]) + 1


def notes(question: Question, kept: Kept) -> list[str]:
    """What the plan was made from that nobody said this time; it may name what is private."""
    return list(kept.made.notes) if _reads_all(question, kept.made.site) else []


def summary(kept: Kept) -> str:
    """A plan's last line, without the sequence that it was made at."""
    return kept.made.summary.removesuffix(f" Made at {kept.made.head}.")


def sheets(texts: Mapping[str, str], suffix: str) -> dict[str, Source]:
    """Documents by name; in diagnostics they go by it."""
    return {name: Source(named(f"{name}.{suffix}"), text) for name, text in texts.items()}


def named(file: str) -> str:
    """The name that a document goes by in diagnostics: nothing is ever read by it."""
    if not 1 <= len(file) <= _LONGEST_NAME or not file.isprintable():
        raise InvalidValue("that is no name for a document", help=f"use 1 to {_LONGEST_NAME} printable characters")
    return file


def _private_names(question: Question) -> frozenset[str]:
    """What is private in any type: a plan's lines name fields, and not whose type."""
    types = question.vocabulary.ontology.types.values()
    points = frozenset(each.name for found in types for each in found.points.values() if each.private)
    return points | {each.name for found in types for each in found.properties.values() if each.private}


def _shown(step: Step, hidden: frozenset[str]) -> Step:
    """A line without the values of private fields."""

    def hides(change: FieldChange) -> bool:
        return step.kind == "made" or not hidden.isdisjoint(_WORD.findall(change.name))

    if not any(map(hides, step.fields)):
        return step
    fields = tuple(structs.replace(each, before=None, after=None) if hides(each) else each for each in step.fields)
    return structs.replace(step, fields=fields)
