"""Whose tokens an engine takes, where there are external issuers: it fetches their keys, and looks up whom they name.

Keys are fetched on threads of their own, one at a time for each issuer, and never waited for longer than a moment. What
checks a token never blocks: `Trusting.ready` waits beforehand for what may be missing, and whoever cannot wait (an MQTT
client that connects) is told to come again.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import structlog

from twin.access.audit import Deed, address
from twin.access.issuers.bearers import Bearers, Lacking
from twin.access.issuers.discovery import keys_of
from twin.access.issuers.fetching import fetch
from twin.access.issuers.trust import REFRESH_SECONDS, Trust
from twin.errors import TwinError
from twin.times import now as clock

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from twin.access.authority import Authority
    from twin.access.issuers.claims import Said
    from twin.access.issuers.configured import Issuer
    from twin.access.issuers.signatures import Keys
    from twin.access.principals import Principal
    from twin.graph.mirror import Mirror

__all__ = ["InPool", "Trusting"]

T = TypeVar("T")
InPool: TypeAlias = "Callable[[Callable[[], object]], Coroutine[Any, Any, object]]"
"""Runs something that blocks on a thread."""

_PATIENCE_SECONDS = 10.0
_AGAIN_SECONDS = (5, 10, 20, 40, 60)

log = structlog.get_logger(__name__)


class Trusting:
    """Checks tokens of ours and of others. All is on one loop."""

    def __init__(
        self,
        issuers: tuple[Issuer, ...],
        authority: Authority,
        mirror: Callable[[], Mirror],
        in_pool: InPool,
        *,
        keys: Callable[[Issuer], Keys] | None = None,
    ) -> None:
        """``keys`` fetches those of an issuer, and blocks."""
        ours = authority.tokens
        self.trusts = tuple(Trust(each) for each in issuers)
        self.issuer, self.audience, self.fellows, self.jwks = ours.issuer, ours.audience, ours.fellows, ours.jwks
        self._authority = authority
        self._in_pool = in_pool
        self._fetch = keys or _fetched
        self._fetching: dict[Trust, asyncio.Task[None]] = {}
        self._meeting: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._bearers = Bearers(
            ours,
            self.trusts,
            authority.identities,
            revoked=authority.revocations,
            current=authority.clients.current,
            organisations=partial(_organisations, mirror),
        )

    @property
    def servers(self) -> tuple[str, ...]:
        """The issuers whose tokens are taken; where people sign in comes first."""
        others = tuple(each.issuer.issuer for each in self.trusts)
        return (*others, self.issuer) if self._authority.external_only else (self.issuer, *others)

    async def ready(self, token: str) -> None:
        """Wait until all is known that it takes to verify a token, or nothing more can be learned."""
        for _ in range(2):  # by which key, and who it is about
            try:
                self._bearers.verify(token, clock())
            except Lacking as lacking:
                learning = self._learn(lacking)
            except TwinError:
                return
            else:
                return
            if learning is None:
                return
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.shield(learning), _PATIENCE_SECONDS)

    def verify(self, token: str, now: int) -> Principal:
        """Who a token speaks for at ``now`` (microseconds). What is missing for that is being learned from now on.

        Raises:
            Unauthenticated: it does not verify. Forbidden: it is about nobody here.
            BackendError: that cannot be said at the moment.
        """
        try:
            return self._bearers.verify(token, now)
        except Lacking as lacking:
            self._learn(lacking)
            raise

    def holds(self, principal: Principal, now: int) -> bool:
        """Whether what was verified earlier is still good."""
        return self._bearers.holds(principal, now)

    async def run(self) -> None:
        """Fetch every issuer's keys, again and again."""
        await asyncio.gather(*(self._keep(each) for each in self.trusts))

    async def _keep(self, trust: Trust) -> None:
        failures = 0
        while True:
            await asyncio.shield(self._renew(trust))
            failures = failures + 1 if trust.failing else 0
            await asyncio.sleep(_AGAIN_SECONDS[min(failures, len(_AGAIN_SECONDS)) - 1] if failures else REFRESH_SECONDS)

    def _learn(self, lacking: Lacking) -> asyncio.Task[None] | None:
        """Begin to learn what is missing, unless that is being done; None: it cannot be learned just now."""
        if lacking.about is None:
            return self._renew(lacking.trust) if lacking.ask else self._fetching.get(lacking.trust)
        key = lacking.trust.issuer.issuer, lacking.about.subject
        task = self._meeting.get(key)
        if task is None:
            task = self._meeting[key] = asyncio.create_task(self._meet(lacking.trust, lacking.about))
            task.add_done_callback(lambda _: self._meeting.pop(key, None))
        return task

    def _renew(self, trust: Trust) -> asyncio.Task[None]:
        task = self._fetching.get(trust)
        if task is None:
            task = self._fetching[trust] = asyncio.create_task(self._renewed(trust))
            task.add_done_callback(lambda _: self._fetching.pop(trust, None))
        return task

    async def _renewed(self, trust: Trust) -> None:
        """Fetch the keys of an issuer; where that fails, the last ones count on."""
        name, trust.asking = trust.issuer.name, True
        try:
            keys = await _in_thread(partial(self._fetch, trust.issuer))
        except TwinError as error:
            if trust.failed(error.message, clock()):
                log.warning("issuer.unreachable", issuer=name, why=error.message, help=error.help, keys=len(trust.ids))
        except Exception as error:  # whatever its documents may bring about must not end the asking
            log.exception("issuer.failed", issuer=name, error=str(error))
            trust.failed("the twin made a mistake; its log says more", clock())
        else:
            if trust.took(keys, clock()):
                log.info("issuer.keys", issuer=name, keys=sorted(trust.ids))
        finally:
            trust.asking = False

    async def _meet(self, trust: Trust, said: Said) -> None:
        """Look up who that is."""
        try:
            await self._in_pool(partial(self._met, trust, said))
        except TwinError as error:
            log.warning("issuer.unmet", issuer=trust.issuer.name, why=error.message)

    def _met(self, trust: Trust, said: Said) -> None:
        found, new = self._authority.identities.meet(trust.issuer, said)
        if found is not None and found.kind == "client":
            self._authority.clients.find(found.holder)  # it may be one that another process has just registered
        if found is None or new:
            self._authority.audit.add([_deed(trust, said, "" if found is None else found.holder)])


def _deed(trust: Trust, said: Said, user: str) -> Deed:
    """Somebody came for the first time, or is nobody here."""
    return Deed(
        at=clock(),
        action="identity.link" if user else "sign-in",
        result="ok" if user else "identity.unknown",
        user=user,
        client=f"{trust.issuer.name}:{said.client}",
        address=address(),
        detail=f"{said.subject} of {trust.issuer.issuer}",
    )


def _fetched(issuer: Issuer) -> Keys:
    return keys_of(issuer, lambda url: fetch(url, issuer.ca))


def _organisations(mirror: Callable[[], Mirror], keys: tuple[str, ...]) -> tuple[str, ...]:
    """The ids of those organisations that there are."""
    found = (mirror().by_path(f"organisation:{key}") for key in keys)
    return tuple(each.id for each in found if each is not None)


async def _in_thread(call: Callable[[], T]) -> T:
    """What something returns that may block for long: on a thread of its own, which nobody waits for at the end."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(set_: Callable[[Any], None], value: Any) -> None:
        if not answer.done():
            set_(value)

    def run() -> None:
        try:
            outcome = partial(settle, answer.set_result, call())
        except BaseException as error:  # noqa: BLE001 - told to whoever waits
            outcome = partial(settle, answer.set_exception, error)
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(outcome)

    Thread(target=run, name="twin-issuer", daemon=True).start()
    return await answer
