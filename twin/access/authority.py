"""The authorization server's records as one: who may sign in, what they let apps do, and what ends when.

It knows OAuth2's rules about secrets (once, for whom, until when) and nothing of HTTP. All methods may block.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import msgspec

from twin.access.assertions import Assertions
from twin.access.assets import Assets
from twin.access.audit import Audit, Deed, address
from twin.access.authorizations import Authorization, AuthorizationRecord, Authorizations, end
from twin.access.browsers import Browsers, forget_browsers
from twin.access.clients import Clients
from twin.access.commissioning import Commissioning
from twin.access.device_codes import DeviceCodes
from twin.access.invitations import Invitations, end_invitations_of
from twin.access.invitations import unknown as unknown_invitation
from twin.access.issuers.identities import Identities, end_identities
from twin.access.keys import Keys
from twin.access.passwords import Passwords
from twin.access.placing import released
from twin.access.pushed import PushedRequests
from twin.access.registering import InitialTokens
from twin.access.revocations import Revocations
from twin.access.sessions import Sessions, end_of_user
from twin.access.throttle import Throttle
from twin.access.tokens import LIFETIME, Issued, OnBehalf, Tokens
from twin.access.users import User, Users, named, normal
from twin.errors import Conflict, TooMany, Unauthenticated
from twin.ids import mint
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twin.access.boxes import Box
    from twin.access.clients import Client
    from twin.graph.model import ChangeSet
    from twin.records import Records

__all__ = ["Asked", "Authority"]

_SWEEP = 60_000_000


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a user let an app do, as their answer has it. ``signed_in`` is in microseconds."""

    user: str
    client: str
    scopes: frozenset[str]
    sites: frozenset[str]
    signed_in: int
    nonce: str = ""


class Authority:
    """Everything the authorization server keeps, under one clock."""

    def __init__(  # noqa: PLR0913 - what it is wired to
        self,
        records: Records,
        issuer: str,
        *,
        sites_of: Callable[[str], frozenset[str]],
        in_place: Callable[[Box], bool] = lambda _: True,
        earlier_keys: Path | None = None,
        passwords: Passwords | None = None,
        lifetime: int = LIFETIME,
        external_only: bool = False,
    ) -> None:
        """``sites_of`` gives the ids of the sites that a user holds now; ``in_place`` says whether a box has the place
        that it was let into. Both are called on any thread, and the second must not block.
        """
        self.issuer = issuer
        self.pages = issuer
        """The origin at which people sign in and answer: that of the issuer, unless they have one of their own."""
        self.external_only = external_only
        """Whether people sign in at external issuers only: here, clients get tokens in their own name and no other."""
        self.sites_of = sites_of
        self.in_place = in_place
        self._records = records
        self._swept = 0
        self._released: deque[str] = deque()
        self.audit = Audit(records)
        self.clients = Clients(records, in_place=in_place)
        self.keys = Keys(records, earlier=earlier_keys)
        self.revocations = Revocations(records, keep=2 * lifetime)
        self.tokens = Tokens(
            lambda: self.keys.ring,
            issuer=issuer,
            audience=issuer,
            current=self.clients.current,
            revoked=self.revocations,
            lifetime=lifetime,
        )
        self.users = Users(records, passwords or Passwords())
        self.invitations = Invitations(records)
        self.identities = Identities(records, self.revocations)
        self.sessions = Sessions(records)
        self.browsers = Browsers(records)
        self.authorizations = Authorizations(records)
        self.device_codes = DeviceCodes(records)
        self.assets = Assets(records)
        self.commissioning = Commissioning(records, self.clients, self.device_codes)
        self.key_endpoint = f"{issuer}/oauth/commissioning/key"
        self.changes_of_key = Assertions(records, self.clients, {self.key_endpoint})
        self.pushed = PushedRequests(records)
        self.initial_tokens = InitialTokens(records)
        self.assertions = Assertions(records, self.clients, {issuer, f"{issuer}/oauth/token"})
        self._of_account = Throttle(tries=10, seconds=60)
        self._of_address = Throttle(tries=50, seconds=6)
        self._of_browser = Throttle(tries=10, seconds=60)
        self._of_codes = Throttle(tries=20, seconds=30)
        self._of_serials = Throttle(tries=10, seconds=60)

    def follow(self, changeset: ChangeSet) -> None:
        """The graph has changed: the boxes that have lost their place end with the next `refresh`. Should they get it
        again, that is a person's to say, and not their old key's. Never blocks.
        """
        self._released.extend(released(changeset))

    def refresh(self) -> None:
        """See what other processes did, and now and then forget what is over."""
        while self._released:
            self.end_box(self._released.popleft())
        self.clients.refresh()
        self.keys.refresh()
        self.revocations.refresh()
        self.identities.refresh()
        at = now()
        if at - self._swept > _SWEEP:
            self._swept = at
            self._sweep(at)

    def sign_in(self, email: str, password: str, address: str, browser: str = "") -> User:
        """Whose password that is. `Unauthenticated` when it is nobody's, `TooMany` when somebody seems to guess.

        The same takes as long and reads the same whether or not there is such a user. ``browser`` is by what a browser
        is known again (`known_again`): one that the user has signed in with before has tries of its own, so who guesses
        elsewhere keeps nobody out.
        """
        at, account = now(), normal(email)
        try:
            if self.browsers.knows(browser, account):
                self._of_browser.take(browser, at)
            else:
                self._of_address.take(address, at)
                self._of_account.take(account, at)
        except TooMany as error:
            self._audited("sign-in", result=error.code_)
            raise
        try:
            user = self.users.authenticate(email, password)
        except Unauthenticated as error:
            self._audited("sign-in", result=error.code_, detail=self._known(account))
            raise
        self._audited("sign-in", user.id)
        self._of_account.give_back(account)
        self._of_browser.give_back(browser)
        return user

    def known_again(self, user: User, browser: str) -> str:
        """By what the browser that a user has just signed in with is known again: as before, or from now on."""
        return browser if self.browsers.knows(browser, user.email) else self.browsers.note(user.id)

    def join(self, link: str, email: str, password: str, address: str) -> User:
        """Sign in who was invited, or, where nobody has that address yet, make them an account with this password.

        Raises:
            NotFound: the link does not work, or not for that address. InvalidValue: the password will not do.
            Unauthenticated, TooMany: as `sign_in`; somebody has the address, and this is not their password.
        """
        self._of_address.take(address, now())
        invited = self.invitations.behind(link)
        if invited is None or invited.email != normal(email):
            raise unknown_invitation()
        try:
            added = self.users.enroll(email, password)
        except Conflict:
            return self.sign_in(email, password, address)
        self._audited("user.add", added.id, detail=f"{added.email}, invited by {invited.by or 'who runs the twin'}")
        return added

    def guess_code(self, user_id: str) -> None:
        """Somebody types the code that a box shows; `TooMany` when they try too many (RFC 8628, section 5.1)."""
        self._of_codes.take(user_id, now())

    def guess_claim(self, serial: str, address: str) -> None:
        """Somebody brings a serial and a claim code; `TooMany` when that serial, or that address, tries too many. The
        tries of a serial run out whether or not there is such an asset.
        """
        at = now()
        self._of_address.take(address, at)
        self._of_serials.take(serial, at)

    def proved_claim(self, serial: str) -> None:
        """It was the right one: who has it does not guess."""
        self._of_serials.give_back(serial)

    def end_box(self, asset: str) -> None:
        """End the client that an asset (by id) is, if it is one."""
        ended = self.commissioning.end(asset)
        if ended is not None:
            self._audited("box.end", client=ended, detail=f"asset {asset}")

    def remove_user(self, ref: str) -> User:
        """End a user (by address or id), their sessions and all that they let apps do."""
        with self._records.write() as session:
            record = named(session, ref)
            removed = record.seen()
            end(session, AuthorizationRecord.user_id == removed.id, now())
            end_identities(session, removed.id, now(), forget=True)
            end_invitations_of(session, removed.id)
            session.delete(record)
        self.revocations.refresh()
        self._audited("user.remove", removed.id, detail=removed.email)
        return removed

    def disable_user(self, ref: str, *, disabled: bool) -> User:
        """Keep a user out, at once and everywhere, or let them in again."""
        with self._records.write() as session:
            record = named(session, ref)
            record.disabled = disabled
            if disabled:
                end_of_user(session, record.id)
                end(session, AuthorizationRecord.user_id == record.id, now())
                end_identities(session, record.id, now(), forget=False)
            user = record.seen()
        self.revocations.refresh()
        self._audited("user.disable" if disabled else "user.enable", user.id, detail=user.email)
        return user

    def choose_password(self, link: str, password: str) -> User:
        """Take the password that a user chose behind a link; who knew the old one is signed out."""
        user = self.users.choose(link, password)
        with self._records.write() as session:
            end_of_user(session, user.id)
            forget_browsers(session, user.id)
        self._audited("user.password", user.id)
        return user

    def authorized(self, asked: Asked) -> Authorization:
        """A new authorization of what a user answered, before it is kept."""
        self._audited("consent.give", asked.user, asked.client, detail=" ".join(sorted(asked.scopes | asked.sites)))
        return Authorization(
            id=mint(),
            user=asked.user,
            client=asked.client,
            scopes=asked.scopes,
            sites=asked.sites,
            signed_in=asked.signed_in,
            nonce=asked.nonce,
            created=now(),
        )

    def held(self, authorization: Authorization, client: Client) -> frozenset[str]:
        """The sites that an app may touch now: those the user picked, and holds, and the client may have."""
        sites = authorization.sites & self.sites_of(authorization.user)
        return sites if client.sites is None else sites & client.sites

    def token_for(self, client: Client, authorization: Authorization, scopes: frozenset[str]) -> Issued:
        """An access token on behalf of a user."""
        return self.tokens.issue(
            client.client_id,
            scopes=scopes & authorization.scopes & client.scopes,
            sites=self.held(authorization, client),
            generation=client.generation,
            now=now(),
            user=OnBehalf(authorization.user, authorization.id, authorization.signed_in),
        )

    def end(self, user_id: str, client_id: str) -> None:
        """End all that a user let an app do, its tokens with it."""
        self.authorizations.end(user_id, client_id)
        self.revocations.refresh()
        self._audited("consent.end", user_id, client_id)

    def _known(self, account: str) -> str:
        """The address that was typed, if it is a user's: anything else may be a password in the wrong field."""
        return account if any(each.email == account for each in self.users.list()) else ""

    def _audited(self, action: str, user: str = "", client: str = "", *, result: str = "ok", detail: str = "") -> None:
        deed = Deed(at=now(), action=action, result=result, user=user, client=client, address=address(), detail=detail)
        self.audit.add([deed])

    def _sweep(self, at: int) -> None:
        parts = (
            self.users,
            self.invitations,
            self.sessions,
            self.browsers,
            self.authorizations,
            self.device_codes,
            self.pushed,
            self.initial_tokens,
            self.assertions,
            self.revocations,
        )
        with self._records.write() as session:
            for part in parts:
                part.sweep(session, at)
