"""Plans and jobs in GraphQL: what a topology would do to a site, and doing just that."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec
from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
    GraphQLUnionType,
)

from api import planning
from api.graphql.context import question_of
from api.graphql.pages import connection, paging
from api.problems import told, told_diagnostics
from twin.engine.keeping import Job, Kept
from twin.errors import AuthoringError, Conflict, Forbidden, InvalidValue, NotFound, TooMany

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from api.graphql.context import Info
    from api.slices import Slice
    from twin.errors import Diagnostic, TwinError

__all__ = ["NAMES", "Authored"]

NAMES = frozenset(
    {
        *("Plan", "PlanStepConnection", "PlanStepEdge", "PlanInput", "PlanResult", "PlanMade", "PlanRefused"),
        *("Job", "ApplyResult", "ApplyBegun", "ApplyRefused", "DocumentInput", "Take"),
    }
)
"""What the types made here are called."""

_WAIT_SECONDS = 2.0
"""How long a small job is waited for, so that its result can be told at once."""


class _Made(msgspec.Struct, frozen=True):
    plan: Kept


class _Begun(msgspec.Struct, frozen=True):
    job: Job


class _Refused(msgspec.Struct, frozen=True):
    code: str
    message: str
    help: str
    diagnostics: list[SimpleNamespace]


class Authored:
    """The types of plans and jobs, for one schema."""

    def __init__(self, fixed: Any) -> None:
        """``fixed``: the types of `api.graphql.fixed`, by name."""
        self._fixed = fixed
        self._steps = connection(self._fixed["PlanStep"], self._fixed["PageInfo"])
        self.plan = GraphQLObjectType("Plan", self._of_plan(), description="What applying a topology would do.")
        self.job = GraphQLObjectType("Job", self._of_job(), description="A plan that is being carried out.")

    def query_fields(self) -> dict[str, GraphQLField]:
        """The fields of Query."""
        by_id = {"id": GraphQLArgument(GraphQLNonNull(GraphQLID))}
        return {
            "plan": GraphQLField(
                self.plan,
                by_id,
                resolve=_plan_by_id,
                description="A plan of this client's; null when there is none. Kept for an hour. Needs twin:write.",
            ),
            "job": GraphQLField(
                self.job,
                by_id,
                resolve=_job_by_id,
                description="A job of this client's; null when there is none. Kept for a day. Needs twin:write.",
            ),
        }

    def mutation_fields(self) -> dict[str, GraphQLField]:
        """The fields of Mutation."""
        return {
            "planTopology": GraphQLField(
                GraphQLNonNull(self._result("Plan", "Made", {"plan": GraphQLField(GraphQLNonNull(self.plan))})),
                {"input": GraphQLArgument(GraphQLNonNull(self._input()), out_name="given")},
                resolve=_plan_topology,
                description="Work out what applying a topology to a site would do. Needs the scope twin:write.",
            ),
            "applyPlan": GraphQLField(
                GraphQLNonNull(self._result("Apply", "Begun", {"job": GraphQLField(GraphQLNonNull(self.job))})),
                {
                    "plan": GraphQLArgument(GraphQLNonNull(GraphQLID)),
                    "allowDelete": GraphQLArgument(
                        GraphQLNonNull(GraphQLBoolean), default_value=False, out_name="allow_delete"
                    ),
                    "idempotencyKey": GraphQLArgument(
                        GraphQLString, out_name="key", description="Sent again with the same key, it is done once."
                    ),
                },
                resolve=_apply_plan,
                description="Carry out just that plan, as a job. Needs the scope twin:write.",
            ),
        }

    def _result(self, name: str, good: str, fields: dict[str, GraphQLField]) -> GraphQLUnionType:
        text = GraphQLNonNull(GraphQLString)
        refused = {each: GraphQLField(text) for each in ("code", "message", "help")}
        refused["diagnostics"] = GraphQLField(
            _list(self._fixed["Diagnostic"]), description="Every mistake in the documents, the worst first."
        )
        return GraphQLUnionType(
            f"{name}Result",
            [
                GraphQLObjectType(f"{name}{good}", fields),
                GraphQLObjectType(f"{name}Refused", refused, description="Nothing was done, and why."),
            ],
            resolve_type=lambda found, _info, _type: f"{name}{'Refused' if isinstance(found, _Refused) else good}",
        )

    def _input(self) -> GraphQLInputObjectType:
        text = GraphQLNonNull(GraphQLString)
        named = GraphQLInputObjectType(
            "DocumentInput",
            {"name": GraphQLInputField(text), "document": GraphQLInputField(text, description="CSV or YAML.")},
            description="A document, and the name that it is asked for by.",
        )
        take = GraphQLEnumType("Take", {"TOPOLOGY": GraphQLEnumValue("topology"), "LIVE": GraphQLEnumValue("live")})
        documents = GraphQLList(GraphQLNonNull(named))
        return GraphQLInputObjectType(
            "PlanInput",
            {
                "site": GraphQLInputField(text, description="The key of the site, there already or not."),
                "document": GraphQLInputField(GraphQLString, description="The topology in YAML; or name a kept one."),
                "file": GraphQLInputField(GraphQLString, description="What it is called in diagnostics."),
                "topology": GraphQLInputField(
                    GraphQLString, description="The name of a topology that this client has kept."
                ),
                "parameters": GraphQLInputField(self._fixed["JSON"], description="Values by name."),
                "tables": GraphQLInputField(documents, description="CSV, by the name of the parameter."),
                "ontologies": GraphQLInputField(
                    documents, description="Looked at before those in force, and before the shipped."
                ),
                "take": GraphQLInputField(
                    take, description="Whose value a field gets that users and the topology have both changed."
                ),
            },
        )

    def _of_plan(self) -> dict[str, GraphQLField]:
        text, time = GraphQLNonNull(GraphQLString), GraphQLNonNull(self._fixed["DateTime"])
        return {
            "id": GraphQLField(GraphQLNonNull(GraphQLID)),
            **{
                name: GraphQLField(text, resolve=lambda kept, info: getattr(kept.made, info.field_name))
                for name in ("topology", "version", "site")
            },
            "empty": GraphQLField(GraphQLNonNull(GraphQLBoolean), resolve=lambda kept, _info: kept.made.empty),
            "summary": GraphQLField(text, resolve=lambda kept, _info: planning.summary(kept)),
            "counts": GraphQLField(GraphQLNonNull(self._fixed["JSON"]), resolve=lambda kept, _info: kept.made.counts),
            "notes": GraphQLField(
                _list(GraphQLString),
                resolve=lambda kept, info: planning.notes(question_of(info), kept),
                description="What it was made from that nobody said this time.",
            ),
            "ontologies": GraphQLField(
                _list(self._fixed["OntologyVersion"]),
                resolve=lambda kept, _info: kept.made.documents,
                description="Those it would bring into force.",
            ),
            "warnings": GraphQLField(
                _list(self._fixed["Diagnostic"]), resolve=lambda kept, _info: _told(kept.warnings)
            ),
            "steps": GraphQLField(
                GraphQLNonNull(self._steps),
                paging(),
                resolve=_steps,
                description="Line by line: deletions first.",
            ),
            "expiresAt": GraphQLField(time, resolve=lambda kept, _info: kept.expires),
        }

    def _of_job(self) -> dict[str, GraphQLField]:
        count, time = GraphQLNonNull(GraphQLInt), self._fixed["DateTime"]
        return {
            "id": GraphQLField(GraphQLNonNull(GraphQLID)),
            "plan": GraphQLField(GraphQLNonNull(GraphQLID)),
            "site": GraphQLField(GraphQLNonNull(GraphQLString), description="The site's key."),
            "state": GraphQLField(GraphQLNonNull(self._fixed["JobState"])),
            "done": GraphQLField(count, description="Changes committed."),
            "total": GraphQLField(count),
            "error": GraphQLField(self._fixed["Fault"], resolve=_fault),
            "beganAt": GraphQLField(GraphQLNonNull(time), resolve=lambda job, _info: job.begun),
            "finishedAt": GraphQLField(time, resolve=lambda job, _info: job.finished),
        }


async def _plan_topology(_root: object, info: Info, given: dict[str, Any]) -> _Made | _Refused:
    question = question_of(info)
    question.principal.require(planning.SCOPE)
    try:
        return _Made(await planning.plan(question, _wish(given)))
    except (AuthoringError, InvalidValue, NotFound, Conflict, TooMany, Forbidden) as error:
        return _refused(error)


def _wish(given: Mapping[str, Any]) -> planning.Wish:
    said = {name: value for name, value in given.items() if value is not None}
    for name in ("tables", "ontologies"):
        said[name] = {each["name"]: each["document"] for each in said.get(name, ())}
    if not isinstance(said.get("parameters", {}), dict):
        raise InvalidValue("parameters are values by name", help='{ "floors": 8 }')
    return planning.Wish(**said)


async def _apply_plan(
    _root: object, info: Info, plan: str, *, allow_delete: bool, key: str | None = None
) -> _Begun | _Refused:
    question = question_of(info)
    question.principal.require(planning.SCOPE)
    try:
        job = planning.apply(question, plan, via="graphql", allow_delete=allow_delete, idempotency_key=key)
    except (InvalidValue, NotFound, Conflict) as error:
        return _refused(error)
    if job.task is not None:
        await asyncio.wait({job.task}, timeout=_WAIT_SECONDS)
    info.context.wrote = True
    return _Begun(job)


def _plan_by_id(_root: object, info: Info, id: str) -> Kept | None:  # noqa: A002 - the argument's name
    try:
        return planning.plan_of(question_of(info), id)
    except NotFound:
        return None


def _job_by_id(_root: object, info: Info, id: str) -> Job | None:  # noqa: A002 - the argument's name
    try:
        found = planning.job(question_of(info), id)
    except NotFound:
        return None
    info.context.wrote = True
    return found


def _steps(kept: Kept, info: Info, first: int | None = None, after: str | None = None) -> Slice:
    return planning.steps(question_of(info), kept, first, after)


def _fault(job: Job, _info: Info) -> SimpleNamespace | None:
    error = None if job.error is None else told(job.error)
    return None if error is None else SimpleNamespace(code=error.code_, message=error.message, help=error.help)


def _refused(error: TwinError) -> _Refused:
    diagnostics = error.diagnostics if isinstance(error, AuthoringError) else ()
    return _Refused(error.code_, error.message, error.help, _told(diagnostics))


def _told(diagnostics: Sequence[Diagnostic]) -> list[SimpleNamespace]:
    """Diagnostics as they are told everywhere, for resolvers that look at attributes."""
    said = told_diagnostics(diagnostics)
    return [
        SimpleNamespace(**{**each, "related": [SimpleNamespace(**place) for place in each["related"]]}) for each in said
    ]


def _list(of: Any) -> Any:
    return GraphQLNonNull(GraphQLList(GraphQLNonNull(of)))
