"""Who is asking, and what that lets them do: the result of checking a token, and the one table of scopes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from twin.errors import Forbidden, InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.ontology.model import Permission

__all__ = ["IDENTITY_SCOPES", "SCOPES", "SCOPE_OF", "Principal", "known_scopes"]

SCOPES: dict[str, str] = {
    "twin:read": "See the sites it was given: their spaces, views, gateways and devices, and what these report.",
    "twin:read-private": "See also what is private in the sites it was given, such as whether somebody is at home.",
    "twin:configure": "Change settings in the sites it was given, such as how warm a room shall be.",
    "twin:command": "Have devices act in the sites it was given, such as opening a shutter or locking a door.",
    "twin:write": "Build and change the sites it was given: what they consist of, titles and properties.",
    "twin:share": "Let other people into the sites it was given, with no more rights than you have there, and end it.",
    "twin:audit": "See who did what in the sites it was given, and who was refused.",
    "telemetry:write": "Send what the gateways and devices of the sites it was given report.",
}
"""Every scope and what it lets a client do: metadata, consent, documentation and the command line come from here."""
IDENTITY_SCOPES: dict[str, str] = {
    "openid": "Know you again when you come back, by a number that stands for you.",
    "profile": "See your name.",
    "email": "See your e-mail address.",
}
"""The same for what an app may know of the user who signs in with it (OpenID Connect): nothing of any site."""
SCOPE_OF: dict[Permission, str] = {
    "read": "twin:read",
    "read-private": "twin:read-private",
    "configure": "twin:configure",
    "command": "twin:command",
    "administer": "twin:write",
    "share": "twin:share",
}
"""The scope that a token must carry for a permission of whoever it speaks for to count."""


class Principal(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a verified token says. ``expires`` is in microseconds since 1970 UTC."""

    client: str
    subject: str
    scopes: frozenset[str]
    sites: frozenset[str] | None
    """The ids of the sites it may touch; None: all there are."""
    generation: int
    """The client's, when the token was issued: another one now means that the client was rotated or removed."""
    expires: int
    token: str = ""
    """The token's own id."""
    authorization: str = ""
    """What its user let its client do (`twin.access.authorizations`); empty where a client acts in its own name."""
    parties: tuple[str, ...] = ()
    """The ids of the organisations whose roles it has by what an external issuer says of it."""
    issuer: str = ""
    """What the settings call the external issuer of the token; empty: it is ours."""
    key: str = ""
    """The id of the external issuer's key that signed it."""
    device: str = ""
    """The id of the one gateway or device that the client is; its rights are its topics, and nothing else."""

    def may(self, scope: str) -> bool:
        """Whether the token carries a scope."""
        return scope in self.scopes

    def counts(self, permission: Permission) -> bool:
        """Whether a permission of whoever it speaks for counts: not without its scope."""
        return SCOPE_OF[permission] in self.scopes

    def require(self, scope: str) -> None:
        """Raise `Forbidden`, naming the scope, unless the token carries it."""
        if scope not in self.scopes:
            raise Forbidden(
                f"this needs the scope {scope}",
                help=f"get a token with the scope {scope} (twin client list shows what a client may ask for)",
                scope=scope,
            )

    @property
    def own(self) -> bool:
        """Whether a client acts in its own name, and not a user through it."""
        return self.subject == self.client

    @property
    def owner(self) -> str:
        """Whose plans, topologies and idempotency keys are its: a client's own, or those of one of its users."""
        return self.client if self.own else f"{self.client}:{self.subject}"

    def sends_for(self, site: str) -> bool:
        """Whether it may send what the devices of a site (by id) report: a client on its own sites, never a user."""
        return self.own and (self.sites is None or site in self.sites)


def known_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """The scopes as a set; `InvalidValue` when one is not in the table, or when there is none."""
    wanted = frozenset(scopes)
    unknown = sorted(wanted - SCOPES.keys() - IDENTITY_SCOPES.keys())
    if unknown or not wanted:
        raise InvalidValue(
            f"unknown scope {unknown[0]!r}" if unknown else "a client needs at least one scope",
            code="scope.unknown",
            help=f"the scopes are {', '.join(SCOPES)}",
            scopes=unknown,
        )
    return wanted
