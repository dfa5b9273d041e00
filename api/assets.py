"""Assets through the web: one set of functions for GraphQL and REST.

Who administers the fleet that owns an asset declares it and keeps it out; who shows its claim code gives it a place
that they administer. To anybody else there is no such asset: they are answered the same whether it was never declared,
is somebody's, or is kept out, and may guess no more often than a serial and a caller have tries.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from api import cursors
from api.noting import actor
from api.slices import Slice, page_size
from twin.access import declaring
from twin.access.assets import ClaimCode, checked_code
from twin.access.audit import Deed, address
from twin.access.declaring import BLOCKED, FITS, STATE, Declaration, State
from twin.access.grants import grants_of
from twin.access.visibility import insufficient
from twin.errors import Conflict, Forbidden, InvalidValue, NotFound, TwinError
from twin.graph.model import MANAGES, ChangeSet, Entity
from twin.graph.visibility import shows
from twin.ids import mint
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from api.questions import Question
    from twin.graph.model import Entry

__all__ = [
    "MOST",
    "SCOPE",
    "Declared",
    "Seen",
    "block",
    "claim",
    "declare",
    "find",
    "page",
    "release",
    "remove",
    "replace",
]

SCOPE = "twin:write"
MOST = 1000
"""Assets that are declared at once."""
_KINDS = ("gateway", "device")
_NAMED = 10
_LONGEST = 200
"""Characters of a serial that count where tries are counted."""


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """An asset as it is declared, with the claim code that is printed on it, if it has one already."""

    said: Declaration
    code: str = ""

    def __repr__(self) -> str:
        return f"Declared({self.said!r})"


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """An asset as far as whoever asks may know it."""

    id: str
    serial: str
    state: State
    type: str
    """What its place must be: the short name of a type, ``gateway`` or ``device``."""
    model: str
    vendor: str
    fleet: str
    """The key of the fleet that owns it; empty: none does."""
    place: Entity | None
    """Where it is, if that may be seen."""
    claim_code: str | None = None
    """As it was drawn: once, and never again."""

    def __repr__(self) -> str:
        return f"Seen({self.serial!r}, {self.state!r})"


def page(question: Question, *, fleet: str | None, state: State | None, first: int | None, after: str | None) -> Slice:
    """A page of the assets that whoever asks owns, or administers the place of; in the order of their paths."""
    question.principal.require(SCOPE)
    mirror, size, position = question.engine.mirror, page_size(first), cursors.decode(after)
    found = sorted((mirror.entities[each] for each in _visible(question)), key=lambda each: each.path)
    if state is not None:
        found = [each for each in found if declaring.state_of(mirror, each) == state]
    if fleet is not None:
        found = [each for each in found if _owner(question, each) == fleet]
    rest = found if position is None else [each for each in found if each.path > position[0]]
    items: list[tuple[str, object]] = [(cursors.encode(each.path), _seen(question, each)) for each in rest[:size]]
    return Slice(items, len(rest) > size, position is not None, lambda: len(found))


def find(question: Question, ref: str) -> Seen:
    """An asset by its serial or its id; `NotFound` where there is none that whoever asks has to do with."""
    question.principal.require(SCOPE)
    return _seen(question, _asset(question, ref))


async def declare(question: Question, wanted: Sequence[Declared], *, via: str) -> list[Seen]:
    """Declare assets, or say other things of them; all or none. A code is drawn where there is none, and told once.

    Raises:
        NotFound: there is no such fleet that they administer.
        InvalidValue, Conflict: what `twin.access.declaring.declare` raises; or the same is declared twice.
    """
    question.principal.require(SCOPE)
    engine = question.engine
    if len(wanted) > MOST:
        raise InvalidValue(f"at most {MOST} assets are declared at once", code="limit.exceeded", help="send some less")
    _check_owned(question, wanted)
    entries = [each for one in wanted for each in declaring.declare(engine.mirror, engine.ontology, one.said)]
    await _commit(question, entries, f"declare {len(wanted)} assets", via)
    assets = [_declared(question, one.said) for one in wanted]
    codes = [ClaimCode(asset.id, asset.key, one.code) for one, asset in zip(wanted, assets, strict=True)]
    drawn = await engine.in_pool(partial(engine.authority.assets.complete, codes))
    told = {each.asset: each.code for each in drawn}
    return [msgspec.structs.replace(_seen(question, each), claim_code=told.get(each.id)) for each in assets]


async def claim(question: Question, serial: str, code: str, at: str, *, via: str) -> Seen:
    """Have an asset be a gateway or device that they administer: ``at``, or the only one below it that it can be.

    Raises:
        Forbidden: the code is not the serial's, or the asset may not be claimed: it is not said which.
        TooMany: they try too often.
        Conflict, InvalidValue: what `twin.access.declaring.claim` raises.
    """
    question.principal.require(SCOPE)
    target = question.entity(at)
    question.rights.require("administer", target)
    asset = await _proved(question, serial, code, "asset.claim")
    mirror, ontology = question.engine.mirror, question.engine.ontology
    place = target if target.kind in _KINDS else _only(question, asset, target)
    await _commit(
        question, declaring.claim(mirror, ontology, asset, place), f"claim {serial} as {place.path}", via, place
    )
    return _seen(question, asset)


async def release(question: Question, ref: str, *, via: str) -> Seen:
    """Have an asset be nothing: its client ends, and whoever has its claim code may claim it."""
    question.principal.require(SCOPE)
    asset = _asset(question, ref)
    place = declaring.place_of(question.engine.mirror, asset)
    entries = declaring.release(question.engine.mirror, asset)
    await _commit(question, entries, f"release {asset.key}", via, place)
    return _seen(question, _now(question, asset))


async def replace(question: Question, ref: str, serial: str, code: str, *, via: str) -> Seen:
    """Have a new asset, by its serial and claim code, be what an old one was. The old one's client ends at once.

    Raises what `claim` raises, and `Conflict` where the old one has no place.
    """
    question.principal.require(SCOPE)
    old = _asset(question, ref)
    mirror = question.engine.mirror
    place = declaring.place_of(mirror, old)
    if place is not None:
        question.rights.require("administer", question.entity(place.id))
    new = await _proved(question, serial, code, "asset.replace")
    entries = declaring.replace(mirror, question.engine.ontology, old, new)
    await _commit(question, entries, f"replace {old.key} by {serial}", via, place)
    return _seen(question, _now(question, new))


async def block(question: Question, ref: str, *, blocked: bool, via: str) -> Seen:
    """Keep an asset out, its connections cut at once, or let it in again: for who administers its fleet."""
    asset, mirror = _owned(question, ref, "asset.block"), question.engine.mirror
    said = f"{'block' if blocked else 'unblock'} {asset.key}"
    await _commit(question, declaring.block(asset, blocked=blocked), said, via, declaring.place_of(mirror, asset))
    return _seen(question, _now(question, asset))


async def remove(question: Question, ref: str, *, via: str) -> Seen:
    """Declare an asset no more, and forget its claim code: for who administers its fleet.

    Raises:
        Conflict: it has a place; release it first.
    """
    asset, engine = _owned(question, ref, "asset.remove"), question.engine
    entries, seen = declaring.remove(engine.mirror, asset), _seen(question, asset)
    await _commit(question, entries, f"remove {asset.key}", via)
    await engine.in_pool(partial(engine.authority.assets.forget, [asset.id]))
    return seen


# Who has to do with what


def _fleets(question: Question) -> frozenset[str] | None:
    """The ids of the fleets that they administer; None: all, and what no fleet owns. An app that a user lets touch some
    sites only has no say over a fleet that manages others.
    """
    principal, engine = question.principal, question.engine
    if question.sites is None:
        return None
    mirror, at, found = engine.mirror, now(), set[str]()
    for grant in grants_of(mirror, principal.subject, principal.parties):
        role = engine.ontology.roles.get(grant.held.role)
        lasts = grant.held.until is None or grant.held.until > at
        if mirror.entities[grant.entity].kind == "fleet" and lasts and role is not None and "administer" in role.may:
            sites = {mirror.entities[each.entity].site for each in grant.holdings} - {""}
            if principal.own or principal.sites is None or sites <= principal.sites:
                found.add(grant.entity)
    return frozenset(found)


def _visible(question: Question) -> Iterator[str]:
    mirror, fleets = question.engine.mirror, _fleets(question)
    if fleets is None:
        yield from mirror.declared
        return
    owned = {target for fleet in fleets for target, types in mirror.leaving(fleet).items() if MANAGES in types}
    yield from (each for each in owned if mirror.entities[each].kind == "asset")
    yield from (asset for asset, place in mirror.declared.places() if asset not in owned and _has(question, place))


def _has(question: Question, place: str) -> bool:
    """Whether they administer a place, by its id."""
    entity = question.engine.mirror.entities[place]
    return shows(question.engine.mirror, entity, question.sites) and question.rights.may("administer", entity)


def _owns(question: Question, asset: Entity) -> bool:
    fleets, owner = _fleets(question), declaring.owner_of(question.engine.mirror, asset)
    return fleets is None or (owner is not None and owner.id in fleets)


def _owned(question: Question, ref: str, action: str) -> Entity:
    """An asset whose fleet they administer. Whose place they administer only is told that, and the audit keeps it."""
    question.principal.require(SCOPE)
    asset = _asset(question, ref)
    if not _owns(question, asset):
        error = insufficient("administer", declaring.owner_of(question.engine.mirror, asset) or asset)
        _note(question, action, error)
        raise error
    return asset


def _asset(question: Question, ref: str) -> Entity:
    mirror = question.engine.mirror
    named = [mirror.entities[each] for each in mirror.declared.of_serial(ref)]
    by_id = mirror.get(ref)
    if by_id is not None and by_id.kind == "asset":
        named.append(by_id)
    place_of = mirror.declared.place_of
    found = [
        each
        for each in named
        if _owns(question, each) or ((place := place_of(each.id)) is not None and _has(question, place))
    ]
    if not found:
        raise NotFound(
            "there is no such asset",
            code="asset.unknown",
            help="GET /api/v1/assets lists those of your fleets and of the sites that you administer",
        )
    if len(found) > 1:
        raise Conflict(
            f"several owners have declared the serial {ref}",
            code="asset.ambiguous",
            help=f"name the asset by its id: {', '.join(each.id for each in found)}",
        )
    return found[0]


async def _proved(question: Question, serial: str, code: str, action: str) -> Entity:
    """The asset whose claim code that is, and that may be claimed by who shows it."""
    engine = question.engine
    try:
        engine.authority.guess_claim(serial[:_LONGEST], f"claim {question.principal.subject}")
        found = await engine.in_pool(partial(engine.authority.assets.proves, serial, code))
        asset = None if found is None else engine.mirror.get(found)
        if asset is None or asset.properties.get(STATE) == BLOCKED:
            raise Forbidden(
                "this serial cannot be claimed with this code",
                code="claim.refused",
                help="type both as they are printed on the box; if they are right, ask whoever delivered it",
            )
    except TwinError as error:
        _note(question, action, error)
        raise
    engine.authority.proved_claim(serial)
    return asset


def _note(question: Question, action: str, error: TwinError) -> None:
    """Have the audit keep that somebody was refused; a serial that was typed may be a code in the wrong field."""
    principal = question.principal
    deed = Deed(
        at=now(),
        action=action,
        result=error.code_,
        user=principal.subject,
        client=principal.client,
        token=principal.token,
        address=address(),
    )
    question.engine.auditing.soon(deed)


def _only(question: Question, asset: Entity, below: Entity) -> Entity:
    """The one place below an entity that an asset can have."""
    mirror, ontology = question.engine.mirror, question.engine.ontology
    there = [each for each in mirror.subtree(below.id) if mirror.entities[each].kind in _KINDS and _has(question, each)]
    current = mirror.declared.place_of(asset.id)
    if current in there:
        return mirror.entities[current]
    free = list(declaring.places(mirror, ontology, asset, there))
    if len(free) == 1 or (free and free[0].serial == asset.key):
        return free[0]
    paths = ", ".join(each.path for each in free[:_NAMED])
    raise InvalidValue(
        f"there is more than one free place below {below.path}" if free else f"there is no free place in {below.path}",
        code="place.unclear",
        help=f"name one of: {paths}" if free else "make one for it by the topology, or release the box that has it",
    )


# Doing it


def _check_owned(question: Question, wanted: Sequence[Declared]) -> None:
    mirror, fleets, known = question.engine.mirror, _fleets(question), set[tuple[str, str]]()
    for one in wanted:
        said = one.said
        if fleets is not None and not said.fleet:
            raise InvalidValue(
                f"{said.serial}: it is not said which fleet owns it",
                code="asset.fleet",
                help="name a fleet that you administer",
            )
        owner = mirror.by_path(f"fleet:{said.fleet}") if said.fleet else None
        if said.fleet and fleets is not None and (owner is None or owner.id not in fleets):
            raise NotFound(f"there is no fleet:{said.fleet}", code="fleet.unknown", help="twin fleet list shows them")
        if (said.fleet, said.serial) in known:
            raise InvalidValue(f"{said.serial} is declared twice", code="asset.twice", help="take one of the two away")
        known.add((said.fleet, said.serial))
        checked_code(one.code)


def _declared(question: Question, said: Declaration) -> Entity:
    found = declaring.asset_in(question.engine.mirror, said.serial, said.fleet)
    if found is None:
        raise Conflict(f"{said.serial} was removed meanwhile", code="asset.unknown", help="declare it again")
    return found


async def _commit(
    question: Question, entries: Sequence[Entry], summary: str, via: str, place: Entity | None = None
) -> None:
    if entries:
        site = None if place is None else place.site
        made = ChangeSet(
            op_id=mint(),
            actor=actor(question.principal, via),
            at=now(),
            entries=tuple(entries),
            summary=summary,
            site=site,
        )
        await question.engine.commit(made)


def _owner(question: Question, asset: Entity) -> str:
    """The key of the fleet that owns an asset."""
    owner = declaring.owner_of(question.engine.mirror, asset)
    return "" if owner is None else owner.key


def _now(question: Question, asset: Entity) -> Entity:
    return question.engine.mirror.entities.get(asset.id, asset)


def _seen(question: Question, asset: Entity) -> Seen:
    mirror, said = question.engine.mirror, asset.properties
    place = declaring.place_of(mirror, asset)
    return Seen(
        id=asset.id,
        serial=asset.key,
        state=declaring.state_of(mirror, asset),
        type=str(said.get(FITS, "")).rpartition("/")[2],
        model=str(said.get("model", "")),
        vendor=str(said.get("vendor", "")),
        fleet=_owner(question, asset),
        place=place if place is not None and shows(mirror, place, question.sites) else None,
    )
