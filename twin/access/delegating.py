"""Whether somebody may give a role to others, or take it back: only what they have themselves, where they may share.

Who gives a role needs ``share`` on the thing, and every permission of the role, wherever the role reaches from there
now and later: so the role that they have it by is had on the thing, or on what contains it, and no door stops it that
does not stop what they give. It is told by types and by the line of what contains the thing, so nothing that is hidden
from them can be learned by trying. Nobody gives for longer than they have.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import msgspec

from twin.access.grants import grants_of
from twin.access.reach import closed_to, may_have
from twin.access.visibility import insufficient
from twin.errors import Forbidden
from twin.ontology.model import PERMISSIONS, Permission
from twin.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twin.access.grants import Grant
    from twin.access.principals import Principal
    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity, Held
    from twin.ontology.model import Ontology, RoleType

__all__ = ["Giver", "giver_of", "may_give", "may_share", "may_take"]


class Giver(msgspec.Struct, frozen=True):
    """Who gives: the roles of a user or a client count, as far as what they act through lets them."""

    id: str
    parties: tuple[str, ...] = ()
    """Organisations that they belong to by their token."""
    sites: frozenset[str] | None = None
    """Only in these sites their roles count; None: in all, and on fleets."""
    whole: frozenset[str] | None = frozenset()
    """Sites (None: all) on which they have every permission, whatever their roles: those of a client's own."""
    permissions: frozenset[Permission] = frozenset(PERMISSIONS)
    """Those that count at all."""

    def owns(self, target: Entity) -> bool:
        """Whether everything is theirs to give there, as a client that was registered for the site."""
        return self.whole is None or (bool(target.site) and target.site in self.whole)


def giver_of(principal: Principal) -> Giver:
    """Who gives, by their token: no more than its scopes allow, in no other sites."""
    own = principal.own
    return Giver(
        principal.subject,
        principal.parties,
        None if own else principal.sites,
        principal.sites if own else frozenset(),
        frozenset(each for each in PERMISSIONS if principal.counts(each)),
    )


def may_share(mirror: Mirror, ontology: Ontology, giver: Giver, target: Entity, now: int) -> bool:
    """Whether they may let others in there at all, and see who was."""
    if "share" not in giver.permissions:
        return False
    return giver.owns(target) or any(_lending(mirror, ontology, giver, "share", None, target, now))


def may_give(
    mirror: Mirror, ontology: Ontology, giver: Giver, role: RoleType, target: Entity, until: int | None, now: int
) -> None:
    """Return if they may give that role there until then.

    Raises:
        Forbidden: they may not share there (``role.insufficient``), have less than the role there (``grant.beyond``),
            or have it for less time (``grant.longer``).
    """
    if not may_share(mirror, ontology, giver, target, now):
        raise insufficient("share", target)
    end = _lent_until(mirror, ontology, giver, role, target, now)
    if end is None:
        raise Forbidden(
            f"you may give no more than you have yourself, and {role.short} of {target.path} is more",
            code="grant.beyond",
            help="give a role that allows less, or ask somebody who may do all that it allows",
        )
    if end < (inf if until is None else until):
        raise Forbidden(
            f"you have this yourself until {rfc3339(round(end))} only",
            code="grant.longer",
            help="name a time by which it ends that is no later",
        )


def may_take(mirror: Mirror, ontology: Ontology, giver: Giver, held: Held, target: Entity, now: int) -> None:
    """Return if they may take a role back there: what they could give as it is, and what counts no more.

    Raises what `may_give` raises.
    """
    role = ontology.of(target.site).roles.get(held.role)
    if role is None or (held.until is not None and held.until <= now):
        if not may_share(mirror, ontology, giver, target, now):
            raise insufficient("share", target)
        return
    may_give(mirror, ontology, giver, role, target, held.until, now)


def _lent_until(
    mirror: Mirror, ontology: Ontology, giver: Giver, role: RoleType, target: Entity, now: int
) -> float | None:
    """Until when they have all that a role allows there, and may share; None: they do not."""
    if not (role.may | {"share"}) <= giver.permissions:
        return None
    if giver.owns(target):
        return inf
    ends = [max(_lending(mirror, ontology, giver, "share", None, target, now), default=None)]
    ends += [max(_lending(mirror, ontology, giver, each, role, target, now), default=None) for each in role.may]
    return None if None in ends else min(end for end in ends if end is not None)


def _lending(
    mirror: Mirror,
    ontology: Ontology,
    giver: Giver,
    permission: Permission,
    role: RoleType | None,
    target: Entity,
    now: int,
) -> Iterator[float]:
    """When each of their roles ends that has a permission on something, and as far from there as ``role`` reaches."""
    if giver.sites is not None and target.site not in giver.sites:
        return
    words = ontology.of(target.site)
    for grant in grants_of(mirror, giver.id, giver.parties):
        own = words.roles.get(grant.held.role)
        until = grant.held.until
        if own is None or permission not in own.may or (until is not None and until <= now):
            continue
        if _lends(mirror, words, grant, own, role, target):
            yield inf if until is None else until


def _lends(mirror: Mirror, words: Ontology, grant: Grant, own: RoleType, role: RoleType | None, target: Entity) -> bool:
    """Whether a role that somebody has leads to something, and as far from there as another does."""
    closed = closed_to(words, own)
    if role is not None and not closed <= closed_to(words, role):
        return False
    if target.kind == "fleet":
        return grant.entity == target.id and (role is None or _had_on(words, role) <= _had_on(words, own))
    return any(_leads(mirror, words, each.entity, own, target, closed, role) for each in grant.holdings)


def _leads(
    mirror: Mirror,
    words: Ontology,
    place_id: str,
    own: RoleType,
    target: Entity,
    closed: frozenset[str],
    role: RoleType | None,
) -> bool:
    """Down the tree only: what a view includes may leave it again. What views include is anywhere in their site."""
    place = mirror.entities[place_id]
    if place.site != target.site or not may_have(words, own, place):
        return False
    line = list(mirror.line(target.id))
    if place_id not in line:
        return False
    if role is not None and target.kind == "view" and place_id not in {target.id, target.site}:
        return False
    return not any(mirror.entities[each].type in closed for each in line[: line.index(place_id)])


def _had_on(words: Ontology, role: RoleType) -> set[str]:
    """The types of what a role may be had on."""
    return set(_types(words, role.on))


def _types(words: Ontology, names: Iterable[str]) -> Iterator[str]:
    wanted = frozenset(names)
    return (name for name, type_ in words.types.items() if not wanted.isdisjoint(type_.lineage))
