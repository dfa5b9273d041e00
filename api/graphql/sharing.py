"""Letting others in through GraphQL: giving roles and taking them, inviting, organisations."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
    GraphQLUnionType,
)

from api import cursors, inviting, organisations, sharing
from api.graphql.context import question_of
from api.graphql.fixed import REF
from api.graphql.fixed.sharing import grant_of, invitation_of, organisation_of
from twin.errors import Conflict, InvalidValue, NotFound, TooMany
from twin.times import time_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.graphql.context import Info
    from api.questions import Question

__all__ = ["NAMES", "mutation_fields"]

NAMES = frozenset(
    {
        *("GiveRoleResult", "RoleGiven", "InviteResult", "Invited", "SharingResult", "SharingDone"),
        *("OrganisationResult", "OrganisationMade", "SharingRefused"),
    }
)
"""What the types made here are called."""

_Do = Callable[..., Awaitable[Any]]


class _Refused(msgspec.Struct, frozen=True):
    code: str
    message: str
    help: str


class _Done(msgspec.Struct, frozen=True):
    """What came of it: the fields of the answer, by name."""

    said: dict[str, Any]


def mutation_fields(fixed: Mapping[str, Any]) -> dict[str, GraphQLField]:
    """The fields of Mutation; ``fixed``: the types of `api.graphql.fixed`, by name."""
    text, ref, identity = (GraphQLNonNull(each) for each in (GraphQLString, REF, GraphQLID))
    refused = GraphQLObjectType(
        "SharingRefused",
        {name: GraphQLField(text) for name in ("code", "message", "help")},
        description="Nothing was done, and why.",
    )

    def union(name: str, good: str, **fields: Any) -> GraphQLUnionType:
        shown = {
            each: GraphQLField(GraphQLNonNull(of), resolve=lambda found, info: found.said[info.field_name])
            for each, of in fields.items()
        }
        return GraphQLUnionType(
            name,
            [GraphQLObjectType(good, shown), refused],
            resolve_type=lambda found, _info, _type: "SharingRefused" if isinstance(found, _Refused) else good,
        )

    given = union("GiveRoleResult", "RoleGiven", grant=fixed["AccessGrant"])
    invited = union("InviteResult", "Invited", invitation=fixed["Invitation"], link=GraphQLString)
    made = union("OrganisationResult", "OrganisationMade", organisation=fixed["Organisation"])
    done = union("SharingResult", "SharingDone", id=GraphQLID)
    until = {"until": GraphQLArgument(GraphQLString, description="When it ends; null: not by itself.")}
    waits = {
        "days": GraphQLArgument(GraphQLFloat, description="How long it waits for an answer; a week unless said."),
        "redirect": GraphQLArgument(
            GraphQLString, description="Where an answer leads: one of the app's redirect URIs."
        ),
    }
    return {
        "giveRole": _field(
            given,
            {"party": identity, "role": text, "on": ref},
            _give,
            "Give somebody who is known there a role.",
            until,
        ),
        "takeRole": _field(done, {"grant": identity}, _take, "Take a role back, or leave it."),
        "invite": _field(
            invited,
            {"email": text, "role": text, "on": ref},
            _invite,
            "Invite somebody by e-mail address. The twin sends no e-mail: the link is shown this once.",
            {**until, **waits},
        ),
        "transferSite": _field(
            invited, {"site": ref, "email": text}, _transfer, "Offer a site to a new owner, who accepts.", waits
        ),
        "revokeInvitation": _field(done, {"id": identity}, _revoke, "Take an invitation back."),
        "createOrganisation": _field(made, {"name": text}, _create, "Make an organisation, and be its admin."),
        "removeMember": _field(
            done, {"organisation": identity, "user": identity}, _remove, "End a membership, or leave an organisation."
        ),
        "endOrganisation": _field(done, {"organisation": identity}, _end, "End an organisation, with all its roles."),
    }


def _field(
    result: GraphQLUnionType,
    needed: Mapping[str, Any],
    act: _Do,
    words: str,
    more: Mapping[str, GraphQLArgument] | None = None,
) -> GraphQLField:
    async def resolve(_root: object, info: Info, **said: Any) -> _Done | _Refused:
        question = question_of(info)
        question.principal.require(sharing.SCOPE)
        try:
            found = await act(question, **said)
        except (InvalidValue, NotFound, Conflict, TooMany) as error:
            return _Refused(error.code_, error.message, error.help)
        info.context.wrote = True
        return _Done(found)

    arguments = {name: GraphQLArgument(of) for name, of in needed.items()} | dict(more or {})
    described = f"{words} Needs the scope twin:share."
    return GraphQLField(GraphQLNonNull(result), arguments, resolve=resolve, description=described)


async def _give(question: Question, party: str, role: str, on: str, until: str | None = None) -> dict[str, Any]:
    given = await sharing.give(question, party, role, on, _moment(until), via="graphql")
    return {"grant": grant_of(given)}


async def _take(question: Question, grant: str) -> dict[str, Any]:
    try:
        on, party, role = cursors.decode(grant, 3) or ("", "", "")
    except InvalidValue as error:
        raise NotFound("there is no such grant", code="grant.unknown") from error
    await sharing.take(question, party, role, on, via="graphql")
    return {"id": grant}


async def _invite(
    question: Question,
    email: str,
    role: str,
    on: str,
    until: str | None = None,
    days: float | None = None,
    redirect: str | None = None,
) -> dict[str, Any]:
    made = await inviting.invite(question, email, role, on, until=_moment(until), days=days, redirect=redirect or "")
    return {"invitation": invitation_of(question, made.invitation), "link": made.link}


async def _transfer(
    question: Question, site: str, email: str, days: float | None = None, redirect: str | None = None
) -> dict[str, Any]:
    made = await inviting.offer_site(question, site, email, days=days, back=redirect or "")
    return {"invitation": invitation_of(question, made.invitation), "link": made.link}


async def _revoke(question: Question, id: str) -> dict[str, Any]:  # noqa: A002 - the argument's name
    await inviting.revoke(question, id)
    return {"id": id}


async def _create(question: Question, name: str) -> dict[str, Any]:
    return {"organisation": organisation_of(await organisations.create(question, name, via="graphql"))}


async def _remove(question: Question, organisation: str, user: str) -> dict[str, Any]:
    await organisations.remove(question, organisation, user, via="graphql")
    return {"id": user}


async def _end(question: Question, organisation: str) -> dict[str, Any]:
    await organisations.end(question, organisation, via="graphql")
    return {"id": organisation}


def _moment(said: str | None) -> int | None:
    return None if said is None else time_of(said)
