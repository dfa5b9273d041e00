"""Assets in GraphQL: lists of them, declaring them, and giving them their place."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
    GraphQLUnionType,
)

from api import assets
from api.assets import Declared, Seen
from api.graphql.context import question_of
from api.graphql.fixed import REF
from api.graphql.pages import connection, paging
from twin.access.declaring import Declaration
from twin.errors import Conflict, Forbidden, InvalidValue, NotFound, TooMany

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from graphql import GraphQLInterfaceType

    from api.graphql.context import Info
    from api.questions import Question
    from api.slices import Slice
    from twin.access.declaring import State

__all__ = ["NAMES", "Stock"]

NAMES = frozenset(
    {
        *("Asset", "AssetConnection", "AssetEdge", "AssetState", "AssetInput"),
        *("AssetResult", "AssetChanged", "AssetsResult", "AssetsDeclared", "AssetRefused"),
    }
)
"""What the types made here are called."""
T = TypeVar("T")
_SERIAL = "As it is printed on the box."
_ASSET = "Serial or id of the asset."


class _Changed(msgspec.Struct, frozen=True):
    asset: Seen


class _All(msgspec.Struct, frozen=True):
    assets: list[Seen]


class _Refused(msgspec.Struct, frozen=True):
    code: str
    message: str
    help: str


class Stock:
    """The types and fields of assets, for one schema."""

    def __init__(self, fixed: Any, entity: GraphQLInterfaceType) -> None:
        """``fixed``: the types of `api.graphql.fixed`, by name; ``entity``: what a place is."""
        states = {name.upper(): GraphQLEnumValue(name) for name in ("declared", "claimed", "blocked")}
        self._state = GraphQLEnumType("AssetState", states)
        self.asset = GraphQLObjectType("Asset", self._of_asset(entity), description="A gateway or device as declared.")
        self._pages = connection(self.asset, fixed["PageInfo"])
        text = GraphQLNonNull(GraphQLString)
        self._refused = GraphQLObjectType(
            "AssetRefused",
            {name: GraphQLField(text) for name in ("code", "message", "help")},
            description="Nothing was done, and why.",
        )
        self._changed = self._union("AssetResult", "AssetChanged", "asset", GraphQLNonNull(self.asset))
        self._all = self._union("AssetsResult", "AssetsDeclared", "assets", _list(self.asset))

    def query_fields(self) -> dict[str, GraphQLField]:
        """The fields of Query."""
        fleet = GraphQLArgument(GraphQLString, description="Only those that this fleet owns, by its key.")
        return {
            "asset": GraphQLField(
                self.asset,
                {"serial": GraphQLArgument(GraphQLNonNull(GraphQLString), description=_ASSET)},
                resolve=_one,
                description="Null where there is none that the token has to do with. Needs the scope twin:write.",
            ),
            "assets": GraphQLField(
                GraphQLNonNull(self._pages),
                {"fleet": fleet, "state": GraphQLArgument(self._state), **paging()},
                resolve=_page,
                description="Those of the fleets that the token administers, and those whose place it administers. "
                "Needs the scope twin:write.",
            ),
        }

    def mutation_fields(self) -> dict[str, GraphQLField]:
        """The fields of Mutation."""
        text, ref = GraphQLNonNull(GraphQLString), {"serial": _argument(_ASSET)}
        code = {"code": GraphQLArgument(text, description="The claim code, as it is printed on the box.")}
        return {
            "declareAssets": GraphQLField(
                GraphQLNonNull(self._all),
                {"assets": GraphQLArgument(_list(self._input()), out_name="given")},
                resolve=_declare,
                description="Declare assets of fleets that the token administers, all or none; declared again, they "
                "are changed. Needs the scope twin:write.",
            ),
            "claimAsset": self._field(
                _claim,
                {"serial": _argument(_SERIAL), **code, "at": GraphQLArgument(GraphQLNonNull(REF), description=_AT)},
                "Have an asset be a gateway or device that the token administers.",
            ),
            "releaseAsset": self._field(_release, ref, "Have an asset be nothing: its client ends at once."),
            "replaceAsset": self._field(
                _replace,
                {**ref, "new": _argument("The serial of the new one."), **code},
                "Have a new box take the place of an old one, with all history and rights.",
            ),
            "blockAsset": self._field(partial(_block, blocked=True), ref, "Keep an asset out, at once."),
            "unblockAsset": self._field(partial(_block, blocked=False), ref, "Let an asset in again."),
            "removeAsset": self._field(
                _remove, ref, "Declare an asset no more; one that has a place is released first."
            ),
        }

    def _field(self, resolve: Any, arguments: dict[str, GraphQLArgument], description: str) -> GraphQLField:
        text = f"{description} Needs the scope twin:write."
        return GraphQLField(GraphQLNonNull(self._changed), arguments, resolve=resolve, description=text)

    def _union(self, name: str, good: str, field: str, type_: Any) -> GraphQLUnionType:
        done = GraphQLObjectType(good, {field: GraphQLField(type_)})
        return GraphQLUnionType(
            name,
            [done, self._refused],
            resolve_type=lambda found, _info, _type: "AssetRefused" if isinstance(found, _Refused) else good,
        )

    def _of_asset(self, entity: GraphQLInterfaceType) -> dict[str, GraphQLField]:
        text = GraphQLNonNull(GraphQLString)
        return {
            "id": GraphQLField(GraphQLNonNull(GraphQLID)),
            "serial": GraphQLField(text, description=_SERIAL),
            "state": GraphQLField(GraphQLNonNull(self._state)),
            "type": GraphQLField(text, description="What its place must be: a type, gateway or device."),
            "model": GraphQLField(GraphQLString, resolve=lambda each, _info: each.model or None),
            "vendor": GraphQLField(GraphQLString, resolve=lambda each, _info: each.vendor or None),
            "fleet": GraphQLField(
                GraphQLString, resolve=lambda each, _info: each.fleet or None, description="The fleet that owns it."
            ),
            "place": GraphQLField(entity, description="Where it is; null also where the token may not see that."),
            "claimCode": GraphQLField(
                GraphQLString,
                resolve=lambda each, _info: each.claim_code,
                description="Only where it was drawn just now: it is told once.",
            ),
        }

    def _input(self) -> GraphQLInputObjectType:
        plain = GraphQLInputField(GraphQLString)
        return GraphQLInputObjectType(
            "AssetInput",
            {
                "serial": GraphQLInputField(GraphQLNonNull(GraphQLString), description=_SERIAL),
                "type": GraphQLInputField(
                    GraphQLString, description="A type or a product of the ontology, gateway or device."
                ),
                "model": plain,
                "vendor": plain,
                "fleet": GraphQLInputField(GraphQLString, description="The fleet that owns it, by its key."),
                "claimCode": GraphQLInputField(GraphQLString, description="If it has one already; else one is drawn."),
            },
            description="An asset to be declared.",
        )


_AT = "The place, or a site or space with one free place that it can have."


def _one(_root: object, info: Info, serial: str) -> Seen | None:
    try:
        return assets.find(question_of(info), serial)
    except NotFound:
        return None


def _page(
    _root: object,
    info: Info,
    fleet: str | None = None,
    state: State | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Slice:
    return assets.page(question_of(info), fleet=fleet, state=state, first=first, after=after)


async def _declare(_root: object, info: Info, given: list[dict[str, Any]]) -> _All | _Refused:
    said = [{name: value for name, value in each.items() if value is not None} for each in given]
    wanted = [Declared(code=each.pop("claimCode", ""), said=Declaration(**each)) for each in said]

    async def declared(question: Question) -> _All:
        return _All(await assets.declare(question, wanted, via="graphql"))

    return await _answered(info, declared)


async def _claim(_root: object, info: Info, serial: str, code: str, at: str) -> _Changed | _Refused:
    return await _one_changed(info, lambda question: assets.claim(question, serial, code, at, via="graphql"))


async def _release(_root: object, info: Info, serial: str) -> _Changed | _Refused:
    return await _one_changed(info, lambda question: assets.release(question, serial, via="graphql"))


async def _replace(_root: object, info: Info, serial: str, new: str, code: str) -> _Changed | _Refused:
    return await _one_changed(info, lambda question: assets.replace(question, serial, new, code, via="graphql"))


async def _block(_root: object, info: Info, serial: str, *, blocked: bool) -> _Changed | _Refused:
    return await _one_changed(info, lambda question: assets.block(question, serial, blocked=blocked, via="graphql"))


async def _remove(_root: object, info: Info, serial: str) -> _Changed | _Refused:
    return await _one_changed(info, lambda question: assets.remove(question, serial, via="graphql"))


async def _one_changed(info: Info, act: Callable[[Question], Awaitable[Seen]]) -> _Changed | _Refused:
    async def changed(question: Question) -> _Changed:
        return _Changed(await act(question))

    return await _answered(info, changed)


async def _answered(info: Info, act: Callable[[Question], Awaitable[T]]) -> T | _Refused:
    question = question_of(info)
    question.principal.require(assets.SCOPE)
    try:
        found = await act(question)
    except (InvalidValue, NotFound, Conflict, Forbidden, TooMany) as error:
        return _Refused(error.code_, error.message, error.help)
    info.context.wrote = True
    return found


def _argument(description: str) -> GraphQLArgument:
    return GraphQLArgument(GraphQLNonNull(GraphQLString), description=description)


def _list(of: Any) -> Any:
    return GraphQLNonNull(GraphQLList(GraphQLNonNull(of)))
